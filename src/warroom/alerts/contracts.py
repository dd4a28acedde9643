"""What crosses the border of `alerts`: the alert as CAP 1.2 has it, and the words for it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from warroom.kernel.actions import Action, declare
from warroom.kernel.scope import Sides

VIEW = "alert:view"
"""To see alerts, of others and the city's own; they belong to no agency (decision 72)."""

TAKE = "alert:take"
"""To bring an alert in: programs of those who warn."""

WRITE = "alert:write"
"""To write an alert of the city, and to ask for its release."""

ISSUE = "alert:issue"
"""To release what somebody else has written."""

ACTIONS = declare(
    Action(VIEW, "alert", "view", for_programs=True),
    Action(TAKE, "alert", "configure", for_programs=True),
    Action(WRITE, "alert", "operate"),
    Action(ISSUE, "alert", "manage"),
)

CHANGED = "alerts.changed"
"""Topic: an alert came, ended or was issued; a source answered otherwise than before."""

DRAFTS = "alerts.drafts"
"""Topic: a draft of an alert of the city was written, asked for, issued or dropped."""

OWN = "own"
"""Source of what this city issued."""

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES = ("Public", "Restricted", "Private")
CATEGORIES = (
    *("Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport"),
    *("Infra", "CBRNE", "Other"),
)
RESPONSES = (
    *("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear"),
    "None",
)
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")

type DraftKind = Literal["Alert", "Update", "Cancel"]
type DraftState = Literal["draft", "waiting", "issued", "dropped"]
DRAFT_STATES: tuple[DraftState, ...] = get_args(DraftState.__value__)

type Point = tuple[float, float]
"""Latitude and longitude in degrees, WGS 84, in the order of CAP."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier message, as `references` names it."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, slots=True)
class Area:
    """Where an info block holds.

    Attributes:
        polygons: Closed rings: the last point is the first.
        circles: Latitude, longitude, radius in kilometres.
        geocodes: Kind of code and code.
        altitude_ft: Lowest level, feet above mean sea level; with a ceiling from here to there.
    """

    description: str
    polygons: tuple[tuple[Point, ...], ...] = ()
    circles: tuple[tuple[float, float, float], ...] = ()
    geocodes: tuple[tuple[str, str], ...] = ()
    altitude_ft: float | None = None
    ceiling_ft: float | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """A file beside the text; its content is never fetched."""

    description: str
    mime_type: str
    uri: str = ""
    size: int | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Info:
    """What an alert says, in one language."""

    event: str
    categories: tuple[str, ...]
    urgency: str
    severity: str
    certainty: str
    language: str = "en-US"
    responses: tuple[str, ...] = ()
    audience: str = ""
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """One message of CAP 1.2."""

    identifier: str
    sender: str
    sent: datetime
    status: str
    type: str
    scope: str = "Public"
    source: str = ""
    restriction: str = ""
    addresses: str = ""
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[Reference, ...] = ()
    incidents: str = ""
    infos: tuple[Info, ...] = ()

    @property
    def reference(self) -> Reference:
        """How a later message names this one."""
        return Reference(self.sender, self.identifier, self.sent)


@dataclass(frozen=True, slots=True)
class Read:
    """What a document told.

    Attributes:
        remarks: Where it departs from the standard without becoming doubtful: `words:detail`.
    """

    alert: Alert
    remarks: tuple[str, ...] = field(default=())


type Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What of an alert is kept beside its text, to be asked for by.

    Attributes:
        is_actual: Of status Actual, and says something itself: only such an alert is ever in
            force. Exercises, tests, and messages about messages are kept and raise nothing.
        starts_at: When it begins to hold: the earliest onset, effective, or when it was sent.
        until: When it stops: the latest end of its blocks.
        severity: The gravest of its blocks.
        keys: How later messages name it; `ended` are those that it ends.
    """

    is_actual: bool
    starts_at: datetime
    until: datetime
    severity: str
    key: str
    ended: tuple[str, ...]
    how: str | None
    box: Box | None


@dataclass(frozen=True, slots=True)
class Words:
    """What an alert of the city says, in one language."""

    event: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """What a person writes into a draft.

    Attributes:
        id: In Indonesian; always needed.
        en: In English; left out of the alert where it has no headline.
        starts_at: None is at once.
        expires: None until it was chosen; an alert without it is not issued.
        area_name: What the area is called.
        rings: Outlines as they were drawn, closed or not.
        circle: Latitude, longitude, radius in kilometres.
        districts: Kecamatan that were chosen, by code.
        note: Why it is cancelled.
    """

    id: Words = field(default_factory=Words)
    en: Words = field(default_factory=Words)
    status: str = "Actual"
    category: str = "Met"
    urgency: str = "Unknown"
    severity: str = "Unknown"
    certainty: str = "Unknown"
    responses: tuple[str, ...] = ()
    starts_at: datetime | None = None
    expires: datetime | None = None
    area_name: str = ""
    rings: tuple[tuple[Point, ...], ...] = ()
    circle: tuple[float, float, float] | None = None
    districts: tuple[str, ...] = ()
    contact: str = ""
    web: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """An alert of the city before it is issued.

    Attributes:
        previous: What it updates or cancels.
        writers: Everybody who wrote in it: none of them releases it.
    """

    id: UUID
    agency_id: UUID
    kind: DraftKind
    fields: Fields
    version: int
    state: DraftState
    writers: tuple[UUID, ...]
    previous: UUID | None = None
    incident_id: UUID | None = None

    @property
    def sides(self) -> Sides:
        """By what rights on it are judged."""
        return {
            "agency_id": self.agency_id,
            "place": None,
            "object_id": self.id,
            "tags": (),
            "class_": None,
        }
