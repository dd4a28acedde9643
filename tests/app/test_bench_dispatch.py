"""The control room that is measured, and that the measurement measures."""

import csv
import io

import pytest

from warroom.app.bench.control_room import AGENCIES, BOX, as_csv, spots
from warroom.app.bench.dispatch import bench_dispatch


def test_the_units_that_are_measured_are_of_five_agencies() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(200).decode())))

    assert 200 == len({row["name"] for row in rows})
    assert {name for _, name in AGENCIES} == {row["agency"] for row in rows}


def test_places_are_the_same_each_time_and_within_the_city() -> None:
    (south, west), (north, east) = BOX

    assert spots(50, 1) == spots(50, 1) != spots(50, 2)
    assert all(south <= lat <= north and west <= lon <= east for lat, lon in spots(50, 1))


@pytest.mark.nightly
def test_every_screen_hears_of_every_saving() -> None:
    told = bench_dispatch(units=16, operators=3, seconds=2)

    assert 0 < told["savings"]
    assert told["screens_expected"] == told["screens_told"]
    assert 0 < told["slots"]["filled"] <= told["slots"]["needed"]
