"""What devices send, read into fixes: OsmAnd and Traccar forms, Traccar's JSON, OwnTracks' JSON.

Sources: traccar.org/osmand (form and JSON of Traccar Client from 9.0), OwnTracks booklet "JSON"
(`_type: location`). Speeds come in knots, metres a second and km/h: each form has its own.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from warroom.units.contracts import Fix
from warroom.units.errors import BadFixError

KMH_PER_KNOT = 1.852
KMH_PER_MS = 3.6
_MILLISECONDS_FROM = 1e11
"""A number of seconds as large is the year 5138: it is milliseconds."""


def read_form(values: Mapping[str, str], now_s: float) -> Fix:
    """A fix of the OsmAnd form; without a timestamp it is of now.

    Args:
        values: `lat`, `lon` (or `location=LAT,LON`), `timestamp` (s, ms or ISO 8601), `speed`
            (knots), `bearing` or `heading`, `accuracy` (m), `batt` or `battery` (per cent).
        now_s: The time of arrival.

    Raises:
        BadFixError: It holds no position, or a number that is none.
    """
    if values.get("valid", "true").lower() in ("false", "0"):
        raise BadFixError(problem="valid")
    lat, lon = values.get("lat"), values.get("lon")
    if lat is None and "location" in values:
        lat, _, lon = values["location"].partition(",")
    battery = _number(values.get("batt", values.get("battery")), "batt")
    return Fix(
        at_s=_time(values.get("timestamp"), now_s),
        lat=_must(lat, "lat"),
        lon=_must(lon, "lon"),
        kmh=_speed(_number(values.get("speed"), "speed") * KMH_PER_KNOT),
        bearing=_course(_number(values.get("bearing", values.get("heading")), "bearing")),
        accuracy_m=_positive(_number(values.get("accuracy"), "accuracy")),
        battery=_share(battery / 100.0),
    )


def read_json(content: bytes, now_s: float) -> tuple[str, list[Fix]]:
    """The device and its fixes in the JSON of Traccar Client; several locations may come at once.

    Raises:
        BadFixError: It is not that JSON, or holds no position.
    """
    body = _object(content)
    location = body.get("location")
    device = body.get("device_id", body.get("deviceId", ""))
    locations: list[Any] = location if isinstance(location, list) else [location]
    if not locations:
        raise BadFixError(problem="location")
    return str(device), [_location(one, now_s) for one in locations]


def _location(location: Any, now_s: float) -> Fix:
    if not isinstance(location, dict):
        raise BadFixError(problem="location")
    coords = location.get("coords")
    if not isinstance(coords, dict):
        raise BadFixError(problem="coords")
    battery = location.get("battery")
    return Fix(
        at_s=_time(location.get("timestamp"), now_s),
        lat=_must(coords.get("latitude"), "latitude"),
        lon=_must(coords.get("longitude"), "longitude"),
        kmh=_speed(_number(coords.get("speed"), "speed") * KMH_PER_MS),
        bearing=_course(_number(coords.get("heading"), "heading")),
        accuracy_m=_positive(_number(coords.get("accuracy"), "accuracy")),
        battery=_share(
            _number(battery.get("level"), "level") if isinstance(battery, dict) else math.nan
        ),
    )


def read_owntracks(content: bytes, now_s: float) -> Fix:
    """A fix of OwnTracks' JSON (`_type: location`; `vel` in km/h, `cog`, `acc`, `batt` per cent).

    `_type` may be absent: a tracker's own JSON with `lat`, `lon` and `tst` is taken as well.

    Raises:
        BadFixError: It is not that JSON, or something else than a location.
    """
    body = _object(content)
    if body.get("_type", "location") != "location":
        raise BadFixError(problem="_type")
    return Fix(
        at_s=_time(body.get("tst"), now_s),
        lat=_must(body.get("lat"), "lat"),
        lon=_must(body.get("lon"), "lon"),
        kmh=_speed(_number(body.get("vel"), "vel")),
        bearing=_course(_number(body.get("cog"), "cog")),
        accuracy_m=_positive(_number(body.get("acc"), "acc")),
        battery=_share(_number(body.get("batt"), "batt") / 100.0),
    )


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFixError(problem="json") from error
    if not isinstance(body, dict):
        raise BadFixError(problem="json")
    return body


def _must(value: Any, field: str) -> float:
    if value is None or value == "":
        raise BadFixError(problem=field)
    return _number(value, field)


def _number(value: Any, field: str) -> float:
    if value is None or value == "":
        return math.nan
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadFixError(problem=field)
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise BadFixError(problem=field) from error


def _time(value: Any, now_s: float) -> float:
    if value is None or value == "":
        return now_s
    if isinstance(value, str) and "T" in value:
        try:
            at = datetime.fromisoformat(value)
        except ValueError as error:
            raise BadFixError(problem="timestamp") from error
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    number = _number(value, "timestamp")
    if not math.isfinite(number):
        raise BadFixError(problem="timestamp")
    return number / 1000.0 if abs(number) >= _MILLISECONDS_FROM else number


def _positive(value: float) -> float:
    """Receivers tell -1 where they do not know."""
    return value if 0.0 <= value < 1e6 else math.nan


_speed = _positive


def _course(value: float) -> float:
    return value % 360.0 if 0.0 <= value <= 360.0 else math.nan


def _share(value: float) -> float:
    return value if 0.0 <= value <= 1.0 else math.nan
