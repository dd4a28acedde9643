"""Which way a standing vehicle looks, and when nobody knows."""

import numpy as np

from tests.units.test_matching import LINE, one
from warroom.units.matching import EARTH_M_PER_DEGREE, Matcher


def test_of_a_vehicle_that_only_stood_nobody_knows_the_direction() -> None:
    matcher = Matcher(LINE)

    assert not matcher.match(one(119.4025, kmh=0.0)).is_sure[0]
    assert matcher.match(one(119.4026, at_s=10, bearing=90.0)).is_sure[0]


def test_noise_does_not_move_a_vehicle_that_stands() -> None:
    random = np.random.default_rng(4)
    matcher = Matcher(LINE)
    matcher.match(one(119.4023, bearing=90.0))
    before = matcher.match(one(119.4025, at_s=1, bearing=90.0))

    for second in range(2, 200):
        east, north = random.normal(0, 6.0, 2) / EARTH_M_PER_DEGREE
        stands = matcher.match(one(119.4025 + east, north, at_s=second, kmh=0.0))
        assert stands.edge[0] == before.edge[0]
        assert stands.is_sure[0]


def test_who_stands_where_an_edge_begins_may_still_wait_before_it() -> None:
    matcher = Matcher(LINE)
    matcher.match(one(119.4027, bearing=90.0))
    over = matcher.match(one(119.40312, at_s=2, kmh=5.0))
    beyond = matcher.match(one(119.4035, at_s=12, kmh=5.0))

    assert (over.edge[0], over.is_sure[0]) == (beyond.edge[0], False)
    assert beyond.is_sure[0]


def test_who_stands_must_be_farther_from_the_beginning_than_who_creeps() -> None:
    at = 119.40324  # some 26 m beyond the junction at 119.403, of a receiver of 8 m

    def sure(kmh: float) -> bool:
        matcher = Matcher(LINE)
        matcher.match(one(119.4027, bearing=90.0))
        return bool(matcher.match(one(at, at_s=5, kmh=kmh)).is_sure[0])

    assert sure(5.0)
    assert not sure(1.0)
