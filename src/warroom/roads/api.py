"""What other domains ask about roads."""

from pathlib import Path

from warroom.roads.contracts import (
    CLASSES,
    MAIN_CLASSES,
    BuildReport,
    OnRoad,
    RawNetwork,
    RoadClass,
    RoadGraph,
)
from warroom.roads.errors import NoRoadGraphError, OffRoadError
from warroom.roads.graph import build_graph, count_length_km, join_points
from warroom.roads.pack import Roads, load_graph, open_roads, save_graph
from warroom.roads.snap import Snapper


def read_extract(path: Path) -> RawNetwork:
    """The roads of an OpenStreetMap extract (`.osm.pbf`); see `warroom.roads.osm`.

    Raises:
        BadExtractError: The file is absent, no `.osm.pbf`, or ends in the middle.
        NoRoadsError: It holds no road that can be driven.
    """
    from warroom.roads import osm  # noqa: PLC0415 - decision 51

    return osm.read_extract(path)


__all__ = [
    "CLASSES",
    "MAIN_CLASSES",
    "BuildReport",
    "NoRoadGraphError",
    "OffRoadError",
    "OnRoad",
    "RawNetwork",
    "RoadClass",
    "RoadGraph",
    "Roads",
    "Snapper",
    "build_graph",
    "count_length_km",
    "join_points",
    "load_graph",
    "open_roads",
    "read_extract",
    "save_graph",
]
