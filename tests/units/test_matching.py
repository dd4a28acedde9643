"""Which edge a fix is put on: rules on small roads, and how often it is right on real ones."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.roads.maps import STEP, cross
from tests.units.tracks import drive
from tests.units.world import straight
from warroom.roads.api import RoadGraph, build_graph, read_extract
from warroom.units.matching import EARTH_M_PER_DEGREE, WITHIN_M, Fixes, Matched, Matcher, RoadIndex

LINE = RoadIndex(straight())


def one(
    lon: float, lat: float = 0.0, *, at_s: float = 0.0, kmh: float = 40.0,
    bearing: float = math.nan, slot: int = 0,
) -> Fixes:  # fmt: skip
    values = [np.array([v], np.float64) for v in (at_s, lat, lon, kmh, bearing, math.nan)]
    return Fixes(np.array([slot]), *values)


def edge_of(graph: RoadGraph, matched: Matched) -> str:
    edge = int(matched.edge[0])
    return graph.key_of(edge) if edge >= 0 else ""


def test_the_course_tells_the_direction() -> None:
    east = Matcher(LINE).match(one(119.4025, bearing=85.0))
    west = Matcher(LINE).match(one(119.4025, bearing=265.0))

    assert (edge_of(LINE.graph, east), edge_of(LINE.graph, west)) == ("13:3:4", "13:4:3")
    assert east.fraction[0] == pytest.approx(0.5, abs=0.01)
    assert west.fraction[0] == pytest.approx(0.5, abs=0.01)


def test_without_a_course_the_way_since_the_last_fix_is_one() -> None:
    matcher = Matcher(LINE)
    matcher.match(one(119.4035))

    assert edge_of(LINE.graph, matcher.match(one(119.4025, at_s=10))) == "13:4:3"


def test_a_standing_receiver_does_not_turn_the_vehicle_round() -> None:
    matcher = Matcher(LINE)
    matcher.match(one(119.4022, bearing=90.0))
    matcher.match(one(119.4024, at_s=1, bearing=90.0))

    for second in range(2, 12):
        made_up = (second * 97.0) % 360
        stands = matcher.match(one(119.4024, at_s=second, kmh=0.5, bearing=made_up))
        assert edge_of(LINE.graph, stands) == "13:3:4"


def test_a_fix_nearer_to_the_crossing_road_stays_on_the_road_it_came_by() -> None:
    graph = build_graph(cross(kind="primary"))
    matcher = Matcher(RoadIndex(graph))
    middle = 119.4 + STEP
    for second, before in enumerate((60, 45, 30, 20)):
        matcher.match(one(middle - before / EARTH_M_PER_DEGREE, STEP, at_s=second, bearing=90.0))

    # 9 m before the crossing and 10 m off: the other road is as near as this one.
    off = matcher.match(
        one(middle - 9 / EARTH_M_PER_DEGREE, STEP + 10 / EARTH_M_PER_DEGREE, at_s=4, bearing=90.0)
    )

    assert edge_of(graph, off) == "10:1:2"


def test_against_a_one_way_road_only_where_the_course_says_so() -> None:
    graph = build_graph(cross(kind="primary", oneway=1))
    matcher = Matcher(RoadIndex(graph))
    standing = matcher.match(one(119.4 + STEP / 2, STEP, kmh=0.0))
    driving = Matcher(matcher.index).match(one(119.4 + STEP / 2, STEP, bearing=270.0))

    assert edge_of(graph, standing) == "10:1:2"
    assert edge_of(graph, driving) == "10:2:1"
    usable = Matcher(matcher.index, ~graph.contraflow)
    assert edge_of(graph, usable.match(one(119.4 + STEP / 2, STEP, bearing=270.0))) == "10:1:2"


def test_after_a_long_pause_the_last_road_says_nothing() -> None:
    matcher = Matcher(LINE)
    matcher.match(one(119.4005, bearing=90.0))

    far = matcher.match(one(119.4085, at_s=61, bearing=270.0))

    assert edge_of(LINE.graph, far) == "19:10:9"


def test_vehicles_do_not_know_of_each_other() -> None:
    together, alone = Matcher(LINE), Matcher(LINE)
    random = np.random.default_rng(5)
    for second in range(20):
        lon = 119.4005 + random.random(300) * 0.009
        values = [np.full(300, float(second)), np.zeros(300), lon, np.full(300, 40.0)]
        fixes = Fixes(np.arange(300), *values, np.full(300, math.nan), np.full(300, math.nan))
        all_of_them = together.match(fixes)
        of_one = alone.match(Fixes(*(column[7:8] for column in fixes)))
        assert all_of_them.edge[7] == of_one.edge[0]


def test_nothing_is_matched_where_there_is_nothing() -> None:
    nothing = Matcher(LINE).match(Fixes(np.zeros(0, np.int64), *(np.zeros(0) for _ in range(6))))

    assert len(nothing.edge) == 0


@given(st.floats(119.39, 119.42), st.floats(-0.002, 0.002), st.floats(0, 360), st.floats(0, 120))
@settings(max_examples=200)
def test_what_is_matched_lies_near_and_what_is_far_is_not(
    lon: float, lat: float, bearing: float, kmh: float
) -> None:
    matched = Matcher(LINE).match(one(lon, lat, bearing=bearing, kmh=kmh))

    squeeze = LINE.scale[0]
    beyond = max(119.4 - lon, 0.0, lon - 119.41) * squeeze
    distance = math.hypot(beyond, lat * EARTH_M_PER_DEGREE)
    assert (matched.edge[0] >= 0) == (distance <= WITHIN_M) or abs(distance - WITHIN_M) < 0.01
    if matched.edge[0] >= 0:
        assert matched.distance_m[0] == pytest.approx(distance, abs=0.1)
        assert 0.0 <= matched.fraction[0] <= 1.0


@pytest.mark.parametrize(("name", "least"), [("munchen", 0.87), ("liechtenstein", 0.94)])
def test_on_real_roads_most_fixes_are_on_the_edge_they_were_made_on(
    test_data: Path, name: str, least: float
) -> None:
    """8 m of noise that lasts for seconds, one fix a second; the figures are in docs/units.md."""
    graph = build_graph(read_extract(test_data / "city" / f"{name}.osm.pbf"))
    matcher, right, total = Matcher(RoadIndex(graph)), 0, 0
    for fixes, true in drive(graph, vehicles=60, seconds=120, seed=3, noise_m=8.0):
        right += int((matcher.match(fixes).edge == true).sum())
        total += len(true)

    assert right / total >= least
