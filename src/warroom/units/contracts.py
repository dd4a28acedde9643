"""What others may know of a unit; nothing here touches a database or the network."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from warroom.kernel.actions import Action, declare
from warroom.kernel.scope import Columns, Sides

UnitId = NewType("UnitId", UUID)

VIEW = "unit:view"
"""To see a unit and where it is now."""

CONFIGURE = "unit:configure"
TRACK = "unit:track"
"""To read where a unit was: who drove where is personal data."""

LOCATE = "unit:locate"
"""Held by the system alone: takes positions in."""

ACTIONS = declare(
    Action(VIEW, "unit", "view", lends=True, for_programs=True),
    Action(TRACK, "unit", "manage", lends=True),
    Action(CONFIGURE, "unit", "configure"),
    Action(LOCATE, "unit", by_system=True),
)

CHANGED = "units.changed"
FENCE = "units.fence"
POSITION = "units.position"
"""Topics. `units.position` is told once a second, all units of a listener together, and is not
resumed: who was away reads the list."""

WATER = frozenset({"boat", "fire_boat"})
"""Kinds that are not looked for on roads; every other kind is a road vehicle."""


class Freshness(StrEnum):
    """How much a position still says about now."""

    FRESH = "fresh"
    STALE = "stale"
    SILENT = "silent"
    NEVER = "never"


class Verdict(StrEnum):
    """What became of a fix.

    `kept` moves the unit; `late` is older than its newest and goes into its track alone; the
    others are not stored: told twice (`repeated`), from the future, from before anything that is
    kept (`too_old`), at 0/0, no position of the Earth (`no_position`), farther from the last than
    anything drives (`jump`; the third in a row that agrees with the one before is believed), or
    from a unit that was taken out of service meanwhile (`unknown`).
    """

    KEPT = "kept"
    LATE = "late"
    REPEATED = "repeated"
    FUTURE = "future"
    TOO_OLD = "too_old"
    ZERO = "zero"
    NO_POSITION = "no_position"
    JUMP = "jump"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fix:
    """One position as a device told it; NaN is not told.

    Attributes:
        at_s: Seconds since 1970 UTC, by the clock of the device.
        kmh: Speed.
        bearing: Course over ground, degrees clockwise from north.
        battery: 0 to 1.
    """

    at_s: float
    lat: float
    lon: float
    kmh: float = float("nan")
    bearing: float = float("nan")
    accuracy_m: float = float("nan")
    battery: float = float("nan")


@dataclass(frozen=True, slots=True)
class UnitDraft:
    """A unit as somebody wants it, checked by `rules`.

    Attributes:
        name: Callsign, unique within the agency.
        kind: The city's own word: `engine`, `ambulance`, `patrol`, `dishub`, `tanker`, `boat`.
        plate: Number plate; empty where there is none.
        station: Where it stands when it is not out, in words.
        place: Area code of the station; what rights by place ask for.
        capabilities: What it can do, words of the city: `ladder`, `foam`, `als`, `tow`.
        crew: How many people it takes, 0 to 100.
        width_m: With mirrors; None is not known.
        device: Id of what sends its positions, unique in the city; None has none.
        simulated: Whether its positions are made up; said wherever it is shown.
        enabled: Whether positions are taken in.
    """

    name: str
    agency_id: UUID
    kind: str
    plate: str = ""
    station: str = ""
    place: str | None = None
    capabilities: tuple[str, ...] = ()
    crew: int = 0
    width_m: float | None = None
    height_m: float | None = None
    device: str | None = None
    tags: tuple[str, ...] = ()
    simulated: bool = False
    enabled: bool = True
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it is stored, without its position."""

    id: UnitId
    version: int
    draft: UnitDraft

    @property
    def sides(self) -> Sides:
        """By what rights on it are judged; its class is its kind."""
        return {
            "agency_id": self.draft.agency_id,
            "place": self.draft.place,
            "object_id": self.id,
            "tags": self.draft.tags,
            "class_": self.draft.kind,
        }


def columns_of(table: str) -> Columns:
    """By what rights on a unit are judged: columns of `unit`, by its alias."""
    return {
        "agency": f"{table}.agency_id",
        "place": f"{table}.place",
        "id": f"{table}.id",
        "tags": f"{table}.tags",
        "class_": f"{table}.kind",
    }


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Which units a list shows; None and empty narrow nothing."""

    q: str = ""
    kind: str | None = None
    agency_id: UUID | None = None
    after: UUID | None = None
    limit: int = 500


@dataclass(frozen=True, slots=True)
class Device:
    """What positions of a device are judged by.

    Attributes:
        key_hash: SHA-256 of its key; None lets nothing in.
    """

    unit: Unit
    key_hash: bytes | None


@dataclass(frozen=True, slots=True)
class LastKnown:
    """Where a unit was when this process began, and in which areas it was said to be."""

    unit_id: UUID
    at: datetime
    lat: float
    lon: float
    kecamatan: str | None
    fences: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A unit and where it was last; `at`, `lat` and `lon` are None if it was never heard of."""

    unit: Unit
    at: datetime | None
    lat: float | None
    lon: float | None


@dataclass(frozen=True, slots=True)
class Fence:
    """An area that an agency wants to be told about when its units enter or leave it.

    Attributes:
        ring: (longitude, latitude) in degrees, at least three corners.
    """

    id: UUID
    agency_id: UUID
    name: str
    ring: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row of an import.

    Attributes:
        row: Line of the file, counted from 1 as an editor shows it.
        value: What stood there, shortened.
    """

    row: int
    field: str
    code: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did; `ignored` are headings that mean nothing here."""

    added: int
    changed: int
    unchanged: int
    rejected: tuple[Problem, ...]
    dry_run: bool
    ignored: tuple[str, ...] = ()
