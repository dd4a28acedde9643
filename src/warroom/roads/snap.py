"""From a position to the road it lies on."""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from warroom.roads.contracts import Flags, OnRoad, RoadGraph
from warroom.roads.errors import OffRoadError

WITHIN_M = 300.0
_RINGS_M = (25.0, 100.0, 300.0, 1000.0, 5000.0)
M_PER_DEGREE = 111_195.08
"""Of latitude on a sphere of the mean radius."""


class Snapper:
    """Finds roads near positions; builds its index at the first question.

    Args:
        graph: The roads.
    """

    def __init__(self, graph: RoadGraph) -> None:
        self.graph = graph
        # Longitudes are squeezed, so that a degree is as long both ways and distances are metres.
        middle = float(graph.node_lat.mean()) if graph.junctions else 0.0
        self._scale = np.array([M_PER_DEGREE * math.cos(math.radians(middle)), M_PER_DEGREE])

    @cached_property
    def _lines(self) -> Any:
        points = self.graph.shape * self._scale
        counts = self.graph.shape_at[1:].astype(np.int64) - self.graph.shape_at[:-1]
        return shapely.linestrings(points, indices=np.repeat(np.arange(len(counts)), counts))

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._lines)

    def near(
        self, lat: float, lon: float, usable: Flags | None = None, within_m: float = WITHIN_M
    ) -> list[OnRoad]:
        """The edges nearest to a position, nearest first: at most both directions of one road.

        Args:
            lat: WGS 84 degrees.
            lon: The same.
            usable: (E) edges that count; all where None.
            within_m: Beyond it nothing is found.

        Raises:
            OffRoadError: No usable edge lies within.
        """
        if not (math.isfinite(lat) and math.isfinite(lon)):
            raise OffRoadError(lat=lat, lon=lon, within_m=round(within_m))
        point = shapely.Point(np.array([lon, lat]) * self._scale)
        for ring in (*(r for r in _RINGS_M if r < within_m), within_m):
            found = self._tree.query(point, predicate="dwithin", distance=ring)
            if usable is not None:
                found = found[usable[found]]
            if len(found):
                return self._nearest(point, found)
        raise OffRoadError(lat=lat, lon=lon, within_m=round(within_m))

    def near_many(
        self, positions: Sequence[tuple[float, float]], usable: Flags, within_m: float = WITHIN_M
    ) -> list[list[OnRoad]]:
        """What `near` finds for each position, all asked at once; empty where it finds nothing.

        Args:
            positions: Latitude and longitude of each; nothing is found for one that is no number.
            usable: (E) edges that count.
            within_m: Beyond it nothing is found.
        """
        lonlat = np.array(positions, np.float64).reshape(-1, 2)[:, ::-1]
        points = shapely.points(lonlat * self._scale)
        found: list[list[OnRoad]] = [[] for _ in positions]
        open_ = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
        for ring in (*(r for r in _RINGS_M if r < within_m), within_m):
            if not len(open_):
                break
            rows, edges = self._tree.query(points[open_], predicate="dwithin", distance=ring)
            is_usable = usable[edges]
            rows, edges = rows[is_usable], edges[is_usable]
            if not len(rows):
                continue
            for row, near in self._nearest_of_each(points[open_], rows, edges):
                found[int(open_[row])] = near
            open_ = np.delete(open_, rows)
        return found

    def _nearest_of_each(
        self, points: np.ndarray, rows: np.ndarray, edges: np.ndarray
    ) -> Iterator[tuple[int, list[OnRoad]]]:
        """What `_nearest` finds for each row, by a handful of calls however many rows there are."""
        order = np.lexsort((edges, shapely.distance(self._lines[edges], points[rows]), rows))
        which, first = np.unique(rows[order], return_index=True)
        best = edges[order][first]
        twin = self.graph.twin[best].astype(np.int64)
        keys = rows.astype(np.int64) * self.graph.edges + edges
        has_twin = (twin >= 0) & (twin != best)
        has_twin &= np.isin(which * self.graph.edges + twin, keys)
        on_best = self._on_each(points[which], best)
        on_twin = iter(self._on_each(points[which[has_twin]], twin[has_twin]))
        for row, near, is_both in zip(which.tolist(), on_best, has_twin.tolist(), strict=True):
            yield row, [near, next(on_twin)] if is_both else [near]

    def _on_each(self, points: np.ndarray, edges: np.ndarray) -> list[OnRoad]:
        lines = self._lines[edges]
        shares = np.clip(shapely.line_locate_point(lines, points, normalized=True), 0.0, 1.0)
        metres = shapely.distance(lines, points)
        told = zip(edges.tolist(), shares.tolist(), metres.tolist(), strict=True)
        return [OnRoad(edge, share, away) for edge, share, away in told]

    def _nearest(self, point: shapely.Point, found: np.ndarray) -> list[OnRoad]:
        found = np.sort(found)
        distances = shapely.distance(self._lines[found], point)
        best = int(found[int(np.argmin(distances))])
        edges = [edge for edge in sorted({best, int(self.graph.twin[best])}) if edge in found]
        # In the direction of driving first: the left side of the road is the near one.
        return [self._on(point, edge) for edge in sorted(edges, key=lambda edge: edge != best)]

    def _on(self, point: shapely.Point, edge: int) -> OnRoad:
        line = self._lines[edge]
        fraction = float(shapely.line_locate_point(line, point, normalized=True))
        return OnRoad(edge, min(1.0, max(0.0, fraction)), float(shapely.distance(line, point)))

    def point_at(self, edge: int, fraction: float) -> tuple[float, float]:
        """Latitude and longitude of a position on an edge."""
        point = shapely.line_interpolate_point(self._lines[edge], fraction, normalized=True)
        return float(point.y / self._scale[1]), float(point.x / self._scale[0])
