"""The tool that takes guards away one at a time."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import psycopg
import pytest
from psycopg import sql

from tools.mutation.equivalents import EQUIVALENTS, Equivalent
from tools.mutation.plugin import Mutation
from tools.mutation.queries import Queries, claims
from tools.mutation.rewrite import GUARDS, Rewriter
from tools.mutation.seen import Passed, load, save

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

def is_own(scope, thing):
    if thing.person_id not in (None, scope.person_id) and thing:
        raise NotFoundError
    if scope.agency_id != thing.agency_id:
        raise NotFoundError
    return scope.person_id == thing.person_id and scope.person_id is not None

_OF_PERSON = "select id from thing where person_id = %(own)s"
'Text that explains: where person_id = %(own)s.'
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
    monkeypatch.setattr(GUARDS, "queries", Queries())
    tree = ast.fix_missing_locations(Rewriter("sample.py").visit(ast.parse(SOURCE)))
    module: dict[str, Any] = {
        "__guarded_call__": GUARDS.call,
        "__guarded_check__": GUARDS.check,
        "__guarded_judge__": GUARDS.judge,
        "__guarded_own__": GUARDS.own,
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
        "sample.py is_own own person_id": "",
        "sample.py is_own raise NotFoundError": "NotFoundError",
        "sample.py is_own raise NotFoundError 2": "NotFoundError",
        "sample.py is_own own person_id 2": "",
        "sample.py - _OF_PERSON where person_id = %(own)s": "",
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
    # Those that said no; what said yes could not be missed here.
    assert {
        f"{READ} require",
        f"{READ} raise NotFoundError 2",
        f"{READ} allows",
        f"{READ} narrow",
        "sample.py part raise NotFoundError",
    } == GUARDS.passed


class Thing(NamedTuple):
    """Somebody's thing."""

    person_id: int
    agency_id: int


def test_a_predicate_that_is_away_leaves_its_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GUARDS, "away", frozenset({f"{READ} narrow"}))

    assert GUARDS.call(f"{READ} narrow", "narrow", Nobody(), "thing:view") == (
        sql.SQL("true"),
        {"scope": "thing:view"},
    )


def test_a_comparison_with_the_asker_can_be_made_always_true(
    read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, foreign = Thing(1, 5), Thing(2, 5)

    assert read["is_own"](own, own)
    with pytest.raises(read["NotFoundError"]):
        read["is_own"](own, foreign)
    monkeypatch.setattr(GUARDS, "away", frozenset({"sample.py is_own own person_id"}))
    assert not read["is_own"](own, foreign)
    monkeypatch.setattr(GUARDS, "away", frozenset(GUARDS.known))
    assert read["is_own"](own, foreign)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("delete from t where person_id = %s", ["person_id = %s"]),
        ("and p.agency_id = any(%(a)s::uuid[])) or x", ["p.agency_id = any(%(a)s::uuid[])"]),
        (
            "(e.owner_id = %(a)s or (e.agency_id = %(a)s))",
            ["e.owner_id = %(a)s", "e.agency_id = %(a)s"],
        ),
        ("on s.session_id is not distinct from %(s)s", ["s.session_id is not distinct from %(s)s"]),
        ("case when a then\n  l.person_id  = %(p)s else b end", ["l.person_id  = %(p)s"]),
        ("update t set person_id = %(p)s, agency_id = %(a)s where id = %(id)s", []),
        ("where pr.person_id = p.id and id is distinct from %(own)s", []),
    ],
)
def test_narrowing_by_hand_is_found_and_assignments_are_not(query: str, found: list[str]) -> None:
    assert [query[begin:end] for begin, end in claims(query)] == found


async def test_a_query_loses_the_narrowing_that_is_away_and_keeps_its_parameters(
    read: Any, connections: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "sample.py - _OF_PERSON where person_id = %(own)s"
    query = read["_OF_PERSON"].replace("thing", "(values (1, 1), (2, 2)) thing(id, person_id)")
    composed = sql.SQL("{} and id > %(least)s").format(sql.SQL(query))
    text = composed.as_string().encode()
    values = {"own": 1, "least": 0}
    with psycopg.connect(connections.superuser) as connection:
        whole = connection.execute(GUARDS.query(text), values).fetchall()
        assert name in GUARDS.passed
        monkeypatch.setattr(GUARDS, "away", frozenset({name}))
        open_ = connection.execute(GUARDS.query(text), values).fetchall()

    assert (whole, open_) == ([(1,)], [(1,), (2,)])


async def test_a_query_passes_the_policies_of_the_tables_that_it_names(
    read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GUARDS, "policies", {"thing": ["policy thing read"], "thing_log": ["no"]})

    assert GUARDS.query(b"select id from thing where true") == b"select id from thing where true"
    assert GUARDS.passed == {"policy thing read"}


def test_what_a_test_passes_is_kept_until_its_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("test_a.py").write_text("a")
    Path("test_b.py").write_text("b")
    seen = {
        "test_a.py::test_one": Passed(1.5, {GUARD, FIRST}),
        "test_b.py::test_two": Passed(0.25, {GUARD}),
    }
    path = Path("map.json")

    assert load(path) == {}
    save(path, seen)
    assert load(path) == seen
    Path("test_b.py").write_text("changed")
    assert load(path) == {"test_a.py::test_one": seen["test_a.py::test_one"]}


GUARD, FIRST = "sample/store.py find narrow", "sample/rules.py judge may"


def asked(
    monkeypatch: pytest.MonkeyPatch,
    outcome: Callable[[str], bool],
    passed: Mapping[str, set[str]],
    equivalents: Mapping[str, Equivalent] | None = None,
) -> tuple[Mutation, list[str]]:
    """A run over tests that pass these guards and end as `outcome` says; and who was run."""
    mutation = Mutation([], equivalents or {})
    items: list[Any] = [Named(name) for name in passed]
    mutation._take(items)
    runs = []

    def timed(item: pytest.Item) -> tuple[bool, Passed]:
        runs.append(item.nodeid)
        is_good = outcome(item.nodeid)
        mutation._outcomes = [cast("pytest.TestReport", SimpleNamespace(failed=not is_good))]
        return is_good, Passed(1.0, passed[item.nodeid])

    monkeypatch.setattr(mutation, "_timed", timed)
    monkeypatch.setattr(mutation, "_run", lambda item: timed(item)[0])
    monkeypatch.setattr(mutation, "_execute", lambda said: runs.append(said.as_string()))
    return mutation, runs


def outcome_of(mutation: Mutation, guard: str) -> set[str]:
    """Under which words of the report a guard stands in the end."""
    if not mutation._is_killed(guard):
        for left in mutation._left_by_all([guard]):
            mutation._judge(left)
    return {name for name, found in asdict(mutation.report).items() if guard in found}


@pytest.mark.parametrize(
    ("missed", "outcome"),
    [
        ({GUARD}, {"killed", "stale"}),
        ({GUARD, FIRST}, {"equivalent"}),
        ({GUARD, FIRST, "another"}, {"survived"}),
    ],
)
def test_a_guard_behind_another_is_proven_with_that_one_away(
    missed: set[str], outcome: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation, _ = asked(
        monkeypatch,
        lambda _: not missed <= GUARDS.away,
        {"tests/sample/test_store.py::test_one": {GUARD}},
        {GUARD: Equivalent((FIRST,), "says the same")},
    )

    assert outcome_of(mutation, GUARD) == outcome


def test_tests_of_another_domain_are_asked_for_what_the_nearer_ones_do_not_miss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    near, far = "tests/sample/test_store.py::test_one", "tests/wall/test_layouts.py::test_two"
    mutation, _ = asked(
        monkeypatch,
        lambda name: name != far or GUARD not in GUARDS.away,
        {far: {GUARD}, near: {GUARD}},
    )

    assert not mutation._is_killed(GUARD)
    assert mutation._left_by_all([GUARD, FIRST]) == [FIRST]
    assert mutation.report.killed == {GUARD: far}


def test_a_test_that_fails_by_itself_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, good = "tests/sample/test_a.py::test_broken", "tests/sample/test_b.py::test_good"
    mutation, _ = asked(
        monkeypatch, lambda name: name == good, {broken: {GUARD}, good: {GUARD}, "other": set()}
    )

    assert outcome_of(mutation, GUARD) == {"survived"}
    assert mutation.report.failing == [broken, "other"]


def test_a_predicate_that_row_level_security_hides_is_tried_with_that_wall_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    test = "tests/sample/test_a.py::test_one"

    def outcome(_: str) -> bool:
        is_wall_away = [one for one in runs if one.startswith("alter")][-1:] == [
            "alter role warroom_app bypassrls"
        ]
        return not (is_wall_away and GUARD in GUARDS.away)

    mutation, runs = asked(monkeypatch, outcome, {test: {GUARD}})

    assert outcome_of(mutation, GUARD) == {"killed", "one_wall"}
    assert runs[-1] == "alter role warroom_app nobypassrls"


def test_a_guard_that_no_test_passes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    mutation, runs = asked(monkeypatch, lambda _: True, {"tests/sample/test_a.py::test_one": set()})

    assert outcome_of(mutation, GUARD) == {"unpassed"}
    assert runs.count("tests/sample/test_a.py::test_one") == 1  # what it passes is remembered


def test_every_equivalent_says_what_it_is_good_for() -> None:
    assert [name for name, one in EQUIVALENTS.items() if len(one.why) < 20 or not one.behind] == []


def test_a_real_guard_of_the_product_is_missed_by_its_tests(repository: Path) -> None:
    """Of several files: what one leaves standing must not look like a failure of the next."""
    command = [
        sys.executable, "-m", "tools.mutation", "--json", "--only", "wall/service.py _lock raise",
        "tests/app/test_actions.py",
        "tests/wall/test_layouts.py::test_ones_own_layouts_are_ones_own",
        "tests/kernel/test_scope.py",
    ]  # fmt: skip

    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)

    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["guards"], report["killed"], report["failing"]) == (1, 1, [])
