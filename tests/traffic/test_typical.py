"""Typical speeds: slots, learning, storing, and a new pack."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.roads.maps import raw, way
from tests.traffic.city import PIECES, east, town
from warroom.roads.api import build_graph
from warroom.traffic.typical import SLOTS, STEP_KMH, Learner, Slot, packed_keys, slot_of

WITA = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("at", "slot"),
    [
        (datetime(2026, 11, 22, 16, 0, tzinfo=UTC), 0),  # Monday 00:00 in Makassar
        (datetime(2026, 11, 22, 16, 5, tzinfo=UTC), 1),
        (datetime(2026, 11, 23, 15, 59, tzinfo=UTC), 287),
        (datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC), SLOTS - 1),
    ],
)
def test_a_week_begins_on_monday_in_the_citys_time(at: datetime, slot: int) -> None:
    assert slot == slot_of(at.timestamp(), WITA)


def learnt(*weeks: float) -> Slot:
    slot = Slot.empty(2)
    for kmh in weeks:
        slot = slot.learn(np.array([kmh, np.nan]))
    return slot


def test_the_first_week_is_taken_as_it_is_and_nothing_is_learnt_of_nothing() -> None:
    slot = learnt(30.0)

    assert (30.0, 0.0) == pytest.approx(tuple(slot.kmh))
    assert [1, 0] == slot.weeks.tolist()


def test_at_first_it_is_a_mean_then_it_forgets() -> None:
    assert 25.0 == pytest.approx(learnt(20.0, 30.0).kmh[0], abs=STEP_KMH)
    assert 20.0 < learnt(*[20.0] * 20, 40.0).kmh[0] < 23.0


@given(st.floats(1, 150), st.floats(1, 150))
def test_what_lasts_is_reached_in_the_end(first: float, then: float) -> None:
    slot = learnt(*[first] * 3, *[then] * 300)

    assert then == pytest.approx(slot.kmh[0], abs=2 * STEP_KMH)


@given(st.floats(0, 400), st.floats(0, 400))
def test_what_was_learnt_never_reads_as_not_learnt(first: float, then: float) -> None:
    assert learnt(first, then).kmh[0] > 0


def test_what_is_stored_is_what_comes_back() -> None:
    slot = learnt(33.0, 31.0)

    back = Slot.unpacked(slot.packed())

    np.testing.assert_array_equal(slot.steps, back.steps)
    np.testing.assert_array_equal(slot.weeks, back.weeks)


def test_a_new_pack_takes_over_what_was_learnt_of_roads_that_stayed() -> None:
    old = town()
    slot = Slot.empty(old.edges)
    slot.steps[east(3)], slot.weeks[east(3)] = 40, 7
    nodes = {node: (node - 1, 0) for node in range(1, PIECES + 2)}
    fewer = [way(100 + n, n, n + 1, name="Jl. Panjang", kind="primary") for n in range(3, 8)]
    new = build_graph(raw(nodes, [*fewer, way(999, 1, 3)]))

    carried = slot.carried(packed_keys(old), packed_keys(new))

    found = np.flatnonzero(carried.steps).tolist()
    assert [old.key_of(east(3))] == [new.key_of(edge) for edge in found]
    assert (40, 7) == (carried.steps[found[0]], carried.weeks[found[0]])
    assert new.edges == len(carried.steps)


def test_a_learner_weighs_cycles_by_vehicles_and_begins_anew() -> None:
    learner = Learner(2)
    learner.add(np.array([20.0, np.nan]), np.array([3.0, 0.0]))
    learner.add(np.array([40.0, np.nan]), np.array([1.0, 0.0]))

    mean = learner.take()

    assert 25.0 == pytest.approx(mean[0])
    assert np.isnan(mean[1])
    assert np.isnan(learner.take()).all()
