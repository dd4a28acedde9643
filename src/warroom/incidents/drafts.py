"""What callers tell, taken in as it is typed: nothing that was acknowledged is ever lost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from warroom.incidents import draft_rules, rules, store
from warroom.incidents.cards import DECK, Card, priority_by
from warroom.incidents.contracts import TAKE, Deed, Event, Incident, Location, Place, State, Typed
from warroom.incidents.errors import (
    EndedError,
    IncidentNotFoundError,
    NoAgencyError,
    NoTypeError,
)
from warroom.incidents.intake import Intake
from warroom.incidents.service import event_of, get_incident, keep
from warroom.incidents.telling import record, tell, tell_typing
from warroom.kernel.db import Transaction
from warroom.kernel.decks import first_said
from warroom.kernel.scope import Scope

LOGGED = frozenset({"type", "priority", "place"})
"""Fields whose change is a row of the log, once the incident was handed on."""


@dataclass(frozen=True, slots=True)
class Saving:
    """What one form sends: the fields that were typed into since the last time.

    Attributes:
        writer: Made by the form when it was opened.
        revision: Grows with each saving of this form.
        sent_at: By the form's clock.
        items: Field, value, and when it was typed by the form's clock.
        place: The chosen place with its area, where `place` is among the fields.
        heard_at: When it was heard of, where it is written down afterwards; None is now. Only what
            makes the draft tells it.
    """

    writer: UUID
    revision: int
    sent_at: datetime
    items: Sequence[tuple[str, Any, datetime]]
    place: Place | None = None
    heard_at: datetime | None = None


async def save_draft(
    intake: Intake,
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    saving: Saving,
    now: datetime,
) -> Incident:
    """Types into a form what was typed; makes the draft with the first letter.

    The same saving sent twice changes nothing. What another had typed into the same field and is
    shown no more goes into the log.

    Raises:
        NoAgencyError: The asker has no agency.
        IncidentNotFoundError: The asker takes in nothing, or the id is of somebody else's.
        EndedError: The incident has ended.
        FieldUnknownError: A field or its value is none of the form's.
        NoTypeError: There is no such type of event.
    """
    incident, is_new = await _open_form(scope, tx, incident_id, saving.heard_at, now)
    if not rules.is_open(incident.state):
        raise EndedError(number=incident.number or "-", state=incident.state.value)
    told = [(name, _typed(scope, saving, name, value, at, now)) for name, value, at in saving.items]
    filled = draft_rules.fill(incident.fields, told)
    if filled.fields == incident.fields and not filled.replaced and not is_new:
        return incident
    before = incident
    incident = replace(incident, fields=filled.fields, revision=incident.revision + 1)
    incident = await _project(intake, scope, tx, incident, filled.changed, saving.place)
    await keep(scope, tx, incident)
    events = [_replaced(scope, incident, name, lost, now) for name, lost in filled.replaced]
    events += _changes(scope, before, incident, filled.changed, now)
    await store.insert_events(scope, tx, incident.id, events)
    if "place" in filled.changed and saving.place is not None:
        await store.insert_location(scope, tx, incident.id, _pointed(incident, saving.place), now)
    await tell_typing(tx, incident, filled.changed, saving.writer, now)
    if is_new or LOGGED.intersection(filled.changed):
        await tell(tx, incident, "drafted" if is_new else "changed", now)
    if is_new:
        await record(scope, tx, incident, "drafted")
    return incident


async def _open_form(
    scope: Scope, tx: Transaction, incident_id: UUID, heard_at: datetime | None, now: datetime
) -> tuple[Incident, bool]:
    found = await store.find_incident(scope, tx, incident_id, TAKE, lock=True)
    if found is not None:
        return found, False
    if scope.agency_id is None:
        raise NoAgencyError
    if not scope.allows(
        TAKE, agency_id=scope.agency_id, place=None, object_id=None, tags=(), class_="other"
    ):
        raise IncidentNotFoundError
    is_new = await store.insert_draft(scope, tx, incident_id, rules.when(heard_at, now)[0])
    # Somebody of the same room may have made it meanwhile; of another's nothing is told.
    incident = await get_incident(scope, tx, incident_id, TAKE, lock=True)
    if is_new:
        event_id = uuid5(incident_id, Deed.DRAFTED)
        drafted = event_of(scope, Deed.DRAFTED, now, event_id=event_id, said_at=heard_at)
        await store.insert_events(scope, tx, incident_id, [drafted])
    return incident, is_new


def _typed(
    scope: Scope, saving: Saving, name: str, value: Any, at: datetime, now: datetime
) -> Typed:
    return Typed(
        draft_rules.check_value(name, value),
        draft_rules.believed(at, saving.sent_at, now),
        saving.revision,
        saving.writer,
        scope.author_id,
    )


async def _project(
    intake: Intake,
    scope: Scope,
    tx: Transaction,
    incident: Incident,
    changed: Sequence[str],
    place: Place | None,
) -> Incident:
    """The columns that follow from the fields.

    Raises:
        NoTypeError: There is no such type of event.
    """
    fields = incident.fields
    code = draft_rules.value_of(fields, "type")
    if "place" in changed:
        incident = put_at(incident, place if draft_rules.value_of(fields, "place") else None)
    said, event = draft_rules.value_of(fields, "event_text"), incident.event
    if code is not None and any(name in {"type", "event_text"} or _asks(name) for name in changed):
        card = await DECK.find(scope, tx, code)
        if card is None:
            raise NoTypeError(type=code)
        incident = await _carded(intake, incident, card)
        event = first_said(card.name)
    elif code is None and "type" in changed:
        incident = replace(
            incident, type_code=None, family="other", card_version=None, priority=None
        )
    chosen = draft_rules.value_of(fields, "priority")
    return replace(
        incident,
        priority=chosen if chosen is not None else incident.priority,
        event=said or (event if code is not None else ""),
        missing=draft_rules.missing_in(fields),
    )


def _asks(name: str) -> bool:
    return name.startswith("answer.") or name == "priority"


async def _carded(intake: Intake, incident: Incident, card: Card) -> Incident:
    """What follows from the card: who would lead, what is asked, how urgent it is by itself."""
    is_other = incident.type_code != card.code
    if incident.state is State.DRAFT and is_other:
        lead = await intake.leads.find(card.lead)
        heard = {incident.taken_by_agency, *([lead] if lead else [])}
        # Whoever would lead sees the draft while it is typed.
        incident = replace(incident, agencies=tuple(sorted(heard)))
    return replace(
        incident,
        type_code=card.code,
        family=card.family,
        card_version=card.version if is_other else incident.card_version,
        priority=priority_by(card, draft_rules.answers_in(incident.fields)),
    )


def put_at(incident: Incident, place: Place | None) -> Incident:
    """The incident at another place."""
    if place is None:
        return replace(incident, lat=None, lon=None, address="", area="", place=None)
    return replace(
        incident,
        lat=place.lat,
        lon=place.lon,
        address=place.name,
        area=place.area_name or place.detail,
        place=place.area,
    )


def _pointed(incident: Incident, place: Place) -> Location:
    """The place as a position of its own: it stays offered when another is chosen."""
    typed = incident.fields["place"]
    location_id = uuid5(incident.id, f"place {typed.writer} {typed.revision}")
    return Location(location_id, "operator", place.lat, place.lon, typed.at)


def _replaced(scope: Scope, incident: Incident, name: str, lost: Typed, now: datetime) -> Event:
    event_id = uuid5(incident.id, f"{name} {lost.writer} {lost.revision}")
    detail = {"field": name, "value": lost.value, "by": lost.person_id, "at": lost.at}
    return event_of(scope, "replaced", now, event_id=event_id, source="auto", detail=detail)


def _changes(
    scope: Scope, before: Incident, after: Incident, changed: Sequence[str], now: datetime
) -> list[Event]:
    if before.state is State.DRAFT:
        return []
    return [
        event_of(
            scope,
            "changed",
            now,
            detail={
                "field": name,
                "from": draft_rules.value_of(before.fields, name),
                "to": draft_rules.value_of(after.fields, name),
            },
        )
        for name in changed
        if name in LOGGED
    ]
