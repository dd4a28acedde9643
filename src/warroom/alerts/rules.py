"""Decisions of `alerts`: what an alert still says, where, and what it does to others. Pure."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, timedelta
from itertools import pairwise

from warroom.alerts.contracts import (
    SEVERITIES,
    Alert,
    Area,
    Box,
    Info,
    Point,
    Reference,
    Standing,
)

ENDINGS = {"Update": "updated", "Cancel": "cancelled"}
"""What a message does to those that it names."""

_EARTH_KM = 6_371.0088
_KM_PER_DEGREE = math.pi * _EARTH_KM / 180


def key_of(reference: Reference) -> str:
    """One message among all of its source, whatever offset its time is written with."""
    at = reference.sent.astimezone(UTC)
    return f"{reference.sender},{reference.identifier},{at:%Y-%m-%dT%H:%M:%SZ}"


def standing_of(alert: Alert, unexpiring: timedelta) -> Standing:
    """What an alert says of itself.

    Of what it ends, only messages of the same sender count: nobody takes back what another said.
    A test or an exercise ends nothing that is actual, and nothing actual ends a test: the status
    is judged with the key, where the alert is stored.

    Args:
        alert: As it was read.
        unexpiring: How long one holds that does not say until when.
    """
    begins = [one.onset or one.effective or alert.sent for one in alert.infos]
    ends = [one.expires or (one.effective or alert.sent) + unexpiring for one in alert.infos]
    severities = [one.severity for one in alert.infos]
    how = ENDINGS.get(alert.type)
    return Standing(
        is_actual=alert.status == "Actual" and alert.type in ("Alert", "Update") and bool(ends),
        starts_at=min(begins, default=alert.sent),
        until=max(ends, default=alert.sent),
        severity=min(severities, key=SEVERITIES.index, default="Unknown"),
        key=key_of(alert.reference),
        ended=tuple(key_of(one) for one in alert.references if one.sender == alert.sender)
        if how
        else (),
        how=how,
        box=box_of(area for info in alert.infos for area in info.areas),
    )


def box_of(areas: Iterable[Area]) -> Box | None:
    """The box around all that is drawn; None where nothing is.

    Across the antimeridian it is as wide as the world: too much is asked for, never too little.
    """
    points: list[Point] = []
    for area in areas:
        points += [point for ring in area.polygons for point in ring]
        for lat, lon, km in area.circles:
            high = km / _KM_PER_DEGREE
            wide = high / max(0.01, math.cos(math.radians(min(89.0, abs(lat) + high))))
            points += [(lat - high, lon - wide), (lat + high, lon + wide)]
    if not points:
        return None
    lats, lons = [lat for lat, _ in points], [lon for _, lon in points]
    return (min(lons), min(lats), max(lons), max(lats))


def holds_at(area: Area, point: Point) -> bool:
    """Whether a position lies in one of the outlines of an area, or on their rims."""
    return any(_is_in_ring(point, ring) for ring in area.polygons) or any(
        distance_km(point, (lat, lon)) <= km for lat, lon, km in area.circles
    )


def _is_in_ring(point: Point, ring: Sequence[Point]) -> bool:
    y, x = point
    is_in = False
    for (y1, x1), (y2, x2) in pairwise(ring):
        if _is_on(point, (y1, x1), (y2, x2)):
            return True
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            is_in = not is_in
    return is_in


def _is_on(point: Point, a: Point, b: Point) -> bool:
    (y, x), (y1, x1), (y2, x2) = point, a, b
    if not (min(y1, y2) <= y <= max(y1, y2) and min(x1, x2) <= x <= max(x1, x2)):
        return False
    return (x2 - x1) * (y - y1) == (y2 - y1) * (x - x1)


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance in kilometres."""
    lat1, lat2 = math.radians(a[0]), math.radians(b[0])
    half_lat, half_lon = (lat2 - lat1) / 2, math.radians(b[1] - a[1]) / 2
    part = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(part)))


def circle_ring(lat: float, lon: float, km: float, corners: int = 64) -> tuple[Point, ...]:
    """A circle as a closed ring, to be drawn; it lies a thousandth inside the circle at most."""
    high = km / _KM_PER_DEGREE
    wide = high / max(0.01, math.cos(math.radians(lat)))
    turns = (2 * math.pi * at / corners for at in range(corners))
    ring = [(lat + high * math.sin(turn), lon + wide * math.cos(turn)) for turn in turns]
    return (*ring, ring[0])


def rings_of(areas: Iterable[Area]) -> list[tuple[Point, ...]]:
    """Everything that areas draw, as closed rings."""
    return [
        ring
        for area in areas
        for ring in (*area.polygons, *(circle_ring(*one) for one in area.circles))
    ]


def info_for(infos: Sequence[Info], language: str) -> Info | None:
    """The block to show to a reader of this language: theirs, else English, else the first."""
    for wanted in (language, "en"):
        for info in infos:
            if info.language.lower().partition("-")[0] == wanted:
                return info
    return infos[0] if infos else None
