"""How good the state of the roads was, by the truth of a simulation; pure.

The truth of an edge is its space-mean speed, from vehicle-seconds and metres driven (SUMO's edge
output). M minutes, E edges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]
type Edges = NDArray[np.int64]

JAM_RATIO = 0.4
"""A road is jammed below so much of its free-flow speed: where the product's alarm goes on."""

NO_JAM_RATIO = 0.5
"""An alarm is false if no edge of it was slower than this: the middle of the alarm's bounds."""

LEAST_MIN = 5
"""Shorter slowness is no jam that anybody must be told of."""

LEAST_M = 100.0
LEAST_VEHICLES = 0.5
"""Vehicles on an edge in the mean over a window; of emptier ones there is no truth."""

BESIDE_MIN = 2
"""An alarm may come so long after the last slow minute and is not false."""


@dataclass(frozen=True, slots=True)
class TrueJam:
    """A stretch of one road in one direction that was jammed; seconds from the beginning."""

    edges: tuple[int, ...]
    begin_s: float
    end_s: float


def true_ratios(seconds: Floats, metres: Floats, free_kmh: Floats, interval_s: int) -> Floats:
    """(M, E) mean over three minutes round each, as part of the free-flow speed; NaN where empty.

    Args:
        seconds: (M, E) vehicle-seconds.
        metres: (M, E) driven by all vehicles.
        free_kmh: (E).
        interval_s: Length of a minute.
    """
    spent, driven = _over_three(seconds), _over_three(metres)
    known = spent >= LEAST_VEHICLES * interval_s * 3
    kmh = np.divide(driven * 3.6, spent, out=np.full_like(spent, np.nan), where=known)
    return kmh / free_kmh


def _over_three(values: Floats) -> Floats:
    padded = np.pad(values, ((1, 1), (0, 0)), mode="edge")
    return np.asarray(padded[:-2] + padded[1:-1] + padded[2:])


def true_jams(
    ratio: Floats,
    interval_s: int,
    length_m: Floats,
    name: NDArray[np.integer],
    onward: tuple[Edges, Edges],
) -> list[TrueJam]:
    """Stretches of `LEAST_M` and more that were jammed `LEAST_MIN` minutes and longer.

    Args:
        ratio: (M, E) of `true_ratios`.
        interval_s: Length of a minute.
        length_m: (E).
        name: (E) index of the road's name: a stretch is of one road.
        onward: Edges from which, and onto which, one drives.
    """
    spells = _spells(np.nan_to_num(ratio, nan=1.0) < JAM_RATIO)
    by_edge: dict[int, list[int]] = {}
    for at, spell in enumerate(spells):
        by_edge.setdefault(spell.edge, []).append(at)
    joined = [
        (one, other)
        for before, after in zip(onward[0].tolist(), onward[1].tolist(), strict=True)
        if name[before] == name[after]
        for one in by_edge.get(before, [])
        for other in by_edge.get(after, [])
        if spells[one].begin < spells[other].end and spells[other].begin < spells[one].end
    ]
    jams = []
    for members in _parts(len(spells), joined):
        edges = tuple(sorted({spells[at].edge for at in members}))
        if float(length_m[list(edges)].sum()) >= LEAST_M:
            begin = min(spells[at].begin for at in members) * interval_s
            end = max(spells[at].end for at in members) * interval_s
            jams.append(TrueJam(edges, float(begin), float(end)))
    return sorted(jams, key=lambda jam: (jam.begin_s, jam.edges))


class _Spell(NamedTuple):
    """An edge, its first slow minute, and the minute after the last."""

    edge: int
    begin: int
    end: int


def _parts(count: int, joined: list[tuple[int, int]]) -> list[list[int]]:
    """What hangs together."""
    pairs = np.array(joined, np.int64).reshape(-1, 2).T
    graph = csr_array((np.ones(len(joined)), (pairs[0], pairs[1])), shape=(count, count))
    parts, label = connected_components(graph, directed=False) if count else (0, np.zeros(0))
    return [np.flatnonzero(label == part).tolist() for part in range(parts)]


def _spells(low: Flags) -> list[_Spell]:
    """Runs that are long enough."""
    spells = []
    edged = np.pad(low.astype(np.int8), ((1, 1), (0, 0)))
    for edge in np.flatnonzero(low.any(axis=0)).tolist():
        step = np.diff(edged[:, edge])
        for begin, end in zip(
            np.flatnonzero(step > 0).tolist(), np.flatnonzero(step < 0).tolist(), strict=True
        ):
            if end - begin >= LEAST_MIN:
                spells.append(_Spell(edge, begin, end))
    return spells


def detect(jams: Sequence[TrueJam], alarmed: Flags, tick_s: int) -> list[float | None]:
    """Seconds from the beginning of each jam to the first alarm on an edge of it; None without one.

    An alarm that was there before counts as 0 s.

    Args:
        jams: The truth.
        alarmed: (ticks, E) which edges are in a jam that is told, after each tick.
        tick_s: Length of a tick; row n is the state at (n + 1) ticks.
    """
    found: list[float | None] = []
    for jam in jams:
        begin, end = int(jam.begin_s // tick_s), int(jam.end_s // tick_s)
        told = alarmed[begin:end][:, list(jam.edges)].any(axis=1)
        first = np.flatnonzero(told)
        at_s = (begin + int(first[0]) + 1) * tick_s if len(first) else 0
        found.append(max(0.0, at_s - jam.begin_s) if len(first) else None)
    return found


def false_alarms(
    raised: Sequence[tuple[float, tuple[int, ...]]], ratio: Floats, interval_s: int
) -> int:
    """How many of the jams that were told had no slow edge, by the truth, then or shortly before.

    Args:
        raised: When each was told first, and its edges then.
        ratio: (M, E) of `true_ratios`.
        interval_s: Length of a minute.
    """
    wrong = 0
    for at_s, edges in raised:
        minute = int(at_s // interval_s)
        part = ratio[max(0, minute - BESIDE_MIN) : minute + 2][:, list(edges)]
        slow = np.nan_to_num(part, nan=1.0) < NO_JAM_RATIO
        wrong += not bool(slow.any())
    return wrong


def speed_errors(
    kmh: Floats, how_known: Flags, ratio: Floats, free_kmh: Floats
) -> dict[str, tuple[float, int]]:
    """Sums of absolute errors in km/h, and of how many: of all edges with traffic, and of parts.

    `all`, `known` (not assumed free) and `free_flow`: what assuming free roads everywhere gives.

    Args:
        kmh: (E) as told.
        how_known: (E) whether it is more than an assumption.
        ratio: (E) the truth; NaN where there is none.
        free_kmh: (E).
    """
    there = np.isfinite(ratio)
    true_kmh = ratio[there] * free_kmh[there]
    errors = np.abs(kmh[there] - true_kmh)
    known = how_known[there]
    return {
        "all": (float(errors.sum()), int(there.sum())),
        "known": (float(errors[known].sum()), int(known.sum())),
        "free_flow": (float(np.abs(free_kmh[there] - true_kmh).sum()), int(there.sum())),
    }


def saving_pct(static_s: Floats, routed_s: Floats) -> float:
    """By how much less the same trips took, in percent of the mean."""
    return float(100.0 * (1.0 - routed_s.mean() / static_s.mean()))


def bootstrap_ci95(
    seeds: Sequence[tuple[Floats, Floats]], rounds: int = 2000, seed: int = 7
) -> tuple[float, float]:
    """95 % of the mean over the seeds of the saving: trips are drawn again within each seed.

    Args:
        seeds: (static, routed) seconds of the trips of each seed, seeds drawn again too.
        rounds: How often.
        seed: Of the drawing.
    """
    random = np.random.default_rng(seed)
    means = np.empty(rounds)
    for number in range(rounds):
        drawn = random.integers(0, len(seeds), len(seeds))
        savings = []
        for which in drawn:
            static_s, routed_s = seeds[which]
            trips = random.integers(0, len(static_s), len(static_s))
            savings.append(saving_pct(static_s[trips], routed_s[trips]))
        means[number] = np.mean(savings)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)
