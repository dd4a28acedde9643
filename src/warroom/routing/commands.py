"""Commands of routes."""

from pathlib import Path
from typing import Annotated, Any

import cyclopts

from warroom.kernel.command import say
from warroom.kernel.i18n import language_of_terminal, text
from warroom.roads.api import Roads
from warroom.routing import api
from warroom.routing.errors import BadPositionError

app = cyclopts.App(name="route", help="The way from one position to another.")

type LatLon = Annotated[str, cyclopts.Parameter(allow_leading_hyphen=True)]


@app.default
def route(
    *,
    city: Path,
    from_: Annotated[str, cyclopts.Parameter(name="--from", allow_leading_hyphen=True)],
    to: LatLon,
    profile: str = "car",
    json: bool = False,
) -> None:
    """Tells the quickest way on free roads.

    Example: warroom route --city var/city --from -5.1355,119.4075 --to -5.148,119.432

    Args:
        city: Folder of the city pack.
        from_: Latitude and longitude.
        to: Latitude and longitude.
        profile: car, fire, ambulance or police.
        json: One object: distance_m, duration_s, geometry and steps.
    """
    routing = api.Routing(Roads(city))
    found = routing.route(profile, _position(from_), _position(to))
    say(as_json(found), as_json=json, text="\n".join(_lines(found)))


def as_json(route: api.Route) -> dict[str, Any]:
    """A route as the command and the interface tell it; geometry is GeoJSON."""
    language = language_of_terminal()
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
                "text": api.sentence_of(step, lambda key, **given: text(language, key, **given)),
                "distance_m": round(step.distance_m, 1),
                "duration_s": round(step.duration_s, 1),
                "lat": round(step.lat, 6),
                "lon": round(step.lon, 6),
            }
            for step in route.steps
        ],
    }


def _lines(route: api.Route) -> list[str]:
    told = as_json(route)
    lines = [
        text(
            language_of_terminal(),
            "route.summary",
            km=f"{route.distance_m / 1000:.1f}",
            minutes=f"{route.duration_s / 60:.1f}",
        )
    ]
    lines += [f"{step['distance_m']:8.0f} m  {step['text']}" for step in told["steps"]]
    return lines


def _position(given: str) -> tuple[float, float]:
    try:
        lat, lon = (float(part) for part in given.split(","))
    except ValueError as error:
        raise BadPositionError(given=given[:60]) from error
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise BadPositionError(given=given[:60])
    return lat, lon
