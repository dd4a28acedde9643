"""What crosses the border of `roads`: the graph, positions on it, and what it is made of."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Singles = NDArray[np.float32]
type Refs = NDArray[np.int64]
type Numbers = NDArray[np.uint32]
type Bytes = NDArray[np.uint8]
type Flags = NDArray[np.bool_]


class RoadClass(NamedTuple):
    """What is assumed of a road of a class where the map does not say.

    Attributes:
        name: `highway` of OpenStreetMap.
        kmh: Free-flow speed in a city: below the limit of PP 79/2013 art. 23 and Permenhub 111/2015
            (80 on a city's toll road, 50 in a city, 30 in housing), as junctions and sides of roads
            allow; a city replaces it by what it learns (`traffic`).
        lanes: In one direction.
        width_m: Of the carriageway, both directions together.
    """

    name: str
    kmh: float
    lanes: int
    width_m: float


CLASSES = (
    RoadClass("motorway", 80, 2, 14.0),
    RoadClass("motorway_link", 45, 1, 6.0),
    RoadClass("trunk", 60, 2, 14.0),
    RoadClass("trunk_link", 40, 1, 6.0),
    RoadClass("primary", 45, 2, 12.0),
    RoadClass("primary_link", 35, 1, 6.0),
    RoadClass("secondary", 40, 2, 10.0),
    RoadClass("secondary_link", 30, 1, 5.0),
    RoadClass("tertiary", 35, 1, 7.0),
    RoadClass("tertiary_link", 25, 1, 5.0),
    RoadClass("unclassified", 30, 1, 5.5),
    RoadClass("residential", 25, 1, 4.5),
    RoadClass("living_street", 10, 1, 3.0),
    RoadClass("service", 15, 1, 3.5),
    RoadClass("road", 25, 1, 5.0),
    RoadClass("alley", 10, 1, 2.2),
)
"""`alley` is `highway=service` with `service=alley`."""

CLASS_INDEX = {one.name: index for index, one in enumerate(CLASSES)}
MAIN_CLASSES = frozenset(
    CLASS_INDEX[name] for name in ("motorway", "trunk", "primary", "secondary", "tertiary")
)


@dataclass(frozen=True, slots=True, eq=False)
class RawWay:
    """A road as the map has it.

    Attributes:
        ref: Its number in the map.
        nodes: Numbers of the nodes along it, at least two.
        road_class: Index into `CLASSES`.
        oneway: 1 along the nodes, -1 against them, 0 both.
        lanes: Of both directions together; 0 where the map does not say.
        width_m: Of the carriageway; NaN where the map does not say.
        kmh: The limit; NaN where the map does not say.
        restricted: Closed to the public, not to an emergency (`access=private`, `no`).
    """

    ref: int
    nodes: tuple[int, ...]
    road_class: int
    name: str = ""
    oneway: int = 0
    lanes: int = 0
    width_m: float = float("nan")
    kmh: float = float("nan")
    level: int = 0
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class TurnRule:
    """A turn restriction, at one node or over ways.

    Attributes:
        via: The node; 0 where there are ways in the middle.
        is_only: Whether this turn is the only one allowed; else it is forbidden.
        from_node, to_node: Where the way is met twice at `via`, which end is meant; 0 where it
            does not matter.
        via_ways: In the order in which they are driven.
    """

    via: int
    from_way: int
    to_way: int
    is_only: bool = False
    from_node: int = 0
    to_node: int = 0
    via_ways: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RawNetwork:
    """What a map tells, before it is a graph.

    Attributes:
        node_ref: Numbers of all nodes that ways use, ascending.
        lat, lon: Of each; WGS 84 degrees.
        signals: Numbers of the nodes with traffic lights.
        ignored: What could not be taken over, by kind: how often.
    """

    node_ref: Refs
    lat: Floats
    lon: Floats
    ways: list[RawWay]
    rules: list[TurnRule]
    signals: frozenset[int]
    ignored: dict[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class RoadGraph:
    """Directed edges between junctions, in arrays; nothing in it changes.

    N junctions, E edges, T turns. Lengths are metres, speeds km/h, positions WGS 84 degrees.

    Attributes:
        node_ref: (N) number of the junction in the map.
        node_lat, node_lon: (N).
        tail, head: (E) junctions where the edge begins and ends.
        way: (E) number of the road in the map; with the two junctions it is the edge's key.
        length_m: (E) above 0.
        road_class: (E) index into `CLASSES`.
        lanes: (E) in this direction, at least 1.
        width_m: (E) of the carriageway; `width_known` tells whether the map says so.
        free_kmh: (E) free-flow speed.
        level: (E) 1 on a flyover, -1 in a tunnel.
        contraflow: (E) whether it leads against a one-way road.
        restricted: (E) whether the public may not drive there.
        signal: (E) whether there are lights at its end or shortly before.
        twin: (E) the edge of the other direction; there always is one, if only a contraflow one.
        name: (E) index into `names`; 0 is "no name".
        area: (E) index into `areas`; 0 is "not known".
        shape_at: (E + 1) where the edge's points begin in `shape`.
        shape: (points, 2) longitude and latitude, from tail to head.
        turn_from, turn_to: (T) edges.
        turn_angle: (T) degrees, 0 straight on, positive to the right, 180 round.
        turn_banned: (T) whether the map forbids it.
        chain_at: (C + 1) where each forbidden chain begins in `chain_edge`.
        chain_edge: Edges that the map forbids to drive one after the other: three and more each.
        areas: Codes of kelurahan, or of the kecamatan where no kelurahan is known.
    """

    node_ref: Refs
    node_lat: Floats
    node_lon: Floats
    tail: Numbers
    head: Numbers
    way: Refs
    length_m: Singles
    road_class: Bytes
    lanes: Bytes
    width_m: Singles
    width_known: Flags
    free_kmh: Singles
    level: NDArray[np.int8]
    contraflow: Flags
    restricted: Flags
    signal: Flags
    twin: Numbers
    name: Numbers
    area: NDArray[np.uint16]
    shape_at: Numbers
    shape: Floats
    turn_from: Numbers
    turn_to: Numbers
    turn_angle: Singles
    turn_banned: Flags
    chain_at: Numbers
    chain_edge: Numbers
    names: tuple[str, ...]
    areas: tuple[str, ...]

    @property
    def chains(self) -> list[tuple[int, ...]]:
        """The forbidden chains of edges."""
        at = self.chain_at.tolist()
        return [tuple(self.chain_edge[a:b].tolist()) for a, b in pairwise(at)]

    @property
    def edges(self) -> int:
        """How many edges."""
        return len(self.tail)

    @property
    def junctions(self) -> int:
        """How many junctions."""
        return len(self.node_ref)

    def points(self, edge: int) -> Floats:
        """Longitude and latitude of each point of an edge, (n, 2), n >= 2."""
        return self.shape[self.shape_at[edge] : self.shape_at[edge + 1]]

    def name_of(self, edge: int) -> str:
        """The name of the road; empty where it has none."""
        return self.names[int(self.name[edge])]

    def key_of(self, edge: int) -> str:
        """What stays the same over newer extracts: "way:from:to", numbers of the map."""
        start, end = self.node_ref[self.tail[edge]], self.node_ref[self.head[edge]]
        return f"{self.way[edge]}:{start}:{end}"


class OnRoad(NamedTuple):
    """A position on an edge.

    Attributes:
        edge: Which.
        fraction: 0 at its tail, 1 at its head.
        distance_m: How far the position asked for lies beside it.
    """

    edge: int
    fraction: float
    distance_m: float


type TilesOutcome = Literal["made", "unasked", "absent", "empty", "failed", "too_slow", "too_large"]
"""`absent`: the program is not installed; `empty`: the extract has nothing to draw."""


@dataclass(frozen=True, slots=True)
class TilesReport:
    """What became of the tiles under the roads.

    Attributes:
        problem: Why there are none, in the words of the program; empty where none is needed.
    """

    outcome: TilesOutcome
    problem: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What became of an extract.

    Attributes:
        tiles: Of the map under the roads.
        banned_chains: Ways of three edges and more that the map forbids.
        ignored: What could not be taken over, by kind: how often.
    """

    junctions: int
    edges: int
    turns: int
    banned_turns: int
    banned_chains: int
    length_km: float
    named_roads: int
    ignored: dict[str, int]
    tiles: TilesReport = field(default_factory=lambda: TilesReport("unasked"))

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {"tiles": {n: getattr(self.tiles, n) for n in self.tiles.__slots__}}
