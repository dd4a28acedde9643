"""Which road a camera looks along: the first main road before it, in the middle of its picture."""

import math
from typing import Literal, NamedTuple

import numpy as np

from warroom.roads.api import MAIN_CLASSES, OffRoadError, RoadGraph, Snapper

type Side = Literal["away", "toward"]
SIDES: tuple[Side, ...] = ("away", "toward")

_STEP_M, _FARTHEST_M = 20.0, 80.0
_WITHIN_M = 25.0
_M_PER_DEGREE = 111_195.08


class Look(NamedTuple):
    """Where a camera stands and looks; degrees clockwise from north, metres."""

    lat: float
    lon: float
    bearing_deg: float
    range_m: float


def look(snapper: Snapper, at: Look) -> dict[Side, list[int]]:
    """The edges whose traffic drives away from the camera, and toward it; empty where none is.

    Twenty metres before the camera, then forty, up to eighty or the range of the picture, the
    first main road within 25 m is taken; else the first road of any kind. Farther away vehicles
    are too small to be counted.
    """
    graph = snapper.graph
    usable = ~graph.contraflow
    main = usable & np.isin(graph.road_class, list(MAIN_CLASSES))
    for among in (main, usable):
        for ahead in np.arange(_STEP_M, min(_FARTHEST_M, at.range_m) + 1.0, _STEP_M).tolist():
            lat, lon = _before(at, ahead)
            try:
                near = snapper.near(lat, lon, usable=among, within_m=_WITHIN_M)
            except OffRoadError:
                continue
            found: dict[Side, list[int]] = {}
            for on in near:
                course = _course(graph, on.edge, on.fraction)
                turned = abs((course - at.bearing_deg + 180.0) % 360.0 - 180.0)
                found.setdefault("away" if turned <= 90.0 else "toward", []).append(on.edge)
            return found
    return {}


def _before(at: Look, metres: float) -> tuple[float, float]:
    north = metres * math.cos(math.radians(at.bearing_deg)) / _M_PER_DEGREE
    east = metres * math.sin(math.radians(at.bearing_deg)) / _M_PER_DEGREE
    return at.lat + north, at.lon + east / math.cos(math.radians(at.lat))


def _course(graph: RoadGraph, edge: int, fraction: float) -> float:
    """Where an edge leads at a part of its length, degrees clockwise from north."""
    points = graph.points(edge)
    squeeze = math.cos(math.radians(float(points[0, 1])))
    steps = np.diff(points, axis=0) * (squeeze, 1.0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    piece = int(np.searchsorted(np.cumsum(lengths), fraction * lengths.sum()))
    east, north = steps[min(piece, len(steps) - 1)]
    return math.degrees(math.atan2(east, north)) % 360.0
