"""SQL that incidents are written and judged by: scope first, then the transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.incidents.contracts import (
    PROGRESS,
    VIEW,
    Event,
    Incident,
    Location,
    Note,
    State,
    Typed,
)
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_COLUMNS = (
    *("id", "number", "agency_id", "taken_by_agency", "agencies", "state", "since", "opened_at"),
    *("heard_at", "revision", "missing", "type_code", "family", "card_version", "priority"),
    *("event", "address", "area", "place", "lat", "lon", "pending_at", "due_at", "ended_at"),
    *("disposition", "merged_into"),
)

_INSERT = """
insert into incident (id, agency_id, taken_by_agency, agencies, state, since, opened_at, opened_by,
    heard_at)
values (%(id)s, %(agency_id)s, %(agency_id)s, %(agencies)s, 'draft', %(now)s, %(now)s,
    %(person_id)s, %(now)s)
on conflict (id) do nothing
returning id
"""

_FIND = sql.SQL("select i.* from incident i where {visible} and {wanted} {lock}")

_UPDATE = """
update incident set number = %(number)s, agency_id = %(agency_id)s, agencies = %(agencies)s,
    fields = %(fields)s, revision = %(revision)s, state = %(state)s, since = %(since)s,
    missing = %(missing)s, type_code = %(type_code)s, family = %(family)s,
    card_version = %(card_version)s, priority = %(priority)s, event = %(event)s,
    address = %(address)s, area = %(area)s, place = %(place)s, lat = %(lat)s, lon = %(lon)s,
    heard_at = %(heard_at)s, pending_at = %(pending_at)s, due_at = %(due_at)s,
    ended_at = %(ended_at)s, disposition = %(disposition)s, merged_into = %(merged_into)s,
    callback_key = %(callback_key)s, caller_key = %(caller_key)s
where id = %(id)s
"""

_INSERT_EVENT = """
insert into incident_event (id, incident_id, kind, happened_at, received_at, is_backdated, source,
    person_id, reason, corrects, detail)
values (%(id)s, %(incident_id)s, %(kind)s, %(happened_at)s, %(received_at)s, %(is_backdated)s,
    %(source)s, %(person_id)s, %(reason)s, %(corrects)s, %(detail)s)
on conflict (id) do nothing
"""

_EVENTS = "select * from incident_event where incident_id = %(id)s"

_INSERT_NOTE = """
insert into incident_note (id, incident_id, agency_id, visibility, text, happened_at, received_at,
    is_backdated, person_id, corrects)
values (%(id)s, %(incident_id)s, %(agency_id)s, %(visibility)s, %(text)s, %(happened_at)s,
    %(received_at)s, %(is_backdated)s, %(person_id)s, %(corrects)s)
on conflict (id) do nothing
returning id
"""

_INSERT_LOCATION = """
insert into incident_location (id, incident_id, source, lat, lon, radius_m, confidence, call_id, at,
    received_at, person_id)
values (%(id)s, %(incident_id)s, %(source)s, %(lat)s, %(lon)s, %(radius_m)s, %(confidence)s,
    %(call_id)s, %(at)s, %(received_at)s, %(person_id)s)
on conflict (id) do nothing
returning id
"""

_LOCATION = """
select l.* from incident_location l where l.id = %(id)s and l.incident_id = %(incident_id)s
    and not exists (select from incident_call c where c.incident_id = l.incident_id
        and c.call_id = l.call_id and c.parted_at is not null)
"""

_INSERT_CALL = """
insert into incident_call as c (incident_id, call_id, linked_at, linked_by)
values (%(id)s, %(call_id)s, %(now)s, %(person_id)s)
on conflict (incident_id, call_id) do update set linked_at = excluded.linked_at,
    linked_by = excluded.linked_by, parted_at = null, parted_by = null
where c.parted_at is not null
returning call_id
"""

_PART_CALL = """
update incident_call set parted_at = %(now)s, parted_by = %(person_id)s
where incident_id = %(id)s and call_id = %(call_id)s and parted_at is null
"""

_OF_CALLS = """
select call_id, array_agg(incident_id) as incidents from incident_call
where call_id = any(%(ids)s) and parted_at is null group by call_id
"""

_CALLS_OF = """
with recursive tree as (
    select %(id)s::uuid as id
    union
    select i.id from incident i join tree on i.merged_into = tree.id
)
select distinct c.call_id from incident_call c join tree on tree.id = c.incident_id
where c.parted_at is null
"""

_UPSERT_LINK = """
insert into incident_link (incident_id, other_id, kind) values (%(id)s, %(other_id)s, %(kind)s)
on conflict (incident_id, other_id) do update set kind = excluded.kind
"""

_DELETE_LINK = """
delete from incident_link where (incident_id, other_id) in
    ((%(id)s, %(other_id)s), (%(other_id)s, %(id)s))
"""

_MERGED = """
with recursive tree as (
    select id from incident where id = %(id)s
    union
    select i.id from incident i join tree on i.merged_into = tree.id
)
select id from tree
"""

_SHARE = """
update incident i set agencies = array(select distinct unnest(i.agencies || %(agencies)s::uuid[]))
where i.id = any(%(ids)s) and not i.agencies @> %(agencies)s::uuid[]
"""

_NEAR = sql.SQL(
    """
select i.id, i.lat, i.lon, i.heard_at, i.type_code, i.family from incident i
where {visible} and i.lat is not null and i.heard_at >= %(since)s and i.heard_at <= %(until)s
    and i.state <> 'merged' and i.ended_at is null
    and point(i.lon, i.lat) <@ box(point(%(west)s, %(south)s), point(%(east)s, %(north)s))
limit 200
"""
)

_TO_HOLD = sql.SQL(
    "i.pending_at is not null and i.merged_into is null"
    " and (i.ended_at is null or i.ended_at >= %(since)s) order by i.id limit 500"
)

_IDLE = """
select i.* from incident i
where i.state = 'draft' and greatest(i.heard_at, i.since) < %(before)s
    and not exists (select from jsonb_each(i.fields) f
        where (f.value ->> 'at')::timestamptz >= %(before)s)
order by i.id limit 100 for update skip locked
"""

_DUE = """
select i.* from incident i where i.state = 'scheduled' and i.due_at <= %(now)s
order by i.id limit 100 for update skip locked
"""


async def insert_draft(scope: Scope, tx: Transaction, incident_id: UUID, now: datetime) -> bool:
    """Stores a new draft of the asker's agency; False where there is one of this id, whoever's."""
    values = {
        "id": incident_id,
        "agency_id": scope.agency_id,
        "agencies": [scope.agency_id],
        "now": now,
        "person_id": scope.author_id,
    }
    return await (await tx.execute(_INSERT, values)).fetchone() is not None


async def find_incident(
    scope: Scope, tx: Transaction, incident_id: UUID, action: str = VIEW, *, lock: bool = False
) -> Incident | None:
    """The incident, if the action may be done with it."""
    visible, parameters = visible_by(scope, action)
    wanted = sql.SQL("i.id = %(id)s")
    query = _FIND.format(visible=visible, wanted=wanted, lock=_lock(lock))
    row = await (await tx.execute(query, parameters | {"id": incident_id})).fetchone()
    return _incident(row) if row else None


async def find_walled(
    scope: Scope,  # noqa: ARG001 - row-level security alone: the caller judged who may
    tx: Transaction,
    incident_id: UUID,
) -> Incident | None:
    """The incident, if it is behind the asker's wall at all; by no right on incidents."""
    wanted = sql.SQL("i.id = %(id)s")
    query = _FIND.format(visible=sql.SQL("true"), wanted=wanted, lock=_lock(is_wanted=False))
    row = await (await tx.execute(query, {"id": incident_id})).fetchone()
    return _incident(row) if row else None


async def lock_pair(
    scope: Scope, tx: Transaction, one: UUID, other: UUID, action: str
) -> dict[UUID, Incident]:
    """Those of the two with which the action may be done, locked in the order of their ids.

    Whoever merges locks so: two that merge the same pair, either way round, wait for one another.
    """
    visible, parameters = visible_by(scope, action)
    wanted = sql.SQL("i.id = any(%(ids)s) order by i.id")
    query = _FIND.format(visible=visible, wanted=wanted, lock=_lock(is_wanted=True))
    rows = await (await tx.execute(query, parameters | {"ids": [one, other]})).fetchall()
    return {row["id"]: _incident(row) for row in rows}


async def find_numbered(scope: Scope, tx: Transaction, number: str) -> Incident | None:
    """The incident in view that people call so."""
    visible, parameters = visible_by(scope, VIEW)
    wanted = sql.SQL("i.number = upper(%(number)s)")
    query = _FIND.format(visible=visible, wanted=wanted, lock=_lock(is_wanted=False))
    row = await (await tx.execute(query, parameters | {"number": number})).fetchone()
    return _incident(row) if row else None


async def update_incident(
    scope: Scope,  # noqa: ARG001 - of one that was found under it, and locked
    tx: Transaction,
    incident: Incident,
    callback_key: str | None,
    caller_key: str | None,
) -> None:
    """Stores where an incident stands and what was typed."""
    values = {name: getattr(incident, name) for name in _COLUMNS} | {
        "agencies": list(incident.agencies),
        "missing": list(incident.missing),
        "fields": _fields_json(incident.fields),
        "callback_key": callback_key,
        "caller_key": caller_key,
    }
    await tx.execute(_UPDATE, values)


async def next_number(
    scope: Scope,  # noqa: ARG001 - the function gives a number and tells nothing
    tx: Transaction,
    year: int,
) -> int:
    """The next number of a year."""
    row = await (await tx.execute("select incident_next_number(%s) as n", [year])).fetchone()
    assert row is not None  # noqa: S101 - a function answers
    number: int = row["n"]
    return number


async def insert_events(
    scope: Scope,  # noqa: ARG001 - row-level security: of an incident that was found under it
    tx: Transaction,
    incident_id: UUID,
    events: Iterable[Event],
) -> None:
    """Keeps what befell an incident; what is there already stays as it is."""
    rows = [
        {
            "id": event.id,
            "incident_id": incident_id,
            "kind": str(event.kind),
            "happened_at": event.happened_at,
            "received_at": event.received_at,
            "is_backdated": event.is_backdated,
            "source": event.source,
            "person_id": event.person_id,
            "reason": event.reason,
            "corrects": event.corrects,
            "detail": msgspec.json.encode(event.detail).decode(),
        }
        for event in events
    ]
    async with tx.cursor() as cursor:
        await cursor.executemany(_INSERT_EVENT, rows)


async def list_events(
    scope: Scope,  # noqa: ARG001 - of an incident that was found under it
    tx: Transaction,
    incident_id: UUID,
) -> list[Event]:
    """The whole log of an incident."""
    rows = await (await tx.execute(_EVENTS, {"id": incident_id})).fetchall()
    return [
        Event(
            row["id"], row["kind"], row["happened_at"], row["received_at"], row["source"],
            row["person_id"], row["reason"], row["detail"], row["is_backdated"], row["corrects"],
        )
        for row in rows
    ]  # fmt: skip


async def insert_note(
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    note: Note,
    agency_id: UUID,
    now: datetime,
    *,
    is_backdated: bool = False,
) -> bool:
    """Keeps a note; False where it was kept already."""
    values = {
        "id": note.id,
        "incident_id": incident_id,
        "agency_id": agency_id,
        "visibility": note.visibility,
        "text": note.text,
        "happened_at": note.happened_at or now,
        "received_at": now,
        "is_backdated": is_backdated,
        "person_id": scope.author_id,
        "corrects": note.corrects,
    }
    return await (await tx.execute(_INSERT_NOTE, values)).fetchone() is not None


async def insert_location(
    scope: Scope, tx: Transaction, incident_id: UUID, location: Location, now: datetime
) -> bool:
    """Keeps a location; False where it was kept already."""
    values = {name: getattr(location, name) for name in Location.__dataclass_fields__} | {
        "incident_id": incident_id,
        "received_at": now,
        "person_id": scope.author_id,
    }
    return await (await tx.execute(_INSERT_LOCATION, values)).fetchone() is not None


async def find_location(
    scope: Scope,  # noqa: ARG001 - of an incident that was found under it
    tx: Transaction,
    incident_id: UUID,
    location_id: UUID,
) -> Location | None:
    """One location of an incident; none that came with a call which was parted from it."""
    values = {"id": location_id, "incident_id": incident_id}
    row = await (await tx.execute(_LOCATION, values)).fetchone()
    return Location(**{name: row[name] for name in Location.__dataclass_fields__}) if row else None


async def insert_call(
    scope: Scope, tx: Transaction, incident_id: UUID, call_id: UUID, now: datetime
) -> bool:
    """Joins a call; False where it was joined already."""
    values = {"id": incident_id, "call_id": call_id, "now": now, "person_id": scope.author_id}
    return await (await tx.execute(_INSERT_CALL, values)).fetchone() is not None


async def part_call(
    scope: Scope, tx: Transaction, incident_id: UUID, call_id: UUID, now: datetime
) -> bool:
    """Parts a call; False where it is not joined."""
    values = {"id": incident_id, "call_id": call_id, "now": now, "person_id": scope.author_id}
    return (await tx.execute(_PART_CALL, values)).rowcount > 0


async def find_of_calls(
    scope: Scope,  # noqa: ARG001 - the system's; row-level security
    tx: Transaction,
    call_ids: Collection[UUID],
) -> dict[UUID, list[UUID]]:
    """The incidents that these calls are joined to, by call."""
    rows = await tx.execute(_OF_CALLS, {"ids": list(call_ids)})
    return {row["call_id"]: row["incidents"] for row in await rows.fetchall()}


async def upsert_link(
    scope: Scope,  # noqa: ARG001 - of two incidents that were found under it
    tx: Transaction,
    incident_id: UUID,
    other_id: UUID,
    kind: str,
) -> None:
    """Says how two incidents hang together, from the first to the other."""
    await tx.execute(_UPSERT_LINK, {"id": incident_id, "other_id": other_id, "kind": kind})


async def delete_link(
    scope: Scope,  # noqa: ARG001 - of two incidents that were found under it
    tx: Transaction,
    incident_id: UUID,
    other_id: UUID,
) -> bool:
    """Takes a link away, both its ends; False where there was none."""
    values = {"id": incident_id, "other_id": other_id}
    return (await tx.execute(_DELETE_LINK, values)).rowcount > 0


async def list_merged(
    scope: Scope,  # noqa: ARG001 - of an incident that was found under it; row-level security
    tx: Transaction,
    incident_id: UUID,
) -> list[UUID]:
    """The incident and all that were merged into it, however many steps away."""
    rows = await (await tx.execute(_MERGED, {"id": incident_id})).fetchall()
    return [row["id"] for row in rows]


async def share(
    scope: Scope,  # noqa: ARG001 - of incidents that were found under it
    tx: Transaction,
    incident_ids: Sequence[UUID],
    agencies: Iterable[UUID],
) -> None:
    """Lets agencies take part in some incidents; those who do already go on to."""
    await tx.execute(_SHARE, {"ids": list(incident_ids), "agencies": list(agencies)})


async def find_agency(
    scope: Scope,  # noqa: ARG001 - its name, which stands on every letter
    tx: Transaction,
    agency_id: UUID,
) -> str | None:
    """Short name of an agency that can take part."""
    query = "select short from incident_agencies() where id = %s and is_active"
    row = await (await tx.execute(query, [agency_id])).fetchone()
    return row["short"] if row else None


async def list_near(
    scope: Scope, tx: Transaction, box: Mapping[str, float], since: datetime, until: datetime
) -> list[dict[str, Any]]:
    """What is compared of open incidents in view inside a box, heard of between two instants."""
    visible, parameters = visible_by(scope, VIEW)
    values = parameters | dict(box) | {"since": since, "until": until}
    return await (await tx.execute(_NEAR.format(visible=visible), values)).fetchall()


async def lock_idle(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    before: datetime,
) -> list[Incident]:
    """Drafts that nobody has touched since then."""
    rows = await (await tx.execute(_IDLE, {"before": before})).fetchall()
    return [_incident(row) for row in rows]


async def lock_due(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    now: datetime,
) -> list[Incident]:
    """Scheduled incidents whose time has come."""
    rows = await (await tx.execute(_DUE, {"now": now})).fetchall()
    return [_incident(row) for row in rows]


async def list_to_hold(
    scope: Scope,
    tx: Transaction,
    since: datetime,
) -> list[Incident]:
    """Incidents that were handed on, and are open or ended since then."""
    visible, parameters = visible_by(scope, VIEW)
    query = _FIND.format(visible=visible, wanted=_TO_HOLD, lock=_lock(is_wanted=False))
    rows = await (await tx.execute(query, parameters | {"since": since})).fetchall()
    return [_incident(row) for row in rows]


async def list_calls_of(
    scope: Scope,  # noqa: ARG001 - of an incident that was found under it
    tx: Transaction,
    incident_id: UUID,
) -> list[UUID]:
    """The calls of an incident, and of those that were merged into it."""
    rows = await (await tx.execute(_CALLS_OF, {"id": incident_id})).fetchall()
    return [row["call_id"] for row in rows]


async def list_working(scope: Scope, tx: Transaction) -> list[UUID]:
    """Incidents in view that were handed on, and neither ended nor were merged."""
    visible, parameters = visible_by(scope, VIEW)
    query = sql.SQL("select i.id from incident i where {} and i.state = any(%(states)s)")
    values = parameters | {"states": [state.value for state in PROGRESS]}
    return [row["id"] for row in await (await tx.execute(query.format(visible), values)).fetchall()]


async def forget(
    scope: Scope,  # noqa: ARG001 - the function takes no more than what is too old
    tx: Transaction,
    before: datetime,
) -> list[tuple[UUID, int]]:
    """Deletes incidents that ended before then, with all that hangs on them: owner and how many."""
    rows = await (await tx.execute("select * from incident_forget(%s)", [before])).fetchall()
    return [(row["agency_id"], row["rows"]) for row in rows]


def visible_by(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    """The predicate over `incident i`: the right reaches one of the agencies that take part."""
    predicate, parameters = scope.narrow(
        action, agency="x.party", place="i.place", id="i.id", tags=None, class_="i.family"
    )
    exists = sql.SQL("exists (select from unnest(i.agencies) as x(party) where {})")
    return exists.format(predicate), parameters


def _fields_json(fields: Mapping[str, Typed]) -> str:
    """What was typed, as it is stored."""
    return msgspec.json.encode(
        {
            name: {
                "value": typed.value,
                "at": typed.at,
                "revision": typed.revision,
                "writer": typed.writer,
                "person_id": typed.person_id,
            }
            for name, typed in fields.items()
        }
    ).decode()


def _lock(is_wanted: bool) -> sql.SQL:  # noqa: FBT001 - the claim is the name
    return sql.SQL("for update" if is_wanted else "")


def _incident(row: Mapping[str, Any]) -> Incident:
    values = {name: row[name] for name in _COLUMNS}
    typed = msgspec.convert(row["fields"], dict[str, Typed], strict=False)
    return Incident(
        **values
        | {
            "agencies": tuple(row["agencies"]),
            "missing": tuple(row["missing"]),
            "state": State(row["state"]),
            "fields": typed,
        }
    )
