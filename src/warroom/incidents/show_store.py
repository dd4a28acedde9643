"""SQL that incidents are shown by, as JSON that leaves the database as it is sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.incidents.contracts import VIEW
from warroom.incidents.store import visible_by
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_ORIGIN = """
(select json_build_object('from', e.detail ->> 'from', 'reference', e.detail ->> 'reference',
        'at', e.happened_at, 'by', w.name)
    from incident_event e left join person w on w.id = e.person_id
    where e.incident_id = i.id and e.kind = 'received' limit 1)
"""
"""The centre that handed an incident over: as it calls itself, and by whose token it came."""

_SHORT = f"""
'id', i.id, 'number', i.number, 'state', i.state, 'since', i.since, 'revision', i.revision,
'priority', i.priority, 'type', i.type_code, 'family', i.family, 'card_version', i.card_version,
'event', i.event, 'address', i.address, 'area', i.area, 'place', i.place, 'lat', i.lat,
'lon', i.lon, 'missing', i.missing, 'opened_at', i.opened_at, 'heard_at', i.heard_at,
'pending_at', i.pending_at, 'due_at', i.due_at, 'ended_at', i.ended_at,
'disposition', i.disposition, 'merged_into', i.merged_into,
'lead', json_build_object('id', i.agency_id, 'short', a.short, 'name', a.name),
'origin', {_ORIGIN}
"""

_CALLS = """
(select count(*) from incident_call c where c.parted_at is null and (c.incident_id = i.id
    or c.incident_id in (select m.id from incident m where m.merged_into = i.id)))
"""

_LIST = sql.SQL(
    f"""
select coalesce(json_agg(x.shown order by x.opened_at desc, x.id desc), '[]')::text
from (
    select i.opened_at, i.id, json_build_object({_SHORT}, 'calls', {_CALLS}) as shown
    from incident i left join incident_agencies() a on a.id = i.agency_id
    where {{visible}} and {{wanted}}
    order by i.opened_at desc, i.id desc limit %(limit)s
) x
"""
)

_READABLE = """
(n.visibility = 'all' or n.agency_id = %(asker)s or (n.visibility = 'police' and exists (
    select from agency p where p.id = %(asker)s and p.kind = 'police'))
    or (%(asker)s::uuid is null and (select scope_sees_all())))
"""

_SHOW = sql.SQL(
    f"""
select json_build_object({_SHORT}, 'calls', {_CALLS}, 'fields', i.fields,
    'agencies', (select json_agg(json_build_object('id', p.id, 'short', p.short, 'name', p.name,
            'kind', p.kind) order by p.id <> i.agency_id, p.short)
        from incident_agencies() p where p.id = any(i.agencies)),
    'writers', coalesce((select json_object_agg(w.id, w.name) from person w where w.id in
        (select (f.value ->> 'person_id')::uuid from jsonb_each(i.fields) f)), '{{{{}}}}'),
    'notes', coalesce((select json_agg(json_build_object('id', n.id, 'incident', n.incident_id,
            'agency', o.short, 'visibility', n.visibility, 'text', n.text,
            'happened_at', n.happened_at, 'received_at', n.received_at,
            'is_backdated', n.is_backdated, 'person', w.name, 'corrects', n.corrects)
            order by n.happened_at, n.id)
        from incident_note n left join incident_agencies() o on o.id = n.agency_id
            left join person w on w.id = n.person_id
        where n.incident_id = any(%(ids)s) and {_READABLE}), '[]'),
    'locations', coalesce((select json_agg(json_build_object('id', l.id, 'source', l.source,
            'lat', l.lat, 'lon', l.lon, 'radius_m', l.radius_m, 'confidence', l.confidence,
            'at', l.at, 'received_at', l.received_at, 'call', l.call_id, 'person', w.name)
            order by l.at desc, l.id)
        from incident_location l left join person w on w.id = l.person_id
        where l.incident_id = any(%(ids)s) and not exists (select from incident_call c
            where c.incident_id = l.incident_id and c.call_id = l.call_id
                and c.parted_at is not null)), '[]'),
    'call_ids', coalesce((select json_agg(c.call_id order by c.linked_at, c.call_id)
        from incident_call c where c.incident_id = any(%(ids)s) and c.parted_at is null), '[]'),
    'joined', coalesce((select json_agg(json_build_object('call', c.call_id,
            'incident', c.incident_id, 'at', c.linked_at, 'person', w.name)
            order by c.linked_at desc, c.call_id)
        from incident_call c left join person w on w.id = c.linked_by
        where c.incident_id = any(%(ids)s) and c.parted_at is null), '[]'),
    'merged', coalesce((select json_agg(json_build_object('id', m.id, 'number', m.number,
            'event', m.event, 'address', m.address, 'opened_at', m.opened_at)
            order by m.opened_at, m.id)
        from incident m where m.merged_into = i.id), '[]'),
    'links', coalesce((select json_agg(json_build_object('id', o.id, 'number', o.number,
            'event', o.event, 'state', o.state, 'kind', k.kind) order by o.opened_at, o.id)
        from incident_link k join incident o on o.id = k.other_id
        where k.incident_id = i.id), '[]'),
    'events', coalesce((select json_agg(json_build_object('id', e.id, 'incident', e.incident_id,
            'kind', e.kind, 'happened_at', e.happened_at, 'received_at', e.received_at,
            'is_backdated', e.is_backdated, 'source', e.source, 'person', w.name,
            'reason', e.reason, 'corrects', e.corrects, 'detail', e.detail)
            order by e.happened_at, e.id)
        from incident_event e left join person w on w.id = e.person_id
        where e.incident_id = any(%(ids)s)), '[]'))::text
from incident i left join incident_agencies() a on a.id = i.agency_id
where i.id = %(id)s and {{visible}}
"""
)

_BRIEF = sql.SQL(
    f"""
select coalesce(json_agg(json_build_object({_SHORT}, 'calls', {_CALLS})), '[]')::text
from incident i left join incident_agencies() a on a.id = i.agency_id
where i.id = any(%(ids)s) and {{visible}}
"""
)

_OF_PERSON = sql.SQL(
    """
select i.id, i.number, i.opened_at, i.state, i.event, i.address from incident i
where {visible} and (i.callback_key = %(phone)s or i.caller_key = %(name)s)
order by i.opened_at desc, i.id desc limit %(limit)s
"""
)


async def list_incidents(
    scope: Scope,
    tx: Transaction,
    *,
    since: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
    is_open: bool | None = None,
    number: str | None = None,
) -> bytes:
    """A page of incidents in view as a JSON list, the newest first.

    Args:
        scope: Who asks.
        tx: Its transaction.
        since: Of those that ended, the ones that ended since then.
        after: Opening and id of the last of the page before.
        limit: How many.
        is_open: Open ones alone, or ended ones alone; None is both.
        number: The one that people call so, whenever it ended, or whose number ends so.
    """
    visible, parameters = visible_by(scope, VIEW)
    wanted = {
        True: "i.ended_at is null and i.merged_into is null",
        False: "(i.ended_at >= %(since)s or (i.merged_into is not null and i.since >= %(since)s))",
        None: "((i.ended_at is null and i.merged_into is null) or i.ended_at >= %(since)s"
        " or (i.merged_into is not null and i.since >= %(since)s))",
    }[is_open]
    if number is not None:
        wanted = "(i.number = upper(%(number)s) or right(i.number, 6) = lpad(%(number)s, 6, '0'))"
    if after is not None:
        wanted += " and (i.opened_at, i.id) < (%(after_at)s, %(after_id)s)"
    values: dict[str, Any] = {"since": since, "limit": limit, "number": number}
    if after is not None:
        values |= {"after_at": after[0], "after_id": after[1]}
    query = _LIST.format(visible=visible, wanted=sql.SQL(wanted))
    return await fetch_json(tx, query, parameters | values)


async def show_incident(
    scope: Scope, tx: Transaction, incident_id: UUID, ids: Sequence[UUID]
) -> bytes:
    """One incident in view with all that was told of it, as a JSON object.

    Args:
        scope: Who asks.
        tx: Its transaction.
        incident_id: Which.
        ids: It and those merged into it, whose calls and notes are its own.
    """
    visible, parameters = visible_by(scope, VIEW)
    values = parameters | {"id": incident_id, "ids": list(ids), "asker": scope.agency_id}
    return await fetch_json(tx, _SHOW.format(visible=visible), values)


async def list_brief(scope: Scope, tx: Transaction, ids: Sequence[UUID]) -> bytes:
    """Some incidents in view as the list shows them, in no order."""
    visible, parameters = visible_by(scope, VIEW)
    return await fetch_json(tx, _BRIEF.format(visible=visible), parameters | {"ids": list(ids)})


async def list_of_person(
    scope: Scope, tx: Transaction, phone: str | None, name: str | None, limit: int
) -> list[dict[str, Any]]:
    """Incidents in view whose caller has this number or name, as they are compared."""
    visible, parameters = visible_by(scope, VIEW)
    values = parameters | {"phone": phone, "name": name, "limit": limit}
    return await (await tx.execute(_OF_PERSON.format(visible=visible), values)).fetchall()


async def list_agencies(
    scope: Scope,  # noqa: ARG001 - names of agencies, which stand on every letter
    tx: Transaction,
) -> bytes:
    """The agencies that can be asked to take part, by name, as a JSON list."""
    return await fetch_json(
        tx,
        "select coalesce(json_agg(json_build_object('id', a.id, 'short', a.short, 'name', a.name,"
        " 'kind', a.kind) order by a.name), '[]')::text from incident_agencies() a"
        " where a.is_active",
    )
