"""What was observed in the last minutes: checked, kept, summed by edge."""

from dataclasses import dataclass

import numpy as np

from warroom.traffic.contracts import (
    Counts,
    Doubles,
    Edges,
    Flags,
    Observations,
    Singles,
    Source,
)
from warroom.traffic.standing import Standing

FADE_S, WINDOW_S = 80.0, 300.0
"""An observation counts for half after a minute, and not at all after five: the newest say most of
a road, and older ones where nobody came by since (decision 53)."""

MOST_KMH = 160.0
"""Faster is no vehicle on a city's road; an unmatched jump of a position more likely."""

MOST_WEIGHT = 1000.0
AHEAD_S = 5.0
"""A clock may run ahead by so much."""

LEAST_KMH = 1.0
"""Of a vehicle past a camera, for its time over a metre: standing ones would take for ever."""


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Of the window, by edge, E each.

    Attributes:
        weight: Vehicles, faded by age; of cameras and positions.
        reported: The same of what people told.
        kmh: Space-mean speed over both; NaN where nothing was observed.
        measured_kmh: The same without what people told.
        newest: Newest observation; NaN where there was none.
        flow: Passenger cars an hour; NaN where nobody counted.
        vehicles: How many vehicles it is of; where it is slow, how many of them were slow
            themselves, none counted twice.
    """

    weight: Doubles
    reported: Doubles
    kmh: Doubles
    measured_kmh: Doubles
    newest: Doubles
    flow: Doubles
    vehicles: Doubles


class Window:
    """Observations of the last five minutes.

    Args:
        edges: How many edges there are.
        slow_kmh: (E) where it is slower, vehicles are counted one by one; nowhere if None.
        standing: Tells vehicles in a queue from parked ones; whoever stands is in one if None.
    """

    def __init__(
        self, edges: int, slow_kmh: Singles | None = None, standing: Standing | None = None
    ) -> None:
        self.edges = edges
        self._standing = standing
        self._slow_kmh = np.zeros(edges, np.float32) if slow_kmh is None else slow_kmh
        self.refused: dict[str, int] = {}
        self._kept = Observations.of()
        self._added: list[Observations] = []
        self._counts: list[Counts] = []
        self._counted: list[Counts] = []

    def add(self, seen: Observations, now: float) -> int:
        """Takes what can be; the rest is counted in `refused`, by reason. Gives how many."""
        checks = (
            ("edge", (seen.edge >= 0) & (seen.edge < self.edges)),
            ("kmh", np.isfinite(seen.kmh) & (seen.kmh >= 0) & (seen.kmh <= MOST_KMH)),
            (
                "weight",
                np.isfinite(seen.weight) & (seen.weight > 0) & (seen.weight <= MOST_WEIGHT),
            ),
            ("source", np.isin(seen.source, list(Source))),
            ("at", (seen.at > now - WINDOW_S) & (seen.at <= now + AHEAD_S)),
        )
        good = self._judge(len(seen), checks)
        if good.any():
            self._added.append(_chosen(seen, good))
        return int(good.sum())

    def count(self, counts: Counts, now: float) -> int:
        """Takes counts that can be; the rest is counted in `refused`. Gives how many."""
        vehicles = counts.motorcycles + counts.light + counts.heavy
        least = np.minimum(np.minimum(counts.motorcycles, counts.light), counts.heavy)
        checks = (
            ("edge", (counts.edge >= 0) & (counts.edge < self.edges)),
            ("seconds", np.isfinite(counts.seconds) & (counts.seconds > 0)),
            ("count", np.isfinite(vehicles) & (least >= 0)),
            ("at", (counts.at > now - WINDOW_S) & (counts.at <= now + AHEAD_S)),
        )
        good = self._judge(len(counts), checks)
        if good.any():
            names = Counts.__slots__
            self._counted.append(Counts(*(getattr(counts, name)[good] for name in names)))
        return int(good.sum())

    def _judge(self, count: int, checks: tuple[tuple[str, Flags], ...]) -> Flags:
        good = np.ones(count, np.bool_)
        for reason, passed in checks:
            refused = int((good & ~passed).sum())
            if refused:
                self.refused[reason] = self.refused.get(reason, 0) + refused
            good &= passed
        return good

    def sums(
        self, now: float, told: Observations | None = None, emp: tuple[float, float] = (0.25, 1.2)
    ) -> Sums:
        """What the window holds, by edge; what is too old is let go.

        Args:
            now: Seconds since 1970.
            told: What people said and still holds; counts in full whenever it was said.
            emp: Passenger cars that a motorcycle and a heavy vehicle stand for.
        """
        # Taken first, joined then: another thread may add meanwhile.
        added, self._added = self._added, []
        self._kept = _joined([self._kept, *self._in_traffic(added)])
        self._kept = _chosen(self._kept, self._kept.at > now - WINDOW_S)
        seen = self._kept if told is None else _joined([self._kept, told])
        is_told = seen.source >= Source.OFFICER
        age = np.maximum(now - seen.at, 0.0)
        fade = np.where(age < WINDOW_S, np.exp(-age / FADE_S), 0.0)
        weight = np.where(is_told, 1.0, fade) * seen.weight.astype(np.float64)
        measured_kmh, measured = self._mean(seen, weight * ~is_told)
        told_kmh, reported = self._mean(seen, weight * is_told)
        both = measured + reported
        kmh = _over(
            np.where(measured > 0, measured * measured_kmh, 0.0)
            + np.where(reported > 0, reported * told_kmh, 0.0),
            both,
        )
        newest = np.full(self.edges, -np.inf)
        np.maximum.at(newest, seen.edge, seen.at)
        newest[~np.isfinite(newest)] = np.nan
        slow = (measured > 0) & (np.nan_to_num(measured_kmh) < self._slow_kmh)
        vehicles = both.copy()
        vehicles[slow] = np.minimum(both, reported + self._vehicles(seen, weight, slow))[slow]
        flow = self._flow(now, emp)
        return Sums(measured, reported, kmh, measured_kmh, newest, flow, vehicles)

    def _in_traffic(self, added: list[Observations]) -> list[Observations]:
        """Without those who stand beside the traffic."""
        if self._standing is None or not added:
            return added
        seen = _joined(added)
        return [_chosen(seen, self._standing.judge(seen))]

    def _vehicles(self, seen: Observations, weight: Doubles, where: Flags) -> Doubles:
        """Slow vehicles by edge: one that stands tells so every second, and is one all the same.

        Whoever drove past freely does not bear out one that is slow.
        """
        rows = where[seen.edge] & (seen.source < Source.OFFICER) & (weight > 0)
        edge, who = seen.edge[rows], seen.who[rows]
        known = who >= 0
        slow = known & (seen.kmh[rows] < self._slow_kmh[edge])
        pairs = np.unique(np.stack((edge[slow], who[slow])), axis=1)
        apart = self._sum(pairs[0], np.ones(pairs.shape[1]))
        return apart + self._sum(edge[~known], weight[rows][~known])

    def _mean(self, seen: Observations, weight: Doubles) -> tuple[Doubles, Doubles]:
        """Space-mean speed and weight by edge.

        Of vehicles past a point it is the harmonic mean: slow ones pass it less often than they
        are on the road (Wardrop 1952).
        """
        at_point = seen.source == Source.CAMERA
        pace = 1.0 / np.maximum(seen.kmh.astype(np.float64), LEAST_KMH)
        point = self._sum(seen.edge, weight * at_point)
        point_kmh = _over(point, self._sum(seen.edge, weight * at_point * pace))
        rest = self._sum(seen.edge, weight * ~at_point)
        rest_sum = self._sum(seen.edge, weight * ~at_point * seen.kmh)
        total = point + rest
        return _over(np.where(point > 0, point * point_kmh, 0.0) + rest_sum, total), total

    def _sum(self, edge: Edges, values: Doubles) -> Doubles:
        return np.bincount(edge, values, minlength=self.edges)[: self.edges]

    def _flow(self, now: float, emp: tuple[float, float]) -> Doubles:
        counted, self._counted = self._counted, []
        self._counts = [c for c in (*self._counts, *counted) if c.at.max() > now - WINDOW_S]
        cars, hours = np.zeros(self.edges), np.zeros(self.edges)
        for counts in self._counts:
            fresh = counts.at > now - WINDOW_S
            equivalent = counts.light + emp[0] * counts.motorcycles + emp[1] * counts.heavy
            equivalent = equivalent.astype(np.float64)
            cars += self._sum(counts.edge[fresh], equivalent[fresh])
            hours += self._sum(counts.edge[fresh], counts.seconds[fresh].astype(np.float64) / 3600)
        return _over(cars, hours)


def _over(above: Doubles, below: Doubles) -> Doubles:
    """The quotient; NaN where there is nothing to divide by."""
    result = np.full(len(below), np.nan)
    np.divide(above, below, out=result, where=below > 0)
    return result


def _chosen(seen: Observations, which: Flags) -> Observations:
    return Observations(*(getattr(seen, name)[which] for name in Observations.__slots__))


def _joined(parts: list[Observations]) -> Observations:
    names = Observations.__slots__
    return Observations(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))
