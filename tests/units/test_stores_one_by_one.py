"""Queries that narrow while nothing else does: the wall stands as wide as the widest right.

Who may see cameras of the whole city has a wall that lets every row pass; which vehicles they move,
follow or forget is then up to the query alone.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.cameras.world import EVERYTHING
from tests.scopes import scope_of
from tests.units.test_ingest import fix
from tests.units.world import World
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope
from warroom.units import api, track_store
from warroom.units.errors import UnitNotFoundError

OF_CITY = Rule(frozenset({"camera:view"}))
DEVICES = {"fire": "gps-1", "police": "gps-2"}


def of_fire(world: World, *words: str) -> Scope:
    """Reaches the vehicles of the fire brigade, behind a wall that hides nothing."""
    own = Rule(frozenset(words), agencies=frozenset({world.fire}))
    return scope_of(OF_CITY, own, agency_id=world.fire, person_id=new_id())


async def both(world: World) -> dict[str, UUID]:
    """A vehicle of each agency, both heard of."""
    made = {
        "fire": await world.add(),
        "police": await world.add(
            name="Patroli 1", agency_id=world.police, plate="DD 1 XX", device="gps-2"
        ),
    }
    keys = {device: await world.key(made[who]) for who, device in DEVICES.items()}
    async with world.tracker:
        for device, key in keys.items():
            await world.tracker.take(device, key, [fix(world)])
    return made


async def count(world: World, table: str) -> dict[UUID, int]:
    rows = await world.rows(f"select unit_id, count(*) as n from {table} group by unit_id")
    return {row["unit_id"]: row["n"] for row in rows}


async def test_a_track_is_read_of_ones_own_vehicles(world: World) -> None:
    units = await both(world)
    scope, now = of_fire(world, "unit:track"), world.clock.now()
    points = {}
    async with world.db.transaction(scope) as tx:
        for agency, unit in units.items():
            hour = (now - timedelta(hours=1), now + timedelta(hours=1))
            read = await track_store.read_track(scope, tx, unit, *hour, 99)
            points[agency] = len(msgspec.json.decode(read)["items"])

    assert points == {"fire": 1, "police": 0}


async def test_those_who_moved_are_told_of_ones_own_vehicles(world: World) -> None:
    units = await both(world)
    scope = of_fire(world, "unit:view", "unit:locate")
    async with world.db.transaction(scope) as tx:
        moved = await track_store.list_moved(scope, tx, world.clock.now() - timedelta(hours=1))

    assert [one.unit_id for one in moved] == [units["fire"]]


async def test_positions_are_written_of_ones_own_vehicles(world: World) -> None:
    units = await both(world)
    scope, now = of_fire(world, "unit:locate"), world.clock.now()
    at = [now.timestamp() + 5] * 2
    ids, of_two, unknown = list(units.values()), [0.0] * 2, [None] * 2
    track = track_store.Batch(ids, at, of_two, of_two, of_two, of_two, of_two, unknown, [False] * 2)
    place = track_store.NowBatch(
        *(ids, at, of_two, of_two, of_two, of_two, of_two, of_two, unknown, unknown, of_two),
        *(of_two, unknown, ["{}"] * 2),
    )
    async with world.db.transaction(scope) as tx:
        added = await track_store.save_tracks(scope, tx, track)
        await track_store.save_positions(scope, tx, place, now)

    moved = await world.rows("select unit_id from unit_position where lat = 0 and lon = 0")
    assert added == 1
    assert await count(world, "unit_track") == {units["fire"]: 2, units["police"]: 1}
    assert [row["unit_id"] for row in moved] == [units["fire"]]


async def test_crossings_are_forgotten_of_ones_own_vehicles(world: World) -> None:
    units = await both(world)
    now = world.clock.now()
    agencies = {"fire": world.fire, "police": world.police}
    crossings = [
        track_store.Crossing(new_id(), unit, agencies[agency], now, "enter", None, "73.71.01")
        for agency, unit in units.items()
    ]
    scope = of_fire(world, "unit:locate", "unit:configure", "unit:track", "unit:view")
    async with world.db.transaction(EVERYTHING) as tx:
        await track_store.save_crossings(EVERYTHING, tx, crossings)
    before = await count(world, "unit_event")
    async with world.db.transaction(scope) as tx:
        await track_store.delete_events(scope, tx, now + timedelta(days=1))

    after = await count(world, "unit_event")
    assert before.keys() == set(units.values())
    assert after == {units["police"]: before[units["police"]]}


async def test_who_sees_vehicles_makes_none(world: World) -> None:
    scope = of_fire(world, "unit:view", "unit:locate")
    values: dict[str, Any] = world.values(name="Baru", device="gps-9", plate="DD 9 XX")

    with pytest.raises(NotFoundError):
        async with world.db.transaction(scope) as tx:
            await api.add_unit(world.fleet, scope, tx, values)

    assert await world.rows("select id from unit where name = 'Baru'") == []


async def test_who_sees_vehicles_imports_none_and_finds_none_that_is_not_there(
    world: World,
) -> None:
    scope = of_fire(world, "unit:view", "unit:locate")
    content = b"nama,lembaga,jenis\nDamkar 9,Damkar,engine\n"

    with pytest.raises(NotFoundError):
        async with world.db.transaction(scope) as tx:
            await api.import_units(world.fleet, scope, tx, content, dry_run=True)
    for words in ("Damkar 99", str(new_id())):
        with pytest.raises(UnitNotFoundError):
            async with world.db.transaction(scope) as tx:
                await api.find_unit(scope, tx, words)
