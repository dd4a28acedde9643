"""SQL of crews: who serves on which unit, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.dispatch.contracts import ACT
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.units.contracts import columns_of as unit_columns

_OWN = """
select k.unit_id, k.signed_on_at, u.name, s.id as assignment_id, s.task_id, t.number
from dispatch_crew k join unit u on u.id = k.unit_id
left join dispatch_assignment s on s.unit_id = k.unit_id and s.ended_at is null
left join dispatch_task t on t.id = s.task_id
where k.person_id = %(person)s and k.signed_off_at is null and u.removed_at is null
"""

_SIGN_ON = """
insert into dispatch_crew (id, unit_id, person_id, agency_id, signed_on_at)
values (%(id)s, %(unit_id)s, %(person)s, %(agency_id)s, %(now)s)
"""

_SIGN_OFF = """
update dispatch_crew set signed_off_at = %(now)s
where person_id = %(person)s and signed_off_at is null
returning unit_id
"""

_PEOPLE = """
select unit_id, person_id from dispatch_crew
where unit_id = any(%(units)s) and signed_off_at is null
"""

_SERVED = """
select signed_on_at, signed_off_at from dispatch_crew
where person_id = %(person)s and unit_id = %(unit_id)s
"""

_OFFERED = sql.SQL(
    """
select coalesce(json_agg(json_build_object('id', u.id, 'name', u.name, 'kind', u.kind,
    'station', u.station, 'simulated', u.simulated, 'crew', c.names, 'at', p.at,
    'lat', p.lat, 'lon', p.lon) order by lower(u.name), u.id), '[]')::text
from unit u left join unit_position p on p.unit_id = u.id
cross join lateral (
    select coalesce(array_agg(w.name order by k.signed_on_at, k.id), '{{}}') as names
    from dispatch_crew k left join person w on w.id = k.person_id
    where k.unit_id = u.id and k.signed_off_at is null
) c
where u.removed_at is null and u.enabled and {visible}
  and (cardinality(%(capabilities)s::text[]) = 0 or u.capabilities && %(capabilities)s::text[])
limit 2000
"""
)

_OWN_STATE = sql.SQL(
    """
select json_build_object('id', u.id, 'name', u.name, 'kind', u.kind, 'station', u.station,
    'simulated', u.simulated, 'at', p.at, 'lat', p.lat, 'lon', p.lon,
    'crew', (select coalesce(array_agg(w.name order by k.signed_on_at, k.id), '{{}}')
        from dispatch_crew k left join person w on w.id = k.person_id
        where k.unit_id = u.id and k.signed_off_at is null))::text
from unit u left join unit_position p on p.unit_id = u.id
where u.id = %(unit_id)s and {visible}
"""
)

_ENDED = """
select json_build_object('number', t.number, 'state', s.state, 'ended_at', s.ended_at,
    'assignment', s.id, 'returning_at', s.returning_at, 'in_quarters_at', s.in_quarters_at,
    'reason', coalesce((
        select e.reason from dispatch_event e
        where e.assignment_id = s.id and e.kind = s.state order by e.happened_at desc limit 1), '')
    )::text
from dispatch_assignment s join dispatch_task t on t.id = s.task_id
where s.unit_id = %(unit_id)s and s.ended_at >= %(since)s
order by s.ended_at desc limit 1
"""


_WAY = """
select (e.detail || jsonb_build_object('at', e.happened_at, 'kind', e.kind))::text
from dispatch_event e where e.assignment_id = %(id)s and e.kind in ('way_worse', 'way_better')
order by e.happened_at desc limit 1
"""


@dataclass(frozen=True, slots=True)
class Duty:
    """Where somebody serves now.

    Attributes:
        assignment_id, task_id, number: What their unit is on; None if nothing.
    """

    unit_id: UUID
    unit_name: str
    signed_on_at: datetime
    assignment_id: UUID | None
    task_id: UUID | None
    number: str | None


async def find_duty(scope: Scope, tx: Transaction) -> Duty | None:
    """Where the asker serves now."""
    row = await (await tx.execute(_OWN, {"person": scope.person_id})).fetchone()
    if row is None:
        return None
    return Duty(
        *(row["unit_id"], row["name"], row["signed_on_at"]),
        *(row["assignment_id"], row["task_id"], row["number"]),
    )


async def sign_on(
    scope: Scope, tx: Transaction, unit_id: UUID, agency_id: UUID, now: datetime
) -> None:
    """The asker serves on the unit from now on; they must not serve on another."""
    values = {"id": new_id(), "unit_id": unit_id, "agency_id": agency_id, "now": now}
    await tx.execute(_SIGN_ON, values | {"person": scope.person_id})


async def sign_off(scope: Scope, tx: Transaction, now: datetime) -> UUID | None:
    """The asker serves nowhere; gives the unit on which they did."""
    row = await (await tx.execute(_SIGN_OFF, {"person": scope.person_id, "now": now})).fetchone()
    return row["unit_id"] if row else None


async def list_people(
    scope: Scope,  # noqa: ARG001 - of units that were found under it
    tx: Transaction,
    units: Sequence[UUID],
) -> dict[UUID, list[UUID]]:
    """Who serves on some units now."""
    rows = await (await tx.execute(_PEOPLE, {"units": list(units)})).fetchall()
    found: dict[UUID, list[UUID]] = {}
    for row in rows:
        found.setdefault(row["unit_id"], []).append(row["person_id"])
    return found


async def list_served(
    scope: Scope, tx: Transaction, unit_id: UUID
) -> list[tuple[datetime, datetime | None]]:
    """When the asker served on a unit, from and to; None is until now."""
    values = {"person": scope.person_id, "unit_id": unit_id}
    rows = await (await tx.execute(_SERVED, values)).fetchall()
    return [(row["signed_on_at"], row["signed_off_at"]) for row in rows]


async def list_offered(scope: Scope, tx: Transaction, capabilities: Sequence[str]) -> bytes:
    """The units that the asker may serve on, and who does, as a JSON list."""
    visible, parameters = _visible(scope)
    values = parameters | {"capabilities": list(capabilities)}
    return await fetch_json(tx, _OFFERED.format(visible=visible), values)


async def show_unit(scope: Scope, tx: Transaction, unit_id: UUID) -> bytes:
    """The unit on which the asker serves, as a JSON object."""
    visible, parameters = _visible(scope)
    return await fetch_json(
        tx, _OWN_STATE.format(visible=visible), parameters | {"unit_id": unit_id}
    )


async def show_ended(
    scope: Scope,  # noqa: ARG001 - of the unit on which the asker serves
    tx: Transaction,
    unit_id: UUID,
    since: datetime,
) -> bytes:
    """How the last assignment of a unit ended, as a JSON object; null if none did since."""
    return await fetch_json(tx, _ENDED, {"unit_id": unit_id, "since": since})


async def show_way(
    scope: Scope,  # noqa: ARG001 - of the unit on which the asker serves
    tx: Transaction,
    assignment_id: UUID,
) -> bytes:
    """What last made the way before a unit worse, as a JSON object; null if nothing did."""
    return await fetch_json(tx, _WAY, {"id": assignment_id})


def _visible(scope: Scope) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(ACT, **unit_columns("u"))
