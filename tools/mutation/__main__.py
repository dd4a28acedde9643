"""The command: `python -m tools.mutation [--json] [--report FILE] [paths of tests]`."""

import argparse
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tools.mutation.equivalents import EQUIVALENTS
from tools.mutation.plugin import Mutation, Report
from tools.mutation.rewrite import install

PATHS = (
    "tests/access", "tests/app/test_actions.py", "tests/app/test_authorization_lent.py",
    "tests/app/test_authorization_making.py", "tests/app/test_authorization_matrix.py",
    "tests/app/test_authorization_property.py", "tests/app/test_authorization_words.py",
    "tests/app/test_frame.py", "tests/app/test_privacy_told.py", "tests/app/test_roads_seen.py",
    "tests/app/test_same_work.py", "tests/app/test_walls.py", "tests/app/test_whole_things.py",
    "tests/audit", "tests/cameras", "tests/dispatch", "tests/hub", "tests/identity",
    "tests/kernel/test_database.py",
    "tests/kernel/test_outbound.py", "tests/kernel/test_postgres.py",
    "tests/kernel/test_realtime.py", "tests/live/test_hub.py", "tests/live/test_routes.py",
    "tests/live/test_whep.py", "tests/places", "tests/privacy", "tests/recording/test_alarms.py",
    "tests/recording/test_holds.py", "tests/recording/test_playback_routes.py",
    "tests/routing/test_service.py", "tests/traffic/test_routes.py", "tests/traffic/test_runner.py",
    "tests/traffic/test_sights.py", "tests/units", "tests/wall",
)  # fmt: skip


def as_json(report: Report, began: float) -> dict[str, Any]:
    """The report for machines; `began` on the monotonic clock."""
    proven = len(report.killed) + len(report.equivalent)
    return {
        "commit": _git("rev-parse", "HEAD"),
        "is_changed": bool(_git("status", "--porcelain", "src", "tests", "tools")),
        "seconds": round(time.monotonic() - began),
        "guards": proven + len(report.survived) + len(report.unpassed),
        "killed": len(report.killed),
        "one_wall": report.one_wall,
        "survived": report.survived,
        "unpassed": report.unpassed,
        "failing": report.failing,
        "equivalent": report.equivalent,
        "stale": report.stale,
        "killed_by": dict(sorted(report.killed.items())),
    }


def read_report(report: Path | None) -> dict[str, Any]:
    """An earlier report; empty if there is none."""
    if report is None or not report.exists():
        return {}
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def unchanged(killers: dict[str, str], commit: str) -> set[str]:
    """The guards whose file, and the file of whose test, are as they were at a commit.

    Where a route is declared is not known here: any changed file of routes counts for all.
    """
    changed = _git("diff", "--name-only", commit).splitlines()
    changed += _git("ls-files", "--others", "--exclude-standard").splitlines()

    def is_touched(guard: str, test: str) -> bool:
        if guard.startswith("route "):
            return any("routes" in name or name == test for name in changed)
        if guard.startswith("policy "):
            return any("/migrations/" in name or name == test for name in changed)
        return f"src/warroom/{guard.partition(' ')[0]}" in changed or test in changed

    return {
        guard for guard, test in killers.items() if not is_touched(guard, test.partition("::")[0])
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main() -> int:
    """Prints the report; 1 when a guard is not proven or a test fails by itself."""
    parser = argparse.ArgumentParser("tools.mutation", description="Is every guard missed?")
    parser.add_argument("--json", action="store_true", help="one object on the last line")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        help="guards in whose name this pattern is found; repeatable",
    )
    parser.add_argument(
        "--report",
        type=Path,
        help="file for the object, written after each guard; what killed in it is asked first",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="keep what the report has as killed, where neither the guard's file nor the test's"
        " has changed since its commit",
    )
    parser.add_argument(
        "--map",
        type=Path,
        help="file of what each test passes: learnt first where it is not there yet",
    )
    parser.add_argument("paths", nargs="*")
    chosen = parser.parse_args()
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)  # the database stops with it
    install()
    began = time.monotonic()

    def tell(report: Report) -> None:
        if chosen.report is not None:
            chosen.report.write_text(json.dumps(as_json(report, began), indent=1) + "\n")

    before = read_report(chosen.report)
    killers: dict[str, str] = before.get("killed_by", {})
    kept = unchanged(killers, before["commit"]) if chosen.resume and killers else set()
    mutation = Mutation(chosen.only, EQUIVALENTS, killers, kept, tell, chosen.map)
    mutation.report.one_wall = [name for name in before.get("one_wall", ()) if name in kept]
    arguments = ["-q", "-p", "no:cacheprovider", "--no-header", "-W", "ignore"]
    paths = chosen.paths or [path for path in PATHS if Path(path).exists()]
    pytest.main([*arguments, *paths], plugins=[mutation])
    report = mutation.report
    told = as_json(report, began)
    open_ends = [*report.survived, *report.unpassed, *report.failing, *report.stale]
    for name in open_ends:
        print(f"not proven: {name}")
    print(f"{told['guards']} guards, {told['killed']} killed, {len(report.survived)} survived,")
    print(f"{len(report.equivalent)} equivalent, {len(report.stale)} equivalents stale,")
    print(f"{len(report.unpassed)} passed by no test, {len(report.failing)} tests fail anyway")
    if chosen.json:
        print(json.dumps(told))
    return 1 if open_ends or not told["guards"] else 0


if __name__ == "__main__":
    sys.exit(main())
