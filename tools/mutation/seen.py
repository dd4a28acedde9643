"""What each test passes with every guard in place: learnt once, kept in a file for later runs."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Passed:
    """What a test passes with every guard in place, and how long it takes.

    Attributes:
        seconds: On the wall clock, with the fixtures that the test does not share.
        guards: Names; of policies those of every table that one of its queries names.
    """

    seconds: float
    guards: set[str]


def load(path: Path) -> dict[str, Passed]:
    """Test -> what it passes, of the tests whose file is as it was; empty if there is no file.

    A changed product is not noticed: delete the file when guards have come to be or gone.
    """
    if not path.exists():
        return {}
    told: dict[str, Any] = json.loads(path.read_text())
    names: list[str] = told["guards"]
    now = _fingerprints(told["tests"])
    return {
        nodeid: Passed(one["seconds"], {names[number] for number in one["guards"]})
        for nodeid, one in told["tests"].items()
        if one["file"] == now[_file(nodeid)]
    }


def save(path: Path, seen: Mapping[str, Passed]) -> None:
    """Writes the file; the guards once, the tests with their numbers."""
    names = sorted(set().union(*(one.guards for one in seen.values())))
    numbers = {name: number for number, name in enumerate(names)}
    now = _fingerprints(seen)
    tests = {
        nodeid: {
            "file": now[_file(nodeid)],
            "seconds": round(one.seconds, 3),
            "guards": sorted(numbers[name] for name in one.guards),
        }
        for nodeid, one in seen.items()
    }
    path.write_text(json.dumps({"guards": names, "tests": tests}))


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def _fingerprints(nodeids: Iterable[str]) -> dict[str, str]:
    paths = {file: Path(file) for file in map(_file, nodeids)}
    return {
        file: hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else ""
        for file, path in paths.items()
    }
