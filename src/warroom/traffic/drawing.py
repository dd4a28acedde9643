"""The edges as the map draws them: GeoJSON made once for a pack, coloured by feature-state."""

import gzip
import threading
from dataclasses import dataclass

import msgspec
import numpy as np

from warroom.roads.api import CLASSES, RoadGraph
from warroom.traffic.estimate import version_of

_ZOOM = {
    "motorway": 8, "trunk": 8, "primary": 9, "motorway_link": 11, "trunk_link": 11,
    "secondary": 11, "primary_link": 12, "secondary_link": 12, "tertiary": 12,
    "tertiary_link": 13,
}  # fmt: skip
DRAWN_FORM = 2
"""Of what is said of a line: browsers that hold another fetch it again."""

SMALL_ZOOM = 14
"""From which zoom roads of a class are worth a line; others from 14."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The layer of a pack."""

    version: str
    content: bytes
    compressed: bytes


class Drawing:
    """Makes the layer when it is first asked for, and again for another pack."""

    def __init__(self) -> None:
        self._drawn: tuple[RoadGraph, Drawn] | None = None
        self._lock = threading.Lock()

    def of(self, graph: RoadGraph) -> Drawn:
        """The layer of this graph; a second or two for a big city."""
        with self._lock:
            if self._drawn is None or self._drawn[0] is not graph:
                content = draw(graph)
                drawn = Drawn(version_of(graph), content, gzip.compress(content, 5))
                self._drawn = graph, drawn
            return self._drawn[1]


def draw(graph: RoadGraph) -> bytes:
    """A line for each edge; its `id` is the edge, `z` the zoom from which it is drawn.

    `t` is 1 where the road is driven both ways, so that each line stands on its own side.

    Edges against one-way roads are left out: nobody drives there but in an emergency.
    """
    zoom = [_ZOOM.get(one.name, SMALL_ZOOM) for one in CLASSES]
    shape = np.round(graph.shape, 6).tolist()
    bounds, kinds, names = graph.shape_at.tolist(), graph.road_class.tolist(), graph.name.tolist()
    two_way = (~graph.contraflow[graph.twin]).astype(int).tolist()
    features = [
        {
            "type": "Feature",
            "id": edge,
            "properties": {
                "z": zoom[kinds[edge]],
                "n": graph.names[names[edge]],
                "t": two_way[edge],
            },
            "geometry": {
                "type": "LineString",
                "coordinates": shape[bounds[edge] : bounds[edge + 1]],
            },
        }
        for edge in np.flatnonzero(~graph.contraflow).tolist()
    ]
    return msgspec.json.encode(
        {"type": "FeatureCollection", "pack": version_of(graph), "features": features}
    )
