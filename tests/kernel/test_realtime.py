"""Events reach those who may hear them, in order, without a hole."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from starlette.websockets import WebSocketDisconnect
from structlog.testing import capture_logs

from tests.scopes import EVERYTHING, scope_of
from warroom.kernel import outbox, realtime
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.realtime import Hub, Topic
from warroom.kernel.scope import Rule, Scope, Sides

POLICE, FIRE = UUID(int=1), UUID(int=2)
OF_POLICE = scope_of(Rule(frozenset({"camera:view"}), agencies=frozenset({POLICE})))
TOPICS = (
    Topic("cameras.state", "camera:view"),
    Topic("audit.row", "audit:read"),
    Topic("own.note", "camera:view", is_personal=True),
    Topic("roads.state", "camera:view", is_common=True),
)


class Tab:
    """A browser's end of the socket, without a browser."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.asks: asyncio.Queue[str | None] = asyncio.Queue()
        self.closed: int | None = None
        self.changed = asyncio.Event()

    async def send_text(self, text: str) -> None:
        self.got.append(msgspec.json.decode(text))
        self.changed.set()

    async def receive_text(self) -> str:
        asked = await self.asks.get()
        if asked is None:
            raise WebSocketDisconnect
        return asked

    async def close(self, code: int) -> None:
        self.closed = code

    def subscribe(self, *topics: str, after: str | None = None) -> None:
        ask = {"op": "subscribe", "topics": list(topics), "after": after}
        self.asks.put_nowait(msgspec.json.encode(ask).decode())

    async def until(self, true: Callable[[], bool]) -> None:
        async def wait() -> None:
            while not true():
                self.changed.clear()
                await self.changed.wait()

        await asyncio.wait_for(wait(), 10)

    def bodies(self) -> list[Any]:
        return [message["body"] for message in self.got if message["type"] == "event"]


@asynccontextmanager
async def running(db: Database, clock: FixedClock) -> AsyncIterator[Hub]:
    hub = Hub(TOPICS, db, EVERYTHING, clock)
    task = asyncio.create_task(hub.run())
    try:
        while hub._begin is None:
            await asyncio.sleep(0.01)
        yield hub
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def open_tab(
    hub: Hub, scope: Scope, still: Callable[[], Awaitable[Scope | None]] | None = None
) -> AsyncIterator[Tab]:
    async def same() -> Scope | None:
        return scope

    tab = Tab()
    task = asyncio.create_task(hub.serve(tab, scope, still or same))  # type: ignore[arg-type]
    try:
        await tab.until(lambda: bool(tab.got))
        yield tab
    finally:
        tab.asks.put_nowait(None)
        await asyncio.wait_for(task, 10)


async def tell(db: Database, clock: FixedClock, agency: UUID, *bodies: Any) -> None:
    async with db.transaction(EVERYTHING) as tx:
        for body in bodies:
            await outbox.publish(tx, "cameras.state", body, agency_id=agency, now=clock.now())


async def test_a_tab_hears_only_its_agencys_things(db: Database, clock: FixedClock) -> None:
    async with running(db, clock) as hub, open_tab(hub, OF_POLICE) as tab:
        tab.subscribe("cameras.state")
        await asyncio.sleep(0.05)
        await tell(db, clock, FIRE, "fire")
        await tell(db, clock, POLICE, 1, 2, 3)
        await tab.until(lambda: len(tab.bodies()) == 3)

    assert tab.bodies() == [1, 2, 3]


async def test_a_topic_without_the_right_is_silent(db: Database, clock: FixedClock) -> None:
    async with running(db, clock) as hub, open_tab(hub, OF_POLICE) as tab:
        tab.subscribe("audit.row", "no.such.topic", "cameras.state")
        await asyncio.sleep(0.05)
        async with db.transaction(EVERYTHING) as tx:
            for topic in ("audit.row", "no.such.topic"):
                await outbox.publish(tx, topic, topic, agency_id=POLICE, now=clock.now())
        await tell(db, clock, POLICE, "last")
        await tab.until(lambda: bool(tab.bodies()))

    assert tab.bodies() == ["last"]


async def test_a_personal_event_reaches_that_person_alone(db: Database, clock: FixedClock) -> None:
    asker, other = uuid4(), uuid4()
    everything = Rule(frozenset({"*"}))
    async with (
        running(db, clock) as hub,
        open_tab(hub, scope_of(everything, person_id=asker)) as tab,
        open_tab(hub, scope_of(everything)) as nobody,
    ):
        for each in (tab, nobody):
            each.subscribe("own.note", "cameras.state")
        await asyncio.sleep(0.05)
        async with db.transaction(EVERYTHING) as tx:
            for person in (other, asker, None):
                await outbox.publish(
                    tx, "own.note", str(person), agency_id=POLICE, object_id=person, now=clock.now()
                )
        await tell(db, clock, POLICE, "last")
        await tab.until(lambda: "last" in tab.bodies())
        await nobody.until(lambda: "last" in nobody.bodies())

    assert tab.bodies() == [str(asker), "last"]
    assert nobody.bodies() == ["last"]


async def test_a_tab_that_comes_back_gets_what_it_missed(db: Database, clock: FixedClock) -> None:
    async with running(db, clock) as hub:
        async with open_tab(hub, OF_POLICE) as first:
            first.subscribe("cameras.state")
            await asyncio.sleep(0.05)
            await tell(db, clock, POLICE, "seen")
            await first.until(lambda: bool(first.bodies()))
        await tell(db, clock, POLICE, "missed")
        async with open_tab(hub, OF_POLICE) as second:
            second.subscribe("cameras.state", after=first.got[-1]["id"])
            await second.until(lambda: bool(second.bodies()))

    assert second.bodies() == ["missed"]


async def test_a_tab_that_comes_back_gets_nothing_of_other_agencies(
    db: Database, clock: FixedClock
) -> None:
    async with running(db, clock) as hub:
        async with open_tab(hub, OF_POLICE) as first:
            first.subscribe("cameras.state")
            await asyncio.sleep(0.05)
            await tell(db, clock, POLICE, "seen")
            await first.until(lambda: bool(first.bodies()))
        await tell(db, clock, FIRE, "hidden")
        await tell(db, clock, POLICE, "missed")
        async with open_tab(hub, OF_POLICE) as second:
            second.subscribe("cameras.state", after=first.got[-1]["id"])
            await second.until(lambda: "missed" in second.bodies())

    assert second.bodies() == ["missed"]


async def test_only_a_topic_that_may_be_heard_starts_anew(db: Database, clock: FixedClock) -> None:
    await tell(db, clock, POLICE, "before the hub")
    async with running(db, clock) as hub, open_tab(hub, OF_POLICE) as tab:
        tab.subscribe("audit.row", "cameras.state", after="1.1")
        await tab.until(lambda: {"type": "reset", "topic": "cameras.state"} in tab.got)

    assert [m["topic"] for m in tab.got if m["type"] == "reset"] == ["cameras.state"]


async def test_what_belongs_to_no_agency_is_heard_where_the_right_holds(
    db: Database, clock: FixedClock
) -> None:
    in_wajo = scope_of(Rule(frozenset({"camera:view"}), places=frozenset({"73.71.03"})))
    async with running(db, clock) as hub, open_tab(hub, in_wajo) as tab:
        tab.subscribe("roads.state")
        await asyncio.sleep(0.05)
        async with db.transaction(EVERYTHING) as tx:
            for place in ("73.71.04", "73.71.03.1001"):
                await outbox.publish(
                    tx, "roads.state", place, agency_id=None, place=place, now=clock.now()
                )
        await tab.until(lambda: "73.71.03.1001" in tab.bodies())

    assert tab.bodies() == ["73.71.03.1001"]


async def test_who_lost_the_word_hears_no_more_of_what_is_their_own(
    db: Database, clock: FixedClock, monkeypatch: Any
) -> None:
    monkeypatch.setattr("warroom.kernel.realtime.PING_S", 1e6)
    asker = uuid4()
    everything = scope_of(Rule(frozenset({"*"})), person_id=asker)
    without = scope_of(Rule(frozenset({"audit:read"})), person_id=asker)

    async def still() -> Scope | None:
        return without

    async with running(db, clock) as hub, open_tab(hub, everything, still) as tab:
        tab.subscribe("own.note", "audit.row")
        await asyncio.sleep(0.05)
        await hub.recheck()
        await tab.until(lambda: any(message["type"] == "ping" for message in tab.got))
        async with db.transaction(EVERYTHING) as tx:
            await outbox.publish(
                tx, "own.note", "own", agency_id=POLICE, object_id=asker, now=clock.now()
            )
            await outbox.publish(tx, "audit.row", "last", agency_id=POLICE, now=clock.now())
        await tab.until(lambda: "last" in tab.bodies())

    assert tab.bodies() == ["last"]


async def test_a_tab_away_too_long_starts_anew(db: Database, clock: FixedClock) -> None:
    await tell(db, clock, POLICE, "before the hub")
    async with running(db, clock) as hub, open_tab(hub, OF_POLICE) as tab:
        tab.subscribe("cameras.state", after="1.1")
        await tab.until(lambda: len(tab.got) > 1)

    assert tab.got[1] == {"type": "reset", "topic": "cameras.state"}


async def test_nonsense_closes_the_socket(db: Database, clock: FixedClock) -> None:
    async with running(db, clock) as hub, open_tab(hub, OF_POLICE) as tab:
        tab.asks.put_nowait('{"op": 1')
        await asyncio.sleep(0.1)

    assert tab.closed == 4400


async def test_the_end_of_the_session_ends_the_socket(
    db: Database, clock: FixedClock, monkeypatch: Any
) -> None:
    monkeypatch.setattr("warroom.kernel.realtime.PING_S", 0.05)

    async def gone() -> Scope | None:
        return None

    async with running(db, clock) as hub, open_tab(hub, OF_POLICE, gone) as tab:
        await asyncio.sleep(0.3)

    assert tab.closed == 4401


async def test_a_socket_asks_anew_at_once_when_rights_were_changed(
    db: Database, clock: FixedClock, monkeypatch: Any
) -> None:
    monkeypatch.setattr("warroom.kernel.realtime.PING_S", 1e6)
    rights: list[Scope | None] = [OF_POLICE]

    async def still() -> Scope | None:
        return rights[0]

    async with running(db, clock) as hub, open_tab(hub, EVERYTHING, still) as tab:
        tab.subscribe("cameras.state")
        await hub.recheck()
        await tab.until(lambda: any(message["type"] == "ping" for message in tab.got))
        await tell(db, clock, FIRE, "hidden")
        await tell(db, clock, POLICE, "shown")
        await tab.until(lambda: bool(tab.bodies()))

    assert tab.bodies() == ["shown"]


async def test_a_slow_tab_is_told_to_start_anew_and_costs_bounded_memory(
    db: Database, clock: FixedClock, monkeypatch: Any
) -> None:
    monkeypatch.setattr("warroom.kernel.realtime.QUEUE_EVENTS", 10)
    async with running(db, clock) as hub, open_tab(hub, OF_POLICE) as tab:
        tab.subscribe("cameras.state")
        await asyncio.sleep(0.05)
        await tell(db, clock, POLICE, *range(25))
        await tab.until(lambda: bool(tab.bodies()) and tab.bodies()[-1] == 24)

    assert {"type": "reset", "topic": "cameras.state"} in tab.got
    assert len(tab.bodies()) <= 10


@pytest.mark.parametrize(("limit", "value"), [("KEPT_EVENTS", 3), ("KEPT_BYTES", 700)])
async def test_what_is_kept_is_bounded_and_a_tab_behind_it_starts_anew(
    db: Database, clock: FixedClock, monkeypatch: Any, limit: str, value: int
) -> None:
    monkeypatch.setattr(f"warroom.kernel.realtime.{limit}", value)
    async with running(db, clock) as hub, open_tab(hub, OF_POLICE) as tab:
        tab.subscribe("cameras.state")
        await asyncio.sleep(0.05)
        await tell(db, clock, POLICE, *range(9))
        await tab.until(lambda: len(tab.bodies()) == 9)
        ids = [message["id"] for message in tab.got if message["type"] == "event"]
        async with open_tab(hub, OF_POLICE) as late, open_tab(hub, OF_POLICE) as near:
            late.subscribe("cameras.state", after=ids[0])
            near.subscribe("cameras.state", after=ids[7])
            await late.until(lambda: len(late.got) > 1)
            await near.until(lambda: bool(near.bodies()))

    assert late.got[1] == {"type": "reset", "topic": "cameras.state"}
    assert near.bodies() == [8]
    assert len(hub._kept) < 9


def _sides(agency: UUID, thing: UUID) -> Sides:
    return {
        "agency_id": agency, "place": None, "object_id": thing, "tags": (), "class_": None,
    }  # fmt: skip


async def test_of_many_things_each_tab_hears_its_own_in_one_message(
    db: Database, clock: FixedClock
) -> None:
    ours, denied, theirs = UUID(int=11), UUID(int=12), UUID(int=13)
    scope = scope_of(
        Rule(frozenset({"camera:view"}), agencies=frozenset({POLICE})),
        Rule(frozenset({"camera:view"}), objects=frozenset({denied}), deny=True),
    )
    things = [
        (_sides(POLICE, ours), b'{"n":1}'),
        (_sides(POLICE, denied), b'{"n":2}'),
        (_sides(FIRE, theirs), b'{"n":3}'),
    ]
    async with running(db, clock) as hub, open_tab(hub, scope) as tab:
        hub.tell("cameras.state", things)
        assert not hub.has_listeners("cameras.state")
        tab.subscribe("cameras.state")
        await asyncio.sleep(0.05)
        assert hub.has_listeners("cameras.state")
        hub.tell("cameras.state", things)
        hub.tell("cameras.state", things[1:])
        hub.tell("cameras.state", things)
        await tab.until(lambda: len(tab.bodies()) == 2)

        assert tab.bodies() == [{"items": [{"n": 1}]}] * 2
        assert tab.got[-1]["id"] == tab.got[0]["id"]


async def test_what_holds_events_back_is_named_in_the_log(
    db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime, "HELD_S", 0.0)
    with capture_logs() as logs:
        async with running(db, clock), db.transaction(EVERYTHING) as open_one:
            await outbox.publish(open_one, "x.y", {}, agency_id=None, now=clock.now())
            await tell(db, clock, POLICE, {})
            async with asyncio.timeout(10):
                while not logs:
                    clock.advance(1.0)
                    await asyncio.sleep(0.01)
            (own,) = await (await open_one.execute("select pg_backend_pid() as pid")).fetchall()

    assert {"outbox_held"} == {line["event"] for line in logs}
    assert (own["pid"], "idle in transaction") == (logs[0]["pid"], logs[0]["state"])
