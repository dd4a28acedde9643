"""`./warroom` on a checkout with stand-ins for uv, node and npm: what it runs, and when."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

UV = """#!/bin/sh
echo "uv $*" >>"$CALLS"
[ -z "${UV_SLEEP_S:-}" ] || [ "$1" = --version ] || sleep "$UV_SLEEP_S"
case "$1" in
    --version) echo "uv ${UV_VERSION:-0.13.9}" ;;
    venv)
        for last; do :; done
        mkdir -p "$last/bin" "$last/lib/python3.13/site-packages"
        ln -s "$REAL_PYTHON" "$last/bin/python"
        ;;
    export)
        while [ "$1" != --output-file ]; do shift; done
        echo locked >"$2"
        ;;
    pip) [ -z "${UV_FAILS:-}" ] || { echo "no route to host" >&2; exit 1; } ;;
esac
"""
NPM = """#!/bin/sh
echo "npm $*" >>"$CALLS"
case "$1" in
    ci) mkdir -p node_modules && touch node_modules/.package-lock.json ;;
    run)
        [ -z "${NPM_FAILS:-}" ] || { echo "Unexpected token" >&2; exit 1; }
        mkdir -p ../src/warroom/app/static && echo page >../src/warroom/app/static/index.html
        ;;
esac
"""
MAIN = """import os, sys
print("cwd", os.getcwd())
print("arguments", sys.argv[1:])
"""


class Checkout:
    """A checkout in a folder whose name has a space, with stand-ins first on the PATH."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.root = folder / "war room"
        self.calls = folder / "calls"
        self.bin = folder / "bin"
        (self.root / "src" / "warroom" / "app").mkdir(parents=True)
        (self.root / "src" / "warroom" / "locales").mkdir()
        (self.root / "src" / "warroom" / "app" / "__main__.py").write_text(MAIN)
        (self.root / "uv.lock").write_text("version = 1\n")
        shutil.copy(repository / "warroom", self.root / "warroom")
        self.bin.mkdir()
        self.program("uv", UV)

    def program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def add_web(self) -> None:
        (self.root / "web" / "src").mkdir(parents=True)
        (self.root / "web" / "package-lock.json").write_text("{}")
        os.utime(self.root / "web" / "package-lock.json", (0, 0))
        (self.root / "web" / "package.json").write_text("{}")
        (self.root / "web" / "src" / "page.ts").write_text("export {}")
        self.program("node", "#!/bin/sh\nexit 0\n")
        self.program("npm", NPM)

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        return {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(self.root.parent),
            "CALLS": str(self.calls),
            "REAL_PYTHON": sys.executable,
            "WARROOM_PYTHON": sys.executable,
            **more,
        }

    def run(
        self, *arguments: str, program: Path | None = None, cwd: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program or self.root / "warroom"), *arguments],
            cwd=cwd or self.root,
            env=self.environment(more),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def work_done(self) -> list[str]:
        """What was asked of the stand-ins since the last look, without questions of version."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.write_text("")
        return [" ".join(line.split()[:3]) for line in lines if "--version" not in line]


SETUP = ["uv venv --quiet", "uv export --frozen", "uv pip sync"]


@pytest.fixture
def checkout(tmp_path: Path, repository: Path) -> Checkout:
    return Checkout(tmp_path, repository)


def test_first_start_sets_up_and_hands_over_every_argument(checkout: Checkout) -> None:
    done = checkout.run("camera", "add", "--name", "Jl. Sulawesi 1")

    assert 0 == done.returncode, done.stderr
    assert "arguments ['camera', 'add', '--name', 'Jl. Sulawesi 1']" in done.stdout
    assert SETUP == checkout.work_done()


def test_second_start_asks_nothing_of_uv(checkout: Checkout) -> None:
    checkout.run()
    checkout.work_done()

    assert 0 == checkout.run().returncode
    assert [] == checkout.work_done()


def test_it_works_through_a_link_and_keeps_the_folder_it_is_called_from(
    checkout: Checkout, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "link").symlink_to("../war room/warroom")
    (tmp_path / "wr").symlink_to(elsewhere / "link")

    done = checkout.run(program=tmp_path / "wr", cwd=elsewhere)

    assert f"cwd {elsewhere}" in done.stdout


def test_a_changed_lock_is_installed(checkout: Checkout) -> None:
    checkout.run()
    checkout.work_done()
    (checkout.root / "uv.lock").write_text("version = 2\n")

    checkout.run()

    assert SETUP[1:] == checkout.work_done()


def test_tools_of_development_that_are_there_stay(checkout: Checkout) -> None:
    checkout.run()
    (checkout.root / ".venv" / "bin" / "pytest").touch()
    (checkout.root / "uv.lock").write_text("version = 2\n")

    checkout.run("demo")

    assert (checkout.root / ".venv" / ".warroom").read_text().endswith(" dev\n")
    assert "--no-dev" not in checkout.calls.read_text().splitlines()[-2]


def test_sumo_is_installed_only_where_it_was_asked_for_and_stays(checkout: Checkout) -> None:
    checkout.run()
    assert "--extra sim" not in checkout.calls.read_text()

    checkout.run(WARROOM_SIM="1")
    assert "--extra sim" in checkout.calls.read_text().splitlines()[-2]

    (checkout.root / ".venv" / "bin" / "netconvert").touch()
    checkout.work_done()
    checkout.run(WARROOM_SIM="1")
    assert [] == checkout.work_done()
    (checkout.root / "uv.lock").write_text("version = 2\n")
    checkout.run()
    assert "--extra sim" in checkout.calls.read_text().splitlines()[-2]


def test_a_setup_that_was_cut_short_begins_again(checkout: Checkout) -> None:
    checkout.run()
    checkout.work_done()
    (checkout.root / ".venv" / ".warroom").unlink()
    (checkout.root / ".venv" / ".unfinished").touch()

    assert 0 == checkout.run().returncode
    assert SETUP == checkout.work_done()


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    checkout.run()
    checkout.work_done()
    (checkout.root / ".venv" / "bin" / "python").unlink()
    (checkout.root / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")

    assert 0 == checkout.run().returncode
    assert SETUP == checkout.work_done()


def test_a_failed_installation_is_told_in_a_sentence_and_tried_again(checkout: Checkout) -> None:
    failed = checkout.run(UV_FAILS="1")

    assert 1 == failed.returncode
    assert "no route to host" in failed.stderr
    assert "could not be installed. Check the network" in failed.stderr
    assert "arguments" not in failed.stdout
    assert 0 == checkout.run().returncode


def test_two_starts_at_once_install_once(checkout: Checkout) -> None:
    running = [
        subprocess.Popen(
            [str(checkout.root / "warroom")],
            env=checkout.environment({"UV_SLEEP_S": "0.2"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    outcomes = [(process.communicate(timeout=60), process.returncode) for process in running]

    assert [0, 0, 0] == [code for _, code in outcomes]
    assert SETUP == checkout.work_done()


def test_a_long_step_says_so_and_can_be_interrupted(checkout: Checkout) -> None:
    process = subprocess.Popen(
        [str(checkout.root / "warroom")],
        env=checkout.environment({"UV_SLEEP_S": "30"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # In the background Ctrl-C is ignored, and a shell cannot trap what it was told to ignore.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert process.stderr is not None
    first = process.stderr.readline()

    os.killpg(process.pid, signal.SIGINT)
    try:
        process.communicate(timeout=20)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    assert "warroom: Making the Python environment ... 2 s" == first.strip()
    assert 0 != process.returncode
    assert 0 == checkout.run().returncode


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_told(checkout: Checkout) -> None:
    checkout.root.chmod(0o555)
    try:
        done = checkout.run()
    finally:
        checkout.root.chmod(0o755)

    assert 1 == done.returncode
    assert "Run the command once as the owner of the folder." in done.stderr


def test_an_old_uv_is_not_used(checkout: Checkout) -> None:
    """The one on the PATH cannot read the lock; with no pip to fetch another, a sentence tells."""
    python = checkout.bin / "oldpython"
    checkout.program(
        "oldpython",
        f'#!/bin/sh\ncase "$*" in *"import sys"*) echo "{python}" ;; *) exit 1 ;; esac\n',
    )
    checkout.program("apt-get", "#!/bin/sh\nexit 100\n")

    done = checkout.run(UV_VERSION="0.4.1", WARROOM_PYTHON=str(python))

    assert 1 == done.returncode
    assert [] == [call for call in checkout.work_done() if call.startswith("uv venv")]
    assert "uv is not installed" in done.stderr


def test_a_home_that_cannot_be_written_does_not_stop_it(checkout: Checkout) -> None:
    done = checkout.run(HOME="/nonexistent")

    assert 0 == done.returncode, done.stderr
    assert (checkout.root / ".tools" / "home").is_dir()


def test_pages_are_built_only_for_commands_that_serve_them(checkout: Checkout) -> None:
    checkout.add_web()

    checkout.run("camera", "list")
    checkout.run("demo", "--help")

    assert SETUP == checkout.work_done()


def test_pages_are_built_once_and_again_when_a_source_or_a_text_changes(checkout: Checkout) -> None:
    checkout.add_web()
    built = ["npm run build"]

    checkout.run("demo")
    assert [*SETUP, "npm ci --no-audit", *built] == checkout.work_done()
    checkout.run("demo")
    assert [] == checkout.work_done()
    (checkout.root / "web" / "src" / "page.ts").write_text("export const a = 1")
    checkout.run("demo")
    assert built == checkout.work_done()
    (checkout.root / "src" / "warroom" / "locales" / "id.json").write_text("{}")
    checkout.run("demo")
    assert built == checkout.work_done()


def test_pages_that_cannot_be_built_are_told_and_built_next_time(checkout: Checkout) -> None:
    checkout.add_web()

    failed = checkout.run("demo", NPM_FAILS="1")

    assert 1 == failed.returncode
    assert "Unexpected token" in failed.stderr
    assert "The web could not be built." in failed.stderr
    assert 0 == checkout.run("demo").returncode


def test_node_is_fetched_where_there_is_none(checkout: Checkout) -> None:
    checkout.add_web()
    checkout.program("node", "#!/bin/sh\nexit 1\n")

    failed = checkout.run("demo")

    assert 1 == failed.returncode
    assert "uv pip install" in checkout.work_done()
    assert "Building the pages needs Node 20.19 or newer" in failed.stderr
