"""What is searched: vertices and arcs made of edges and turns; pure.

Where turning costs nothing that matters, a junction is one vertex. Where it does (forbidden turns,
lights, main roads that meet, and what lies just behind those: `halo.py`) each edge into it ends in
a vertex of its own, and the arcs out of that are the turns it allows. Whoever is on a forbidden
chain of edges is in a vertex of the chain's own, so that it can be told what comes after. On
Jakarta this has a tenth more vertices than one for each junction, and a graph of edges two and a
half times as many (docs/decisions/0041).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from warroom.roads.contracts import Flags, Floats, Numbers, RoadGraph
from warroom.routing.contracts import Weights
from warroom.routing.costs import add
from warroom.routing.halo import where_turns_count

type Chain = tuple[int, ...]


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
        arc_turn: (A) the turn that leads onto it, as `costs.turn_times` counts them.
        chained: (L) turns that end a forbidden chain.
        end_of: (E) the vertex at the end of each edge.
        position: (V, 2) latitude and longitude, for the order of contraction.
    """

    def __init__(self, graph: RoadGraph, included: Flags) -> None:
        self.graph, self.included = graph, included
        found = where_turns_count(graph, included)
        kept = found.counted | found.halo
        plain = np.flatnonzero(~kept)
        self._vertex_of = np.full(graph.junctions, -1, np.int64)
        self._vertex_of[plain] = np.arange(len(plain))
        edges = np.flatnonzero(included)
        into = edges[kept[graph.head[edges]]]
        self.end_of = self._vertex_of[graph.head]
        self.end_of[into] = len(plain) + np.arange(len(into))
        free = edges[~kept[graph.tail[edges]]]
        both = included[graph.turn_from] & included[graph.turn_to]
        turns = np.flatnonzero(both & kept[graph.head[graph.turn_from]])
        chains = _Chains(graph, included, turns, self.end_of, len(plain) + len(into))
        self.vertices = len(plain) + len(into) + len(chains.state)
        nothing = len(graph.turn_from)
        is_back = graph.turn_to[turns] == graph.twin[graph.turn_from[turns]]
        counts = found.counted[graph.head[graph.turn_from[turns]]] | is_back
        tail = (self._vertex_of[graph.tail[free]], self.end_of[graph.turn_from[turns]])
        head = (self.end_of[free], chains.heads(turns))
        edge = (free, graph.turn_to[turns])
        turn = (np.full(len(free), nothing), np.where(counts, turns, nothing))
        more = chains.arcs
        self.tail = np.concatenate((*tail, [arc.tail for arc in more])).astype(np.uint32)
        self.head = np.concatenate((*head, [arc.head for arc in more])).astype(np.uint32)
        self.arc_edge = np.concatenate((*edge, [arc.edge for arc in more])).astype(np.uint32)
        self.arc_turn = np.concatenate((*turn, [arc.turn for arc in more])).astype(np.uint32)
        self.chained = np.array(chains.ending, np.uint32)
        last = [state[-1] for state in chains.state]
        at = np.concatenate((plain, graph.head[into], graph.head[last]))
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

    def follow(self, edges: Sequence[int]) -> Numbers:
        """The arcs of a way over edges, one for each but the first."""
        vertex, arcs = self.end_of[edges[0]], []
        for edge in edges[1:]:
            here = self.arcs_of(edge)
            arc = int(here[int(np.argmax(self.tail[here] == vertex))])
            arcs.append(arc)
            vertex = self.head[arc]
        return np.array(arcs, np.uint32)

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


class _Arc(NamedTuple):
    tail: int
    head: int
    edge: int
    turn: int


class _Chains:
    """Vertices for whoever is on a forbidden chain, as far as they have come along it.

    An automaton after Aho and Corasick (CACM 1975): a state is what was driven of a chain so far;
    the next is the longest end of that, with the edge that follows, which begins a chain.
    """

    def __init__(
        self, graph: RoadGraph, included: Flags, turns: np.ndarray, end_of: np.ndarray, first: int
    ) -> None:
        self._graph, self._end_of = graph, end_of
        whole = {chain for chain in graph.chains if included[list(chain)].all()}
        begun = {chain[:length] for chain in whole for length in range(2, len(chain))}
        self.state = {part: first + at for at, part in enumerate(sorted(begun))}
        self.ending: list[int] = []
        self.arcs: list[_Arc] = []
        if not whole:
            return
        last = {state[-1] for state in self.state}
        onward: defaultdict[int, list[int]] = defaultdict(list)
        for turn in turns[np.isin(graph.turn_from[turns], list(last))].tolist():
            onward[int(graph.turn_from[turn])].append(turn)
        for state, vertex in self.state.items():
            for turn in onward[state[-1]]:
                edge = int(graph.turn_to[turn])
                ways = [(*state, edge)[start:] for start in range(len(state))]
                counted = turn
                if not whole.isdisjoint(ways):
                    self.ending.append(turn)
                    counted = len(graph.turn_from) + len(self.ending)
                after = next((self.state[way] for way in ways if way in self.state), None)
                head = int(end_of[edge]) if after is None else after
                self.arcs.append(_Arc(vertex, head, edge, counted))

    def heads(self, turns: np.ndarray) -> np.ndarray:
        """The vertices that turns lead to for whoever was on no chain before them."""
        after: np.ndarray = self._end_of[self._graph.turn_to[turns]]
        pairs = {state: vertex for state, vertex in self.state.items() if len(state) == 2}
        if pairs:
            from_, to = self._graph.turn_from[turns], self._graph.turn_to[turns]
            for (before, edge), vertex in pairs.items():
                after[(from_ == before) & (to == edge)] = vertex
        return after
