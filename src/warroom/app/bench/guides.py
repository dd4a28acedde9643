"""By what an engine finds its way: the product's knowledge of the roads, or that of an oracle.

Oracles know what no city knows, each a little less than the one before, so that the difference of
two of them is what one kind of not knowing costs. They lead and turn engines by the same rules.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from warroom.roads.api import OnRoad
from warroom.routing.api import Path as Way
from warroom.routing.api import Router, is_worth_turning

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

ORACLES = ("present", "late", "seen")
"""Who knows the true speed of every road now; who knows it as late as the product; who knows it so
of the roads that the product sees, and of the rest what the product takes for them."""

LEAST_KMH = 2.0
"""As `routing.desk` has it: a standing queue is no closed road."""

PRESENT_S = 90.0
"""The present is the mean of a cycle of lights: every road stands half of the time before a red."""

FADE_S, WINDOW_S = 80.0, 300.0
"""As the product's window: what is seen counts less by age, and nothing from then on."""


@dataclass(slots=True, eq=False)
class Guide:
    """Leads engines by one kind of knowledge.

    Attributes:
        label: Tells it from others in the names of engines.
        router: Used by nobody else.
        ways: Of each engine, as it was told last.
        expected_s: Of each engine, what its way takes by what was known when it left.
        turned, off_way: How often an engine was turned, and was found beside the way it was told.
    """

    label: str
    router: Router
    ways: dict[str, list[int]] = field(default_factory=dict)
    expected_s: dict[str, float] = field(default_factory=dict)
    turned: int = 0
    off_way: int = 0
    _kmh: NDArray[np.float32] | None = None
    _closed: frozenset[int] = frozenset()

    def learn(self, kmh: Floats | NDArray[np.float32], closed: Sequence[int] = ()) -> None:
        """From here on ways are found at these speeds, and round these edges."""
        self._kmh = np.maximum(kmh, LEAST_KMH).astype(np.float32)
        now = frozenset(closed)
        self.router.close(sorted(now - self._closed))
        self.router.open(sorted(self._closed - now))
        self._closed = now

    def ready(self) -> Router:
        """The router at what was learnt last."""
        if self._kmh is not None:
            self.router.update(self._kmh)
            self._kmh = None
        return self.router

    def name_of(self, trip: str) -> str:
        """What the engine is called that drives this trip by this knowledge."""
        return f"{trip}-{self.label}"

    def lead(self, trip: str, start: int, end: int, static: list[int]) -> list[int]:
        """The way of an engine that leaves now."""
        way = self.ready().path([OnRoad(start, 0.0, 0.0)], [OnRoad(end, 1.0, 0.0)])
        name = self.name_of(trip)
        self.ways[name] = static if way is None else way.edges
        if way is not None:
            self.expected_s[name] = way.cost_ms / 1000.0
        return self.ways[name]

    def turn(self, name: str, here: OnRoad, end: int) -> list[int] | None:
        """A way that is worth turning to for an engine under way; None where it goes on."""
        old = self.ways[name]
        if here.edge not in old:
            self.off_way += 1
            return None
        if here.edge == end:
            return None
        rest = old[old.index(here.edge) :]
        way = self.ready().path([here], [OnRoad(end, 1.0, 0.0)])
        if way is None or way.edges == rest:
            return None
        stay_ms = self.router.cost(Way(0, rest, here.fraction, 1.0))
        if not is_worth_turning(stay_ms / 1000.0, way.cost_ms / 1000.0):
            return None
        self.ways[name], self.turned = way.edges, self.turned + 1
        return way.edges


class Truth:
    """The true speeds of the last minutes, as a simulator tells them.

    Args:
        edges: (S) edge of the road graph, by edge of the simulator.
        free_kmh: (E) where nobody drives.
        tick_s: From one telling to the next.
    """

    def __init__(self, edges: NDArray[np.int64], free_kmh: Floats, tick_s: float) -> None:
        self._edges, self._free_kmh, self._tick_s = edges, free_kmh, tick_s
        self._ticks: deque[tuple[Floats, Floats]] = deque(maxlen=1 + round(WINDOW_S / tick_s))

    def take(self, rows: Sequence[tuple[int, int, float]]) -> None:
        """Edge, vehicles and mean km/h of each edge that is not empty now."""
        spent, driven = np.zeros((2, len(self._free_kmh)))
        if rows:
            edge, vehicles, kmh = np.array(rows, np.float64).T
            at = self._edges[edge.astype(np.int64)]
            spent[at], driven[at] = vehicles, vehicles * kmh
        self._ticks.append((spent, driven))

    def present(self) -> Floats:
        """(E) km/h now, that of a free road where nobody drives."""
        count = round(PRESENT_S / self._tick_s)
        return self._mean([float(age < count) for age in range(len(self._ticks))])

    def late(self) -> Floats:
        """(E) km/h as the product would know them that saw every vehicle all the time."""
        ages = np.arange(len(self._ticks)) * self._tick_s
        # The newest tick is not in the state by which one is led.
        fade = np.where((ages > 0) & (ages < WINDOW_S), np.exp(-ages / FADE_S), 0.0)
        return self._mean(fade.tolist())

    def _mean(self, weights: list[float]) -> Floats:
        """Weights by age, the newest first."""
        spent, driven = np.zeros((2, len(self._free_kmh)))
        for weight, (one_spent, one_driven) in zip(weights, reversed(self._ticks), strict=True):
            if weight:
                spent += weight * one_spent
                driven += weight * one_driven
        mean = self._free_kmh.copy()
        np.divide(driven, spent, out=mean, where=spent > 0)
        return mean
