"""Routes between positions, for people and for other domains, over the roads of the city pack."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from warroom.roads.api import OnRoad, RoadGraph, Roads, Snapper
from warroom.roads.contracts import Singles
from warroom.routing.contracts import PROFILES, Entered, Path, Reach, Route
from warroom.routing.directions import lengths_of, line_of, reason_of, slow_part, steps_of
from warroom.routing.errors import NoRouteError, UnknownProfileError
from warroom.routing.reach import reach_of
from warroom.routing.router import Router, make_routers

type Position = tuple[float, float]
"""Latitude and longitude."""

SNAP_M = 300.0

MOST_KNOWN = 20_000
"""Positions of which the near roads are kept, of each kind of vehicle."""


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    snapper: Snapper
    now: dict[str, Router]
    free: dict[str, Router]
    # Most vehicles stand where they stood at the last question. Which roads a vehicle can use is
    # of the pack alone, so that neither speeds nor closures change what is near.
    near: dict[str, dict[Position, list[OnRoad]]] = field(default_factory=dict)

    def near_many(self, profile: str, positions: Sequence[Position]) -> list[list[OnRoad]]:
        """The roads near each position, of which those that were asked about before are known."""
        known = self.near.setdefault(profile, {})
        if len(known) > MOST_KNOWN:
            known.clear()
        asked = [(lat, lon) for lat, lon in positions]
        new = [at for at in dict.fromkeys(asked) if at not in known]
        found = self.snapper.near_many(new, self.now[profile].usable, SNAP_M) if new else []
        known.update(zip(new, found, strict=True))
        return [known[at] for at in asked]


class Routing:
    """Answers routes; all of it is used from one thread.

    The roads are prepared at the first question (a second or two for a city), and again when the
    city pack is replaced.

    Args:
        roads: Where the graph comes from.
    """

    def __init__(self, roads: Roads) -> None:
        self._roads = roads
        self._prepared: _Prepared | None = None

    @property
    def graph(self) -> RoadGraph:
        """The graph that edges refer to."""
        return self._ready().snapper.graph

    def prepare(self) -> None:
        """Makes what the first question would have to wait for.

        Raises:
            NoRoadGraphError: The city pack has no roads.
        """
        self._ready()

    def router(self, profile: str) -> Router:
        """The router of a profile, with the speeds of now.

        Raises:
            UnknownProfileError: There is no such kind of vehicle.
        """
        _known(profile)
        return self._ready().now[profile]

    def update(self, kmh: Singles) -> None:
        """Takes the speed of every edge, for all profiles."""
        for router in self._ready().now.values():
            router.update(kmh)

    @property
    def closed(self) -> frozenset[int]:
        """The edges that nobody is led over."""
        return frozenset(next(iter(self._ready().now.values())).closed)

    def close(self, edges: Sequence[int]) -> None:
        """Leads nobody over these edges until `open`."""
        for router in self._ready().now.values():
            router.close(edges)

    def open(self, edges: Sequence[int]) -> None:
        """Ends a closure."""
        for router in self._ready().now.values():
            router.open(edges)

    def snap(self, profile: str, at: Position) -> list[OnRoad]:
        """The road this vehicle can reach a position from.

        Raises:
            OffRoadError: There is none near.
        """
        _known(profile)
        ready = self._ready()
        usable = ready.now[profile].usable
        return ready.snapper.near(*at, usable=usable, within_m=SNAP_M)

    def route(self, profile: str, start: Position, end: Position) -> Route:
        """The quickest way now, with its steps and why it is not the usual one.

        Raises:
            OffRoadError: No road lies near the start or the end.
            NoRouteError: No way leads there.
            UnknownProfileError: There is no such kind of vehicle.
        """
        from_, to = self.snap(profile, start), self.snap(profile, end)
        path = self.router(profile).path(from_, to)
        if path is None:
            raise NoRouteError(profile=profile)
        return self._tell(profile, path, self._ready().free[profile].path(from_, to))

    def alternatives(
        self, profile: str, start: Position, end: Position, most: int = 2
    ) -> list[Route]:
        """The quickest way first, then others worth a choice.

        Raises:
            OffRoadError: No road lies near the start or the end.
            NoRouteError: No way leads there.
            UnknownProfileError: There is no such kind of vehicle.
        """
        from_, to = self.snap(profile, start), self.snap(profile, end)
        paths = self.router(profile).alternatives(from_, to, most)
        if not paths:
            raise NoRouteError(profile=profile)
        usual = self._ready().free[profile].path(from_, to)
        return [self._tell(profile, path, usual) for path in paths]

    def matrix(
        self,
        profile: str,
        starts: Sequence[Position],
        ends: Sequence[Position],
        *,
        any_end: bool = False,
    ) -> NDArray[np.float64]:
        """Travel times in seconds, (starts, ends); infinite where there is no way.

        A row is nan where no road lies near its start: one vehicle in the sea keeps none of the
        others from being timed. With `any_end` the column of such an end is nan too.

        Raises:
            OffRoadError: No road lies near one of the ends, which are not just `any_end`.
            UnknownProfileError: There is no such kind of vehicle.
        """
        _known(profile)
        ready = self._ready()  # once: each time it looks whether the pack was replaced
        router, snapper = ready.now[profile], ready.snapper
        near = ready.near_many(profile, starts)
        if any_end:
            goals = ready.near_many(profile, ends)
        else:
            goals = [snapper.near(*at, usable=router.usable, within_m=SNAP_M) for at in ends]
        times = router.matrix(near, goals)
        seconds = np.where(times < (1 << 31) - 1, times / 1000.0, np.inf)
        seconds[[not one for one in near]] = np.nan
        seconds[:, [not one for one in goals]] = np.nan
        return seconds

    def entered(self, profile: str, start: Position, limit_s: float) -> Entered:
        """When each edge is entered from a position by somebody who drives as quickly as possible.

        Raises:
            OffRoadError: No road lies near the start.
            UnknownProfileError: There is no such kind of vehicle.
        """
        return self.router(profile).reach(self.snap(profile, start), limit_s)

    def reach(self, profile: str, start: Position, minutes: Sequence[float]) -> Reach:
        """The roads within reach of a position on free roads, by bands of time.

        Args:
            profile: The vehicle.
            start: Where from.
            minutes: Ascending.

        Raises:
            OffRoadError: No road lies near the start.
            UnknownProfileError: There is no such kind of vehicle.
        """
        entered = self.entered(profile, start, minutes[-1] * 60.0)
        nothing = np.zeros(self.graph.edges, np.bool_)
        return reach_of(self.graph, profile, entered, minutes, nothing, self.closed_for(profile))

    def closed_for(self, profile: str) -> list[int]:
        """The closed edges that this vehicle would drive on if they were open, ascending."""
        router = self.router(profile)
        return [edge for edge in sorted(router.closed) if router.usable[edge]]

    def _tell(self, profile: str, path: Path, usual: Path | None) -> Route:
        now, free = self._ready().now[profile], self._ready().free[profile]
        graph = now.graph
        turns = [0, *now.turn_costs(path.edges)]
        shares = lengths_of(graph, path) / graph.length_m[path.edges]
        seconds = (now.edge_ms[path.edges] * shares + turns) / 1000.0
        detour = None
        if usual is not None:
            detour = reason_of(graph, path, usual, now.cost(usual), now.edge_ms, free.edge_ms)
        return Route(
            profile=profile,
            distance_m=float(lengths_of(graph, path).sum()),
            duration_s=path.cost_ms / 1000.0,
            free_flow_s=free.cost(path) / 1000.0,
            usual_s=free.cost(usual or path) / 1000.0,
            geometry=line_of(graph, path),
            edges=tuple(path.edges),
            steps=steps_of(graph, path, seconds.tolist()),
            detour=detour,
            slow=slow_part(graph, path, now.edge_ms, free.edge_ms),
        )

    def _ready(self) -> _Prepared:
        snapper = self._roads.snapper
        if self._prepared is None or self._prepared.snapper is not snapper:
            profiles = list(PROFILES.values())
            now = make_routers(snapper.graph, profiles)
            self._prepared = _Prepared(snapper, now, make_routers(snapper.graph, profiles, now))
        return self._prepared


def _known(profile: str) -> None:
    if profile not in PROFILES:
        raise UnknownProfileError(profile=profile, known=", ".join(PROFILES))
