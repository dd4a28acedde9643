"""What edges and turns cost a vehicle, in milliseconds; pure."""

import numpy as np

from warroom.roads.contracts import Flags, Numbers, RoadGraph, Singles
from warroom.routing.contracts import NEVER, Profile, Weights

SIGNAL_S = 12.0
"""Mean wait at lights on free roads: about half a red of 40 s in a cycle of 90 s (Webster 1958, low
degree of saturation)."""
ACROSS_S = 6.0
"""Turning right crosses the oncoming traffic (one drives on the left)."""
CORNER_S = 2.0
AROUND_S = 25.0
BANNED_TURN_S = 10.0
CORNER_DEG, AROUND_DEG = 45.0, 150.0


def usable_edges(graph: RoadGraph, profile: Profile) -> Flags:
    """(E) the edges a vehicle may drive on."""
    usable = np.asarray(graph.width_m >= profile.min_width_m)
    if not profile.may_restricted:
        usable &= ~graph.restricted
    if not profile.contraflow:
        usable &= ~graph.contraflow
    return np.asarray(usable, np.bool_)


def edge_times(graph: RoadGraph, profile: Profile, kmh: Singles) -> Weights:
    """(E) milliseconds over each edge at these speeds; `NEVER` where nothing may or can drive.

    Args:
        graph: The roads.
        profile: The vehicle.
        kmh: (E) speed of the traffic; 0 or less is a closed road.
    """
    speed = np.minimum(kmh, profile.top_kmh).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        time = graph.length_m * 3600.0 / speed
    time = np.where(graph.contraflow, time * max(profile.contraflow, 1.0), time)
    usable = usable_edges(graph, profile) & (speed > 0)
    whole = np.clip(np.ceil(time), 1, NEVER - 1)
    return np.where(usable, whole, NEVER).astype(np.uint32)


def turn_times(graph: RoadGraph, profile: Profile, chained: Numbers) -> Weights:
    """(T + 1 + L) milliseconds that each turn adds; `NEVER` where the vehicle may not take it.

    After the turns stands a 0, for arcs that no turn leads onto, and then the turns that end a
    forbidden chain of edges, for whoever came along it.

    Args:
        graph: The roads.
        profile: The vehicle.
        chained: (L) turns.
    """
    angle = graph.turn_angle
    is_back = graph.turn_to == graph.twin[graph.turn_from]
    seconds = np.where(graph.signal[graph.turn_from], SIGNAL_S, 0.0)
    seconds = seconds + np.where(np.abs(angle) >= CORNER_DEG, CORNER_S, 0.0)
    seconds = seconds + np.where((angle >= CORNER_DEG) & ~is_back, ACROSS_S, 0.0)
    seconds = seconds + np.where(is_back, AROUND_S, 0.0)
    banned = np.concatenate((graph.turn_banned, [False], np.ones(len(chained), np.bool_)))
    seconds = np.concatenate((seconds, [0.0], seconds[chained])) + banned * BANNED_TURN_S
    whole = np.round(seconds * 1000)
    if not profile.may_banned_turns:
        whole = np.where(banned, NEVER, whole)
    return whole.astype(np.uint32)


def add(first: Weights, second: Weights) -> Weights:
    """The sum, never above `NEVER`."""
    total = first.astype(np.uint64) + second
    return np.asarray(np.minimum(total, NEVER), np.uint32)


def word_of_turn(angle: float, *, is_back: bool) -> str:
    """What a turn of this angle is called (`contracts.Step.turn`)."""
    if is_back or abs(angle) > 170:
        return "around"
    size = abs(angle)
    if size < 20:
        return "straight"
    side = "right" if angle > 0 else "left"
    if size < CORNER_DEG:
        return f"slight_{side}"
    return side if size < 120 else f"sharp_{side}"
