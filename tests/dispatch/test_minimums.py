"""Claims about minima as they are kept, seen, and met by moving units up."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.dispatch.incident_world import Room
from tests.dispatch.world import person
from tests.scopes import EVERYTHING, scope_of
from tests.traffic.world import ZONE
from warroom.dispatch import api
from warroom.dispatch.contracts import COVERAGE, Stamp
from warroom.dispatch.coverage_service import settle_minimums
from warroom.dispatch.errors import (
    MinimumChangedError,
    MinimumNotFoundError,
    OtherSortError,
    TaskNotFoundError,
    UnitNotThereError,
)
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope


async def minimum(
    room: Room,
    station: str = "Pos Timur",
    lon: float = 119.409,
    scope: Scope | None = None,
    **more: Any,
) -> api.Minimum:
    scope = scope or room.dispatcher
    made = api.Minimum(
        *(new_id(), room.fire, station, None, "engine", 1, 0.0, lon, "73.71.01.1001", 1)
    )
    made = replace(made, **more)
    async with room.world.db.transaction(scope) as tx:
        await api.write_minimum(scope, tx, made, room.now)
    return made


async def stationed(room: Room, *stations: str) -> None:
    """The two engines belong to these."""
    for unit_id, station in zip(room.engines, stations, strict=True):
        await room.world.rows(
            "update unit set station = %s where id = %s returning id", station, unit_id
        )


async def cover(room: Room, scope: Scope | None = None) -> list[dict[str, Any]]:
    scope = scope or room.dispatcher
    async with room.world.db.transaction(scope) as tx:
        seen = await api.see_minimums(scope, tx)
    looked = await api.CityCover(room.world.db, EVERYTHING, room.world.settings).look(room.now)
    moves, why, without = await api.advise(room.world.router, looked, room.world.settings)
    shown = api.coverage_json(looked, seen, moves, why, scope, without_roads=without)
    items: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(shown))["items"]
    return items


async def settle(room: Room) -> int:
    async with room.world.db.transaction(EVERYTHING) as tx:
        return await settle_minimums(EVERYTHING, tx, room.world.settings, room.now)


async def move(room: Room, of: api.Minimum, unit_id: UUID, scope: Scope | None = None) -> UUID:
    scope = scope or room.dispatcher
    async with room.world.db.transaction(scope) as tx:
        offer = api.offer_of_move([], of.id, unit_id)
        return await api.move_up(scope, tx, of.id, unit_id, offer, ZONE, room.now)


async def test_a_send_leaves_its_station_below_since_then_and_it_is_told_once(room: Room) -> None:
    room.world.settings = replace(room.world.settings, move_gain_s=5)
    await stationed(room, "Pos Barat", "Pos Timur")
    of = await minimum(room)
    await settle(room)
    before = await cover(room)

    await room.send(await room.incident(), api.Wanted(room.engines[1], "engine"))
    since = room.now
    changed = [await settle(room), await settle(room)]
    (after,) = await cover(room)
    told = await room.world.rows(
        "select body::jsonb->>'change' as c from outbox where topic = %s", COVERAGE
    )

    assert [(one["have"], one["is_below"], one["since"]) for one in before] == [(1, False, None)]
    assert (after["have"], after["is_below"]) == (0, True)
    assert msgspec.convert(after["since"], type(since)) == since
    assert changed == [1, 0]
    assert [one["c"] for one in told] == ["written", "below"]
    assert [one["unit"]["name"] for one in after["moves"]] == ["Damkar 1"]
    assert after["moves"][0]["gains_s"] > 5
    assert after["id"] == str(of.id)


async def test_who_is_moved_up_is_free_all_the_time_and_counts_there_on_arrival(room: Room) -> None:
    await stationed(room, "Pos Barat", "Pos Barat")
    of = await minimum(room)
    await settle(room)

    moved = await move(room, of, room.engines[0])
    (coming,) = await cover(room)
    await room.stamp(moved, Stamp.ACCEPTED, Stamp.EN_ROUTE, Stamp.ON_SCENE)
    (there,) = await cover(room)
    changed = await settle(room)
    found = await room.recommend(await room.incident(lon=119.409))

    assert (coming["have"], coming["coming"], coming["is_below"]) == (0, 1, True)
    assert (there["have"], there["is_below"], there["since"]) == (1, False, None)
    assert changed == 1
    assert "Damkar 1" in {slot.filled_by.unit.name for slot in found.slots if slot.filled_by}


async def test_an_incident_takes_a_moved_unit_from_there_and_its_move_is_closed(room: Room) -> None:
    await stationed(room, "Pos Barat", "Pos Barat")
    of = await minimum(room)
    await move(room, of, room.engines[0])
    incident = await room.incident()

    (outcome,) = await room.send(incident, api.Wanted(room.engines[0], "engine"))
    rows = await room.world.rows(
        "select number, state, outcome from dispatch_task where kind = 'move_up'"
    )
    log = await room.world.rows("select reason from dispatch_event where kind = 'cancelled'")

    assert outcome.refused is None
    assert [(row["state"], row["outcome"]) for row in rows] == [("closed", "cancelled")]
    assert rows[0]["number"].startswith("GS-")
    assert [row["reason"] for row in log] == [incident.number]


async def test_a_crew_that_declines_or_is_done_leaves_no_open_move(room: Room) -> None:
    await stationed(room, "Pos Barat", "Pos Barat")
    of = await minimum(room)

    first, second = await move(room, of, room.engines[0]), await move(room, of, room.engines[1])
    await room.stamp(first, Stamp.DECLINED, reason="ban bocor")
    await room.stamp(second, Stamp.ACCEPTED, Stamp.CLEARED)
    rows = await room.world.rows("select outcome from dispatch_task where closed_at is not null")

    assert sorted(row["outcome"] for row in rows) == ["cancelled", "solved"]


async def test_a_unit_that_is_moved_on_stands_by_at_the_last_place_alone(room: Room) -> None:
    east, middle = await minimum(room), await minimum(room, "Pos Tengah", 119.405)

    await move(room, east, room.engines[0])
    await move(room, middle, room.engines[0])
    moved = {one["station"]: len(one["moved"]) for one in await cover(room)}

    assert moved == {"Pos Timur": 0, "Pos Tengah": 1}


async def test_units_of_another_kind_or_agency_do_not_stand_in(room: Room) -> None:
    of = await minimum(room)

    with pytest.raises(OtherSortError):
        await move(room, of, room.tanker)
    with pytest.raises(OtherSortError):
        await move(room, of, room.ambulance)
    with pytest.raises(UnitNotThereError):
        await move(room, of, new_id())


async def test_a_minimum_is_changed_by_who_read_its_last_version(room: Room) -> None:
    of = await minimum(room)

    async with room.world.db.transaction(room.dispatcher) as tx:
        await api.write_minimum(room.dispatcher, tx, replace(of, least=2, version=2), room.now)
        with pytest.raises(MinimumChangedError):
            await api.write_minimum(room.dispatcher, tx, replace(of, least=3, version=2), room.now)
        with pytest.raises(MinimumChangedError):
            await api.write_minimum(room.dispatcher, tx, replace(of, id=new_id()), room.now)
    (shown,) = await cover(room)

    assert (shown["least"], shown["version"]) == (2, 2)


async def test_only_who_configures_for_the_agency_writes_and_ends_minima(room: Room) -> None:
    of = await minimum(room)
    other = room.world.desk

    async with room.world.db.transaction(other) as tx:
        with pytest.raises(MinimumNotFoundError):
            await api.write_minimum(other, tx, replace(of, id=new_id()), room.now)
        with pytest.raises(MinimumNotFoundError):
            await api.remove_minimum(other, tx, of.id, room.now)
        assert await cover(room, other) == []
    async with room.world.db.transaction(room.dispatcher) as tx:
        await api.remove_minimum(room.dispatcher, tx, of.id, room.now)
    deeds = await room.world.rows(
        "select action from audit_entry where object_kind = 'minimum' order by id"
    )

    assert await cover(room) == []
    assert [one["action"] for one in deeds] == [
        "dispatch:minimum_written", "dispatch:minimum_removed",
    ]  # fmt: skip


async def test_who_may_only_look_moves_nobody(room: Room) -> None:
    of = await minimum(room)
    looker = person(room.fire, room.dispatcher.person_id or new_id(), "dispatch:view", "unit:view")

    with pytest.raises(MinimumNotFoundError):
        await move(room, of, room.engines[0], looker)
    (shown,) = await cover(room, looker)

    assert shown["can"] == []


async def test_a_move_up_is_proposed_with_the_minima_and_not_like_a_jam(room: Room) -> None:
    of = await minimum(room)
    await move(room, of, room.engines[0])
    (row,) = await room.world.rows("select id from dispatch_task where kind = 'move_up'")

    with pytest.raises(TaskNotFoundError):
        await room.world.propose(row["id"], room.dispatcher)


async def in_districts(room: Room, *places: str) -> Scope:
    """The engines belong to these areas; gives who sees what lies in 73.71.01, as minima do."""
    for unit_id, place in zip(room.engines, places, strict=True):
        await room.world.rows(
            "update unit set place = %s where id = %s returning id", place, unit_id
        )
    rule = Rule(frozenset({"dispatch:view", "dispatch:send"}), places=frozenset({"73.71.01"}))
    return scope_of(rule, agency_id=room.fire, person_id=room.dispatcher.person_id)


def told(item: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(item[name] for name in ("have", "is_below", "unseen", "free"))


async def test_who_sees_a_part_of_the_vehicles_is_told_no_shortage_that_is_none(room: Room) -> None:
    await stationed(room, "Pos Timur", "Pos Timur")
    await minimum(room, least=2)
    part = await in_districts(room, "73.71.02", "73.71.01")

    (whole,), (partial,) = await cover(room), await cover(room, part)

    assert told(whole) == (2, False, 0, ["Damkar 1", "Damkar 2"])
    assert told(partial) == (2, False, 1, ["Damkar 2"])


async def test_who_sees_a_part_is_told_a_shortage_that_lies_beyond_their_sight(room: Room) -> None:
    room.world.settings = replace(room.world.settings, move_gain_s=5)
    await stationed(room, "Pos Timur", "Pos Barat")
    await minimum(room)
    part = await in_districts(room, "73.71.02", "73.71.01")
    await room.place(room.engines[1], 119.4005)
    await room.send(await room.incident(), api.Wanted(room.engines[0], "engine"))

    (whole,), (partial,) = await cover(room), await cover(room, part)

    assert told(whole) == told(partial) == (0, True, 0, [])
    assert [one["unit"]["name"] for one in partial["moves"]] == ["Damkar 2"]


async def test_a_vehicle_beyond_sight_is_proposed_to_nobody_by_name(room: Room) -> None:
    room.world.settings = replace(room.world.settings, move_gain_s=5)
    await stationed(room, "Pos Barat", "Pos Timur")
    await minimum(room)
    part = await in_districts(room, "73.71.02", "73.71.02")
    await room.send(await room.incident(), api.Wanted(room.engines[1], "engine"))

    (whole,), (partial,) = await cover(room), await cover(room, part)

    assert [one["unit"]["name"] for one in whole["moves"]] == ["Damkar 1"]
    assert (partial["moves"], partial["why"]) == ([], "not_seen")
    assert "Damkar" not in msgspec.json.encode(partial | {"agency": None}).decode()
