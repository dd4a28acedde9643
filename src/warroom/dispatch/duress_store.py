"""SQL of crews in danger: who called for help, and whether somebody answered."""

from uuid import UUID

from psycopg import sql

from warroom.dispatch.contracts import VIEW, columns_of
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_OPEN = """
e.kind = 'duress' and not exists (
    select from dispatch_event a where a.assignment_id = e.assignment_id
    and a.kind = 'duress_answered' and a.received_at >= e.received_at)
"""

_LIST = sql.SQL(
    f"""
select coalesce(json_agg(x.told order by x.received_at), '[]')::text from (
    select e.received_at, json_build_object('assignment', e.assignment_id,
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
) x
"""
)

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
    return await fetch_json(tx, _LIST.format(visible=visible), parameters)


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
