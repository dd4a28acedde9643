"""From what a map tells to a directed graph in arrays; pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from warroom.roads.bans import Chain, Links, place
from warroom.roads.contracts import (
    CLASS_INDEX,
    CLASSES,
    MAIN_CLASSES,
    Floats,
    RawNetwork,
    RawWay,
    RoadGraph,
    TurnRule,
)

EARTH_M = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""

MIN_LENGTH_M = 0.1
MIN_BACK_M = 30.0
"""One does not turn onto a road to turn back on it after less."""
DUAL_LANES = 2  # from so many lanes on, a two-way road is counted by direction

type AreaFinder = Callable[[Floats, Floats], list[str]]
"""Longitudes and latitudes to area codes; "" where none is known."""


class _Part(NamedTuple):
    """A road between two junctions, one direction."""

    way: RawWay
    start: int  # index of the first node within the way
    end: int
    forward: bool
    contraflow: bool


def build_graph(raw: RawNetwork, find_areas: AreaFinder | None = None) -> RoadGraph:
    """The graph of a map.

    Roads are cut where they meet, and nowhere else. A one-way road also becomes an edge against
    its direction, marked `contraflow`. A road that comes back to its own junction is kept. Turns
    back onto the same road are there at dead ends and on main roads (a *putaran balik*).

    Args:
        raw: The map.
        find_areas: Tells the area of each edge by the middle of it.
    """
    parts = list(_cut(raw))
    return _Builder(raw, parts).graph(find_areas)


def _cut(raw: RawNetwork) -> Iterable[_Part]:
    met: Counter[int] = Counter()
    for way in raw.ways:
        met.update(way.nodes)
        met[way.nodes[0]] += 1
        met[way.nodes[-1]] += 1
    for way in raw.ways:
        start = 0
        for index in range(1, len(way.nodes)):
            if met[way.nodes[index]] > 1:
                yield _Part(way, start, index, forward=True, contraflow=way.oneway < 0)
                yield _Part(way, start, index, forward=False, contraflow=way.oneway > 0)
                start = index


class _Builder:
    """Fills the arrays part by part."""

    def __init__(self, raw: RawNetwork, parts: list[_Part]) -> None:
        self.raw, self.parts = raw, parts
        ends = [
            (part.way.nodes[part.start], part.way.nodes[part.end])[:: 1 if part.forward else -1]
            for part in parts
        ]
        refs = np.array(ends, dtype=np.int64).reshape(-1, 2)
        self.node_ref, index = np.unique(refs, return_inverse=True)
        self.tail, self.head = index.reshape(-1, 2).T.astype(np.uint32)

    def graph(self, find_areas: AreaFinder | None) -> RoadGraph:
        parts, count = self.parts, len(self.parts)
        names = sorted({part.way.name for part in parts} | {""})
        name_at = {name: index for index, name in enumerate(names)}
        shape_at, shape = self._shapes()
        length = np.maximum(_lengths(shape_at, shape), MIN_LENGTH_M)
        classes = np.array([part.way.road_class for part in parts], np.uint8)
        given_width = np.array([part.way.width_m for part in parts], np.float32)
        assumed_width = np.array([one.width_m for one in CLASSES], np.float32)[classes]
        limit = np.array([part.way.kmh for part in parts], np.float32)
        assumed_kmh = np.array([one.kmh for one in CLASSES], np.float32)[classes]
        # Parts come in pairs, one for each direction.
        twin = np.bitwise_xor(np.arange(count, dtype=np.uint32), np.uint32(1))
        at = np.searchsorted(self.raw.node_ref, self.node_ref)
        turns = _turns(self.tail, self.head, twin, classes, length)
        way = np.array([part.way.ref for part in parts], np.int64)
        contraflow = np.array([part.contraflow for part in parts], np.bool_)
        chains = place(self.raw.rules, Links.of(way, self.tail, self.head, twin, contraflow)).chains
        banned = self._banned(*turns) | _among(chains, *turns)
        long = [chain for chain in chains if len(chain) > 2]
        areas, area = _areas(shape_at, shape, find_areas)
        return RoadGraph(
            node_ref=self.node_ref,
            node_lat=self.raw.lat[at],
            node_lon=self.raw.lon[at],
            tail=self.tail,
            head=self.head,
            way=way,
            length_m=length.astype(np.float32),
            road_class=classes,
            lanes=np.array([_lanes(part.way) for part in parts], np.uint8),
            width_m=np.where(np.isnan(given_width), assumed_width, given_width),
            width_known=~np.isnan(given_width),
            free_kmh=np.fmin(limit, assumed_kmh),
            level=np.array([part.way.level for part in parts], np.int8),
            contraflow=contraflow,
            restricted=np.array([part.way.restricted for part in parts], np.bool_),
            signal=np.array([self._has_signal(part) for part in parts], np.bool_),
            twin=twin,
            name=np.array([name_at[part.way.name] for part in parts], np.uint32),
            area=area,
            shape_at=shape_at,
            shape=shape,
            turn_from=turns[0],
            turn_to=turns[1],
            turn_angle=_angles(shape_at, shape, *turns),
            turn_banned=banned,
            chain_at=np.cumsum([0, *map(len, long)]).astype(np.uint32),
            chain_edge=np.array([edge for chain in long for edge in chain], np.uint32),
            names=tuple(names),
            areas=areas,
        )

    def _shapes(self) -> tuple[np.ndarray, Floats]:
        counts = [part.end - part.start + 1 for part in self.parts]
        shape_at = np.concatenate(([0], np.cumsum(counts))).astype(np.uint32)
        refs = np.empty(int(shape_at[-1]), np.int64)
        for part, begin, count in zip(self.parts, shape_at, counts, strict=False):
            along = part.way.nodes[part.start : part.end + 1]
            refs[begin : begin + count] = along if part.forward else along[::-1]
        at = np.searchsorted(self.raw.node_ref, refs)
        return shape_at, np.column_stack((self.raw.lon[at], self.raw.lat[at]))

    def _has_signal(self, part: _Part) -> bool:
        nodes = part.way.nodes[part.start : part.end + 1]
        # Lights stand at the junction or at the line before it; those at the tail are behind us.
        passed = nodes[1:] if part.forward else nodes[:-1]
        return not self.raw.signals.isdisjoint(passed)

    def _banned(self, turn_from: np.ndarray, turn_to: np.ndarray) -> np.ndarray:
        banned = np.zeros(len(turn_from), np.bool_)
        if not self.raw.rules:
            return banned
        by_via: dict[int, list[TurnRule]] = defaultdict(list)
        for rule in self.raw.rules:
            if not rule.via_ways:
                by_via[rule.via].append(rule)
        via = self.node_ref[self.head[turn_from]]
        for turn in np.flatnonzero(np.isin(via, list(by_via))):
            enters, leaves = self._ends(int(turn_from[turn])), self._ends(int(turn_to[turn]))
            for rule in by_via[int(via[turn])]:
                if not _is(enters, rule.from_way, rule.from_node, 0):
                    continue
                is_named = _is(leaves, rule.to_way, rule.to_node, 1)
                banned[turn] |= is_named != rule.is_only
        return banned

    def _ends(self, edge: int) -> tuple[int, tuple[int, int]]:
        ends = (int(self.node_ref[self.tail[edge]]), int(self.node_ref[self.head[edge]]))
        return self.parts[edge].way.ref, ends


def _is(edge: tuple[int, tuple[int, int]], way: int, node: int, end: int) -> bool:
    return edge[0] == way and node in (0, edge[1][end])


def _among(chains: list[Chain], turn_from: np.ndarray, turn_to: np.ndarray) -> np.ndarray:
    """(T) the turns that are forbidden wherever one comes from: chains of two edges."""
    pairs = np.array([chain for chain in chains if len(chain) == 2], np.int64).reshape(-1, 2)
    edges = int(turn_to.max(initial=0)) + 1
    code = turn_from.astype(np.int64) * edges + turn_to
    return np.isin(code, pairs[:, 0] * edges + pairs[:, 1])


def _lanes(way: RawWay) -> int:
    if not way.lanes:
        return CLASSES[way.road_class].lanes
    each = way.lanes if way.oneway or way.lanes < DUAL_LANES else way.lanes // 2
    return max(1, min(each, 12))


def _lengths(shape_at: np.ndarray, shape: Floats) -> Floats:
    lon, lat = np.radians(shape).T
    hav = (
        np.sin(np.diff(lat) / 2) ** 2
        + np.cos(lat[:-1]) * np.cos(lat[1:]) * np.sin(np.diff(lon) / 2) ** 2
    )
    steps = 2 * EARTH_M * np.arcsin(np.sqrt(hav))
    # The step from the last point of an edge to the first of the next is none.
    steps[shape_at[1:-1] - 1] = 0.0
    return np.add.reduceat(steps, shape_at[:-1])


def _turns(
    tail: np.ndarray, head: np.ndarray, twin: np.ndarray, classes: np.ndarray, length: Floats
) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(tail, kind="stable")
    nodes = int(max(tail.max(), head.max())) + 1
    first = np.searchsorted(tail[order], np.arange(nodes + 1))
    leaving = np.diff(first)
    counts = leaving[head]
    turn_from = np.repeat(np.arange(len(tail)), counts)
    ends = np.cumsum(counts)
    within = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
    turn_to = order[np.repeat(first[head], counts) + within]
    # Back onto the same road only at a dead end, or where a main road has room for it.
    back = turn_to == twin[turn_from]
    is_main = np.isin(classes, list(MAIN_CLASSES - {CLASS_INDEX["motorway"]}))
    has_room = is_main & (length >= MIN_BACK_M)
    kept = ~back | (leaving[head[turn_from]] == 1) | has_room[turn_from]
    return turn_from[kept].astype(np.uint32), turn_to[kept].astype(np.uint32)


def _angles(
    shape_at: np.ndarray, shape: Floats, turn_from: np.ndarray, turn_to: np.ndarray
) -> np.ndarray:
    squeeze = np.cos(np.radians(shape[:, 1].mean())) if len(shape) else 1.0
    arrive = shape[shape_at[1:] - 1] - shape[shape_at[1:] - 2]
    leave = shape[shape_at[:-1] + 1] - shape[shape_at[:-1]]
    into = np.degrees(np.arctan2(arrive[:, 0] * squeeze, arrive[:, 1]))[turn_from]
    out = np.degrees(np.arctan2(leave[:, 0] * squeeze, leave[:, 1]))[turn_to]
    angle = (out - into + 180.0) % 360.0 - 180.0
    return np.where(angle == -180.0, 180.0, angle).astype(np.float32)


def _areas(
    shape_at: np.ndarray, shape: Floats, find: AreaFinder | None
) -> tuple[tuple[str, ...], np.ndarray]:
    edges = len(shape_at) - 1
    if find is None or not edges:
        return ("",), np.zeros(edges, np.uint16)
    first, last = shape_at[:-1].astype(np.int64), shape_at[1:].astype(np.int64) - 1
    # The same for both directions.
    middle = (shape[(first + last) // 2] + shape[(first + last + 1) // 2]) / 2
    codes = find(middle[:, 0], middle[:, 1])
    known = ("", *sorted(set(codes) - {""}))
    at = {code: index for index, code in enumerate(known)}
    return known, np.array([at[code] for code in codes], np.uint16)


def count_length_km(graph: RoadGraph) -> float:
    """Kilometres of road, each counted once."""
    edges = np.arange(graph.edges)
    once = edges < graph.twin
    return float(graph.length_m[once].sum() / 1000)


def join_points(graph: RoadGraph, edges: Iterable[int]) -> Floats:
    """The line along edges that follow each other, (n, 2) longitude and latitude."""
    pieces = [graph.points(edge) for edge in edges]
    if not pieces:
        return np.empty((0, 2))
    joined = [pieces[0], *(after[1:] for _, after in pairwise(pieces))]
    return np.concatenate(joined)
