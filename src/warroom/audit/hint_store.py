"""SQL of the hints: hours rolled up, and what was found in them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql
from psycopg.rows import class_row

from warroom.audit.hints import Hint, Usage
from warroom.kernel import deletions
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.deletions import Deletion
from warroom.kernel.scope import Scope

# A refused sign-in has no person who asks yet: it is about the one whose name was given.
_ROLL_UP = """
insert into audit_usage (person_id, hour, district, agency_id, person_label, looks, things,
    refusals, emergencies)
select who, date_trunc('hour', at, 'UTC'), district, (array_agg(agency order by at desc))[1],
    max(label), count(*) filter (where is_look), count(distinct object_id) filter (where is_look),
    count(*) filter (where action like '%%:refused'),
    -- Both agencies have an entry of the same emergency.
    count(distinct object_id) filter (where action = 'access:emergency_opened')
from (
    select at, action, object_id,
        coalesce(person_id, case when object_kind = 'person' then object_id::uuid end) as who,
        coalesce(agency_id, owner_agency_id) as agency,
        coalesce(person_label, case when object_kind = 'person' then object_label end) as label,
        coalesce(substring(place from '^\\d+\\.\\d+\\.\\d+'), '') as district,
        split_part(action, ':', 1) in ('live', 'recording') and action not like '%%:end' as is_look
    from audit_entry where at >= date_trunc('hour', %(since)s::timestamptz, 'UTC')
) e
where who is not null
  and (is_look or action like '%%:refused' or action = 'access:emergency_opened')
group by 1, 2, 3
on conflict (person_id, hour, district) do update set agency_id = excluded.agency_id,
    person_label = excluded.person_label, looks = excluded.looks, things = excluded.things,
    refusals = excluded.refusals, emergencies = excluded.emergencies
"""

_ADD = """
insert into audit_hint (id, kind, person_id, person_label, agency_id, begins_at, ends_at, found_at,
    numbers)
values (%(id)s, %(kind)s, %(person_id)s, %(person_label)s, %(agency_id)s, %(begins_at)s,
    %(ends_at)s, %(found_at)s, %(numbers)s)
on conflict (kind, person_id, begins_at) do update set numbers = excluded.numbers
where audit_hint.seen_at is null and audit_hint.numbers <> excluded.numbers
"""

_ITEM = """json_build_object('id', id, 'kind', kind, 'person_id', person_id,
    'person', coalesce(person_label, audit_name(person_id)),
    'begins_at', iso_ms(begins_at), 'ends_at', iso_ms(ends_at),
    'numbers', numbers::json, 'seen_at', iso_ms(seen_at), 'seen_by',
    coalesce(seen_by_label, audit_name(seen_by)), 'note', note)"""

_LIST = """
select coalesce(json_agg(item order by begins_at desc, id desc), '[]')::text from (
    select begins_at, id, {item} as item from audit_hint
    where {visible} and (%(all)s or seen_at is null)
    order by begins_at desc, id desc limit %(limit)s
) page
"""

_MARK = """
update audit_hint set seen_at = %(at)s, seen_by = %(by)s, seen_by_label = %(label)s, note = %(note)s
where id = %(id)s and seen_at is null and {visible}
returning {item} as item
"""

_FORGET = """
with gone as (delete from audit_usage where hour < %(before)s returning hour)
select count(*) as count, min(hour) as first_at, max(hour) as last_at from gone
"""


async def roll_up(scope: Scope, tx: Transaction, since: datetime) -> None:  # noqa: ARG001
    """Counts the entries from `since` on by person, hour and district; twice does no harm."""
    await tx.execute(_ROLL_UP, {"since": since})


async def forget_usage(scope: Scope, tx: Transaction, before: datetime) -> None:
    """Drops counts that say nothing of what is usual any more, and notes how many; entries stay."""
    gone = await (await tx.execute(_FORGET, {"before": before})).fetchone()
    assert gone is not None  # noqa: S101 - a sum has one row
    kind = "audit_usage"
    deletion = Deletion(kind, kind, "age", began_at=scope.at, ended_at=scope.at, **gone)
    await deletions.note(scope, tx, deletion)


async def find_last_hour(scope: Scope, tx: Transaction) -> datetime | None:  # noqa: ARG001
    """The last hour that was counted."""
    row = await (await tx.execute("select max(hour) as hour from audit_usage")).fetchone()
    return row["hour"] if row else None


async def list_usage(scope: Scope, tx: Transaction, since: datetime) -> list[Usage]:  # noqa: ARG001
    """All counts from `since` on."""
    query = """
        select person_id, person_label, agency_id, hour, district, looks, things, refusals,
            emergencies
        from audit_usage where hour >= %(since)s
    """
    async with tx.cursor(row_factory=class_row(Usage)) as cursor:
        return await (await cursor.execute(query, {"since": since})).fetchall()


async def add(scope: Scope, tx: Transaction, hint_id: UUID, hint: Hint) -> None:
    """Keeps a hint; one that was looked at already stays as it was."""
    values = {
        "id": hint_id,
        "kind": hint.kind,
        "person_id": hint.person_id,
        "person_label": hint.person_label,
        "agency_id": hint.agency_id,
        "begins_at": hint.begins_at,
        "ends_at": hint.ends_at,
        "found_at": scope.at,
        "numbers": msgspec.json.encode(hint.numbers, order="sorted").decode(),
    }
    await tx.execute(_ADD, values)


def _visible(scope: Scope) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(
        "audit:read", agency="agency_id", place=None, id="person_id", tags=None, class_=None
    )


async def list_hints(scope: Scope, tx: Transaction, *, all: bool, limit: int) -> bytes:  # noqa: A002
    """Hints about the people of the scope's agencies as JSON, newest first."""
    visible, parameters = _visible(scope)
    query = sql.SQL(_LIST).format(visible=visible, item=sql.SQL(_ITEM))
    return await fetch_json(tx, query, parameters | {"all": all, "limit": limit})


async def find_hint(scope: Scope, tx: Transaction, hint_id: UUID) -> dict[str, Any] | None:
    """A hint: whom it is about, and whether it was looked at."""
    visible, parameters = _visible(scope)
    query = sql.SQL("select * from audit_hint where id = %(id)s and {} for update").format(visible)
    return await (await tx.execute(query, parameters | {"id": hint_id})).fetchone()


async def mark(scope: Scope, tx: Transaction, hint_id: UUID, note: str) -> dict[str, Any] | None:
    """Writes down who looked at a hint and what they found; None if it is none of theirs."""
    visible, parameters = _visible(scope)
    query = sql.SQL(_MARK).format(visible=visible, item=sql.SQL(_ITEM))
    values = {
        "id": hint_id, "at": scope.at, "by": scope.person_id, "note": note,
        "label": scope.label if scope.person_id is None else None,
    }  # fmt: skip
    row = await (await tx.execute(query, parameters | values)).fetchone()
    return row and row["item"]
