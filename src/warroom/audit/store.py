"""All SQL of `audit`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql
from psycopg.rows import class_row

from warroom.audit.contracts import Access, AnchorState, Entry, Head, Link
from warroom.kernel.db import Database, Transaction, fetch_json
from warroom.kernel.scope import Columns, Scope

_APPEND = """
select audit_append(
    %(id)s::uuid, %(at)s::timestamptz, %(person_id)s::uuid, %(person_label)s::text,
    %(agency_id)s::uuid, %(agency_label)s::text, %(owner_agency_id)s::uuid, %(action)s::text,
    %(object_kind)s::text, %(object_id)s::text, %(object_label)s::text, %(place)s::text,
    %(purpose)s::text, %(reason)s::text, %(door)s::text, %(address)s::text,
    %(session_id)s::uuid, %(detail)s::text, %(thing_tags)s::text[], %(thing_class)s::text)
"""

_APPEND_ALL = "select audit_append_all(%(entries)s::jsonb)"

_COPY = """
copy (
    select chain, seq, previous, form, case
        when form >= 3
        then audit_content(id, at, recorded_at, person_id, person_label, agency_id, agency_label,
            owner_agency_id, action, object_kind, object_id, object_label, place, purpose, reason,
            door, address, session_id, detail, thing_tags, thing_class)
        when thing_tags is null and thing_class is null
        then audit_content(id, at, recorded_at, person_id, person_label, agency_id, agency_label,
            owner_agency_id, action, object_kind, object_id, object_label, place, purpose, reason,
            door, address, session_id, detail)
        else '' end, hash -- Older forms hash neither, so neither may be there.
    from audit_entry where chain = {chain} and seq > {after}
    order by seq limit {most}
) to stdout (format binary)
"""

_HEADER_BYTES = 19
_TRAILER = b"\xff\xff"

_HEADS = "select chain, seq, hash from audit_head order by chain"

_UNTOLD = sql.SQL("form < 3 and object_kind in ('camera', 'unit')")
"""Entries older than form 3 about the kinds of things that had tags and a class then."""

_STRAY = """
select chain, min(seq) as seq, min(at) as at from audit_entry
where chain <> all(%(chains)s::smallint[]) group by chain order by chain
"""

_SEARCH = """
select coalesce(json_agg(item), '[]')::text from (
    select json_build_object(
        'id', v.id, 'chain', chain, 'seq', seq, 'at', iso_ms(at),
        'person', case when person_id is not null or person_label is not null then
            json_build_object('id', person_id,
                'name', coalesce(person_label, audit_name(person_id))) end,
        'agency', agency_label, 'action', action, 'object_kind', object_kind,
        'object_id', object_id, 'object_label', {thing}, 'place', place, 'reason', reason,
        'purpose', purpose, 'address', address, 'door', door, 'detail', detail::json,
        'seconds', {seconds},
        'cursor', (extract(epoch from at) * 1000000)::bigint || '.' || v.id
    ) as item
    from (
        select * from {source}
        where {visible} and {wanted}
        order by at desc, id desc limit %(limit)s
    ) v
    order by at desc, id desc
) page
"""

# An account is called what it is called now: entries hold its id alone, as the thing or in detail.
_THING = """
coalesce(v.object_label, audit_name(case when v.object_kind = 'person'
    then substring(v.object_id from '^[0-9a-f]{8}-[0-9a-f-]{27}$')
    else substring(v.detail from '"person":"([0-9a-f]{8}-[0-9a-f-]{27})"') end::uuid))
"""

_SECONDS = """
coalesce((v.detail::json ->> 'seconds')::float,
    case when v.action = 'live:view' then audit_seconds(v.id) end)
"""

# Each half by its own index, however few entries of all are the agencies'.
_OF_AGENCIES = """(
    select * from audit_entry where owner_agency_id = any(%(agencies)s)
    union all
    select * from audit_entry where agency_id = any(%(agencies)s)
      and not coalesce(owner_agency_id = any(%(agencies)s), false)
) audit_entry"""

_WANTED = {
    "person": "person_id = %(person)s",
    "object": "object_id = %(object)s",
    "since": "at >= %(since)s",
    "until": "at < %(until)s",
    "after": "(at, id) < (%(after_at)s, %(after_id)s)",
    "floor": "at >= %(floor)s",
    "action": "(action = %(action)s or starts_with(action, %(action)s || ':'))",
    "agency": "(agency_id = %(agency)s or owner_agency_id = %(agency)s)",
    "door": "door = %(door)s",
    "place": "(place = %(place)s or starts_with(place, %(place)s || '.'))",
    "purpose": "concat_ws(' ', purpose, reason) ilike %(purpose)s",
    "no_ends": "action not like '%%:end'",
    "q": "(concat_ws(' ', person_label, agency_label, object_label, reason, purpose, action)"
    " ilike %(q)s or person_id = any((select audit_people_like(%(q)s))::uuid[])"
    " or (object_kind = 'person' and"
    " object_id = any((select audit_people_like(%(q)s))::text[])))",
}

_FLOOR = """
select audit_floor(%(person)s::uuid, %(object)s::text, %(agencies)s::uuid[],
    %(until)s::timestamptz, %(rows)s) as floor
"""

_LINKS = "select * from audit_links(%(chain)s::smallint, %(first)s, %(last)s)"

_WATCHERS = """
select coalesce(json_agg(item), '[]')::text from (
    select json_build_object(
        'id', v.id, 'at', iso_ms(v.at), 'person', coalesce(v.person_label, audit_name(v.person_id)),
        'person_id', v.person_id,
        'agency', v.agency_label, 'action', v.action, 'seconds', v.seconds,
        'footage_from', v.detail::json ->> 'from', 'footage_to', v.detail::json ->> 'to',
        'purpose', v.purpose, 'reason', v.reason, 'door', v.door
    ) as item
    from (
        select v.*, {seconds} as seconds from audit_entry v
        where object_id = %(object)s and at >= %(since)s - interval '1 day' and {visible}
          and (split_part(action, ':', 1) in ('live', 'recording', 'ptz') or action = 'unit:track')
          and action not like '%%:end'
    ) v
    where case
        when v.detail::json ->> 'to' is not null then
            (v.detail::json ->> 'from')::timestamptz < %(until)s
            and (v.detail::json ->> 'to')::timestamptz > %(since)s
        when v.action = 'live:view' then
            v.at < %(until)s
            and v.at + make_interval(secs => coalesce(v.seconds, 86400)) > %(since)s
        else v.at >= %(since)s and v.at < %(until)s end
    order by v.at, v.id limit %(limit)s
) page
"""

_SEEN_BY = """
select coalesce(json_agg(item), '[]')::text from (
    select json_build_object(
        'object_id', v.object_id, 'object_label', max(v.object_label), 'place', max(v.place),
        'looks', count(*) filter (where v.action = 'live:view'),
        'seconds', sum(v.seconds),
        'footage', count(*) filter (where v.detail::json ->> 'to' is not null),
        'footage_s', sum(extract(epoch from (v.detail::json ->> 'to')::timestamptz
            - (v.detail::json ->> 'from')::timestamptz)),
        'others', count(*) filter (
            where v.action <> 'live:view' and v.detail::json ->> 'to' is null),
        'first_at', iso_ms(min(v.at)), 'last_at', iso_ms(max(v.at))
    ) as item
    from (
        select v.*, {seconds} as seconds from audit_entry v
        where person_id = %(person)s and at >= %(since)s and at < %(until)s and {visible}
          and split_part(action, ':', 1) in ('live', 'recording', 'ptz')
          and action not like '%%:end'
        order by at desc limit %(most)s
    ) v
    group by v.object_id
    order by count(*) desc, max(v.at) desc limit %(limit)s
) page
"""

_ACCESSES = """
select v.at, coalesce(v.person_label, audit_name(v.person_id)) as person_label,
    v.agency_label, v.action, {seconds} as seconds
from audit_entry v
where v.object_id = %(object)s and v.at >= %(since)s and v.action not like '%%:end'
  and (split_part(v.action, ':', 1) in ('live', 'recording', 'ptz') or v.action = 'unit:track')
  and ({visible})
order by v.at desc, v.id desc limit %(limit)s
"""

_LAST_USES = """
select person_id, split_part(action, ':', 1) as domain, max(at) as at from audit_entry
where agency_id = %(agency)s and person_id is not null and at >= %(since)s and ({visible})
group by 1, 2
"""

_UNDER_PURPOSE = """
select v.at, coalesce(v.person_label, audit_name(v.person_id)) as person_label,
    v.agency_label, v.action, v.object_kind, v.object_id, v.object_label,
    v.detail::json ->> 'from' as footage_from, v.detail::json ->> 'to' as footage_to,
    extract(epoch from (v.detail::json ->> 'to')::timestamptz
        - (v.detail::json ->> 'from')::timestamptz)::float as footage_s,
    {seconds} as seconds
from audit_entry v
where v.purpose = %(purpose)s and v.object_kind in ('camera', 'unit') and v.action not like '%%:end'
  and ({visible})
order by v.at desc, v.id desc limit %(limit)s
"""

_SAVE_SEAL = """
insert into audit_seal (verified_at, rows, intact, anchored_at, positions, finding)
values (%(verified_at)s, %(rows)s, %(intact)s, %(anchored_at)s, %(positions)s, %(finding)s)
on conflict (is_only) do update set verified_at = excluded.verified_at, rows = excluded.rows,
    intact = excluded.intact, anchored_at = excluded.anchored_at,
    positions = excluded.positions, finding = excluded.finding
"""


async def append(scope: Scope, tx: Transaction, entry: dict[str, Any]) -> None:
    """Adds one entry to the chain, signed by the scope; it is kept only if `tx` commits."""
    await tx.execute(_APPEND, _signature(scope) | entry)


async def append_all(scope: Scope, tx: Transaction, entries: list[dict[str, Any]]) -> None:
    """Adds many entries to one chain in their order, in one call, signed by the scope."""
    await tx.execute(_APPEND_ALL, _joined([sign(scope, entry) for entry in entries]))


async def append_signed(
    db: Database, signed: Sequence[bytes]
) -> None:  # unscoped: each entry is signed
    """Adds entries that their scopes have signed to one chain in their order, and commits them."""
    await db.run_alone(_APPEND_ALL, _joined(signed))


def _joined(signed: Sequence[bytes]) -> dict[str, str]:
    return {"entries": (b"[" + b",".join(signed) + b"]").decode()}


def sign(scope: Scope, entry: dict[str, Any]) -> bytes:
    """An entry with who does it, as the database takes many of."""
    return msgspec.json.encode(_signature(scope) | entry)


def _signature(scope: Scope) -> dict[str, Any]:
    return {
        "at": scope.at,
        "person_id": scope.person_id,
        "person_label": scope.label or None,
        "agency_id": scope.agency_id,
        "agency_label": scope.agency_label or None,
        "purpose": scope.purpose,
        "door": scope.door,
        "address": scope.address,
        "session_id": scope.session_id,
    }


async def list_heads(scope: Scope, tx: Transaction) -> list[Head]:  # noqa: ARG001
    """The newest entry of each chain; hashes tell nothing of what was hashed."""
    rows = await (await tx.execute(_HEADS)).fetchall()
    return [Head(row["chain"], row["seq"], bytes(row["hash"])) for row in rows]


async def list_strays(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    chains: list[int],
) -> list[tuple[int, int, datetime]]:
    """First entries of chains that have no head: (chain, seq, at)."""
    rows = await (await tx.execute(_STRAY, {"chains": chains})).fetchall()
    return [(row["chain"], row["seq"], row["at"]) for row in rows]


async def copy_rows(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    chain: int,
    after: int,
    most: int,
) -> list[bytes]:
    """The next rows of a chain as PostgreSQL copies them in binary, one message each."""
    query = sql.SQL(_COPY).format(
        chain=sql.Literal(chain), after=sql.Literal(after), most=sql.Literal(most)
    )
    async with tx.cursor() as cursor, cursor.copy(query) as copy:
        messages = [bytes(message) async for message in _messages(copy)]
    await asyncio.sleep(0)
    return messages


async def _messages(copy: Any) -> AsyncIterator[bytes]:
    is_first = True
    async for message in copy:
        row = message[_HEADER_BYTES:] if is_first else message
        is_first = False
        if row and row != _TRAILER:
            yield row


def visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    """The predicate of entries that may be read: about own things, or by own people.

    Both halves are judged by the same rules, so that the parameters of their predicates agree. What
    is denied of the thing is hidden whoever did it. Where a denial by tag or class is in force, so
    are entries that do not tell what their thing had.
    """
    of_owner, parameters = scope.narrow(action, **_columns("owner_agency_id"))
    of_asker, _ = scope.narrow(action, **_columns("agency_id"))
    denials = scope.denials_of(action)
    if not denials:
        return sql.SQL("({} or {})").format(of_owner, of_asker), parameters
    denied = scope.narrow_denied(action, **_columns("owner_agency_id"))
    if any(rule.tags is not None or rule.classes is not None for rule in denials):
        denied = sql.SQL("({} or ({}))").format(denied, _UNTOLD)
    return sql.SQL("(({} or {}) and not {})").format(of_owner, of_asker, denied), parameters


def _columns(agency: str) -> Columns:
    return {
        "agency": agency,
        "place": "place",
        "id": "object_id::text",
        "tags": "thing_tags",
        "class_": "thing_class",
    }


async def search(scope: Scope, tx: Transaction, filters: dict[str, Any], limit: int) -> bytes:
    """Entries newest first, as JSON; `filters` holds the ones of `_WANTED` that are asked for.

    With `agencies`, only entries of these are looked through.
    """
    clauses, parameters = _narrowed(scope, filters)
    source = sql.SQL(_OF_AGENCIES if filters.get("agencies") else "audit_entry")
    query = sql.SQL(_SEARCH).format(
        seconds=_seconds(), thing=sql.SQL(_THING), source=source, **clauses
    )
    return await fetch_json(tx, query, parameters | {"limit": limit})


async def list_entries(
    scope: Scope, tx: Transaction, filters: dict[str, Any], limit: int
) -> list[Entry]:
    """The same entries as they are stored, to be proved."""
    clauses, parameters = _narrowed(scope, filters)
    query = sql.SQL(
        "select * from audit_entry where {visible} and {wanted}"
        " order by at desc, id desc limit %(limit)s"
    ).format(**clauses)
    async with tx.cursor(row_factory=class_row(Entry)) as cursor:
        return await (await cursor.execute(query, parameters | {"limit": limit})).fetchall()


async def list_names(
    scope: Scope,  # noqa: ARG001 - of entries that were found under the scope
    tx: Transaction,
    ids: list[UUID],
) -> dict[UUID, str]:
    """What these accounts are called now; ids that are no account's are left out."""
    rows = await tx.execute(
        "select id, audit_name(id) as name from unnest(%(ids)s::uuid[]) id", {"ids": ids}
    )
    return {row["id"]: row["name"] for row in await rows.fetchall() if row["name"]}


def _narrowed(
    scope: Scope, filters: dict[str, Any]
) -> tuple[dict[str, sql.Composable], dict[str, Any]]:
    may_read, parameters = visible(scope, "audit:read")
    wanted = [sql.SQL(clause) for word, clause in _WANTED.items() if word in filters]
    joined = sql.SQL(" and ").join(wanted or [sql.SQL("true")])
    return {"visible": may_read, "wanted": joined}, parameters | filters


def _seconds() -> sql.SQL:
    return sql.SQL(_SECONDS)


async def find_floor(
    scope: Scope,  # noqa: ARG001 - an instant tells of no entry
    tx: Transaction,
    filters: dict[str, Any],
    until: datetime,
    rows: int,
) -> datetime | None:
    """How far back `rows` entries before `until` reach; None if not so many are left."""
    asked = {name: filters.get(name) for name in ("person", "object", "agencies")}
    found = await (await tx.execute(_FLOOR, asked | {"until": until, "rows": rows})).fetchone()
    return None if found is None else found["floor"]


async def list_links(
    scope: Scope,  # noqa: ARG001 - digests tell nothing of what was hashed
    tx: Transaction,
    chain: int,
    first: int,
    last: int,
) -> list[Link]:
    """Links of a chain without their content, from `first` to `last`."""
    async with tx.cursor(row_factory=class_row(Link)) as cursor:
        rows = await cursor.execute(_LINKS, {"chain": chain, "first": first, "last": last})
        return await rows.fetchall()


async def list_watchers(
    scope: Scope, tx: Transaction, object_id: str, since: datetime, until: datetime, limit: int
) -> bytes:
    """Who saw what a thing showed between two instants, live or later, as JSON, oldest first."""
    may_read, parameters = visible(scope, "audit:read")
    query = sql.SQL(_WATCHERS).format(visible=may_read, seconds=_seconds())
    asked = {"object": object_id, "since": since, "until": until, "limit": limit}
    return await fetch_json(tx, query, parameters | asked)


async def list_seen_by(
    scope: Scope, tx: Transaction, person_id: UUID, since: datetime, until: datetime, limit: int
) -> bytes:
    """What a person saw between two instants, by thing, as JSON; the most looked at first."""
    may_read, parameters = visible(scope, "audit:read")
    query = sql.SQL(_SEEN_BY).format(visible=may_read, seconds=_seconds())
    asked = {"person": person_id, "since": since, "until": until, "limit": limit, "most": 20_000}
    return await fetch_json(tx, query, parameters | asked)


async def list_accesses(
    scope: Scope, tx: Transaction, action: str, object_id: str, since: datetime, limit: int
) -> list[Access]:
    """Who looked at a thing since an instant, newest first; `action` is the right to know it."""
    may_read, parameters = visible(scope, action)
    query = sql.SQL(_ACCESSES).format(visible=may_read, seconds=_seconds())
    rows = await tx.execute(
        query, parameters | {"object": object_id, "since": since, "limit": limit}
    )
    return [
        Access(row["at"], row["person_label"], row["agency_label"], row["action"], row["seconds"])
        for row in await rows.fetchall()
    ]


async def list_last_uses(
    scope: Scope, tx: Transaction, agency_id: UUID, action: str, since: datetime
) -> list[dict[str, Any]]:
    """When people of an agency last did something of each domain (`live`, `recording`)."""
    may_read, parameters = visible(scope, action)
    query = sql.SQL(_LAST_USES).format(visible=may_read)
    rows = await tx.execute(query, parameters | {"agency": agency_id, "since": since})
    return await rows.fetchall()


async def list_under_purpose(
    scope: Scope, tx: Transaction, purpose: str, action: str, limit: int
) -> list[dict[str, Any]]:
    """Everything done with cameras and vehicles for a purpose, and how long looks took."""
    may_read, parameters = visible(scope, action)
    query = sql.SQL(_UNDER_PURPOSE).format(visible=may_read, seconds=_seconds())
    rows = await tx.execute(query, parameters | {"purpose": purpose, "limit": limit})
    return await rows.fetchall()


async def save_seal(scope: Scope, tx: Transaction, seal: dict[str, Any]) -> None:  # noqa: ARG001
    """Remembers the outcome of a walk, for people to see."""
    await tx.execute(_SAVE_SEAL, seal)


async def find_seal(scope: Scope, tx: Transaction) -> dict[str, Any] | None:  # noqa: ARG001
    """The outcome of the last walk, if there was one."""
    row = await (await tx.execute("select * from audit_seal")).fetchone()
    return row and row | {"positions": msgspec.json.decode(row["positions"])}


_SAVE_ANCHOR = """
insert into audit_anchor (target, kind, line, anchored_at, tried_at, failing_since, problem)
values (%(target)s, %(kind)s, %(line)s, %(anchored_at)s, %(tried_at)s, %(failing_since)s,
    %(problem)s)
on conflict (target) do update set line = excluded.line, anchored_at = excluded.anchored_at,
    tried_at = excluded.tried_at, failing_since = excluded.failing_since,
    problem = excluded.problem
"""


async def save_anchor_state(scope: Scope, tx: Transaction, state: AnchorState) -> None:  # noqa: ARG001
    """Remembers how a place that takes copies of the heads does; it is no agency's thing."""
    await tx.execute(_SAVE_ANCHOR, asdict(state))


async def forget_anchors(scope: Scope, tx: Transaction, kept: list[str]) -> None:  # noqa: ARG001
    """Drops the state of places that are set no more."""
    await tx.execute("delete from audit_anchor where target <> all(%(kept)s)", {"kept": kept})


async def list_anchor_states(scope: Scope, tx: Transaction) -> list[AnchorState]:  # noqa: ARG001
    """How each place that takes copies of the heads does."""
    rows = await tx.execute("select * from audit_anchor order by kind, target")
    return [AnchorState(**row) for row in await rows.fetchall()]
