"""How an incident goes on: handed on, scheduled, ended, reopened, corrected."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from warroom.incidents import draft_rules, store
from warroom.incidents.cards import DECK
from warroom.incidents.contracts import (
    SUPERVISE,
    TAKE,
    WORK,
    Deed,
    Disposition,
    Event,
    Incident,
    Note,
    State,
    Typed,
)
from warroom.incidents.errors import IncidentNotFoundError, NotEndedError, NotSentError
from warroom.incidents.intake import Intake
from warroom.incidents.rules import END_DEEDS
from warroom.incidents.service import (
    check_reason,
    event_of,
    get_incident,
    get_open,
    numbered,
    settle,
)
from warroom.incidents.telling import record, tell
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

SYSTEM = UUID(int=0)
"""Writer of what the system puts into a form."""

type Outcome = Disposition | Literal["cancelled", "unfounded", "handed_over"]


@dataclass(frozen=True, slots=True)
class Said:
    """A deed as it was done, or is said to have been.

    Attributes:
        event_id: Made where it was done: the same deed is the same id, however often it is sent.
        at: When, by a person's word; None is now.
    """

    event_id: UUID
    at: datetime | None = None
    reason: str = ""

    def since(self, earliest: datetime | None) -> datetime | None:
        """When it was done: not before this, whatever is said."""
        return self.at if self.at is None or earliest is None else max(self.at, earliest)


async def hand_on(
    intake: Intake, scope: Scope, tx: Transaction, incident_id: UUID, said: Said, now: datetime
) -> Incident:
    """Hands on what is there, whole or not; the dispatcher works on it from here.

    What stands in the notes becomes a note. Of one that was handed on before, only that happens.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        EndedError: It has ended.
    """
    incident = await get_open(scope, tx, incident_id, TAKE)
    incident = await _note_down(scope, tx, incident, now)
    is_new = incident.state in (State.DRAFT, State.SCHEDULED)
    if is_new:
        incident = await _led(intake, scope, tx, incident, now)
    detail = {
        "type": incident.type_code,
        "card_version": incident.card_version,
        "priority": incident.priority,
        "missing": incident.missing,
        "answers": draft_rules.answers_in(incident.fields),
    }
    at = said.since(incident.opened_at)
    sent = event_of(scope, Deed.SENT, now, event_id=said.event_id, said_at=at, detail=detail)
    incident, _ = await settle(scope, tx, incident, [sent] if is_new else [])
    await tell(tx, incident, "sent" if is_new else "noted", now)
    if is_new:
        await record(scope, tx, incident, "sent", {"missing": incident.missing})
    return incident


async def _note_down(scope: Scope, tx: Transaction, incident: Incident, now: datetime) -> Incident:
    typed = incident.fields.get("notes")
    if typed is None or typed.value is None or not str(typed.value).strip():
        return incident
    note_id = uuid5(incident.id, f"note {typed.writer} {typed.revision}")
    note = Note(note_id, str(typed.value).strip(), happened_at=typed.at)
    await store.insert_note(scope, tx, incident.id, note, incident.taken_by_agency, now)
    emptied = Typed(None, now, typed.revision + 1, SYSTEM)
    return replace(incident, fields={**incident.fields, "notes": emptied})


async def _led(
    intake: Intake, scope: Scope, tx: Transaction, incident: Incident, now: datetime
) -> Incident:
    """The incident with its number and with who is answerable for it."""
    incident = await numbered(intake, scope, tx, incident, now)
    if incident.priority is None:
        incident = replace(incident, priority=3)
    card = await DECK.find(scope, tx, incident.type_code)
    if card is None:
        return incident
    await DECK.keep_brought(scope, tx, card, now)
    lead = await intake.leads.find(card.lead) or incident.taken_by_agency
    agencies = tuple(sorted({*incident.agencies, lead}))
    return replace(incident, agency_id=lead, agencies=agencies)


async def schedule(
    intake: Intake,
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    due_at: datetime,
    said: Said,
    now: datetime,
) -> Incident:
    """Keeps a draft until it is due; then it is handed on by itself.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        EndedError: It has ended.
    """
    incident = await get_open(scope, tx, incident_id, TAKE)
    incident = await numbered(intake, scope, tx, incident, now)
    detail = {"due_at": due_at.isoformat()}
    event = event_of(scope, Deed.SCHEDULED, now, event_id=said.event_id, detail=detail)
    incident, _ = await settle(scope, tx, incident, [event])
    await tell(tx, incident, "scheduled", now)
    await record(scope, tx, incident, "scheduled", detail)
    return incident


async def end(
    intake: Intake,
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    outcome: Outcome,
    said: Said,
    now: datetime,
) -> Incident:
    """Ends an incident: with a disposition, cancelled, unfounded, or handed to another city.

    A draft is ended by whoever may take in; the last three need a reason. The same deed sent twice
    is one.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        ReasonMissingError: It needs a reason and has none.
        NotSentError: A draft that was not handed on cannot have been handled.
    """
    incident = await _of_whom(scope, tx, incident_id)
    deed = Deed(outcome) if outcome in set(END_DEEDS) else Deed.CLOSED
    if incident.state is State.DRAFT and outcome == "handled":
        raise NotSentError
    reason = check_reason(said.reason, is_needed=deed is not Deed.CLOSED)
    before = incident.state
    incident = await _note_down(scope, tx, incident, now)
    incident = await numbered(intake, scope, tx, incident, now)
    event = event_of(
        scope, deed, now, event_id=said.event_id, said_at=said.since(incident.opened_at),
        reason=reason, detail={"disposition": outcome},
    )  # fmt: skip
    incident, _ = await settle(scope, tx, incident, [event])
    if incident.state is not before:
        await tell(tx, incident, "ended", now)
        await record(scope, tx, incident, "ended", {"outcome": outcome}, reason)
    return incident


async def _of_whom(scope: Scope, tx: Transaction, incident_id: UUID) -> Incident:
    """Locked; a draft belongs to who takes in, everything else to who works on it."""
    found = await store.find_incident(scope, tx, incident_id, TAKE, lock=True)
    if found is not None and found.state is State.DRAFT:
        return found
    return await get_incident(scope, tx, incident_id, WORK, lock=True)


async def inform(
    scope: Scope, tx: Transaction, incident_id: UUID, said: Said, now: datetime
) -> Incident:
    """Notes that who called was told what became of it, and how; said twice is noted once.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        NotEndedError: It has not ended: there is nothing to tell yet.
    """
    incident = await get_incident(scope, tx, incident_id, WORK, lock=True)
    if incident.ended_at is None:
        raise NotEndedError(number=incident.number or "-")
    reason = check_reason(said.reason, is_needed=False)
    at = said.since(incident.ended_at)
    event = event_of(scope, "informed", now, event_id=said.event_id, said_at=at, reason=reason)
    incident, _ = await settle(scope, tx, incident, [event])
    await tell(tx, incident, "informed", now)
    await record(scope, tx, incident, "informed")
    return incident


async def reopen(
    scope: Scope, tx: Transaction, incident_id: UUID, said: Said, now: datetime
) -> Incident:
    """Opens an incident that has ended; what was done on it stays.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        NotEndedError: It has not ended.
        ReasonMissingError: There is no reason.
    """
    incident = await get_incident(scope, tx, incident_id, SUPERVISE, lock=True)
    reason = check_reason(said.reason)
    if incident.ended_at is None:
        raise NotEndedError(number=incident.number or "-")
    at = said.since(incident.ended_at)
    event = event_of(scope, Deed.REOPENED, now, event_id=said.event_id, said_at=at, reason=reason)
    incident, _ = await settle(scope, tx, incident, [event])
    await tell(tx, incident, "reopened", now)
    await record(scope, tx, incident, "reopened", None, reason)
    return incident


async def correct(
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    row: UUID,
    at: datetime | None,
    said: Said,
    now: datetime,
) -> Incident:
    """Says that a row of the log is wrong, or when it really was; the row itself stays.

    Args:
        scope: Who asks.
        tx: Its transaction.
        incident_id: Whose log.
        row: The wrong row.
        at: When it really was; None takes it back.
        said: The correction, with its reason.
        now: By our clock.

    Raises:
        IncidentNotFoundError: No such incident or row of its log, or not for this scope.
        ReasonMissingError: There is no reason.
    """
    incident = await get_incident(scope, tx, incident_id, SUPERVISE, lock=True)
    reason = check_reason(said.reason)
    if row not in {event.id for event in await store.list_events(scope, tx, incident.id)}:
        raise IncidentNotFoundError
    detail = {} if at is None else {"at": min(at, now).isoformat()}
    event = event_of(
        scope, Deed.CORRECTED, now, event_id=said.event_id, reason=reason, corrects=row,
        detail=detail,
    )  # fmt: skip
    incident, _ = await settle(scope, tx, incident, [event])
    await tell(tx, incident, "corrected", now)
    await record(scope, tx, incident, "corrected", {"row": str(row)}, reason)
    return incident


async def progress(
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    steps: Sequence[tuple[UUID, State, datetime]],
    now: datetime,
) -> Incident:
    """Where the units of an incident are now, told by `dispatch`; late and twice as it may be.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    incident = await get_incident(scope, tx, incident_id, WORK, lock=True)
    before = incident.state
    events: list[Event] = [
        event_of(
            scope, Deed.PROGRESSED, now, event_id=event_id, said_at=at, source="auto",
            detail={"state": state.value},
        )
        for event_id, state, at in steps
    ]  # fmt: skip
    incident, _ = await settle(scope, tx, incident, events)
    if incident.state is not before:
        await tell(tx, incident, "progressed", now)
    return incident
