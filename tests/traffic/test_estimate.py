"""The state of all edges: what is known how, and that unknown stays unknown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traffic.city import NOW, PIECES, east, ground, nothing, seen, sums_of, town
from tests.traffic.test_window import ROWS
from warroom.traffic.contracts import Colour, How, Observations, Source
from warroom.traffic.estimate import ENOUGH, colour_of, estimate, jam_factor, version_of


def test_a_city_of_which_nothing_was_observed_is_unknown_at_free_flow() -> None:
    state = estimate(ground(), sums_of(), NOW)

    assert {How.FREE_FLOW} == set(state.how)
    assert {Colour.UNKNOWN} == set(state.colour)
    np.testing.assert_allclose(state.kmh, town().free_kmh)
    assert not state.confidence.any()
    assert np.isnan(state.updated_at).all()
    assert {"free_flow": town().edges} == {k: v for k, v in state.counted().items() if v}


def test_a_city_of_which_nothing_was_observed_is_what_it_is_at_this_hour() -> None:
    typical = nothing()
    typical[east(3)] = 18.0

    state = estimate(ground(), sums_of(), NOW, typical)

    assert How.TYPICAL == state.how[east(3)]
    assert 18.0 == pytest.approx(state.kmh[east(3)])
    assert 0.4 == pytest.approx(state.ratio[east(3)])
    assert Colour.UNKNOWN != state.colour[east(3)]
    assert How.FREE_FLOW == state.how[east(8)]


def test_what_is_observed_goes_before_what_is_typical() -> None:
    typical = nothing()
    typical[east(3)] = 18.0

    state = estimate(ground(), sums_of(seen(east(3), 40.0)), NOW, typical)

    assert How.MEASURED == state.how[east(3)]
    assert 40.0 == pytest.approx(state.kmh[east(3)])
    assert state.updated_at[east(3)] == NOW


def test_neighbours_of_a_jam_are_slow_and_roads_far_away_stay_unknown() -> None:
    jam = [seen(east(piece), 5.0, weight=20) for piece in (1, 2)]

    state = estimate(ground(), sums_of(*jam), NOW)

    assert How.NEIGHBOURS == state.how[east(3)]
    assert state.ratio[east(3)] < 0.6
    assert 0 < state.confidence[east(3)] < state.confidence[east(2)]
    assert How.FREE_FLOW == state.how[east(PIECES)]


def test_what_a_person_told_is_said_to_be_reported_unless_more_was_measured() -> None:
    def how(measured: float) -> int:
        sums = sums_of(
            seen(0, 30.0, measured), seen(0, 5.0, 6.0, source=Source.OFFICER),
        )  # fmt: skip
        return int(estimate(ground(), sums, NOW).how[0])

    assert (How.REPORTED, How.MEASURED) == (how(1.0), how(20.0))


def test_a_closed_road_is_closed_whatever_is_seen_on_it() -> None:
    closed = np.zeros(town().edges, np.bool_)
    closed[east(4)] = True

    state = estimate(ground(), sums_of(seen(east(4), 40.0)), NOW, closed=closed)

    at = east(4)
    assert (How.CLOSED, Colour.CLOSED) == (state.how[at], state.colour[at])
    assert (0.0, 1.0) == (state.kmh[at], state.confidence[at])
    assert 10.0 == jam_factor(state.ratio, state.how)[at]


@given(ROWS)
def test_every_edge_has_a_speed_a_ratio_and_a_confidence_that_can_be(rows: list) -> None:
    state = estimate(ground(), sums_of(Observations.of(*rows)), NOW)

    assert np.isfinite(state.ratio).all()
    assert (state.ratio >= 0).all()
    np.testing.assert_allclose(state.kmh, state.ratio * town().free_kmh, rtol=1e-5, atol=1e-5)
    assert ((state.confidence >= 0) & (state.confidence <= 1)).all()
    assert ((state.colour == Colour.UNKNOWN) == (state.how == How.FREE_FLOW)).all()
    assert ((jam_factor(state.ratio, state.how) >= 0) & (state.how != How.CLOSED)).all()


@given(st.floats(0.2, 50), st.floats(0.2, 50))
def test_more_observations_make_an_edge_more_certain_never_less(one: float, more: float) -> None:
    def certain(weight: float) -> float:
        return float(estimate(ground(), sums_of(seen(0, 20.0, weight)), NOW).confidence[0])

    assert certain(one) <= certain(one + more)


def test_three_vehicles_make_an_edge_two_thirds_certain() -> None:
    state = estimate(ground(), sums_of(seen(0, 20.0, ENOUGH)), NOW)

    assert 0.632 == pytest.approx(state.confidence[0], abs=0.001)


def test_since_is_kept_until_colour_or_knowledge_changes() -> None:
    first = estimate(ground(), sums_of(seen(0, 20.0)), NOW)
    second = estimate(ground(), sums_of(seen(0, 19.5)), NOW + 10, before=first)
    third = estimate(ground(), sums_of(seen(0, 2.0)), NOW + 20, before=second)

    assert [NOW, NOW, NOW + 20] == [float(s.since[0]) for s in (first, second, third)]


@pytest.mark.parametrize(
    ("ratio", "colour"),
    [
        (0.0, Colour.JAM), (0.399, Colour.JAM), (0.4, Colour.HEAVY), (0.6, Colour.SLOW),
        (0.7, Colour.MODERATE), (0.8, Colour.LIGHT), (0.9, Colour.FREE), (1.4, Colour.FREE),
    ],
)  # fmt: skip
def test_colours_begin_at_their_bounds(ratio: float, colour: Colour) -> None:
    how = np.array([How.MEASURED, How.FREE_FLOW], np.uint8)

    assert [colour, Colour.UNKNOWN] == colour_of(np.array([ratio, ratio]), how).tolist()


def test_flow_over_speed_is_density() -> None:
    sums = sums_of(seen(0, 20.0))
    sums.flow[0] = 800.0

    state = estimate(ground(), sums, NOW)

    assert 40.0 == pytest.approx(state.density[0])
    assert np.isnan(state.density[1])


def test_a_pack_is_told_apart_by_its_edges() -> None:
    assert version_of(town()) == ground().version
    assert 16 == len(ground().version)


def test_neighbours_are_the_roads_one_may_drive_on_to_and_not_the_way_back() -> None:
    near = ground().adjacency[[east(3)]].indices.tolist()

    assert {east(2), east(4)} == set(near)
    assert 3 == ground().degree[east(5)]
