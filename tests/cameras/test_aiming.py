"""How a turning camera comes to look at a place, and when it says that this cannot be known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.cameras.aiming import apart, bearing_of, bearing_to, choose, pan_of
from warroom.cameras.contracts import Preset, Reach

HERE = (-5.14, 119.42)
DEGREES = Reach("absolute", -180.0, 180.0, in_degrees=True)
UNITS = Reach("absolute", -1.0, 1.0)
SPEEDS_ONLY = Reach()

BEARINGS = st.floats(0, 360, exclude_max=True)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ((-5.13, 119.42), 0.0),
        ((-5.14, 119.43), 90.0),
        ((-5.15, 119.42), 180.0),
        ((-5.14, 119.41), 270.0),
    ],
)
def test_bearings_are_clockwise_from_north(there: tuple[float, float], expected: float) -> None:
    found = bearing_to(HERE, there)

    assert found is not None
    assert expected == pytest.approx(found, abs=0.01)


def test_a_place_under_the_camera_has_no_bearing() -> None:
    assert bearing_to(HERE, (HERE[0] + 1e-7, HERE[1])) is None
    assert "same_place" == choose(None, 0.0, 60.0, DEGREES, None, [], {}).why


@given(BEARINGS, st.floats(5, 3000), BEARINGS)
def test_the_camera_turned_by_numbers_looks_at_the_place(
    bearing: float, metres: float, home: float
) -> None:
    angle = math.radians(bearing)
    there = (
        HERE[0] + metres * math.cos(angle) / 111_320,
        HERE[1] + metres * math.sin(angle) / (111_320 * math.cos(math.radians(HERE[0]))),
    )
    found = bearing_to(HERE, there)
    assert found is not None

    aim = choose(found, home, 60.0, DEGREES, None, [], {})

    assert "turn" == aim.by
    looks = bearing_of(aim.pan, home, DEGREES, None)
    assert looks is not None
    assert apart(looks, bearing) < 0.1


@given(BEARINGS, BEARINGS, st.floats(30, 720), st.sampled_from([(-1.0, 1.0), (0.0, 1.0)]))
def test_units_lead_there_and_back_where_the_span_is_known(
    bearing: float, home: float, span: float, ends: tuple[float, float]
) -> None:
    reach = Reach("absolute", *ends)
    pan = pan_of(bearing, home, reach, span)

    # A place behind a camera that turns half around is out of reach, and no other is.
    assert (pan is None) == (apart(bearing, home) > span / 2 + 1e-6) or span / 2 == pytest.approx(
        apart(bearing, home)
    )
    if pan is not None:
        looks = bearing_of(pan, home, reach, span)
        assert looks is not None
        assert apart(looks, bearing) < 1e-3
        assert ends[0] <= pan <= ends[1]


def test_a_node_that_counts_from_nought_to_the_full_circle_is_turned_the_other_way() -> None:
    round_the_clock = Reach("absolute", 0.0, 360.0, in_degrees=True)

    assert 270.0 == pan_of(90.0, 180.0, round_the_clock, None)


@pytest.mark.parametrize(
    ("reach", "home", "span"),
    [(UNITS, 10.0, None), (DEGREES, None, None), (UNITS, None, 360.0)],
)
def test_what_nobody_measured_is_not_turned_by_numbers(
    reach: Reach, home: float | None, span: float | None
) -> None:
    aim = choose(45.0, home, 60.0, reach, span, [Preset("1", "Depan", 0.1)], {})

    assert (None, "not_measured") == (aim.by, aim.why)


def test_a_position_of_which_somebody_said_where_it_looks_serves() -> None:
    presets = [Preset("1", "Depan"), Preset("2", "Pettarani"), Preset("3", "Halte")]

    aim = choose(350.0, None, 60.0, SPEEDS_ONLY, None, presets, {"1": 40.0, "2": 10.0})

    assert ("preset", "2", 20.0, True) == (
        aim.by,
        aim.preset.token if aim.preset else "",
        aim.off_deg,
        aim.is_seen,
    )


def test_a_position_that_misses_the_place_says_by_how_much() -> None:
    aim = choose(80.0, None, 60.0, SPEEDS_ONLY, None, [Preset("1", "Depan")], {"1": 20.0})

    assert (60.0, False) == (aim.off_deg, aim.is_seen)
    unknown = choose(80.0, None, None, SPEEDS_ONLY, None, [Preset("1", "Depan")], {"1": 20.0})
    assert unknown.is_seen is None


def test_a_position_that_looks_away_is_not_gone_to() -> None:
    aim = choose(200.0, None, 60.0, SPEEDS_ONLY, None, [Preset("1", "Depan")], {"1": 20.0})

    assert (None, "no_preset", 180.0) == (aim.by, aim.why, aim.off_deg)


def test_what_somebody_said_of_a_position_counts_more_than_its_numbers() -> None:
    presets = [Preset("1", "Depan", 0.0)]

    aim = choose(90.0, 0.0, 60.0, Reach(in_degrees=True), None, presets, {"1": 90.0})

    assert 0.0 == aim.off_deg


def test_a_place_out_of_reach_is_told_as_such() -> None:
    aim = choose(180.0, 0.0, 60.0, UNITS, 180.0, [], {})

    assert (None, "out_of_reach") == (aim.by, aim.why)
