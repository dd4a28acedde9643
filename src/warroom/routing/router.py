"""Ways for one kind of vehicle, from positions to positions, at the speeds it was told last."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from warroom.roads.contracts import Flags, Floats, Numbers, OnRoad, RoadGraph, Singles
from warroom.routing.contracts import NEVER, Engine, Entered, Found, Path, Profile, Weights
from warroom.routing.costs import add, edge_times, turn_times, usable_edges
from warroom.routing.engines import Dijkstra, Hierarchy
from warroom.routing.topology import Ends, Topology

ALTERNATIVE_COST = 1.4
"""An alternative takes at most so many times as long as the best way."""
ALTERNATIVE_SHARED = 0.7
"""And shares at most this part of its length with one that is already offered."""
_AVOIDED = 1.5


class Router:
    """Ways for one profile.

    Both sides of a road are tried at either end: a position says where somebody is, not which way
    they look. Everything is changed and asked from one thread.

    Args:
        topology: What is searched; shared by all profiles that may use the same edges.
        profile: The vehicle.
        engine: Finds the ways.
    """

    def __init__(self, topology: Topology, profile: Profile, engine: Engine) -> None:
        self.topology, self.profile = topology, profile
        self.graph: RoadGraph = topology.graph
        self.usable: Flags = usable_edges(self.graph, profile)
        self.turn_ms = turn_times(self.graph, profile, topology.chained)
        self.closed: set[int] = set()
        self.engine = engine
        self._open_ms: Weights = np.zeros(0, np.uint32)
        self.edge_ms: Weights = np.zeros(0, np.uint32)
        self.update(self.graph.free_kmh)

    def update(self, kmh: Singles) -> None:
        """Takes the speed of every edge at once, (E) km/h; a search sees all of them or none."""
        self._open_ms = edge_times(self.graph, self.profile, kmh)
        edge_ms = self._open_ms.copy()
        edge_ms[list(self.closed)] = NEVER
        self.engine.customize(self.topology.weights(edge_ms, self.turn_ms))
        self.edge_ms = edge_ms

    def change(self, edges: Sequence[int], kmh: Sequence[float]) -> None:
        """Takes the speed of some edges, at once: what follows is routed by it."""
        speeds = self.graph.free_kmh.copy()
        speeds[list(edges)] = kmh
        self._open_ms[list(edges)] = edge_times(self.graph, self.profile, speeds)[list(edges)]
        self._put([edge for edge in edges if edge not in self.closed])

    def close(self, edges: Sequence[int]) -> None:
        """Nobody is led over these edges until they are opened again."""
        self.closed.update(edges)
        self._put(edges)

    def open(self, edges: Sequence[int]) -> None:
        """Ends a closure; the edges have the speed they were told last."""
        self.closed.difference_update(edges)
        self._put(edges)

    def _put(self, edges: Sequence[int]) -> None:
        for edge in edges:
            self.edge_ms[edge] = NEVER if edge in self.closed else self._open_ms[edge]
        if len(edges):
            self.engine.update(*self._arcs_over(edges, self.edge_ms))

    def _arcs_over(
        self, edges: Sequence[int], edge_ms: Weights
    ) -> tuple[NDArray[np.uint32], Weights]:
        arcs = np.concatenate([self.topology.arcs_of(edge) for edge in edges])
        turns = self.turn_ms[self.topology.arc_turn[arcs]]
        return arcs, add(turns, edge_ms[self.topology.arc_edge[arcs]])

    def path(self, start: Sequence[OnRoad], end: Sequence[OnRoad]) -> Path | None:
        """The quickest way from one of some positions to one of others; None if there is none."""
        direct = self._direct(start, end)
        sources, targets = self._starts(start), self._ends(end)
        if not (len(sources.vertices) and len(targets.vertices)):
            return direct
        costs = self.engine.matrix(sources.vertices, targets.vertices)
        total = costs + sources.costs_ms[:, None] + targets.costs_ms
        best = int(np.argmin(total))
        source, target = divmod(best, len(targets.vertices))
        cost = int(total[source, target])
        if cost >= NEVER or (direct is not None and direct.cost_ms <= cost):
            return direct
        found = self.engine.find(int(sources.vertices[source]), int(targets.vertices[target]))
        first, last = int(sources.edges[source]), int(targets.edges[target])
        return self._path(start, end, first, last, found, cost)

    def _path(
        self,
        start: Sequence[OnRoad],
        end: Sequence[OnRoad],
        first: int,
        last: int,
        found: Found,
        cost: int,
    ) -> Path:
        between = [int(self.topology.arc_edge[arc]) for arc in found.arcs]
        begin = next(on.fraction for on in start if on.edge == first)
        stop = next(on.fraction for on in end if on.edge == last)
        return Path(cost, [first, *between, last], begin, stop)

    def _direct(self, start: Sequence[OnRoad], end: Sequence[OnRoad]) -> Path | None:
        """The way along one edge, where the end lies before the start on it."""
        ways = [
            Path(
                round(float(self.edge_ms[a.edge]) * (b.fraction - a.fraction)),
                [a.edge], a.fraction, b.fraction,
            )
            for a in start
            for b in end
            if a.edge == b.edge and a.fraction <= b.fraction and self._may(a.edge)
        ]  # fmt: skip
        return min(ways, default=None, key=lambda path: path.cost_ms)

    def _may(self, edge: int) -> bool:
        return bool(self.topology.included[edge]) and self.edge_ms[edge] < NEVER

    def _starts(self, positions: Sequence[OnRoad]) -> Ends:
        return self.topology.starts(*self._drivable(positions), self.edge_ms)

    def _ends(self, positions: Sequence[OnRoad]) -> Ends:
        return self.topology.ends(*self._drivable(positions), self.edge_ms, self.turn_ms)

    def _drivable(self, positions: Sequence[OnRoad]) -> tuple[Numbers, Floats]:
        edges = np.array([on.edge for on in positions], np.uint32)
        fractions = np.array([on.fraction for on in positions], np.float64)
        open_ = self.topology.included[edges] & (self.edge_ms[edges] < NEVER)
        return edges[open_], fractions[open_]

    def matrix(
        self, starts: Sequence[Sequence[OnRoad]], ends: Sequence[Sequence[OnRoad]]
    ) -> NDArray[np.int64]:
        """Travel times in milliseconds, (starts, ends); at least `NEVER` where there is no way."""
        times = np.full((len(starts), len(ends)), NEVER, np.int64)
        sources, row_of = self._grouped(starts, self._starts)
        targets, column_of = self._grouped(ends, self._ends)
        if len(sources.vertices) and len(targets.vertices):
            costs = self.engine.matrix(sources.vertices, targets.vertices)
            costs = costs + sources.costs_ms[:, None] + targets.costs_ms
            np.minimum.at(times, (row_of[:, None], column_of), costs)
        for row, some in enumerate(starts):
            for column, others in enumerate(ends):
                direct = self._direct(some, others)
                if direct is not None:
                    times[row, column] = min(times[row, column], direct.cost_ms)
        return np.minimum(times, NEVER)

    def _grouped(
        self, groups: Sequence[Sequence[OnRoad]], find: Callable[[Sequence[OnRoad]], Ends]
    ) -> tuple[Ends, NDArray[np.int64]]:
        """The ends of all groups in one, and the group of each."""
        group_of_edge = {on.edge: at for at, group in enumerate(groups) for on in group}
        if len(group_of_edge) == sum(map(len, groups)):
            found = find([on for group in groups for on in group])
            return found, np.array([group_of_edge[int(e)] for e in found.edges], np.int64)
        # Two of them lie on one road: each by itself.
        parts = [find(group) for group in groups]
        counts = [len(part.vertices) for part in parts]
        return _join(parts), np.repeat(np.arange(len(parts)), counts)

    def alternatives(
        self, start: Sequence[OnRoad], end: Sequence[OnRoad], most: int = 2
    ) -> list[Path]:
        """The best way first, then others that are not much slower and not nearly the same."""
        best = self.path(start, end)
        if best is None:
            return []
        offered, avoided = [best], set[int]()
        try:
            for _ in range(most * 2):
                avoided.update(offered[-1].edges[1:-1])
                self._avoid(sorted(avoided), _AVOIDED)
                path = self.path(start, end)
                if path is None or len(offered) > most:
                    break
                path = path._replace(cost_ms=self.cost(path))
                if path.cost_ms > best.cost_ms * ALTERNATIVE_COST:
                    break
                if all(self._shared(path, other) <= ALTERNATIVE_SHARED for other in offered):
                    offered.append(path)
                else:
                    avoided.update(path.edges[1:-1])
        finally:
            self._put([edge for edge in sorted(avoided) if self.topology.included[edge]])
        return offered[: most + 1]

    def _avoid(self, edges: Sequence[int], factor: float) -> None:
        if not edges:
            return
        arcs, weights = self._arcs_over(edges, self.edge_ms)
        self.engine.update(arcs, np.minimum(weights * factor, NEVER).astype(np.uint32))

    def _shared(self, path: Path, other: Path) -> float:
        length = self.graph.length_m
        both = set(path.edges) & set(other.edges)
        return float(length[list(both)].sum()) / max(1.0, float(length[path.edges].sum()))

    def cost(self, path: Path) -> int:
        """Milliseconds along a way, now; at least `NEVER` where a part is closed."""
        edges = path.edges
        if len(edges) == 1:
            return round(float(self.edge_ms[edges[0]]) * (path.end - path.start))
        whole = sum(int(self.edge_ms[edge]) for edge in edges[1:-1])
        first = float(self.edge_ms[edges[0]]) * (1.0 - path.start)
        last = float(self.edge_ms[edges[-1]]) * path.end
        return round(first) + whole + round(last) + sum(self.turn_costs(edges))

    def turn_costs(self, edges: Sequence[int]) -> list[int]:
        """Milliseconds between each two edges of a way, as the search counts them."""
        arcs = self.topology.follow(edges)
        return [int(cost) for cost in self.turn_ms[self.topology.arc_turn[arcs]]]

    def reach(self, start: Sequence[OnRoad], limit_s: float) -> Entered:
        """When each edge is entered by somebody who drives as quickly as possible everywhere.

        Args:
            start: Positions to leave from, both sides of a road.
            limit_s: Beyond it nothing is looked for.
        """
        weights = self.topology.weights(self.edge_ms, self.turn_ms)
        search = Dijkstra(self.topology)
        search.customize(weights)
        limit_ms = int(limit_s * 1000)
        entered = np.full(self.graph.edges, NEVER, np.int64)
        edge_of_arc = self.topology.arc_edge
        turn_ms = self.turn_ms[self.topology.arc_turn].astype(np.int64)
        for vertex, before, _ in zip(*self._starts(start).as_lists(), strict=True):
            if before > limit_ms:
                continue
            costs = search.within(np.array([vertex], np.uint32), limit_ms - before)
            times = costs[self.topology.tail] + turn_ms + before
            np.minimum.at(entered, edge_of_arc, np.where(weights < NEVER, times, NEVER))
        entered_s = np.where(entered <= limit_ms, entered / 1000.0, np.inf)
        edges, fractions = self._drivable(start)
        return Entered(entered_s, self.edge_ms / 1000.0, edges, fractions)


def make_routers(
    graph: RoadGraph,
    profiles: Sequence[Profile],
    alike: dict[str, Router] | None = None,
    make_engine: Callable[[Topology], Engine] = Hierarchy,
) -> dict[str, Router]:
    """A router for each profile; those that may use the same edges share an order of contraction.

    Args:
        graph: The roads.
        profiles: The vehicles.
        alike: Routers over the same graph, whose orders are taken over.
        make_engine: Another engine than the hierarchy.
    """
    engines: dict[bool, tuple[Topology, Engine]] = {}
    for router in (alike or {}).values():
        engines[router.profile.contraflow > 0] = router.topology, router.engine
    routers = {}
    for profile in profiles:
        is_wide = profile.contraflow > 0
        if is_wide in engines:
            topology, model = engines[is_wide]
            engine = model.sibling()
        else:
            topology = Topology(graph, np.full(graph.edges, is_wide) | ~graph.contraflow)
            engine = make_engine(topology)
            engines[is_wide] = topology, engine
        routers[profile.name] = Router(topology, profile, engine)
    return routers


def _join(parts: list[Ends]) -> Ends:
    return Ends(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.costs_ms for part in parts]),
        np.concatenate([part.edges for part in parts]),
    )
