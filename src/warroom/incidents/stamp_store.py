"""SQL of when incidents were opened, handed on and ended, for who measures a service by it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.incidents.contracts import VIEW, IncidentStamps, State
from warroom.incidents.store import visible_by
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_STAMPS = sql.SQL(
    """
select i.id, i.number, i.family, i.state, i.opened_at, i.pending_at, i.ended_at,
    coalesce(i.fields -> 'answer.storeys' ->> 'value' = 'high', false) as is_high_rise,
    coalesce(i.callback_key, '') <> '' as has_callback, i.due_at is not null as is_scheduled,
    least((select min(e.happened_at) from incident_event e
        where e.incident_id = i.id and e.kind = 'informed'),
        (select min(f.seen_end_at) from incident_follow f
        where f.incident_id = i.id)) as informed_at,
    (select max(e.happened_at) from incident_event e
        where e.incident_id = i.id and e.kind = 'progressed'
        and e.detail ->> 'state' = 'cleared') as cleared_at,
    (with recursive tree as (
        select i.id
        union select m.id from incident m join tree on m.merged_into = tree.id)
     select coalesce(array_agg(c.call_id), '{{}}') from incident_call c
        where c.incident_id in (select id from tree) and c.parted_at is null) as call_ids
from incident i
where {visible} and i.pending_at is not null and i.merged_into is null and {wanted}
order by i.opened_at, i.id
"""
)


async def list_stamps(
    scope: Scope, tx: Transaction, since: datetime, until: datetime
) -> list[IncidentStamps]:
    """Incidents in view, opened in a time and handed on; merged ones are part of theirs."""
    wanted = "i.opened_at >= %(since)s and i.opened_at < %(until)s"
    return await _list(scope, tx, wanted, {"since": since, "until": until})


async def find_stamps(scope: Scope, tx: Transaction, incident_id: UUID) -> IncidentStamps | None:
    """Those of one incident in view; None of one that was not handed on, or was merged."""
    return next(iter(await _list(scope, tx, "i.id = %(id)s", {"id": incident_id})), None)


async def _list(
    scope: Scope, tx: Transaction, wanted: str, values: dict[str, Any]
) -> list[IncidentStamps]:
    visible, parameters = visible_by(scope, VIEW)
    query = _STAMPS.format(visible=visible, wanted=sql.SQL(wanted))
    rows = await (await tx.execute(query, parameters | values)).fetchall()
    return [
        IncidentStamps(**row | {"state": State(row["state"]), "call_ids": tuple(row["call_ids"])})
        for row in rows
    ]
