"""Claims about what every route takes."""

from datetime import datetime

import pytest
from pydantic import TypeAdapter

from warroom.kernel.http import Instant


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59-12:00", "2200-01-01T00:00:00Z"),
        ("2026-11-26T12:00:00+08:00", "2026-11-26T04:00:00Z"),
    ],
)
def test_an_instant_that_no_calendar_holds_is_the_nearest(told: str, kept: str) -> None:
    assert datetime.fromisoformat(kept) == TypeAdapter(Instant).validate_python(told)
