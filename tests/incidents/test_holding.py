"""Footage around an incident is held once, grows while it is open, and is let go by a person."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.incidents.world import KANDEA, World
from tests.scopes import EVERYTHING
from warroom.cameras import api as cameras
from warroom.incidents import api
from warroom.incidents.holding import AROUND, LONGEST, reach_of
from warroom.incidents.store import find_incident
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.secrets import Sealer
from warroom.places.api import Atlas
from warroom.recording import api as recording
from warroom.recording.contracts import HoldDraft


@pytest.fixture
def keeper(world: World, tmp_path: Path, loop_runner: asyncio.Runner) -> api.Keeper:
    inventory = cameras.Inventory(
        Sealer.at(tmp_path / "seal.key"),
        Atlas(tmp_path / "none"),
        cameras.CameraSettings(),
        world.clock,
    )
    loop_runner.run(_cameras(world, inventory))
    holds = recording.make_holds(world.db, world.clock, recording.RecordingSettings(), tmp_path)
    return api.Keeper(inventory, holds, world.db)


async def _cameras(world: World, inventory: cameras.Inventory) -> None:
    """Six, each 100 m further north."""
    async with world.db.transaction(EVERYTHING) as tx:
        for number in range(1, 7):
            values = {
                "name": f"Kamera {number}",
                "number": number,
                "agency_id": world.agencies["Polrestabes"],
                "lat": KANDEA[0] + number * 100 / 111_195,
                "lon": KANDEA[1],
            }
            await cameras.add_camera(inventory, EVERYTHING, tx, values)


async def hold(world: World, keeper: api.Keeper) -> int:
    return await api.hold_footage(keeper, world.system, world.clock.now())


async def held(world: World) -> list[Any]:
    return await world.rows(
        "select h.id, c.number, h.start_at, h.end_at, h.reason, h.released_at"
        " from recording_hold h join camera c on c.id = h.camera_id order by c.number"
    )


async def test_the_four_nearest_are_held_around_the_call_once(
    world: World, keeper: api.Keeper
) -> None:
    opened = world.clock.now()
    incident = await world.sent()

    assert 4 == await hold(world, keeper)
    assert 0 == await hold(world, keeper)

    rows = await held(world)
    assert [1, 2, 3, 4] == [row["number"] for row in rows]
    assert {opened - AROUND} == {row["start_at"] for row in rows}
    assert all(row["end_at"] >= opened + AROUND for row in rows)
    assert {"112 112-2026-000001"} == {row["reason"] for row in rows}
    assert 1 == (await world.kinds(incident)).count("held")


async def test_what_is_held_grows_while_the_incident_is_open(
    world: World, keeper: api.Keeper
) -> None:
    await world.sent()
    await hold(world, keeper)
    for _ in range(6):
        world.clock.advance(600)
        await hold(world, keeper)
        now = world.clock.now()
        assert all(row["end_at"] >= now + AROUND for row in await held(world))

    assert 4 == len(await held(world))


async def test_after_the_end_it_reaches_ten_minutes_further_and_no_more(
    world: World, keeper: api.Keeper
) -> None:
    incident = await world.sent()
    world.clock.advance(3600)
    await world.end(incident, "handled")
    ended = world.clock.now()
    await hold(world, keeper)
    world.clock.advance(1200)
    await hold(world, keeper)

    assert {ended + AROUND} == {row["end_at"] for row in await held(world)}


async def test_what_a_person_let_go_of_is_not_held_again(world: World, keeper: api.Keeper) -> None:
    await world.sent()
    await hold(world, keeper)
    first = (await held(world))[0]
    await keeper.holds.release(EVERYTHING, first["id"], "Salah tempat")
    world.clock.advance(3600)
    await hold(world, keeper)

    assert [True, False, False, False] == [
        row["released_at"] is not None for row in await held(world)
    ]


async def test_a_draft_and_what_was_merged_hold_nothing(world: World, keeper: api.Keeper) -> None:
    await world.draft(place={"lat": KANDEA[0], "lon": KANDEA[1]}, type="flood")
    one, other = await world.sent(), await world.sent()
    await world.merge(other, one)

    assert 4 == await hold(world, keeper)
    assert 4 == len(await held(world))


async def test_another_place_holds_its_own_cameras_as_well(
    world: World, keeper: api.Keeper
) -> None:
    incident = await world.sent()
    await hold(world, keeper)
    world.clock.advance(5)
    north = {"lat": KANDEA[0] + 700 / 111_195, "lon": KANDEA[1], "name": "utara"}
    await world.type_in(incident, {"place": north})

    await hold(world, keeper)

    assert [1, 2, 3, 4, 5, 6] == [row["number"] for row in await held(world)]
    assert 2 == (await world.kinds(incident)).count("held")


async def test_what_stays_open_for_months_is_held_for_as_long_as_a_hold_may_be(
    world: World,
) -> None:
    incident = await world.sent()
    async with world.db.transaction(EVERYTHING) as tx:
        found = await find_incident(EVERYTHING, tx, incident)
    assert found is not None

    def length(now: datetime) -> timedelta:
        start, end = reach_of(found, now)
        return end - start

    now = world.clock.now()
    assert length(now + timedelta(days=90)) == LONGEST
    assert timedelta(minutes=20) <= length(now) <= timedelta(minutes=40)


async def test_who_may_hold_no_footage_of_a_camera_keeps_none_by_an_id_of_their_own(
    world: World, keeper: api.Keeper
) -> None:
    (row,) = await world.rows("select id from camera where number = 1")
    now = world.clock.now()
    draft = HoldDraft((row["id"],), now - AROUND, now + AROUND, "112")

    with pytest.raises(NotFoundError):
        await keeper.holds.keep(world.taker, new_id(), draft)

    assert [] == await held(world)


async def test_the_recordings_of_its_calls_are_held_with_those_of_what_was_merged_into_it(
    world: World, keeper: api.Keeper
) -> None:
    incident, other, stranger = await world.sent(), await world.sent(), await world.sent()
    calls = {one: await _called(world, one) for one in (incident, other, stranger)}
    await world.merge(other, incident)

    await hold(world, keeper)
    await hold(world, keeper)

    held = await world.rows("select call_id, reason, held_by_agency, created_by from call_hold")
    assert set(calls.values()) == {row["call_id"] for row in held}
    assert 3 == len(held)
    assert {None} == {row["held_by_agency"] for row in held}
    reasons = {row["call_id"]: row["reason"] for row in held}
    assert reasons[calls[incident]] == reasons[calls[other]] != reasons[calls[stranger]]


async def _called(world: World, incident: UUID) -> UUID:
    """A call of the incident that was recorded."""
    call, now = new_id(), world.clock.now()
    values = {"id": call, "agency": world.agencies["Diskominfo"], "now": now}
    async with world.db.transaction(EVERYTHING) as tx:
        await tx.execute(
            "insert into call (id, agency_id, node, direction, state, offered_at, recording_path)"
            " values (%(id)s, %(agency)s, 'n1', 'in', 'closed', %(now)s, 'recordings/x.wav')",
            values,
        )
    async with world.db.transaction(world.taker) as tx:
        await api.join_call(world.taker, tx, incident, call, now)
    return call
