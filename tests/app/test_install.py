"""`warroom install` writes what systemd takes, twice the same, and takes it away again."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from warroom.app import install
from warroom.app.cli import main

HARDEST = 2.0
"""Exposure that `systemd-analyze security` may tell of at most: 0 is none, 10 all."""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout that is small enough to be copied."""
    folder = tmp_path / "checkout"
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    packages = folder / ".venv" / "lib" / "python3.13" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "warroom-src.pth").write_text(f"{folder}/src\n")
    (folder / "src" / "warroom" / "__pycache__").mkdir(parents=True)
    (folder / "src" / "warroom" / "__init__.py").write_text("")
    (folder / "var").mkdir()
    monkeypatch.setattr(install, "PROGRAM", folder)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    return folder


def states(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    return {item["path"]: item["state"] for item in json.loads(capsys.readouterr().out)["files"]}


def installed(root: Path, *more: str) -> None:
    assert main(["install", "--json", f"--root={root}", *more]) == 0


def test_an_installation_holds_the_program_and_its_files(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"

    installed(root)

    assert {"written"} == set(states(capsys).values())
    copied = root / "opt" / "warroom"
    packages = copied / ".venv/lib/python3.13/site-packages"
    assert (packages / "warroom-src.pth").read_text() == "/opt/warroom/src\n"
    assert not (copied / "var").exists()
    assert not (copied / "src" / "warroom" / "__pycache__").exists()
    assert (root / "etc/warroom/warroom.toml").stat().st_mode & 0o777 == 0o600
    assert os.access(root / "usr/local/bin/warroom", os.X_OK)


def test_a_second_installation_changes_nothing_and_keeps_the_settings(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    installed(root)
    config = root / "etc/warroom/warroom.toml"
    config.write_text('[warroom]\nnode = "rec-7"\ndata_dir = "/var/lib/warroom"\n'
                      '[[recording.disks]]\npath = "/srv/disk 2"\n')  # fmt: skip
    capsys.readouterr()

    installed(root)
    changed = states(capsys)
    installed(root)

    assert changed["/etc/warroom/warroom.toml"] == "kept"
    assert changed["/etc/systemd/system/warroom.target"] == "written"  # its node's name
    assert 'node = "rec-7"' in config.read_text()
    unit = (root / "etc/systemd/system/warroom-media@.service").read_text()
    assert 'ReadWritePaths="/var/lib/warroom" "/srv/disk 2"' in unit
    assert "warroom-media@rec-7.service" in (root / "etc/systemd/system/warroom.target").read_text()
    later = states(capsys)
    assert later.pop("/opt/warroom") == "written"
    assert {"kept", "same"} == set(later.values())


def test_a_dry_run_writes_nothing(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(tmp_path / "root", "--dry-run")

    assert {"would"} == set(states(capsys).values())
    assert not (tmp_path / "root").exists()


def test_an_installation_is_taken_away_but_for_data_and_settings(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    installed(root)

    assert main(["uninstall", f"--root={root}"]) == 0

    left = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert {"etc/warroom/warroom.toml"} == {
        path for path in left if not path.startswith("opt/warroom/")
    }


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--data", "var"], "absolute"),
        (["--data", "/srv/" + "x" * 80], "62 characters"),
        (["--user", "War Room"], "small letters"),
        (["--prefix", "/opt/a\nExecStartPre=/bin/sh"], "line breaks"),
    ],
)
def test_a_plan_that_cannot_work_is_refused_with_a_sentence(
    program: Path, tmp_path: Path, words: list[str], named: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert main(["install", f"--root={tmp_path / 'root'}", *words]) == 1

    assert named in capsys.readouterr().err
    assert not (tmp_path / "root").exists()


def test_only_root_installs_into_the_system(
    program: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert main(["install"]) == 1
    assert main(["uninstall"]) == 1
    assert "sudo warroom install" in capsys.readouterr().err


def systemd_analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("no systemd-analyze (Debian: systemd)")
    return found


def analysed(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [systemd_analyze(), f"--root={root}", "--man=no", "--no-pager", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


def test_systemd_takes_every_unit(program: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    installed(root, "--data", "/var/lib/war room 100%")
    names = [name.replace("@.", "@rec-1.") for name in install.unit_names()]

    told = analysed(root, "verify", "--recursive-errors=no", *names)

    assert (0, "") == (told.returncode, told.stderr)


def test_systemd_calls_every_service_little_exposed(program: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    installed(root)
    services = [name for name in install.unit_names() if name.endswith(".service")]

    told = analysed(
        root, "security", "--offline=true", f"--threshold={HARDEST * 10:.0f}",
        *(name.replace("@.", "@rec-1.") for name in services),
    )  # fmt: skip

    assert told.returncode == 0, told.stdout


def test_an_unhardened_unit_would_be_found(program: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    installed(root)
    unit = root / "etc/systemd/system/warroom-serve.service"
    unit.write_text(unit.read_text().replace("ProtectSystem=strict", "").replace(
        "CapabilityBoundingSet=\n", "").replace("NoNewPrivileges=yes", ""))  # fmt: skip

    told = analysed(
        root, "security", "--offline=true", f"--threshold={HARDEST * 10:.0f}",
        "warroom-serve.service",
    )  # fmt: skip

    assert told.returncode != 0


def test_systemd_makes_the_user_and_the_folders(program: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-sysusers") is None:
        pytest.skip("no systemd-sysusers (Debian: systemd)")
    if os.geteuid() != 0:
        pytest.skip("only root makes users")
    root = tmp_path / "root"
    installed(root, "--data", "/var/lib/war room")

    for words in (["systemd-sysusers"], ["systemd-tmpfiles", "--create"]):
        subprocess.run([*words, f"--root={root}"], check=True, capture_output=True, cwd="/")

    entry = next(line for line in (root / "etc/passwd").read_text().splitlines()
                 if line.startswith("warroom:")).split(":")  # fmt: skip
    assert ["/var/lib/war room", "/usr/sbin/nologin"] == entry[5:]
    folder = (root / "var/lib/war room").stat()
    assert (int(entry[2]), 0o700) == (folder.st_uid, folder.st_mode & 0o777)
    settings = (root / "etc/warroom/warroom.toml").stat()
    assert (int(entry[3]), 0o660) == (settings.st_gid, settings.st_mode & 0o777)
