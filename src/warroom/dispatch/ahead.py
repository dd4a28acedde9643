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
class Worse:
    """What a unit has before it.

    Attributes:
        was_s, now_s: What the rest of the way took when it was chosen, and takes now.
        closed: Edges of it that are closed now.
        slower: The edge of it that lost most.
    """

    was_s: float
    now_s: float
    closed: tuple[int, ...]
    slower: int


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


def judge(
    way: Way, begin: int, now_s: Floats, closed: Sequence[bool], share: float, least_s: float
) -> Worse | None:
    """Whether the rest of a way has become worse; None where it has not.

    Args:
        way: As it was chosen.
        begin: Index of the edge on which the unit is.
        now_s: What each edge of the way takes now.
        closed: Whether each is closed now.
        share: Of the time it was to take, so much more is worse.
        least_s: Less than so much more is not, however short it was.
    """
    was, now = way.seconds[begin:], now_s[begin:]
    shut = tuple(
        edge for edge, is_shut in zip(way.edges[begin:], closed[begin:], strict=True) if is_shut
    )
    was_s, is_s = float(was.sum()), float(now.sum())
    if not shut and is_s - was_s <= max(least_s, share * was_s):
        return None
    slower = way.edges[begin + int(np.argmax(now - was))]
    return Worse(was_s, is_s, shut, slower)
