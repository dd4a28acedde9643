"""A route as the command and the interface tell it, in the language of the person."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Any, Literal

import numpy as np

from warroom.kernel.i18n import text
from warroom.roads.contracts import Floats
from warroom.routing.contracts import Conditions, Detour, Reach, Route
from warroom.routing.directions import sentence_of


def route_json(route: Route, language: str) -> dict[str, Any]:
    """A route; its geometry is GeoJSON."""
    return {
        "profile": route.profile,
        "distance_m": round(route.distance_m, 1),
        "duration_s": round(route.duration_s, 1),
        "free_flow_s": round(route.free_flow_s, 1),
        "geometry": {
            "type": "LineString",
            "coordinates": [[round(lon, 6), round(lat, 6)] for lon, lat in route.geometry.tolist()],
        },
        "steps": [
            {
                "turn": step.turn,
                "road": step.road,
                "text": sentence_of(step, lambda key, **given: text(language, key, **given)),
                "distance_m": round(step.distance_m, 1),
                "duration_s": round(step.duration_s, 1),
                "lat": round(step.lat, 6),
                "lon": round(step.lon, 6),
            }
            for step in route.steps
        ],
    }


def reach_json(reach: Reach) -> dict[str, Any]:
    """The roads within reach; geometries are GeoJSON, to a metre."""
    return {
        "profile": reach.profile,
        "bands": [
            {
                "minutes": band.minutes,
                "length_m": round(band.length_m),
                "assumed_m": round(band.assumed_m),
                "known": _lines(band.lines),
                "assumed": _lines(band.assumed),
            }
            for band in reach.bands
        ],
        "closed": list(reach.closed),
    }


def _lines(lines: tuple[Floats, ...]) -> dict[str, Any]:
    return {
        "type": "MultiLineString",
        "coordinates": [np.round(line, 5).tolist() for line in lines],
    }


def detour_json(
    detour: Detour | None, conditions: Conditions | None, zone: tzinfo, language: str
) -> dict[str, Any] | None:
    """Why the route is not the usual one, and a sentence that says so.

    Args:
        detour: None where it is the usual one.
        conditions: What the speeds were taken from; None where no state of the roads is known.
        zone: In which the time is told.
        language: `id` or `en`.
    """
    if detour is None:
        return None
    state, since = state_of(detour.edges, conditions)
    minutes = _number(detour.lost_s / 60, language)
    say: Callable[..., str] = lambda key, **given: text(language, key, **given)  # noqa: E731
    road = detour.road or say("route.unnamed_road")
    sentence = say(f"route.detour_{state}", minutes=minutes, road=road, at=_time(since, zone))
    return {
        "road": detour.road,
        "lost_s": None if state == "closed" else round(detour.lost_s, 1),
        "longer_m": round(detour.longer_m, 1),
        "state": state,
        "since": since,
        "text": sentence,
    }


def state_of(
    edges: Sequence[int], conditions: Conditions | None
) -> tuple[Literal["closed", "jam", "slow"], float | None]:
    """What is with a road, `slow` where nothing more is known, and since when."""
    if conditions is None or not edges:
        return "slow", None
    closed = [edge for edge in edges if conditions.closed[edge]]
    if closed:
        return "closed", float(conditions.since[closed].min())
    jammed = [edge for edge in edges if conditions.jammed[edge]]
    if jammed:
        return "jam", float(conditions.since[jammed].min())
    return "slow", None


def _number(value: float, language: str) -> str:
    return f"{value:.1f}".replace(".", "," if language == "id" else ".")


def _time(since: float | None, zone: tzinfo) -> str:
    return "" if since is None else datetime.fromtimestamp(since, zone).strftime("%H.%M")
