"""Vehicles that drive over a graph, and what their receivers would tell."""

from collections.abc import Iterator

import numpy as np

from warroom.roads.contracts import RoadGraph
from warroom.units.matching import EARTH_M_PER_DEGREE, Fixes


def drive(
    graph: RoadGraph, *, vehicles: int, seconds: int, seed: int, noise_m: float, every_s: int = 1
) -> Iterator[tuple[Fixes, np.ndarray]]:
    """Fixes of all vehicles each `every_s` seconds with the true edges; random turns, no bans."""
    random = np.random.default_rng(seed)
    allowed = ~graph.contraflow & (graph.road_class < 12) & ~graph.restricted
    turn = (
        ~graph.turn_banned & allowed[graph.turn_to] & (graph.turn_to != graph.twin[graph.turn_from])
    )
    start, end = graph.turn_from[turn].astype(int), graph.turn_to[turn].astype(int)
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    first = np.searchsorted(start, np.arange(graph.edges + 1))
    edge = random.choice(np.flatnonzero(allowed), vehicles)
    travelled = np.zeros(vehicles)
    scale = EARTH_M_PER_DEGREE * np.cos(np.radians(graph.node_lat.mean()))
    error = random.normal(0, noise_m, (vehicles, 2))
    for second in range(seconds):
        speed = np.clip(random.normal(0.7, 0.15, vehicles), 0.2, 1.0) * graph.free_kmh[edge]
        travelled += speed / 3.6
        for car in range(vehicles):
            while travelled[car] > graph.length_m[edge[car]]:
                travelled[car] -= graph.length_m[edge[car]]
                ways = end[first[edge[car]] : first[edge[car] + 1]]
                edge[car] = random.choice(ways) if len(ways) else graph.twin[edge[car]]
        # Errors of a receiver stay for some seconds: they are no white noise.
        error = 0.9 * error + np.sqrt(1 - 0.81) * random.normal(0, noise_m, (vehicles, 2))
        if second % every_s:
            continue
        place, course = _places(graph, edge, travelled, scale)
        yield (
            Fixes(
                np.arange(vehicles),
                np.full(vehicles, 1.7e9 + second),
                place[:, 1] + error[:, 1] / EARTH_M_PER_DEGREE,
                place[:, 0] + error[:, 0] / scale,
                speed.astype(np.float64),
                (course + random.normal(0, 12, vehicles)) % 360,
                np.full(vehicles, np.nan),
            ),
            edge.copy(),
        )


def _places(
    graph: RoadGraph, edge: np.ndarray, travelled: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    place, course = np.empty((len(edge), 2)), np.empty(len(edge))
    for car, one in enumerate(edge):
        points = graph.points(int(one))
        steps = np.diff(points, axis=0) * [scale, EARTH_M_PER_DEGREE]
        ends = np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))
        at = min(float(travelled[car]), float(ends[-1]))
        piece = min(int(np.searchsorted(ends, at)), len(steps) - 1)
        length = np.hypot(*steps[piece])
        share = 1 - (ends[piece] - at) / length if length else 0.0
        place[car] = points[piece] + share * (points[piece + 1] - points[piece])
        course[car] = np.degrees(np.arctan2(steps[piece][0], steps[piece][1]))
    return place, course
