"""Calls while PostgreSQL is away: shown by the edge's journal, and dealt with by the edge."""

import asyncio
import random
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.calls.test_desk import agent, desk
from tests.calls.test_forwarding import Line, a_call, agencies, line  # noqa: F401
from tests.scopes import EVERYTHING
from warroom.calls import desk_store
from warroom.calls.edge.unclosed import MOST, queue_of, row_of
from warroom.calls.errors import CallStateError, EdgeAwayError, NoCallError, WayError
from warroom.calls.meanwhile import Meanwhile
from warroom.calls.other_ways import Written, take_written
from warroom.calls.rules import MOVES, CallState, advance
from warroom.kernel.db import DatabaseAwayError
from warroom.kernel.ids import new_id

NUMBER = "+62811333"
BODIES: dict[str, dict[str, Any]] = {
    "location": {"of": "pidf", "latitude": -5.1, "longitude": 119.4, "radius_m": 20.0,
        "method": "GPS"},
    "gap": {"seconds": 0.5},
    "recorded": {"path": "r/y.wav", "sha256": "cd" * 32, "duration_s": 3.5},
    "abandoned": {"is_short": True},
    "ended": {"reason": "remote"},
}  # fmt: skip
KINDS = [*MOVES, "agent_lost", "gap", "location", "not_reached", "recorded", "silent_confirmed"]


def some_call(line: Line, rng: random.Random) -> str:  # noqa: F811
    """A call to which happens what may happen, in an order that may be."""
    call, state = str(new_id()), CallState.NEW
    first = {"number": NUMBER, "line": "telkom", "direction": "in", "is_emergency": True}
    told = [("offered", first)]
    told += [(kind, BODIES.get(kind, {})) for kind in rng.choices(KINDS, k=12)]
    for kind, body in told:
        try:
            state = advance(state, kind)
        except CallStateError:
            continue
        if kind != "closed":
            actor = str(new_id()) if kind == "answered" else ""
            line.journal.append(call, kind, actor=actor, source="operator", **body)
        if state is CallState.CLOSED:
            break
    return call


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a page reads it: JSON, an instant in one writing."""
    read = msgspec.json.decode(msgspec.json.encode(row))
    return {
        name: value.replace("+00:00", "Z") if isinstance(value, str) else value
        for name, value in read.items()
        if name not in ("agency_id", "nuisance", "nuisance_reasons", "place")
    } | {"place": read["place"] and {**read["place"], "at": None}}


async def written(line: Line) -> None:  # noqa: F811
    """Everything so far is on the disk."""
    await line.journal.append(str(new_id()), "key", key="1")


async def test_the_journal_tells_the_same_queue_as_the_database(line: Line) -> None:  # noqa: F811
    rng = random.Random(112)
    async with line.forwarder():
        calls = [some_call(line, rng) for _ in range(40)]
        async with asyncio.timeout(30):
            while line.journal.mark("forwarded") < line.journal._seq:
                await asyncio.sleep(0.01)
    async with line.db.transaction(EVERYTHING) as tx:
        stored = msgspec.json.decode(await desk_store.list_queue(EVERYTHING, tx))

    told = queue_of(list(line.journal.open_calls().values()))

    by_id = {row["id"]: shown(row) for row in stored}
    assert {row["id"]: shown(row) for row in told} == by_id
    assert set(by_id) == set(calls)
    assert len({row["state"] for row in told}) > 5


async def test_how_a_number_behaved_is_unknown_and_not_nought(line: Line) -> None:  # noqa: F811
    call = a_call(line.journal)
    await written(line)

    assert row_of(line.journal.of_call(call))["nuisance"] is None


async def test_the_newest_are_shown_where_there_are_too_many(line: Line) -> None:  # noqa: F811
    calls = [str(new_id()) for _ in range(MOST + 5)]
    for call in calls:
        line.journal.append(call, "offered", source="caller", number=NUMBER)
    await written(line)

    told = queue_of(list(line.journal.open_calls().values()))

    assert [row["id"] for row in told] == calls[5:]


class Edge:
    """What was asked of the edge, which knows the calls that it is told to."""

    def __init__(self, line: Line, *known: str) -> None:  # noqa: F811
        self.known, self.asked = set(known), []  # type: ignore[var-annotated]
        for op in ("answer", "hold", "close"):
            line.control._commands[op] = self._deed
        line.live = {"calls": [{"id": one, "agent": "", "watchers": {}} for one in known],
            "agents": []}  # fmt: skip

    async def _deed(self, asked: dict[str, Any]) -> None:
        if asked["call"] not in self.known:
            raise NoCallError
        self.asked.append((asked["op"], asked["call"], asked["agent"]))


async def test_callers_are_answered_while_the_database_is_away(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    call = a_call(line.journal)
    await written(line)
    edge = Edge(line, call)
    own = agent("call:take", "call:view", agency=agencies["PMK"])
    stranger = agent("call:take", "call:view", agency=agencies["POL"])
    at = desk(line)
    await at.require_seat(own)

    line.db.is_away = True
    await at.do(own, UUID(call), "answer", line.clock.now())
    queue = await at.queue(own)
    unseen = await at.queue(stranger)

    assert edge.asked == [("answer", call, str(own.person_id))]
    assert (queue["problem"], [row["id"] for row in queue["items"]]) == (
        "kernel.database_away", [call],
    )  # fmt: skip
    assert queue["items"][0]["live"] is not None
    assert queue["items"][0]["agency_id"] == str(agencies["PMK"])
    assert unseen["items"] == []
    line.db.is_away = False
    with pytest.raises(NoCallError):
        await at.do(stranger, UUID(call), "hold", line.clock.now())
    assert len(edge.asked) == 1


async def test_without_the_edge_nor_the_database_nothing_is_known(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    own = agent("call:take", "call:view", agency=agencies["PMK"])
    at = desk(line)
    await at.require_seat(own)
    await line.control.stop()
    line.db.is_away = True

    with pytest.raises(DatabaseAwayError):
        await at.queue(own)


async def test_a_call_of_no_trunk_is_dealt_with_as_before_with_or_without_an_edge(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    own = agent("call:take", "call:view", "call:tell", agency=agencies["PMK"])
    Edge(line)
    async with line.db.transaction(own) as tx:
        written = Written("web", "r-1", NUMBER, "Ada asap")
        call = await take_written(own, tx, written, 12, line.clock.now())
    at = desk(line)

    with pytest.raises(WayError):
        await at.do(own, call, "hold", line.clock.now())
    await at.do(own, call, "answer", line.clock.now())
    await line.control.stop()
    await at.do(own, call, "close", line.clock.now(), call_class="information")

    assert (await at.queue(own))["items"] == []


async def test_what_is_at_an_edge_that_is_away_is_said_to_be(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    async with line.forwarder():
        call = UUID(a_call(line.journal))
        await line.until_stored(8)
    own = agent("call:take", agency=agencies["PMK"])
    at = desk(line)
    await line.control.stop()

    with pytest.raises(EdgeAwayError):
        await at.do(own, call, "close", line.clock.now(), call_class="test")


class Pages:
    """Hears what the pages of a process are told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def tell(self, topic: str, things: Any) -> None:
        self.told.append((topic, things[0][0]["agency_id"]))


async def test_pages_hear_of_calls_from_the_edge_only_while_the_database_is_away(
    line: Line, agencies: dict[str, UUID], monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setattr("warroom.calls.meanwhile.LOOK_S", 0.01)

    async def health(_: Any) -> dict[str, Any]:
        return {"newest": line.journal.newest}

    line.control._commands["health"] = health
    pages, home = Pages(), line.home()
    await home.agency_id()
    meanwhile = Meanwhile(line.db, line.client, home)
    meanwhile.meet(pages)  # type: ignore[arg-type]
    told = [("calls.queue", agencies["PMK"])]
    async with meanwhile:
        await asyncio.sleep(0.1)
        a_call(line.journal)
        await asyncio.sleep(0.1)
        assert pages.told == []

        line.db.is_away = True
        async with asyncio.timeout(10):
            while pages.told != told:
                await asyncio.sleep(0.01)
        line.journal.append(str(new_id()), "offered", source="caller", number=NUMBER)
        async with asyncio.timeout(10):
            while pages.told != told * 2:
                await asyncio.sleep(0.01)

        line.db.is_away = False
        async with asyncio.timeout(10):
            while pages.told != told * 3:
                await asyncio.sleep(0.01)


async def test_colleagues_have_their_names_and_the_level_is_unknown_while_it_is_away(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    own = agent("call:take", "call:supervise", agency=agencies["PMK"])
    at = desk(line)
    await at.require_seat(own)
    free = {"is_there": True, "is_paused": False, "call": "", "session": str(new_id())}
    agents = [
        {"id": str(new_id()), "label": "Ani", "agency": str(agencies["PMK"]), **free},
        {"id": str(new_id()), "label": "Budi", "agency": str(agencies["POL"]), **free},
        {"id": str(new_id()), **free},
    ]
    line.live = {"calls": [], "agents": agents, "trunks": []}

    line.db.is_away = True
    board = await at.board(own, line.clock.now())
    others = await at.others(own)

    assert (board["level"], board["problem"]) == (None, "kernel.database_away")
    assert [one["name"] for one in board["agents"]] == ["Ani", None, None]
    assert [one["name"] for one in others] == ["Ani", None, None]
    # By which session somebody sits there is between the edge and us.
    assert not {"session", "label", "agency"} & {key for one in board["agents"] for key in one}
