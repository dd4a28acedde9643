"""Which open incidents may be the same as this one: a proposal that says why. Pure.

A person merges; this orders what is offered and drops what cannot be meant.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

EARTH_M = 6_371_008.8
RELATED = {
    "fire": {"fire", "hazmat", "medical"},
    "hazmat": {"hazmat", "fire"},
    "crash": {"crash", "medical", "fire"},
    "medical": {"medical", "crash", "fire"},
    "police": {"police", "medical"},
    "weather": {"weather", "rescue"},
    "rescue": {"rescue", "weather", "medical"},
}
"""Families that tell of one event in other words; each is related to itself."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is compared of an incident.

    Attributes:
        heard_at: When somebody last called about it.
        family: None where no type was chosen yet: then place and time alone decide.
        radius_m: How far off its place may be; 0 where a person chose it.
    """

    id: UUID
    lat: float
    lon: float
    heard_at: datetime
    type_code: str | None
    family: str | None
    radius_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """An incident that may be the same.

    Attributes:
        score: 0 to 1; to be shown as an order, not as a probability.
        kinship: Whether the event is the same (`type`), alike (`family`), related, or not told yet
            (`unknown`).
    """

    id: UUID
    score: float
    distance_m: float
    minutes: float
    kinship: str


def distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance of two positions (latitude, longitude)."""
    lat_1, lat_2 = math.radians(one[0]), math.radians(other[0])
    half = math.sin((lat_2 - lat_1) / 2) ** 2
    half += math.cos(lat_1) * math.cos(lat_2) * math.sin(math.radians(other[1] - one[1]) / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(half)))


def candidates(
    new: Facts, others: Iterable[Facts], *, within_m: float, within_min: float, most: int = 5
) -> list[Candidate]:
    """Those that may be the same, the likeliest first; none is further, older or of another family.

    A place that is known by a radius is taken as lying up to that much nearer, never more than
    `within_m` further.
    """
    found = [
        one
        for other in others
        if other.id != new.id and (one := _compare(new, other, within_m, within_min)) is not None
    ]
    return sorted(found, key=lambda one: (-one.score, one.distance_m, one.id))[:most]


def _compare(new: Facts, other: Facts, within_m: float, within_min: float) -> Candidate | None:
    far_m = distance_m((new.lat, new.lon), (other.lat, other.lon))
    unsure_m = min(within_m, new.radius_m + other.radius_m)
    near_m = max(0.0, far_m - unsure_m)
    minutes = abs((new.heard_at - other.heard_at).total_seconds()) / 60
    kinship = _kinship(new, other)
    if near_m > within_m or minutes > within_min or kinship is None:
        return None
    weight = {"type": 1.0, "family": 0.9, "unknown": 0.8, "related": 0.7}[kinship]
    score = weight * (1 - 0.6 * near_m / within_m) * (1 - 0.3 * minutes / within_min)
    return Candidate(other.id, round(score, 3), round(far_m, 1), round(minutes, 1), kinship)


def _kinship(new: Facts, other: Facts) -> str | None:
    if new.type_code is not None and new.type_code == other.type_code:
        return "type"
    if new.family is None or other.family is None:
        return "unknown"
    if new.family == other.family:
        return "family"
    return "related" if other.family in RELATED.get(new.family, ()) else None
