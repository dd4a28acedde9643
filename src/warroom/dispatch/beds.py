"""Free beds of hospitals, and which hospital is the best for a patient; pure.

A count is what somebody told, at some time. None, an old one and a zero are three things: nobody
knows; nobody knows any more; there is no bed.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

type BedKind = Literal["igd", "icu", "ward"]
BEDS: tuple[BedKind, ...] = get_args(BedKind.__value__)
"""The emergency room (IGD), intensive care, a bed to be admitted to: as SIRANAP tells them."""

type BedState = Literal["free", "unknown", "stale", "full"]
"""Known fresh to be free; never told; told too long ago; known fresh to have none."""

type Source = Literal["operator", "import", "program"]

_RANK: dict[BedState, int] = {"free": 0, "unknown": 1, "stale": 1, "full": 2}


@dataclass(frozen=True, slots=True)
class Count:
    """What somebody told of the beds of a kind.

    Attributes:
        free: How many; 0 is none.
        total: Of how many; None where that was not told.
        at: When they were counted.
        by: Who told it, a person or a program; None where nobody here knows them.
        origin: Where they have it from, in words.
    """

    kind: BedKind
    free: int
    at: datetime
    source: Source
    total: int | None = None
    by: str | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Facility:
    """A hospital.

    Attributes:
        place: Area in which it lies: what rights by place ask for.
        counts: The last of each kind; kinds of which nobody told are missing.
    """

    id: UUID
    agency_id: UUID
    name: str
    place: str | None
    lat: float
    lon: float
    counts: Mapping[BedKind, Count] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """A hospital that a patient could be taken to.

    Attributes:
        state: Of the beds that are needed: why it stands where it stands.
        seconds: By the roads of now; None without a way, or without roads.
    """

    facility: Facility
    state: BedState
    seconds: float | None


def state_of(count: Count | None, now: datetime, fresh_s: float) -> BedState:
    """What a count is worth now."""
    if count is None:
        return "unknown"
    if (now - count.at).total_seconds() > fresh_s:
        return "stale"
    return "free" if count.free > 0 else "full"


def order(
    facilities: Iterable[Facility],
    kind: BedKind,
    seconds: Mapping[UUID, float],
    now: datetime,
    fresh_s: float,
) -> list[Choice]:
    """The best first: known to have a free bed, then not known, then known to have none.

    Among those alike the quickest to reach goes first; without a way it stands behind.
    """
    choices = [
        Choice(one, state_of(one.counts.get(kind), now, fresh_s), seconds.get(one.id))
        for one in facilities
    ]
    return sorted(
        choices,
        key=lambda one: (
            _RANK[one.state],
            math.inf if one.seconds is None else one.seconds,
            one.facility.name,
        ),
    )
