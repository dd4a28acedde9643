"""Saturation and level of service after the tables."""

import math
from pathlib import Path

import numpy as np
import pytest

from tests.traffic.city import NOW, east, ground, seen, sums_of, town
from warroom.traffic.contracts import State
from warroom.traffic.errors import BadTablesError
from warroom.traffic.estimate import estimate
from warroom.traffic.levels import (
    FILE,
    capacity_of,
    level_of,
    read_tables,
    saturation_of,
    tables_of,
)
from warroom.traffic.settings import TrafficSettings


def state_of(kmh: float, flow: float = math.nan) -> State:
    sums = sums_of(seen(0, kmh, 10))
    sums.flow[0] = flow
    return estimate(ground(), sums, NOW)


def test_every_row_says_where_it_comes_from() -> None:
    tables = read_tables()
    rows = [
        *tables.capacity_per_lane, *tables.city_size, *tables.equivalents,
        *tables.level_by_saturation, *tables.level_by_ratio,
    ]  # fmt: skip

    assert 23 > len(rows) > 15
    assert all(len(row.source) > 10 for row in rows)
    assert 0.25 == tables.equivalent("motorcycle")
    # What is said to be of a document names it.
    names = {"mkji_1997": "MKJI 1997", "km_14_2006": "KM 14/2006", "hcm_2000": "HCM 2000"}
    assert {row.basis for row in rows} == {*names, "assumption"}
    assert all(names.get(row.basis, "") in row.source for row in rows)


def test_a_city_puts_its_own_tables_in_place(tmp_path: Path) -> None:
    own = tmp_path / "tables.json"
    own.write_text(FILE.read_text().replace('"smp_per_h": 1650', '"smp_per_h": 1700'))

    told = tables_of(TrafficSettings(tables_file=str(own)))

    assert 1700 == told.capacity_per_lane[0].smp_per_h
    assert 1650 == tables_of(TrafficSettings()).capacity_per_lane[0].smp_per_h


@pytest.mark.parametrize(
    "content", [None, "", "{}", FILE.read_text().replace('"mkji_1997"', '"hearsay"')]
)
def test_tables_that_are_none_are_refused_in_words(tmp_path: Path, content: str | None) -> None:
    own = tmp_path / "tables.json"
    if content is not None:
        own.write_text(content)

    with pytest.raises(BadTablesError) as caught:
        tables_of(TrafficSettings(tables_file=str(own)))

    assert caught.value.params["file"] == "tables.json"


def test_capacity_is_that_of_the_lanes_in_a_city_of_this_size() -> None:
    tables = read_tables()
    big, small = (capacity_of(town(), million, tables) for million in (1.5, 0.3))

    assert 2 * 1500 == pytest.approx(big[east(1)])  # primary, two lanes each way
    assert 2 * 1500 * 0.9 == pytest.approx(small[east(1)])


@pytest.mark.parametrize(
    ("ratio", "letter"),
    [(1.0, "A"), (0.8, "B"), (0.6, "C"), (0.45, "D"), (0.3, "E"), (0.1, "F")],
)
def test_without_counts_the_level_is_that_of_the_speed(ratio: float, letter: str) -> None:
    state = state_of(ratio * float(town().free_kmh[0]))
    saturation = saturation_of(state, capacity_of(town(), 1.5, read_tables()))

    assert math.isnan(saturation[0])
    assert ord(letter) == level_of(state, saturation, read_tables())[0]


@pytest.mark.parametrize(
    ("saturation", "letter"),
    [(0.1, "A"), (0.19, "A"), (0.3, "B"), (0.6, "C"), (0.8, "D"), (0.95, "E"), (1.2, "F")],
)
def test_with_counts_it_is_that_of_the_saturation(saturation: float, letter: str) -> None:
    capacity = capacity_of(town(), 1.5, read_tables())
    state = state_of(float(town().free_kmh[0]), saturation * float(capacity[0]))

    told = saturation_of(state, capacity)

    assert saturation == pytest.approx(told[0])
    assert ord(letter) == level_of(state, told, read_tables())[0]


def test_a_standing_queue_that_few_pass_is_no_level_a() -> None:
    state = state_of(0.1 * float(town().free_kmh[0]), flow=50.0)
    saturation = saturation_of(state, capacity_of(town(), 1.5, read_tables()))

    assert ord("F") == level_of(state, saturation, read_tables())[0]


def test_of_an_unknown_road_no_level_is_told() -> None:
    state = estimate(ground(), sums_of(), NOW)
    saturation = np.full(town().edges, np.nan, np.float32)

    assert not level_of(state, saturation, read_tables()).any()
