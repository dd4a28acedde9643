"""A small town: one long road of ten pieces both ways, and a side road."""

from functools import cache

import numpy as np

from tests.roads.maps import raw, way
from warroom.roads.api import RoadGraph, build_graph
from warroom.traffic.contracts import Observations, Source
from warroom.traffic.estimate import Ground
from warroom.traffic.window import Sums, Window

NOW = 1_795_500_000.0
PIECES = 10


@cache
def town(*, with_ring: bool = False) -> RoadGraph:
    """Jl. Panjang from node 1 in the west to node 11; Jl. Samping leaves it at node 6.

    With the ring, Jl. Lingkar leads round its pieces 3 to 9; all other edges keep their numbers.
    """
    nodes = {node: (node - 1, 0) for node in range(1, PIECES + 2)} | {20: (5, 1)}
    ways = [
        way(100 + node, node, node + 1, name="Jl. Panjang", kind="primary")
        for node in range(1, PIECES + 1)
    ]
    ways.append(way(200, 6, 20, name="Jl. Samping"))
    if with_ring:
        nodes |= {31: (2, 1), 32: (9, 1)}
        ways.append(way(300, 3, 31, 32, 10, name="Jl. Lingkar", kind="secondary"))
    return build_graph(raw(nodes, ways))


def east(piece: int) -> int:
    """The edge eastward over the piece that begins at node `piece`."""
    graph = town()
    key = f"{100 + piece}:{piece}:{piece + 1}"
    return next(edge for edge in range(graph.edges) if graph.key_of(edge) == key)


def seen(
    edge: int, kmh: float, weight: float = 1.0, at: float = NOW, source: int = Source.GPS
) -> Observations:
    return Observations.of((edge, kmh, weight, at, source))


def sums_of(*parts: Observations, now: float = NOW) -> Sums:
    window = Window(town().edges)
    for part in parts:
        window.add(part, now)
    return window.sums(now)


def ground() -> Ground:
    return Ground(town())


def nothing() -> np.ndarray:
    return np.zeros(town().edges, np.float32)
