"""Traffic lights and turns that medians forbid, made from the network's own shape.

Where two main roads meet there are lights. A main road of four lanes and more has a median: where a
smaller road meets it without lights, nobody turns right over it, crosses it, or turns back on it
(one drives on the left). Turning back is for the lights, as on the real roads of the city. A road
that meets it within 30 m of lights is part of their crossing, and the median is open there.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import permutations
from math import atan2, degrees

from simcity.city.geometry import length_m
from simcity.city.network import Network, Node, Way

_MAIN = ("primer", "sekunder")
_MEDIAN_LANES = 4
_STRAIGHT_DEG = 45.0
_CROSSING_M = 30.0


@dataclass(frozen=True, slots=True)
class Signs:
    """What stands at the nodes, by their numbers.

    Attributes:
        signals: Nodes with traffic lights, ascending.
        turn_bans: Node before, node of the turn, node after; ascending.
    """

    signals: list[int]
    turn_bans: list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class _Arm:
    """A link at a node: its way, the node at its other end, where to (degrees) and how far."""

    way: int
    far: Node
    bearing: float
    length_m: float
    is_main: bool
    has_median: bool


def make_signs(network: Network) -> Signs:
    """Return the signs of a network."""
    number = {node: index for index, node in enumerate(network.nodes)}
    crossings = {
        node: arms
        for node, arms in sorted(_arms(network).items(), key=lambda item: number[item[0]])
        if node[1] == 0 and len(arms) >= 3
    }
    lit = {node for node, arms in crossings.items() if len({a.way for a in arms if a.is_main}) > 1}
    bans = {
        (number[before.far], number[node], number[after.far])
        for node, arms in crossings.items()
        if node not in lit and not _is_beside(arms, lit)
        for before, after in _over_the_median(arms)
    }
    return Signs([number[node] for node in crossings if node in lit], sorted(bans))


def _is_beside(arms: list[_Arm], lit: set[Node]) -> bool:
    """Whether a median leads from here to lights that are part of the same crossing."""
    return any(a.has_median and a.far in lit and a.length_m < _CROSSING_M for a in arms)


def _arms(network: Network) -> dict[Node, list[_Arm]]:
    arms: defaultdict[Node, list[_Arm]] = defaultdict(list)
    for link in network.links:
        way, metres = network.ways[link.way], length_m([point for point, _ in link.shape])
        for shape in (link.shape, link.shape[::-1]):
            (x, y), (u, v) = shape[0][0], shape[1][0]
            bearing = degrees(atan2(u - x, v - y))
            arms[shape[0]].append(
                _Arm(link.way, shape[-1], bearing, metres, way.kind in _MAIN, _has_median(way))
            )
    return arms


def _has_median(way: Way) -> bool:
    return way.kind in _MAIN and way.lanes >= _MEDIAN_LANES and not way.is_oneway and way.level == 0


def _over_the_median(arms: list[_Arm]) -> list[tuple[_Arm, _Arm]]:
    along = [arm for arm in arms if arm.has_median]
    if len(along) != 2:  # it ends here, or is none
        return []
    banned = [(arm, arm) for arm in along]
    for before, after in permutations(arms, 2):
        if before.has_median and after.has_median:
            continue
        # Arms point away from the node: who comes along one drives the other way.
        turn = (after.bearing - before.bearing - 180.0 + 180.0) % 360.0 - 180.0
        crosses = not before.has_median and not after.has_median
        if turn > _STRAIGHT_DEG or (crosses and abs(turn) <= _STRAIGHT_DEG):
            banned.append((before, after))
    return banned
