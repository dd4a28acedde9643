"""What crosses the border of `incidents`: the incident, its log, and the words for them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, get_args
from uuid import UUID

from warroom.kernel.actions import Action, declare
from warroom.kernel.scope import Scope, Sides

VIEW = "incident:view"
"""To see incidents that one's agency takes part in, drafts among them."""

WORK = "incident:work"
"""To write notes, close, join agencies and calls, set cautions."""

TAKE = "incident:take"
"""To take in what callers tell: drafts, handing on, merging."""

SUPERVISE = "incident:supervise"
"""To reopen and to correct the log."""

CONFIGURE = "incident:configure"
"""To write the question cards of the city."""

PREMISES = "incident:premises"
"""To keep what is known of places: who has the keys, what is dangerous, where water is."""

ACTIONS = declare(
    Action(VIEW, "incident", "view", for_programs=True),
    Action(WORK, "incident", "operate"),
    Action(TAKE, "incident", "operate", for_programs=True),
    Action(SUPERVISE, "incident", "manage"),
    Action(CONFIGURE, "incident", "configure"),
    Action(PREMISES, "incident", "operate"),
)

CHANGED = "incidents.changed"
"""Topic: an incident was handed on, changed, joined or ended; told once to each agency in it."""

DRAFTS = "incidents.drafts"
"""Topic: somebody types; told once to each agency in it."""


class State(StrEnum):
    """Where an incident stands; from `dispatched` to `cleared` it follows from its units."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PENDING = "pending"
    DISPATCHED = "dispatched"
    ACKNOWLEDGED = "acknowledged"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    UNDER_CONTROL = "under_control"
    CLEARED = "cleared"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    UNFOUNDED = "unfounded"
    HANDED_OVER = "handed_over"
    MERGED = "merged"


PROGRESS = (
    *(State.PENDING, State.DISPATCHED, State.ACKNOWLEDGED, State.EN_ROUTE, State.ON_SCENE),
    *(State.UNDER_CONTROL, State.CLEARED),
)
ENDS = frozenset({State.CLOSED, State.CANCELLED, State.UNFOUNDED, State.HANDED_OVER})


class Deed(StrEnum):
    """What moves an incident; the order is that in which equal times are read.

    Everything else in the log (a changed field, an agency that joined) tells and moves nothing.
    """

    DRAFTED = "drafted"
    SCHEDULED = "scheduled"
    SENT = "sent"
    PROGRESSED = "progressed"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    UNFOUNDED = "unfounded"
    HANDED_OVER = "handed_over"
    REOPENED = "reopened"
    MERGED = "merged"
    SPLIT = "split"
    CORRECTED = "corrected"


class Verdict(StrEnum):
    """What a deed came to; whatever it is, it stays in the log.

    Attributes:
        TAKEN: It moved the incident.
        ALREADY: The incident was there at that time.
        NOT_YET: It asks for a step that was not told yet.
        OVER: The incident had ended at that time.
        WRONG: A correction took it back.
    """

    TAKEN = "taken"
    ALREADY = "already"
    NOT_YET = "not_yet"
    OVER = "over"
    WRONG = "wrong"


type Disposition = Literal[
    "handled", "false_alarm", "information", "non_emergency", "prank", "ghost", "test"
]
DISPOSITIONS: tuple[Disposition, ...] = get_args(Disposition.__value__)
"""What a closed incident was; the last five are how call agents class calls (SOP of Cilegon)."""

type Told = Literal["operator", "unit", "auto", "import"]
"""By whom: a desk, a crew, the system, another system."""

type LocationSource = Literal[
    "operator", "cell", "aml", "sms_link", "spoken", "cctv", "sip", "web", "whatsapp", "panic"
]
"""Who or what says where it is; the last three: what a form, a chat or a button brought along."""

type Visibility = Literal["all", "agency", "police"]
"""Who reads a note: all who see the incident, the author's agency, or the police."""

type LinkKind = Literal["parent", "child", "related"]


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the log of an incident; rows are added and never changed.

    Attributes:
        id: Made where it was done, so that it can be sent twice.
        kind: A `Deed`, or what else befell it.
        happened_at: When it was; by a person's word where `is_backdated`.
        corrects: The row that a correction names.
    """

    id: UUID
    kind: str
    happened_at: datetime
    received_at: datetime
    source: Told = "operator"
    person_id: UUID | None = None
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    is_backdated: bool = False
    corrects: UUID | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in one field, and who typed it last.

    Attributes:
        value: Text, number, place, or None where it was emptied.
        at: When it was typed, by our clock.
        revision: Counts what one writer typed.
        writer: One form in one tab; the same person may have two.
    """

    value: Any
    at: datetime
    revision: int
    writer: UUID
    person_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """One case.

    Attributes:
        number: What people call it, `112-2026-004217`; None until it was handed on or closed.
        agency_id: The lead; who took the call, until it is handed on.
        agencies: All that take part; the lead among them.
        missing: What it was handed on without: `place`, `event`.
        event: What happened, in the caller's words or as the card is called.
        place: Area code.
        heard_at: When somebody last called about it.
    """

    id: UUID
    number: str | None
    agency_id: UUID
    taken_by_agency: UUID
    agencies: tuple[UUID, ...]
    state: State
    since: datetime
    opened_at: datetime
    heard_at: datetime
    fields: dict[str, Typed] = field(default_factory=dict)
    revision: int = 0
    missing: tuple[str, ...] = ("place", "event")
    type_code: str | None = None
    family: str = "other"
    card_version: int | None = None
    priority: int | None = None
    event: str = ""
    address: str = ""
    area: str = ""
    place: str | None = None
    lat: float | None = None
    lon: float | None = None
    pending_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    disposition: str | None = None
    merged_into: UUID | None = None

    @property
    def sides(self) -> Sides:
        """By what rights on it are judged, of its lead; its class is the family of its type."""
        return self.sides_of(self.agency_id)

    def sides_of(self, agency_id: UUID) -> Sides:
        """The same of another agency that takes part: rights on what is theirs reach it."""
        return {
            "agency_id": agency_id,
            "place": self.place,
            "object_id": self.id,
            "tags": (),
            "class_": self.family,
        }

    def may(self, scope: Scope, action: str) -> bool:
        """Whether the action is allowed on it: through any of the agencies that take part."""
        return any(scope.allows(action, **self.sides_of(one)) for one in self.agencies)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is, as a person chose it; with the area that it lies in.

    Attributes:
        name: What people call it.
        detail: What tells it from others of the same name.
        area: Area code; None outside of every area.
        area_name: Kelurahan and kecamatan.
    """

    lat: float
    lon: float
    name: str = ""
    detail: str = ""
    area: str | None = None
    area_name: str = ""


@dataclass(frozen=True, slots=True)
class PremiseThere:
    """A place that people name, as others are told where it is and what is dangerous in it.

    Attributes:
        area: Kelurahan and kecamatan, by which twins are told apart.
        dangers: Signs of danger; `hazards` says the same in words.
    """

    id: UUID
    kind: str
    name: str
    area: str
    lat: float
    lon: float
    dangers: tuple[str, ...]
    hazards: str

    @property
    def is_dangerous(self) -> bool:
        """Whether something that must be known is written down of it."""
        return bool(self.dangers or self.hazards)


@dataclass(frozen=True, slots=True)
class Location:
    """Where somebody, or something, says that it is.

    Attributes:
        radius_m: How far off it may be; None where that is not told.
        confidence: That it lies within, 0 to 1.
        call_id: The call that it came with.
    """

    id: UUID
    source: LocationSource
    lat: float
    lon: float
    at: datetime
    radius_m: float | None = None
    confidence: float | None = None
    call_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """One note as somebody wrote it.

    Attributes:
        happened_at: What it is about, by their word; None is now.
        corrects: The note that it takes the place of; that one stays readable.
    """

    id: UUID
    text: str
    visibility: Visibility = "all"
    happened_at: datetime | None = None
    corrects: UUID | None = None


@dataclass(frozen=True, slots=True)
class IncidentStamps:
    """When an incident was opened, handed on and ended.

    Attributes:
        pending_at: When it was handed on.
        informed_at: When the citizen was first told what became of it.
        cleared_at: When its last unit was done.
        has_callback: Whether somebody left a number to be called back.
        is_scheduled: It waited for a time that was chosen, so its clock starts when it was due.
        is_high_rise: Whether the caller said that the building has eight storeys or more.
        call_ids: Calls about it, and about those merged into it.
    """

    id: UUID
    number: str | None
    family: str
    state: State
    opened_at: datetime
    pending_at: datetime
    ended_at: datetime | None = None
    has_callback: bool = False
    is_scheduled: bool = False
    is_high_rise: bool = False
    informed_at: datetime | None = None
    cleared_at: datetime | None = None
    call_ids: tuple[UUID, ...] = ()
