"""SQL of what is known around a place: cautions, buildings, hydrants, what happened before."""

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

_PREMISES = sql.SQL(
    f"""
select coalesce(json_agg(x.told order by x.metres), '[]')::text from (
    select {_DISTANCE.format(t="p")} as metres, json_build_object('id', p.id, 'kind', p.kind,
        'name', p.name, 'lat', p.lat, 'lon', p.lon, 'hazards', p.hazards, 'access', p.access,
        'contacts', p.contacts, 'version', p.version,
        'distance_m', round({_DISTANCE.format(t="p")}::numeric)) as told
    from premise p
    where {{visible}} and p.removed_at is null and {_BOX.format(t="p")}
        and {_DISTANCE.format(t="p")} <= %(within_m)s
    order by 1 limit 20
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

_CONTACTS = sql.SQL(
    """
select p.name, p.kind, p.contacts from premise p
where {visible} and p.removed_at is null and p.contacts <> ''
    and (position(%(name)s in lower(p.contacts)) > 0
        or position(%(digits)s in regexp_replace(p.contacts, '[^0-9]', '', 'g')) > 0)
order by p.name limit 100
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

_INSERT_PREMISE = """
insert into premise (id, agency_id, kind, name, place, lat, lon, hazards, access, contacts,
    changed_at, changed_by)
values (%(id)s, %(agency_id)s, %(kind)s, %(name)s, %(place)s, %(lat)s, %(lon)s, %(hazards)s,
    %(access)s, %(contacts)s, %(now)s, %(person_id)s)
"""

_REMOVE_PREMISE = sql.SQL(
    """
update premise p set removed_at = %(now)s, changed_by = %(person_id)s, contacts = ''
where p.id = %(id)s and p.removed_at is null and {visible} returning p.name
"""
)


async def list_cautions(
    scope: Scope, tx: Transaction, where: Mapping[str, float], now: datetime
) -> bytes:
    """Cautions in view and in force whose circle holds a place, the gravest first, as JSON."""
    visible, parameters = visible_by(scope, VIEW)
    values = parameters | dict(where) | {"now": now}
    return await fetch_json(tx, _CAUTIONS.format(visible=visible), values)


async def list_premises(scope: Scope, tx: Transaction, where: Mapping[str, float]) -> bytes:
    """Buildings, hydrants and gates in view near a place, the nearest first, as JSON."""
    visible, parameters = _visible(scope, VIEW)
    return await fetch_json(tx, _PREMISES.format(visible=visible), parameters | dict(where))


async def count_before(
    scope: Scope, tx: Transaction, where: Mapping[str, float], but: UUID, since: datetime
) -> bytes:
    """How many incidents in view there were at a place since then, but this one."""
    visible, parameters = visible_by(scope, VIEW)
    values = parameters | dict(where) | {"but": but, "since": since}
    return await fetch_json(tx, _HISTORY.format(visible=visible), values)


async def list_contacts(
    scope: Scope, tx: Transaction, name: str | None, digits: str | None
) -> list[dict[str, Any]]:
    """Premises in view whose contacts hold this name, or these digits of a number."""
    visible, parameters = _visible(scope, VIEW)
    values = parameters | {"name": name, "digits": digits}
    return await (await tx.execute(_CONTACTS.format(visible=visible), values)).fetchall()


async def insert_caution(
    scope: Scope, tx: Transaction, values: Mapping[str, Any], now: datetime
) -> bool:
    """Keeps a caution of an incident that was found; False where it was kept already."""
    row = await tx.execute(_INSERT_CAUTION, {**values, "now": now, "person_id": scope.person_id})
    return await row.fetchone() is not None


async def end_caution(
    scope: Scope, tx: Transaction, incident_id: UUID, caution_id: UUID, now: datetime
) -> bool:
    """Ends a caution of an incident that was found; False where there is none in force."""
    values = {
        "id": caution_id,
        "incident_id": incident_id,
        "now": now,
        "person_id": scope.person_id,
    }
    return (await tx.execute(_END_CAUTION, values)).rowcount > 0


async def insert_premise(
    scope: Scope, tx: Transaction, values: Mapping[str, Any], now: datetime
) -> None:
    """Stores what is known of a building, hydrant or gate of the asker's agency."""
    await tx.execute(_INSERT_PREMISE, {**values, "now": now, "person_id": scope.person_id})


async def remove_premise(
    scope: Scope, tx: Transaction, premise_id: UUID, action: str, now: datetime
) -> str | None:
    """Takes a premise away and forgets its contacts; its name, or None where there is none."""
    visible, parameters = _visible(scope, action)
    values = parameters | {"id": premise_id, "now": now, "person_id": scope.person_id}
    row = await (await tx.execute(_REMOVE_PREMISE.format(visible=visible), values)).fetchone()
    return row["name"] if row else None


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(
        action, agency="p.agency_id", place="p.place", id="p.id", tags=None, class_="p.kind"
    )
