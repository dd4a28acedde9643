"""Several processes of one city: what one observes, all know."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.listening import until_listened
from tests.scopes import EVERYTHING
from tests.traffic.test_said import in_two_areas
from tests.traffic.world import World, make_world
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.traffic.api import Counts, Observations, Sharing, Source, Traffic
from warroom.traffic.sharing import CHANNEL


@pytest.fixture
def world(db: Database, clock: FixedClock, tmp_path: Path, loop_runner: asyncio.Runner) -> World:
    return loop_runner.run(make_world(db, clock, tmp_path, in_two_areas()))


def seen(world: World, *rows: tuple[int, float]) -> Observations:
    at = world.clock.now().timestamp()
    return Observations.of(*((edge, kmh, 1.0, at, Source.GPS) for edge, kmh in rows))


def counted(world: World, edge: int) -> Counts:
    def of(value: float) -> np.ndarray:
        return np.array([value], np.float32)

    at = np.array([world.clock.now().timestamp()])
    return Counts(np.array([edge]), at, of(30), of(14), of(6), of(1))


@asynccontextmanager
async def two(world: World) -> AsyncIterator[tuple[Traffic, Sharing, Traffic, Sharing]]:
    """Two processes of the town, which hear each other; each tells when it is asked to."""
    other = world.again()
    await world.traffic.step()
    await other.step()
    async with (
        Sharing(world.db, world.clock, EVERYTHING, world.traffic) as here,
        Sharing(world.db, world.clock, EVERYTHING, other) as there,
    ):
        await until_listened(world.db, EVERYTHING, CHANNEL, 2)
        yield world.traffic, here, other, there


async def knows(traffic: Traffic, edge: int) -> float:
    """Vehicles seen on the edge, after the next cycle."""
    cycle = await traffic.step()
    return float(cycle.state.observed[edge])


async def until_knows(traffic: Traffic, edge: int, wanted: float) -> None:
    async with asyncio.timeout(10):
        while await knows(traffic, edge) < wanted - 0.01:
            await asyncio.sleep(0.05)


async def test_what_one_process_sees_all_know_and_nobody_twice(world: World) -> None:
    async with two(world) as (mine, here, other, there):
        mine.add(seen(world, (0, 22.5), (0, 23.5)))
        other.add(seen(world, (2, 31.0)))
        await here.flush()
        await there.flush()
        await until_knows(other, 0, 2)
        await until_knows(mine, 2, 1)
        # What was heard is told to nobody: another round brings nothing.
        await here.flush()
        await there.flush()
        await asyncio.sleep(0.3)

        for traffic in (mine, other):
            assert await knows(traffic, 0) == pytest.approx(2, abs=0.01)
            assert await knows(traffic, 2) == pytest.approx(1, abs=0.01)
            state = traffic.estimator.state
            assert state is not None
            assert state.kmh[0] == pytest.approx(23.0, abs=0.1)


async def test_a_vehicle_that_two_processes_saw_is_one_and_makes_no_jam(world: World) -> None:
    async with two(world) as (mine, here, other, there):
        for traffic in (mine, other):
            traffic.add(replace(seen(world, (0, 5.0)), who=np.array([7])))
            traffic.add(seen(world, (2, 20.0)))
        await here.flush()
        await there.flush()
        await until_knows(other, 2, 2)

        assert await knows(other, 0) == pytest.approx(1, abs=0.01)
        mine.add(replace(seen(world, (0, 5.0)), who=np.array([8])))
        await here.flush()
        await until_knows(other, 0, 2)


async def test_counts_of_cameras_are_shared_as_well(world: World) -> None:
    async with two(world) as (mine, here, other, _):
        for traffic in (mine, other):
            traffic.take_told(seen(world, (0, 30.0)))
        mine.count(counted(world, 0))
        await here.flush()
        async with asyncio.timeout(10):
            while np.isnan((await other.step()).state.flow[0]):
                await asyncio.sleep(0.05)

        flows = [(await traffic.step()).state.flow[0] for traffic in (mine, other)]
        assert flows[0] == pytest.approx(flows[1])


async def test_more_than_a_notification_holds_is_told_in_several(world: World) -> None:
    async with two(world) as (mine, here, other, _):
        mine.add(seen(world, *((0, 30.0) for _ in range(2_000))))
        await here.flush()

        await until_knows(other, 0, 2_000)


async def test_it_is_told_by_itself_once_a_second(world: World) -> None:
    async with two(world) as (mine, _, other, _):
        mine.add(seen(world, (0, 20.0)))

        await until_knows(other, 0, 1)


@pytest.mark.parametrize(
    "payload",
    ["", "x", "x y o", "x {version} o", "x {version} o !!!", "x {version} o 00", "x {version} z 00",
     "x other o 0000000000"],
)  # fmt: skip
async def test_what_is_no_observation_of_these_roads_is_left_out(
    world: World, payload: str
) -> None:
    await world.traffic.step()
    sharing = Sharing(world.db, world.clock, EVERYTHING, world.traffic)
    version = world.traffic.estimator.ground.version

    assert sharing.take(payload.replace("{version}", version)) == 0


async def test_without_roads_nothing_is_told(world: World) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def listen() -> None:
        async for told in world.db.hear(CHANNEL):
            heard.put_nowait(told)

    other = world.again()  # has made no state yet
    listening = asyncio.create_task(listen())
    await until_listened(world.db, EVERYTHING, CHANNEL)
    async with Sharing(world.db, world.clock, EVERYTHING, other):
        other.add(seen(world, (0, 20.0)))
        await asyncio.sleep(1.3)
    listening.cancel()

    assert heard.empty()
    assert other.without_roads == 1
