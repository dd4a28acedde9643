"""Which edges are meant by a point or a line drawn on the map."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from warroom.roads.api import OffRoadError, RoadGraph, Snapper
from warroom.traffic.errors import LineTooLongError, NoRoadOnLineError

STEP_M, WITHIN_M = 10.0, 30.0
"""A line is looked at every ten metres, and means roads within thirty."""

LONGEST_KM = 20.0
LEAST_SHARE = 0.4
"""Part of an edge that a line must follow: else it only crosses it, or touches its end."""

MOST_DEGREES = 40.0
_M_PER_DEGREE = 111_195.08

type Line = Sequence[tuple[float, float]]
"""Longitude and latitude, as GeoJSON has them."""


def along(snapper: Snapper, line: Line, *, both_ways: bool) -> list[int]:
    """The edges that a line follows, in its direction, or both; of a point those that it lies on.

    Args:
        snapper: The roads.
        line: One position or more.
        both_ways: The other direction as well.

    Raises:
        LineTooLongError: It is longer than 20 km.
        NoRoadOnLineError: No road lies along it.
    """
    graph = snapper.graph
    usable = ~graph.contraflow
    points, headings = _samples(line)
    metres: dict[int, float] = {}
    for (lon, lat), heading in zip(points, headings, strict=True):
        try:
            near = snapper.near(lat, lon, usable=usable, within_m=WITHIN_M)
        except OffRoadError:
            continue
        for on in near:
            if heading is None or _is_along(graph, on.edge, on.fraction, heading):
                metres[on.edge] = metres.get(on.edge, 0.0) + STEP_M
    is_point = len(points) == 1
    found = {
        edge
        for edge, length in metres.items()
        if is_point or length >= LEAST_SHARE * float(graph.length_m[edge])
    }
    if both_ways:
        found |= {int(graph.twin[edge]) for edge in found if usable[graph.twin[edge]]}
    if not found:
        raise NoRoadOnLineError
    return sorted(found)


def _samples(line: Line) -> tuple[list[tuple[float, float]], list[float | None]]:
    if len(line) == 1:
        return [tuple(line[0])], [None]  # type: ignore[list-item]
    points: list[tuple[float, float]] = []
    headings: list[float | None] = []
    total = 0.0
    for (lon, lat), (to_lon, to_lat) in pairwise(line):
        east = (to_lon - lon) * _M_PER_DEGREE * math.cos(math.radians(lat))
        north = (to_lat - lat) * _M_PER_DEGREE
        length = math.hypot(east, north)
        total += length
        if not total <= LONGEST_KM * 1000:
            raise LineTooLongError(km=LONGEST_KM)
        for at in (np.arange(0.5, max(1.0, length / STEP_M)) / max(1.0, length / STEP_M)).tolist():
            points.append((lon + (to_lon - lon) * at, lat + (to_lat - lat) * at))
            headings.append(math.degrees(math.atan2(east, north)))
    return points, headings


def _is_along(graph: RoadGraph, edge: int, fraction: float, heading: float) -> bool:
    points = graph.points(edge)
    piece = min(int(fraction * (len(points) - 1)), len(points) - 2)
    (lon, lat), (to_lon, to_lat) = points[piece : piece + 2]
    east = (to_lon - lon) * math.cos(math.radians(lat))
    own = math.degrees(math.atan2(east, to_lat - lat))
    return abs((own - heading + 180.0) % 360.0 - 180.0) <= MOST_DEGREES
