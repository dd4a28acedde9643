"""SQL of crews in danger: who called for help, and whether somebody answered."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg import sql

from warroom.dispatch.contracts import SEND, VIEW, columns_of
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope
from warroom.units.contracts import columns_of as unit_columns

_OPEN = """
e.kind = 'duress' and not exists (
    select from dispatch_event a where a.assignment_id = e.assignment_id
    and a.kind = 'duress_answered' and a.received_at >= e.received_at)
"""

_LIST = sql.SQL(
    f"""
select coalesce(json_agg(x.told order by x.received_at), '[]')::text from ((
    select e.received_at, json_build_object('id', e.id, 'assignment', e.assignment_id,
        'at', e.happened_at, 'received_at', e.received_at, 'source', e.source,
        'person', p.name, 'task', t.number, 'task_id', t.id, 'incident', t.incident_id,
        'unit', json_build_object('id', u.id, 'name', u.name, 'kind', u.kind),
        'agency', g.short, 'lat', w.lat, 'lon', w.lon, 'position_at', w.at) as told
    from dispatch_event e join dispatch_task t on t.id = e.task_id
    join dispatch_assignment s on s.id = e.assignment_id
    left join unit u on u.id = s.unit_id left join unit_position w on w.unit_id = s.unit_id
    left join person p on p.id = e.person_id left join agency g on g.id = t.agency_id
    where {_OPEN} and {{visible}}
    order by e.received_at limit 100
) union all (
    select c.received_at, json_build_object('id', c.id, 'assignment', null,
        'at', c.happened_at, 'received_at', c.received_at, 'source', 'unit',
        'person', p.name, 'task', null, 'task_id', null, 'incident', null,
        'unit', json_build_object('id', u.id, 'name', u.name, 'kind', u.kind),
        'agency', g.short, 'lat', w.lat, 'lon', w.lon, 'position_at', w.at) as told
    from dispatch_alarm c join unit u on u.id = c.unit_id
    left join unit_position w on w.unit_id = c.unit_id
    left join person p on p.id = c.person_id left join agency g on g.id = c.agency_id
    where c.answered_at is null and {{visible_unit}}
    order by c.received_at limit 100
)) x
"""
)

IN_DANGER = f"""
exists (select from dispatch_event e join dispatch_assignment d on d.id = e.assignment_id
    where d.unit_id = u.id and {_OPEN})
or exists (select from dispatch_alarm c where c.unit_id = u.id and c.answered_at is null)
"""
"""Whether the crew of a unit `u` called for help and nobody answered."""

_UNITS = f"select u.id from unit u where u.id = any(%(units)s) and ({IN_DANGER})"

_INSERT = """
insert into dispatch_alarm (id, unit_id, agency_id, person_id, happened_at, received_at, device_at)
select %(id)s, u.id, u.agency_id, %(person)s, %(happened_at)s, %(now)s, %(device_at)s
from unit u where u.id = %(unit_id)s
on conflict (id) do nothing
returning id
"""

_FIND = sql.SQL(
    """
select c.unit_id, c.answered_at, u.name from dispatch_alarm c join unit u on u.id = c.unit_id
where c.id = %(id)s and {visible} for update of c
"""
)

_ANSWER = """
update dispatch_alarm set answered_at = %(now)s, answered_by = %(person)s
where unit_id = %(unit_id)s and answered_at is null
"""

_LAST_OF_UNIT = """
select json_build_object('at', c.happened_at, 'answered_at', c.answered_at)::text
from dispatch_alarm c where c.unit_id = %(unit_id)s and c.received_at >= %(since)s
order by c.received_at desc limit 1
"""

_IS_OPEN = (
    f"select exists (select from dispatch_event e where e.assignment_id = %(id)s and {_OPEN})"
)

_LAST = """
select json_build_object('at', e.happened_at, 'answered_at', (
    select min(a.received_at) from dispatch_event a where a.assignment_id = e.assignment_id
    and a.kind = 'duress_answered' and a.received_at >= e.received_at))::text
from dispatch_event e where e.assignment_id = %(id)s and e.kind = 'duress'
order by e.received_at desc limit 1
"""


async def list_open(scope: Scope, tx: Transaction) -> bytes:
    """The calls for help in view that nobody answered, as a JSON list, the oldest first."""
    visible, parameters = scope.narrow(VIEW, **columns_of("t"))
    visible_unit, more = scope.narrow(VIEW, **unit_columns("u"))
    query = _LIST.format(visible=visible, visible_unit=visible_unit)
    return await fetch_json(tx, query, parameters | more)


async def is_open(
    scope: Scope,  # noqa: ARG001 - of an assignment that was found under it
    tx: Transaction,
    assignment_id: UUID,
) -> bool:
    """Whether a crew called for help and nobody answered."""
    row = await (await tx.execute(_IS_OPEN, {"id": assignment_id})).fetchone()
    return bool(row and row["exists"])


async def show_last(
    scope: Scope,  # noqa: ARG001 - of the unit on which the asker serves
    tx: Transaction,
    assignment_id: UUID,
) -> bytes:
    """The last call for help of a crew and when it was answered, as JSON; null if there is none."""
    return await fetch_json(tx, _LAST, {"id": assignment_id})


async def list_in_danger(
    scope: Scope,  # noqa: ARG001 - of units that were found under it
    tx: Transaction,
    units: Sequence[UUID],
) -> set[UUID]:
    """Of some units, those whose crew called for help and whom nobody answered."""
    rows = await (await tx.execute(_UNITS, {"units": list(units)})).fetchall()
    return {row["id"] for row in rows}


async def insert_alarm(
    scope: Scope,
    tx: Transaction,
    alarm_id: UUID,
    unit_id: UUID,
    happened_at: datetime,
    device_at: datetime,
    now: datetime,
) -> bool:
    """Keeps a call for help of a crew that is on no task; False where it is kept already."""
    values = {
        "id": alarm_id,
        "unit_id": unit_id,
        "person": scope.person_id,
        "happened_at": happened_at,
        "device_at": device_at,
        "now": now,
    }
    return await (await tx.execute(_INSERT, values)).fetchone() is not None


async def find_alarm(scope: Scope, tx: Transaction, alarm_id: UUID) -> tuple[UUID, bool] | None:
    """The unit of a call for help that the asker may answer, and whether somebody did."""
    visible, parameters = scope.narrow(SEND, **unit_columns("u"))
    query = _FIND.format(visible=visible)
    row = await (await tx.execute(query, parameters | {"id": alarm_id})).fetchone()
    return (row["unit_id"], row["answered_at"] is not None) if row else None


async def answer_alarms(scope: Scope, tx: Transaction, unit_id: UUID, now: datetime) -> None:
    """Answers every open call of a unit that was found, however often they pressed."""
    await tx.execute(_ANSWER, {"unit_id": unit_id, "now": now, "person": scope.person_id})


async def show_last_of_unit(
    scope: Scope,  # noqa: ARG001 - of the unit on which the asker serves
    tx: Transaction,
    unit_id: UUID,
    since: datetime,
) -> bytes:
    """The last call of a crew without a task and when it was answered, as JSON; null if none."""
    return await fetch_json(tx, _LAST_OF_UNIT, {"unit_id": unit_id, "since": since})
