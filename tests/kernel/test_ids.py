"""Identifiers sort in the order in which a process made them."""

import uuid
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from warroom.kernel.ids import Ticks, new_id

MS = 1_000_000


def test_it_is_a_version_seven_of_this_millisecond() -> None:
    before, made, after = new_id(), new_id(), new_id()

    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before.int >> 80 <= made.int >> 80 <= after.int >> 80


def test_many_of_one_moment_are_in_order_and_none_twice() -> None:
    made = [new_id() for _ in range(20_000)]

    assert made == sorted(set(made))


@given(st.lists(st.integers(-900 * MS, 900 * MS), min_size=2))
def test_a_clock_that_wavers_is_never_followed_back(steps: list[int]) -> None:
    ticks, at = Ticks(), 10**18
    said = [ticks.next(at + min(step, 0)) for step in (0, *steps)]

    assert all(one < other for one, other in pairwise(said))


def test_a_clock_that_was_set_back_by_hours_is_followed() -> None:
    ticks, at = Ticks(), 10**18

    late, early = ticks.next(at), ticks.next(at - 3_600_000 * MS)

    assert early < late
    assert ticks.next(at - 3_600_000 * MS) == early + 1
