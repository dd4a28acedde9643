"""The loop over tests and guards, as a plug-in of pytest."""

import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from _pytest.runner import runtestprotocol
from psycopg import sql

from tools.mutation.equivalents import Equivalent
from tools.mutation.rewrite import GUARDS, ROUTE_GUARD

_REFUSALS = ("not_found", "forbidden", "unauthenticated")
_WALL_TESTS = ("second wall", "test_walls", "test_second_wall")


@dataclass
class Report:
    """What came of it.

    Attributes:
        killed: Guard -> the test that missed it.
        survived: Guards that tests pass and none missed.
        unpassed: Guards that no test passes.
        failing: Tests that fail with every guard in place; they can prove nothing.
        equivalent: Guards that stand behind another, and are missed when it is away.
        stale: Equivalents that are not there any more, or that a test misses alone.
    """

    killed: dict[str, str] = field(default_factory=dict)
    survived: list[str] = field(default_factory=list)
    unpassed: list[str] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    equivalent: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


@dataclass
class Passed:
    """What a test passes with every guard in place, and how long it takes."""

    seconds: float
    guards: set[str]


@dataclass(frozen=True)
class _OnlySession:
    """Stands for a test that shares nothing but the session with the one before."""

    session: pytest.Session

    def listchain(self) -> list[pytest.Session]:
        """What must not be torn down for it."""
        return [self.session]


class Mutation:
    """Runs the tests once, then those that pass a guard without it.

    Args:
        only: Guards whose name holds one of these texts; all if there are none.
        equivalents: Guards that stand behind others, by name.
    """

    def __init__(self, only: Sequence[str], equivalents: Mapping[str, Equivalent]) -> None:
        self.report = Report()
        self._only = only
        self._equivalents = equivalents
        self._superuser = ""
        self._missed: Counter[tuple[str, pytest.Item]] = Counter()
        self._outcomes: list[pytest.TestReport] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """Remembers the way into the test database."""
        made = yield
        if fixturedef.argname == "postgres":
            self._superuser = made.superuser
        return made

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """The loop itself, in the place of pytest's."""
        items = session.items
        passed = {item: seen for item in items if (seen := self._first(item)) is not None}
        guards = self._guards()
        for number, guard in enumerate(guards, 1):
            self._say(f"{number}/{len(guards)} {guard}")
            self._try(guard, passed)
        self._end(items)
        return True

    @staticmethod
    def _say(line: str) -> None:
        print(line, flush=True)

    def _run(self, item: pytest.Item) -> bool:
        """Whether the test passes; afterwards only what lives as long as the session is left."""
        item._initrequest()  # type: ignore[attr-defined] # the same test, once more from the start
        following: Any = _OnlySession(item.session)
        self._outcomes = runtestprotocol(item, log=False, nextitem=following)
        return all(outcome.passed for outcome in self._outcomes)

    def _first(self, item: pytest.Item) -> Passed | None:
        GUARDS.passed.clear()
        began = time.monotonic()
        is_good = self._run(item)
        if not is_good:
            if any(outcome.failed for outcome in self._outcomes):
                self.report.failing.append(item.nodeid)
            return None
        return Passed(time.monotonic() - began, set(GUARDS.passed))

    def _guards(self) -> list[str]:
        from warroom.app import wiring  # noqa: PLC0415 - imported only when it can be rewritten
        from warroom.kernel.errors import WarRoomError  # noqa: PLC0415

        refusals = {
            error.__name__ for error in _below(WarRoomError) if error.kind.value in _REFUSALS
        }
        calls = [
            name
            for name, error in GUARDS.known.items()
            if (not error or error in refusals) and name != ROUTE_GUARD
        ]
        routes = [
            f"route {route.method} {route.path}"
            for router in wiring.ROUTERS
            for route in router.declared
            if ":" in route.guard
        ]
        found = [*calls, *routes, *self._policies()]
        self.report.stale = [name for name in self._equivalents if name not in found]
        return [name for name in found if self._is_wanted(name)]

    def _is_wanted(self, name: str) -> bool:
        return not self._only or any(text in name for text in self._only)

    def _policies(self) -> list[str]:
        if not self._superuser:
            return []
        with psycopg.connect(self._superuser) as connection:
            rows = connection.execute("select tablename, policyname from pg_policies order by 1, 2")
            return [f"policy {table} {policy}" for table, policy in rows]

    def _try(self, guard: str, passed: dict[pytest.Item, Passed]) -> None:
        if guard.startswith("policy "):
            missing = [i for i in passed if any(word in i.nodeid for word in _WALL_TESTS)]
        else:
            missing = [item for item, seen in passed.items() if guard in seen.guards]
        if not missing:
            self.report.unpassed.append(guard)
            return
        # What missed a neighbour may well miss this one; else the quick ones first.
        near = guard.partition(" ")[0]
        missing.sort(key=lambda item: (-self._missed[near, item], passed[item].seconds))
        killer = self._killer({guard}, missing)
        equivalent = self._equivalents.get(guard)
        if killer is not None:
            self.report.killed[guard] = killer.nodeid
            self._missed[near, killer] += 1
            if equivalent is not None:
                self.report.stale.append(guard)
        elif equivalent and self._killer({guard, *equivalent.behind}, missing):
            self.report.equivalent.append(guard)
        else:
            self.report.survived.append(guard)
            self._say(f"SURVIVED {guard}")

    def _killer(self, away: set[str], tried: list[pytest.Item]) -> pytest.Item | None:
        """The first test that fails without these guards."""
        restoring = [self._policy_open(name) for name in away if name.startswith("policy ")]
        GUARDS.away = frozenset(away)
        try:
            return next((item for item in tried if not self._run(item)), None)
        finally:
            GUARDS.away = frozenset()
            for statement in restoring:
                self._execute(statement)

    def _policy_open(self, guard: str) -> sql.Composed:
        """Opens a policy to everybody; returns the statement that restores it."""
        _, table, policy = guard.split(" ")
        with psycopg.connect(self._superuser) as connection:
            row = connection.execute(
                "select qual, with_check from pg_policies where tablename = %s and policyname = %s",
                (table, policy),
            ).fetchone()
        assert row is not None  # noqa: S101 - just listed
        names = (sql.Identifier(policy), sql.Identifier(table))

        def altered(using: str | None, check: str | None) -> sql.Composed:
            parts = [sql.SQL("alter policy {} on {}").format(*names)]
            if using is not None:
                parts.append(sql.SQL("using ({})").format(sql.SQL(using)))
            if check is not None:
                parts.append(sql.SQL("with check ({})").format(sql.SQL(check)))
            return sql.SQL(" ").join(parts)

        self._execute(altered(*("true" if part is not None else None for part in row)))
        return altered(*row)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._superuser, autocommit=True) as connection:
            connection.execute(statement)

    @staticmethod
    def _end(items: list[pytest.Item]) -> None:
        if items:
            items[-1].session._setupstate.teardown_exact(None)


def _below(kind: Any) -> Iterator[Any]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)
