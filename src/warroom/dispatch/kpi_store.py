"""SQL of the stamps of units that were sent to incidents."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import sql

from warroom.dispatch.contracts import VIEW, columns_of
from warroom.dispatch.kpi import UnitStamps
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_STAMPS = sql.SQL(
    """
select t.incident_id, s.unit_id, u.name, u.kind, u.capabilities, s.state, s.dispatched_at,
    s.accepted_at, s.en_route_at, s.on_scene_at, s.transporting_at, s.at_facility_at, s.ended_at,
    s.eta_s, u.station, coalesce((select e.detail->>'destination' from dispatch_event e
        where e.assignment_id = s.id and e.kind = 'transporting' and e.detail ? 'destination'
        order by e.happened_at desc, e.id desc limit 1), '') as destination
from dispatch_assignment s join dispatch_task t on t.id = s.task_id
join unit u on u.id = s.unit_id
where t.incident_id = any(%(ids)s) and {visible}
order by s.dispatched_at, s.id
"""
)


async def list_unit_stamps(
    scope: Scope, tx: Transaction, incident_ids: Sequence[UUID]
) -> list[UnitStamps]:
    """The units in view that were sent to these incidents, in the order in which they were."""
    visible, parameters = scope.narrow(VIEW, **columns_of("t"))
    values = parameters | {"ids": list(incident_ids)}
    rows = await (await tx.execute(_STAMPS.format(visible=visible), values)).fetchall()
    return [UnitStamps(**row | {"capabilities": tuple(row["capabilities"])}) for row in rows]
