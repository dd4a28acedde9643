"""Claims about vehicles out of service: proposed for nothing, and everybody is told why."""

from typing import Any

import msgspec
import pytest

from tests.dispatch.incident_world import Room
from tests.dispatch.test_duress_free import crew_of, press, status
from tests.dispatch.world import person
from tests.scopes import EVERYTHING
from warroom.dispatch import api
from warroom.dispatch.contracts import UNITS, Stamp
from warroom.dispatch.errors import NotOnDutyError, UnitNotThereError
from warroom.dispatch.rules import status_of
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope


async def take_out(
    room: Room, who: Scope, reason: Any = "mechanical", note: str = "", *, own: bool = False
) -> None:
    unit = None if own else room.engines[0]
    async with room.world.db.transaction(who) as tx:
        await api.take_out(who, tx, unit, reason, note, room.now)


async def put_back(room: Room, who: Scope, *, own: bool = False) -> None:
    async with room.world.db.transaction(who) as tx:
        await api.put_back(who, tx, None if own else room.engines[0], room.now)


async def spells(room: Room) -> list[tuple[str, bool]]:
    rows = await room.world.rows(
        "select reason, ended_at is null as is_open from dispatch_outage order by began_at, id"
    )
    return [(row["reason"], row["is_open"]) for row in rows]


def test_what_it_is_still_on_and_danger_are_said_before_it() -> None:
    assert status_of(None, 2, is_out=True) == status_of(None, 0, is_out=True) == "out_of_service"
    assert status_of(Stamp.EN_ROUTE, 2, is_out=True) == "en_route"
    assert status_of(None, 2, is_out=True, in_danger=True) == "emergency"


async def test_its_crew_takes_it_out_with_the_reason_and_puts_it_back(room: Room) -> None:
    crew = await crew_of(room)

    await take_out(room, crew, "fuel", "  SPBU   Hertasning ", own=True)
    room.world.clock.advance(60)
    meanwhile = await status(room)
    async with room.world.db.transaction(crew) as tx:
        shown, _ = await api.show_duty(crew, tx, room.now)
    await put_back(room, crew, own=True)
    await put_back(room, crew, own=True)

    told = await room.world.rows(
        "select body::jsonb->>'status' as s from outbox where topic = %s order by id", UNITS
    )
    audit = await room.world.rows(
        "select action, detail::text from audit_entry where action like 'dispatch:%%service'"
        " order by recorded_at"
    )
    assert (meanwhile["outage"]["reason"], meanwhile["outage"]["note"]) == (
        "fuel", "SPBU Hertasning",
    )  # fmt: skip
    assert msgspec.json.decode(msgspec.json.encode(shown))["outage"]["reason"] == "fuel"
    assert (await status(room))["outage"] is None
    assert [row["s"] for row in told][-2:] == ["out_of_service", "available"]
    assert [row["action"] for row in audit] == ["dispatch:out_of_service", "dispatch:in_service"]
    assert "fuel" in audit[0]["detail"]


async def test_it_is_proposed_for_nothing_and_the_need_says_why(room: Room) -> None:
    await take_out(room, room.dispatcher)

    found = await room.recommend(await room.incident(lon=119.401))

    names = {slot.filled_by.unit.name for slot in found.slots if slot.filled_by}
    open_engine = next(slot for slot in found.slots if slot.missing and slot.need.role == "engine")
    assert "Damkar 1" not in names
    assert "out_of_service" in open_engine.missing


async def test_one_that_breaks_down_on_its_way_stays_on_its_task_and_in_danger_is_heard(
    room: Room,
) -> None:
    crew = await crew_of(room)
    await room.send(await room.incident(), api.Wanted(room.engines[0], "engine"))

    await take_out(room, crew, own=True)
    await press(room, crew, room.world.stamp(Stamp.DURESS))

    now = await status(room)
    assert (now["state"], now["in_danger"], now["outage"]["reason"]) == (
        "dispatched", True, "mechanical",
    )  # fmt: skip


async def test_another_reason_begins_anew_and_the_same_changes_nothing(room: Room) -> None:
    await take_out(room, room.dispatcher)
    room.world.clock.advance(60)
    await take_out(room, room.dispatcher)
    assert await spells(room) == [("mechanical", True)]

    await take_out(room, room.dispatcher, "crew")

    assert await spells(room) == [("mechanical", False), ("crew", True)]


async def test_it_is_listed_though_nobody_serves_on_it(room: Room) -> None:
    await take_out(room, room.dispatcher)
    await room.world.rows(
        "update dispatch_crew set signed_off_at = %s where signed_off_at is null returning id",
        room.now,
    )

    assert (await status(room))["outage"]["reason"] == "mechanical"


async def test_who_serves_nowhere_and_who_may_not_send_take_nothing_out(room: Room) -> None:
    with pytest.raises(NotOnDutyError):
        await take_out(room, room.world.budi, own=True)
    with pytest.raises(NotOnDutyError):
        await put_back(room, room.world.budi, own=True)
    for who in (room.world.desk, person(room.fire, new_id(), "dispatch:view", "dispatch:act")):
        with pytest.raises(UnitNotThereError):
            await take_out(room, who)
    assert await spells(room) == []


async def test_spells_that_are_over_are_forgotten_when_they_are_old(room: Room) -> None:
    await take_out(room, room.dispatcher)
    await put_back(room, room.dispatcher)
    await room.world.rows(
        "update dispatch_outage set began_at = '2020-01-01', ended_at = '2020-01-02' returning id"
    )
    await take_out(room, room.dispatcher, "other")

    async with room.world.db.transaction(EVERYTHING) as tx:
        await api.forget_old(EVERYTHING, tx, room.world.settings, room.now)

    assert await spells(room) == [("other", True)]
