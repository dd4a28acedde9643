"""One city's traffic in one process: takes what comes in, and makes the next state of it."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from warroom.roads.contracts import RoadGraph
from warroom.traffic.contracts import (
    HOW_LETTERS,
    RATIO_OF_LEVEL,
    Colour,
    Counts,
    Flags,
    How,
    Jam,
    JamEvent,
    Observations,
    Said,
    Source,
    State,
)
from warroom.traffic.estimate import Ground, estimate
from warroom.traffic.jams import LEAST_OBSERVED, OFF, Alarm
from warroom.traffic.standing import Standing
from warroom.traffic.typical import Learner, Slot
from warroom.traffic.window import Window

WEIGHT_OF = {Source.OFFICER: 30.0, Source.CALL: 6.0}
"""Vehicles that a person's word stands for: an officer looks at the whole road."""

_LETTERS = np.frombuffer(HOW_LETTERS.encode(), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Cycle:
    """What a cycle came to.

    Attributes:
        changed: Edges whose colour, or how they are known, is another than before.
        closed, opened: Edges that were closed, and opened again.
        took_ms: CPU of this thread.
        is_first: Nothing was known before it.
    """

    state: State
    changed: np.ndarray
    closed: tuple[int, ...]
    opened: tuple[int, ...]
    jams: list[JamEvent]
    took_ms: float
    is_first: bool


class Estimator:
    """State, jams and what people said, for one road graph.

    Args:
        graph: The roads.
        least_observed: Vehicles that make a jam certain.
        emp: Passenger cars that a motorcycle and a heavy vehicle stand for.
    """

    def __init__(
        self,
        graph: RoadGraph,
        least_observed: float = LEAST_OBSERVED,
        emp: tuple[float, float] = (0.25, 1.3),
    ) -> None:
        self.ground = Ground(graph)
        self.window = Window(
            graph.edges, graph.free_kmh * np.float32(OFF), Standing(graph.free_kmh)
        )
        self.alarm = Alarm(self.ground, least_observed)
        self.learner = Learner(graph.edges)
        self.typical = Slot.empty(graph.edges)
        self.state: State | None = None
        self._emp = emp
        self._closures: list[tuple[Said, list[int]]] = []
        self._reports: list[tuple[Said, list[int]]] = []

    @property
    def graph(self) -> RoadGraph:
        """The roads."""
        return self.ground.graph

    def prepare(self) -> None:
        """Works out what the first cycle would have to wait for: half a second for a big city."""
        _ = (self.ground.adjacency, self.ground.degree, self.ground.edge_of_key)

    def restore(self, jams: Sequence[tuple[Jam, list[int]]]) -> None:
        """Takes up jams that were there before the process was, with their edges of this pack."""
        self.alarm.restore(jams)

    def add(self, seen: Observations, now: float) -> int:
        """Takes observations; gives how many could be."""
        return self.window.add(seen, now)

    def count(self, counts: Counts, now: float) -> int:
        """Takes counts; gives how many could be."""
        return self.window.count(counts, now)

    def edges_of(self, keys: Iterable[str]) -> list[int]:
        """Edges of this pack; keys that it does not have are left out."""
        known = self.ground.edge_of_key
        return [known[key] for key in keys if key in known]

    def set_said(self, closures: Sequence[Said], reports: Sequence[Said]) -> None:
        """Takes all that people said and that is not over, in place of what was before."""
        self._closures = [(said, self.edges_of(said.keys)) for said in closures]
        self._reports = [(said, self.edges_of(said.keys)) for said in reports]

    def cycle(self, now: float) -> Cycle:
        """The next state; takes in everything that was told until now."""
        began = time.thread_time()
        told, causes = self._told(now)
        sums = self.window.sums(now, told, self._emp)
        closed = self._closed(now)
        before = self.state
        remembered = self.alarm.remembered(now)
        state = estimate(self.ground, sums, now, self.typical.kmh, closed, before, remembered)
        self.learner.add(np.where(closed, np.nan, sums.measured_kmh), sums.weight)
        events = self.alarm.update(state, causes)
        self.state = state
        was_closed = np.zeros_like(closed) if before is None else before.how == How.CLOSED
        if before is None:
            changed = np.flatnonzero(state.colour != Colour.UNKNOWN)
        else:
            changed = np.flatnonzero((state.colour != before.colour) | (state.how != before.how))
        return Cycle(
            state,
            changed,
            tuple(np.flatnonzero(closed & ~was_closed).tolist()),
            tuple(np.flatnonzero(was_closed & ~closed).tolist()),
            events,
            (time.thread_time() - began) * 1000,
            before is None,
        )

    def _told(self, now: float) -> tuple[Observations, dict[int, str]]:
        rows: list[tuple[int, float, float, float, int]] = []
        causes: dict[int, str] = {}
        for said, edges in self._reports:
            if said.level is None or not _holds(said, now):
                continue
            ratio, at = RATIO_OF_LEVEL[said.level], said.starts_at.timestamp()
            weight = WEIGHT_OF[said.source]
            for edge in edges:
                kmh = float(self.graph.free_kmh[edge]) * ratio
                rows.append((edge, kmh, weight, at, int(said.source)))
                if said.cause:
                    causes[edge] = said.cause
        return Observations.of(*rows), causes

    def _closed(self, now: float) -> Flags:
        closed = np.zeros(self.graph.edges, np.bool_)
        for said, edges in self._closures:
            if _holds(said, now):
                closed[edges] = True
        return closed

    def next_change(self, now: float) -> float | None:
        """When the next closure or report begins or ends; None if never."""
        said = [one for one, _ in (*self._closures, *self._reports)]
        moments = [moment.timestamp() for one in said for moment in (one.starts_at, one.ends_at)]
        return min((moment for moment in moments if moment > now), default=None)


def _holds(said: Said, now: float) -> bool:
    return said.starts_at.timestamp() <= now < said.ends_at.timestamp()


def told_edges(state: State, edges: np.ndarray) -> dict[str, object]:
    """Edges for the event socket: numbers, and one sign each for colour and how it is known."""
    return {
        "pack": state.version,
        "at": round(state.at, 3),
        "edges": edges.tolist(),
        "colour": (state.colour[edges] + ord("0")).astype(np.uint8).tobytes().decode(),
        "how": _LETTERS[state.how[edges]].tobytes().decode(),
    }
