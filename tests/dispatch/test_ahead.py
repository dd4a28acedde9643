"""Claims about whether the way before a unit has become worse: pure."""

import numpy as np

from warroom.dispatch.ahead import Way, ahead_of, is_worse, other_part, rest_of, seconds_of

WAY = Way((7, 8, 9, 10), np.array([60.0, 60.0, 60.0, 60.0]))
OPEN = [False] * 4


def worse(now: list[float], begin: int = 0, closed: list[bool] = OPEN) -> bool:
    return is_worse(ahead_of(WAY, begin, np.array(now), closed), 0.3, 100.0)


def test_a_way_takes_its_metres_at_the_speeds_and_never_stands_still_for_ever() -> None:
    length_m = np.array([100.0, 100.0, 0.0], np.float32)
    kmh = np.array([36.0, 0.0, 50.0], np.float32)

    assert seconds_of([0, 1], length_m, kmh).tolist() == [10.0, 180.0]


def test_a_unit_has_before_it_what_comes_after_the_edge_on_which_it_is() -> None:
    assert rest_of(WAY, [20, 9]) == 2
    assert rest_of(WAY, [20]) is None


def test_the_rest_of_a_way_tells_what_each_edge_of_it_lost() -> None:
    found = ahead_of(WAY, 2, np.array([900.0, 900.0, 70.0, 50.0]), [True, False, False, True])

    assert (found.was_s, found.now_s) == (120, 120)
    assert (found.edges, found.lost_s, found.closed) == ((9, 10), (10, -10), (10,))


def test_more_by_the_share_and_by_the_seconds_is_worse() -> None:
    assert not worse([60, 60, 60, 160])
    assert worse([60, 60, 60, 161])


def test_a_short_rest_is_not_worse_by_a_share_of_little() -> None:
    assert not worse([60, 60, 60, 150], begin=3)


def test_what_is_slow_behind_the_unit_is_no_matter() -> None:
    assert not worse([900, 900, 60, 60], begin=2)


def test_a_closed_edge_before_it_is_worse_however_fast_the_rest_is() -> None:
    assert worse([60, 60, 10, 10], closed=[True, False, True, False], begin=1)


def test_a_closed_edge_behind_it_is_none() -> None:
    assert not worse([60, 60, 60, 60], closed=[True, False, False, False], begin=1)


def test_another_way_is_what_of_it_is_not_on_the_one_before() -> None:
    assert other_part((7, 8, 9, 10), (7, 3, 4, 10)) == (3, 4)
    assert other_part((7, 8, 9), (8, 9)) == ()
