"""How many cars each edge holds, second by second: flows from edge to edge, signals, spill-back.

A cell-transmission model with one cell an edge (Daganzo 1994), on Greenshields' diagram with the
capacities of MKJI 1997 (urban roads, table C-1:1: 1,650 smp an hour and lane of roads with a
median or one way, 2,900 both ways without; smaller roads after their width).
"""

import numpy as np

from simcity.drive.streets import KINDS, Flags, Floats, Streets

CRAWL_KMH = 4.0
"""Nobody is said to stand for ever: a full road still moves so fast."""

_CAPACITY = {"tol": 2_000, "ramp": 1_600, "primer": 1_650, "sekunder": 1_500, "tersier": 1_450,
             "lokal": 600, "lorong": 150}  # fmt: skip
"""smp an hour and lane."""

_LEAK = 0.04
"""Part of its capacity that an edge takes whatever stands on it: rings of queues come loose."""

_CYCLE_S, _AMBER_S = 90, 4
GREEN_SHARE = 0.5 - _AMBER_S / _CYCLE_S
"""Part of the time that one may pass a light."""

_TOGETHER_DEG = 45.0


class Diagram:
    """Speed and flow by density (Greenshields), for all edges.

    Attributes:
        capacity: (E) smp a second that pass.
        most: (E) smp that fit.
    """

    def __init__(self, streets: Streets) -> None:
        lane = np.array([_CAPACITY[name] for name in KINDS], np.float64)[streets.kind]
        self.free_ms = streets.kmh / 3.6
        self.length_m = streets.length_m
        self.capacity = lane * streets.lanes / 3600.0
        # Capacity is reached at half of the jam density and half of the free speed.
        self.most = 4.0 * self.capacity / self.free_ms * streets.length_m

    def speed_ms(self, held: Floats) -> Floats:
        """(E) mean speed where an edge holds so many smp."""
        return np.maximum(self.free_ms * (1.0 - held / self.most), CRAWL_KMH / 3.6)


class Lights:
    """Fixed-time signals with two phases: roads that cross do not have green together."""

    def __init__(self, streets: Streets, rng: np.random.Generator) -> None:
        lit = np.flatnonzero(streets.signal)
        nodes, which = np.unique(streets.head[lit], return_inverse=True)
        self._edges = lit
        self._offset = rng.integers(0, _CYCLE_S, len(nodes))[which]
        first = np.full(len(nodes), np.nan)
        for bearing, node in zip(streets.bearing[lit], which, strict=True):
            if np.isnan(first[node]):
                first[node] = bearing
        turned = np.abs((streets.bearing[lit] - first[which] + 90.0) % 180.0 - 90.0)
        self._is_second = turned > _TOGETHER_DEG
        self._green = np.ones(streets.edges, np.bool_)

    def green(self, at_s: int) -> Flags:
        """(E) whether one may leave the edge in this second; edges without lights always."""
        second = (at_s + self._offset) % _CYCLE_S
        half = _CYCLE_S // 2
        in_second = second >= half
        cleared = second % half < half - _AMBER_S
        self._green[self._edges] = (in_second == self._is_second) & cleared
        return self._green


class Stream:
    """The smp of all edges.

    Args:
        streets: The network.
        shares: (T) part of those leaving an edge for which it is this turn; what is missing to 1
            ends its way there.
        sources: (E) smp a second that begin their way, at a demand of 1.
    """

    def __init__(self, streets: Streets, shares: Floats, sources: Floats) -> None:
        self.diagram = Diagram(streets)
        self.held = np.zeros(streets.edges)
        self.passed = np.zeros(streets.edges)
        self._streets, self._sources = streets, sources
        self._planned = shares
        self._ends = 1.0 - np.bincount(streets.turn_from, shares, minlength=streets.edges)
        self._shares = shares
        self._capacity = self.diagram.capacity
        self._free_ms = self.diagram.free_ms

    def hinder(self, capacity: Floats, most_kmh: Floats) -> None:
        """What happens on roads now.

        Args:
            capacity: (E) part of the capacity that is left, 0 closes the road.
            most_kmh: (E) nobody drives faster; infinite where nothing is the matter.
        """
        streets = self._streets
        self._capacity = self.diagram.capacity * capacity
        self._free_ms = np.minimum(self.diagram.free_ms, most_kmh / 3.6)
        # Who sees a road closed drives on, where that is possible.
        wanted = self._planned * np.where(capacity[streets.turn_to] > 0, 1.0, 0.02)
        before = np.bincount(streets.turn_from, self._planned, minlength=streets.edges)
        after = np.bincount(streets.turn_from, wanted, minlength=streets.edges)
        scale = np.divide(before, after, out=np.zeros_like(after), where=after > 0)
        self._shares = wanted * scale[streets.turn_from]

    @property
    def speed_ms(self) -> Floats:
        """(E) mean speed now."""
        return np.minimum(self.diagram.speed_ms(self.held), self._free_ms)

    def step(self, demand: float, green: Flags) -> Floats:
        """One second; gives the speeds in it (m/s)."""
        streets, diagram = self._streets, self.diagram
        speed = self.speed_ms
        over = self.held > diagram.most / 2
        flow = self.held * speed / diagram.length_m
        sending = np.where(over, np.maximum(self._capacity, flow), flow)
        sending = np.minimum(np.minimum(sending, self._capacity), self.held) * green
        room = np.where(over, self.held * speed / diagram.length_m, diagram.capacity)
        receiving = np.minimum(room, np.maximum(0.0, diagram.most - self.held))
        receiving = np.maximum(receiving, _LEAK * diagram.capacity) * (self._capacity > 0)
        wanted = sending[streets.turn_from] * self._shares
        asked = np.bincount(streets.turn_to, wanted, minlength=streets.edges)
        taken = np.minimum(1.0, np.divide(receiving, asked, out=np.ones_like(asked),
                                          where=asked > 0))  # fmt: skip
        moved = wanted * taken[streets.turn_to]
        out = np.bincount(streets.turn_from, moved, minlength=streets.edges)
        out += sending * self._ends
        entered = np.bincount(streets.turn_to, moved, minlength=streets.edges)
        begun = np.minimum(self._sources * demand, np.maximum(0.0, diagram.most - self.held))
        self.held += entered + begun - out
        np.maximum(self.held, 0.0, out=self.held)
        self.passed += out
        return speed
