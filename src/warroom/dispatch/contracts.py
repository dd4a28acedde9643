"""What crosses the border of `dispatch`: tasks, assignments, stamps, and the words for them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, get_args
from uuid import UUID

from warroom.kernel.actions import Action, declare
from warroom.kernel.scope import Columns, Sides

VIEW = "dispatch:view"
"""To see tasks, who was sent to them, and what units are doing."""

SEND = "dispatch:send"
"""To open and close tasks and to send units; on the task and on the unit."""

CONFIGURE = "dispatch:configure"
"""To write the run cards of the city, and what an agency's stations keep free."""

ACT = "dispatch:act"
"""To serve on a unit and to tell how far it is."""

BEDS = "dispatch:beds"
"""To tell how many beds a hospital has free, and to keep the list of hospitals."""

ACTIONS = declare(
    Action(VIEW, "task", "view", for_programs=True),
    Action(SEND, "task", "operate"),
    Action(ACT, "unit", "operate"),
    Action(CONFIGURE, "task", "configure"),
    Action(BEDS, "task", "operate", for_programs=True),
)

TASKS = "dispatch.tasks"
"""Topic: a task was opened, changed or closed."""

UNITS = "dispatch.units"
"""Topic: what a unit is doing changed, or who serves on it."""

MINE = "dispatch.mine"
"""Topic, personal: something changed for the unit that this person serves on."""

COVERAGE = "dispatch.coverage"
"""Topic: a station fell below what it is to keep free, or holds it again, or that was changed."""

type TaskKind = Literal["traffic", "incident", "move_up"]
"""A jam; what one agency does about an incident of 112; standing by at another station."""


class Stamp(StrEnum):
    """What can be said of an assignment; the order is that in which equal times are read.

    `delayed` is held up on the way, until it says `en_route` again; `staged` waits near the place
    until it may go on (police first, riot); `transporting` and `at_facility` are of ambulances.
    `acted` leaves the state as it is, and so does `duress`: the crew itself is in danger.
    `cleared` and the three behind it end the assignment. What is told after that leaves it ended:
    `returning` is on the way home, and can be sent; `in_quarters` is at its post.
    """

    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    DELAYED = "delayed"
    STAGED = "staged"
    ON_SCENE = "on_scene"
    TRANSPORTING = "transporting"
    AT_FACILITY = "at_facility"
    ACTED = "acted"
    DURESS = "duress"
    CLEARED = "cleared"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    HANDED_OVER = "handed_over"
    RETURNING = "returning"
    IN_QUARTERS = "in_quarters"


ENDS = frozenset({Stamp.CLEARED, Stamp.DECLINED, Stamp.CANCELLED, Stamp.HANDED_OVER})

RETURN_MOST = timedelta(hours=1)
"""A unit that said longer ago that it drives home is there, or its crew forgot to say so."""

OF_CREW = frozenset(
    {
        *(Stamp.ACCEPTED, Stamp.EN_ROUTE, Stamp.DELAYED, Stamp.STAGED, Stamp.ON_SCENE),
        *(Stamp.TRANSPORTING, Stamp.AT_FACILITY),
        *(Stamp.ACTED, Stamp.DURESS, Stamp.CLEARED, Stamp.DECLINED),
        *(Stamp.RETURNING, Stamp.IN_QUARTERS),
    }
)
"""What the crew says; the rest is the desk's."""

DURESS_ANSWERED = "duress_answered"
"""Kind of the event by which a person at the desk says that the crew in danger was heard."""

WAY_WORSE = "way_worse"
"""Kind of the event that tells that the way before a unit has become slower, or is closed."""

WAY_BETTER = "way_better"
"""The same, that another way has become quicker than the one it goes."""

type Did = Literal[
    "manual_control", "tow", "closure", "diversion", "patient_contact", "water_on_fire",
    "under_control", "other",
]  # fmt: skip
DIDS: tuple[Did, ...] = get_args(Did.__value__)
"""What was done at the place: traffic led by hand, a vehicle towed, a road closed, traffic led
another way; the first touch of a patient, water on the fire, the danger under control."""

type Held = Literal["train", "jam", "closed", "vehicle", "other"]
"""What holds a unit up on its way: a train at the crossing, a jam, a closed road, something on the
vehicle itself (a door, a tyre); anything else is said in words."""

type Outcome = Literal["solved", "dissolved", "not_found", "cancelled"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome.__value__)
"""Why a task is closed: dealt with; gone by itself; nothing was there; not wanted any more."""


class Verdict(StrEnum):
    """What a stamp came to; whatever it is, the stamp is kept.

    Attributes:
        TAKEN: It moved the assignment on, or was noted.
        ALREADY: The assignment was there, or further, at that time.
        NOT_YET: It asks for a step that was not told yet.
        OVER: The assignment had ended at that time.
    """

    TAKEN = "taken"
    ALREADY = "already"
    NOT_YET = "not_yet"
    OVER = "over"


type OutReason = Literal["mechanical", "fuel", "supplies", "cleaning", "crew", "other"]
"""Why a unit is out of service."""


class Status(StrEnum):
    """What a unit is doing, as far as is known."""

    AVAILABLE = "available"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    DELAYED = "delayed"
    STAGED = "staged"
    ON_SCENE = "on_scene"
    TRANSPORTING = "transporting"
    AT_FACILITY = "at_facility"
    RETURNING = "returning"
    """On its way home after a task: it can be sent, and is not at its post yet."""

    EMERGENCY = "emergency"
    """Its crew called for help and nobody answered: this is said before everything else."""

    OUT_OF_SERVICE = "out_of_service"
    """It cannot be sent, whoever serves on it: its crew or the desk said why."""

    UNKNOWN = "unknown"
    """Nobody has signed on to it, so nobody would hear that it is sent."""


type Told = Literal["operator", "unit", "auto"]
"""By whom: the desk (also for a crew that said so over the radio), the crew's phone, the system."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the log of a task; rows are added and never changed.

    Attributes:
        id: Made where it was pressed, so that it can be sent twice.
        kind: A `Stamp`, or what befell the task (`opened`, `jam_ended`, `closed`).
        happened_at: When it was, as far as is believed: the phone's time by its own clock's offset,
            not before the assignment and not after it came.
        received_at: By our clock.
        device_at: By the phone's clock; None if no phone told it.
    """

    id: UUID
    kind: str
    happened_at: datetime
    received_at: datetime
    device_at: datetime | None = None
    source: Told = "operator"
    person_id: UUID | None = None
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """Work at a place.

    Attributes:
        number: What people call it: `LL-2026-000042`.
        place: Area code.
        roads: Names, the longest part of the jam first; empty where none is known.
        state: `open`, the state of the unit that is furthest, or `closed`.
        jam_id: The jam that it is about, as it is called now; None where there was none.
        keys: Edges of the jam, `way:from:to`, as far as it reached until a unit arrived.
        jam_ended: Why the jam is over (`flows`, `closed`, `unknown`); None while it is there.
        jam_ended_at: Since when; None while it is there.
        opened_by: Who opened it; None if it opened by itself.
        incident_id: The case that it is a part of; None of a jam.
        alarm_level: Up to which level of the run card units were sent, 1 to 5.
        minimum_id: For what a unit is moved up; None of everything else.
    """

    id: UUID
    number: str
    agency_id: UUID
    kind: TaskKind
    place: str | None
    lat: float
    lon: float
    roads: tuple[str, ...]
    state: str
    priority: int
    opened_at: datetime
    jam_id: UUID | None = None
    keys: tuple[str, ...] = ()
    jam_ended: str | None = None
    outcome: str | None = None
    closed_at: datetime | None = None
    incident_id: UUID | None = None
    alarm_level: int = 1
    jam_ended_at: datetime | None = None
    opened_by: UUID | None = None
    minimum_id: UUID | None = None

    @property
    def sides(self) -> Sides:
        """By what rights on it are judged; its class is its kind."""
        return {
            "agency_id": self.agency_id,
            "place": self.place,
            "object_id": self.id,
            "tags": (),
            "class_": self.kind,
        }


def columns_of(table: str) -> Columns:
    """The same as columns of `dispatch_task`, by its alias."""
    return {
        "agency": f"{table}.agency_id",
        "place": f"{table}.place",
        "id": f"{table}.id",
        "tags": None,
        "class_": f"{table}.kind",
    }


@dataclass(frozen=True, slots=True)
class Assignment:
    """A unit sent to a task.

    Attributes:
        state: The last `Stamp` that moved it.
        since: When that was.
        dispatched_at, accepted_at, en_route_at, staged_at, on_scene_at, transporting_at,
            at_facility_at, ended_at: None where nobody said so; the first time of each.
        returning_at, in_quarters_at: After the end: on the way home, and at its post.
        eta_s: Travel time that was promised when it was sent; None where none was known.
        role: What of the run card it was sent as; empty where by none.
    """

    id: UUID
    task_id: UUID
    unit_id: UUID
    state: Stamp
    since: datetime
    dispatched_at: datetime
    accepted_at: datetime | None = None
    en_route_at: datetime | None = None
    on_scene_at: datetime | None = None
    ended_at: datetime | None = None
    eta_s: float | None = None
    role: str = ""
    staged_at: datetime | None = None
    transporting_at: datetime | None = None
    at_facility_at: datetime | None = None
    returning_at: datetime | None = None
    in_quarters_at: datetime | None = None


type Moment = Literal["opened", "sent", "arrived", "cleared", "after_5", "after_10", "after_15"]
MOMENTS: tuple[Moment, ...] = get_args(Moment.__value__)
AFTER: dict[Moment, int] = {"after_5": 5, "after_10": 10, "after_15": 15}
"""Minutes after a task was closed."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What the roads of a jam were like at one moment of its task.

    Attributes:
        due_at: The moment.
        at: When it was looked; None if it was not.
        length_m: Of its roads, those jammed; None where too little of them was seen.
        jam_factor: 0 free to 10 closed, mean over what was seen; None likewise.
        delay_s: Time lost on them; None likewise.
        known_share: How much of them was seen, 0 to 1.
        trend: Of the jam; None where there was none.
    """

    moment: Moment
    due_at: datetime
    at: datetime | None = None
    length_m: float | None = None
    jam_factor: float | None = None
    delay_s: float | None = None
    known_share: float = 0.0
    closed_share: float = 0.0
    trend: str | None = None
