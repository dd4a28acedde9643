"""Observations: what is refused, what they add up to, and that their order says nothing."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traffic.city import NOW, seen, town
from warroom.traffic.contracts import Counts, Observations, Source
from warroom.traffic.standing import Standing
from warroom.traffic.window import FADE_S, MOST_KMH, WINDOW_S, Window

ROWS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.floats(0, MOST_KMH, width=32),
        st.floats(0.125, 50, width=32),
        st.floats(NOW - WINDOW_S + 1, NOW),
        st.sampled_from([Source.CAMERA, Source.GPS, Source.OFFICER]),
    ),
    min_size=1,
    max_size=40,
)


def window_of(*rows: tuple[int, float, float, float, int]) -> Window:
    window = Window(town().edges)
    window.add(Observations.of(*rows), NOW)
    return window


def test_where_it_is_slow_one_vehicle_is_one_however_often_it_tells() -> None:
    slow = Window(town().edges, np.full(town().edges, 20.0, np.float32))
    told = Observations.of(*[(0, 2.0, 1.0, NOW, Source.GPS)] * 20)
    one = replace(told, who=np.full(20, 7))
    two = replace(told, who=np.arange(20) % 2)

    slow.add(one, NOW)
    assert slow.sums(NOW).vehicles[0] == 1.0
    slow.add(two, NOW)
    assert slow.sums(NOW).vehicles[0] == 3.0
    slow.add(Observations.of((0, 5.0, 4.0, NOW, Source.CAMERA)), NOW)
    assert slow.sums(NOW).vehicles[0] == 7.0
    assert slow.sums(NOW).weight[0] == 44.0


@pytest.mark.parametrize("kmh", [math.nan, math.inf, -1.0, MOST_KMH + 1])
def test_speeds_that_cannot_be_are_refused_and_counted(kmh: float) -> None:
    window = Window(town().edges)

    taken = window.add(seen(0, kmh), NOW)

    assert (0, {"kmh": 1}) == (taken, window.refused)
    assert np.isnan(window.sums(NOW).kmh).all()


@pytest.mark.parametrize(
    ("reason", "row"),
    [
        ("edge", (-1, 30.0, 1.0, NOW, 1)),
        ("edge", (10_000, 30.0, 1.0, NOW, 1)),
        ("weight", (0, 30.0, 0.0, NOW, 1)),
        ("weight", (0, 30.0, math.nan, NOW, 1)),
        ("source", (0, 30.0, 1.0, NOW, 9)),
        ("at", (0, 30.0, 1.0, NOW - WINDOW_S, 1)),
        ("at", (0, 30.0, 1.0, NOW + 60, 1)),
        ("at", (0, 30.0, 1.0, math.nan, 1)),
    ],
)
def test_what_cannot_be_is_refused_by_its_reason_and_harms_nothing_else(
    reason: str, row: tuple[int, float, float, float, int]
) -> None:
    window = Window(town().edges)

    taken = window.add(Observations.of(row, (2, 25.0, 1.0, NOW, 1)), NOW)

    assert 1 == taken
    assert {reason: 1} == window.refused
    assert 25.0 == pytest.approx(window.sums(NOW).kmh[2])


def test_positions_are_a_mean_over_time_and_vehicles_past_a_camera_a_mean_over_space() -> None:
    gps = window_of((0, 20.0, 1.0, NOW, Source.GPS), (0, 60.0, 1.0, NOW, Source.GPS))
    camera = window_of((0, 20.0, 1.0, NOW, Source.CAMERA), (0, 60.0, 1.0, NOW, Source.CAMERA))

    assert 40.0 == pytest.approx(gps.sums(NOW).kmh[0])
    assert 30.0 == pytest.approx(camera.sums(NOW).kmh[0])


def test_what_is_older_counts_less_and_in_the_end_nothing() -> None:
    window = window_of((0, 20.0, 1.0, NOW, 1))

    weights = [
        float(window.sums(NOW + age).weight[0]) for age in (0.0, FADE_S, 2 * FADE_S, WINDOW_S)
    ]

    assert [1.0, math.exp(-1), math.exp(-2), 0.0] == pytest.approx(weights)


def test_what_people_told_is_kept_apart_from_what_was_measured() -> None:
    window = window_of((0, 40.0, 2.0, NOW, Source.GPS))

    sums = window.sums(NOW, seen(0, 10.0, 2.0, NOW - 3000, Source.OFFICER))

    assert (2.0, 2.0) == (sums.weight[0], sums.reported[0])
    assert 25.0 == pytest.approx(sums.kmh[0])
    assert 40.0 == pytest.approx(sums.measured_kmh[0])


@given(ROWS)
def test_the_mean_lies_between_the_slowest_and_the_fastest(rows: list) -> None:
    window = window_of(*rows)

    sums = window.sums(NOW)

    for edge in {row[0] for row in rows if row[3] > NOW - WINDOW_S + 2}:
        speeds = [row[1] for row in rows if row[0] == edge]
        # A standing vehicle past a camera counts as walking pace.
        assert min(speeds) - 0.01 <= sums.kmh[edge] <= max(1.0, *speeds) + 0.01


@given(ROWS, st.randoms())
def test_the_order_of_observations_says_nothing(rows: list, random: object) -> None:
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]

    one, other = window_of(*rows).sums(NOW), window_of(*mixed).sums(NOW)

    np.testing.assert_allclose(one.kmh, other.kmh)
    np.testing.assert_allclose(one.weight, other.weight)
    np.testing.assert_array_equal(one.newest, other.newest)


@given(ROWS)
def test_in_one_heap_or_one_by_one_is_the_same(rows: list) -> None:
    window = Window(town().edges)
    for row in rows:
        window.add(Observations.of(row), NOW)

    np.testing.assert_allclose(window.sums(NOW).kmh, window_of(*rows).sums(NOW).kmh)


def counts(
    *, seconds: float = 60, motorcycles: float = 0, light: float = 0, heavy: float = 0
) -> Counts:
    singles = [np.array([v], np.float32) for v in (seconds, motorcycles, light, heavy)]
    return Counts(np.array([3]), np.array([NOW]), *singles)


def test_counts_become_passenger_cars_an_hour() -> None:
    window = Window(town().edges)
    window.count(counts(motorcycles=40, light=10, heavy=5), NOW)

    flow = window.sums(NOW, emp=(0.25, 1.2)).flow

    assert (40 * 0.25 + 10 + 5 * 1.2) * 60 == pytest.approx(flow[3])
    assert np.isnan(flow[0])


def test_two_counts_of_a_road_are_one_longer_count() -> None:
    window = Window(town().edges)
    window.count(counts(light=10), NOW)
    window.count(counts(light=30, seconds=60), NOW)

    assert 1200 == pytest.approx(window.sums(NOW).flow[3])


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        ("seconds", counts(seconds=0)),
        ("count", counts(light=-1)),
        ("count", counts(heavy=math.nan)),
    ],
)
def test_counts_that_cannot_be_are_refused(reason: str, bad: Counts) -> None:
    window = Window(town().edges)

    assert 0 == window.count(bad, NOW)
    assert {reason: 1} == window.refused


def test_an_old_count_is_forgotten() -> None:
    window = Window(town().edges)
    window.count(counts(light=10), NOW)

    assert np.isnan(window.sums(NOW + WINDOW_S + 1).flow).all()


def test_whoever_drove_past_freely_does_not_bear_out_one_that_is_slow() -> None:
    slow = Window(town().edges, np.full(town().edges, 20.0, np.float32))
    told = Observations.of(
        *[(0, 2.0, 1.0, NOW - second, Source.GPS) for second in range(20)],
        (0, 45.0, 1.0, NOW - 30, Source.GPS),
    )

    slow.add(replace(told, who=np.array([7] * 20 + [8])), NOW)

    assert slow.sums(NOW).vehicles[0] == 1.0


def test_those_who_stand_beside_the_traffic_are_left_out() -> None:
    free = town().free_kmh
    window = Window(town().edges, standing=Standing(free))
    parks = [(0, float(kmh), 1.0, NOW - 50 + n * 10, Source.GPS) for n, kmh in enumerate((50, 0))]
    creeps = [(2, kmh, 1.0, NOW - 60 + n * 10, Source.GPS) for n, kmh in enumerate((8, 6, 7, 5, 0))]
    for rows, who in ((parks, 1), (creeps, 2)):
        told = Observations.of(*rows)
        window.add(replace(told, who=np.full(len(told), who)), NOW)

    sums = window.sums(NOW)

    assert sums.kmh[0] == 50.0
    assert 0.0 < sums.kmh[2] < 6.0
