"""Whether the way that a unit still has before it has become worse than when it took it; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from warroom.roads.contracts import Floats, Singles

LEAST_KMH = 2.0
"""A standing queue is no closed road: who must, waits in it."""


@dataclass(frozen=True, slots=True)
class Way:
    """The way of a unit, and what each edge of it took when it was chosen.

    Attributes:
        edges: In order.
        seconds: Of each; the same length.
    """

    edges: tuple[int, ...]
    seconds: Floats


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a unit has before it.

    Attributes:
        was_s, now_s: What the rest of the way took when it was chosen, and takes now.
        closed: Edges of it that are closed now.
        edges: Of the rest, in order.
        lost_s: What each of them takes longer now than when the way was chosen.
    """

    was_s: float
    now_s: float
    closed: tuple[int, ...]
    edges: tuple[int, ...]
    lost_s: tuple[float, ...]


def seconds_of(edges: Sequence[int], length_m: Singles, kmh: Singles) -> Floats:
    """What edges take at these speeds; a closed one as if it were crept through."""
    at = np.asarray(edges, np.int64)
    speeds = np.maximum(kmh[at], LEAST_KMH).astype(np.float64)
    return 3.6 * length_m[at].astype(np.float64) / speeds


def rest_of(way: Way, near: Sequence[int]) -> int | None:
    """From which edge on a unit that stands on one of these has the way before it.

    None where it is on none of them: it drives another way.
    """
    on = set(near)
    return next((at for at, edge in enumerate(way.edges) if edge in on), None)


def ahead_of(way: Way, begin: int, now_s: Floats, closed: Sequence[bool]) -> Ahead:
    """What the rest of a way was to take, and takes now.

    Args:
        way: As it was chosen.
        begin: Index of the edge on which the unit is.
        now_s: What each edge of the way takes now.
        closed: Whether each is closed now.
    """
    edges, was, now = way.edges[begin:], way.seconds[begin:], now_s[begin:]
    shut = tuple(edge for edge, is_shut in zip(edges, closed[begin:], strict=True) if is_shut)
    return Ahead(float(was.sum()), float(now.sum()), shut, edges, tuple((now - was).tolist()))


def is_worse(ahead: Ahead, share: float, least_s: float) -> bool:
    """Whether the rest of a way is worse than when it was chosen.

    Args:
        ahead: The rest.
        share: Of the time it was to take, so much more is worse.
        least_s: Less than so much more is not, however short it was.
    """
    return bool(ahead.closed) or ahead.now_s - ahead.was_s > max(least_s, share * ahead.was_s)


def other_part(way: Sequence[int], best: Sequence[int]) -> tuple[int, ...]:
    """The edges of the better way that are not on the one before; empty where there are none."""
    known = set(way)
    return tuple(edge for edge in best if edge not in known)
