"""Who hears of a change: those who see the task, those who see the unit, and its crew."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.dispatch import (
    crew_store,
    duress_store,
    outage_store,
    returning_store,
    rules,
    stack_store,
    store,
)
from warroom.dispatch.contracts import MINE, RETURN_MOST, TASKS, UNITS, Task
from warroom.kernel import outbox
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope, Sides
from warroom.units.contracts import Unit


async def tell_task(tx: Transaction, task: Task, change: str, now: datetime) -> None:
    """Tells those who see the task."""
    body = {"id": task.id, "number": task.number, "change": change, "state": task.state}
    if task.incident_id is not None:
        body["incident"] = task.incident_id
    await outbox.publish_many(tx, TASKS, [(body, *outbox.thing_of(task.sides))], now=now)


async def tell_units(
    scope: Scope, tx: Transaction, units: Mapping[UUID, Sides], change: str, now: datetime
) -> None:
    """Tells those who see these units what they are doing now, and their crews."""
    ids = list(units)
    busy = await store.list_busy(scope, tx, ids)
    crews = await crew_store.list_people(scope, tx, ids)
    waiting = await stack_store.count(scope, tx, ids)
    in_danger = await duress_store.list_in_danger(scope, tx, ids)
    out = await outage_store.list_out(scope, tx, ids)
    homeward = await returning_store.list_returning(scope, tx, ids, now - RETURN_MOST)
    bodies = []
    for unit_id, sides in units.items():
        state, number = busy.get(unit_id, (None, None))
        crew = crews.get(unit_id, [])
        body = {
            "unit": unit_id,
            "status": rules.status_of(
                state,
                len(crew),
                in_danger=unit_id in in_danger,
                is_out=unit_id in out,
                is_returning=unit_id in homeward,
            ).value,
            "outage": out.get(unit_id),
            "since": now,
            "crew": len(crew),
            "task": number,
            "stacked": waiting.get(unit_id, 0),
        }
        bodies.append((body, *outbox.thing_of(sides)))
    await outbox.publish_many(tx, UNITS, bodies, now=now)
    await tell_people(tx, [one for crew in crews.values() for one in crew], change, now)


async def tell_people(tx: Transaction, people: Sequence[UUID], change: str, now: datetime) -> None:
    """Tells people that something of theirs changed: their phones read what."""
    events = [({"change": change}, None, None, person, (), None) for person in people]
    await outbox.publish_many(tx, MINE, events, now=now)


async def record(
    scope: Scope,
    tx: Transaction,
    task: Task,
    deed: str,
    detail: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Writes a deed about a task into the audit."""
    await audit.record(
        scope,
        tx,
        action=f"dispatch:{deed}",
        object_kind="task",
        object_id=task.id,
        object_label=task.number,
        agency_id=task.agency_id,
        place=task.place,
        detail=detail,
        reason=reason or None,
        sides=task.sides,
    )


async def note_unit(
    scope: Scope, tx: Transaction, unit: Unit, deed: str, detail: dict[str, Any] | None = None
) -> None:
    """Writes a deed about a unit into the audit."""
    await audit.record(
        scope,
        tx,
        action=f"dispatch:{deed}",
        object_kind="unit",
        object_id=unit.id,
        object_label=unit.draft.name,
        agency_id=unit.draft.agency_id,
        place=unit.draft.place,
        detail=detail,
        sides=unit.sides,
    )
