"""Typical speeds: of each edge in each of the 2,016 five-minute slots of a week.

A slot is one row in the database: two bytes for each edge of the pack, compressed. What was learnt
is carried to a new pack by the keys of the edges.
"""

import zlib
from dataclasses import dataclass
from datetime import datetime, tzinfo

import numpy as np

from warroom.roads.contracts import RoadGraph
from warroom.traffic.contracts import Bytes, Doubles, Singles

SLOTS = 2016
SLOT_S = 300
STEP_KMH = 0.625
"""A byte holds up to 159 km/h; 0 is "not learnt"."""

LEAST_SHARE = 0.1
"""Of the newest week in the mean, once ten weeks were learnt: a city changes."""


def slot_of(at: float, zone: tzinfo) -> int:
    """The slot of the week, 0 on Monday at midnight, in the city's time."""
    local = datetime.fromtimestamp(at, zone)
    return ((local.weekday() * 24 + local.hour) * 60 + local.minute) // 5


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """What was learnt of one slot; E edges.

    Attributes:
        steps: (E) speed in steps of 0.625 km/h; 0 is not learnt.
        weeks: (E) how often it was learnt, 255 at most.
    """

    steps: Bytes
    weeks: Bytes

    @classmethod
    def empty(cls, edges: int) -> "Slot":
        """Nothing learnt yet."""
        return cls(np.zeros(edges, np.uint8), np.zeros(edges, np.uint8))

    @property
    def kmh(self) -> Singles:
        """(E) typical speed; 0 where it was not learnt."""
        return (self.steps * STEP_KMH).astype(np.float32)

    def learn(self, kmh: Doubles) -> "Slot":
        """With one week more: a mean at first, later one that forgets.

        Args:
            kmh: (E) mean of this week's slot; NaN where nothing was measured.
        """
        seen = np.isfinite(kmh)
        share = np.maximum(1.0 / (self.weeks + 1.0), LEAST_SHARE)
        old = self.steps * STEP_KMH
        mean = np.where(self.weeks > 0, old + share * (np.nan_to_num(kmh) - old), kmh)
        steps = np.clip(np.rint(np.nan_to_num(mean) / STEP_KMH), 1, 255).astype(np.uint8)
        # A difference of less than half a step would be rounded away week after week.
        toward = np.sign(np.nan_to_num(kmh) - old)
        stuck = (steps == self.steps) & (np.abs(np.nan_to_num(kmh) - old) > STEP_KMH)
        steps = np.where(stuck & (self.weeks > 0), steps + toward, steps)
        weeks = np.minimum(self.weeks.astype(np.int64) + 1, 255)
        return Slot(
            np.where(seen, np.clip(steps, 1, 255), self.steps).astype(np.uint8),
            np.where(seen, weeks, self.weeks).astype(np.uint8),
        )

    def packed(self) -> bytes:
        """For the database."""
        return zlib.compress(self.steps.tobytes() + self.weeks.tobytes(), 1)

    @classmethod
    def unpacked(cls, content: bytes) -> "Slot":
        """Of what the database held."""
        both = np.frombuffer(zlib.decompress(content), np.uint8)
        half = len(both) // 2
        return cls(both[:half].copy(), both[half:].copy())

    def carried(self, keys: bytes, to: bytes) -> "Slot":
        """The same for the edges of another pack, found by their keys; new edges know nothing.

        Args:
            keys: `packed_keys` of the edges it is of.
            to: Of the edges it shall be of.
        """
        at, same = places_of(keys, to)
        return Slot(np.where(same, self.steps[at], 0), np.where(same, self.weeks[at], 0))


def packed_keys(graph: RoadGraph) -> bytes:
    """The keys of all edges, in order, for the database."""
    parts = (graph.way, graph.node_ref[graph.tail], graph.node_ref[graph.head])
    return zlib.compress(np.ascontiguousarray(np.stack(parts, axis=1), "<i8").tobytes(), 1)


def places_of(keys: bytes, to: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Where the edges of one pack stand in another: (E) their places, (E) whether they do."""
    old, new = _keys(keys), _keys(to)
    order = np.argsort(old)
    at = np.searchsorted(old, new, sorter=order)
    at = order[np.minimum(at, len(old) - 1)]
    return at, old[at] == new


def _keys(content: bytes) -> np.ndarray:
    """The keys as values that can be sorted and compared whole."""
    numbers = np.frombuffer(zlib.decompress(content), "<i8").reshape(-1, 3)
    kind = np.dtype([("way", "<i8"), ("tail", "<i8"), ("head", "<i8")])
    return np.ascontiguousarray(numbers).view(kind).ravel()


class Learner:
    """Means of the slot that runs now, until it is over.

    Args:
        edges: How many edges there are.
    """

    def __init__(self, edges: int) -> None:
        self._weight = np.zeros(edges)
        self._sum = np.zeros(edges)

    def add(self, kmh: Doubles, weight: Doubles) -> None:
        """Takes what a cycle measured (NaN where nothing was); weighted by vehicles, to ten."""
        seen = np.isfinite(kmh) & (weight > 0)
        some = np.minimum(weight, 10.0)
        self._weight[seen] += some[seen]
        self._sum[seen] += (some * np.nan_to_num(kmh))[seen]

    def take(self) -> Doubles:
        """(E) the means, NaN where nothing was measured; begins anew."""
        mean = np.full(len(self._sum), np.nan)
        np.divide(self._sum, self._weight, out=mean, where=self._weight > 0)
        self._weight[:], self._sum[:] = 0.0, 0.0
        return mean
