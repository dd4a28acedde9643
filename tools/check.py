"""The tests, or every check and then the tests: `./warroom test`, `./warroom check`.

`test` passes what it is given to pytest: `./warroom test tests/cameras -k import`. Without a path
the tests run beside each other, one process per core (at most four), and the web's own tests run
first when Node is there. The last line is pytest's.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
PYTHON = (sys.executable, "-m")
NODE_OF_OUR_OWN = ROOT / ".tools" / "node" / "bin"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: the word it is called by, and the command that fails when it is broken."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT
    is_needed: bool = True


def checks() -> list[Check]:
    """Every check but the tests, the quick ones first."""
    scripts = [str(ROOT / "warroom"), *map(str, sorted((ROOT / ".ci").glob("*")))]
    return [
        Check("format", (*PYTHON, "ruff", "format", "--check", ".")),
        Check("lint", (*PYTHON, "ruff", "check", ".")),
        Check("imports", (sys.executable, "tools/contracts.py")),
        Check("house", (*PYTHON, "tools.house_lint")),
        Check("map", (sys.executable, "tools/domain_map.py", "--check")),
        Check("lock", (sys.executable, "tools/lock.py", "--check")),
        Check("types", (*PYTHON, "mypy")),
        Check("shell", ("shellcheck", *scripts), is_needed=bool(shutil.which("shellcheck"))),
        Check("web", ("npm", "run", "--silent", "check"), WEB, is_needed=has_script("check")),
    ]


def has_script(name: str) -> bool:
    """Whether the web has a script of this name and npm is there to run it."""
    package = WEB / "package.json"
    if not package.exists() or shutil.which("npm") is None:
        return False
    return name in json.loads(package.read_text("utf-8")).get("scripts", {})


def run_checks() -> list[str]:
    """Runs every check, shows what each broken one said, and returns their names."""
    broken = []
    for check in checks():
        if not check.is_needed:
            print(f"  --  {check.name}: skipped, its tool is not on this machine", flush=True)
            continue
        began = time.monotonic()
        done = subprocess.run(
            check.command,
            cwd=check.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        took_s = time.monotonic() - began
        print(f"{'FAIL' if done.returncode else ' ok '}  {check.name} ({took_s:.1f} s)", flush=True)
        for line in done.stdout.splitlines():
            if line.startswith("reading:"):
                print(f"      {line}", flush=True)
        if done.returncode:
            broken.append(check.name)
            print((done.stdout + done.stderr).rstrip(), flush=True)
    return broken


def run_web_tests() -> int:
    """Runs the web's own tests; 0 when there are none or no Node."""
    if not has_script("test"):
        return 0
    print("web tests", flush=True)
    return subprocess.run(("npm", "test", "--silent"), cwd=WEB, check=False).returncode


def pytest_command(arguments: Sequence[str]) -> list[str]:
    """The command that runs pytest with these arguments."""
    command = [*PYTHON, "pytest", *arguments]
    is_whole_suite = all(argument.startswith("-") for argument in arguments)
    if is_whole_suite and not any(argument.startswith("-n") for argument in arguments):
        workers = min(4, len(os.sched_getaffinity(0)))
        # In the groups and the order of `conftest.py`, not by how many tests a group has.
        command += ["-n", str(workers), "--dist", "loadscope", "--no-loadscope-reorder"]
    return command


def test(arguments: Sequence[str]) -> int:
    """Runs the tests; the web's own come first, and only with the whole suite."""
    is_whole_suite = all(argument.startswith("-") for argument in arguments)
    web = run_web_tests() if is_whole_suite and "--help" not in arguments else 0
    done = subprocess.run(pytest_command(arguments), cwd=ROOT, check=False)
    if web:
        print("The web's own tests failed; their output stands above.", flush=True)
    return done.returncode or web


def check(arguments: Sequence[str]) -> int:
    """Runs every check, then `./warroom test`, which the README names."""
    broken = run_checks()
    tested = subprocess.run((str(ROOT / "warroom"), "test", *arguments), cwd=ROOT, check=False)
    if broken:
        print(f"Broken beside the tests: {', '.join(broken)}. Their output stands above.")
    return 1 if broken or tested.returncode else 0


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code; 2 for a word that is neither `test` nor `check`."""
    if NODE_OF_OUR_OWN.exists() and shutil.which("npm") is None:
        os.environ["PATH"] = f"{NODE_OF_OUR_OWN}{os.pathsep}{os.environ['PATH']}"
    match list(arguments):
        case ["test", *rest]:
            return test(rest)
        case ["check", *rest]:
            return check(rest)
        case _:
            print("usage: tools/check.py test|check [arguments of pytest]", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
