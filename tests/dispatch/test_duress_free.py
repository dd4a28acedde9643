"""Claims about crews in danger that are on no task, and that danger is said before all else."""

from typing import Any

import msgspec
import pytest

from tests.dispatch.incident_world import Room
from tests.dispatch.world import person
from tests.scopes import EVERYTHING
from warroom.dispatch import api
from warroom.dispatch.contracts import UNITS, Stamp
from warroom.dispatch.errors import NotOnDutyError, UnitNotThereError
from warroom.dispatch.rules import status_of
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope


async def crew_of(room: Room) -> Scope:
    (row,) = await room.world.rows(
        "select person_id from dispatch_crew where unit_id = %s", room.engines[0]
    )
    return person(room.fire, row["person_id"], "dispatch:act")


async def press(room: Room, who: Scope, *presses: api.Press) -> list[Any]:
    async with room.world.db.transaction(who) as tx:
        return await api.press_on_duty(who, tx, presses, room.now, room.now)


async def calls(room: Room, scope: Scope | None = None) -> list[dict[str, Any]]:
    scope = scope or room.dispatcher
    async with room.world.db.transaction(scope) as tx:
        found: list[dict[str, Any]] = msgspec.json.decode(await api.list_duress(scope, tx))
    return found


async def status(room: Room) -> dict[str, Any]:
    async with room.world.db.transaction(room.dispatcher) as tx:
        items = msgspec.json.decode(await api.list_statuses(room.dispatcher, tx))
    return next(one for one in items if one["unit"] == str(room.engines[0]))


def test_danger_overrides_whatever_a_unit_does() -> None:
    assert status_of(Stamp.ON_SCENE, 2, in_danger=True) == "emergency"
    assert status_of(None, 0, in_danger=True) == "emergency"


async def test_a_crew_without_a_task_is_heard_until_somebody_answers(room: Room) -> None:
    crew = await crew_of(room)
    one = room.world.stamp(Stamp.DURESS, ago_s=2)
    room.world.clock.advance(3)

    answers = await press(room, crew, one)
    again = await press(room, crew, one)
    (open_call,) = await calls(room)
    before = await status(room)
    async with room.world.db.transaction(room.dispatcher) as tx:
        await api.answer_alarm(room.dispatcher, tx, open_call["id"], room.now)
        await api.answer_alarm(room.dispatcher, tx, open_call["id"], room.now)
    async with room.world.db.transaction(crew) as tx:
        shown, _ = await api.show_duty(crew, tx, room.now)
    told = await room.world.rows(
        "select body::jsonb->>'status' as s from outbox where topic = %s order by id", UNITS
    )

    assert [a.verdict for a in (*answers, *again)] == ["taken", "taken"]
    assert (open_call["unit"]["name"], open_call["assignment"], open_call["task"]) == (
        "Damkar 1", None, None,
    )  # fmt: skip
    assert before["in_danger"] is True
    assert await calls(room) == []
    assert (await status(room))["in_danger"] is False
    assert msgspec.json.decode(msgspec.json.encode(shown))["duress"]["answered_at"]
    assert [row["s"] for row in told][-2:] == ["emergency", "available"]


async def test_on_a_task_it_is_a_press_of_that_task(room: Room) -> None:
    crew = await crew_of(room)
    await room.send(await room.incident(), api.Wanted(room.engines[0], "engine"))

    await press(room, crew, room.world.stamp(Stamp.DURESS))
    (open_call,) = await calls(room)

    assert open_call["assignment"] is not None
    assert (await status(room))["in_danger"] is True


async def test_nothing_but_danger_is_said_without_a_task_and_only_on_duty(room: Room) -> None:
    crew = await crew_of(room)

    (answer,) = await press(room, crew, room.world.stamp(Stamp.ACCEPTED))
    with pytest.raises(NotOnDutyError):
        await press(room, room.world.budi, room.world.stamp(Stamp.DURESS))

    assert (answer.verdict, answer.refused) == (None, "dispatch.not_found")
    assert await calls(room) == []


async def test_a_unit_in_danger_is_proposed_for_nothing(room: Room) -> None:
    await press(room, await crew_of(room), room.world.stamp(Stamp.DURESS))

    found = await room.recommend(await room.incident(lon=119.401))

    names = {slot.filled_by.unit.name for slot in found.slots if slot.filled_by}
    open_engine = next(slot for slot in found.slots if slot.missing and slot.need.role == "engine")
    assert "Damkar 1" not in names
    assert "in_danger" in open_engine.missing


async def test_another_agency_neither_sees_nor_answers_it(room: Room) -> None:
    await press(room, await crew_of(room), room.world.stamp(Stamp.DURESS))
    (open_call,) = await calls(room)
    other = room.world.desk

    seen = await calls(room, other)
    async with room.world.db.transaction(other) as tx:
        with pytest.raises(UnitNotThereError):
            await api.answer_alarm(other, tx, open_call["id"], room.now)
        with pytest.raises(UnitNotThereError):
            await api.answer_alarm(other, tx, new_id(), room.now)

    assert seen == []
    assert len(await calls(room)) == 1


async def test_answered_calls_are_forgotten_when_they_are_old_and_open_ones_never(
    room: Room,
) -> None:
    crew = await crew_of(room)
    await press(room, crew, room.world.stamp(Stamp.DURESS))
    await room.world.rows(
        "update dispatch_alarm set received_at = '2020-01-01', happened_at = '2020-01-01',"
        " answered_at = '2020-01-02' returning id"
    )
    await press(room, crew, room.world.stamp(Stamp.DURESS))

    async with room.world.db.transaction(EVERYTHING) as tx:
        await api.forget_old(EVERYTHING, tx, room.world.settings, room.now)

    assert len(await room.world.rows("select id from dispatch_alarm")) == 1
