"""What waits for a unit: stacked by a person, active by itself when the unit is done.

Nothing sends a unit but a person: who stacks says now where it goes afterwards. So every way in
which an assignment ends leads through here, except where the unit is taken for something else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from warroom.dispatch import crew_store, incident_store, service, stack_store, store
from warroom.dispatch.contracts import SEND, Assignment, Event, Outcome, Stamp, Task
from warroom.dispatch.errors import (
    NoPlaceError,
    NotHandedOnError,
    StackedNotFoundError,
    UnitNotThereError,
)
from warroom.dispatch.rules import in_order
from warroom.dispatch.sending import Wanted, task_for
from warroom.dispatch.service import Offer
from warroom.dispatch.stack_store import Stacked
from warroom.dispatch.telling import record, tell_task, tell_units
from warroom.incidents import api as incidents
from warroom.incidents.contracts import PROGRESS, WORK, Incident
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.units import api as units
from warroom.units.api import Unit

type NotStacked = Literal["not_there", "free", "already"]
"""Why it was not: no such unit; it is free and can be sent; it is on it, or waits for it."""


@dataclass(frozen=True, slots=True)
class StackOutcome:
    """What became of a unit that was to go there afterwards."""

    unit_id: UUID
    stacked_id: UUID | None = None
    refused: NotStacked | None = None


async def stack_units(
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    wanted: Sequence[Wanted],
    now: datetime,
) -> list[StackOutcome]:
    """Lets busy units go to an incident when they are done with what they are on.

    Raises:
        IncidentNotFoundError: No such incident, or the asker may not work on it.
        NotHandedOnError: It is a draft, or has ended.
        NoPlaceError: It has no place yet.
    """
    incident = await incidents.get_incident(scope, tx, incident_id, WORK, lock=True)
    if incident.state not in PROGRESS:
        raise NotHandedOnError(number=incident.number or "-", state=incident.state.value)
    if incident.lat is None:
        raise NoPlaceError(number=incident.number or "-")
    found = await incident_store.list_tasks(scope, tx, [incident_id], SEND, lock=True)
    tasks = {task.agency_id: task for task in found if task.state != "closed"}
    return [await _stack_one(scope, tx, incident, tasks, one, now) for one in wanted]


async def _stack_one(
    scope: Scope,
    tx: Transaction,
    incident: Incident,
    tasks: dict[UUID, Task],
    wanted: Wanted,
    now: datetime,
) -> StackOutcome:
    try:
        unit = await units.get_unit(scope, tx, wanted.unit_id, SEND)
    except units.UnitNotFoundError:
        return StackOutcome(wanted.unit_id, refused="not_there")
    busy = (await store.list_busy(scope, tx, [unit.id])).get(unit.id)
    if busy is None:
        return StackOutcome(unit.id, refused="free")
    task = await task_for(scope, tx, incident, tasks, unit.draft.agency_id, now)
    if busy[1] == task.number:
        return StackOutcome(unit.id, refused="already")
    made = Stacked(new_id(), unit.id, task.id, task.number, wanted.role)
    if not await stack_store.insert(scope, tx, made, now):
        return StackOutcome(unit.id, refused="already")
    await _tell(scope, tx, task, unit, "stacked", now)
    return StackOutcome(unit.id, made.id)


async def reorder(
    scope: Scope, tx: Transaction, unit_id: UUID, wanted: Sequence[UUID], now: datetime
) -> None:
    """Changes what a unit goes to first; what came meanwhile stays behind.

    Raises:
        UnitNotThereError: No such unit, or not for this scope.
    """
    try:
        unit = await units.get_unit(scope, tx, unit_id, SEND)
    except units.UnitNotFoundError as error:
        raise UnitNotThereError from error
    waiting = {one.id: one for one in await stack_store.list_of_unit(scope, tx, unit_id)}
    order = in_order(list(waiting), wanted)
    if order == list(waiting):
        return
    await stack_store.place(scope, tx, order)
    task = await stack_store.lock_task(scope, tx, waiting[order[0]].task_id)
    if task is not None:
        await _tell(scope, tx, task, unit, "stacked_first", now)


async def unstack(scope: Scope, tx: Transaction, stacked_id: UUID, now: datetime) -> None:
    """It waits for the unit no more.

    Raises:
        StackedNotFoundError: No such thing waits, or not for this scope.
    """
    found = await stack_store.find(scope, tx, stacked_id)
    if found is None:
        raise StackedNotFoundError
    unit = await units.get_unit(scope, tx, found.unit_id)
    await stack_store.delete(scope, tx, stacked_id)
    task = await service.get_task(scope, tx, found.task_id, SEND)
    await _tell(scope, tx, task, unit, "unstacked", now)


async def activate_next(scope: Scope, tx: Transaction, unit_id: UUID, now: datetime) -> UUID | None:
    """Sends a unit that is free to what waits for it first; gives the assignment.

    A unit without a crew, or out of service, goes nowhere: what waits for it stays for the desk.
    """
    waiting = await stack_store.list_of_unit(scope, tx, unit_id)
    if not waiting or not (await crew_store.list_people(scope, tx, [unit_id])).get(unit_id):
        return None
    unit = await stack_store.find_unit(scope, tx, unit_id)
    if unit is None:
        return None
    name, sides = unit
    first = waiting[0]
    task = await stack_store.lock_task(scope, tx, first.task_id)
    if task is None or task.state == "closed":
        return None
    made = Assignment(
        new_id(), task.id, unit_id, Stamp.DISPATCHED, since=now, dispatched_at=now, role=first.role
    )
    if not await store.insert_assignment(scope, tx, made):
        return None
    await stack_store.delete(scope, tx, first.id)
    detail = {"unit": name, "role": first.role, "stacked": True}
    sent = Event(new_id(), Stamp.DISPATCHED.value, now, now, None, "auto", None, "", detail)
    await store.insert_events(scope, tx, task.id, made.id, [sent])
    task = await service.settle(scope, tx, task, now)
    await tell_task(tx, task, "sent", now)
    await tell_units(scope, tx, {unit_id: sides}, "sent", now)
    await record(scope, tx, task, "sent", {"unit": name, "stacked": True})
    return made.id


async def cancel(
    scope: Scope, tx: Transaction, assignment_id: UUID, reason: str, now: datetime
) -> None:
    """Takes a unit back; what waits for it becomes active.

    Raises:
        TaskNotFoundError: No such assignment, or not for this scope.
        OverError: It has ended.
        ReasonMissingError: No reason is given.
    """
    unit_id = await service.cancel(scope, tx, assignment_id, reason, now)
    await activate_next(scope, tx, unit_id, now)


async def hand_over(
    scope: Scope,
    tx: Transaction,
    assignment_id: UUID,
    unit_id: UUID,
    reason: str,
    offer: Offer,
    now: datetime,
) -> UUID:
    """Gives the task of one unit to another; what waits for the first becomes active.

    Raises:
        TaskNotFoundError: No such assignment, or not for this scope.
        OverError: It has ended.
        ReasonMissingError: No reason is given.
        UnitNotThereError: No such unit of this agency, or not for this scope.
        BusyError: The other unit is on a task.
    """
    made, freed = await service.hand_over(scope, tx, assignment_id, unit_id, reason, offer, now)
    await activate_next(scope, tx, freed, now)
    return made


async def close_task(
    scope: Scope, tx: Transaction, task_id: UUID, outcome: Outcome, reason: str, now: datetime
) -> None:
    """Closes a task; what waits for those who were on it becomes active.

    Raises:
        TaskNotFoundError: No such task, or not for this scope.
        ReasonMissingError: It is cancelled without a reason.
    """
    for unit_id in await service.close_task(scope, tx, task_id, outcome, reason, now):
        await activate_next(scope, tx, unit_id, now)


async def _tell(
    scope: Scope, tx: Transaction, task: Task, unit: Unit, change: str, now: datetime
) -> None:
    detail = {"unit": unit.draft.name}
    event = Event(new_id(), change, now, now, None, "operator", scope.person_id, "", detail)
    await store.insert_events(scope, tx, task.id, None, [event])
    await tell_task(tx, task, change, now)
    await tell_units(scope, tx, {unit.id: unit.sides}, change, now)
    await record(scope, tx, task, change, detail)
