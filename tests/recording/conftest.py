"""Fixtures of the tests of recording."""

import asyncio
from pathlib import Path

import pytest

from tests.cameras.world import World, make_world
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database


@pytest.fixture
def world(db: Database, clock: FixedClock, tmp_path: Path, loop_runner: asyncio.Runner) -> World:
    """Two agencies with cameras, and people in and around them."""
    return loop_runner.run(make_world(db, clock, tmp_path))
