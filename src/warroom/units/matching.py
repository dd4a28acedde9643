"""Which road a vehicle is on, judged fix by fix as they come: pure arithmetic over arrays.

An online form of the hidden Markov model of Newson and Krumm (2009, "Hidden Markov map matching
through noise and sparseness"): for each vehicle the few likeliest edges are kept with their costs
(negative logarithms). A new fix costs by its distance from an edge and its course beside the
edge's; a step from edge to edge costs by how much further it is along the roads than as the crow
flies, and more if the roads do not join. The cheapest edge of now is the answer: it is not
changed afterwards, so a fix beside a junction may be told to be on the next edge too early.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from warroom.roads.contracts import Flags, Floats, RoadGraph, Singles

type Edges = NDArray[np.int32]
type Slots = NDArray[np.int64]

CANDIDATES = 6
"""Edges kept for each vehicle."""

WITHIN_M = 50.0
"""A fix farther from every road than this is on none."""

NOISE_M = 8.0
"""Standard deviation of a fix whose accuracy is not told."""

COURSE_DEG = 35.0
"""Standard deviation of a course at speed."""

COURSE_KMH = 6.0
"""Below it a course says nothing: a standing receiver makes it up."""

STANDS_KMH = 3.0

DETOUR_M = 12.0
"""A step so much longer by road than straight costs one (Newson and Krumm's beta)."""

TURN_COST, BANNED_COST, APART_COST, CONTRAFLOW_COST = 0.4, 1.5, 7.0, 2.0
MOST_COURSE_COST = 5.0
STANDS_NOISES = 5.0
"""A slow vehicle within so many standard deviations of where it was has not moved: of fixes of one
place one in 500 lies so far from another. Newson and Krumm leave out those nearer than two; with
less than five, queues were put on the other side of the road (decision 54)."""

BEGIN_NOISES, BEGIN_STANDING_NOISES = 2.0, 5.0
"""Who is slow, or stands, so near to the beginning of an edge may still wait before it."""

SURE_COST = 2.0
"""The other direction costs so much more (seven times less likely), or nobody knows which it is: a
vehicle that has only stood says nothing about it."""

FORGET_S = 60.0
"""After such a pause the roads before say nothing about the road now."""

EARTH_M_PER_DEGREE = 111_195.08
_SAMPLE_M = 25.0
_CELL_M = WITHIN_M + _SAMPLE_M / 2 + 1.0
"""So that a piece near a fix has a sample in the fix's own cell or one beside it."""


class Fixes(NamedTuple):
    """Fixes of different vehicles, one each; NaN is not told.

    Attributes:
        slot: (N) which vehicle, each at most once, 0 <= slot.
        at_s: (N) seconds since 1970 UTC.
        lat, lon: (N) WGS 84 degrees, finite.
        kmh: (N) speed.
        bearing: (N) course over ground, degrees clockwise from north.
        accuracy_m: (N) as the receiver tells it.
    """

    slot: Slots
    at_s: Floats
    lat: Floats
    lon: Floats
    kmh: Floats
    bearing: Floats
    accuracy_m: Floats


class Matched(NamedTuple):
    """Where fixes are.

    Attributes:
        edge: (N) -1 is none.
        fraction: (N) of the edge, from its tail.
        distance_m: (N) beside it.
        is_sure: (N) whether it is this direction of the road rather than the other one.
    """

    edge: Edges
    fraction: Singles
    distance_m: Singles
    is_sure: Flags


@dataclass(slots=True, eq=False)
class _Near:
    """Candidates of fixes, by fix: `row` ascending."""

    row: Slots
    edge: Edges
    fraction: Floats
    distance_m: Floats
    course: Floats


class RoadIndex:
    """The graph as straight pieces in a grid of cells, and which edges follow each other.

    Args:
        graph: The roads; at least one edge.
    """

    def __init__(self, graph: RoadGraph) -> None:
        self.graph = graph
        middle = float(graph.node_lat.mean())
        self.scale = np.array([EARTH_M_PER_DEGREE * np.cos(np.radians(middle)), EARTH_M_PER_DEGREE])
        # Both directions of a road lie on one line: only one of them is searched.
        roads = np.flatnonzero(np.arange(graph.edges) <= graph.twin)
        counts = (graph.shape_at[1:].astype(np.int64) - graph.shape_at[:-1])[roads] - 1
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        first = np.repeat(graph.shape_at[roads].astype(np.int64), counts) + within
        points = graph.shape * self.scale
        self.road = np.repeat(roads, counts).astype(np.int32)
        self.begin, self.along = points[first], points[first + 1] - points[first]
        self.length = np.hypot(self.along[:, 0], self.along[:, 1])
        self.course = np.degrees(np.arctan2(self.along[:, 0], self.along[:, 1])) % 360.0
        ends = np.cumsum(self.length)
        starts = np.concatenate(([0], np.cumsum(counts)))[:-1]
        before = np.repeat(ends[starts] - self.length[starts], counts)
        self.passed = ends - self.length - before
        self.whole = np.maximum(np.add.reduceat(self.length, starts), 0.1)[
            np.repeat(np.arange(len(roads)), counts)
        ]
        self._fill_cells()
        self._join()

    def _fill_cells(self) -> None:
        ends = np.concatenate((self.begin, self.begin + self.along))
        self.origin = ends.min(axis=0) - 2 * _CELL_M
        extent = ends.max(axis=0) - self.origin
        self.columns = int(extent[0] // _CELL_M) + 4
        self.rows = int(extent[1] // _CELL_M) + 4
        # A piece is put into every cell that a sample of it lies in.
        steps = (self.length // _SAMPLE_M).astype(np.int64) + 2
        piece = np.repeat(np.arange(len(steps)), steps)
        within = np.arange(len(piece)) - np.repeat(np.cumsum(steps) - steps, steps)
        share = (within / np.repeat(steps - 1, steps))[:, None]
        at = ((self.begin[piece] + share * self.along[piece] - self.origin) // _CELL_M).astype(
            np.int64
        )
        keys = np.unique((at[:, 1] * self.columns + at[:, 0]) * len(steps) + piece)
        self.piece_of = (keys % len(steps)).astype(np.int64)
        cells = keys // len(steps)
        self.cell_at = np.searchsorted(cells, np.arange(self.rows * self.columns + 1))

    def _join(self) -> None:
        """Pairs of edges that follow each other directly, or with one short edge between."""
        graph = self.graph
        size = np.int64(graph.edges)
        start, end = graph.turn_from.astype(np.int64), graph.turn_to.astype(np.int64)
        cost = np.where(graph.turn_banned, BANNED_COST, TURN_COST)
        order = np.argsort(start, kind="stable")
        start, end, cost = start[order], end[order], cost[order]
        first = np.searchsorted(start, np.arange(graph.edges + 1))
        counts = (first[1:] - first[:-1])[end]
        source = np.repeat(np.arange(len(end)), counts)
        within = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
        then = first[end[source]] + within
        middle = graph.length_m[end[source]].astype(np.float64)
        pairs = np.concatenate((start * size + end, start[source] * size + end[then]))
        lengths = np.concatenate((np.zeros(len(start)), middle))
        costs = np.concatenate((cost, cost[source] + cost[then]))
        best = np.lexsort((lengths + costs, pairs))
        self.pairs, once = np.unique(pairs[best], return_index=True)
        self.between = lengths[best][once]
        self.pair_cost = costs[best][once]

    def near(self, x: Floats, y: Floats) -> _Near:
        """Both directions of every road within `WITHIN_M` of each position (in metres)."""
        column = ((x - self.origin[0]) // _CELL_M).astype(np.int64)
        row = ((y - self.origin[1]) // _CELL_M).astype(np.int64)
        inside = (column >= 1) & (column < self.columns - 1) & (row >= 1) & (row < self.rows - 1)
        which = np.flatnonzero(inside)
        beside = np.array([-1, 0, 1])
        cells = (row[which, None, None] + beside[:, None]) * self.columns + (
            column[which, None, None] + beside
        )
        cells = cells.reshape(-1)
        counts = self.cell_at[cells + 1] - self.cell_at[cells]
        point = np.repeat(np.repeat(which, 9), counts)
        within = np.arange(len(point)) - np.repeat(np.cumsum(counts) - counts, counts)
        piece = self.piece_of[np.repeat(self.cell_at[cells], counts) + within]
        dx, dy = x[point] - self.begin[piece, 0], y[point] - self.begin[piece, 1]
        ax, ay = self.along[piece, 0], self.along[piece, 1]
        share = np.clip((dx * ax + dy * ay) / np.maximum(ax * ax + ay * ay, 1e-9), 0.0, 1.0)
        distance = np.hypot(dx - share * ax, dy - share * ay)
        kept = np.flatnonzero(distance <= WITHIN_M)
        point, piece, share, distance = point[kept], piece[kept], share[kept], distance[kept]
        road = self.road[piece]
        order = np.lexsort((distance, road, point))
        point, piece, share = point[order], piece[order], share[order]
        road, distance = road[order], distance[order]
        nearest = np.ones(len(road), np.bool_)
        nearest[1:] = (road[1:] != road[:-1]) | (point[1:] != point[:-1])
        point, piece, share = point[nearest], piece[nearest], share[nearest]
        road, distance = road[nearest], distance[nearest]
        fraction = np.clip(
            (self.passed[piece] + share * self.length[piece]) / self.whole[piece], 0.0, 1.0
        )
        course = self.course[piece]
        return _Near(
            np.repeat(point, 2),
            np.column_stack((road, self.graph.twin[road].astype(np.int32))).reshape(-1),
            np.column_stack((fraction, 1.0 - fraction)).reshape(-1),
            np.repeat(distance, 2),
            np.column_stack((course, (course + 180.0) % 360.0)).reshape(-1),
        )


def _noise_of(fixes: Fixes) -> Floats:
    told = np.where(np.isnan(fixes.accuracy_m), NOISE_M, fixes.accuracy_m)
    return np.asarray(np.clip(told, 4.0, 30.0))


class Matcher:
    """Remembers of each vehicle the likeliest edges, and judges the next fix by them.

    Args:
        index: The roads.
        usable: (E) edges that are matched at all; all where None.
    """

    def __init__(self, index: RoadIndex, usable: Flags | None = None) -> None:
        self.index = index
        self._usable = usable
        self._room = 0
        self._edge: Edges = np.empty((0, CANDIDATES), np.int32)
        self._cost: Floats = np.empty((0, CANDIDATES))
        self._fraction: Floats = np.empty((0, CANDIDATES))
        self._place: Floats = np.empty((0, 2))
        self._at: Floats = np.empty(0)
        self._beside: Floats = np.empty(0)
        self._grow(256)

    def _grow(self, room: int) -> None:
        more = room - self._room
        self._edge = np.concatenate((self._edge, np.full((more, CANDIDATES), -1, np.int32)))
        self._cost = np.concatenate((self._cost, np.full((more, CANDIDATES), np.inf)))
        self._fraction = np.concatenate((self._fraction, np.zeros((more, CANDIDATES))))
        self._place = np.concatenate((self._place, np.full((more, 2), np.nan)))
        self._at = np.concatenate((self._at, np.full(more, np.nan)))
        self._beside = np.concatenate((self._beside, np.full(more, np.nan)))
        self._room = room

    def match(self, fixes: Fixes) -> Matched:
        """The edge of each fix, and what is remembered for the next.

        Fixes of one vehicle must come in the order of their times, one in each call.
        """
        count = len(fixes.slot)
        answer = Matched(
            np.full(count, -1, np.int32),
            np.full(count, np.nan, np.float32),
            np.full(count, np.nan, np.float32),
            np.zeros(count, np.bool_),
        )
        if not count:
            return answer
        if int(fixes.slot.max()) >= self._room:
            self._grow(max(2 * self._room, int(fixes.slot.max()) + 1))
        x, y = fixes.lon * self.index.scale[0], fixes.lat * self.index.scale[1]
        slot = fixes.slot
        moved = np.hypot(x - self._place[slot, 0], y - self._place[slot, 1])
        is_next = fixes.at_s - self._at[slot] <= FORGET_S
        noise = _noise_of(fixes)
        stands = is_next & (fixes.kmh < COURSE_KMH) & (moved < STANDS_NOISES * noise)
        near = self.index.near(x, y)
        self._leave_unusable(near)
        cost = self._emission(fixes, near, x, y, moved, is_next)
        edge, fraction, distance, cost = self._likeliest(count, near, cost)
        cost += self._transition(slot, edge, fraction, moved, is_next)
        best = np.argmin(cost, axis=1)
        every = np.arange(count)
        # It does not move: what the noise says of where to is not believed.
        edge[stands], fraction[stands] = self._edge[slot[stands]], self._fraction[slot[stands]]
        cost[stands] = self._cost[slot[stands]]
        best[stands] = np.argmin(cost[stands], axis=1)
        found = edge[every, best] >= 0
        answer.edge[:] = edge[every, best]
        answer.fraction[found] = fraction[every, best][found]
        beside = np.where(stands, self._beside[slot], distance[every, best])
        answer.distance_m[found] = beside[found]
        self._beside[slot] = beside
        least = np.where(found, cost[every, best], 0.0)
        other = self.index.graph.twin[np.maximum(answer.edge, 0)].astype(np.int64)
        other_cost = np.where(edge == other[:, None], cost, np.inf).min(axis=1)
        ahead_m = fraction[every, best] * self.index.graph.length_m[np.maximum(answer.edge, 0)]
        noises = np.where(fixes.kmh < STANDS_KMH, BEGIN_STANDING_NOISES, BEGIN_NOISES)
        is_past = ~(fixes.kmh < COURSE_KMH) | (ahead_m >= noises * noise)
        answer.is_sure[:] = found & is_past & (other_cost - least >= SURE_COST)
        self._edge[slot], self._fraction[slot] = edge, fraction
        self._cost[slot] = np.where(edge >= 0, cost - least[:, None], np.inf)
        self._place[slot[~stands]] = np.column_stack((x, y))[~stands]
        self._at[slot] = fixes.at_s
        return answer

    def _leave_unusable(self, near: _Near) -> None:
        if self._usable is not None:
            kept = self._usable[near.edge]
            near.row, near.edge = near.row[kept], near.edge[kept]
            near.fraction, near.distance_m = near.fraction[kept], near.distance_m[kept]
            near.course = near.course[kept]

    def _emission(
        self, fixes: Fixes, near: _Near, x: Floats, y: Floats, moved: Floats, is_next: Flags
    ) -> Floats:
        noise = _noise_of(fixes)
        cost = (near.distance_m / noise[near.row]) ** 2 / 2
        slot = fixes.slot
        # Where no course is told, the way since the last fix is one.
        since = np.degrees(np.arctan2(x - self._place[slot, 0], y - self._place[slot, 1])) % 360.0
        walked = is_next & (moved > 2.0 * noise)
        told = ~np.isnan(fixes.bearing) & ~(fixes.kmh < COURSE_KMH)
        course = np.where(told, fixes.bearing, np.where(walked, since, np.nan))[near.row]
        apart = np.abs((course - near.course + 180.0) % 360.0 - 180.0)
        beside = np.minimum((apart / COURSE_DEG) ** 2 / 2, MOST_COURSE_COST)
        cost += np.where(np.isnan(beside), 0.0, beside)
        return cost + np.where(self.index.graph.contraflow[near.edge], CONTRAFLOW_COST, 0.0)

    def _likeliest(
        self, count: int, near: _Near, cost: Floats
    ) -> tuple[Edges, Floats, Floats, Floats]:
        """The `CANDIDATES` cheapest edges of each fix, as (N, CANDIDATES) arrays."""
        order = np.lexsort((cost, near.row))
        row = near.row[order]
        rank = np.arange(len(row)) - np.searchsorted(row, np.arange(count))[row]
        kept = rank < CANDIDATES
        row, rank, order = row[kept], rank[kept], order[kept]
        edge = np.full((count, CANDIDATES), -1, np.int32)
        fraction = np.zeros((count, CANDIDATES))
        distance = np.zeros((count, CANDIDATES))
        costs = np.full((count, CANDIDATES), np.inf)
        edge[row, rank], costs[row, rank] = near.edge[order], cost[order]
        fraction[row, rank], distance[row, rank] = near.fraction[order], near.distance_m[order]
        return edge, fraction, distance, costs

    def _transition(
        self, slot: Slots, edge: Edges, fraction: Floats, moved: Floats, is_next: Flags
    ) -> Floats:
        """What the cheapest way from a former edge costs; 0 where nothing is remembered."""
        index = self.index
        before, spent, left = self._edge[slot], self._cost[slot], self._fraction[slot]
        old, new = before[:, :, None].astype(np.int64), edge[:, None, :].astype(np.int64)
        length = index.graph.length_m.astype(np.float64)
        key = old * index.graph.edges + new
        at = np.minimum(np.searchsorted(index.pairs, key), max(len(index.pairs) - 1, 0))
        joined = (index.pairs[at] == key) if len(index.pairs) else np.zeros(key.shape, np.bool_)
        is_same = old == new
        straight = moved[:, None, None]
        ahead = (fraction[:, None, :] - left[:, :, None]) * length[new]
        by_road = (1.0 - left[:, :, None]) * length[old] + fraction[:, None, :] * length[new]
        if len(index.pairs):
            by_road = by_road + index.between[at]
        # Noise moves a standing vehicle back as often as ahead.
        detour = np.where(is_same, np.abs(ahead) - straight, by_road - straight)
        detour = np.where(is_same & (ahead < 0), -2.0 * ahead - NOISE_M, np.abs(detour))
        step = np.maximum(detour, 0.0) / DETOUR_M
        if len(index.pairs):
            step = step + np.where(is_same, 0.0, index.pair_cost[at])
        step = np.where(is_same | joined, np.minimum(step, APART_COST), APART_COST)
        whole = np.where((old >= 0) & (new >= 0), spent[:, :, None] + step, np.inf)
        cheapest = whole.min(axis=1)
        knows = is_next & (before >= 0).any(axis=1)
        return np.where(knows[:, None] & np.isfinite(cheapest), cheapest, 0.0)
