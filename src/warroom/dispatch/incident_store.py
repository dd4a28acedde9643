"""SQL of the tasks that are parts of an incident."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg import sql

from warroom.dispatch.contracts import VIEW, Assignment, Stamp, Task, columns_of
from warroom.dispatch.duress_store import IN_DANGER
from warroom.dispatch.progress import Told
from warroom.dispatch.store import assignment_of_row, task_of_row
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_TASKS = sql.SQL(
    "select t.* from dispatch_task t where t.incident_id = any(%(ids)s) and {visible}"
    " order by t.opened_at, t.id {lock}"
)

_UNITS = sql.SQL(
    """
select s.id, s.unit_id, s.role, s.state, s.ended_at, t.incident_id
from dispatch_assignment s join dispatch_task t on t.id = s.task_id
where t.incident_id = %(id)s and {visible}
order by s.created_at, s.id
"""
)

_STAMPS = sql.SQL(
    """
select e.id, e.assignment_id, e.kind, e.happened_at, e.detail ->> 'did' as did
from dispatch_event e join dispatch_task t on t.id = e.task_id
where t.incident_id = %(id)s and e.assignment_id is not null and {visible}
"""
)

_DECLINED = """
select distinct s.unit_id from dispatch_assignment s join dispatch_task t on t.id = s.task_id
where t.incident_id = %(id)s and s.state = 'declined'
"""

# One question for what would be five: each of them alone costs as much as its answer.
_STANDING = f"""
select k.unit_id, b.number as busy_with, coalesce(c.crew, 0) as crew, r.ended_at as rested_at,
    d.unit_id is not null as declined, u.id is not null as in_danger,
    o.unit_id is not null as is_out
from unnest(%(units)s::uuid[]) k (unit_id)
left join (
    select s.unit_id, min(t.number) as number from dispatch_assignment s
    join dispatch_task t on t.id = s.task_id
    where s.ended_at is null and s.unit_id = any(%(units)s) and t.kind <> 'move_up'
    group by s.unit_id
) b on b.unit_id = k.unit_id
left join (
    select unit_id, count(*) as crew from dispatch_crew
    where unit_id = any(%(units)s) and signed_off_at is null group by unit_id
) c on c.unit_id = k.unit_id
left join (
    select unit_id, max(ended_at) as ended_at from dispatch_assignment
    where unit_id = any(%(units)s) and ended_at >= %(since)s and on_scene_at is not null
    group by unit_id
) r on r.unit_id = k.unit_id
left join ({_DECLINED}) d on d.unit_id = k.unit_id
left join (
    select u.id from unit u where u.id = any(%(units)s) and ({IN_DANGER})
) u on u.id = k.unit_id
left join dispatch_outage o on o.unit_id = k.unit_id and o.ended_at is null
"""

_WITH_UNITS = "select distinct agency_id from unit where removed_at is null and enabled"

_OPEN = """
select distinct incident_id from dispatch_task where incident_id is not null and closed_at is null
"""

_GOING = """
select s.* from dispatch_assignment s join dispatch_task t on t.id = s.task_id
where s.ended_at is null and (t.kind <> 'move_up' or s.state <> 'on_scene')
"""

_NUMBERS = "select number from dispatch_task where incident_id = %(id)s"


class Part(NamedTuple):
    """A unit of an incident."""

    assignment_id: UUID
    unit_id: UUID
    role: str
    state: Stamp
    ended_at: datetime | None


async def list_tasks(
    scope: Scope,
    tx: Transaction,
    incident_ids: Sequence[UUID],
    action: str = VIEW,
    *,
    lock: bool = False,
) -> list[Task]:
    """The tasks of incidents with which the action may be done, oldest first."""
    visible, parameters = scope.narrow(action, **columns_of("t"))
    query = _TASKS.format(visible=visible, lock=sql.SQL("for update of t" if lock else ""))
    rows = await (await tx.execute(query, parameters | {"ids": list(incident_ids)})).fetchall()
    return [task_of_row(row) for row in rows]


async def list_parts(scope: Scope, tx: Transaction, incident_id: UUID) -> list[Part]:
    """The units in view that were ever sent to an incident, in the order in which they were."""
    visible, parameters = scope.narrow(VIEW, **columns_of("t"))
    rows = await tx.execute(_UNITS.format(visible=visible), parameters | {"id": incident_id})
    return [
        Part(row["id"], row["unit_id"], row["role"], Stamp(row["state"]), row["ended_at"])
        for row in await rows.fetchall()
    ]


async def list_told(scope: Scope, tx: Transaction, incident_id: UUID) -> list[Told]:
    """Every stamp in view of the units of an incident."""
    visible, parameters = scope.narrow(VIEW, **columns_of("t"))
    rows = await tx.execute(_STAMPS.format(visible=visible), parameters | {"id": incident_id})
    return [
        Told(row["id"], row["assignment_id"], row["kind"], row["happened_at"], row["did"])
        for row in await rows.fetchall()
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    """What keeps a unit from an incident, or does not.

    Attributes:
        busy_with: Number of the task it is on; who was moved up stands by and is free.
        crew: How many serve on it now.
        rested_at: When it was done with the last place that it was at.
        declined: Whether it declined a task of the incident.
        in_danger: Whether its crew called for help and nobody answered.
        is_out: Whether it is out of service.
    """

    busy_with: str | None
    crew: int
    rested_at: datetime | None
    declined: bool
    in_danger: bool
    is_out: bool


async def list_standings(
    scope: Scope,  # noqa: ARG001 - of units that were found under it
    tx: Transaction,
    incident_id: UUID,
    units: Sequence[UUID],
    since: datetime,
) -> dict[UUID, Standing]:
    """How each of some units stands to an incident; what ended before `since` is no rest."""
    values = {"id": incident_id, "units": list(units), "since": since}
    rows = await (await tx.execute(_STANDING, values)).fetchall()
    return {
        row["unit_id"]: Standing(
            *(row["busy_with"], row["crew"], row["rested_at"], row["declined"]),
            *(row["in_danger"], row["is_out"]),
        )
        for row in rows
    }


async def list_numbers(
    scope: Scope,  # noqa: ARG001 - to find a free one
    tx: Transaction,
    incident_id: UUID,
) -> set[str]:
    """The numbers of the tasks of an incident."""
    rows = await (await tx.execute(_NUMBERS, {"id": incident_id})).fetchall()
    return {row["number"] for row in rows}


async def list_dispatching(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
) -> set[UUID]:
    """The agencies that have units to send."""
    return {row["agency_id"] for row in await (await tx.execute(_WITH_UNITS)).fetchall()}


async def list_incidents(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
) -> list[UUID]:
    """The incidents of which some task is open."""
    return [row["incident_id"] for row in await (await tx.execute(_OPEN)).fetchall()]


async def list_going(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
) -> list[Assignment]:
    """The assignments that have not ended; who stands by is asked nothing."""
    return [assignment_of_row(row) for row in await (await tx.execute(_GOING)).fetchall()]


async def save_note(
    scope: Scope,  # noqa: ARG001 - the system's, of a task that was found under it
    tx: Transaction,
    task_id: UUID,
    note: str,
) -> None:
    """What a task is about, as its incident says now."""
    query = "update dispatch_task set note = %(note)s where id = %(id)s and note <> %(note)s"
    await tx.execute(query, {"id": task_id, "note": note})
