"""From when edges are entered to the roads within reach of some minutes; pure."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from warroom.roads.contracts import Flags, Floats, RoadGraph
from warroom.routing.contracts import Band, Entered, Reach
from warroom.routing.directions import part_of

CLOSED_NAMED = 20
SHORTEST_M = 1e-4
"""So many closed roads are named at most."""

type _Numbers = NDArray[np.int64]


def reach_of(
    graph: RoadGraph,
    profile: str,
    entered: Entered,
    minutes: Sequence[float],
    known: Flags,
    closed: Sequence[int],
) -> Reach:
    """The roads within reach, by bands of time; of a road driven both ways each metre once.

    Args:
        graph: The roads.
        profile: For which vehicle.
        entered: When each edge is entered.
        minutes: Ascending.
        known: (E) whether anything is known of an edge's speed.
        closed: Edges that nobody is led over.
    """
    edges, begin, end, at_s = _stretches(graph, entered)
    over_s = entered.over_s[edges]
    bands, since = [], -np.inf
    for limit in minutes:
        # From where on the edge the band begins, and until where it goes.
        first = np.clip((since - at_s) / over_s, begin, end)
        last = np.clip((limit * 60.0 - at_s) / over_s, begin, end)
        metres = (last - first) * graph.length_m[edges]
        # What rounding leaves is a line of one point twice, which is no line.
        here = np.flatnonzero(metres > SHORTEST_M)
        metres = metres[here]
        is_known = known[edges[here]]
        bands.append(
            Band(
                limit,
                _lines(graph, edges, first, last, here[is_known]),
                _lines(graph, edges, first, last, here[~is_known]),
                float(metres.sum()),
                float(metres[~is_known].sum()),
            )
        )
        since = limit * 60.0
    return Reach(profile, tuple(bands), _closed(graph, entered, minutes[-1] * 60.0, closed))


class _Pieces(NamedTuple):
    """Pieces of roads, by one edge of each, with what is driven from either end.

    Attributes:
        edge: The edge.
        low, high: Fractions of it.
        there: When somebody who drives along the edge is at `low`; infinite where nobody does.
        back: When somebody who drives along its twin is at `high`.
    """

    edge: _Numbers
    low: Floats
    high: Floats
    there: Floats
    back: Floats


def _stretches(graph: RoadGraph, entered: Entered) -> tuple[_Numbers, Floats, Floats, Floats]:
    """Edges, the part (begin, end) of each that is first reached on it, and when its tail would be.

    Whoever comes along a road meets whoever comes from its other end where both have driven
    equally long. A road one stands on is two pieces, before and behind.
    """
    edges, low, high, there, back = _pieces(graph, entered)
    twins = graph.twin[edges].astype(np.int64)
    over, over_back, width = entered.over_s[edges], entered.over_s[twins], high - low
    meeting = (back + width * over_back - there) / np.maximum(width * (over + over_back), 1e-9)
    middle = low + width * np.clip(meeting, 0.0, 1.0)
    forward, backward = np.isfinite(there), np.isfinite(back)
    return (
        np.concatenate((edges[forward], twins[backward])),
        np.concatenate((low[forward], 1.0 - high[backward])),
        np.concatenate((middle[forward], 1.0 - middle[backward])),
        np.concatenate(
            ((there - low * over)[forward], (back - (1.0 - high) * over_back)[backward])
        ),
    )


def _pieces(graph: RoadGraph, entered: Entered) -> _Pieces:
    at_s, over_s, twin = entered.at_s, entered.over_s, graph.twin.astype(np.int64)
    starts = dict(zip(entered.start_edges.tolist(), entered.start_fractions.tolist(), strict=True))
    whole = np.arange(graph.edges) < twin
    stood_on = sorted({min(edge, int(twin[edge])) for edge in starts})
    whole[stood_on] = False
    edges = np.flatnonzero(whole)
    rows = []
    for edge in stood_on:
        other = int(twin[edge])
        at = starts[edge] if edge in starts else 1.0 - starts[other]
        ahead = 0.0 if edge in starts else float(at_s[edge] + at * over_s[edge])
        behind = 0.0 if other in starts else float(at_s[other] + (1.0 - at) * over_s[other])
        rows += [(0.0, at, float(at_s[edge]), behind), (at, 1.0, ahead, float(at_s[other]))]
    low, high, there, back = np.array(rows, np.float64).reshape(-1, 4).T
    pieces = _Pieces(
        np.concatenate((edges, np.repeat(np.array(stood_on, np.int64), 2))),
        np.concatenate((np.zeros(len(edges)), low)),
        np.concatenate((np.ones(len(edges)), high)),
        np.concatenate((at_s[edges], there)),
        np.concatenate((at_s[twin[edges]], back)),
    )
    reached = np.isfinite(pieces.there) | np.isfinite(pieces.back)
    edge_of, low, high, there, back = pieces
    return _Pieces(edge_of[reached], low[reached], high[reached], there[reached], back[reached])


def _lines(
    graph: RoadGraph, edges: _Numbers, first: Floats, last: Floats, which: _Numbers
) -> tuple[Floats, ...]:
    if not len(which):
        return ()
    pieces = [
        part_of(graph.points(edge), begin, end)
        for edge, begin, end in zip(
            edges[which].tolist(), first[which].tolist(), last[which].tolist(), strict=True
        )
    ]
    lines: list[Any] = [shapely.linestrings(piece) for piece in pieces]
    joined = shapely.line_merge(shapely.multilinestrings(lines))
    return tuple(shapely.get_coordinates(line) for line in shapely.get_parts(joined))


def _closed(
    graph: RoadGraph, entered: Entered, limit_s: float, closed: Sequence[int]
) -> tuple[str, ...]:
    """Names of closed roads that begin where somebody arrives in time."""
    arrived = np.zeros(graph.junctions, np.bool_)
    in_time = entered.at_s + entered.over_s <= limit_s
    arrived[graph.head[in_time]] = True
    rest = (1.0 - entered.start_fractions) * entered.over_s[entered.start_edges]
    arrived[graph.head[entered.start_edges[rest <= limit_s]]] = True
    names = {graph.name_of(edge) for edge in closed if arrived[graph.tail[edge]]}
    return tuple(sorted(names - {""}))[:CLOSED_NAMED]
