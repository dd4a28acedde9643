"""Crews in danger: a call for help stays an alarm until a person answers it."""

from datetime import datetime
from uuid import UUID

from warroom.dispatch import crew_store, duress_store, store
from warroom.dispatch.contracts import DURESS_ANSWERED, SEND, Event
from warroom.dispatch.errors import TaskNotFoundError, UnitNotThereError
from warroom.dispatch.telling import note_unit, record, tell_people, tell_task, tell_units
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.units import api as units


async def answer(scope: Scope, tx: Transaction, assignment_id: UUID, now: datetime) -> None:
    """Somebody at the desk takes a call for help upon themselves; the crew reads that it was heard.

    Where none is open, because another desk was quicker, nothing happens.

    Raises:
        TaskNotFoundError: No such assignment, or not for this scope.
    """
    found = await store.find_sent(scope, tx, assignment_id, SEND)
    if found is None:
        raise TaskNotFoundError
    sent, task = found
    if not await duress_store.is_open(scope, tx, assignment_id):
        return
    event = Event(new_id(), DURESS_ANSWERED, now, now, None, "operator", scope.person_id)
    await store.insert_events(scope, tx, task.id, assignment_id, [event])
    await tell_task(tx, task, DURESS_ANSWERED, now)
    unit_id = sent.assignment.unit_id
    await tell_units(scope, tx, {unit_id: sent.unit_sides}, DURESS_ANSWERED, now)
    crew = (await crew_store.list_people(scope, tx, [unit_id])).get(unit_id, [])
    await tell_people(tx, crew, DURESS_ANSWERED, now)
    await record(scope, tx, task, DURESS_ANSWERED, {"unit": sent.unit_name})


async def answer_alarm(scope: Scope, tx: Transaction, alarm_id: UUID, now: datetime) -> None:
    """The same for a crew that is on no task.

    Raises:
        UnitNotThereError: No such call, or not for this scope.
    """
    found = await duress_store.find_alarm(scope, tx, alarm_id)
    if found is None:
        raise UnitNotThereError
    unit_id, is_answered = found
    if is_answered:
        return
    await duress_store.answer_alarms(scope, tx, unit_id, now)
    unit = await units.get_unit(scope, tx, unit_id, SEND)
    await tell_units(scope, tx, {unit_id: unit.sides}, DURESS_ANSWERED, now)
    await note_unit(scope, tx, unit, DURESS_ANSWERED)
