"""How a turning camera comes to look at a place: by degrees, by a kept position, or not. Pure.

What is not known is not guessed: a camera whose pan range nobody measured is not turned by numbers,
and a position that it keeps counts only where somebody, or its own numbers, say where it looks.

References:
    ONVIF PTZ Service Specification, section 5.1.1 (generic and spherical position spaces).
"""

import math
from collections.abc import Iterable, Mapping

from warroom.cameras.contracts import Aim, Preset, Reach

_DEGREE_M = 111_320.0


def bearing_to(here: tuple[float, float], there: tuple[float, float]) -> float | None:
    """Degrees clockwise from north, 0 <= bearing < 360; None where both are the same place.

    Positions are (lat, lon) within one city: the earth is taken as flat.
    """
    north = (there[0] - here[0]) * _DEGREE_M
    east = (there[1] - here[1]) * _DEGREE_M * math.cos(math.radians(here[0]))
    if math.hypot(north, east) < 1.0:
        return None
    return math.degrees(math.atan2(east, north)) % 360.0


def apart(one: float, other: float) -> float:
    """The angle between two bearings, 0 to 180 degrees."""
    return abs((one - other + 180.0) % 360.0 - 180.0)


def pan_of(bearing: float, home: float, reach: Reach, span_deg: float | None) -> float | None:
    """The pan position that looks there; None where it cannot be known or is out of reach."""
    per_degree = _units_per_degree(reach, span_deg)
    if per_degree is None:
        return None
    middle = 0.0 if reach.in_degrees else (reach.pan_low + reach.pan_high) / 2
    turn = (bearing - home + 180.0) % 360.0 - 180.0
    # A node that counts 0 to 360, or turns more than once around, reaches a bearing in other ways.
    for more in (0.0, 360.0, -360.0):
        pan = middle + (turn + more) * per_degree
        if reach.pan_low - 1e-9 <= pan <= reach.pan_high + 1e-9:
            return min(max(pan, reach.pan_low), reach.pan_high)
    return None


def bearing_of(
    pan: float | None, home: float | None, reach: Reach, span_deg: float | None
) -> float | None:
    """Where a pan position looks; None where it cannot be known."""
    per_degree = _units_per_degree(reach, span_deg)
    if pan is None or home is None or per_degree is None:
        return None
    middle = 0.0 if reach.in_degrees else (reach.pan_low + reach.pan_high) / 2
    return (home + (pan - middle) / per_degree) % 360.0


def choose(
    bearing: float | None,
    home: float | None,
    fov_deg: float | None,
    reach: Reach,
    span_deg: float | None,
    presets: Iterable[Preset],
    bearings: Mapping[str, float],
) -> Aim:
    """The best way to look along a bearing.

    Args:
        bearing: Where the place is; None where the camera stands on it.
        home: Bearing of the home position; None is not known.
        fov_deg: Opening angle; None is not known.
        reach: What the node offers.
        span_deg: Degrees of its whole pan range; None is not known.
        presets: The positions it keeps.
        bearings: Where those look, as people have said, by token.
    """
    if bearing is None:
        return Aim(None, why="same_place")
    if reach.by is not None and home is not None:
        pan = pan_of(bearing, home, reach, span_deg)
        if pan is not None:
            return Aim("turn", pan=pan, is_seen=True)
    known = [
        (apart(bearing, looks), preset.token, preset)
        for preset in presets
        for looks in [
            bearings.get(preset.token, bearing_of(preset.pan, home, reach, span_deg)),
        ]
        if looks is not None
    ]
    if not known:
        is_measured = home is not None and _units_per_degree(reach, span_deg) is not None
        return Aim(None, why="out_of_reach" if is_measured and reach.by else "not_measured")
    off, _, preset = min(known, key=lambda one: one[:2])
    if off > 90.0:
        return Aim(None, off_deg=off, why="no_preset")
    seen = None if fov_deg is None else off <= fov_deg / 2
    return Aim("preset", preset=preset, off_deg=off, is_seen=seen)


def _units_per_degree(reach: Reach, span_deg: float | None) -> float | None:
    if reach.in_degrees:
        return 1.0
    if not span_deg:
        return None
    return (reach.pan_high - reach.pan_low) / span_deg
