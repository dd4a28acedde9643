"""Who wants to drive where, at which hour: sources, shares of turns, trees of ways."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from simcity.drive.stream import GREEN_SHARE, Diagram
from simcity.drive.streets import Floats, Streets, Whole

CURVE = (0.16, 0.11, 0.09, 0.09, 0.14, 0.32, 0.68, 0.98, 0.92, 0.76, 0.70, 0.72,
         0.76, 0.73, 0.72, 0.80, 0.94, 1.00, 0.92, 0.72, 0.56, 0.44, 0.32, 0.22)  # fmt: skip
"""Demand by hour of the day, the evening peak is 1; schematic, in the form of city counts."""

_ROUNDS = 3
_PEAK_RATIO = 0.88
"""Flow over capacity that one main road in fifty passes at the peak."""


def demand_at(local_s: float) -> float:
    """Demand at a second of the day, between the hours in a straight line; 0.09 to 1."""
    hour = (local_s / 3600.0) % 24.0
    return float(np.interp(hour, np.arange(25), [*CURVE, CURVE[0]]))


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What the streams of a city are made of.

    Attributes:
        shares: (T) see `Stream`.
        sources: (E) smp a second at the peak.
    """

    shares: Floats
    sources: Floats


class Trees:
    """The next edge towards each of D places, from every edge.

    Attributes:
        places: (D) edges that are driven to.
        onward: (D, E) next edge; the place itself where it is reached.
    """

    def __init__(self, streets: Streets, places: Whole) -> None:
        self._streets = streets
        self.places = places
        self.onward = np.zeros((len(places), streets.edges), np.int32)
        self.away_s = np.zeros((len(places), streets.edges), np.float32)

    def plan(self, which: int, seconds: Floats) -> None:
        """Finds the ways to a place anew.

        Args:
            which: Which of the places.
            seconds: (E) time that each edge takes.
        """
        streets, place = self._streets, int(self.places[which])
        # Backwards: what it takes to have driven the edge one comes from, and all after it.
        weights = seconds[streets.turn_from]
        back = csr_array(
            (weights, (streets.turn_to, streets.turn_from)), shape=(streets.edges,) * 2
        )
        away, before = dijkstra(back, indices=place, return_predecessors=True)
        onward = np.where(before >= 0, before, place)
        self.onward[which], self.away_s[which] = onward, away

    def add(self, edge: int) -> int:
        """Another place, to be planned before anybody drives there; gives which it is."""
        self.places = np.append(self.places, edge)
        empty = np.zeros((1, self._streets.edges))
        self.onward = np.concatenate([self.onward, empty.astype(np.int32)])
        self.away_s = np.concatenate([self.away_s, empty.astype(np.float32)])
        return len(self.places) - 1


def plan_demand(streets: Streets, diagram: Diagram, trees: Trees, rng: np.random.Generator) -> Plan:
    """Spreads the demand of the peak hour over the roads.

    Trips begin on small roads, after their length, and end at the places of `trees`, nearer
    places more often. Ways are chosen three times, each time by the delays of the flows before
    (successive averages with the BPR function).
    """
    small = ~streets.is_main
    born = np.where(small, streets.length_m, 0.15 * streets.length_m)
    born /= born.sum()
    pull = rng.lognormal(0.0, 0.5, len(trees.places))
    flow = np.zeros(streets.edges)
    turns = np.zeros(len(streets.turn_from))
    ends = np.zeros(streets.edges)
    free_s = streets.length_m / diagram.free_ms
    capacity = diagram.capacity * np.where(streets.signal, GREEN_SHARE, 1.0)
    scale = 0.0
    for number in range(_ROUNDS):
        delay = 1.0 + 0.6 * np.minimum(3.0, scale * flow / capacity) ** 4
        _plan_all(trees, free_s * delay, rng)
        new_flow, new_turns, new_ends = _load(streets, trees, born, pull)
        part = 1.0 / (number + 1)
        flow += part * (new_flow - flow)
        turns += part * (new_turns - turns)
        ends += part * (new_ends - ends)
        busy = flow[streets.is_main] / capacity[streets.is_main]
        scale = _PEAK_RATIO / float(np.quantile(busy, 0.98))
    out = np.bincount(streets.turn_from, turns, minlength=streets.edges) + ends
    shares = np.divide(turns, out[streets.turn_from], out=np.zeros_like(turns),
                       where=out[streets.turn_from] > 0)  # fmt: skip
    return Plan(shares, born * scale)


def _plan_all(trees: Trees, seconds: Floats, rng: np.random.Generator) -> None:
    for which in range(len(trees.places)):
        # Not everybody thinks the same way the shortest.
        trees.plan(which, seconds * rng.lognormal(0.0, 0.15, len(seconds)))


def _load(
    streets: Streets, trees: Trees, born: Floats, pull: Floats
) -> tuple[Floats, Floats, Floats]:
    """Flows of edges and turns, and what ends where, for a demand of 1 in all."""
    edges = streets.edges
    flow, ends = np.zeros(edges), np.zeros(edges)
    turns = np.zeros(len(streets.turn_from))
    near = pull[:, None] * np.exp(-np.where(np.isfinite(trees.away_s), trees.away_s, 1e6) / 600.0)
    near /= near.sum(axis=0)
    order = np.lexsort((streets.turn_to, streets.turn_from))
    code = streets.turn_from[order] * edges + streets.turn_to[order]
    for which, place in enumerate(trees.places.tolist()):
        onward = np.append(trees.onward[which].astype(np.int64), edges)
        onward[place] = edges
        through = _accumulated(born * near[which], onward)
        flow += through
        ends[place] += through[place]
        moving = np.flatnonzero((through > 0) & (onward[:-1] < edges))
        found = order[np.searchsorted(code, moving * edges + onward[moving])]
        turns[found] += through[moving]
    return flow, turns, ends


def _accumulated(born: Floats, onward: Whole) -> Floats:
    """What passes each edge when what is born goes onward to the end (index E takes it up).

    (I + A)(I + A^2)(I + A^4)... applied to `born`: jumps double, so that ways of any length take
    some ten rounds.
    """
    through = np.append(born, 0.0)
    jump = onward
    while not (jump == len(born)).all():
        through = through + np.bincount(jump, through, minlength=len(through))
        through[-1] = 0.0
        jump = jump[jump]
    return through[:-1]
