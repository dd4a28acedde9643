"""Breakdowns, floods and closures: what happens on main roads, the same every time for a seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simcity.drive.streets import Floats, Streets

type Kind = Literal["breakdown", "flood", "closure"]

_SLOT_S = 900
_PER_SLOT = 0.7
"""One in so many quarters of an hour something happens; most are over within the hour."""

_LEFT = {"breakdown": 0.25, "flood": 0.30, "closure": 0.0}
_MOST_KMH = {"breakdown": 12.0, "flood": 6.0, "closure": 5.0}
_MINUTES = {"breakdown": (15, 35), "flood": (30, 60), "closure": (15, 30)}
_SECONDS_BACK = 3600


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that hinders traffic.

    Attributes:
        edges: Where, in the order of driving.
        begin_s, end_s: Seconds since 1970 UTC.
    """

    kind: Kind
    edges: tuple[int, ...]
    begin_s: float
    end_s: float


def happenings_at(streets: Streets, busy: Floats, seed: int, at_s: float) -> list[Happening]:
    """What is the matter at an instant.

    Args:
        streets: The network.
        busy: (E) how likely something happens on an edge.
        seed: Another one is another city.
        at_s: Seconds since 1970 UTC.
    """
    slot = int(at_s // _SLOT_S)
    before = range(slot - _SECONDS_BACK // _SLOT_S, slot + 1)
    return [
        one
        for number in before
        for one in _of_slot(streets, busy, seed, number)
        if one.begin_s <= at_s < one.end_s
    ]


def _of_slot(streets: Streets, busy: Floats, seed: int, slot: int) -> Iterator[Happening]:
    rng = np.random.default_rng([seed, slot])
    if rng.random() > _PER_SLOT:
        return
    kind: Kind = rng.choice(np.array(["breakdown", "flood", "closure"]), p=[0.6, 0.25, 0.15])
    kind = "breakdown" if kind == "breakdown" else "flood" if kind == "flood" else "closure"
    first = int(rng.choice(streets.edges, p=busy / busy.sum()))
    begin = slot * _SLOT_S + float(rng.integers(0, _SLOT_S // 2))
    shortest, longest = _MINUTES[kind]
    end = begin + 60.0 * float(rng.integers(shortest, longest + 1))
    metres = 120.0 if kind == "breakdown" else 350.0
    yield Happening(kind, _along(streets, first, metres), begin, end)


def _along(streets: Streets, first: int, metres: float) -> tuple[int, ...]:
    """The edge and those after it on the same road, for so long."""
    found = [first]
    while sum(streets.length_m[found]) < metres:
        onward = streets.turn_to[streets.turn_from == found[-1]].tolist()
        same = [e for e in onward if streets.names[e] == streets.names[first] and e not in found]
        if not same:
            break
        found.append(same[0])
    return tuple(found)


def hindrance(streets: Streets, now: list[Happening]) -> tuple[Floats, Floats]:
    """Part of the capacity that is left, and how fast one drives at most, by edge."""
    left, most = np.ones(streets.edges), np.full(streets.edges, np.inf)
    for one in now:
        where = list(one.edges)
        # A wreck takes lanes at one place; the rest of its edges is what stands behind it.
        narrow = where[-1:] if one.kind == "breakdown" else where
        left[narrow] = np.minimum(left[narrow], _LEFT[one.kind])
        most[where] = np.minimum(most[where], _MOST_KMH[one.kind])
    return left, most
