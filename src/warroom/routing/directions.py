"""From edges to what a person is told: steps, and why a way leaves the usual one; pure."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from warroom.roads.contracts import Floats, RoadGraph
from warroom.routing.contracts import Detour, Path, Slow, Step, Weights
from warroom.routing.costs import word_of_turn

MIN_LOSS_S = 30.0
"""Less is not worth a reason."""
MIN_GAIN = 0.12
"""Somebody under way is told of another way only if it is so much quicker: re-routing every minute
did not clearly beat one good route (design reference, traffic)."""


def is_worth_turning(current_s: float, other_s: float) -> bool:
    """Whether somebody under way should be told of another way."""
    return current_s - other_s >= MIN_LOSS_S and other_s <= current_s * (1.0 - MIN_GAIN)


def line_of(graph: RoadGraph, path: Path) -> Floats:
    """The line of a way, cut at both ends, (n, 2) longitude and latitude, n >= 2."""
    edges = path.edges
    if len(edges) == 1:
        return part_of(graph.points(edges[0]), path.start, path.end)
    pieces = [part_of(graph.points(edges[0]), path.start, 1.0)]
    pieces += [graph.points(edge)[1:] for edge in edges[1:-1]]
    pieces.append(part_of(graph.points(edges[-1]), 0.0, path.end)[1:])
    return np.concatenate(pieces)


def part_of(points: Floats, start: float, end: float) -> Floats:
    """The part of a line between two fractions of its length, (n, 2), n >= 2."""
    if (start, end) == (0.0, 1.0):
        return points
    squeeze = np.array([np.cos(np.radians(points[:, 1].mean())), 1.0])
    steps = np.hypot(*(np.diff(points, axis=0) * squeeze).T)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    at = np.array([start, end]) * along[-1]
    inside = (along > at[0]) & (along < at[1])
    ends = np.column_stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)])
    return np.concatenate((ends[:1], points[inside], ends[1:]))


def lengths_of(graph: RoadGraph, path: Path) -> Floats:
    """Metres driven on each edge of a way."""
    length = graph.length_m[path.edges].astype(np.float64)
    if len(path.edges) == 1:
        return length * (path.end - path.start)
    length[0] *= 1.0 - path.start
    length[-1] *= path.end
    return length


def steps_of(graph: RoadGraph, path: Path, times_s: Sequence[float]) -> tuple[Step, ...]:
    """What to do along a way: a step wherever the road's name changes or one turns off.

    Args:
        graph: The roads.
        path: The way.
        times_s: Seconds on each edge, with the turn onto it.
    """
    metres = lengths_of(graph, path)
    line = line_of(graph, path)
    begins = [0]
    turns = ["depart"]
    for index, (before, after) in enumerate(pairwise(path.edges), 1):
        word = _turn_between(graph, before, after)
        same = graph.name_of(before) == graph.name_of(after)
        if word == "straight" and (same or not graph.name_of(after)):
            continue
        if word.startswith("slight") and same:
            continue
        begins.append(index)
        turns.append(word)
    steps = []
    for turn, (begin, end) in zip(turns, pairwise([*begins, len(path.edges)]), strict=True):
        lon, lat = line[0] if begin == 0 else graph.points(path.edges[begin])[0]
        steps.append(
            Step(
                turn,
                graph.name_of(path.edges[begin]),
                float(metres[begin:end].sum()),
                float(sum(times_s[begin:end])),
                float(lat),
                float(lon),
            )
        )
    lon, lat = line[-1]
    steps.append(Step("arrive", graph.name_of(path.edges[-1]), 0.0, 0.0, float(lat), float(lon)))
    return tuple(steps)


def _turn_between(graph: RoadGraph, before: int, after: int) -> str:
    arrive, leave = graph.points(before)[-2:], graph.points(after)[:2]
    squeeze = np.cos(np.radians(arrive[1, 1]))
    (dx, dy), (ex, ey) = arrive[1] - arrive[0], leave[1] - leave[0]
    into = np.degrees(np.arctan2(dx * squeeze, dy))
    out = np.degrees(np.arctan2(ex * squeeze, ey))
    angle = float((out - into + 180.0) % 360.0 - 180.0)
    return word_of_turn(angle, is_back=int(graph.twin[before]) == after)


def reason_of(
    graph: RoadGraph,
    route: Path,
    usual: Path,
    usual_cost_ms: int,
    now_ms: Weights,
    free_ms: Weights,
) -> Detour | None:
    """Why a route is not the usual way; None where it is, or where that would lose little.

    Args:
        graph: The roads.
        route: The way that is taken.
        usual: The way one would take on free roads.
        usual_cost_ms: What that way takes now.
        now_ms: (E) milliseconds over each edge now.
        free_ms: (E) the same on free roads.
    """
    lost_s = (usual_cost_ms - route.cost_ms) / 1000
    if route.edges == usual.edges or lost_s < MIN_LOSS_S:
        return None
    slow = slowest_road(graph, usual.edges, _lost_s(usual, now_ms, free_ms))
    return Detour(slow.road, lost_s, _longer(graph, route, usual), slow.edges)


def slow_part(graph: RoadGraph, route: Path, now_ms: Weights, free_ms: Weights) -> Slow | None:
    """The road of a route on which most time is lost; None where that is little.

    Args:
        graph: The roads.
        route: The way that is taken.
        now_ms: (E) milliseconds over each edge now.
        free_ms: (E) the same on free roads.
    """
    slow = slowest_road(graph, route.edges, _lost_s(route, now_ms, free_ms))
    return slow if slow.lost_s >= MIN_LOSS_S else None


def slowest_road(graph: RoadGraph, edges: Sequence[int], lost_s: Sequence[float]) -> Slow:
    """Of the roads that edges belong to, the one that loses most; a named one if there is any.

    Args:
        graph: The roads.
        edges: Of a way, in order.
        lost_s: What each loses.
    """
    of_road: dict[str, float] = {}
    for edge, lost in zip(edges, lost_s, strict=True):
        name = graph.name_of(edge)
        of_road[name] = of_road.get(name, 0.0) + lost
    named = {name: lost for name, lost in of_road.items() if name}
    road = max(named, key=lambda name: named[name]) if named else ""
    on_it = tuple(edge for edge in edges if graph.name_of(edge) == road)
    return Slow(road, of_road.get(road, 0.0), on_it)


def _lost_s(path: Path, now_ms: Weights, free_ms: Weights) -> list[float]:
    return [(float(now_ms[edge]) - float(free_ms[edge])) / 1000 for edge in path.edges]


def _longer(graph: RoadGraph, route: Path, usual: Path) -> float:
    return float(lengths_of(graph, route).sum() - lengths_of(graph, usual).sum())


type Say = Callable[..., str]
"""Tells a message by its key, with its values."""


def sentence_of(step: Step, say: Say) -> str:
    """A step as a person reads it."""
    key = f"route.{step.turn}" if step.road else f"route.{step.turn}_unnamed"
    return say(key, road=step.road)
