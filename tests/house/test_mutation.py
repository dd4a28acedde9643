"""The tool that takes guards away one at a time."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.mutation.rewrite import GUARDS, Rewriter

SOURCE = """
class NotFoundError(Exception):
    pass

def read(scope, thing):
    if thing is None:
        raise NotFoundError
    scope.require("thing:view")
    return scope.narrow("thing:view")[1], scope.allows("thing:view", agency_id=thing)
"""
READ = "sample.py read"


class Nobody:
    """A scope that lets nobody do anything."""

    def require(self, action: str) -> None:
        raise PermissionError(action)

    def narrow(self, action: str) -> Any:
        return "false", {"scope": action}

    def allows(self, action: str, *, agency_id: object) -> bool:
        return False


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(GUARDS, "known", {})
    monkeypatch.setattr(GUARDS, "passed", set())
    tree = ast.fix_missing_locations(Rewriter("sample.py").visit(ast.parse(SOURCE)))
    module: dict[str, Any] = {
        "__guarded_call__": GUARDS.call,
        "__guarded_check__": GUARDS.check,
    }
    exec(compile(tree, "sample.py", "exec"), module)
    return module


def test_every_guard_of_a_module_is_known(read: Any) -> None:
    assert {
        f"{READ} raise NotFoundError": "NotFoundError",
        f"{READ} require": "",
        f"{READ} narrow": "",
        f"{READ} allows": "",
    } == GUARDS.known


def test_with_every_guard_in_place_nothing_changes(read: Any) -> None:
    with pytest.raises(read["NotFoundError"]):
        read["read"](Nobody(), None)
    with pytest.raises(PermissionError):
        read["read"](Nobody(), 1)


def test_a_guard_that_is_away_lets_everybody_through(
    read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GUARDS, "away", f"{READ} require")

    assert read["read"](Nobody(), 1) == ({"scope": "thing:view"}, False)
    assert {
        f"{READ} {word}" for word in ("raise NotFoundError", "require", "narrow", "allows")
    } == (GUARDS.passed)


def test_a_real_guard_of_the_product_is_missed_by_its_tests(repository: Path) -> None:
    command = [
        sys.executable, "-m", "tools.mutation", "--json", "--only", "wall/service.py _lock",
        "tests/wall/test_layouts.py", "tests/app/test_migrate.py",
    ]  # fmt: skip

    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)

    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["guards"], report["killed"], report["failing"]) == (1, 1, [])
