"""What the cameras of the city count: vehicles and speeds of the truth, seen badly."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simcity.drive.streets import Floats, Streets

INTERVAL_S = 30
_SEEN = 0.93
"""Part of the vehicles that is counted; twice as many more are missed at night."""

_SPEED_NOISE, _SPEED_BIAS = 0.08, 0.06
_LIGHT, _HEAVY, _MOTORCYCLE = 0.60, 0.08 / 1.3, 0.32 / 0.25
"""Vehicles of each kind in one smp: motorcycles are 0.25 smp, heavy vehicles 1.3."""

_M_PER_DEGREE = 111_195.08
_STEP_M, _FARTHEST_M, _WITHIN_M = 20.0, 80.0, 25.0
_NEAR_DEG = 0.006


@dataclass(frozen=True, slots=True)
class Watcher:
    """A camera that looks along a road.

    Attributes:
        number: What people call it.
        sides: Edge by whether its traffic goes `away` from the camera or comes `toward` it.
        bias: By how much its speeds are wrong all the time, as a factor.
    """

    number: int
    sides: tuple[tuple[str, int], ...]
    bias: float


def find_watchers(folder: Path, streets: Streets, seed: int) -> list[Watcher]:
    """The cameras of a city folder that look at a main road."""
    sites = json.loads((folder / "cameras.geojson").read_text("utf-8"))["features"]
    rng = np.random.default_rng([seed, 77])
    found = []
    for site in sites:
        bias = float(rng.normal(1.0, _SPEED_BIAS))
        sides = _sides(streets, site)
        if sides:
            found.append(Watcher(site["properties"]["number"], sides, bias))
    return found


def _sides(streets: Streets, site: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    """The first main road before the camera, both ways, as near as one can count."""
    lon, lat = site["geometry"]["coordinates"]
    bearing = math.radians(float(site["properties"]["bearing"]))
    squeeze = math.cos(math.radians(lat))
    far = np.hypot((streets.middle[:, 0] - lon) * squeeze, streets.middle[:, 1] - lat)
    near = np.flatnonzero(streets.is_main & (far < _NEAR_DEG)).tolist()
    farthest = min(_FARTHEST_M, float(site["properties"]["range_m"]))
    for ahead in np.arange(_STEP_M, farthest + 1.0, _STEP_M).tolist():
        there_lat = lat + ahead * math.cos(bearing) / _M_PER_DEGREE
        there_lon = lon + ahead * math.sin(bearing) / (_M_PER_DEGREE * squeeze)
        found = [(*_beside(streets.shapes[edge], there_lon, there_lat), edge) for edge in near]
        gap, _, best = min(found, default=(math.inf, 0.0, -1))
        if gap <= _WITHIN_M:
            both = [one for one in found if _is_same_road(streets, best, one[2])]
            return tuple(sorted((_side(course, bearing), edge) for _, course, edge in both))
    return ()


def _is_same_road(streets: Streets, one: int, other: int) -> bool:
    """The edge itself, and that of the other direction."""
    return streets.keys[one].split(":")[0] == streets.keys[other].split(":")[0]


def _side(course: float, bearing: float) -> str:
    turned = abs((course - math.degrees(bearing) + 180.0) % 360.0 - 180.0)
    return "away" if turned <= 90.0 else "toward"


def _beside(shape: Floats, lon: float, lat: float) -> tuple[float, float]:
    """Distance in metres to a line, and its course there."""
    squeeze = math.cos(math.radians(lat))
    points = (shape - (lon, lat)) * (_M_PER_DEGREE * squeeze, _M_PER_DEGREE)
    start, step = points[:-1], np.diff(points, axis=0)
    along = np.clip(-(start * step).sum(axis=1) / np.maximum((step**2).sum(axis=1), 1e-9), 0, 1)
    gaps = np.hypot(*(start + step * along[:, None]).T)
    best = int(np.argmin(gaps))
    course = math.degrees(math.atan2(step[best, 0], step[best, 1])) % 360.0
    return float(gaps[best]), course


def count(
    watchers: list[Watcher],
    passed: Floats,
    speed_ms: Floats,
    rng: np.random.Generator,
    *,
    is_night: bool,
) -> list[dict[str, Any]]:
    """What each camera counted in an interval.

    Args:
        watchers: The cameras.
        passed: (E) smp that passed each edge in it.
        speed_ms: (E) mean speed in it.
        rng: For what is missed, and wrong.
        is_night: Less is seen.
    """
    seen = _SEEN - (2.0 * (1.0 - _SEEN) if is_night else 0.0)
    rows: list[dict[str, Any]] = []
    for one in watchers:
        for side, edge in one.sides:
            smp = float(passed[edge]) * seen
            cars, trucks, bikes = rng.poisson([smp * _LIGHT, smp * _HEAVY, smp * _MOTORCYCLE])
            row: dict[str, Any] = {
                "camera": one.number, "side": side,
                "motorcycles": int(bikes), "light": int(cars), "heavy": int(trucks),
            }  # fmt: skip
            vehicles = int(cars + trucks + bikes)
            if vehicles:
                wrong = one.bias * rng.normal(1.0, _SPEED_NOISE / math.sqrt(min(vehicles, 9)) * 3)
                row["kmh"] = round(max(1.0, float(speed_ms[edge]) * 3.6 * wrong), 1)
            rows.append(row)
    return rows
