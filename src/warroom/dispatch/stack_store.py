"""SQL of what waits for units: tasks that they go to when they are done with what they are on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.dispatch.contracts import SEND, Task, columns_of
from warroom.dispatch.store import task_of_row
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope, Sides

_INSERT = """
insert into dispatch_stacked (id, unit_id, task_id, role, position, stacked_at, stacked_by)
values (%(id)s, %(unit_id)s, %(task_id)s, %(role)s, (
        select case when %(first)s then coalesce(min(position), 1) - 1
            else coalesce(max(position), 0) + 1 end
        from dispatch_stacked where unit_id = %(unit_id)s),
    %(now)s, %(person)s)
on conflict (unit_id, task_id) do nothing
returning id
"""

_OF_UNIT = """
select w.*, t.number from dispatch_stacked w join dispatch_task t on t.id = w.task_id
where w.unit_id = %(unit_id)s order by w.position, w.id for update of w
"""

_FIND = sql.SQL(
    """
select w.*, t.number from dispatch_stacked w join dispatch_task t on t.id = w.task_id
where w.id = %(id)s and {visible} for update of w
"""
)

_TASK = "select * from dispatch_task where id = %(id)s for update"

_UNIT = """
select name, agency_id, place, tags, kind from unit
where id = %(id)s and removed_at is null and enabled
"""

_COUNTS = """
select unit_id, count(*) as n from dispatch_stacked where unit_id = any(%(units)s) group by unit_id
"""

SHOWN = """
coalesce((select json_agg(json_build_object('id', w.id, 'number', k.number, 'task', k.id,
        'incident', k.incident_id, 'priority', k.priority, 'note', k.note, 'roads', k.roads,
        'kind', k.kind, 'role', w.role, 'stacked_at', w.stacked_at) order by w.position, w.id)
    from dispatch_stacked w join dispatch_task k on k.id = w.task_id
    where w.unit_id = u.id), '[]')
"""
"""What waits for a unit `u`, the next first."""

_SHOW = sql.SQL(f"select {SHOWN}::text from unit u where u.id = %(unit_id)s")


@dataclass(frozen=True, slots=True)
class Stacked:
    """One thing that waits for a unit.

    Attributes:
        number: Of its task.
        role: What of a run card the unit will be there as; empty where by none.
    """

    id: UUID
    unit_id: UUID
    task_id: UUID
    number: str
    role: str = ""


async def insert(
    scope: Scope, tx: Transaction, stacked: Stacked, now: datetime, *, first: bool = False
) -> bool:
    """Puts it behind what waits for the unit, or before; False where it waits already."""
    values: dict[str, Any] = {
        name: getattr(stacked, name) for name in ("id", "unit_id", "task_id", "role")
    }
    values |= {"now": now, "person": scope.person_id, "first": first}
    return await (await tx.execute(_INSERT, values)).fetchone() is not None


async def list_of_unit(
    scope: Scope,  # noqa: ARG001 - of a unit that was found under it; row-level security of tasks
    tx: Transaction,
    unit_id: UUID,
) -> list[Stacked]:
    """What waits for a unit, the next first, locked."""
    rows = await (await tx.execute(_OF_UNIT, {"unit_id": unit_id})).fetchall()
    return [_stacked(row) for row in rows]


async def find(scope: Scope, tx: Transaction, stacked_id: UUID) -> Stacked | None:
    """One that waits, locked, if the asker may send to its task."""
    visible, parameters = scope.narrow(SEND, **columns_of("t"))
    query = _FIND.format(visible=visible)
    row = await (await tx.execute(query, parameters | {"id": stacked_id})).fetchone()
    return _stacked(row) if row else None


async def lock_task(
    scope: Scope,  # noqa: ARG001 - of what waits for a unit that was found under it
    tx: Transaction,
    task_id: UUID,
) -> Task | None:
    """The task for which a unit waits, locked."""
    row = await (await tx.execute(_TASK, {"id": task_id})).fetchone()
    return task_of_row(row) if row else None


async def find_unit(
    scope: Scope,  # noqa: ARG001 - of an assignment of which the asker told the end
    tx: Transaction,
    unit_id: UUID,
) -> tuple[str, Sides] | None:
    """A unit in service: its name, and what it is judged by."""
    row = await (await tx.execute(_UNIT, {"id": unit_id})).fetchone()
    if row is None:
        return None
    sides: Sides = {
        "agency_id": row["agency_id"],
        "place": row["place"],
        "object_id": unit_id,
        "tags": tuple(row["tags"]),
        "class_": row["kind"],
    }
    return row["name"], sides


async def place(
    scope: Scope,  # noqa: ARG001 - of a unit that was found under it
    tx: Transaction,
    order: Sequence[UUID],
) -> None:
    """Stores the order in which things wait for a unit."""
    query = "update dispatch_stacked set position = %(at)s where id = %(id)s"
    async with tx.cursor() as cursor:
        await cursor.executemany(
            query, [{"id": one, "at": at} for at, one in enumerate(order, start=1)]
        )


async def delete(
    scope: Scope,  # noqa: ARG001 - of one that was found under it
    tx: Transaction,
    stacked_id: UUID,
) -> None:
    """It waits no more."""
    await tx.execute("delete from dispatch_stacked where id = %(id)s", {"id": stacked_id})


async def clear(
    scope: Scope,  # noqa: ARG001 - of a task that was found under it
    tx: Transaction,
    task_id: UUID,
) -> list[UUID]:
    """Nothing waits for a task any more; gives the units for which it waited."""
    query = "delete from dispatch_stacked where task_id = %(id)s returning unit_id"
    return [row["unit_id"] for row in await (await tx.execute(query, {"id": task_id})).fetchall()]


async def count(
    scope: Scope,  # noqa: ARG001 - of units that were found under it
    tx: Transaction,
    units: Sequence[UUID],
) -> dict[UUID, int]:
    """How much waits for units; those without are left out."""
    rows = await (await tx.execute(_COUNTS, {"units": list(units)})).fetchall()
    return {row["unit_id"]: row["n"] for row in rows}


async def show(
    scope: Scope,  # noqa: ARG001 - of a unit that was found under it; row-level security of tasks
    tx: Transaction,
    unit_id: UUID,
) -> bytes:
    """What waits for a unit, the next first, as a JSON list."""
    return await fetch_json(tx, _SHOW, {"unit_id": unit_id})


def _stacked(row: dict[str, Any]) -> Stacked:
    return Stacked(row["id"], row["unit_id"], row["task_id"], row["number"], row["role"])
