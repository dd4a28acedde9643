"""SQL of grants."""

from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.identity.contracts import NewGrant
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_ITEM = """json_build_object('id', g.id,
    'person', case when p.id is not null then json_build_object('id', p.id, 'name', p.name) end,
    'to_agency', case when a.id is not null then
        json_build_object('id', a.id, 'name', a.name, 'short', a.short) end,
    'actions', g.actions, 'agencies', g.agencies, 'places', g.places, 'objects', g.objects,
    'tags', g.tags, 'classes', g.classes, 'deny', g.deny, 'starts_at', iso_ms(g.starts_at),
    'ends_at', iso_ms(g.ends_at), 'reason', g.reason, 'letter', g.letter, 'to_role', g.to_role,
    'purpose', g.purpose,
    'created_at', iso_ms(g.created_at),
    'created_by', case when g.created_by is not null then json_build_object(
        'name', (select b.name from person b where b.id = g.created_by)) end,
    'revoked_at', iso_ms(g.revoked_at))"""

_LIST = """
with seen as (
    select g.* from access_grant g where {visible}
      and (%(all)s or (g.revoked_at is null and (g.ends_at is null or g.ends_at > %(now)s)))
), page as (
    select * from seen where %(after)s::uuid is null or id < %(after)s
    order by id desc limit %(limit)s
)
select json_build_object(
    'items', coalesce((select json_agg({item} order by g.id desc) from page g
        left join person p on p.id = g.person_id left join agency a on a.id = g.to_agency_id),
        '[]'),
    'total', (select count(*) from seen)
)::text
"""

_FIND = "select g.* from access_grant g where g.id = %(id)s and {visible} for update"

_TOLD = """
select g.id, g.reason, g.letter, g.purpose, g.created_at, g.starts_at, g.ends_at,
    b.name as created_by, a.short as to_agency
from access_grant g left join person b on b.id = g.created_by
left join agency a on a.id = g.to_agency_id
where g.id = any(%(ids)s) and {visible}
"""

_INSERT = """
insert into access_grant (id, person_id, to_agency_id, agency_id, actions, agencies, places,
    objects, tags, classes, deny, starts_at, ends_at, reason, letter, to_role, purpose,
    footage_from, footage_to, created_at, created_by)
values (%(id)s, %(person_id)s, %(to_agency_id)s, %(agency_id)s, %(actions)s, %(agencies)s,
    %(places)s, %(objects)s, %(tags)s, %(classes)s, %(deny)s, %(starts_at)s, %(ends_at)s,
    %(reason)s, %(letter)s, %(to_role)s, %(purpose)s, %(footage_from)s, %(footage_to)s, %(now)s,
    %(by)s)
"""

_REVOKE = """
update access_grant set revoked_at = %(now)s, revoked_by = %(by)s where id = %(id)s
"""

_END_LOAN = """
update access_grant set revoked_at = %(now)s, revoked_by = %(by)s
where id = %(id)s and purpose is not null and revoked_at is null
  and (ends_at is null or ends_at > %(now)s)
returning agencies
"""


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    """Grants to an agency (or its people) in reach, or on its things; both by the same rules."""
    of_taker, parameters = scope.narrow(
        action, agency="g.agency_id", place=None, id=None, tags=None, class_=None
    )
    of_owner, _ = scope.narrow(
        action, agency="o.agency_id", place=None, id=None, tags=None, class_=None
    )
    predicate = sql.SQL(
        "({} or exists (select from unnest(g.agencies) o(agency_id) where {}))"
    ).format(of_taker, of_owner)
    return predicate, parameters


async def list_grants(
    scope: Scope, tx: Transaction, *, after: UUID | None, limit: int, with_ended: bool
) -> bytes:
    """A page of grants in view as JSON `{items, total}`, newest first."""
    visible, parameters = _visible(scope, "grant:view")
    query = sql.SQL(_LIST).format(item=sql.SQL(_ITEM), visible=visible)
    values = {"after": after, "limit": limit, "all": with_ended, "now": scope.at}
    return await fetch_json(tx, query, parameters | values)


async def find_grant(
    scope: Scope, tx: Transaction, grant_id: UUID, action: str
) -> dict[str, Any] | None:
    """One grant on which `action` is allowed, locked until the transaction ends."""
    visible, parameters = _visible(scope, action)
    query = sql.SQL(_FIND).format(visible=visible)
    return await (await tx.execute(query, parameters | {"id": grant_id})).fetchone()


async def list_told(scope: Scope, tx: Transaction, ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """What can be told of these grants: why, by which letter, by whom, when; those in view."""
    visible, parameters = _visible(scope, "grant:view")
    rows = await tx.execute(sql.SQL(_TOLD).format(visible=visible), parameters | {"ids": ids})
    return {row["id"]: row for row in await rows.fetchall()}


async def list_letters(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
) -> set[str]:
    """Numbers of the letters that grants were given by."""
    rows = await (await tx.execute("select distinct letter from access_grant")).fetchall()
    return {row["letter"] for row in rows}


async def insert_grant(
    scope: Scope, tx: Transaction, grant_id: UUID, new: NewGrant, agency_id: UUID | None
) -> None:
    """Writes a grant; `agency_id` is the agency of the one it is given to."""
    values = {
        word: list(value) if isinstance(value, tuple) else value
        for word, value in ((word, getattr(new, word)) for word in NewGrant.__dataclass_fields__)
    }
    values |= {"id": grant_id, "agency_id": agency_id, "now": scope.at, "by": scope.person_id}
    await tx.execute(_INSERT, values)


async def revoke_grant(scope: Scope, tx: Transaction, grant_id: UUID) -> None:
    """Ends a grant now."""
    await tx.execute(_REVOKE, {"id": grant_id, "now": scope.at, "by": scope.person_id})


async def end_loan(
    scope: Scope,
    tx: Transaction,
    grant_id: UUID,
) -> list[UUID] | None:
    """Ends what was lent for a purpose; gives the owners of the things, or None if it was over."""
    rows = await tx.execute(_END_LOAN, {"id": grant_id, "now": scope.at, "by": scope.person_id})
    row = await rows.fetchone()
    return row["agencies"] if row else None
