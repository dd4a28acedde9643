"""Units that drive make the state of the roads, whoever they are."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from tests.traffic.city import east
from tests.traffic.test_said import in_two_areas
from tests.traffic.world import World, make_world
from warroom.app.wiring import _see
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.roads.api import RoadGraph
from warroom.traffic.contracts import How
from warroom.units.api import Seen


@pytest.fixture
def world(db: Database, clock: FixedClock, tmp_path: Path, loop_runner: asyncio.Runner) -> World:
    return loop_runner.run(make_world(db, clock, tmp_path, in_two_areas()))


def seen(world: World, graph: RoadGraph, kmh: float) -> Seen:
    at = world.clock.now().timestamp()
    edge = np.array([east(3)] * 10, np.int64)
    return Seen(graph, edge, np.full(10, kmh, np.float32), np.full(10, at), np.arange(10))


async def test_what_drives_on_a_road_makes_its_state(world: World) -> None:
    await world.traffic.step()
    graph = world.traffic.estimator.graph

    _see(world.traffic, seen(world, graph, 8.0))
    await world.traffic.step()

    state = world.traffic.estimator.state
    assert state is not None
    assert state.how[east(3)] == How.MEASURED
    assert state.kmh[east(3)] == pytest.approx(8.0, abs=0.5)


async def test_roads_of_another_pack_are_not_mistaken_for_these(world: World) -> None:
    await world.traffic.step()

    _see(world.traffic, seen(world, in_two_areas(), 8.0))
    await world.traffic.step()

    state = world.traffic.estimator.state
    assert state is not None
    assert state.how[east(3)] != How.MEASURED


async def test_before_the_first_state_nothing_is_lost_but_the_glance(world: World) -> None:
    _see(world.traffic, seen(world, in_two_areas(), 8.0))

    await world.traffic.step()
    assert world.traffic.estimator.state is not None
