"""Transactions carry their scope, and the second wall holds when it is forgotten."""

import asyncio
import contextlib
import time
from uuid import UUID

import psycopg
import psycopg.conninfo
import pytest

from tests.scopes import EVERYTHING, scope_of
from warroom.kernel import leases, outbox
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.ids import new_id
from warroom.kernel.outbox import Position
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Rule


async def test_the_scope_is_gone_with_its_transaction(db: Database) -> None:
    agency = new_id()
    scope = scope_of(Rule(frozenset({"camera:view"}), agencies=frozenset({agency})))

    async with db.transaction(scope) as tx:
        inside = await (await tx.execute("select warroom_sees(%s)", [agency])).fetchone()
    with psycopg.connect(db.dsn, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("select set_config('warroom.agencies', %s, true)", [f"{{{agency}}}"])
        # A setting that was local once is not null afterwards but empty.
        outside = connection.execute("select warroom_sees(%s)", [agency]).fetchone()

    assert inside == {"warroom_sees": True}
    assert outside in ((None,), (False,))


async def test_a_transaction_that_fails_leaves_nothing(db: Database, clock: FixedClock) -> None:
    async def fail_halfway() -> None:
        async with db.transaction(EVERYTHING) as tx:
            await outbox.publish(tx, "x.y", {}, agency_id=None, now=clock.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_halfway()

    async with db.transaction(EVERYTHING) as tx:
        assert await outbox.read(tx, Position(0, 0)) == []


async def test_an_event_that_commits_late_is_not_lost(db: Database, clock: FixedClock) -> None:
    async with db.transaction(EVERYTHING) as slow:
        await outbox.publish(slow, "x.y", "slow", agency_id=None, now=clock.now())
        async with db.transaction(EVERYTHING) as fast:
            await outbox.publish(fast, "x.y", "fast", agency_id=None, now=clock.now())
        async with db.transaction(EVERYTHING) as reader:
            early = await outbox.read(reader, Position(0, 0))
            waits = await outbox.is_pending(reader)
    async with db.transaction(EVERYTHING) as reader:
        late = await outbox.read(reader, Position(0, 0))

    assert (early, waits) == ([], True)
    assert [event.body for event in late] == [b'"slow"', b'"fast"']


async def test_a_scope_of_one_agency_cannot_read_the_outbox(
    db: Database, clock: FixedClock
) -> None:
    async with db.transaction(EVERYTHING) as tx:
        await outbox.publish(tx, "x.y", {}, agency_id=None, now=clock.now())
    narrow = scope_of(Rule(frozenset({"*"}), agencies=frozenset({new_id()})))

    async with db.transaction(narrow) as tx:
        assert await outbox.read(tx, Position(0, 0)) == []


async def test_one_holder_has_a_lease_until_it_gives_it_back(db: Database) -> None:
    async with db.transaction(EVERYTHING) as tx:
        first = await leases.acquire(tx, "k", "a", "one", 30)
        refused = await leases.acquire(tx, "k", "a", "two", 30)
        await leases.release(tx, "k", ["a"], "one")
        second = await leases.acquire(tx, "k", "a", "two", 30)
        assert first is not None
        assert second is not None
        still = await leases.is_held(tx, first)

    assert refused is None
    assert second.fence > first.fence
    assert still is False


async def test_many_leases_are_shared_by_capacity(db: Database) -> None:
    keys = [f"c{number}" for number in range(10)]
    async with db.transaction(EVERYTHING) as tx:
        one = await leases.claim(tx, "camera", keys, "one", most=6, ttl_s=30)
        two = await leases.claim(tx, "camera", keys, "two", most=6, ttl_s=30)
        again = await leases.claim(tx, "camera", keys, "one", most=6, ttl_s=30)

    assert (len(one), len(two)) == (6, 4)
    assert set(one).isdisjoint(two)
    assert one == again


async def test_a_database_that_is_away_is_said_so() -> None:
    away = Database("host=/nonexistent user=x dbname=x", wait_s=0.2)
    await away.open()
    try:
        with pytest.raises(DatabaseAwayError):
            async with away.transaction(EVERYTHING):
                pass
        assert await away.is_there() is False
    finally:
        await away.close()


def test_ids_sort_by_the_time_of_their_making(connections: Connections) -> None:
    first, second = new_id(), new_id()

    assert (first.version, UUID(int=first.int).variant == "specified in RFC 4122" and 2) == (7, 2)
    assert first.int >> 80 <= second.int >> 80


async def test_a_database_that_went_is_known_to_be_away_and_to_be_back(db: Database) -> None:
    gone = Database("host=127.0.0.1 port=9 user=nobody", wait_s=0.05)
    await gone.open()
    told = gone.listen("nothing")
    heard = await anext(told)
    was_away = gone.is_away
    await told.aclose()
    gone.is_away = False
    with pytest.raises(DatabaseAwayError):
        async with gone.transaction(EVERYTHING):
            pass
    assert (heard, was_away, gone.is_away) == ((), True, True)
    await gone.close()

    db.is_away = True
    async with db.transaction(EVERYTHING):
        assert not db.is_away


async def test_a_statement_that_is_refused_says_nothing_of_the_database(db: Database) -> None:
    async def too_slow() -> None:
        async with db.transaction(EVERYTHING) as tx:
            await tx.execute("set local statement_timeout = 1")
            await tx.execute("select pg_sleep(5)")

    with pytest.raises(DatabaseAwayError):
        await too_slow()
    assert not db.is_away


async def test_work_that_can_do_without_waits_for_no_database(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warroom.kernel.db.SOON_S", 0.05)
    begun: list[str] = []

    async def work(name: str, seconds: float) -> str:
        begun.append(name)
        await asyncio.sleep(seconds)
        return name

    assert await db.soon(work("quick", 0)) == "quick"
    with pytest.raises(DatabaseAwayError):
        await db.soon(work("frozen", 0.2))
    assert db.is_away
    with pytest.raises(DatabaseAwayError):
        await db.soon(work("later", 0))
    assert begun == ["quick", "frozen"]


class Door:
    """A door before PostgreSQL that can be shut: connections break, and none can be made."""

    def __init__(self, dsn: str) -> None:
        told = psycopg.conninfo.conninfo_to_dict(dsn)
        self._behind = str(told["host"]), int(told.get("port") or 5432)
        self._told, self._port = told, 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def open(self) -> str:
        """Opens it; the connection string through it."""
        self._server = await asyncio.start_server(self._through, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        words = {**self._told, "host": "127.0.0.1", "port": self._port}
        return psycopg.conninfo.make_conninfo(**words)

    def shut(self) -> None:
        """Shuts it on everybody."""
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self._behind
        if host.startswith("/"):
            there = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            there = await asyncio.open_connection(host, port)
        self._open |= {writer, there[1]}
        await asyncio.gather(_pour(reader, there[1]), _pour(there[0], writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while some := await reader.read(65_536):
            writer.write(some)
    writer.close()


async def test_a_database_that_is_back_is_used_at_once_however_long_it_was_away(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As after an outage of minutes: the pool of the library would look again in an hour.
    monkeypatch.setattr("psycopg_pool.base.AttemptWithBackoff.DELAY_BACKOFF", 3600.0)
    door = Door(db.dsn)
    behind = Database(await door.open(), max_size=1)
    await behind.open()

    async def work() -> None:
        async with behind.transaction(EVERYTHING) as tx:
            await tx.execute("select 1")

    await work()
    door.shut()
    with pytest.raises(DatabaseAwayError):
        await work()
    assert behind.is_away
    async with asyncio.timeout(30):
        while behind._pool._nconns:  # every try from before the outage was given up
            await asyncio.sleep(0.05)
    await door.open()

    await work()

    assert not behind.is_away
    await behind.close()
    door.shut()


async def test_connections_that_broke_while_idle_fail_nobody(db: Database) -> None:
    restarted = Database(db.dsn, min_size=4, max_size=4)
    await restarted.open()
    await restarted._pool.wait()

    async def work() -> None:
        async with restarted.transaction(EVERYTHING) as tx:
            await tx.execute("select 1")

    dead = [one.info.backend_pid for one in restarted._pool._pool]
    async with db.transaction(EVERYTHING) as tx:
        await tx.execute("select pg_terminate_backend(pid) from unnest(%s::int[]) pid", [dead])

    await asyncio.gather(*(work() for _ in range(8)))

    assert len(dead) == 4
    assert not restarted.is_away
    await restarted.close()


async def test_what_breaks_after_its_begin_is_not_done_again(db: Database) -> None:
    begun = []

    async def break_off() -> None:
        async with db.transaction(EVERYTHING) as tx:
            begun.append(tx)
            await tx.execute("select pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DatabaseAwayError):
        await break_off()

    assert len(begun) == 1
    async with db.transaction(EVERYTHING) as tx:
        assert await (await tx.execute("select 1 as one")).fetchone() == {"one": 1}


async def test_a_restart_is_waited_for_and_a_long_outage_is_not(db: Database) -> None:
    assert db._patience_s() == 5.0
    db.is_away = True
    assert db._patience_s() == 5.0
    db._away_since = time.monotonic() - 60
    db.is_away = True
    assert db._patience_s() == 0.5
    db.is_away = False
    assert db._patience_s() == 5.0
