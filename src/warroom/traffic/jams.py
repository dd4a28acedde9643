"""Jams: when an edge is one, which edges are one jam, and what becomes of it."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np

from warroom.kernel.ids import new_id
from warroom.roads.contracts import RoadGraph
from warroom.traffic.contracts import Flags, How, Jam, JamEvent, Singles, State, Trend
from warroom.traffic.estimate import Ground

ON, OFF = 0.4, 0.6
"""A jam begins below the one and ends above the other."""

CYCLES = 2
"""It must be so in so many cycles running."""

LEAST_OBSERVED = 2.0
"""Different vehicles that must have been slow there, for one may be parked; what a person reports
counts by itself. Waiting for a third cost a sixth of the jams (decision 54)."""

LEAST_M = 60.0
"""Shorter jams are waits at a light, and are not told of."""

FORGET_S = 600.0
"""A jam that nobody observes any more ends after so long, as no longer known."""

TREND_SHARE = 0.15
"""Growing or shrinking is a change of the length by so much in five minutes."""

TREND_S = 300.0


class Alarm:
    """Which edges are jammed, with hysteresis, and the jams that they make.

    Args:
        ground: The roads.
        least_observed: Vehicles that must have been seen on an edge.
    """

    def __init__(self, ground: Ground, least_observed: float = LEAST_OBSERVED) -> None:
        self.ground = ground
        self.least_observed = least_observed
        edges = ground.graph.edges
        self._low = np.zeros(edges, np.uint8)
        self._jammed = np.zeros(edges, np.bool_)
        self._seen_at = np.full(edges, -np.inf)
        # As they were when last seen: a jam that nobody observes now is no free road.
        self._kmh = np.full(edges, np.nan, np.float32)
        self._ratio = np.full(edges, np.nan, np.float32)
        self._lengths: dict[UUID, list[tuple[float, float]]] = {}
        self.jams: dict[UUID, Jam] = {}

    def update(self, state: State, causes: Mapping[int, str] | None = None) -> list[JamEvent]:
        """Takes the state of a cycle; tells which jams were raised, changed and cleared.

        Args:
            state: Of this cycle.
            causes: What people said of edges.
        """
        self._judge(state)
        found = self._components(self._jammed)
        described = [self._describe(edges, state) for edges in found]
        described = [jam for jam in described if jam.length_m >= LEAST_M or jam.how == "reported"]
        events = self._follow(described, state, causes or {})
        # A new table, put in place at once: others read the old one on their own threads.
        jams = dict(self.jams)
        for event in events:
            if event.change == "cleared":
                del jams[event.jam.id]
            else:
                jams[event.jam.id] = event.jam
        self.jams = jams
        self._lengths = {id_: self._lengths[id_] for id_ in self.jams}
        return events

    def remembered(self, now: float) -> Singles:
        """(E) as part of free flow, how fast edges in a jam were when last seen; NaN elsewhere.

        A queue that nobody sees any more is no free road before it is forgotten.
        """
        held = self._jammed & (now - self._seen_at <= FORGET_S)
        return np.where(held, self._ratio, np.float32(np.nan))

    def restore(self, jams: Sequence[tuple[Jam, list[int]]]) -> None:
        """Takes up jams of before a restart: seen again they go on, else they end as unknown."""
        for jam, edges in jams:
            self.jams[jam.id] = replace(jam, edges=tuple(sorted(edges)))
            self._lengths[jam.id] = [(jam.changed_at, jam.length_m)]
            self._jammed[edges] = True
            self._seen_at[edges] = jam.changed_at
            self._kmh[edges], self._ratio[edges] = jam.kmh, jam.ratio

    def _judge(self, state: State) -> None:
        reported = state.how == How.REPORTED
        known = ((state.how == How.MEASURED) & (state.observed >= self.least_observed)) | reported
        self._seen_at[known] = state.at
        self._kmh[known], self._ratio[known] = state.kmh[known], state.ratio[known]
        low = known & (state.ratio < ON)
        self._low = np.where(low, np.minimum(self._low + 1, CYCLES), 0).astype(np.uint8)
        # Somebody saw it: there is nothing to wait for.
        self._jammed |= (self._low >= CYCLES) | (low & reported)
        self._jammed &= ~(known & (state.ratio > OFF))
        self._jammed &= state.how != How.CLOSED
        self._jammed &= state.at - self._seen_at <= FORGET_S

    def _components(self, jammed: Flags) -> list[np.ndarray]:
        from scipy.sparse import csr_array  # noqa: PLC0415 - decision 51
        from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - decision 51

        edges = np.flatnonzero(jammed)
        if not len(edges):
            return []
        inner = self.ground.adjacency[edges][:, edges]
        count, label = connected_components(csr_array(inner), directed=False)
        order = np.argsort(label, kind="stable")
        return np.split(edges[order], np.cumsum(np.bincount(label, minlength=count))[:-1])

    def _describe(self, edges: np.ndarray, state: State) -> Jam:
        """A jam as it is now; its id and times are not known yet."""
        graph = self.ground.graph
        length = graph.length_m[edges].astype(np.float64)
        kmh = np.maximum(self._kmh[edges], 1.0)
        total = float(length.sum())
        lost_s = length * 3.6 * (1.0 / kmh - 1.0 / graph.free_kmh[edges])
        head, queue_m = queue_of(self.ground, edges)
        lon, lat = graph.points(head)[-1]
        reported = float(length[state.how[edges] == How.REPORTED].sum())
        return Jam(
            id=UUID(int=0),
            edges=tuple(int(edge) for edge in edges),
            length_m=total,
            queue_m=queue_m,
            roads=_longest(graph.name[edges], length, graph.names),
            areas=_longest(graph.area[edges], length, graph.areas),
            lat=float(lat),
            lon=float(lon),
            kmh=total / float((length / kmh).sum()),
            ratio=float((self._ratio[edges] * length).sum()) / total,
            delay_s=float(np.maximum(lost_s, 0.0).sum()),
            began_at=state.at,
            changed_at=state.at,
            how="reported" if reported > total / 2 else "measured",
        )

    def _follow(self, found: list[Jam], state: State, causes: Mapping[int, str]) -> list[JamEvent]:
        """Gives each jam the id of the one it was: of those it overlaps, the longest overlap."""
        events: list[JamEvent] = []
        owner = {edge: old for old in self.jams.values() for edge in old.edges}
        overlaps = []
        for index, jam in enumerate(found):
            metres: dict[UUID, float] = {}
            for edge in jam.edges:
                if edge in owner:
                    length = float(self.ground.graph.length_m[edge])
                    metres[owner[edge].id] = metres.get(owner[edge].id, 0.0) + length
            overlaps += [(-m, self.jams[id_].began_at, id_, index) for id_, m in metres.items()]
        was: dict[int, Jam] = {}
        taken: set[UUID] = set()
        for _, _, old_id, index in sorted(overlaps):
            if old_id not in taken and index not in was:
                was[index] = self.jams[old_id]
                taken.add(old_id)
        touched = {old_id for _, _, old_id, _ in overlaps}
        for index, jam in enumerate(found):
            events += self._told(jam, was.get(index), state, causes)
        for id_, old in self.jams.items():
            if id_ not in taken:
                reason = "merged" if id_ in touched else self._why_cleared(old, state)
                events.append(JamEvent("cleared", replace(old, changed_at=state.at), reason))
        return events

    def _told(
        self, jam: Jam, old: Jam | None, state: State, causes: Mapping[int, str]
    ) -> list[JamEvent]:
        said = next((causes[edge] for edge in jam.edges if edge in causes), None)
        if old is None:
            jam = replace(jam, id=new_id(), cause=said)
            self._lengths[jam.id] = [(state.at, jam.length_m)]
            return [JamEvent("raised", jam)]
        lengths = self._lengths[old.id]
        lengths.append((state.at, jam.length_m))
        while len(lengths) > 1 and lengths[1][0] <= state.at - TREND_S:
            lengths.pop(0)
        jam = replace(
            jam,
            id=old.id,
            began_at=old.began_at,
            changed_at=old.changed_at,
            cause=said or old.cause,
            trend=_trend(lengths[0][1], jam.length_m),
        )
        if not _is_news(old, jam):
            # Speeds move in every cycle: they are kept, and told with the next change.
            self.jams[old.id] = jam
            return []
        return [JamEvent("changed", replace(jam, changed_at=state.at))]

    def _why_cleared(self, jam: Jam, state: State) -> str:
        edges = list(jam.edges)
        if not edges:
            return "unknown"
        if (state.how[edges] == How.CLOSED).all():
            return "closed"
        is_known = (state.at - self._seen_at[edges]).min() <= FORGET_S
        return "flows" if is_known else "unknown"


def queue_of(ground: Ground, edges: np.ndarray) -> tuple[int, float]:
    """The head of a jam (the edge at which it begins to flow again) and the queue's length.

    The length is that of the longest of the shortest ways back from a head, along the roads.
    """
    graph = ground.graph
    inside = set(edges.tolist())
    before: dict[int, list[int]] = {edge: [] for edge in inside}
    has_next = set()
    onward = ground.onward
    for edge in sorted(inside):
        for following in onward.indices[onward.indptr[edge] : onward.indptr[edge + 1]].tolist():
            if following in inside:
                before[following].append(edge)
                has_next.add(edge)
    heads = sorted(inside - has_next) or [int(edges[0])]
    reached: dict[int, float] = {}
    origin: dict[int, int] = {}
    waiting = [(float(graph.length_m[head]), head, head) for head in heads]
    heapq.heapify(waiting)
    while waiting:
        metres, edge, head = heapq.heappop(waiting)
        if edge in reached:
            continue
        reached[edge], origin[edge] = metres, head
        for earlier in before[edge]:
            if earlier not in reached:
                heapq.heappush(waiting, (metres + float(graph.length_m[earlier]), earlier, head))
    last = max(reached, key=lambda edge: (reached[edge], -edge))
    return origin[last], reached[last]


def _longest(index: np.ndarray, length: np.ndarray, words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of these indices, the one with the greatest length first; empty ones left out."""
    metres: dict[str, float] = {}
    for one, part in zip(index.tolist(), length.tolist(), strict=True):
        if words[one]:
            metres[words[one]] = metres.get(words[one], 0.0) + part
    return tuple(sorted(metres, key=lambda word: (-metres[word], word)))


def _trend(then_m: float, now_m: float) -> Trend:
    if now_m > then_m * (1 + TREND_SHARE):
        return "growing"
    return "shrinking" if now_m < then_m * (1 - TREND_SHARE) else "steady"


def _is_news(old: Jam, new: Jam) -> bool:
    """Whether people should be told: other edges, another cause, trend, or way of knowing."""
    return (old.edges, old.cause, old.trend, old.how) != (new.edges, new.cause, new.trend, new.how)


def roads_of(graph: RoadGraph, edges: list[int]) -> tuple[str, ...]:
    """Names of the roads, the longest part first."""
    return _longest(graph.name[edges], graph.length_m[edges], graph.names)


def areas_of(graph: RoadGraph, edges: list[int]) -> tuple[str, ...]:
    """Codes of the areas, the one with most of the roads first."""
    return _longest(graph.area[edges], graph.length_m[edges], graph.areas)
