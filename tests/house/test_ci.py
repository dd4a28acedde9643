"""The build machine's entries fail where a program or the real data that tests need is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

STUBS = {
    "id": "#!/bin/sh\necho 0\n",
    "apt-get": '#!/bin/sh\necho "$*" >>"$CALLS"\nexit 100\n',
}


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that has next to nothing, and whose archive is away."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "env", "sort", "mkdir", "dirname"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    for name, content in STUBS.items():
        (programs / name).write_text(content)
        (programs / name).chmod(0o755)
    return {"PATH": str(programs), "CALLS": str(tmp_path / "calls"), "CI_ETC": str(tmp_path)}


def run(path: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [path], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("entry", ["programs", "run"])
def test_a_program_that_cannot_be_installed_fails_the_build(
    entry: str, bare: dict[str, str], repository: Path
) -> None:
    done = run(repository / ".ci" / entry, bare)

    assert done.returncode == 1
    assert "chromium" in done.stderr
    assert "shellcheck" in done.stderr
    assert "install" in Path(bare["CALLS"]).read_text()


def test_a_night_without_real_data_fails(bare: dict[str, str], repository: Path) -> None:
    done = run(repository / ".ci" / "nightly", bare | {"WARROOM_TEST_DATA": "/nowhere"})

    assert done.returncode == 1
    assert "no real data in /nowhere" in done.stderr


def test_the_entries_are_programs(repository: Path) -> None:
    assert all(os.access(path, os.X_OK) for path in (repository / ".ci").iterdir())
