"""What crosses the border of `access`, and the facts its rules judge."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

VIEW = "access:view"
REQUEST = "access:request"
APPROVE = "access:approve"
BREAK_GLASS = "access:break_glass"
REVIEW = "access:review"
CONFIGURE = "access:configure"

CHANGED = "access.changed"
"""Topic: a request, an emergency or a review changed; told to the agencies it is about."""

EMERGENCY = "access.emergency"
"""Topic: access was taken in an emergency, or that is over; told to everybody of both agencies."""

type Status = Literal[
    "draft", "sent", "approved", "active", "expired", "revoked", "refused", "withdrawn"
]
"""Where a request, or one owner's part of it, stands.

`draft` is not sent; `sent` waits for a decision; `approved` has two approvals and has not begun;
`active` holds now. The other four are ends, and nothing leads out of them.
"""

ENDS: frozenset[str] = frozenset({"expired", "revoked", "refused", "withdrawn"})


@dataclass(frozen=True, slots=True)
class Meant:
    """A single thing that a request means, as the owner who decides sees it.

    Attributes:
        kind: `camera` or `unit`.
        number: Of a camera.
        lat, lon: Of a camera: where it stands.
    """

    kind: Literal["camera", "unit"]
    id: UUID
    name: str
    number: int | None = None
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What may be done with what, and when.

    Attributes:
        actions: Action words.
        cameras: Ids of the cameras and units; None is all that the request means.
        starts_at: First instant at which the right holds.
        ends_at: First instant at which it no longer holds.
        footage_from: First instant of recorded pictures that it reaches; None is no limit.
        footage_to: First instant of recorded pictures that it no longer reaches.
    """

    actions: frozenset[str]
    cameras: frozenset[UUID] | None
    starts_at: datetime
    ends_at: datetime
    footage_from: datetime | None = None
    footage_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """One signature: by whom, of which agency, in which role, and to which terms."""

    person_id: UUID
    agency_id: UUID
    role: str
    terms: Terms


@dataclass(frozen=True, slots=True)
class Part:
    """What one owner decides about its own things."""

    owner_id: UUID
    approvals: tuple[Approval, ...] = ()
    refused_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A request as its rules see it.

    Attributes:
        from_agency_id: The agency that asks.
        requester_id: Who wrote it.
        people: Who of that agency will use it.
        asked: The terms asked for.
        parts: One for each owner addressed.
    """

    from_agency_id: UUID
    requester_id: UUID
    people: frozenset[UUID]
    asked: Terms
    parts: tuple[Part, ...] = ()
    sent_at: datetime | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """A request as somebody writes it.

    Attributes:
        letter_number: Number of the letter by which it is asked.
        letter_date: Date of that letter.
        basis_id: The law and article it rests on, from the list.
        case_number: Number of the case or report it is about.
        actions: What is to be done, of `actions.lendable()`.
        owners: Agencies whose things are meant.
        rings: Polygons on the map, each a ring of (longitude, latitude), degrees WGS 84.
        places: Area codes.
        cameras: Numbers of cameras.
        footage_from: First instant of the recorded pictures that are wanted.
        footage_to: First instant of recorded pictures that are not wanted any more.
        starts_at: From when the right is to hold.
        ends_at: Until when.
        people: Who will use it, of the own agency.
        roles: Or: everybody of the own agency who holds one of these roles.
    """

    letter_number: str
    letter_date: date
    basis_id: UUID
    purpose: str
    case_number: str
    actions: tuple[str, ...]
    owners: tuple[UUID, ...]
    starts_at: datetime
    ends_at: datetime
    rings: tuple[tuple[tuple[float, float], ...], ...] = ()
    places: tuple[str, ...] = ()
    cameras: tuple[int, ...] = ()
    footage_from: datetime | None = None
    footage_to: datetime | None = None
    people: tuple[UUID, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What an approver signs; what is None is as asked.

    Attributes:
        role: In which of their roles they sign.
        cameras: Fewer cameras.
        actions: Fewer actions.
        ends_at: A shorter time.
    """

    role: str
    note: str = ""
    cameras: tuple[UUID, ...] | None = None
    actions: tuple[str, ...] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    footage_from: datetime | None = None
    footage_to: datetime | None = None


type Outcome = Literal["justified", "unclear", "misuse"]
"""What a review of an emergency found; misuse stays flagged."""

type EmergencyStatus = Literal["active", "waiting", "overdue", "reviewed"]
"""`active` holds now; `waiting` is over and waits for its review; `overdue` waited too long."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """The facts of an emergency that its rules judge.

    Attributes:
        agency_id: Agency of the person who took access.
        owner_id: Agency whose things they are.
        ends_at: When access ends by itself.
        ended_at: When it was ended before that.
        due_at: Until when the review is due.
    """

    person_id: UUID
    agency_id: UUID
    owner_id: UUID
    ends_at: datetime
    due_at: datetime
    ended_at: datetime | None = None
    reviewed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EmergencyDraft:
    """Access that somebody takes now.

    Attributes:
        owner_id: Whose things.
        minutes: For how long; None is as the settings say.
        with_units: Their vehicles as well: those stationed in `places`, or all where none is named.
    """

    owner_id: UUID
    reason: str
    minutes: int | None = None
    rings: tuple[tuple[tuple[float, float], ...], ...] = ()
    places: tuple[str, ...] = ()
    cameras: tuple[int, ...] = ()
    with_units: bool = False


type RightDecision = Literal["confirmed", "dropped", "lapsed", "escalated"]
"""What became of a right in a review; `escalated` is an administrator's that nobody confirmed."""


@dataclass(frozen=True, slots=True)
class Item:
    """A right in a review as its rules see it.

    Attributes:
        agency_id: Agency of whoever holds it.
        person_id: Who holds it; None for an agency or a program.
        reach: `own` or `city`.
        is_admin: Whether it lets its holder change people: somebody must keep such a one.
    """

    id: UUID
    agency_id: UUID
    person_id: UUID | None
    reach: str
    is_admin: bool
    decision: RightDecision | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a thing under a purpose, for the report to its owner.

    Attributes:
        kind: `camera` or `unit`.
        camera_id, camera: Of the thing, whatever its kind.
        seconds: How long a live look lasted; None while it lasts.
        footage_from: First instant of recorded pictures, or of a track, looked at.
        footage_to: First instant no longer looked at.
    """

    at: datetime
    person: str | None
    agency: str | None
    action: str
    kind: str
    camera_id: str | None
    camera: str | None
    seconds: float | None
    footage_from: str | None = None
    footage_to: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Who looked at what under a request: every look, and the sums.

    Attributes:
        cameras, units: How many different ones.
        footage_s: Of recorded pictures; the stretch of a track is told with its look.
    """

    looks: tuple[Look, ...]
    people: int
    cameras: int
    units: int
    live_s: float
    footage_s: float
    is_cut: bool = False
