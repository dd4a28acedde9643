"""What crews do: sign on to a unit, tell how far they are, sign off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from warroom.dispatch import crew_store, duress_store, rules, service, store
from warroom.dispatch.contracts import (
    ACT,
    SEND,
    Did,
    Event,
    Held,
    Outcome,
    Stamp,
    Task,
    Told,
    Verdict,
)
from warroom.dispatch.errors import (
    NotOnDutyError,
    OnTaskError,
    TaskNotFoundError,
    UnitNotThereError,
)
from warroom.dispatch.stacking import activate_next
from warroom.dispatch.telling import note_unit, record, tell_people, tell_task, tell_units
from warroom.incidents import api as incidents
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.traffic import api as traffic
from warroom.units import api as units


@dataclass(frozen=True, slots=True)
class Press:
    """A stamp as it was pressed.

    Attributes:
        id: Made by the phone: the same press is the same id, however often it is sent.
        at: By the clock of the phone.
        did: What was done at the place (`acted`).
        closure_id: The closure of `traffic` that this was (`did` is `closure`).
        outcome: How it ended (`cleared`).
        destination: Where a patient is taken to, as the crew calls it (`transporting`).
        held: What holds the unit up (`delayed`); more of it in `reason`.
    """

    id: UUID
    stamp: Stamp
    at: datetime
    reason: str = ""
    did: Did | None = None
    closure_id: UUID | None = None
    outcome: Outcome | None = None
    destination: str = ""
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as the phone sends it: its id, and by its clock when it was taken and when sent."""

    id: UUID
    content: bytes
    at: datetime
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What a press came to: a `Verdict`, or the code of an error for which it was not kept."""

    id: UUID
    verdict: Verdict | None
    refused: str | None = None


async def sign_on(scope: Scope, tx: Transaction, unit_id: UUID, now: datetime) -> None:
    """The asker serves on this unit from now on, and on no other.

    Raises:
        UnitNotThereError: No such unit, or not for this scope; or the asker is no person.
        OnTaskError: The unit on which they serve is on a task.
    """
    if scope.person_id is None:
        raise UnitNotThereError
    try:
        unit = await units.get_unit(scope, tx, unit_id, ACT)
    except units.UnitNotFoundError as error:
        raise UnitNotThereError from error
    duty = await crew_store.find_duty(scope, tx)
    if duty is not None and duty.unit_id == unit_id:
        return
    if duty is not None:
        await sign_off(scope, tx, now)
    try:
        await crew_store.sign_on(scope, tx, unit_id, unit.draft.agency_id, now)
    except UniqueViolation as error:
        # Signed on from another phone in the same instant.
        raise UnitNotThereError from error
    await _tell(scope, tx, unit, "signed_on", now)


async def sign_off(scope: Scope, tx: Transaction, now: datetime) -> None:
    """The asker serves nowhere any more; who does not serve is not told of it.

    Raises:
        OnTaskError: They are the last of the crew of a unit that is on a task.
    """
    duty = await crew_store.find_duty(scope, tx)
    if duty is None:
        return
    crew = (await crew_store.list_people(scope, tx, [duty.unit_id])).get(duty.unit_id, [])
    if duty.assignment_id is not None and len(crew) <= 1:
        raise OnTaskError(number=duty.number)
    await crew_store.sign_off(scope, tx, now)
    unit = await units.get_unit(scope, tx, duty.unit_id, ACT)
    await _tell(scope, tx, unit, "signed_off", now)


async def _tell(scope: Scope, tx: Transaction, unit: units.Unit, deed: str, now: datetime) -> None:
    await tell_units(scope, tx, {unit.id: unit.sides}, deed, now)
    if scope.person_id is not None:
        await tell_people(tx, [scope.person_id], deed, now)
    await note_unit(scope, tx, unit, deed)


async def press(
    scope: Scope,
    tx: Transaction,
    assignment_id: UUID,
    presses: Sequence[Press],
    sent_at: datetime,
    now: datetime,
    *,
    by_radio: bool = False,
) -> tuple[list[Answer], store.Sent, Task]:
    """Takes what a crew told of its assignment, in any order, late or twice.

    Args:
        scope: Who pressed: of the crew then, or at the desk (`by_radio`).
        tx: Transaction of the scope.
        assignment_id: What it is about.
        presses: What was pressed.
        sent_at: The phone's clock when it sent this: by it its offset is known.
        now: This instant, by ours.
        by_radio: The desk notes what the crew said over the radio.

    Raises:
        TaskNotFoundError: No such assignment, or not for this scope.
        NotOnDutyError: The asker never served on the unit.
    """
    found = await store.find_sent(scope, tx, assignment_id, SEND if by_radio else ACT)
    if found is None:
        raise TaskNotFoundError
    sent, task = found
    served = [] if by_radio else await crew_store.list_served(scope, tx, sent.assignment.unit_id)
    if not (by_radio or served):
        raise NotOnDutyError(unit=sent.unit_name)
    kept = {event.id for event in await store.list_stamps(scope, tx, assignment_id)}
    refused: dict[UUID, str] = {}
    events: list[Event] = []
    for one in presses:
        if one.id in kept:
            continue
        happened = rules.believed(one.at, sent_at, now, sent.assignment.dispatched_at)
        # A call for help is heard, whatever the clock of the phone makes of when it was.
        is_help = one.stamp is Stamp.DURESS
        if not (by_radio or is_help or _served_at(served, happened)):
            refused[one.id] = NotOnDutyError.code
        elif one.stamp is Stamp.DECLINED and not one.reason.strip():
            refused[one.id] = "dispatch.reason_missing"
        elif one.did == "closure" and not await _is_closing(scope, tx, one.closure_id):
            refused[one.id] = "dispatch.no_closure"
        else:
            source: Told = "operator" if by_radio else "unit"
            events.append(_event(scope, one, happened, now, source))
    was_over = sent.assignment.ended_at is not None
    standing, task, is_news = await service.take_stamps(scope, tx, sent, task, events, now)
    if is_news:
        await _note(scope, tx, sent, task, events, now)
    if is_news and standing.ended_at is not None and not was_over:
        await activate_next(scope, tx, sent.assignment.unit_id, now)
    answers = [
        # Of another assignment, or of one that is not for the asker: it was not taken here.
        Answer(one.id, standing.verdicts.get(one.id), refused.get(one.id))
        for one in presses
    ]
    return answers, sent, task


async def press_on_duty(
    scope: Scope, tx: Transaction, presses: Sequence[Press], sent_at: datetime, now: datetime
) -> list[Answer]:
    """Takes a call for help of a crew that is on no task; on one, it is a press of that.

    Raises:
        NotOnDutyError: The asker serves nowhere.
    """
    duty = await crew_store.find_duty(scope, tx)
    if duty is None:
        raise NotOnDutyError(unit="-")
    if duty.assignment_id is not None:
        answers, _, _ = await press(scope, tx, duty.assignment_id, presses, sent_at, now)
        return answers
    unit = await units.get_unit(scope, tx, duty.unit_id, ACT)
    answers, is_news = [], False
    for one in presses:
        if one.stamp is not Stamp.DURESS:
            answers.append(Answer(one.id, None, TaskNotFoundError.code))
            continue
        at = rules.believed(one.at, sent_at, now, duty.signed_on_at)
        is_news |= await duress_store.insert_alarm(scope, tx, one.id, duty.unit_id, at, one.at, now)
        answers.append(Answer(one.id, Verdict.TAKEN))
    if is_news:
        await tell_units(scope, tx, {duty.unit_id: unit.sides}, "duress", now)
        await note_unit(scope, tx, unit, "duress")
    return answers


async def _note(
    scope: Scope,
    tx: Transaction,
    sent: store.Sent,
    task: Task,
    events: Sequence[Event],
    now: datetime,
) -> None:
    detail = {
        "unit": sent.unit_name,
        "stamps": [event.kind for event in events],
        "source": events[0].source,
    }
    await record(scope, tx, task, "stamped", detail)
    if Stamp.DURESS in detail["stamps"]:
        await tell_task(tx, task, "duress", now)
        await tell_units(scope, tx, {sent.assignment.unit_id: sent.unit_sides}, "duress", now)


async def photograph(
    files: incidents.PhotoFiles,
    scope: Scope,
    tx: Transaction,
    assignment_id: UUID,
    photo: Photo,
    now: datetime,
) -> bool:
    """Keeps a photo of the crew with the incident that its unit was sent to; twice is once.

    Raises:
        TaskNotFoundError: No such assignment, not for this scope, or of no incident.
        NotOnDutyError: The asker did not serve on the unit when it was taken.
        BadPhotoError: It is no JPEG, or one too large to be shown.
        PhotosFullError: There are as many as an incident may have.
    """
    found = await store.find_sent(scope, tx, assignment_id, ACT)
    if found is None or found[1].incident_id is None:
        raise TaskNotFoundError
    sent, task = found
    taken_at = rules.believed(photo.at, photo.sent_at, now, sent.assignment.dispatched_at)
    served = await crew_store.list_served(scope, tx, sent.assignment.unit_id)
    if not _served_at(served, taken_at):
        raise NotOnDutyError(unit=sent.unit_name)
    taken = incidents.Taken(photo.id, photo.content, taken_at, task.agency_id, sent.unit_name)
    return await incidents.add_photo(files, scope, tx, found[1].incident_id, taken, now)


async def _is_closing(scope: Scope, tx: Transaction, closure_id: UUID | None) -> bool:
    return closure_id is not None and await traffic.is_closing(scope, tx, closure_id)


def _served_at(served: Sequence[tuple[datetime, datetime | None]], at: datetime) -> bool:
    return any(on <= at and (off is None or at <= off) for on, off in served)


def _event(scope: Scope, one: Press, happened: datetime, now: datetime, source: Told) -> Event:
    detail: dict[str, Any] = {}
    if one.did is not None:
        detail["did"] = one.did
    if one.held is not None:
        detail["held"] = one.held
    if one.closure_id is not None:
        detail["closure"] = one.closure_id
    if one.outcome is not None:
        detail["outcome"] = one.outcome
    if destination := " ".join(one.destination.split()):
        detail["destination"] = destination
    reason = " ".join(one.reason.split())[: service.REASON_MOST]
    return Event(
        one.id, one.stamp.value, happened, now, one.at, source, scope.person_id, reason, detail
    )
