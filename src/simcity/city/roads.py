"""Named roads: their classes, their ends drawn onto each other, their bends rounded."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from simcity.city import tables
from simcity.city.geometry import (
    Point,
    Ring,
    bearing_deg,
    distance_m,
    nearest_on,
    points,
    rounded_bend,
    rows,
)

# class -> free-flow km/h, metres of width per lane
CLASSES = {
    "tol": (80, 3.6),
    "ramp": (40, 3.6),
    "primer": (50, 3.4),
    "sekunder": (40, 3.2),
    "tersier": (35, 3.0),
    "lokal": (25, 2.6),
    "lorong": (12, 0),
}
NAMED = ("tol", "ramp", "primer", "sekunder", "tersier")
_JOIN_M, _SNAP_M = 75.0, 25.0
_STRAIGHT_DEG = 5


@dataclass(slots=True)
class Road:
    """A named road. `touching` are its elevated ends (0 or -1) that come down to the surface."""

    id: str
    name: str
    kind: str
    lanes: int
    is_oneway: bool
    kmh: int
    width_m: float
    level: int
    line: Ring
    touching: set[int] = field(default_factory=set)


def make_roads() -> list[Road]:
    """Return the named roads of the tables, joined and rounded."""
    roads = [_road(i, row) for i, row in enumerate(rows(tables.ROADS))]
    _join_ends(roads)
    _round_bends(roads)
    return roads


def _road(i: int, row: list[str]) -> Road:
    name, kind, lanes, level, line = row
    kmh, per_lane_m = CLASSES[kind]
    count = int(lanes.rstrip(">"))
    return Road(
        id=f"R{i + 1:03d}",
        name=name,
        kind=kind,
        lanes=count,
        is_oneway=lanes.endswith(">"),
        kmh=kmh,
        width_m=round(count * per_lane_m, 1),
        level=int(level),
        line=points(line),
    )


def _join_ends(roads: list[Road]) -> None:
    """Put ends of surface roads, and free ends of elevated ones, onto the nearest surface road."""
    upper: defaultdict[Point, int] = defaultdict(int)
    for road in roads:
        for p in road.line if road.level else ():
            upper[p] += 1
    for road in roads:
        for end in (0, -1):
            p = road.line[end]
            if road.level and upper[p] > 1:
                continue
            joint = _joint(p, [o for o in roads if o is not road and not o.level])
            if joint is None:
                continue
            road.line[end] = joint
            if road.level:
                road.touching.add(end)


def _joint(p: Point, others: list[Road]) -> Point | None:
    """Return the point where an end meets another road; that road gets the point if it is new."""
    best: tuple[float, Road, int, Point] | None = None
    for other in others:
        for k, (a, b) in enumerate(pairwise(other.line)):
            q, _ = nearest_on(p, a, b)
            far = distance_m(p, q)
            if far < _JOIN_M and (best is None or far < best[0]):
                best = (far, other, k, q)
    if best is None:
        return None
    _, other, k, q = best
    for corner in (other.line[k], other.line[k + 1]):
        if distance_m(q, corner) < _SNAP_M:
            return corner
    other.line.insert(k + 1, q)
    return q


def _round_bends(roads: list[Road]) -> None:
    """Round the bends that are not junctions, so that roads do not look cut with a ruler."""
    users: defaultdict[Point, set[str]] = defaultdict(set)
    for road in roads:
        for p in road.line:
            users[p].add(road.id)
    for road in roads:
        line = road.line
        smooth = line[:1]
        for before, bend, after in zip(line, line[1:], line[2:], strict=False):
            turn = bearing_deg(before, bend) - bearing_deg(bend, after)
            if len(users[bend]) > 1 or abs((turn + 180) % 360 - 180) < _STRAIGHT_DEG:
                smooth.append(bend)
            else:
                smooth += rounded_bend(before, bend, after)
        road.line = smooth + line[-1:]
