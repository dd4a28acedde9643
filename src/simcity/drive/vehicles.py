"""Vehicles that are followed one by one, all moved at once in arrays."""

import numpy as np

from simcity.drive.demand import Trees
from simcity.drive.streets import Flags, Floats, Streets, Whole

_HOPS = 4
"""Edges that a vehicle passes in one second at most."""


class Vehicles:
    """V vehicles, each under way to one of the places of the trees, or standing.

    Attributes:
        edge: (V) where.
        metres: (V) driven on it.
        goal: (V) index of the place it drives to; -1 stands.
        pace: (V) its speed as part of that of the others.
        kmh: (V) speed in the last second.
        arrived: (V) whether it reached its goal in the last second.
    """

    def __init__(self, streets: Streets, trees: Trees, edge: Whole, pace: Floats) -> None:
        count = len(edge)
        self._streets, self._trees = streets, trees
        self.edge = edge.astype(np.int64)
        self.metres = np.zeros(count)
        self.goal = np.full(count, -1, np.int64)
        self.pace = pace
        self.hurries = np.zeros(count, np.bool_)
        self.kmh = np.zeros(count)
        self.arrived = np.zeros(count, np.bool_)

    def __len__(self) -> int:
        return len(self.edge)

    def step(self, speed_ms: Floats, green: Flags) -> None:
        """One second at the speeds of the edges; red holds those that do not hurry."""
        moving = np.flatnonzero(self.goal >= 0)
        self.arrived[:] = False
        self.kmh[:] = 0.0
        left = np.ones(len(moving))
        driven = np.zeros(len(moving))
        edge, metres = self.edge[moving], self.metres[moving]
        goal, hurries, pace = self.goal[moving], self.hurries[moving], self.pace[moving]
        for _ in range(_HOPS):
            speed = speed_ms[edge] * pace
            to_end = self._streets.length_m[edge] - metres
            run = np.minimum(speed * left, to_end)
            metres += run
            driven += run
            left -= run / speed
            at_end = metres >= self._streets.length_m[edge] - 1e-6
            there = at_end & (edge == self._trees.places[goal])
            on = at_end & ~there & (green[edge] | hurries)
            left[at_end & ~on] = 0.0
            edge = np.where(on, self._trees.onward[goal, edge], edge)
            metres[on] = 0.0
            if not (left > 1e-9).any():
                break
        self.arrived[moving] = there
        self.edge[moving], self.metres[moving] = edge, metres
        self.kmh[moving] = driven * 3.6

    def share(self, vehicle: int) -> float:
        """How far along its edge it is, 0 to 1."""
        return float(self.metres[vehicle] / self._streets.length_m[self.edge[vehicle]])
