"""Which unit to send: those that can, the quickest first, and why each other one is not offered."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

type Why = Literal[
    "busy", "no_crew", "no_position", "old_position", "disabled", "declined", "off_road",
    "no_route", "too_far", "resting", "not_yours", "none_such", "in_danger", "out_of_service",
]  # fmt: skip
"""Why a unit is not offered; `none_such` where there is none of the sort at all."""

URGENT = 2
"""Up to this priority an emergency vehicle drives as one; else it keeps to the signs as all do."""

_PROFILE_OF = {
    "engine": "fire",
    "ladder": "fire",
    "tanker": "fire",
    "ambulance": "ambulance",
    "patrol": "police",
}


SAILS = frozenset({"boat", "fire_boat"})
"""Kinds that no road is for: they come over water, by the straight line."""

SAILING_M_S = 7.0
"""25 km/h, islands that lie between left out; own assumption."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that can do what is asked for.

    Attributes:
        at: When it was where it is; None if it was never heard of.
        crew: People who serve on it now.
        seats: People it takes.
        width_m: With mirrors; None is not known.
        rests_until: When its crew has rested after the last task; None if it has.
        busy_with: Number of the task it is on.
        declined: Whether it declined this task before.
        station: Where it belongs.
        in_danger: Its crew called for help and nobody answered yet.
        out_of_service: Whether it was taken out of service.
    """

    unit_id: UUID
    name: str
    kind: str
    capabilities: tuple[str, ...]
    enabled: bool
    simulated: bool
    at: datetime | None
    lat: float | None
    lon: float | None
    crew: int
    seats: int = 0
    width_m: float | None = None
    rests_until: datetime | None = None
    busy_with: str | None = None
    declined: bool = False
    station: str = ""
    in_danger: bool = False
    out_of_service: bool = False


@dataclass(frozen=True, slots=True)
class Excluded:
    """A unit that is not offered, and why; `detail` is the task it is on."""

    unit: Candidate
    why: Why
    detail: str | None = None


SMALL_M = 2.1
"""A fire engine no wider than this passes where an ambulance does."""


def profile_of(kind: str, priority: int, width_m: float | None = None) -> str:
    """How a vehicle drives to a task: as an emergency vehicle only where it is urgent.

    References:
        UU 22/2009 art. 134-135: priority is for duty that is urgent, not for every drive.
    """
    if priority > URGENT:
        return "car"
    profile = _PROFILE_OF.get(kind, "car")
    is_small = width_m is not None and width_m <= SMALL_M
    return "ambulance" if profile == "fire" and is_small else profile


def screen(
    candidates: Sequence[Candidate],
    to: tuple[float, float],
    now: datetime,
    silent_after_s: float,
    most: int,
) -> tuple[list[Candidate], list[Excluded]]:
    """Those whose travel time is worth asking for, the nearest by air first, and the others."""
    fit: list[Candidate] = []
    out: list[Excluded] = []
    for unit in candidates:
        why = why_not(unit, now, silent_after_s)
        if why is None:
            fit.append(unit)
        else:
            out.append(Excluded(unit, why, unit.busy_with if why == "busy" else None))
    fit.sort(key=lambda unit: (_metres(unit, to), unit.name))
    out += [Excluded(unit, "too_far") for unit in fit[most:]]
    return fit[:most], out


def why_not(unit: Candidate, now: datetime, silent_after_s: float) -> Why | None:
    """Why a unit cannot be sent as it is; None if it can."""
    if not unit.enabled:
        return "disabled"
    if unit.out_of_service:
        return "out_of_service"
    if unit.in_danger:
        return "in_danger"
    if unit.busy_with is not None:
        return "busy"
    if unit.declined:
        return "declined"
    if unit.rests_until is not None and now < unit.rests_until:
        return "resting"
    if unit.crew == 0:
        return "no_crew"
    if unit.at is None:
        return "no_position"
    return "old_position" if (now - unit.at).total_seconds() > silent_after_s else None


def rank(
    units: Sequence[Candidate], seconds: Mapping[UUID, float | None]
) -> tuple[list[tuple[Candidate, float]], list[Excluded]]:
    """Units by travel time; infinite is no way there, None no road near the unit."""
    found: list[tuple[Candidate, float]] = []
    out: list[Excluded] = []
    for unit in units:
        time = seconds.get(unit.unit_id)
        if time is None:
            out.append(Excluded(unit, "off_road"))
        elif math.isinf(time):
            out.append(Excluded(unit, "no_route"))
        else:
            found.append((unit, time))
    found.sort(key=lambda one: (one[1], one[0].name))
    return found, out


def sailing_s(unit: Candidate, to: tuple[float, float]) -> float:
    """What the straight line takes over water; infinite where the boat's place is not known."""
    return _metres(unit, to) / SAILING_M_S


def _metres(unit: Candidate, to: tuple[float, float]) -> float:
    """By air, on a plane that touches the Earth at the task: to sort by, not to tell."""
    if unit.lat is None or unit.lon is None:
        return math.inf
    east = math.radians(unit.lon - to[1]) * math.cos(math.radians(to[0]))
    return 6_371_000.0 * math.hypot(math.radians(unit.lat - to[0]), east)
