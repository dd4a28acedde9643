"""Traffic lights and turns that medians forbid, made from the network's own shape.

Where two main roads meet there are lights. A main road of four lanes and more has a median: where a
smaller road meets it without lights, nobody turns right over it, crosses it, or turns back on it
(one drives on the left). Turning back is for the lights, as on the real roads of the city.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import permutations
from math import atan2, degrees

from simcity.city.network import Network, Node, Way

_MAIN = ("primer", "sekunder")
_MEDIAN_LANES = 4
_STRAIGHT_DEG = 45.0


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
    """A link at a node: its way, the node at its other end, and where it leads, in degrees."""

    way: int
    far: Node
    bearing: float
    is_main: bool
    has_median: bool


def make_signs(network: Network) -> Signs:
    """Return the signs of a network."""
    number = {node: index for index, node in enumerate(network.nodes)}
    signals: list[int] = []
    bans: list[tuple[int, int, int]] = []
    for node, arms in sorted(_arms(network).items(), key=lambda item: number[item[0]]):
        if node[1] != 0 or len(arms) < 3:
            continue
        if len({arm.way for arm in arms if arm.is_main}) > 1:
            signals.append(number[node])
            continue
        bans += [
            (number[before.far], number[node], number[after.far])
            for before, after in _over_the_median(arms)
        ]
    return Signs(signals, sorted(set(bans)))


def _arms(network: Network) -> dict[Node, list[_Arm]]:
    arms: defaultdict[Node, list[_Arm]] = defaultdict(list)
    for link in network.links:
        way = network.ways[link.way]
        for shape in (link.shape, link.shape[::-1]):
            (x, y), (u, v) = shape[0][0], shape[1][0]
            bearing = degrees(atan2(u - x, v - y))
            arms[shape[0]].append(
                _Arm(link.way, shape[-1], bearing, way.kind in _MAIN, _has_median(way))
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
