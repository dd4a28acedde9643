"""The state of all edges from what was observed: observed, typical, neighbours, free flow."""

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from warroom.roads.contracts import CLASS_INDEX, CLASSES, RoadGraph
from warroom.traffic.contracts import Bytes, Colour, Doubles, Flags, How, Singles, State
from warroom.traffic.window import Sums

if TYPE_CHECKING:
    from scipy import sparse

LAMBDA, PRIOR_WEIGHT, ROUNDS = 1.0, 0.3, 25
"""Of the smoothing, as tried against SUMO on the schematic city (decision 53); 25 rounds reach what
matters."""

PRIOR_RATIO = 0.9
"""Of a class of which nothing was observed; of minor roads `MINOR_RATIO`."""

MINOR_RATIO = 0.95
_MINOR = [CLASS_INDEX[name] for name in ("residential", "living_street", "service", "alley")]

ENOUGH = 3.0
"""Vehicles that make an edge about two thirds certain."""

TYPICAL_CONFIDENCE, NEIGHBOUR_CONFIDENCE = 0.5, 0.4
LEAST_EVIDENCE = 0.3
"""A value that comes from observations by less than this share is no knowledge."""

BOUNDS = (0.4, 0.6, 0.7, 0.8, 0.9)
"""Ratios between jam, heavy, slow, moderate, light and free; the upper four are TomTom's."""


class Ground:
    """What the estimate needs of a road graph, worked out once.

    Args:
        graph: The roads.
    """

    def __init__(self, graph: RoadGraph) -> None:
        self.graph = graph
        self.version = version_of(graph)
        self.free_kmh = graph.free_kmh.astype(np.float64)
        self.is_minor = np.isin(graph.road_class, _MINOR)

    @cached_property
    def onward(self) -> "sparse.csr_array":
        """(E, E), 1 where one may drive on from one edge to the other; not to turn back."""
        from scipy import sparse  # noqa: PLC0415 - decision 51

        graph = self.graph
        taken = (graph.turn_to != graph.twin[graph.turn_from]) & ~graph.turn_banned
        taken &= ~graph.contraflow[graph.turn_from] & ~graph.contraflow[graph.turn_to]
        start, end = graph.turn_from[taken], graph.turn_to[taken]
        ones = np.ones(len(start), np.float32)
        return sparse.coo_array((ones, (start, end)), shape=(graph.edges, graph.edges)).tocsr()

    @cached_property
    def adjacency(self) -> "sparse.csr_array":
        """(E, E) symmetric, 1 where one may drive from one to the other, either way."""
        both = (self.onward + self.onward.T).tocsr()
        both.data[:] = 1.0
        return both

    @cached_property
    def degree(self) -> Singles:
        """(E) neighbours."""
        degree: Singles = np.diff(self.adjacency.indptr).astype(np.float32)
        return degree

    @cached_property
    def edge_of_key(self) -> dict[str, int]:
        """Edges by their keys."""
        return {self.graph.key_of(edge): edge for edge in range(self.graph.edges)}


def version_of(graph: RoadGraph) -> str:
    """Tells packs apart by their edges: numbers of edges of one mean nothing in another."""
    digest = hashlib.sha256()
    for part in (graph.way, graph.node_ref[graph.tail], graph.node_ref[graph.head]):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:16]


def estimate(
    ground: Ground,
    sums: Sums,
    now: float,
    typical_kmh: Singles | None = None,
    closed: Flags | None = None,
    before: State | None = None,
    remembered: Singles | None = None,
) -> State:
    """The state of all edges.

    Args:
        ground: The roads.
        sums: What was observed.
        now: Seconds since 1970.
        typical_kmh: (E) of this slot of the week; 0 where it was not learnt.
        closed: (E) whether nobody may drive there now.
        before: The state of the cycle before, for `since`.
        remembered: (E) ratio of edges in a jam when they were last seen, NaN of others: an estimate
            where nobody sees them now.
    """
    free = ground.free_kmh
    weight = sums.weight + sums.reported
    seen = weight > 0
    observed = np.where(seen, np.nan_to_num(sums.kmh) / free, 0.0)
    if typical_kmh is None:
        typical_kmh = np.zeros(len(free), np.float32)
    filled, evidence = smooth(ground, weight, observed, typical_kmh)

    how = np.full(len(free), How.FREE_FLOW, np.uint8)
    ratio, confidence = np.ones(len(free)), np.zeros(len(free))
    near = evidence >= LEAST_EVIDENCE
    how[near], ratio[near] = How.NEIGHBOURS, filled[near]
    confidence[near] = NEIGHBOUR_CONFIDENCE * np.minimum(evidence[near], 1.0)
    learnt = typical_kmh > 0
    how[learnt], ratio[learnt] = How.TYPICAL, (typical_kmh / free)[learnt]
    confidence[learnt] = TYPICAL_CONFIDENCE
    if remembered is not None:
        held = np.isfinite(remembered)
        how[held], ratio[held], confidence[held] = (
            How.NEIGHBOURS,
            remembered[held],
            NEIGHBOUR_CONFIDENCE,
        )
    how[seen] = np.where(sums.reported > sums.weight, How.REPORTED, How.MEASURED)[seen]
    ratio[seen] = observed[seen]
    confidence[seen] = 1.0 - np.exp(-weight[seen] / ENOUGH)
    if closed is not None:
        how[closed], ratio[closed], confidence[closed] = How.CLOSED, 0.0, 1.0

    colour = colour_of(ratio, how)
    flow = np.where(how == How.CLOSED, np.nan, sums.flow)
    kmh = ratio * free
    density = np.full(len(free), np.nan)
    np.divide(flow, kmh, out=density, where=np.isfinite(flow) & (kmh > 1.0))
    since = np.full(len(free), now)
    if before is not None and before.version == ground.version:
        same = (before.colour == colour) & (before.how == how)
        since[same] = before.since[same]
    return State(
        ground.version,
        now,
        kmh.astype(np.float32),
        ratio.astype(np.float32),
        flow.astype(np.float32),
        density.astype(np.float32),
        confidence.astype(np.float32),
        sums.vehicles.astype(np.float32),
        how,
        colour,
        since,
        sums.newest,
    )


def smooth(
    ground: Ground, weight: Doubles, observed: Doubles, typical_kmh: Singles
) -> tuple[Singles, Singles]:
    """Ratios filled in over the graph, and how much of each comes from what was observed (0 to 1).

    x = (w r + lambda A x + 0.3 prior) / (w + lambda degree + 0.3), 25 times; the prior is the
    typical ratio, else the mean of what was observed on roads of the class.
    """
    prior = np.where(
        typical_kmh > 0, typical_kmh / ground.free_kmh, _class_prior(ground, weight, observed)
    )
    fixed = np.stack([weight * observed + PRIOR_WEIGHT * prior, weight], axis=1)
    below = (weight + LAMBDA * ground.degree + PRIOR_WEIGHT)[:, None]
    fixed = (fixed / below).astype(np.float32)
    share = (LAMBDA / below).astype(np.float32)
    values = np.stack([prior, np.zeros(len(prior))], axis=1).astype(np.float32)
    if not weight.any():
        return values[:, 0], values[:, 1]
    adjacency = ground.adjacency
    for _ in range(ROUNDS):
        values = fixed + share * (adjacency @ values)
    return values[:, 0], values[:, 1]


def _class_prior(ground: Ground, weight: Doubles, observed: Doubles) -> Doubles:
    kinds = ground.graph.road_class
    total = np.bincount(kinds, weight, minlength=len(CLASSES))
    summed = np.bincount(kinds, weight * observed, minlength=len(CLASSES))
    # As if five vehicles had been seen at the assumed ratio: one jam is not the whole class.
    means = (summed + 5.0 * PRIOR_RATIO) / (total + 5.0)
    return np.where(ground.is_minor, MINOR_RATIO, means[kinds])


def colour_of(ratio: Doubles, how: Bytes) -> Bytes:
    """How each edge is drawn: unknown stays unknown, whatever ratio is assumed."""
    colour = (Colour.JAM - np.digitize(ratio, BOUNDS)).astype(np.uint8)
    colour[how == How.FREE_FLOW] = Colour.UNKNOWN
    colour[how == How.CLOSED] = Colour.CLOSED
    return colour


def jam_factor(ratio: Singles, how: Bytes) -> Singles:
    """0 free to 10 closed, as HERE tells it; below 10 while anything moves."""
    factor = np.clip(10.0 * (1.0 - ratio), 0.0, 9.9)
    factor[how == How.CLOSED] = 10.0
    told: Singles = factor.astype(np.float32)
    return told
