"""What other domains ask about roads."""

from warroom.roads.build import build_city
from warroom.roads.contracts import (
    CLASSES,
    MAIN_CLASSES,
    BuildReport,
    OnRoad,
    RoadClass,
    RoadGraph,
)
from warroom.roads.errors import NoRoadGraphError, OffRoadError
from warroom.roads.graph import build_graph, count_length_km, join_points
from warroom.roads.osm import read_extract
from warroom.roads.pack import Roads, load_graph, open_roads, save_graph
from warroom.roads.snap import Snapper

__all__ = [
    "CLASSES",
    "MAIN_CLASSES",
    "BuildReport",
    "NoRoadGraphError",
    "OffRoadError",
    "OnRoad",
    "RoadClass",
    "RoadGraph",
    "Roads",
    "Snapper",
    "build_city",
    "build_graph",
    "count_length_km",
    "join_points",
    "load_graph",
    "open_roads",
    "read_extract",
    "save_graph",
]
