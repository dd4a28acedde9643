"""What some roads are like now, as one figure each: for whoever wants to compare two moments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from warroom.roads.contracts import RoadGraph
from warroom.traffic.contracts import How, Jam, State
from warroom.traffic.estimate import jam_factor


@dataclass(frozen=True, slots=True)
class Measured:
    """Some edges at one instant; what too little was seen of is None.

    Attributes:
        at: Seconds since 1970.
        length_m: Of them, what is in a jam.
        jam_factor: Mean over the metres that were seen, 0 free to 10 closed.
        delay_s: What somebody loses who drives over all that was seen.
        known_share: Of their metres, what was measured, reported or closed: 0 to 1.
        closed_share: Of their metres, what is closed.
    """

    at: float
    length_m: float | None
    jam_factor: float | None
    delay_s: float | None
    known_share: float
    closed_share: float


def measure(
    graph: RoadGraph,
    state: State,
    jams: Iterable[Jam],
    edges: Sequence[int],
    least_known: float = 0.5,
) -> Measured:
    """What these edges are like in this state.

    Args:
        graph: The roads.
        state: Of all edges.
        jams: Of now; what lies in one of them is jammed.
        edges: Without edges nothing is known.
        least_known: Below this share of metres seen nothing is said of them.
    """
    index = np.array(sorted(set(edges)), np.int64)
    length = graph.length_m[index].astype(np.float64)
    total = float(length.sum())
    if not total:
        return Measured(state.at, None, None, None, 0.0, 0.0)
    how = state.how[index]
    is_closed = how == How.CLOSED
    is_known = is_closed | (how == How.MEASURED) | (how == How.REPORTED)
    known_m, closed_share = float(length[is_known].sum()), float(length[is_closed].sum()) / total
    known_share = known_m / total
    if known_share < least_known:
        return Measured(state.at, None, None, None, known_share, closed_share)
    jammed = np.isin(index, [edge for jam in jams for edge in jam.edges])
    factor = jam_factor(state.ratio[index], how).astype(np.float64)
    open_known = is_known & ~is_closed
    kmh = np.maximum(state.kmh[index], 1.0)
    lost_s = length * 3.6 * (1.0 / kmh - 1.0 / graph.free_kmh[index])
    return Measured(
        at=state.at,
        length_m=float(length[jammed].sum()),
        jam_factor=float((factor * length)[is_known].sum()) / known_m,
        delay_s=float(np.maximum(lost_s, 0.0)[open_known].sum()),
        known_share=known_share,
        closed_share=closed_share,
    )
