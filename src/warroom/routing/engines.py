"""Two engines behind one contract: contraction hierarchies, and Dijkstra as oracle and fallback."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from warroom.roads.contracts import Numbers
from warroom.routing.contracts import NEVER, Found, Weights
from warroom.routing.topology import Topology

if TYPE_CHECKING:
    import pyroutingkit
    from scipy.sparse import csr_matrix


class Hierarchy:
    """Customizable contraction hierarchy (`pyroutingkit`): what is asked all day.

    Args:
        topology: What is searched.
        order: The order of contraction, shared by all vehicles over this topology; made where None
            (a second and more for a city).
    """

    def __init__(self, topology: Topology, order: "pyroutingkit.CCHTopology | None" = None) -> None:
        self._topology = topology
        self.order = order or make_order(topology)
        self._metric: pyroutingkit.CCHMetric | None = None

    def customize(self, weights: Weights) -> None:
        """Gives every arc a new weight at once: built aside, then put in place."""
        import pyroutingkit  # noqa: PLC0415 - decision 51

        metric = pyroutingkit.CCHMetric(self.order)
        metric.customize(np.ascontiguousarray(weights, np.uint32))
        self._metric = metric

    def update(self, arcs: Numbers, weights: Weights) -> None:
        """Gives some arcs a new weight."""
        self._customized.update_weights(arcs.astype(np.uint32), weights.astype(np.uint32))

    def find(self, start: int, end: int) -> Found:
        """The cheapest way between two vertices."""
        cost, _, arcs = self._customized.query(start, end)
        return Found(int(cost), [int(arc) for arc in arcs])

    def matrix(self, starts: Numbers, ends: Numbers) -> NDArray[np.int64]:
        """Costs in milliseconds, (starts, ends)."""
        found = self._customized.distances_many_to_many(
            starts.astype(np.uint32), ends.astype(np.uint32)
        )
        return np.asarray(found, np.int64).reshape(len(starts), len(ends))

    def sibling(self) -> "Hierarchy":
        """Another over the same order of contraction."""
        return Hierarchy(self._topology, self.order)

    @property
    def _customized(self) -> "pyroutingkit.CCHMetric":
        if self._metric is None:
            message = "not customized yet"
            raise RuntimeError(message)
        return self._metric


def make_order(topology: Topology) -> "pyroutingkit.CCHTopology":
    """The order of contraction: nested dissection by position; independent of all weights."""
    import pyroutingkit  # noqa: PLC0415 - decision 51

    order = pyroutingkit.CCHTopology()
    lat, lon = topology.position.astype(np.float32).T
    order.build(topology.tail, topology.head, lat.copy(), lon.copy(), topology.vertices)
    return order


class Dijkstra:
    """`scipy`: slower by two orders, needs no preparation, and tests whether the other is right.

    Args:
        topology: What is searched.
    """

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._weights: Weights = np.zeros(0, np.uint32)
        self._graph: csr_matrix | None = None
        self._arcs: Numbers = np.zeros(0, np.uint32)
        self._arc_at: dict[tuple[int, int], int] = {}

    def customize(self, weights: Weights) -> None:
        """Gives every arc a new weight."""
        self._weights = weights.copy()
        self._graph = None

    def update(self, arcs: Numbers, weights: Weights) -> None:
        """Gives some arcs a new weight."""
        self._weights[arcs] = weights
        self._graph = None

    def find(self, start: int, end: int) -> Found:
        """The cheapest way between two vertices."""
        from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415 - decision 51

        costs, before = dijkstra(self._matrix, indices=start, return_predecessors=True)
        if not np.isfinite(costs[end]):
            return Found(NEVER, [])
        if not self._arc_at:
            tails, heads = self._topology.tail[self._arcs], self._topology.head[self._arcs]
            pairs = zip(tails.tolist(), heads.tolist(), strict=True)
            self._arc_at = dict(zip(pairs, self._arcs.tolist(), strict=True))
        arcs: list[int] = []
        vertex = end
        while vertex != start:
            previous = int(before[vertex])
            arcs.append(self._arc_at[previous, vertex])
            vertex = previous
        return Found(int(costs[end]), arcs[::-1])

    def matrix(self, starts: Numbers, ends: Numbers) -> NDArray[np.int64]:
        """Costs in milliseconds, (starts, ends)."""
        from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415 - decision 51

        costs = dijkstra(self._matrix, indices=starts)[:, ends]
        return np.where(np.isfinite(costs), costs, NEVER).astype(np.int64)

    def sibling(self) -> "Dijkstra":
        """Another over the same arcs."""
        return Dijkstra(self._topology)

    def within(self, starts: Numbers, limit_ms: int) -> NDArray[np.int64]:
        """(V) costs of everything within a limit of any start; `NEVER` beyond it."""
        from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415 - decision 51

        costs = dijkstra(self._matrix, indices=starts, limit=limit_ms, min_only=True)
        return np.where(np.isfinite(costs), costs, NEVER).astype(np.int64)

    @property
    def _matrix(self) -> "csr_matrix":
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - decision 51

        if self._graph is None:
            open_ = np.flatnonzero(self._weights < NEVER)
            # The cheapest of several arcs between two vertices: scipy would add them up.
            order = open_[np.argsort(self._weights[open_], kind="stable")]
            tail = self._topology.tail[order].astype(np.int64)
            head = self._topology.head[order].astype(np.int64)
            count = self._topology.vertices
            _, first = np.unique(tail * count + head, return_index=True)
            arcs = order[first]
            self._arcs, self._arc_at = arcs.astype(np.uint32), {}
            weights = self._weights[arcs].astype(np.float64)
            self._graph = csr_matrix((weights, (tail[first], head[first])), shape=(count, count))
        return self._graph
