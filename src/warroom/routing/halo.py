"""At which junctions it matters how one turns; pure.

Where a junction is one vertex, turning back there is free, and nobody would: it gains nothing. It
does gain something just behind a junction whose turns are counted. Who may not turn right over a
median would drive on to the next alley and turn there at no cost, as no road allows. So junctions
just behind are counted as well, as far as turning back is concerned (docs/decisions/0055).
"""

from typing import NamedTuple

import numpy as np

from warroom.roads.contracts import MAIN_CLASSES, Flags, Floats, Refs, RoadGraph
from warroom.routing.costs import ACROSS_S, AROUND_S, CORNER_S

MEETING = 3
"""So many main roads leave a junction where turns are counted."""
LONG_S = AROUND_S + CORNER_S
"""Driving on so long and coming back takes twice as long as turning back where that is counted."""
SHORT_S = ACROSS_S / 2
"""Driving on so long and coming back takes as long as waiting to turn right."""
BEHIND_BAN_S = 60.0
"""Who may not turn somewhere turns back within so long, or takes another way."""


class Turning(NamedTuple):
    """Where turns count.

    Attributes:
        counted: (N) junctions where every turn has its cost.
        halo: (N) junctions where turning back has, and other turns have none.
    """

    counted: Flags
    halo: Flags


def where_turns_count(graph: RoadGraph, included: Flags) -> Turning:
    """Finds them.

    Args:
        graph: The roads.
        included: (E) edges that some vehicle may use.
    """
    banned = np.zeros(graph.junctions, np.bool_)
    banned[graph.head[graph.turn_from[graph.turn_banned]]] = True
    for chain in graph.chains:
        banned[graph.head[list(chain[:-1])]] = True
    counted = banned.copy()
    counted[graph.head[graph.signal]] = True
    leaving = np.bincount(
        graph.tail[np.isin(graph.road_class, list(MAIN_CLASSES))], minlength=graph.junctions
    )
    counted |= leaving >= MEETING
    behind = _seconds_from(graph, included, np.flatnonzero(counted), LONG_S)
    halo = behind <= SHORT_S
    if banned.any():
        since_ban = _seconds_from(graph, included, np.flatnonzero(banned), BEHIND_BAN_S)
        halo |= np.isfinite(behind) & np.isfinite(since_ban)
    return Turning(counted, halo & ~counted)


def _seconds_from(graph: RoadGraph, included: Flags, start: Refs, limit_s: float) -> Floats:
    """(N) seconds on free roads from the nearest of some junctions; infinite beyond the limit."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415 - decision 51
    from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415 - decision 51

    if not len(start):
        return np.full(graph.junctions, np.inf)
    edges = np.flatnonzero(included & (graph.tail != graph.head))
    seconds = graph.length_m[edges].astype(np.float64) * 3.6 / graph.free_kmh[edges]
    # The quickest of several edges between two junctions: a matrix would add them up.
    order = np.argsort(seconds, kind="stable")
    tail, head = graph.tail[edges[order]], graph.head[edges[order]]
    _, first = np.unique(tail.astype(np.int64) * graph.junctions + head, return_index=True)
    roads = coo_matrix(
        (seconds[order][first], (tail[first], head[first])), (graph.junctions, graph.junctions)
    ).tocsr()
    found = dijkstra(roads, indices=start, limit=limit_s, min_only=True)
    return np.asarray(found, np.float64)
