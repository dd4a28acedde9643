"""SQL of what is known around a place: cautions, and what happened before."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.incidents.contracts import VIEW
from warroom.incidents.store import visible_by
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_DISTANCE = """
(2 * 6371008.8 * asin(least(1, sqrt(power(sin(radians({t}.lat - %(lat)s) / 2), 2)
    + cos(radians({t}.lat)) * cos(radians(%(lat)s))
    * power(sin(radians({t}.lon - %(lon)s) / 2), 2)))))
"""

_BOX = "point({t}.lon, {t}.lat) <@ box(point(%(west)s, %(south)s), point(%(east)s, %(north)s))"

_CAUTION = """
'id', c.id, 'incident', c.incident_id, 'number', i.number, 'severity', c.severity, 'text', c.text,
'lat', c.lat, 'lon', c.lon, 'radius_m', c.radius_m, 'starts_at', c.starts_at, 'ends_at', c.ends_at,
'ended_at', c.ended_at
"""

_CAUTIONS = sql.SQL(
    f"""
select coalesce(json_agg(x.told order by x.severity, x.metres), '[]')::text from (
    select c.severity, {_DISTANCE.format(t="c")} as metres,
        json_build_object({_CAUTION},
            'distance_m', round({_DISTANCE.format(t="c")}::numeric)) as told
    from incident_caution c join incident i on i.id = c.incident_id
    where {{visible}} and c.ended_at is null and c.starts_at <= %(now)s and c.ends_at > %(now)s
        and {_BOX.format(t="c")}
        and {_DISTANCE.format(t="c")} <= c.radius_m
    order by 1, 2 limit 20
) x
"""
)

_HISTORY = sql.SQL(
    f"""
select count(*)::text from incident i
where {{visible}} and i.lat is not null and i.id <> %(but)s and i.state <> 'merged'
    and i.opened_at >= %(since)s and {_BOX.format(t="i")}
    and {_DISTANCE.format(t="i")} <= %(same_m)s
"""
)

_INSERT_CAUTION = """
insert into incident_caution (id, incident_id, severity, text, lat, lon, radius_m, starts_at,
    ends_at, person_id)
values (%(id)s, %(incident_id)s, %(severity)s, %(text)s, %(lat)s, %(lon)s, %(radius_m)s, %(now)s,
    %(ends_at)s, %(person_id)s)
on conflict (id) do nothing returning id
"""

_END_CAUTION = """
update incident_caution set ended_at = %(now)s, ended_by = %(person_id)s
where id = %(id)s and incident_id = %(incident_id)s and ended_at is null
"""


async def list_cautions(
    scope: Scope, tx: Transaction, where: Mapping[str, float], now: datetime
) -> bytes:
    """Cautions in view and in force whose circle holds a place, the gravest first, as JSON."""
    visible, parameters = visible_by(scope, VIEW)
    values = parameters | dict(where) | {"now": now}
    return await fetch_json(tx, _CAUTIONS.format(visible=visible), values)


async def count_before(
    scope: Scope, tx: Transaction, where: Mapping[str, float], but: UUID, since: datetime
) -> bytes:
    """How many incidents in view there were at a place since then, but this one."""
    visible, parameters = visible_by(scope, VIEW)
    values = parameters | dict(where) | {"but": but, "since": since}
    return await fetch_json(tx, _HISTORY.format(visible=visible), values)


async def insert_caution(
    scope: Scope, tx: Transaction, values: Mapping[str, Any], now: datetime
) -> bool:
    """Keeps a caution of an incident that was found; False where it was kept already."""
    row = await tx.execute(_INSERT_CAUTION, {**values, "now": now, "person_id": scope.author_id})
    return await row.fetchone() is not None


async def end_caution(
    scope: Scope, tx: Transaction, incident_id: UUID, caution_id: UUID, now: datetime
) -> bool:
    """Ends a caution of an incident that was found; False where there is none in force."""
    values = {
        "id": caution_id,
        "incident_id": incident_id,
        "now": now,
        "person_id": scope.author_id,
    }
    return (await tx.execute(_END_CAUTION, values)).rowcount > 0
