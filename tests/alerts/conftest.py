"""Fixtures of the tests of alerts."""

from pathlib import Path

import pytest

from tests.alerts.world import Room, make_room
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database


@pytest.fixture
def room(db: Database, clock: FixedClock, tmp_path: Path) -> Room:
    return make_room(db, clock, tmp_path / "no-city")
