"""Fixtures of the tests of units."""

import asyncio
from pathlib import Path

import pytest

from tests.units.world import World, make_world
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database


@pytest.fixture
def world(db: Database, clock: FixedClock, tmp_path: Path, loop_runner: asyncio.Runner) -> World:
    return loop_runner.run(make_world(db, clock, tmp_path))
