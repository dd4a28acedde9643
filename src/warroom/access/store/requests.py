"""SQL of requests, their parts, approvals and attachments."""

from dataclasses import fields
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from warroom.access.contracts import VIEW, RequestDraft
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_LIST = """
select r.* from access_request r
where {visible} and (%(after)s::uuid is null or r.id < %(after)s)
  and (%(ended)s or (r.withdrawn_at is null and (r.ends_at > %(now)s or r.closed_at is null)))
order by r.id desc limit %(limit)s
"""

_FIND = "select r.* from access_request r where r.id = %(id)s and {visible}"

_SEE = """
select r.id, coalesce(r.number, r.letter_number) as number, r.from_agency_id
from access_request r where (r.id = %(id)s or r.number = upper(%(number)s)) and {visible}
"""

_WORDS = (
    *("letter_number", "letter_date", "basis_id", "purpose", "case_number", "actions", "owners"),
    *("places", "cameras", "footage_from", "footage_to", "starts_at", "ends_at"),
    *("people", "roles"),
)

_INSERT = sql.SQL(
    """
insert into access_request (id, from_agency_id, from_agency_label, requester_id, requester_label,
    basis_label, people_label, rings, created_at, changed_at, {columns})
values (%(id)s, %(from_agency_id)s, %(from_agency_label)s, %(requester_id)s, %(requester_label)s,
    %(basis_label)s, %(people_label)s, %(rings)s, %(now)s, %(now)s, {values})
"""
).format(
    columns=sql.SQL(", ").join(map(sql.Identifier, _WORDS)),
    values=sql.SQL(", ").join(map(sql.Placeholder, _WORDS)),
)

_UPDATE = sql.SQL(
    """
update access_request set {assigned}, rings = %(rings)s, basis_label = %(basis_label)s,
    people_label = %(people_label)s, changed_at = %(now)s, version = version + 1
where id = %(id)s and sent_at is null
"""
).format(
    assigned=sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(word), sql.Placeholder(word)) for word in _WORDS
    )
)

_MARK = """
update access_request set sent_at = %(sent_at)s, number = %(number)s,
    withdrawn_at = %(withdrawn_at)s, closed_at = %(closed_at)s, changed_at = %(now)s,
    version = version + 1
where id = %(id)s
"""

_INSERT_PART = """
insert into access_part (request_id, owner_id, owner_label, from_agency_id)
values (%(request_id)s, %(owner_id)s, %(owner_label)s, %(from_agency_id)s)
"""

_SAVE_PART = """
update access_part set refused_at = %(refused_at)s, refused_by = %(refused_by)s,
    refusal = %(refusal)s, approved_at = %(approved_at)s, actions = %(actions)s,
    cameras = %(cameras)s, starts_at = %(starts_at)s, ends_at = %(ends_at)s,
    footage_from = %(footage_from)s, footage_to = %(footage_to)s, grants = %(grants)s,
    revoked_at = %(revoked_at)s, revoked_by = %(revoked_by)s, revocation = %(revocation)s
where request_id = %(request_id)s and owner_id = %(owner_id)s
"""

_INSERT_APPROVAL = """
insert into access_approval (request_id, owner_id, person_id, from_agency_id, person_label,
    agency_id, agency_label, role, at, note, actions, cameras, starts_at, ends_at, footage_from,
    footage_to)
values (%(request_id)s, %(owner_id)s, %(person_id)s, %(from_agency_id)s, %(person_label)s,
    %(agency_id)s, %(agency_label)s, %(role)s, %(at)s, %(note)s, %(actions)s, %(cameras)s,
    %(starts_at)s, %(ends_at)s, %(footage_from)s, %(footage_to)s)
"""

_INSERT_FILE = """
insert into access_attachment (id, request_id, name, media_type, size, digest, at)
values (%(id)s, %(request_id)s, %(name)s, %(media_type)s, %(size)s, %(digest)s, %(now)s)
on conflict (request_id, digest) do update set name = excluded.name returning id
"""

_CLOSING = """
select r.* from access_request r
where r.sent_at is not null and r.closed_at is null and {visible}
  and (r.ends_at <= %(now)s or r.withdrawn_at is not null or not exists (
    select from access_part p where p.request_id = r.id and p.refused_at is null
      and p.revoked_at is null and (p.ends_at is null or p.ends_at > %(now)s)))
order by r.id limit 100 for update skip locked
"""


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    """Requests of agencies in reach, and those that were sent to them."""
    more: dict[str, None] = {"place": None, "id": None, "tags": None}
    of_asker, parameters = scope.narrow(action, agency="r.from_agency_id", **more)
    of_owner, _ = scope.narrow(action, agency="o.agency_id", **more)
    predicate = sql.SQL(
        "({} or (r.sent_at is not null"
        " and exists (select from unnest(r.owners) o(agency_id) where {})))"
    ).format(of_asker, of_owner)
    return predicate, parameters


async def list_requests(
    scope: Scope, tx: Transaction, *, after: UUID | None, limit: int, with_ended: bool
) -> list[dict[str, Any]]:
    """Requests in view, newest first."""
    visible, parameters = _visible(scope, VIEW)
    values = {"after": after, "limit": limit, "ended": with_ended, "now": scope.at}
    rows = await tx.execute(sql.SQL(_LIST).format(visible=visible), parameters | values)
    return await rows.fetchall()


async def find_request(
    scope: Scope, tx: Transaction, request_id: UUID, action: str, *, lock: bool = False
) -> dict[str, Any] | None:
    """One request, of which the scope may do `action` on either side; locked on demand."""
    visible, parameters = _visible(scope, action)
    query = sql.SQL(_FIND).format(visible=visible)
    if lock:
        query += sql.SQL(" for update")
    return await (await tx.execute(query, parameters | {"id": request_id})).fetchone()


async def see_request(
    scope: Scope, tx: Transaction, asked: str, request_id: UUID | None
) -> dict[str, Any] | None:
    """Id, number and asking agency of the request with this number or id in view."""
    visible, parameters = _visible(scope, VIEW)
    query = sql.SQL(_SEE).format(visible=visible)
    return await (
        await tx.execute(query, parameters | {"id": request_id, "number": asked})
    ).fetchone()


async def list_parts(scope: Scope, tx: Transaction, ids: list[UUID]) -> list[dict[str, Any]]:
    """Parts of these requests that the scope may see: all of its own, or its own part."""
    more: dict[str, None] = {"place": None, "id": None, "tags": None}
    of_asker, parameters = scope.narrow(VIEW, agency="p.from_agency_id", **more)
    of_owner, _ = scope.narrow(VIEW, agency="p.owner_id", **more)
    query = sql.SQL(
        "select p.* from access_part p where p.request_id = any(%(ids)s) and ({} or {})"
        " order by p.owner_label"
    ).format(of_asker, of_owner)
    return await (await tx.execute(query, parameters | {"ids": ids})).fetchall()


async def list_approvals(scope: Scope, tx: Transaction, ids: list[UUID]) -> list[dict[str, Any]]:
    """Approvals of these requests, in their order, that the scope may see."""
    more: dict[str, None] = {"place": None, "id": None, "tags": None}
    of_asker, parameters = scope.narrow(VIEW, agency="a.from_agency_id", **more)
    of_owner, _ = scope.narrow(VIEW, agency="a.owner_id", **more)
    query = sql.SQL(
        "select a.* from access_approval a where a.request_id = any(%(ids)s) and ({} or {})"
        " order by a.at, a.owner_id, a.person_id"
    ).format(of_asker, of_owner)
    return await (await tx.execute(query, parameters | {"ids": ids})).fetchall()


async def list_attachments(
    scope: Scope,  # noqa: ARG001 - the caller has found the requests; row-level security again
    tx: Transaction,
    ids: list[UUID],
) -> list[dict[str, Any]]:
    """Attachments of these requests."""
    rows = await tx.execute(
        "select * from access_attachment where request_id = any(%(ids)s) order by at, id",
        {"ids": ids},
    )
    return await rows.fetchall()


async def insert_request(
    scope: Scope, tx: Transaction, request_id: UUID, draft: RequestDraft, labels: dict[str, Any]
) -> None:
    """Writes a new draft."""
    more = {
        "id": request_id,
        "from_agency_id": scope.agency_id,
        "from_agency_label": scope.agency_label,
        "requester_id": scope.person_id,
        "requester_label": scope.label,
        "now": scope.at,
    }
    await tx.execute(_INSERT, _values(draft) | labels | more)


async def update_request(
    scope: Scope, tx: Transaction, request_id: UUID, draft: RequestDraft, labels: dict[str, Any]
) -> None:
    """Writes a changed draft; what was sent stays as it is."""
    await tx.execute(_UPDATE, _values(draft) | labels | {"id": request_id, "now": scope.at})


def _values(draft: RequestDraft) -> dict[str, Any]:
    values = {item.name: getattr(draft, item.name) for item in fields(RequestDraft)}
    lists = {word: list(value) for word, value in values.items() if isinstance(value, tuple)}
    return values | lists | {"rings": Jsonb(draft.rings)}


async def mark_request(scope: Scope, tx: Transaction, row: dict[str, Any]) -> None:
    """Writes when a request was sent, withdrawn and closed."""
    await tx.execute(_MARK, row | {"now": scope.at})


async def insert_part(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    part: dict[str, Any],
) -> None:
    """Writes one owner's part, undecided."""
    await tx.execute(_INSERT_PART, part)


async def save_part(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    part: dict[str, Any],
) -> None:
    """Writes what an owner has decided."""
    cameras = None if part["cameras"] is None else Jsonb(part["cameras"])
    await tx.execute(_SAVE_PART, part | {"cameras": cameras})


async def insert_approval(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    approval: dict[str, Any],
) -> None:
    """Writes a signature; it is never changed."""
    await tx.execute(_INSERT_APPROVAL, approval | {"cameras": Jsonb(approval["cameras"])})


async def insert_attachment(scope: Scope, tx: Transaction, attachment: dict[str, Any]) -> UUID:
    """Notes a file of the blobs as part of a request; the same file twice is one."""
    rows = await tx.execute(_INSERT_FILE, attachment | {"now": scope.at})
    row = await rows.fetchone()
    assert row is not None  # noqa: S101 - an upsert always answers
    found: UUID = row["id"]
    return found


async def list_closing(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Requests that are over, and of which the agencies were not told yet; locked."""
    visible, parameters = _visible(scope, VIEW)
    query = sql.SQL(_CLOSING).format(visible=visible)
    return await (await tx.execute(query, parameters | {"now": scope.at})).fetchall()
