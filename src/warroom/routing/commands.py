"""Commands of routes."""

from pathlib import Path
from typing import Annotated

import cyclopts

from warroom.kernel.command import say
from warroom.kernel.i18n import language_of_terminal, text
from warroom.roads.api import Roads
from warroom.routing import api
from warroom.routing.contracts import MOST_MINUTES
from warroom.routing.errors import BadMinutesError, BadPositionError

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
    say(api.route_json(found, language_of_terminal()), as_json=json, text="\n".join(_lines(found)))


@app.command
def reach(
    *,
    city: Path,
    from_: Annotated[str, cyclopts.Parameter(name="--from", allow_leading_hyphen=True)],
    minutes: str = "3,5,8",
    profile: str = "car",
    json: bool = False,
) -> None:
    """Tells which roads are reached in so many minutes on free roads.

    Example: warroom route reach --city var/city --from -5.1355,119.4075 --profile fire

    Args:
        city: Folder of the city pack.
        from_: Latitude and longitude.
        minutes: Above 0 and at most 15, with commas between.
        profile: car, fire, ambulance or police.
        json: One object: bands, each with minutes, length_m and the roads as GeoJSON.
    """
    found = api.Routing(Roads(city)).reach(profile, _position(from_), _minutes(minutes))
    language = language_of_terminal()
    whole, lines = 0.0, []
    for band in found.bands:
        whole += band.length_m
        told = {"minutes": f"{band.minutes:g}", "km": f"{whole / 1000:.1f}"}
        lines.append(text(language, "route.reached", **told))
    say(api.reach_json(found), as_json=json, text="\n".join(lines))


def _minutes(given: str) -> list[float]:
    try:
        minutes = sorted({float(part) for part in given.split(",")})
    except ValueError as error:
        raise BadMinutesError(given=given[:60]) from error
    if not 0 < minutes[0] <= minutes[-1] <= MOST_MINUTES:
        raise BadMinutesError(given=given[:60])
    return minutes


def _lines(route: api.Route) -> list[str]:
    told = api.route_json(route, language_of_terminal())
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
