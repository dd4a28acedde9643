"""Routes for a process that also does other things: asked and changed on one thread of their own.

`Routing` must be used from one thread, and taking the speeds of a city for every vehicle takes
some 40 ms: the process must not stand still meanwhile.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np

from warroom.roads.api import RoadGraph
from warroom.routing.contracts import Conditions, Entered, Reach, Route
from warroom.routing.reach import reach_of
from warroom.routing.service import Position, Routing

LEAST_KMH = 2.0
"""A standing queue is no closed road: who must, waits in it."""


class Desk:
    """Answers routes at the conditions it was told last; lives as long as the process.

    Args:
        routing: Used by nobody else.
    """

    def __init__(self, routing: Routing) -> None:
        self._routing = routing
        self._thread = ThreadPoolExecutor(1, "routing")
        self._conditions: tuple[RoadGraph, Conditions] | None = None

    async def __aenter__(self) -> Self:
        """Prepares nothing: the first question, or the first conditions, do."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the thread when it is done with what it does."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def take(self, graph: RoadGraph, conditions: Conditions) -> None:
        """Routes by these conditions from here on; those of other roads than now's are left out."""
        await self._do(lambda: self._take(graph, conditions))

    def _take(self, graph: RoadGraph, conditions: Conditions) -> None:
        if self._routing.graph is not graph:
            return
        closed = set(np.flatnonzero(conditions.closed).tolist())
        before = set(self._routing.closed)
        # Closed first: what is updated after it keeps it.
        self._routing.close(sorted(closed - before))
        self._routing.open(sorted(before - closed))
        self._routing.update(np.maximum(conditions.kmh, np.float32(LEAST_KMH)))
        self._conditions = graph, conditions

    async def routes(
        self, profile: str, start: Position, end: Position, alternatives: int = 0
    ) -> tuple[list[Route], Conditions | None]:
        """The quickest way now, others worth a choice, and the conditions they were found by.

        Raises:
            NoRoadGraphError: The city pack has no roads.
            OffRoadError: No road lies near the start or the end.
            NoRouteError: No way leads there.
            UnknownProfileError: There is no such kind of vehicle.
        """

        def ask() -> tuple[list[Route], Conditions | None]:
            if alternatives:
                found = self._routing.alternatives(profile, start, end, alternatives)
            else:
                found = [self._routing.route(profile, start, end)]
            return found, self._known()

        return await self._do(ask)

    async def matrix(
        self,
        profile: str,
        starts: Sequence[Position],
        ends: Sequence[Position],
        *,
        any_end: bool = False,
    ) -> np.ndarray:
        """Travel times in seconds now, (starts, ends); infinite where there is no way.

        A row is nan where no road lies near its start; with `any_end` a column likewise.

        Raises:
            OffRoadError: No road lies near one of the ends, which are not just `any_end`.
            UnknownProfileError: There is no such kind of vehicle.
        """
        return await self._do(lambda: self._routing.matrix(profile, starts, ends, any_end=any_end))

    async def beside(self, profile: str, at: Position) -> float:
        """Metres from a position to the nearest road that such a vehicle can use.

        Raises:
            OffRoadError: No such road lies near it.
            UnknownProfileError: There is no such kind of vehicle.
        """
        return await self._do(lambda: self._routing.snap(profile, at)[0].distance_m)

    async def reach(
        self, profile: str, start: Position, minutes: Sequence[float]
    ) -> tuple[Reach, Conditions | None]:
        """The roads within reach now, and the conditions they were found by.

        Raises:
            NoRoadGraphError: The city pack has no roads.
            OffRoadError: No road lies near the start.
            UnknownProfileError: There is no such kind of vehicle.
        """

        def ask() -> tuple[RoadGraph, Entered, list[int], Conditions | None]:
            entered = self._routing.entered(profile, start, minutes[-1] * 60.0)
            closed = self._routing.closed_for(profile)
            return self._routing.graph, entered, closed, self._known()

        graph, entered, closed, conditions = await self._do(ask)
        known = np.zeros(graph.edges, np.bool_) if conditions is None else conditions.known
        # Drawing takes longer than finding; a closure must not wait for it.
        found = await asyncio.to_thread(reach_of, graph, profile, entered, minutes, known, closed)
        return found, conditions

    def _known(self) -> Conditions | None:
        if self._conditions is None or self._conditions[0] is not self._routing.graph:
            return None
        return self._conditions[1]

    async def _do[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
