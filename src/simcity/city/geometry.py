"""Plane geometry in metres on a flat grid, and the way back to longitude and latitude."""

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

Point = tuple[float, float]
Ring = list[Point]

# A table point "x,y" is longitude 119 + x/10000, latitude -(5 + y/10000); metres in one unit:
METRES_X, METRES_Y = 11.087, 11.058
CURVE_STEPS = (0.0, 0.33, 0.67, 1.0)


def point(text: str) -> Point:
    """Return the flat point of a table point."""
    x, y = text.split(",")
    return (float(x) * METRES_X, -float(y) * METRES_Y)


def points(text: str) -> Ring:
    """Return the flat points of table points separated by blanks."""
    return [point(word) for word in text.split()]


def lonlat(p: Point) -> list[float]:
    """Return longitude and latitude (WGS 84) with five decimals, about a metre."""
    return [round(119 + p[0] / METRES_X / 1e4, 5), round(-5 + p[1] / METRES_Y / 1e4, 5)]


def rows(table: str) -> Iterator[list[str]]:
    """Yield the cells of each line of a table."""
    for line in table.strip().splitlines():
        if line.strip():
            yield [cell.strip() for cell in line.split("|")]


def distance_m(a: Point, b: Point) -> float:
    """Return the distance of two points."""
    return math.hypot(a[0] - b[0], a[1] - b[1])


def length_m(line: Sequence[Point]) -> float:
    """Return the length of a line."""
    return sum(distance_m(a, b) for a, b in pairwise(line))


def between(a: Point, b: Point, share: float) -> Point:
    """Return the point that lies `share` of the way from a to b."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)


def is_inside(p: Point, ring: Ring) -> bool:
    """Tell whether a point lies in a ring (even-odd rule)."""
    x, y = p
    hit = False
    x1, y1 = ring[-1]
    for x2, y2 in ring:
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            hit = not hit
        x1, y1 = x2, y2
    return hit


def nearest_on(p: Point, a: Point, b: Point) -> tuple[Point, float]:
    """Return the point of segment a-b nearest to p, and how far along (0 to 1) it lies."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    squared = dx * dx + dy * dy
    along = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / squared if squared else 0.0
    t = max(0.0, min(1.0, along))
    return (a[0] + t * dx, a[1] + t * dy), t


def crossing(a: Point, b: Point, c: Point, d: Point) -> tuple[float, float] | None:
    """Return how far along each of them segments a-b and c-d cross, or None."""
    r = (b[0] - a[0], b[1] - a[1])
    s = (d[0] - c[0], d[1] - c[1])
    turn = r[0] * s[1] - r[1] * s[0]
    if abs(turn) < 1e-9:
        return None
    t = ((c[0] - a[0]) * s[1] - (c[1] - a[1]) * s[0]) / turn
    u = ((c[0] - a[0]) * r[1] - (c[1] - a[1]) * r[0]) / turn
    return (t, u) if 0 <= t <= 1 and 0 <= u <= 1 else None


def bearing_deg(a: Point, b: Point) -> int:
    """Return the compass bearing from a to b, whole degrees clockwise from north."""
    return round(math.degrees(math.atan2(b[0] - a[0], b[1] - a[1])) % 360)


def blob(centre: Point, radius_m: float, rng: random.Random, corners: int = 14) -> Ring:
    """Return an island-like ring around a point."""
    return [
        (
            centre[0] + radius_m * rng.uniform(0.8, 1.2) * math.cos(2 * math.pi * i / corners),
            centre[1] + radius_m * rng.uniform(0.8, 1.2) * math.sin(2 * math.pi * i / corners),
        )
        for i in range(corners)
    ]


def rounded_bend(before: Point, bend: Point, after: Point) -> Ring:
    """Return four points that round a bend, at most 110 m and 40 % away from it."""
    start = between(bend, before, min(0.4, 110 / distance_m(before, bend)))
    end = between(bend, after, min(0.4, 110 / distance_m(bend, after)))

    def at(t: float, axis: int) -> float:
        return (1 - t) ** 2 * start[axis] + 2 * t * (1 - t) * bend[axis] + t * t * end[axis]

    return [(at(t, 0), at(t, 1)) for t in CURVE_STEPS]


class Found[T](NamedTuple):
    """The nearest segment: how far, where on it, and the segment with its tag."""

    distance_m: float
    at: Point
    a: Point
    b: Point
    tag: T


class Segments[T]:
    """Segments in square cells, to be looked up by place."""

    def __init__(self, cell_m: float = 200.0) -> None:
        self._cell_m = cell_m
        self._cells: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        self._items: list[tuple[Point, Point, T]] = []

    def add(self, a: Point, b: Point, tag: T) -> None:
        """Keep a segment."""
        for cell in self._covered(a, b, 0.0):
            self._cells[cell].append(len(self._items))
        self._items.append((a, b, tag))

    def add_line(self, line: Sequence[Point], tag: T) -> None:
        """Keep all segments of a line."""
        for a, b in pairwise(line):
            self.add(a, b, tag)

    def _covered(self, a: Point, b: Point, pad_m: float) -> Iterator[tuple[int, int]]:
        size = self._cell_m
        columns, lines = (
            range(
                int((min(a[axis], b[axis]) - pad_m) // size),
                int((max(a[axis], b[axis]) + pad_m) // size) + 1,
            )
            for axis in (0, 1)
        )
        for i in columns:
            for j in lines:
                yield i, j

    def around(self, a: Point, b: Point, pad_m: float = 0.0) -> list[tuple[Point, Point, T]]:
        """Return the segments near the segment a-b, in the order in which they were added."""
        seen = {k for cell in self._covered(a, b, pad_m) for k in self._cells.get(cell, ())}
        return [self._items[k] for k in sorted(seen)]

    def nearest(self, p: Point, within_m: float) -> Found[T] | None:
        """Return the segment nearest to a point, or None when none is that near."""
        best: Found[T] | None = None
        for a, b, tag in self.around(p, p, within_m):
            at, _ = nearest_on(p, a, b)
            far = distance_m(p, at)
            if far <= within_m and (best is None or far < best.distance_m):
                best = Found(far, at, a, b, tag)
        return best
