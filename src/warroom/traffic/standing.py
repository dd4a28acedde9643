"""Who stands in a queue, and who is parked, at a rank or at a stop: judged by how they came there.

A vehicle in a queue came to it slowly: it crept, stood and crept again. One that parks drove as
freely as the road allows until it stopped, and others drive past it as freely afterwards. Arrays
only; what is remembered of a vehicle is its pace, not where it was.
"""

import numpy as np

from warroom.traffic.contracts import Doubles, Edges, Flags, Observations, Singles, Source

STANDS_KMH = 3.0
"""Slower is standing; what a receiver tells below it is noise."""

SLOW_RATIO = 0.5
"""Whose pace before it stopped was below it came by a queue (decision 53)."""

FREE_RATIO = 0.6
"""Whoever leaves a road at such a pace was not held up on it."""

PACE_S = 20.0
"""A pace is a mean that forgets the driving before so many seconds of driving: the last metres of
who parks are slow as well, and must not count as a queue."""

MOST_STEP_S = 10.0
"""A position stands for so much driving at most, however long the vehicle was silent before."""

STANDING_S = 300.0
"""Who drove so long ago at most stands in the queue; afterwards it is parked, or at work."""

FORGET_S = 900.0


class Standing:
    """Remembers of each vehicle at what pace it drove last, and of each edge who left it freely.

    Args:
        free_kmh: (E) free-flow speed.
    """

    def __init__(self, free_kmh: Singles) -> None:
        self._free_kmh = np.maximum(free_kmh.astype(np.float64), 1.0)
        self._passed_at = np.full(len(free_kmh), -np.inf)
        self._who: Edges = np.empty(0, np.int64)
        self._edge: Edges = np.empty(0, np.int64)
        self._pace: Doubles = np.empty(0)
        self._drove_at: Doubles = np.empty(0)

    def judge(self, seen: Observations) -> Flags:
        """(n) whether each observation says something of the traffic; others stand beside it.

        Whatever is not of a vehicle that is told apart is taken as it is, but for positions that
        stand. Observations of one vehicle are judged in the order of their times.
        """
        is_gps = seen.source == Source.GPS
        good: Flags = ~is_gps | (seen.kmh >= STANDS_KMH)
        rows = np.flatnonzero(is_gps & (seen.who >= 0))
        if not len(rows):
            return good
        rows = rows[np.lexsort((seen.at[rows], seen.who[rows]))]
        self._forget(float(seen.at.max()))
        slot = self._slots(seen.who[rows])
        first = np.searchsorted(slot, slot)
        turn = np.arange(len(rows)) - first
        for number in range(int(turn.max()) + 1):
            now = turn == number
            good[rows[now]] = self._judge_once(seen, rows[now], slot[now])
        return good

    def _judge_once(self, seen: Observations, rows: Edges, slot: Edges) -> Flags:
        """One observation of each of some vehicles."""
        edge, at = seen.edge[rows], seen.at[rows]
        drives = seen.kmh[rows] >= STANDS_KMH
        before, went_on = self._edge[slot], np.zeros(len(rows), np.bool_)
        went_on[drives] = (before >= 0)[drives] & (before != edge)[drives]
        went_on &= self._pace[slot] >= FREE_RATIO
        np.maximum.at(self._passed_at, before[went_on], at[went_on])
        self._drive(slot[drives], edge[drives], seen.kmh[rows][drives], at[drives])
        queues: Flags = self._pace[slot] < SLOW_RATIO
        queues &= at - self._drove_at[slot] <= STANDING_S
        # Somebody has left this road freely since it stopped: there is no queue before it.
        queues &= self._passed_at[edge] <= self._drove_at[slot]
        queues |= drives
        return queues

    def _drive(self, slot: Edges, edge: Edges, kmh: Singles, at: Doubles) -> None:
        step_s = np.clip(at - self._drove_at[slot], 0.0, MOST_STEP_S)
        share = 1.0 - np.exp(-step_s / PACE_S)
        ratio = np.minimum(kmh / self._free_kmh[edge], 1.0)
        self._pace[slot] += share * (ratio - self._pace[slot])
        self._drove_at[slot] = np.maximum(self._drove_at[slot], at)
        self._edge[slot] = edge

    def _slots(self, who: Edges) -> Edges:
        """Where what is known of each is kept; of whom nothing is known drove freely, long ago."""
        new = np.setdiff1d(who, self._who)
        if len(new):
            at = np.searchsorted(self._who, new)
            self._who = np.insert(self._who, at, new)
            self._edge = np.insert(self._edge, at, -1)
            self._pace = np.insert(self._pace, at, 1.0)
            self._drove_at = np.insert(self._drove_at, at, -np.inf)
        return np.searchsorted(self._who, who)

    def _forget(self, now: float) -> None:
        kept = self._drove_at > now - FORGET_S
        if not kept.all():
            self._who, self._edge = self._who[kept], self._edge[kept]
            self._pace, self._drove_at = self._pace[kept], self._drove_at[kept]
