"""Claims about the way of events from the edge into PostgreSQL."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.cameras.world import EVERYTHING
from tests.scopes import scope_of
from warroom.calls import api, store
from warroom.calls.edge.control import Control
from warroom.calls.edge.journal import Event, Journal
from warroom.calls.errors import NoCallError
from warroom.calls.forwarding import Forwarder
from warroom.calls.home import Home
from warroom.identity import api as identity
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule
from warroom.kernel.settings import Configuration

NUMBER = "+62811444"


class Books:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal


class Board:
    """As much of a room as the socket needs to tell events."""

    def __init__(self, path: Path) -> None:
        self.told: list[Callable[[list[Event]], None]] = []
        self.books = Books(Journal(path, self.now_ms, self._written))

    def now_ms(self) -> int:
        return 1_790_000_000_000

    def _written(self, events: list[Event]) -> None:
        for tell in self.told:
            tell(events)


class Line:
    """A journal with a socket before it, and a forwarder behind."""

    def __init__(self, folder: Path, db: Database, clock: FixedClock) -> None:
        self.folder, self.db, self.clock = folder, db, clock
        self.board = Board(folder / "journal.db")
        self.control = Control(folder / "c.sock", self.board, None, None)  # type: ignore[arg-type]
        self.control._commands["health"] = self._health
        self.control._commands["snapshot"] = self._snapshot
        self.live: dict[str, Any] = {"calls": [], "agents": []}
        self.board.told.append(self.control.written)
        self.client = api.EdgeClient(folder / "c.sock")

    async def _health(self, _: Any) -> dict[str, Any]:
        return {"journal": self.journal.identity}

    async def _snapshot(self, _: Any) -> dict[str, Any]:
        return self.live

    @property
    def journal(self) -> Journal:
        return self.board.books.journal

    def forwarder(self) -> Forwarder:
        return Forwarder(self.db, self.clock, EVERYTHING, self.client, self.home(), "n1")

    def home(self, short: str = "PMK") -> Home:
        return Home(self.db, self.clock, EVERYTHING, short)

    async def until_stored(self, seq: int) -> None:
        async with asyncio.timeout(30):
            while self.journal.mark("forwarded") < seq:
                await asyncio.sleep(0.01)


@pytest.fixture
def agencies(db: Database, loop_runner: asyncio.Runner) -> dict[str, UUID]:
    async def make() -> dict[str, UUID]:
        made = {}
        async with db.transaction(EVERYTHING) as tx:
            for short in ("PMK", "POL"):
                new = identity.NewAgency("fire", f"Lembaga {short}", short)
                made[short] = await identity.create_agency(EVERYTHING, tx, new)
        return made

    return loop_runner.run(make())


@pytest.fixture
def line(
    db: Database,
    clock: FixedClock,
    tmp_path: Path,
    agencies: dict[str, UUID],
    loop_runner: asyncio.Runner,
):  # type: ignore[no-untyped-def]
    async def make() -> Line:
        made = Line(tmp_path, db, clock)
        await made.control.start()
        return made

    made = loop_runner.run(make())
    yield made

    async def end() -> None:
        await made.control.stop()
        made.journal.close()

    loop_runner.run(end())


def a_call(journal: Journal) -> str:
    """A call from its offer to its end, with a place; its id."""
    call = str(new_id())
    agent = str(new_id())
    journal.append(
        call, "offered", source="caller", number=NUMBER, line="telkom", direction="in",
        is_emergency=True,
    )  # fmt: skip
    journal.append(
        call, "location", source="caller", of="pidf", latitude=-5.1, longitude=119.4,
        radius_m=18.0, confidence=None, method="GPS", provider="", reference="",
    )  # fmt: skip
    journal.append(call, "ringing", agent=agent)
    journal.append(call, "answered", actor=agent, source="operator")
    journal.append(call, "silent_confirmed", source="caller")
    journal.append(call, "gap", seconds=0.5)
    journal.append(call, "ended", source="caller", reason="remote")
    journal.append(
        call, "recorded", path="r/x.wav", sha256="ab" * 32, duration_s=12.5, received=600, lost=0
    )
    return call


async def read(line: Line, call: str) -> dict[str, Any]:
    async with line.db.transaction(EVERYTHING) as tx:
        return msgspec.json.decode(await api.get_call(EVERYTHING, tx, UUID(call)))


async def test_a_call_is_stored_with_all_that_happened(line: Line) -> None:
    async with line.forwarder():
        call = a_call(line.journal)
        await line.until_stored(8)

    found = await read(line, call)
    assert ("wrap_up", NUMBER, "telkom", 12.5, 0.5, True) == (
        found["state"],
        found["from_number"],
        found["line"],
        found["recording_s"],
        found["gap_s"],
        found["silent_confirmed"],
    )
    assert [(-5.1, 119.4, 18.0, "GPS")] == [
        (place["lat"], place["lon"], place["radius_m"], place["method"])
        for place in found["locations"]
    ]
    assert 8 == len(found["events"])
    assert NUMBER not in str(found["events"])


async def test_what_came_while_nobody_stored_is_stored_later_and_once(line: Line) -> None:
    first = a_call(line.journal)
    async with line.forwarder():
        await line.until_stored(8)
    line.journal._reader.execute("delete from mark where name = 'forwarded'")
    line.journal._reader.commit()
    second = a_call(line.journal)

    async with line.forwarder():
        await line.until_stored(16)

    assert [8, 8] == [len((await read(line, call))["events"]) for call in (first, second)]


async def test_what_the_database_refuses_is_stored_bare_and_keeps_nothing_up(line: Line) -> None:
    refused = str(new_id())
    line.journal.append(refused, "offered", direction="sideways", number=NUMBER)
    line.journal.append(refused, "location", of="pidf", latitude=1.0, longitude=2.0, radius_m=1e99)
    line.journal.append(refused, "answered", actor=str(new_id()), source="operator")

    async with line.forwarder():
        call = a_call(line.journal)
        await line.until_stored(11)

    assert ["offered", "location", "answered"] == [
        event["kind"] for event in (await read(line, refused))["events"]
    ]
    assert 8 == len((await read(line, call))["events"])


async def test_without_an_agency_everything_stays_in_the_journal(line: Line) -> None:
    a_call(line.journal)
    home = line.home("NONE")
    forwarder = Forwarder(line.db, line.clock, EVERYTHING, line.client, home, "n1")
    async with forwarder:
        async with asyncio.timeout(20):
            while forwarder.problem != "agency":
                await asyncio.sleep(0.01)

    assert 0 == line.journal.mark("forwarded")


async def test_calls_of_another_agency_do_not_exist(line: Line, agencies: dict[str, UUID]) -> None:
    async with line.forwarder():
        call = a_call(line.journal)
        await line.until_stored(8)
    own = scope_of(Rule(frozenset({"call:view"}), agencies=frozenset({agencies["PMK"]})))
    other = scope_of(
        Rule(frozenset({"call:view"}), agencies=frozenset({agencies["POL"]})),
        Rule(frozenset({"camera:view"})),
    )
    without = scope_of(Rule(frozenset({"camera:view"})))

    for scope, count in ((own, 1), (other, 0), (without, 0)):
        async with line.db.transaction(scope) as tx:
            page = msgspec.json.decode(await api.list_calls(scope, tx))
            assert count == len(page["items"])
    for scope in (other, without):
        async with line.db.transaction(scope) as tx:
            with pytest.raises(NoCallError):
                await api.get_call(scope, tx, UUID(call))


async def test_the_wall_hides_calls_from_a_query_that_forgets(
    line: Line, agencies: dict[str, UUID]
) -> None:
    async with line.forwarder():
        a_call(line.journal)
        await line.until_stored(8)
    other = scope_of(Rule(frozenset({"call:view"}), agencies=frozenset({agencies["POL"]})))

    async with line.db.transaction(other) as tx:
        for table in ("call", "call_event", "call_location", "call_journal"):
            row = await (await tx.execute(f"select count(*) as n from {table}")).fetchone()
            assert 0 == row["n"], table


async def test_old_calls_are_forgotten_when_they_are_over_classed_or_not(line: Line) -> None:
    async with line.forwarder():
        closed, unclassed, lasting = (a_call(line.journal) for _ in range(3))
        line.journal.append(closed, "closed", call_class="emergency")
        await line.until_stored(25)

    async with line.db.transaction(EVERYTHING) as tx:
        kept = await store.forget_calls(EVERYTHING, tx, datetime.fromtimestamp(1_795_000_000, UTC))
        # A call stays as long as its recording.
        await tx.execute("update call set recording_path = null")
        await tx.execute(
            "update call set state = 'answered', ended_at = null where id = %(id)s",
            {"id": UUID(lasting)},
        )
    async with line.db.transaction(EVERYTHING) as tx:
        gone = await store.forget_calls(EVERYTHING, tx, datetime.fromtimestamp(1_795_000_000, UTC))

    assert kept == []
    assert [2] == [count for _, count in gone]
    for call in (closed, unclassed):
        with pytest.raises(NoCallError):
            await read(line, call)
    assert "answered" == (await read(line, lasting))["state"]


def test_the_settings_say_how_long_calls_are_kept() -> None:
    assert 730 == Configuration({}, {}).section(api.CallSettings).record_days
