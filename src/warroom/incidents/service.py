"""What every use case of incidents shares: find, keep a deed, settle where the incident stands."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from warroom.identity.contracts import Thing, finds
from warroom.incidents import draft_rules, rules, store
from warroom.incidents.contracts import VIEW, Event, Incident, Told
from warroom.incidents.errors import EndedError, IncidentNotFoundError, ReasonMissingError
from warroom.incidents.intake import Intake
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.phones import phone_key
from warroom.kernel.scope import Scope

REASON_MOST = 500


async def get_incident(
    scope: Scope, tx: Transaction, incident_id: UUID, action: str = VIEW, *, lock: bool = False
) -> Incident:
    """The incident, if the asker may do `action` with it.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    incident = await store.find_incident(scope, tx, incident_id, action, lock=lock)
    if incident is None:
        raise IncidentNotFoundError
    return incident


async def get_open(scope: Scope, tx: Transaction, incident_id: UUID, action: str) -> Incident:
    """The same, locked, of one on which there is work left.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        EndedError: It has ended, or was merged into another.
    """
    incident = await get_incident(scope, tx, incident_id, action, lock=True)
    if not rules.is_open(incident.state):
        raise EndedError(number=incident.number or "-", state=incident.state.value)
    return incident


async def settle(
    scope: Scope, tx: Transaction, incident: Incident, events: Sequence[Event]
) -> tuple[Incident, rules.Standing]:
    """Adds deeds to the log of a locked incident and brings it to where the whole log leads."""
    await store.insert_events(scope, tx, incident.id, events)
    standing = rules.replay(await store.list_events(scope, tx, incident.id))
    incident = replace(
        incident,
        revision=incident.revision + 1,
        state=standing.state,
        since=standing.since or incident.since,
        pending_at=standing.pending_at,
        due_at=standing.due_at,
        ended_at=standing.ended_at,
        disposition=standing.disposition,
        merged_into=standing.merged_into,
    )
    await keep(scope, tx, incident)
    return incident, standing


async def keep(scope: Scope, tx: Transaction, incident: Incident) -> None:
    """Stores a locked incident as it is now."""
    phone = draft_rules.value_of(incident.fields, "callback_number")
    name = draft_rules.value_of(incident.fields, "caller_name")
    await store.update_incident(scope, tx, incident, phone_key(phone), draft_rules.name_key(name))


async def numbered(
    intake: Intake, scope: Scope, tx: Transaction, incident: Incident, now: datetime
) -> Incident:
    """The incident with a number that people can call it by; one that has one keeps it."""
    if incident.number is not None:
        return incident
    year = now.astimezone(intake.zone).year
    count = await store.next_number(scope, tx, year)
    return replace(incident, number=f"112-{year}-{count:06d}")


def event_of(
    scope: Scope,
    kind: str,
    now: datetime,
    *,
    event_id: UUID | None = None,
    said_at: datetime | None = None,
    source: Told | None = None,
    reason: str = "",
    corrects: UUID | None = None,
    detail: dict[str, Any] | None = None,
) -> Event:
    """A row of the log, as somebody does it now or says that it was done."""
    at, is_backdated = rules.when(said_at, now)
    told: Told = source or ("auto" if scope.author_id is None else "operator")
    return Event(
        event_id or new_id(), str(kind), at, now, told, scope.author_id, reason, detail or {},
        is_backdated, corrects,
    )  # fmt: skip


def check_reason(reason: str, *, is_needed: bool = True) -> str:
    """The reason on one line.

    Raises:
        ReasonMissingError: There is none and one is needed.
    """
    text = " ".join(reason.replace("\0", "").split())
    if is_needed and not text:
        raise ReasonMissingError
    return text[:REASON_MOST]


@finds("incident")
async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The incident in view with this number or id, as rights see it; None if there is none."""
    try:
        incident = await store.find_incident(scope, tx, UUID(asked), VIEW)
    except ValueError:
        incident = await store.find_numbered(scope, tx, asked.strip())
    if incident is None:
        return None
    return Thing(
        *("incident", incident.id, incident.number or "-", incident.agency_id, incident.place),
        class_=incident.family,
    )
