"""What is searched: vertices and arcs made of edges and turns; pure.

Where turning costs nothing that matters, a junction is one vertex. Where it does (forbidden turns,
lights, main roads that meet) each edge into it ends in a vertex of its own, and the arcs out of
that are the turns it allows. On Jakarta this has a tenth more vertices than one for each junction,
and a graph of edges two and a half times as many (docs/decisions/0041).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from warroom.roads.contracts import MAIN_CLASSES, Flags, Floats, Numbers, RoadGraph
from warroom.routing.contracts import Weights
from warroom.routing.costs import add

MEETING = 3
"""So many main roads leave a junction where turns are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """Vertices where a search begins or ends, and what lies between them and the position.

    Attributes:
        vertices: One for each way there.
        costs_ms: Of each.
        edges: The edge of the position that each belongs to.
    """

    vertices: Numbers
    costs_ms: np.ndarray
    edges: Numbers

    def as_lists(self) -> tuple[list[int], list[int], list[int]]:
        """Vertices, costs and edges as plain numbers."""
        return self.vertices.tolist(), self.costs_ms.tolist(), self.edges.tolist()


class Topology:
    """Vertices and arcs over the edges that some vehicle may use.

    Args:
        graph: The roads.
        included: (E) edges that are part of it.

    Attributes:
        vertices: How many.
        tail, head: (A) vertices of each arc.
        arc_edge: (A) the edge that is driven.
        arc_turn: (A) the turn that leads onto it; T where turning costs nothing.
        end_of: (E) the vertex at the end of each edge.
        position: (V, 2) latitude and longitude, for the order of contraction.
    """

    def __init__(self, graph: RoadGraph, included: Flags) -> None:
        self.graph, self.included = graph, included
        counted = _where_turns_count(graph)
        plain = np.flatnonzero(~counted)
        self._vertex_of = np.full(graph.junctions, -1, np.int64)
        self._vertex_of[plain] = np.arange(len(plain))
        edges = np.flatnonzero(included)
        into = edges[counted[graph.head[edges]]]
        self.end_of = self._vertex_of[graph.head]
        self.end_of[into] = len(plain) + np.arange(len(into))
        self.vertices = len(plain) + len(into)
        free = edges[~counted[graph.tail[edges]]]
        both = included[graph.turn_from] & included[graph.turn_to]
        turns = np.flatnonzero(both & counted[graph.head[graph.turn_from]])
        self.tail = np.concatenate(
            (self._vertex_of[graph.tail[free]], self.end_of[graph.turn_from[turns]])
        ).astype(np.uint32)
        self.arc_edge = np.concatenate((free, graph.turn_to[turns])).astype(np.uint32)
        self.head = self.end_of[self.arc_edge].astype(np.uint32)
        self.arc_turn = np.concatenate((np.full(len(free), len(graph.turn_from)), turns)).astype(
            np.uint32
        )
        at = np.concatenate((plain, graph.head[into]))
        self.position: Floats = np.column_stack((graph.node_lat[at], graph.node_lon[at]))

    def weights(self, edge_ms: Weights, turn_ms: Weights) -> Weights:
        """(A) milliseconds of each arc: its turn, and the whole of its edge."""
        return add(turn_ms[self.arc_turn], edge_ms[self.arc_edge])

    @cached_property
    def _arcs_by_edge(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(self.arc_edge, kind="stable")
        first = np.searchsorted(self.arc_edge[order], np.arange(self.graph.edges + 1))
        return order.astype(np.uint32), first

    def arcs_of(self, edge: int) -> Numbers:
        """The arcs that drive an edge: one for each way onto it."""
        order, first = self._arcs_by_edge
        return order[first[edge] : first[edge + 1]]

    def starts(self, edges: Numbers, fractions: Floats, edge_ms: Weights) -> Ends:
        """Where a search begins that starts on edges: at the end of each."""
        rest = edge_ms[edges] * (1.0 - fractions)
        return Ends(self.end_of[edges].astype(np.uint32), np.round(rest).astype(np.int64), edges)

    def ends(self, edges: Numbers, fractions: Floats, edge_ms: Weights, turn_ms: Weights) -> Ends:
        """Where a search ends that is to arrive on edges: before each turn onto them."""
        order, first = self._arcs_by_edge
        counts = first[edges + 1] - first[edges]
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        arcs = order[np.repeat(first[edges], counts) + within]
        part = np.repeat(np.round(edge_ms[edges] * fractions).astype(np.int64), counts)
        costs = turn_ms[self.arc_turn[arcs]] + part
        return Ends(self.tail[arcs], costs, np.repeat(edges, counts))


def _where_turns_count(graph: RoadGraph) -> Flags:
    counted = np.zeros(graph.junctions, np.bool_)
    counted[graph.head[graph.turn_from[graph.turn_banned]]] = True
    counted[graph.head[graph.signal]] = True
    leaving = np.bincount(
        graph.tail[np.isin(graph.road_class, list(MAIN_CLASSES))], minlength=graph.junctions
    )
    return counted | (leaving >= MEETING)
