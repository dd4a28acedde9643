"""What crosses the border of `traffic`: observations, the state of all edges, jams, words."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Literal, get_args
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from warroom.kernel.actions import Action, declare
from warroom.kernel.scope import Columns, Sides

VIEW = "traffic:view"
REPORT = "traffic:report"
CLOSE = "traffic:close"
COUNT = "traffic:count"
"""To tell what cameras counted: for programs, judged by the camera."""

ACTIONS = declare(
    Action(VIEW, "road", "view", for_programs=True),
    Action(REPORT, "road", "operate", for_programs=True),
    Action(COUNT, "camera", for_programs=True),
    Action(CLOSE, "road", "manage"),
)

EDGES = "traffic.edges"
"""Topic: the edges whose class, or how it is known, changed in a cycle."""

JAMS = "traffic.jams"
"""Topic: a jam was raised, changed or cleared."""

CLOSURES = "traffic.closures"
"""Topic: a road was closed, or opened again."""

REPORTS = "traffic.reports"
"""Topic: somebody reported what a road is like, or took it back."""

SIGHTS = "traffic.sights"
"""Topic: somebody set which roads a camera counts on."""

type Singles = NDArray[np.float32]
type Doubles = NDArray[np.float64]
type Edges = NDArray[np.int64]
type Bytes = NDArray[np.uint8]
type Flags = NDArray[np.bool_]


class Source(IntEnum):
    """Where an observation comes from."""

    CAMERA = 0
    """Speed of one vehicle, or several, past a point: a time-mean, turned into a space-mean."""
    GPS = 1
    """Speed of a vehicle matched to the edge."""
    OFFICER = 2
    CALL = 3
    """Told to 112."""


class How(IntEnum):
    """How the speed of an edge is known; `FREE_FLOW` means that it is not."""

    FREE_FLOW = 0
    MEASURED = 1
    REPORTED = 2
    TYPICAL = 3
    NEIGHBOURS = 4
    """Filled in from roads around, or remembered of a jam that nobody sees now."""
    CLOSED = 5


HOW_LETTERS = "umrtnc"
"""By `How`: unknown, measured, reported, typical, neighbours, closed."""


class Colour(IntEnum):
    """How an edge is drawn: by its ratio, with the bounds of TomTom, the jam apart."""

    UNKNOWN = 0
    FREE = 1
    LIGHT = 2
    MODERATE = 3
    SLOW = 4
    HEAVY = 5
    JAM = 6
    CLOSED = 7


NOBODY = -1


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Speeds on edges; n of them, in any order.

    Attributes:
        edge: (n) edge of the road graph.
        kmh: (n) speed.
        weight: (n) how many vehicles it stands for, above 0.
        at: (n) seconds since 1970, UTC.
        source: (n) `Source`.
        who: (n) a number that tells vehicles apart; `NOBODY` where they are not known apart, and
            each observation is of other vehicles.
    """

    edge: Edges
    kmh: Singles
    weight: Singles
    at: Doubles
    source: Bytes
    who: Edges

    @classmethod
    def of(cls, *rows: tuple[int, float, float, float, int]) -> "Observations":
        """A few, as (edge, kmh, weight, at, source)."""
        columns: list[tuple[float, ...]] = list(zip(*rows, strict=True)) or [()] * 5
        columns.append((NOBODY,) * len(rows))
        kinds = (np.int64, np.float32, np.float32, np.float64, np.uint8, np.int64)
        return cls(*(np.array(c, k) for c, k in zip(columns, kinds, strict=True)))

    def __len__(self) -> int:
        return len(self.edge)


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Vehicles counted past a point of an edge; n counts.

    Attributes:
        edge: (n) edge of the road graph.
        at: (n) end of the interval, seconds since 1970.
        seconds: (n) its length, above 0.
        motorcycles, light, heavy: (n) vehicles.
    """

    edge: Edges
    at: Doubles
    seconds: Singles
    motorcycles: Singles
    light: Singles
    heavy: Singles

    def __len__(self) -> int:
        return len(self.edge)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The state of all E edges at one instant; nothing in it changes.

    Attributes:
        version: Which road graph the edges are of.
        at: Seconds since 1970.
        kmh: (E) speed; 0 where the road is closed.
        ratio: (E) of the free-flow speed, 0 to about 1.5.
        flow: (E) passenger cars an hour; NaN where nobody counted.
        density: (E) passenger cars a kilometre; NaN where nobody counted.
        confidence: (E) 0 to 1.
        observed: (E) how many vehicles the window knows of, faded by age.
        how: (E) `How`.
        colour: (E) `Colour`.
        since: (E) since when colour and how are what they are, seconds since 1970.
        updated_at: (E) newest observation; NaN where there was none.
    """

    version: str
    at: float
    kmh: Singles
    ratio: Singles
    flow: Singles
    density: Singles
    confidence: Singles
    observed: Singles
    how: Bytes
    colour: Bytes
    since: Doubles
    updated_at: Doubles

    def counted(self) -> dict[str, int]:
        """How many edges are known how."""
        counts = np.bincount(self.how, minlength=len(How))
        return {how.name.lower(): int(counts[how]) for how in How}


type Cause = Literal[
    "accident", "breakdown", "flood", "works", "event", "market", "lights", "other"
]
CAUSES: tuple[Cause, ...] = get_args(Cause.__value__)

type Level = Literal["clear", "slow", "jam", "standing"]

RATIO_OF_LEVEL: dict[Level, float] = {"clear": 1.0, "slow": 0.5, "jam": 0.2, "standing": 0.05}
"""What a reported word stands for: chosen on either side of the bounds of the alarm."""

type Trend = Literal["growing", "steady", "shrinking"]


@dataclass(frozen=True, slots=True)
class Jam:
    """Adjacent jammed edges.

    Attributes:
        edges: Ascending.
        length_m: Of all edges.
        queue_m: From its head back to the last vehicle, along the roads.
        roads: Names, the longest part first.
        areas: Codes of the areas it lies in, the longest part first.
        lat, lon: Its head.
        began_at, changed_at: Seconds since 1970.
        cause: None until somebody says so.
        how: `measured`, or `reported` where more was told than measured.
    """

    id: UUID
    edges: tuple[int, ...]
    length_m: float
    queue_m: float
    roads: tuple[str, ...]
    areas: tuple[str, ...]
    lat: float
    lon: float
    kmh: float
    ratio: float
    delay_s: float
    began_at: float
    changed_at: float
    trend: Trend = "steady"
    cause: str | None = None
    how: str = "measured"

    @property
    def place(self) -> str | None:
        """Code of the area that most of it lies in."""
        return self.areas[0] if self.areas else None

    def as_json(self) -> dict[str, Any]:
        """For people and the event socket."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        rounded = ("length_m", "queue_m", "kmh", "delay_s", "began_at", "changed_at")
        fields |= {name: round(fields[name], 1) for name in rounded}
        return fields | {
            "ratio": round(self.ratio, 3),
            "lat": round(self.lat, 6),
            "lon": round(self.lon, 6),
        }


@dataclass(frozen=True, slots=True)
class JamEvent:
    """What became of a jam: `raised`, `changed` or `cleared`, and why it was cleared."""

    change: Literal["raised", "changed", "cleared"]
    jam: Jam
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said of roads, while it holds: a closure, or a report.

    Attributes:
        keys: Of the edges, "way:from:to": they outlive the pack.
        starts_at, ends_at: It holds from, and before.
        level: None for a closure.
        cause: None where nobody said.
    """

    id: UUID
    agency_id: UUID
    place: str | None
    keys: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    source: Source = Source.OFFICER
    level: Level | None = None
    cause: str | None = None

    @property
    def sides(self) -> Sides:
        """By what it is judged who may know of it."""
        return {
            "agency_id": self.agency_id,
            "place": self.place,
            "object_id": self.id,
            "tags": (),
            "class_": None,
        }


SAID_COLUMNS: Columns = {
    "agency": "agency_id",
    "place": "place",
    "id": "id",
    "tags": None,
    "class_": None,
}
