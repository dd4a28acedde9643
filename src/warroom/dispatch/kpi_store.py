"""SQL of the stamps of units that were sent to incidents."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import sql

from warroom.dispatch.contracts import VIEW, Event, columns_of
from warroom.dispatch.kpi import UnitStamps
from warroom.dispatch.rules import Hold, holds_of
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_STAMPS = sql.SQL(
    """
select t.incident_id, s.unit_id, u.name, u.kind, u.capabilities, s.state, s.dispatched_at,
    s.accepted_at, s.en_route_at, s.on_scene_at, s.transporting_at, s.at_facility_at, s.ended_at,
    s.eta_s, u.station, coalesce((select e.detail->>'destination' from dispatch_event e
        where e.assignment_id = s.id and e.kind = 'transporting' and e.detail ? 'destination'
        order by e.happened_at desc, e.id desc limit 1), '') as destination,
    s.returning_at, s.in_quarters_at, s.id as assignment_id
from dispatch_assignment s join dispatch_task t on t.id = s.task_id
join unit u on u.id = s.unit_id
where t.incident_id = any(%(ids)s) and {visible}
order by s.dispatched_at, s.id
"""
)

_HOLDS = """
select * from dispatch_event e where e.assignment_id = any(%(ids)s) and exists (
    select from dispatch_event d where d.assignment_id = e.assignment_id and d.kind = 'delayed')
"""
"""All stamps of those that were held up: which of them count, `rules` says."""


async def list_unit_stamps(
    scope: Scope, tx: Transaction, incident_ids: Sequence[UUID]
) -> list[UnitStamps]:
    """The units in view that were sent to these incidents, in the order in which they were."""
    visible, parameters = scope.narrow(VIEW, **columns_of("t"))
    values = parameters | {"ids": list(incident_ids)}
    rows = await (await tx.execute(_STAMPS.format(visible=visible), values)).fetchall()
    return [UnitStamps(**row | {"capabilities": tuple(row["capabilities"])}) for row in rows]


async def list_holds(
    scope: Scope,  # noqa: ARG001 - of assignments that were found under it
    tx: Transaction,
    assignment_ids: Sequence[UUID],
) -> dict[UUID, list[Hold]]:
    """By assignment: when a unit was held up on its way, why, and when it went on."""
    rows = await (await tx.execute(_HOLDS, {"ids": list(assignment_ids)})).fetchall()
    found: dict[UUID, list[Event]] = {}
    for row in rows:
        event = Event(
            *(row["id"], row["kind"], row["happened_at"], row["received_at"]),
            reason=row["reason"],
            detail=row["detail"],
        )
        found.setdefault(row["assignment_id"], []).append(event)
    return {one: holds_of(events) for one, events in found.items()}
