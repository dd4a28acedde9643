"""Use cases of tasks: open, send, tell, cancel, hand over, close; one transaction each."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from warroom.dispatch import coverage_store, crew_store, rules, stack_store, store
from warroom.dispatch.contracts import (
    SEND,
    VIEW,
    Assignment,
    Event,
    Outcome,
    Stamp,
    Task,
    TaskKind,
    Told,
)
from warroom.dispatch.errors import (
    BusyError,
    ClosedError,
    NoAgencyError,
    OffMapError,
    OpenAlreadyError,
    OverError,
    ReasonMissingError,
    TaskNotFoundError,
    UnitNotThereError,
)
from warroom.dispatch.telling import record, tell_people, tell_task, tell_units
from warroom.identity.contracts import Thing, finds
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.traffic.contracts import Jam
from warroom.units import api as units

_PREFIX: dict[TaskKind, str] = {"traffic": "LL", "move_up": "GS"}
REASON_MOST = 500


@dataclass(frozen=True, slots=True)
class TaskDraft:
    """A task as somebody wants it.

    Attributes:
        place: Area code; None where none is known.
        keys: Edges of its jam.
        agency_id: For whom; None is for the asker's own agency.
        kind: A jam, or standing by for a minimum.
    """

    lat: float
    lon: float
    place: str | None
    roads: tuple[str, ...] = ()
    note: str = ""
    priority: int = 3
    jam_id: UUID | None = None
    keys: tuple[str, ...] = ()
    agency_id: UUID | None = None
    kind: TaskKind = "traffic"
    minimum_id: UUID | None = None


def draft_of(jam: Jam, keys: Sequence[str], **more: Any) -> TaskDraft:
    """A task about a jam: at its head, where it begins to flow again."""
    return TaskDraft(
        jam.lat, jam.lon, jam.place, jam.roads, jam_id=jam.id, keys=tuple(keys), **more
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """What was proposed when a unit was chosen, for the record.

    Attributes:
        eta_s: Travel time then; None where none was known.
        detail: Rank among those proposed, age of the position, who was left out and why.
        role: What of a run card it is sent as; empty where by none.
    """

    eta_s: float | None
    detail: dict[str, Any]
    role: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task ended.

    Attributes:
        at: When it was over, where that was told late; None is now.
    """

    outcome: str
    source: Told
    reason: str = ""
    at: datetime | None = None


async def open_task(
    scope: Scope, tx: Transaction, draft: TaskDraft, zone: tzinfo, now: datetime
) -> Task:
    """Opens a task; nobody is sent by it.

    Raises:
        NoAgencyError: Nobody is named for whom, and the asker has no agency.
        OffMapError: The asker may not open one there.
        OpenAlreadyError: The agency has an open task for the jam.
    """
    agency_id = draft.agency_id or scope.agency_id
    if agency_id is None:
        raise NoAgencyError
    task = Task(
        *(new_id(), "", agency_id, draft.kind, draft.place, draft.lat, draft.lon, draft.roads),
        *("open", draft.priority, now, draft.jam_id, draft.keys),
        opened_by=scope.person_id,
        minimum_id=draft.minimum_id,
    )
    if not scope.allows(SEND, **task.sides):
        raise OffMapError
    if draft.jam_id is not None:
        number = await store.find_open_of_jam(scope, tx, agency_id, draft.jam_id)
        if number is not None:
            raise OpenAlreadyError(number=number)
    year = now.astimezone(zone).year
    count = await store.next_number(scope, tx, task.kind, year)
    task = replace(task, number=f"{_PREFIX[task.kind]}-{year}-{count:06d}")
    if not await store.insert_task(scope, tx, task, " ".join(draft.note.split())):
        raise OpenAlreadyError(number="?")
    source: Told = "auto" if scope.person_id is None else "operator"
    opened = _event(scope, "opened", now, source, detail={"roads": task.roads})
    await store.insert_events(scope, tx, task.id, None, [opened])
    await tell_task(tx, task, "opened", now)
    await record(scope, tx, task, "opened", {"jam": draft.jam_id, "source": source})
    return task


async def get_task(
    scope: Scope, tx: Transaction, task_id: UUID, action: str = VIEW, *, lock: bool = False
) -> Task:
    """The task, if the asker may do `action` with it.

    Raises:
        TaskNotFoundError: No such task, or not for this scope.
    """
    task = await store.find_task(scope, tx, task_id, action, lock=lock)
    if task is None:
        raise TaskNotFoundError
    return task


async def send_unit(
    scope: Scope,
    tx: Transaction,
    task_id: UUID,
    unit_id: UUID,
    offer: Offer,
    now: datetime,
) -> UUID:
    """Sends a unit of the task's agency to it; a person does, never the system by itself.

    Raises:
        TaskNotFoundError: No such task, or not for this scope.
        UnitNotThereError: No such unit of this agency, or not for this scope.
        ClosedError: The task is closed.
        BusyError: The unit is on a task.
    """
    task = await get_task(scope, tx, task_id, SEND, lock=True)
    if task.state == "closed":
        raise ClosedError(number=task.number)
    try:
        unit = await units.get_unit(scope, tx, unit_id, SEND)
    except units.UnitNotFoundError as error:
        raise UnitNotThereError from error
    if unit.draft.agency_id != task.agency_id:
        raise UnitNotThereError
    await release_move(scope, tx, unit_id, task.number, now)
    made = Assignment(
        new_id(), task.id, unit_id, Stamp.DISPATCHED, since=now, dispatched_at=now,
        eta_s=offer.eta_s, role=offer.role,
    )  # fmt: skip
    if not await store.insert_assignment(scope, tx, made):
        raise BusyError(unit=unit.draft.name)
    detail = {"unit": unit.draft.name, "eta_s": offer.eta_s, **offer.detail}
    sent = _event(scope, Stamp.DISPATCHED, now, "operator", detail=detail)
    await store.insert_events(scope, tx, task.id, made.id, [sent])
    task = await settle(scope, tx, task, now)
    await tell_task(tx, task, "sent", now)
    await tell_units(scope, tx, {unit_id: unit.sides}, "sent", now)
    await record(scope, tx, task, "sent", {"unit": unit.draft.name})
    return made.id


async def cancel(
    scope: Scope, tx: Transaction, assignment_id: UUID, reason: str, now: datetime
) -> UUID:
    """Takes a unit back; the task stays open. Gives the unit.

    Raises:
        TaskNotFoundError: No such assignment, or not for this scope.
        OverError: It has ended.
        ReasonMissingError: No reason is given.
    """
    sent, task = await _get_sent(scope, tx, assignment_id)
    reason = check_reason(reason)
    await _end(scope, tx, sent, task, Stamp.CANCELLED, reason, {}, now)
    await record(scope, tx, task, "cancelled", {"unit": sent.unit_name}, reason)
    return sent.assignment.unit_id


async def release_move(
    scope: Scope, tx: Transaction, unit_id: UUID, number: str, now: datetime
) -> None:
    """Takes a unit from where it stands by, for a task of this number: it was free all the time."""
    moved = (await coverage_store.list_moved(scope, tx, [unit_id])).get(unit_id)
    if moved is not None:
        with contextlib.suppress(OverError):  # another desk was quicker
            await cancel(scope, tx, moved.assignment_id, number, now)


async def hand_over(
    scope: Scope,
    tx: Transaction,
    assignment_id: UUID,
    unit_id: UUID,
    reason: str,
    offer: Offer,
    now: datetime,
) -> tuple[UUID, UUID]:
    """Gives the task of one unit to another: the new assignment, and the unit that is free.

    Raises:
        TaskNotFoundError: No such assignment, or not for this scope.
        OverError: It has ended.
        ReasonMissingError: No reason is given.
        UnitNotThereError: No such unit of this agency, or not for this scope.
        BusyError: The other unit is on a task.
    """
    sent, task = await _get_sent(scope, tx, assignment_id)
    reason = check_reason(reason)
    await _end(scope, tx, sent, task, Stamp.HANDED_OVER, reason, {"to": unit_id}, now)
    await record(scope, tx, task, "handed_over", {"unit": sent.unit_name}, reason)
    detail = {**offer.detail, "instead_of": sent.unit_name}
    offer = replace(offer, detail=detail, role=sent.assignment.role)
    made = await send_unit(scope, tx, task.id, unit_id, offer, now)
    return made, sent.assignment.unit_id


async def close_task(
    scope: Scope,
    tx: Transaction,
    task_id: UUID,
    outcome: Outcome,
    reason: str,
    now: datetime,
) -> list[UUID]:
    """Closes a task and takes back who is still on it, who are given; one that is closed stays.

    Raises:
        TaskNotFoundError: No such task, or not for this scope.
        ReasonMissingError: It is cancelled without a reason.
    """
    task = await get_task(scope, tx, task_id, SEND, lock=True)
    if task.state == "closed":
        return []
    reason = check_reason(reason) if outcome == "cancelled" else " ".join(reason.split())
    freed: list[UUID] = []
    for sent in await store.list_sent(scope, tx, task.id):
        if sent.assignment.ended_at is None:
            freed.append(sent.assignment.unit_id)
            await _end(scope, tx, sent, task, Stamp.CANCELLED, reason, {"closed": outcome}, now)
    if task.kind == "move_up" and (await get_task(scope, tx, task_id, SEND)).state == "closed":
        return freed
    source: Told = "auto" if scope.person_id is None else "operator"
    await finish(scope, tx, task, Ending(outcome, source, reason), now)
    await record(scope, tx, task, "closed", {"outcome": outcome, "source": source}, reason)
    return freed


async def finish(scope: Scope, tx: Transaction, task: Task, end: Ending, now: datetime) -> Task:
    """Closes a task that was found and locked, and tells of it; nothing waits for it any more."""
    task = replace(task, state="closed", outcome=end.outcome, closed_at=end.at or now)
    await store.update_task(scope, tx, task, now)
    detail = {"outcome": end.outcome}
    closed = _event(scope, "closed", now, end.source, reason=end.reason, detail=detail)
    await store.insert_events(scope, tx, task.id, None, [closed])
    await tell_task(tx, task, "closed", now)
    waited = await stack_store.clear(scope, tx, task.id)
    crews = await crew_store.list_people(scope, tx, waited)
    await tell_people(tx, [one for crew in crews.values() for one in crew], "unstacked", now)
    return task


async def take_stamps(
    scope: Scope,
    tx: Transaction,
    sent: store.Sent,
    task: Task,
    events: Sequence[Event],
    now: datetime,
) -> tuple[rules.Standing, Task, bool]:
    """Adds what was told of an assignment and brings it, and its task, to what it comes to.

    The task must be locked. What is told twice changes nothing and tells nobody; the last of what
    is returned says whether anything was new.
    """
    before = rules.replay(await store.list_stamps(scope, tx, sent.assignment.id))
    await store.insert_events(scope, tx, task.id, sent.assignment.id, events)
    standing = rules.replay(await store.list_stamps(scope, tx, sent.assignment.id))
    if standing.verdicts == before.verdicts:
        return standing, task, False
    since = standing.since or sent.assignment.since
    await store.update_assignment(
        scope, tx, sent.assignment.id, standing.state, since, rules.moments_of(standing)
    )
    was_closed = task.state == "closed"
    task = await settle(scope, tx, task, now)
    if task.kind == "move_up" and standing.ended_at is not None and not was_closed:
        # Nobody else stands by for it.
        outcome = "solved" if standing.state is Stamp.CLEARED else "cancelled"
        task = await finish(scope, tx, task, Ending(outcome, events[-1].source), now)
    elif not was_closed and task.state != "closed" and standing.state is not before.state:
        others = [
            one
            for one in await store.list_assignments(scope, tx, [task.id])
            if one.id != sent.assignment.id
        ]
        if rules.closes(others, standing):
            task = await finish(scope, tx, task, _ending(events, standing), now)
    await tell_task(tx, task, "stamped", now)
    await tell_units(scope, tx, {sent.assignment.unit_id: sent.unit_sides}, "stamped", now)
    return standing, task, True


def _ending(events: Sequence[Event], standing: rules.Standing) -> Ending:
    """How the crew that cleared its assignment said that the task ended."""
    cleared = [event for event in events if event.kind == Stamp.CLEARED]
    if not cleared:
        # Told before, and of effect only now, by a stamp that came after it.
        return Ending("solved", "unit", at=standing.ended_at)
    last = cleared[-1]
    outcome = str(last.detail.get("outcome", "solved"))
    return Ending(outcome, last.source, last.reason, standing.ended_at)


async def _get_sent(scope: Scope, tx: Transaction, assignment_id: UUID) -> tuple[store.Sent, Task]:
    found = await store.find_sent(scope, tx, assignment_id, SEND)
    if found is None:
        raise TaskNotFoundError
    return found


async def _end(
    scope: Scope,
    tx: Transaction,
    sent: store.Sent,
    task: Task,
    stamp: Stamp,
    reason: str,
    detail: dict[str, Any],
    now: datetime,
) -> None:
    if sent.assignment.ended_at is not None:
        raise OverError(unit=sent.unit_name)
    event = _event(scope, stamp, now, "operator", reason=reason, detail=detail)
    await take_stamps(scope, tx, sent, task, [event], now)


async def settle(scope: Scope, tx: Transaction, task: Task, now: datetime) -> Task:
    """Stores where the task stands by its units; one that is closed stays closed."""
    if task.state == "closed":
        return task
    assignments = await store.list_assignments(scope, tx, [task.id])
    task = replace(task, state=rules.state_of([one.state for one in assignments]))
    await store.update_task(scope, tx, task, now)
    return task


def check_reason(reason: str) -> str:
    """The reason on one line.

    Raises:
        ReasonMissingError: There is none.
    """
    text = " ".join(reason.split())
    if not text:
        raise ReasonMissingError
    return text[:REASON_MOST]


def _event(
    scope: Scope,
    kind: str,
    now: datetime,
    source: Told,
    *,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> Event:
    return Event(new_id(), str(kind), now, now, None, source, scope.person_id, reason, detail or {})


@finds("task")
async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The task in view with this number or id, as rights see it; None if there is none."""
    try:
        task = await store.find_task(scope, tx, UUID(asked), VIEW)
    except ValueError:
        task = await store.find_numbered(scope, tx, asked.strip())
    if task is None:
        return None
    return Thing(*("task", task.id, task.number, task.agency_id, task.place), class_=task.kind)
