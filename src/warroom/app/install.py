"""`warroom install` and `uninstall`: units of systemd, a user, folders, a command, a config file.

What is written comes from the templates in `deploy/`. A file that is as it should be is left
alone, so that a second run, after an upgrade or a new disk, changes what must change and no more.
The config file is the city's own: it is written once and never again.
"""

import os
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

import msgspec

from warroom.kernel.command import say
from warroom.kernel.errors import InvalidError, WarRoomError
from warroom.kernel.i18n import language_of_terminal, text
from warroom.kernel.settings import Configuration, NodeSettings

DEPLOY = Path(__file__).with_name("deploy")
PROGRAM = Path(__file__).parents[3]
"""The checkout that runs: `src`, `.venv` and the rest lie in it."""
UNITS = Path("/etc/systemd/system")
SYSUSERS = Path("/etc/sysusers.d/warroom.conf")
TMPFILES = Path("/etc/tmpfiles.d/warroom.conf")
LAUNCHER = Path("/usr/local/bin/warroom")
_RUN_FOLDER_CHARACTERS = 66
"""Longer paths leave no room for the names of sockets behind them (`NodeSettings.run`)."""


class InstallError(InvalidError):
    """The installation is refused (`problem`)."""

    code = "app.install"


class NotRootError(WarRoomError):
    """Only root may write to the system's folders (`command`)."""

    code = "app.not_root"


class ToolMissingError(WarRoomError):
    """A program of the system is missing (`program`, `package`)."""

    code = "app.tool_missing"


@dataclass(frozen=True, slots=True)
class Plan:
    """Where an installation lies.

    Attributes:
        user: Name of the user, and of the group, that everything runs as.
        prefix: Folder of the program.
        data: Folder of everything that the node stores.
        config: The settings file.
        node: Name of the node, which its recorder carries.
        disks: Further folders that the recorder writes to.
    """

    user: str
    prefix: Path
    data: Path
    config: Path
    node: str = "rec-1"
    disks: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """One file of an installation.

    Attributes:
        path: Where it lies.
        content: What it holds.
        mode: Its permissions.
        is_kept: Whether what is there already is left as it is.
    """

    path: Path
    content: str
    mode: int = 0o644
    is_kept: bool = False


def install(
    *,
    user: str = "warroom",
    prefix: Path = Path("/opt/warroom"),
    data: Path = Path("/var/lib/warroom"),
    config: Path = Path("/etc/warroom/warroom.toml"),
    root: Path | None = None,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Installs War Room as services of this machine, under a user of its own.

    Example: warroom install --data /srv/warroom

    Args:
        user: Name of the user that it runs as; made where it is not there.
        prefix: Folder of the program; it is copied there unless it lies there.
        data: Folder of everything that the node stores.
        config: The settings file; one that is there stays as it is.
        root: Write everything below this folder and run nothing, as for the image of a machine.
        dry_run: Only tell what would be written.
        json: Print one JSON object.

    Raises:
        NotRootError: Somebody else than root installs into the system.
    """
    plan = _checked(Plan(user, prefix, data, config, *_of_config(config, root)))
    is_real = root is None and not dry_run
    if is_real and os.geteuid() != 0:
        raise NotRootError(command="install")
    if is_real:
        _require_reachable(plan)
    told = [
        {"path": str(file.path), "state": _put(file, root, dry_run=dry_run)}
        for file in files_of(plan)
    ]
    told.insert(0, {"path": str(prefix), "state": _put_program(prefix, root, dry_run=dry_run)})
    if is_real:
        _settle_in()
    lines = [f"{item['state']:9} {item['path']}" for item in told]
    lines += ["", text(language_of_terminal(), "app.install_next")] if is_real else []
    say({"files": told, "dry_run": dry_run}, as_json=json, text="\n".join(lines))


def uninstall(*, root: Path | None = None, dry_run: bool = False, json: bool = False) -> None:
    """Stops War Room's services and removes what `install` wrote; data and settings stay.

    Example: warroom uninstall --dry-run

    Args:
        root: Remove below this folder and stop nothing.
        dry_run: Only tell what would be removed.
        json: Print one JSON object.

    Raises:
        NotRootError: Somebody else than root uninstalls from the system.
    """
    if root is None and not dry_run and os.geteuid() != 0:
        raise NotRootError(command="uninstall")
    written = [SYSUSERS, TMPFILES, LAUNCHER, *(UNITS / name for name in unit_names())]
    found = [path for path in written if _below(path, root).exists()]
    if root is None and not dry_run and _has_systemd():
        _run("systemctl", "disable", "--now", "warroom.target", "warroom-up.service", check=False)
        _run("systemctl", "stop", "warroom*", check=False)
    if not dry_run:
        for path in found:
            _below(path, root).unlink()
    if root is None and not dry_run and _has_systemd():
        _run("systemctl", "daemon-reload")
    told = [{"path": str(path), "state": "removed"} for path in found]
    lines = [f"{item['state']:9} {item['path']}" for item in told]
    lines += ["", text(language_of_terminal(), "app.uninstall_kept")]
    say({"files": told, "dry_run": dry_run}, as_json=json, text="\n".join(lines))


def unit_names() -> list[str]:
    """The units that are written, by their file names."""
    folder = DEPLOY / "systemd"
    return sorted(path.name for path in folder.iterdir() if path.suffix in (".service", ".target"))


def files_of(plan: Plan) -> list[File]:
    """Every file of an installation, as it should be."""
    words = _words(plan)
    hardening = _filled(DEPLOY / "systemd" / "hardening.conf", words)
    words["hardening"] = hardening
    return [
        File(plan.config, _filled(DEPLOY / "warroom.toml", words), 0o600, is_kept=True),
        File(SYSUSERS, _filled(DEPLOY / "sysusers.conf", words)),
        File(TMPFILES, _filled(DEPLOY / "tmpfiles.conf", words)),
        File(LAUNCHER, _filled(DEPLOY / "launcher.sh", words), 0o755),
        *(File(UNITS / name, _filled(DEPLOY / "systemd" / name, words)) for name in unit_names()),
    ]


def _filled(path: Path, words: Mapping[str, str]) -> str:
    # What the templates do not know is the shell's own or systemd's.
    return Template(path.read_text("utf-8")).safe_substitute(words)


def _words(plan: Plan) -> dict[str, str]:
    python = plan.prefix / ".venv" / "bin" / "python"
    writable = " ".join(_quoted(path) for path in (plan.data, *plan.disks))
    return {
        "user": plan.user,
        "node": plan.node,
        "prefix": str(plan.prefix).replace("%", "%%"),
        "python": _escaped(python),
        "python_shell": shlex.quote(str(python)),
        "config": _escaped(plan.config),
        "config_quoted": _quoted(plan.config),
        "config_shell": shlex.quote(str(plan.config)),
        "config_folder_quoted": _quoted(plan.config.parent),
        "data_unquoted": str(plan.data).replace("%", "%%"),
        "data_quoted": _quoted(plan.data),
        "data_toml": msgspec.json.encode(str(plan.data)).decode(),
        "writable": writable,
    }


def _escaped(path: Path) -> str:
    """A path inside double quotes of systemd (systemd.syntax(7)), where `%` begins a specifier."""
    return str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _quoted(path: Path) -> str:
    return f'"{_escaped(path)}"'


def _of_config(config: Path, root: Path | None) -> tuple[str, tuple[Path, ...]]:
    """Name of the node and its further disks, as a settings file says that is there already."""
    from warroom.recording.settings import RecordingSettings  # noqa: PLC0415 - decision 51

    path = _below(config, root)
    if not path.exists():
        return NodeSettings().node, ()
    configuration = Configuration.read({"WARROOM_CONFIG": str(path)})
    settings = configuration.section(NodeSettings)
    disks = configuration.section(RecordingSettings).disk_list(settings.data)
    return settings.node, tuple(
        Path(disk.path) for disk in disks if not Path(disk.path).is_relative_to(settings.data)
    )


def _checked(plan: Plan) -> Plan:
    """The plan, if it can be carried out.

    Raises:
        InstallError: A path is relative, too long or holds a line break; or the name is no user's.
    """
    for path in (plan.prefix, plan.data, plan.config):
        if not path.is_absolute() or any(ord(sign) < 32 or sign == "$" for sign in str(path)):
            raise InstallError(problem=f"{path}: an absolute path without $ and line breaks")
    if len(str(plan.data / "run")) > _RUN_FOLDER_CHARACTERS:
        raise InstallError(
            problem=f"{plan.data}: at most {_RUN_FOLDER_CHARACTERS - 4} characters (--data)"
        )
    is_name = plan.user[:1].isalpha() and plan.user.replace("-", "").replace("_", "").isalnum()
    if not (is_name and plan.user.isascii() and plan.user.islower() and len(plan.user) <= 31):
        raise InstallError(problem=f"{plan.user!r}: a name of small letters, digits, - and _")
    return plan


def _require_reachable(plan: Plan) -> None:
    """Makes sure that the user can run the program's Python.

    Raises:
        InstallError: A folder above it lets only its owner in.
    """
    python = Path(sys.executable)
    if plan.prefix == PROGRAM and not python.is_relative_to(PROGRAM / ".venv"):
        raise InstallError(problem=f"{python}: run ./warroom install in the program's folder")
    for folder in (*python.resolve().parents, *plan.prefix.parents):
        if folder.exists() and not folder.stat().st_mode & stat.S_IXOTH:
            raise InstallError(problem=f"{folder}: other users may not enter it (chmod o+x)")


def _below(path: Path, root: Path | None) -> Path:
    return path if root is None else root.absolute() / path.relative_to("/")


def _put(file: File, root: Path | None, *, dry_run: bool) -> str:
    """Writes a file where it differs; tells what became of it."""
    path = _below(file.path, root)
    if path.exists() and file.is_kept:
        return "kept"
    if path.exists() and path.read_text("utf-8") == file.content:
        return "same"
    if dry_run:
        return "would"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    handle = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, file.mode)
    with os.fdopen(handle, "w", encoding="utf-8") as writing:
        writing.write(file.content)
    new.chmod(file.mode)
    new.replace(path)
    return "written"


def _put_program(prefix: Path, root: Path | None, *, dry_run: bool) -> str:
    """Copies the program to its folder unless it runs from there; tells what became of it."""
    target = _below(prefix, root)
    if target.exists() and target.samefile(PROGRAM):
        return "same"
    if dry_run:
        return "would"
    new, old = target.with_name(f"{target.name}.new"), target.with_name(f"{target.name}.old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    copy_program(PROGRAM, new, prefix)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return "written"


def copy_program(source: Path, target: Path, prefix: Path) -> None:
    """Copies what runs, and no more, to `target`, which is to be called `prefix` in the end."""
    target.mkdir(parents=True)
    for name in ("src", "docs", ".venv"):
        if (source / name).is_dir():
            skipped = shutil.ignore_patterns("__pycache__", "*.part")
            shutil.copytree(source / name, target / name, symlinks=True, ignore=skipped)
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        if (source / name).exists():
            shutil.copy2(source / name, target / name)
    for path in target.glob(".venv/lib/python3*/site-packages/warroom-src.pth"):
        path.write_text(f"{prefix}/src\n", "utf-8")


def _settle_in() -> None:
    """Makes the user and the folders, and lets systemd read the units.

    Raises:
        ToolMissingError: The machine has no systemd-sysusers.
    """
    for program, path in (("systemd-sysusers", SYSUSERS), ("systemd-tmpfiles", TMPFILES)):
        if shutil.which(program) is None:
            raise ToolMissingError(program=program, package="systemd")
        words = ["--create"] if program == "systemd-tmpfiles" else []
        _run(program, *words, str(path))
    if _has_systemd():
        _run("systemctl", "daemon-reload")


def _has_systemd() -> bool:
    """Whether systemd runs this machine (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


def _run(*words: str, check: bool = True) -> None:
    """Runs a program of the system.

    Raises:
        InstallError: It fails; its last words are told.
    """
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - fixed
    if check and done.returncode != 0:
        raise InstallError(problem=f"{words[0]}: {done.stderr.strip()[-300:]}")
