"""Fixtures of the tests of incidents."""

import asyncio

import pytest

from tests.incidents.world import World, make_world
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database


@pytest.fixture
def world(db: Database, clock: FixedClock, loop_runner: asyncio.Runner) -> World:
    return loop_runner.run(make_world(db, clock))
