"""Tracks as other programs take them. Pure."""

from typing import Any

from warroom.units.contracts import Unit


def as_geojson(unit: Unit, track: dict[str, Any]) -> dict[str, Any]:
    """A track (`{items, truncated}`) as a feature: a line, times in `coordTimes`, speeds in km/h.

    A line has two points at least (RFC 7946, 3.1.4): one fix is a point, none has no geometry.
    """
    items = track["items"]
    points = [[one["lon"], one["lat"]] for one in items]
    geometry: dict[str, Any] | None = None
    if points:
        is_line = len(points) > 1
        geometry = {
            "type": "LineString" if is_line else "Point",
            "coordinates": points if is_line else points[0],
        }
    properties = {
        "unit": str(unit.id),
        "name": unit.draft.name,
        "kind": unit.draft.kind,
        "simulated": unit.draft.simulated,
        "coordTimes": [one["at"] for one in items],
        "kmh": [one.get("kmh") for one in items],
        "edges": [one.get("edge") for one in items],
        "truncated": track["truncated"],
    }
    return {"type": "Feature", "geometry": geometry, "properties": properties}
