"""The loop over tests and guards, as a plug-in of pytest."""

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg
import pytest
from _pytest.runner import runtestprotocol
from psycopg import sql

from tools.mutation.equivalents import Equivalent
from tools.mutation.rewrite import GUARDS, ROUTE_GUARD
from tools.mutation.seen import Passed, load, save

_REFUSALS = ("not_found", "forbidden", "unauthenticated")
_SLOW_S = 5.0
_NEAR_S = 30.0
"""So long tests are asked of a guard alone, before all are asked of all that are left."""
_REFUSING = (
    "refus", "wall", "another", "nobody", "absent", "not_exist", "strangers", "no_one", "denied",
    "own", "other", "may_not", "only", "matrix", "words", "cannot", "401", "404",
)  # fmt: skip
_WALL_TESTS = ("second_wall", "walls")


@dataclass
class Report:
    """What came of it.

    Attributes:
        killed: Guard -> the test that missed it.
        one_wall: Those of the killed that are missed where row-level security is away as well.
        survived: Guards that tests pass and none missed.
        unpassed: Guards that no test passes, or that say no in none.
        failing: Tests that fail with every guard in place; they can prove nothing.
        equivalent: Guards that stand behind another, and are missed when it is away.
        stale: Equivalents that are not there any more, or that a test misses alone.
    """

    killed: dict[str, str] = field(default_factory=dict)
    one_wall: list[str] = field(default_factory=list)
    survived: list[str] = field(default_factory=list)
    unpassed: list[str] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    equivalent: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _OnlySession:
    """Stands for a test that shares nothing but the session with the one before."""

    session: pytest.Session

    def listchain(self) -> list[pytest.Session]:
        """What must not be torn down for it."""
        return [self.session]


class Mutation:
    """Runs the tests that pass a guard without it, until one fails.

    First some tests of the guard's own domain; then all tests, for the guards that are left over,
    as long as they fail with all of them or with half of them away.

    Args:
        only: Guards in whose name one of these patterns is found; all if there are none.
        equivalents: Guards that stand behind others, by name.
        before: Guard -> the test that missed it in an earlier run; it is asked first.
        kept: Those of them that need not be asked again.
        told: Is given the report after each guard.
        seen: File of what each test passes; with it every test first runs once by itself.
    """

    def __init__(
        self,
        only: Sequence[str],
        equivalents: Mapping[str, Equivalent],
        before: Mapping[str, str] | None = None,
        kept: Collection[str] = (),
        told: Callable[[Report], None] | None = None,
        seen: Path | None = None,
    ) -> None:
        self.report = Report()
        self._before = before or {}
        self._kept = kept
        self._told = told
        self._seen = seen
        self._items: list[pytest.Item] = []
        self._folders: dict[pytest.Item, str] = {}
        self._passed: dict[pytest.Item, Passed | None] = {}
        self._steady: set[pytest.Item] = set()
        self._asked: set[tuple[str, pytest.Item]] = set()
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
        self._take(session.items)
        # The policies are asked of a database, which the first test that needs one starts.
        started = (i for i in self._items if "postgres" in getattr(i, "fixturenames", ()))
        any(self._first(item) for item in started)
        self._watch_policies()
        self._passed.clear()  # what the first one passed was seen without policies
        if self._seen is not None:
            self._learn(self._seen)
        guards = sorted(self._guards(), key=lambda name: (_home(name) == "app", name))
        left = []
        for number, guard in enumerate(guards, 1):
            self._say(f"{number}/{len(guards)} {guard}")
            if not self._is_killed(guard):
                left.append(guard)
                self._say(f"NOT MISSED by the tests of its domain: {guard}")
            self._tell()
            if self._seen is not None and number % 10 == 0:
                self._keep(self._seen)
        for guard in self._left_by_all(left):
            self._judge(guard)
            self._tell()
        self._end(session.items)
        return True

    def _learn(self, path: Path) -> None:
        """Runs every test once with every guard in place, those apart that the file knows."""
        told = load(path)
        self._passed = {i: told[i.nodeid] for i in self._items if i.nodeid in told}
        began = time.monotonic()
        for number, item in enumerate(self._items, 1):
            is_new = item not in self._passed
            self._first(item)
            if is_new and (number % 50 == 0 or number == len(self._items)):
                self._say(f"learnt {number}/{len(self._items)} {time.monotonic() - began:.0f} s")
                self._keep(path)

    def _keep(self, path: Path) -> None:
        """Writes what each test passes; of tests that were not chosen what was there before."""
        known = {i.nodeid: one for i, one in self._passed.items() if one is not None}
        save(path, load(path) | known)

    def _take(self, items: Sequence[pytest.Item]) -> None:
        self._items = list(items)
        self._folders = {item: _folder(item.nodeid) for item in items}

    def _tell(self) -> None:
        if self._told is not None:
            self._told(self.report)

    @staticmethod
    def _say(line: str) -> None:
        print(line, flush=True)

    def _run(self, item: pytest.Item) -> bool:
        """Whether the test passes; afterwards only what lives as long as the session is left."""
        item._initrequest()  # type: ignore[attr-defined] # the same test, once more from the start
        following: Any = _OnlySession(item.session)
        self._outcomes = runtestprotocol(item, log=False, nextitem=following)
        return all(outcome.passed for outcome in self._outcomes)

    def _first(self, item: pytest.Item) -> bool:
        """Runs a test with every guard in place, once; whether it can prove something."""
        if item not in self._passed:
            is_good, seen = self._timed(item)
            self._remember(item, seen, is_good=is_good)
        return self._passed[item] is not None

    def _timed(self, item: pytest.Item) -> tuple[bool, Passed]:
        GUARDS.passed.clear()
        began = time.monotonic()
        is_good = self._run(item)
        return is_good, Passed(time.monotonic() - began, set(GUARDS.passed))

    def _remember(self, item: pytest.Item, seen: Passed, *, is_good: bool) -> None:
        """Keeps what a test did with every guard in place that it passes."""
        self._passed[item] = seen if is_good else None
        if not is_good and any(outcome.failed for outcome in self._outcomes):
            self.report.failing.append(item.nodeid)
        if seen.seconds > _SLOW_S:
            self._say(f"    {seen.seconds:.0f} s {item.nodeid}")

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
        found = [*calls, *routes, *chain(*GUARDS.policies.values())]
        self.report.stale = [name for name in self._equivalents if name not in found]
        return [name for name in found if self._is_wanted(name)]

    def _is_wanted(self, name: str) -> bool:
        return not self._only or any(re.search(one, name) for one in self._only)

    def _watch_policies(self) -> None:
        """Has every query pass the policies of the tables that it names."""
        if not self._superuser:
            return
        with psycopg.connect(self._superuser) as connection:
            # One that says `true` lets everybody through as it is.
            rows = connection.execute(
                "select tablename, policyname from pg_policies"
                " where qual <> 'true' or with_check <> 'true' order by 1, 2"
            )
            for table, policy in rows:
                GUARDS.policies.setdefault(table, []).append(f"policy {table} {policy}")

    def _is_killed(self, guard: str) -> bool:
        """Whether the tests nearest to a guard miss it."""
        before = self._before.get(guard)
        if before is not None and guard in self._kept:
            self.report.killed[guard] = before
            return True
        known = [item for item in self._items if item.nodeid == before]
        return (
            self._is_killed_by(known, guard)
            or self._is_killed_by(self._near(guard), guard, _NEAR_S)
            or (_narrows(guard) and self._is_killed_with_one_wall(guard))
        )

    def _is_killed_with_one_wall(self, guard: str) -> bool:
        """Whether the same tests miss a predicate with no row-level security behind it.

        Two walls that say the same hide each other; each is proven with the other one away.
        """
        asked = [item for item in self._items if (guard, item) in self._asked]
        self._execute(sql.SQL("alter role warroom_app bypassrls"))
        try:
            for item in asked:
                with self._without({guard}):
                    is_good = self._run(item)
                if not is_good and self._run(item):
                    self._note(guard, item)
                    self.report.one_wall.append(guard)
                    return True
        finally:
            self._execute(sql.SQL("alter role warroom_app nobypassrls"))
        return False

    def _is_killed_by(
        self, items: Sequence[pytest.Item], guard: str, most_s: float | None = None
    ) -> bool:
        killer = self._killer({guard}, items, most_s)
        if killer is None:
            return False
        self._note(guard, killer)
        return True

    def _note(self, guard: str, killer: pytest.Item) -> None:
        self.report.killed[guard] = killer.nodeid
        self._missed[_module(guard), killer] += 1
        if guard in self._equivalents:
            self.report.stale.append(guard)

    def _near(self, guard: str) -> list[pytest.Item]:
        """The tests to ask of a guard alone; those that are known to pass it, of every domain."""
        if self._seen is not None:
            return [item for item, seen in self._passed.items() if seen and guard in seen.guards]
        home = _home(guard)
        items = [item for item, folder in self._folders.items() if folder == home]
        return sorted(items, key=lambda item: -self._likelihood(guard, item))

    def _likelihood(self, guard: str, item: pytest.Item) -> float:
        """How likely it is that a test misses a guard, beside that of others."""
        name = item.nodeid
        words = _WALL_TESTS if guard.startswith("policy ") else _REFUSING
        module = guard.partition(".py ")[0].rpartition("/")[2]
        return (
            (3.0 if any(word in name for word in words) else 1.0)
            * (3.0 if self._folders[item] == _home(guard) else 1.0)
            * (2.0 if module in name else 1.0)
            * (1.0 + 2.0 * self._missed[_module(guard), item])
        )

    def _left_by_all(self, left: Sequence[str]) -> list[str]:
        """The guards that no test misses, whatever it is a test of.

        Each test runs once without all that are left over; if it fails, without half of them.
        """
        waiting = set(left)
        for number, item in enumerate(self._items, 1):
            away = {guard for guard in waiting if (guard, item) not in self._asked}
            if away:
                self._say(f"{number}/{len(self._items)} without {len(away)}: {item.nodeid}")
                waiting -= self._killed_by(item, away)
                self._tell()
        return [guard for guard in left if guard not in self.report.killed]

    def _killed_by(self, item: pytest.Item, away: set[str]) -> set[str]:
        """Those of the guards that a test misses, each alone."""
        seen = self._passed.get(item)
        away = away & seen.guards if seen else away
        if not away or (item in self._passed and seen is None):
            return set()
        if len(away) == 1:
            (guard,) = away
            return away if self._is_killed_by([item], guard) else set()
        if self._killer(away, [item]) is None:
            return set()
        order = sorted(away)
        halves = (set(order[: len(order) // 2]), set(order[len(order) // 2 :]))
        return set().union(*(self._killed_by(item, half) for half in halves))

    def _judge(self, guard: str) -> None:
        """Says what a guard is that no test misses alone."""
        equivalent = self._equivalents.get(guard)
        if equivalent and self._killer(
            {guard, *equivalent.behind}, [*self._near(guard), *self._items]
        ):
            self.report.equivalent.append(guard)
        elif not any(asked == guard for asked, _ in self._asked):
            self.report.unpassed.append(guard)  # in no test does it say no
        else:
            self.report.survived.append(guard)
            self._say(f"SURVIVED {guard}")

    def _killer(
        self, away: set[str], items: Sequence[pytest.Item], most_s: float | None = None
    ) -> pytest.Item | None:
        """The first test that fails without these guards, and passes with them.

        No test is begun when those before it took `most_s` seconds. Those that cost least for
        what they promise are asked first. A test that was not run before is run without the
        guards at once: if it does not pass one of them, it is known what it passes, and if it
        does and fails, it is run again with them.
        """
        guard = min(away)
        known = [
            (item, seen.seconds)
            for item in items
            if (seen := self._passed.get(item)) is not None and away & seen.guards
        ]
        known.sort(key=lambda one: (one[1] + 0.2) / self._likelihood(guard, one[0]))
        new = [item for item in items if item not in self._passed]
        spent_s = 0.0
        for item in (*(item for item, _ in known), *new):
            if most_s is not None and spent_s > most_s:
                break
            with self._without(away):
                is_good, seen = self._timed(item)
            passed = away & seen.guards
            if not passed and (is_good or item not in self._passed):
                # Nothing was missing in it: this is what it passes with every guard in place.
                self._remember(item, seen, is_good=is_good)
            self._asked.update((guard, item) for guard in passed)
            spent_s += seen.seconds
            if passed and not is_good and self._is_steady(item):
                return item
        return None

    def _is_steady(self, item: pytest.Item) -> bool:
        """Whether a test passes with every guard in place, after it failed without one."""
        if item not in self._steady:
            self._passed.pop(item, None)  # that it passed once is not enough
            if not self._first(item):
                return False
            self._steady.add(item)
        return True

    @contextmanager
    def _without(self, away: set[str]) -> Iterator[None]:
        restoring = [self._policy_open(name) for name in away if name.startswith("policy ")]
        GUARDS.away = frozenset(away)
        try:
            yield
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

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self._superuser, autocommit=True) as connection:
            connection.execute(statement)

    @staticmethod
    def _end(items: list[pytest.Item]) -> None:
        if items:
            items[-1].session._setupstate.teardown_exact(None)


def _narrows(guard: str) -> bool:
    """Whether a guard is a predicate of a query."""
    return " where " in guard or guard.rstrip(" 0123456789").endswith(" narrow")


def _module(guard: str) -> str:
    """What a guard has in common with those that one test may well miss together with it."""
    return guard.rpartition(" ")[0] if guard.startswith("policy ") else guard.partition(" ")[0]


def _home(guard: str) -> str:
    """The folder of the tests that are nearest to a guard."""
    return "app" if guard.startswith(("route ", "policy ")) else guard.partition("/")[0]


def _folder(nodeid: str) -> str:
    """`access` of `tests/access/test_rules.py::test_...`."""
    parts = nodeid.partition("::")[0].split("/")
    return parts[1] if len(parts) > 2 else parts[0]


def _below(kind: Any) -> Iterator[Any]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)
