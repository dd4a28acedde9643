"""Entries that are a transaction by themselves share commits, and lose nothing by it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.scopes import AT, EVERYTHING
from warroom.audit import api
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Scope


def person(number: int, **more: Any) -> Scope:
    return Scope(UUID(int=number), UUID(int=number % 3), (), AT, "web", label=f"O{number}", **more)


def look(number: int = 0, label: str = "Losari") -> api.Asked:
    return api.Asked("live:view", "camera", new_id(), UUID(int=9), label, detail={"n": number})


async def entries(db: Database) -> list[dict[str, Any]]:
    async with db.transaction(EVERYTHING) as tx:
        found = await tx.execute("select *, xmin::text as tx from audit_entry order by recorded_at")
        return await found.fetchall()


class Gate:
    """Holds the ends of all chains, so that no append ends before it is opened."""

    def __init__(self, superuser: str) -> None:
        self.connection = psycopg.connect(superuser)
        self.connection.execute("select * from audit_head for update")

    async def reached(self) -> None:
        """Returns when an append stands before it."""
        while not self.waiting():
            await asyncio.sleep(0.01)

    def waiting(self) -> list[int]:
        rows = self.connection.execute(
            "select pid from pg_stat_activity"
            " where usename = 'warroom_app' and wait_event_type = 'Lock'"
        ).fetchall()
        # What it tells stays the same for a transaction.
        self.connection.execute("select pg_stat_clear_snapshot()")
        return [pid for (pid,) in rows]

    def open(self) -> None:
        self.connection.rollback()


@pytest.fixture
def gate(connections: Connections) -> Iterator[Gate]:
    made = Gate(connections.superuser)
    yield made
    made.connection.close()


async def test_nobody_goes_on_before_their_entry_is_committed(db: Database, gate: Gate) -> None:
    deeds = [asyncio.create_task(api.record_alone(person(n), db, look(n))) for n in range(3)]
    await gate.reached()

    before = (await entries(db), [deed.done() for deed in deeds])
    gate.open()
    ids = [await deed for deed in deeds]

    assert before == ([], [False] * 3)
    assert {row["id"] for row in await entries(db)} == set(ids)


async def test_what_comes_while_another_is_committed_shares_the_next_commit(
    db: Database, gate: Gate
) -> None:
    first = asyncio.create_task(api.record_alone(person(0), db, look(0)))
    await gate.reached()
    others = [asyncio.create_task(api.record_alone(person(n), db, look(n))) for n in range(1, 20)]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(first, *others)

    rows = await entries(db)
    assert sorted(Counter(row["tx"] for row in rows).values()) == [1, 19]
    by_number = {row["person_id"].int: row for row in rows}
    in_order = [by_number[n]["recorded_at"] for n in range(20)]
    assert in_order == sorted(in_order)


async def test_each_entry_is_signed_by_its_own_scope(db: Database) -> None:
    scopes = [
        person(n, session_id=UUID(int=50 + n), address=f"10.0.0.{n}", purpose=f"Tugas {n}")
        for n in range(5)
    ]

    await asyncio.gather(*(api.record_alone(scope, db, look()) for scope in scopes))

    signed = {
        (r["person_id"], r["agency_id"], r["session_id"], r["address"], r["purpose"], r["door"])
        for r in await entries(db)
    }
    assert signed == {
        (s.person_id, s.agency_id, s.session_id, s.address, s.purpose, "web") for s in scopes
    }


async def test_an_entry_that_is_refused_harms_no_other(db: Database) -> None:
    # PostgreSQL takes no text with a NUL.
    deeds = [
        api.record_alone(person(n), db, look(n, "x\0" if n == 3 else "Losari")) for n in range(6)
    ]

    outcomes = await asyncio.gather(*deeds, return_exceptions=True)

    assert [isinstance(outcome, psycopg.DataError) for outcome in outcomes] == [
        n == 3 for n in range(6)
    ]
    assert {row["person_id"].int for row in await entries(db)} == {0, 1, 2, 4, 5}


async def test_one_that_goes_away_before_its_turn_leaves_no_entry_and_stops_nobody(
    db: Database, gate: Gate
) -> None:
    first = asyncio.create_task(api.record_alone(person(0), db, look()))
    await gate.reached()
    gone = asyncio.create_task(api.record_alone(person(1), db, look()))
    stays = asyncio.create_task(api.record_alone(person(2), db, look()))
    await asyncio.sleep(0)
    gone.cancel()
    gate.open()
    await asyncio.gather(first, stays)

    assert gone.cancelled()
    assert [row["person_id"].int for row in await entries(db)] == [0, 2]


async def test_one_that_goes_away_during_its_commit_stops_nobody(db: Database, gate: Gate) -> None:
    deeds = [asyncio.create_task(api.record_alone(person(n), db, look())) for n in range(3)]
    await gate.reached()
    deeds[1].cancel()
    gate.open()

    outcomes = await asyncio.gather(*deeds, return_exceptions=True)

    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert len(await entries(db)) == 3


async def test_a_database_that_goes_away_is_told_to_all_and_the_next_ones_are_written(
    db: Database, gate: Gate
) -> None:
    deeds = [asyncio.create_task(api.record_alone(person(n), db, look())) for n in range(3)]
    await gate.reached()
    # As a crash between the append and the commit.
    for pid in gate.waiting():
        gate.connection.execute("select pg_terminate_backend(%s)", [pid])
    gate.open()
    outcomes = await asyncio.gather(*deeds, return_exceptions=True)
    later = await api.record_alone(person(7), db, look())

    assert [type(outcome) for outcome in outcomes] == [DatabaseAwayError] * 3
    assert [row["id"] for row in await entries(db)] == [later]


async def test_who_waits_when_the_process_ends_is_let_go(db: Database, gate: Gate) -> None:
    deed = asyncio.create_task(api.record_alone(person(0), db, look()))
    await gate.reached()
    (work,) = [
        task
        for task in asyncio.all_tasks()
        if "Writer._run" in task.get_coro().__qualname__  # type: ignore[union-attr]
    ]

    work.cancel()

    with pytest.raises(asyncio.CancelledError):
        await deed
    assert await entries(db) == []


async def test_sixteen_writers_in_two_pools_leave_whole_chains(
    db: Database, connections: Connections, clock: FixedClock, tmp_path: Path
) -> None:
    @asynccontextmanager
    async def another() -> AsyncIterator[Database]:
        made = Database(connections.app)
        await made.open()
        try:
            yield made
        finally:
            await made.close()

    async def write(pool: Database, number: int) -> list[UUID]:
        return [await api.record_alone(person(number), pool, look(n)) for n in range(40)]

    async with another() as second:
        pools = [db, second]
        ids = await asyncio.gather(*(write(pools[n % 2], n) for n in range(16)))

    anchors = api.open_anchoring(tmp_path, api.AuditSettings())
    outcome = await api.verify(EVERYTHING, db, anchors, clock)
    rows = await entries(db)
    assert (outcome.is_intact, outcome.rows) == (True, 640)
    assert len({row["tx"] for row in rows}) < 640
    for number, made in enumerate(ids):
        assert [row["id"] for row in rows if row["person_id"].int == number] == made
