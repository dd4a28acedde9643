"""The tool that takes guards away one at a time."""

import ast
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tools.mutation.equivalents import EQUIVALENTS, Equivalent
from tools.mutation.plugin import Mutation, Passed
from tools.mutation.rewrite import GUARDS, Rewriter

SOURCE = """
class NotFoundError(Exception):
    pass

def read(scope, thing):
    if thing is None:
        raise NotFoundError
    scope.require("thing:view")
    if not scope.allows("thing:view", agency_id=thing):
        raise NotFoundError
    if not (may_end(scope) or may_only_look(scope)):
        return None
    return scope.narrow("thing:view")[1], scope.allows("thing:view", agency_id=thing)

def part(scope, things):
    for thing in things:
        if thing:
            return scope.footage_of("thing:view", agency_id=thing)
    raise NotFoundError

def may_end(scope):
    return True

def may_only_look(scope):
    return False
"""
READ = "sample.py read"


class Named(NamedTuple):
    """A test, as far as a report knows it."""

    nodeid: str


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
        "__guarded_judge__": GUARDS.judge,
    }
    exec(compile(tree, "sample.py", "exec"), module)
    return module


def test_every_guard_of_a_module_is_known_and_each_once(read: Any) -> None:
    assert {
        f"{READ} raise NotFoundError": "NotFoundError",
        f"{READ} require": "",
        f"{READ} raise NotFoundError 2": "NotFoundError",
        f"{READ} may_end": "",
        f"{READ} narrow": "",
        f"{READ} allows": "",
        "sample.py part footage_of": "",
        "sample.py part raise NotFoundError": "NotFoundError",
    } == GUARDS.known


def test_with_every_guard_in_place_nothing_changes(read: Any) -> None:
    with pytest.raises(read["NotFoundError"]):
        read["read"](Nobody(), None)
    with pytest.raises(PermissionError):
        read["read"](Nobody(), 1)
    with pytest.raises(read["NotFoundError"]):
        read["part"](Nobody(), [])


def test_guards_that_are_away_let_everybody_through(
    read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = {f"{READ} require", f"{READ} raise NotFoundError 2", f"{READ} may_end"}
    monkeypatch.setattr(GUARDS, "away", away | {"sample.py part raise NotFoundError"})

    assert read["read"](Nobody(), 1) == ({"scope": "thing:view"}, False)
    assert read["part"](Nobody(), []) is None
    assert set(GUARDS.known) - {"sample.py part footage_of"} == GUARDS.passed


@pytest.mark.parametrize(
    ("missed", "outcome"),
    [
        ({"behind"}, ("killed", "stale")),
        ({"behind", "first"}, ("equivalent",)),
        ({"behind", "first", "another"}, ("survived",)),
    ],
)
def test_a_guard_behind_another_is_proven_with_that_one_away(
    missed: set[str], outcome: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation = Mutation([], {"behind": Equivalent(("first",), "says the same")})
    monkeypatch.setattr(mutation, "_run", lambda *_: not missed <= GUARDS.away)
    test: Any = Named("test_one")

    mutation._try("behind", {test: Passed(1.0, {"behind"})})

    report = asdict(mutation.report)
    assert {name for name, found in report.items() if "behind" in found} == set(outcome)


def test_every_equivalent_says_what_it_is_good_for() -> None:
    assert [name for name, one in EQUIVALENTS.items() if len(one.why) < 20 or not one.behind] == []


def test_a_real_guard_of_the_product_is_missed_by_its_tests(repository: Path) -> None:
    """Of several files: what one leaves standing must not look like a failure of the next."""
    command = [
        sys.executable, "-m", "tools.mutation", "--json", "--only", "wall/service.py _lock",
        "tests/app/test_actions.py",
        "tests/wall/test_layouts.py::test_ones_own_layouts_are_ones_own",
        "tests/kernel/test_scope.py",
    ]  # fmt: skip

    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)

    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["guards"], report["killed"], report["failing"]) == (1, 1, [])
