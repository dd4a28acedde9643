"""The cycle in a process: what is said takes effect at once, browsers hear what changed, and
what was learnt, said and jammed outlives the process."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.listening import until_begun
from tests.scopes import EVERYTHING
from tests.traffic.city import PIECES, east, seen
from tests.traffic.test_said import in_two_areas
from tests.traffic.world import World, make_world, open_for
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.roads.api import NoRoadGraphError, Roads
from warroom.traffic import store
from warroom.traffic.api import TrafficSettings, forget_jams
from warroom.traffic.contracts import Colour, Counts, How, Observations
from warroom.traffic.errors import NotYetError
from warroom.traffic.estimator import Cycle
from warroom.traffic.typical import slot_of


@pytest.fixture
def world(db: Database, clock: FixedClock, tmp_path: Path, loop_runner: asyncio.Runner) -> World:
    return loop_runner.run(make_world(db, clock, tmp_path, in_two_areas()))


def seen_now(world: World, edge: int, kmh: float, weight: float = 10) -> Observations:
    return seen(edge, kmh, weight, world.clock.now().timestamp())


async def told(world: World, topic: str) -> list[Any]:
    rows = await world.rows("select body from outbox where topic = %s order by id", topic)
    return [msgspec.json.decode(row["body"]) for row in rows]


async def test_before_the_first_state_it_is_not_there_yet(world: World) -> None:
    with pytest.raises(NotYetError):
        _ = world.traffic.estimator

    assert 0 == world.traffic.add(seen_now(world, 0, 20.0))
    assert 1 == world.traffic.without_roads


async def test_a_pack_without_roads_is_said_so(world: World, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    traffic = open_for(world.db, world.clock, Roads(empty), "x")

    with pytest.raises(NoRoadGraphError):
        await traffic.step()
    with pytest.raises(NoRoadGraphError):
        _ = traffic.estimator


async def test_browsers_are_told_what_changed_and_nothing_where_nothing_did(world: World) -> None:
    await world.traffic.step()
    world.traffic.add(seen_now(world, east(3), 5.0, 1))
    await world.traffic.step()
    await world.traffic.step()

    (body,) = await told(world, "traffic.edges")
    assert east(3) in body["edges"]
    assert len(body["edges"]) == len(body["colour"]) == len(body["how"])
    assert body["pack"] == world.traffic.estimator.ground.version


async def test_that_nothing_changed_is_told_as_well_but_seldom(world: World) -> None:
    for _ in range(7):
        await world.traffic.step()
        world.clock.advance(10)

    bodies = await told(world, "traffic.edges")
    assert [[], []] == [body["edges"] for body in bodies]


async def test_the_state_of_every_slot_is_kept_for_two_days(world: World) -> None:
    await world.close(east(3))
    await world.traffic.step()
    began = world.clock.now()
    for _ in range(2):
        world.clock.advance(300)
        await world.traffic.step()
    kept = await world.rows("select at from traffic_history order by at")
    world.clock.advance(48 * 3600 - 300)
    await world.traffic.step()

    left = await world.rows("select at from traffic_history order by at")
    assert [began, began + timedelta(seconds=300)] == [row["at"] for row in kept]
    assert [began + timedelta(seconds=300), began + timedelta(seconds=600)] == [
        row["at"] for row in left
    ]


async def test_one_process_keeps_what_was_and_not_two(world: World) -> None:
    other = world.again()
    for traffic in (world.traffic, other):
        await traffic.step()
    world.clock.advance(300)
    for traffic in (world.traffic, other):
        await traffic.step()

    assert 1 == len(await world.rows("select at from traffic_history"))


async def test_the_first_state_of_a_process_is_told_by_one_word(world: World) -> None:
    await world.close(east(8))
    await world.traffic.step()

    (body,) = await told(world, "traffic.edges")
    assert body["reset"] is True
    assert "edges" not in body


async def test_two_processes_come_to_the_same_and_one_of_them_tells(world: World) -> None:
    other = world.again()
    await world.close(east(3))
    states = [(await traffic.step()).state for traffic in (world.traffic, other)]

    np.testing.assert_array_equal(states[0].how, states[1].how)
    assert 1 == len(await told(world, "traffic.edges"))


async def test_a_closure_is_in_force_within_a_second_and_its_end_as_well(world: World) -> None:
    """Through the outbox and its wake-up, with cycles ten seconds apart."""
    cycles: asyncio.Queue[Cycle] = asyncio.Queue()

    async def follow(cycle: Cycle) -> None:
        cycles.put_nowait(cycle)

    world.traffic.followers.append(follow)
    with world.hub() as hub:
        async with world.traffic:
            await asyncio.wait_for(cycles.get(), 10)
            await until_begun(hub)
            began = time.monotonic()
            await world.close(east(3))
            closed = await asyncio.wait_for(cycles.get(), 10)
            took_s = time.monotonic() - began

    assert (east(3),) == closed.closed
    # An upper bound of what is promised, with the time a loaded machine needs.
    assert took_s < world.traffic.settings.cycle_s / 2


async def test_a_report_is_a_jam_and_a_jam_is_told_with_its_place(world: World) -> None:
    await world.report(east(2), east(3), cause="accident")
    await world.traffic.step()

    (body,) = await told(world, "traffic.jams")
    (row,) = await world.rows("select place, agency_id from outbox where topic = 'traffic.jams'")
    assert ("raised", "accident") == (body["change"], body["jam"]["cause"])
    assert ("73.71.01.1001", None) == (row["place"], row["agency_id"])


async def test_a_jam_outlives_the_process_with_its_id(world: World) -> None:
    await world.report(east(2), east(3))
    await world.traffic.step()
    ((id_, before),) = world.traffic.estimator.alarm.jams.items()

    again = world.again()
    await again.step()

    ((same, after),) = again.estimator.alarm.jams.items()
    assert (id_, before.began_at, before.edges) == (same, after.began_at, after.edges)


async def test_a_cleared_jam_is_kept_with_its_end(world: World) -> None:
    await world.report(east(2), minutes=5)
    await world.traffic.step()
    world.clock.advance(1000)
    await world.traffic.step()

    (row,) = await world.rows("select * from traffic_jam")
    assert world.clock.now() == row["ended_at"]
    assert ("unknown", ["Jl. Panjang"]) == (row["reason"], row["roads"])


async def a_slot(world: World, traffic: Any, kmh: float) -> None:
    """Measures in this slot and goes on to the next."""
    await traffic.step()
    traffic.add(seen_now(world, east(3), kmh))
    await traffic.step()
    world.clock.advance(300)
    await traffic.step()


async def test_typical_speeds_are_learnt_and_outlive_the_process(world: World) -> None:
    await a_slot(world, world.traffic, 20.0)
    world.clock.advance(7 * 86400 - 300)  # a week later, the same five minutes

    again = world.again()
    state = (await again.step()).state

    assert How.TYPICAL == state.how[east(3)]
    assert 20.0 == pytest.approx(state.kmh[east(3)], abs=0.4)
    assert How.FREE_FLOW == state.how[east(PIECES)]


async def test_a_second_week_is_a_mean_of_both(world: World) -> None:
    await a_slot(world, world.traffic, 20.0)
    world.clock.advance(7 * 86400 - 300)
    await a_slot(world, world.traffic, 30.0)
    world.clock.advance(7 * 86400 - 300)

    state = (await world.again().step()).state

    assert 25.0 == pytest.approx(state.kmh[east(3)], abs=0.7)


async def test_a_slot_is_kept_once_under_its_number(world: World) -> None:
    at = world.clock.now().timestamp()
    await a_slot(world, world.traffic, 20.0)

    rows = await world.rows("select slot, octet_length(content) as bytes from traffic_typical")
    zone = world.traffic._zone
    assert [slot_of(at, zone)] == [row["slot"] for row in rows]


async def test_without_the_database_the_roads_go_on(world: World) -> None:
    await world.traffic.step()
    world.traffic.add(seen_now(world, east(3), 5.0))
    away = open_for(
        Database("host=/nonexistent user=x dbname=x", wait_s=0.1),
        world.clock, world.traffic.roads, "away",
    )  # fmt: skip
    followed: list[Cycle] = []

    async def follow(cycle: Cycle) -> None:
        followed.append(cycle)

    away.followers.append(follow)
    with pytest.raises(Exception, match="kernel"):
        await away.step()

    assert 1 == len(followed)
    assert Colour.UNKNOWN == followed[0].state.colour[0]


async def test_counts_are_flow(world: World) -> None:
    await world.traffic.step()
    at = np.array([world.clock.now().timestamp()])
    singles = [np.array([value], np.float32) for value in (60, 0, 10, 0)]

    assert 1 == world.traffic.count(Counts(np.array([east(3)]), at, *singles))
    assert 600 == pytest.approx((await world.traffic.step()).state.flow[east(3)])


async def test_a_new_pack_is_taken_up_and_what_was_said_holds_on_it(world: World) -> None:
    await world.close(east(3))
    await world.traffic.step()
    path = world.traffic.roads.folder / "roads.npz"
    path.write_bytes(path.read_bytes())  # the same roads in a file that is another

    cycle = await world.traffic.step()

    assert cycle.is_first
    assert (east(3),) == cycle.closed


async def test_jams_that_ended_long_ago_are_forgotten_and_that_is_proven(world: World) -> None:
    settings, now = TrafficSettings(), world.clock.now()
    old, young = now - timedelta(days=settings.jam_days, hours=1), now - timedelta(days=1)
    ended = {"old": old, "young": young, "open": None}
    async with world.db.transaction(EVERYTHING) as tx:
        for cause, at in ended.items():
            row: dict[str, Any] = dict.fromkeys(
                ("length_m", "queue_m", "delay_s", "lat", "lon"), 1.0
            )
            row |= {
                "place": None,
                "id": new_id(),
                "roads": [],
                "keys": [],
                "how": "measured",
                "cause": cause,
            }
            row |= {"began_at": old, "changed_at": old, "ended_at": at, "reason": ""}
            await store.save_jams(EVERYTHING, tx, [row])
        gone = await forget_jams(EVERYTHING, tx, settings, now)

    kept = await world.rows("select cause from traffic_jam order by cause")
    assert (1, ["open", "young"]) == (gone, [row["cause"] for row in kept])
    (proof,) = await world.rows("select * from privacy_deletion where class = 'traffic_jam'")
    assert ("traffic_jam", "age", 1) == (proof["store"], proof["rule"], proof["count"])
