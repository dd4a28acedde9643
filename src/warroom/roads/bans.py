"""Turn restrictions with ways in the middle, as chains of edges that may not be driven; pure.

`no_*` forbids to go on from the last way of the middle onto `to` for whoever came from `from`;
`only_*` forbids to leave the chain anywhere else (OpenStreetMap, "Relation:restriction").
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from warroom.roads.contracts import Flags, Numbers, Refs, RoadGraph, TurnRule

MOST_EDGES = 16
"""A chain longer than this is a mistake of the map."""

type Chain = tuple[int, ...]


class Links(NamedTuple):
    """What is needed of a graph to find chains in it.

    Attributes:
        way: (E) number of the road in the map.
        tail, head: (E) junctions.
        twin: (E) the edge of the other direction.
        driven: (E) whether the public drives there in this direction.
    """

    way: list[int]
    tail: list[int]
    head: list[int]
    twin: list[int]
    driven: list[bool]

    @classmethod
    def of(
        cls, way: Refs, tail: Numbers, head: Numbers, twin: Numbers, contraflow: Flags
    ) -> "Links":
        """From arrays of the edges."""
        driven = ~contraflow
        return cls(way.tolist(), tail.tolist(), head.tolist(), twin.tolist(), driven.tolist())


class Placed(NamedTuple):
    """Rules as they lie on a graph.

    Attributes:
        chains: Edges that may not be driven one after the other, each of two and more.
        unplaced: Rules whose ways do not follow each other on the graph.
    """

    chains: list[Chain]
    unplaced: int


def place(rules: list[TurnRule], links: Links) -> Placed:
    """Finds the edges that rules with ways in the middle mean; other rules are left out.

    Args:
        rules: Of the map.
        links: Of the graph.
    """
    long = [rule for rule in rules if rule.via_ways]
    if not long:
        return Placed([], 0)
    of_way: defaultdict[int, list[int]] = defaultdict(list)
    for edge, way in enumerate(links.way):
        if links.driven[edge]:
            of_way[way].append(edge)
    leaving: defaultdict[int, list[int]] = defaultdict(list)
    for edge, tail in enumerate(links.tail):
        leaving[tail].append(edge)
    chains: set[Chain] = set()
    unplaced = 0
    for rule in long:
        found = [
            chain
            for edge in of_way[rule.from_way]
            for chain in _follow(rule, (edge,), 0, links, leaving)
        ]
        unplaced += not found
        chains.update(_left(found, links, leaving) if rule.is_only else found)
    return Placed(sorted(chains), unplaced)


def place_on(graph: RoadGraph, rules: list[TurnRule]) -> Placed:
    """The same on a graph that is made."""
    return place(rules, Links.of(graph.way, graph.tail, graph.head, graph.twin, graph.contraflow))


def _follow(
    rule: TurnRule, chain: Chain, step: int, links: Links, leaving: dict[int, list[int]]
) -> Iterator[Chain]:
    """Chains over `via_ways[:step]` that go on over the rest of them and end on `to_way`."""
    if len(chain) > MOST_EDGES:
        return
    last, begins = chain[-1], len(chain) == 1
    for edge in leaving.get(links.head[last], ()):
        if not links.driven[edge] or edge in chain:
            continue
        way = links.way[edge]
        is_back = edge == links.twin[last]
        if step == len(rule.via_ways) and way == rule.to_way:
            yield (*chain, edge)
        # No junction is passed twice on the way: where a road crosses itself, ways would multiply.
        if is_back or links.head[edge] in {links.tail[one] for one in chain}:
            continue
        if not begins and step and way == rule.via_ways[step - 1]:
            yield from _follow(rule, (*chain, edge), step, links, leaving)
        if step < len(rule.via_ways) and way == rule.via_ways[step]:
            yield from _follow(rule, (*chain, edge), step + 1, links, leaving)


def _left(found: list[Chain], links: Links, leaving: dict[int, list[int]]) -> Iterator[Chain]:
    """Chains that leave all of these before their ends."""
    begun = {chain[:length] for chain in found for length in range(1, len(chain) + 1)}
    for chain in begun - set(found):
        for edge in leaving.get(links.head[chain[-1]], ()):
            if (*chain, edge) not in begun:
                yield (*chain, edge)
