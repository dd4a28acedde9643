"""The command: `python -m tools.mutation [--json] [--only TEXT] [paths of tests]`."""

import argparse
import json
import sys
from pathlib import Path

import pytest

from tools.mutation.equivalents import EQUIVALENTS
from tools.mutation.plugin import Mutation
from tools.mutation.rewrite import install

PATHS = (
    "tests/access", "tests/app", "tests/audit", "tests/cameras", "tests/hub", "tests/identity",
    "tests/kernel/test_realtime.py", "tests/live/test_routes.py", "tests/live/test_whep.py",
    "tests/places", "tests/privacy", "tests/recording/test_alarms.py",
    "tests/recording/test_holds.py", "tests/recording/test_playback_routes.py", "tests/wall",
)  # fmt: skip


def main() -> int:
    """Prints the report; 1 when a guard is not proven or a test fails by itself."""
    parser = argparse.ArgumentParser("tools.mutation", description="Is every guard missed?")
    parser.add_argument("--json", action="store_true", help="one object on the last line")
    parser.add_argument(
        "--only", action="append", default=[], help="guards whose name holds this text; repeatable"
    )
    parser.add_argument("paths", nargs="*")
    chosen = parser.parse_args()
    install()
    mutation = Mutation(chosen.only, EQUIVALENTS)
    arguments = ["-q", "-p", "no:cacheprovider", "--no-header", "-W", "ignore"]
    paths = chosen.paths or [path for path in PATHS if Path(path).exists()]
    pytest.main([*arguments, *paths], plugins=[mutation])
    report = mutation.report
    open_ends = [*report.survived, *report.unpassed, *report.failing, *report.stale]
    proven = len(report.killed) + len(report.equivalent)
    total = proven + len(report.survived) + len(report.unpassed)
    for name in open_ends:
        print(f"not proven: {name}")
    print(f"{total} guards, {len(report.killed)} killed, {len(report.survived)} survived,")
    print(f"{len(report.equivalent)} equivalent, {len(report.stale)} equivalents stale,")
    print(f"{len(report.unpassed)} passed by no test, {len(report.failing)} tests fail anyway")
    if chosen.json:
        print(
            json.dumps(
                {
                    "guards": total,
                    "killed": len(report.killed),
                    "survived": report.survived,
                    "unpassed": report.unpassed,
                    "failing": report.failing,
                    "equivalent": report.equivalent,
                    "stale": report.stale,
                    "killed_by": report.killed,
                }
            )
        )
    return 1 if open_ends or not total else 0


if __name__ == "__main__":
    sys.exit(main())
