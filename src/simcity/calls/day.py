"""A day's load of 112, and the bursts: who calls when, from where, with what."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simcity.calls.stories import NUISANCE, STORIES, Sort

A_DAY = 650
"""Calls a day: Makassar's 600 to 700 (2017)."""

NUISANCE_SHARE = 0.386
"""Prank and ghost calls of all: Semarang, 2025 to September."""

HOURS = (
    *(2.2, 1.7, 1.3, 1.1, 1.2, 1.9, 3.0, 4.1, 4.9, 5.2, 5.3, 5.2),
    *(5.1, 5.0, 5.1, 5.3, 5.6, 5.9, 6.0, 5.9, 5.5, 4.9, 4.2, 3.4),
)
"""Weight of each hour of the day; own assumption, with the evening on top."""

_SHARES: dict[Sort, float] = {
    "prank": 0.24, "ghost": 0.146, "info": 0.20, "health": 0.14, "crash": 0.09, "crime": 0.07,
    "fire": 0.03, "flood": 0.02, "other": 0.064,
}  # fmt: skip
"""Nuisance as measured; what is left is spread by our own assumption."""

_LOCATED = 0.35
"""Part of the calls that bring a place of the phone; own assumption."""

_M_PER_DEGREE = 111_195.0

type Spot = tuple[float, float, str]
"""Latitude, longitude, and how people call it."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One call that will be placed.

    Attributes:
        at_s: Seconds from the beginning.
        number: Of the caller; empty withholds it.
        place: Latitude, longitude, radius in metres, as the phone tells; None tells none.
        spot: What it is about.
        patience_s: How long it is let ring.
    """

    at_s: float
    number: str
    sort: Sort
    says: str
    spot: Spot
    place: tuple[float, float, float] | None
    patience_s: float

    @property
    def is_nuisance(self) -> bool:
        """Whether it is a prank or says nothing."""
        return self.sort in NUISANCE


def plan_day(spots: Sequence[Spot], seed: int, calls: int = A_DAY) -> list[Planned]:
    """The calls of a day from midnight, in order; always the same for a seed."""
    rng = np.random.default_rng(seed)
    weights = np.array(HOURS) / sum(HOURS)
    hours = rng.choice(24, calls, p=weights)
    at = np.sort((hours + rng.random(calls)) * 3600.0)
    sorts = rng.choice(np.array(list(_SHARES)), calls, p=list(_SHARES.values()))
    return [
        _call(rng, float(when), _sort(str(sort)), spots[int(rng.integers(len(spots)))])
        for when, sort in zip(at, sorts, strict=True)
    ]


def plan_burst(
    spots: Sequence[Spot], sort: Sort, calls: int, seconds: float, seed: int, spread_m: float = 60.0
) -> list[Planned]:
    """Many calls about one thing (`spots` has one), or about many of a sort, within so long.

    The first comes at once, with the place of its phone; each caller has a number of its own and
    stands within `spread_m` of what it tells of.
    """
    rng = np.random.default_rng(seed)
    at = [0.0, *np.sort(rng.uniform(1.0, seconds, max(0, calls - 1))).tolist()]
    made = []
    for number, when in enumerate(at[:calls]):
        spot = spots[number % len(spots)]
        away, turn = spread_m * math.sqrt(rng.random()), rng.uniform(0.0, 2 * math.pi)
        lat = spot[0] + away * math.cos(turn) / _M_PER_DEGREE
        lon = spot[1] + away * math.sin(turn) / _M_PER_DEGREE
        one = _call(rng, when, sort, (lat, lon, spot[2]), located=1.0 if number == 0 else 0.6)
        made.append(one)
    return made


def _sort(word: str) -> Sort:
    return next(sort for sort in STORIES if sort == word)


def _call(
    rng: np.random.Generator, at_s: float, sort: Sort, spot: Spot, located: float = _LOCATED
) -> Planned:
    says = str(rng.choice(np.array(STORIES[sort]))).format(place=spot[2])
    place = (spot[0], spot[1], float(rng.integers(8, 60))) if rng.random() < located else None
    return Planned(
        at_s=at_s,
        number=f"0811{int(rng.integers(0, 10**8)):08}",
        sort=sort,
        says=says,
        spot=spot,
        place=place,
        patience_s=float(rng.uniform(20.0, 90.0)),
    )
