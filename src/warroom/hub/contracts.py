"""What crosses the border of `hub`: kinds of events, and deliveries."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from warroom.kernel.actions import Action, declare

ACTIONS = declare(
    Action("webhook:configure", "webhook", "configure"),
    Action("webhook:view", "webhook", "manage"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event that can be subscribed to.

    Attributes:
        name: What receivers read, `camera.state_changed`.
        topic: Topic of the outbox that it is made of.
        action: Word by which a service account may hear it, on the very thing it is about.
        is_common: It is about what belongs to no agency: judged by the word and the place.
    """

    name: str
    topic: str
    action: str
    is_common: bool = False


KINDS = (
    Kind("access.request_changed", "access.changed", "access:view"),
    Kind("alert.changed", "alerts.changed", "alert:view", is_common=True),
    Kind("camera.changed", "cameras.changed", "camera:view"),
    Kind("camera.state_changed", "cameras.state", "camera:view"),
    Kind("dispatch.task_changed", "dispatch.tasks", "dispatch:view"),
    Kind("dispatch.unit_status_changed", "dispatch.units", "dispatch:view"),
    Kind("incident.changed", "incidents.changed", "incident:view"),
    Kind("recording.alarm_changed", "recording.alarm", "recording:view"),
    Kind("recording.hold_changed", "recording.holds", "recording:hold"),
    Kind("traffic.closure_changed", "traffic.closures", "traffic:view"),
    Kind("traffic.report_changed", "traffic.reports", "traffic:view"),
    Kind("unit.changed", "units.changed", "unit:view"),
    Kind("unit.fence_crossed", "units.fence", "unit:view"),
)
TEST = "webhook.test"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and with which secrets (still sealed) something is sent."""

    id: UUID
    account_id: UUID
    url: str
    secret: bytes
    old_secret: bytes | None
    old_secret_until: datetime | None
    failures: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook, taken to be sent.

    Attributes:
        id: The same at each try: receivers know by it what they have had.
        at: When it happened.
        tries: Tries so far, this one counted.
    """

    id: UUID
    kind: str
    body: bytes
    agency_id: UUID | None
    place: str | None
    object_id: UUID | None
    tags: tuple[str, ...]
    class_: str | None
    at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended: `done`, `again`, `parked` or `withheld`; status, or why there is none."""

    state: str
    status: int | None = None
    why: str | None = None
    seconds: float | None = None
    due_at: datetime | None = None
