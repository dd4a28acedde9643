"""Locks the packages without naming where they come from: `tools/lock.py [--check | UV OPTIONS]`.

Runs `uv lock` (options such as `--upgrade-package NAME` are passed on) and takes every registry
out of `uv.lock`: an index is the machine's own affair, the hashes are ours (docs/decisions/0002).
`--check` needs no network: neither lock names a registry, and `uv.lock` answers `pyproject.toml`.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOWHERE = "https://registry.invalid/simple"  # RFC 2606: a name that no machine ever has
REGISTRY = re.compile(r'registry = "[^"]*"')
EXTRA = re.compile(r"\bextra == '([^']+)'")
URL = re.compile(r'\burl = "[^"]*/([^"/]+)"')
REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?\s*([^;]*?)\s*(?:;.*)?$")


def without_registry(lock: str) -> str:
    """The text of a `uv.lock` with every registry and address taken out."""
    return URL.sub(r'filename = "\1"', REGISTRY.sub(f'registry = "{NOWHERE}"', lock))


def registries_in_uv_lock(lock: str) -> Iterator[str]:
    """Lines of a `uv.lock` that name a host."""
    for number, line in enumerate(lock.splitlines(), 1):
        if "://" in line.replace(NOWHERE, ""):
            yield f"uv.lock:{number}: names a host: {line.strip()[:80]}; run tools/lock.py"


def registries_in_npm_lock(lock: dict[str, Any]) -> Iterator[str]:
    """Packages of a `package-lock.json` that name a host, or have no hash."""
    for name, package in lock.get("packages", {}).items():
        if "://" in str(package.get("resolved", "")):
            yield f"web/package-lock.json: {name} names a host: {package['resolved']}"
        is_fetched = name.startswith("node_modules/") and not package.get("link")
        if is_fetched and not package.get("inBundle") and "integrity" not in package:
            yield f"web/package-lock.json: {name} has no hash"


def unanswered(project: dict[str, Any], lock: dict[str, Any]) -> Iterator[str]:
    """Requirements of `pyproject.toml` that `uv.lock` was not made for, and the reverse."""
    name = _canonical(project["project"]["name"])
    own: dict[str, Any] = next((item for item in lock["package"] if item["name"] == name), {})
    metadata = own.get("metadata", {})
    wanted = {"": project["project"].get("dependencies", [])}
    wanted |= {f"group {key}: ": items for key, items in project["dependency-groups"].items()}
    extras = project["project"].get("optional-dependencies", {})
    wanted |= {f"extra {key}: ": items for key, items in extras.items()}
    locked: dict[str, list[dict[str, Any]]] = {}
    for item in metadata.get("requires-dist", []):
        extra = EXTRA.search(item.get("marker", ""))
        locked.setdefault(f"extra {extra[1]}: " if extra else "", []).append(item)
    locked |= {f"group {key}: ": items for key, items in metadata.get("requires-dev", {}).items()}
    for group in sorted(wanted.keys() | locked.keys()):
        asked = {_asked(item) for item in wanted.get(group, [])}
        given = {_given(item) for item in locked.get(group, [])}
        for requirement in sorted(asked - given):
            yield f"uv.lock: {group}{_shown(requirement)} is not locked; run tools/lock.py"
        for requirement in sorted(given - asked):
            yield f"uv.lock: {group}{_shown(requirement)} is locked but not asked for"


type Requirement = tuple[str, tuple[str, ...], str]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _asked(text: str) -> Requirement:
    match = REQUIREMENT.match(text)
    if not match:
        message = f"not a requirement: {text}"
        raise ValueError(message)
    extras = tuple(sorted(item.strip() for item in (match[2] or "").split(",") if item.strip()))
    return _canonical(match[1]), extras, match[3].replace(" ", "")


def _given(item: dict[str, Any]) -> Requirement:
    extras = tuple(sorted(item.get("extras", ())))
    return item["name"], extras, item.get("specifier", "").replace(" ", "")


def _shown(requirement: Requirement) -> str:
    name, extras, specifier = requirement
    return f"{name}{'[' + ','.join(extras) + ']' if extras else ''}{specifier}"


def check(root: Path) -> list[str]:
    """What is wrong with the lock files below `root`."""
    lock = (root / "uv.lock").read_text("utf-8")
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    found = [*registries_in_uv_lock(lock), *unanswered(project, tomllib.loads(lock))]
    npm_lock = root / "web" / "package-lock.json"
    if npm_lock.exists():
        found += registries_in_npm_lock(json.loads(npm_lock.read_text("utf-8")))
    return found


def main(arguments: Sequence[str]) -> int:
    """Checks or locks; the exit code is 1 when the locks are wrong or cannot be made."""
    if "--check" in arguments:
        found = check(ROOT)
        print(*found, sep="\n", end="\n" if found else "")
        return 1 if found else 0
    done = subprocess.run(["uv", "lock", *arguments], cwd=ROOT, check=False)
    path = ROOT / "uv.lock"
    path.write_text(without_registry(path.read_text("utf-8")), "utf-8")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
