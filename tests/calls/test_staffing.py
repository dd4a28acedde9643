"""Claims about how many agents a room needs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.calls.staffing import Load, agents_needed, service


@pytest.mark.parametrize(
    ("calls_per_h", "handling_s", "agents", "percent"), [(25, 120, 3, 95), (25, 120, 2, 78)]
)
def test_a_room_answers_so_many_within_15_s(
    calls_per_h: float, handling_s: float, agents: int, percent: int
) -> None:
    assert math.floor(100 * service(Load(calls_per_h, handling_s), agents, 15).within) == percent


@pytest.mark.parametrize(
    ("calls_per_h", "handling_s", "needed"), [(56, 150, 5), (56, 180, 6), (120, 150, 9)]
)
def test_a_load_needs_so_many_for_90_percent(
    calls_per_h: float, handling_s: float, needed: int
) -> None:
    assert agents_needed(Load(calls_per_h, handling_s), 0.9, 15) == needed


LOADS = st.builds(Load, st.floats(0.1, 2000), st.floats(1, 600))


@given(LOADS, st.integers(1, 400), st.floats(0, 300))
def test_one_agent_more_never_makes_it_worse(load: Load, agents: int, within_s: float) -> None:
    fewer, more = service(load, agents, within_s), service(load, agents + 1, within_s)

    assert 0 <= fewer.within <= more.within + 1e-12 <= 1 + 1e-9
    assert more.wait_s <= fewer.wait_s


@given(LOADS)
def test_the_number_needed_is_the_least_that_reaches_the_target(load: Load) -> None:
    needed = agents_needed(load, 0.9, 15)

    assert needed is not None
    assert service(load, needed, 15).within >= 0.9
    assert needed == 1 or service(load, needed - 1, 15).within < 0.9


def test_more_than_can_be_taken_is_answered_by_nobody_in_time() -> None:
    over = service(Load(3600, 60), 60, 15)

    assert (over.within, over.wait_s, over.busy) == (0.0, math.inf, 1.0)


def test_no_calls_need_nobody() -> None:
    assert service(Load(0, 120), 1, 15).within == 1.0
