"""Fixtures of the tests of dispatch."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dispatch.incident_world import Room, make_room
from tests.dispatch.world import World, make_world
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database


@pytest.fixture
def world(
    db: Database, clock: FixedClock, tmp_path: Path, loop_runner: asyncio.Runner
) -> Iterator[World]:
    made = loop_runner.run(make_world(db, clock, tmp_path))
    yield made
    loop_runner.run(made.router.__aexit__(None, None, None))


@pytest.fixture
def room(world: World, loop_runner: asyncio.Runner) -> Room:
    return loop_runner.run(make_room(world))


@pytest.fixture
def ring_room(
    db: Database, clock: FixedClock, tmp_path: Path, loop_runner: asyncio.Runner
) -> Iterator[Room]:
    """The room in a town where another way leads round the long road."""
    world = loop_runner.run(make_world(db, clock, tmp_path, with_ring=True))
    yield loop_runner.run(make_room(world))
    loop_runner.run(world.router.__aexit__(None, None, None))
