"""SQL of agencies and roles."""

from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.identity.contracts import NewAgency
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_ITEM = """json_build_object('id', a.id, 'kind', a.kind, 'name', a.name, 'short', a.short,
    'place', a.place, 'is_active', a.is_active, 'version', a.version,
    'people', (select count(*) from person p where p.agency_id = a.id))"""

_LIST = """
select json_build_object(
    'items', coalesce(json_agg({item} order by a.kind <> 'city', a.name), '[]'),
    'total', count(*), 'next', null)::text
from agency a where {visible}
"""

_GET = "select {item}::text from agency a where a.id = %(id)s and {visible}"

_FIND = "select a.* from agency a where a.id = %(id)s and {visible} for update"

_BY_SHORT = "select a.* from agency a where lower(a.short) = lower(%(short)s) and {visible}"

_INSERT = """
insert into agency (id, kind, name, short, place, created_at, changed_at)
values (%(id)s, %(kind)s, %(name)s, %(short)s, %(place)s, %(now)s, %(now)s)
"""

_UPDATE = """
update agency set kind = %(kind)s, name = %(name)s, short = %(short)s, place = %(place)s,
    is_active = %(is_active)s, changed_at = %(now)s, version = version + 1
where id = %(id)s
"""


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(action, agency="a.id", place="a.place", id="a.id", tags=None, class_=None)


async def list_agencies(scope: Scope, tx: Transaction) -> bytes:
    """Agencies in view as JSON, the city first."""
    visible, parameters = _visible(scope, "agency:view")
    query = sql.SQL(_LIST).format(item=sql.SQL(_ITEM), visible=visible)
    return await fetch_json(tx, query, parameters)


async def find_agency_json(scope: Scope, tx: Transaction, agency_id: UUID) -> bytes | None:
    """One agency in view as JSON."""
    visible, parameters = _visible(scope, "agency:view")
    query = sql.SQL(_GET).format(item=sql.SQL(_ITEM), visible=visible)
    content = await fetch_json(tx, query, parameters | {"id": agency_id})
    return None if content == b"null" else content


async def find_agency(
    scope: Scope, tx: Transaction, agency_id: UUID, action: str
) -> dict[str, Any] | None:
    """One agency on which `action` is allowed, locked until the transaction ends."""
    visible, parameters = _visible(scope, action)
    query = sql.SQL(_FIND).format(visible=visible)
    return await (await tx.execute(query, parameters | {"id": agency_id})).fetchone()


async def find_agency_by_short(scope: Scope, tx: Transaction, short: str) -> dict[str, Any] | None:
    """One agency in view by its short name, large and small letters alike."""
    visible, parameters = _visible(scope, "agency:view")
    query = sql.SQL(_BY_SHORT).format(visible=visible)
    return await (await tx.execute(query, parameters | {"short": short})).fetchone()


async def is_there(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    agency_id: UUID,
) -> bool:
    """Whether there is such an agency."""
    rows = await tx.execute("select from agency where id = %(id)s", {"id": agency_id})
    return await rows.fetchone() is not None


async def insert_agency(scope: Scope, tx: Transaction, agency_id: UUID, new: NewAgency) -> None:
    """Writes a new agency."""
    await tx.execute(
        _INSERT,
        {
            "id": agency_id,
            "kind": new.kind,
            "name": new.name,
            "short": new.short,
            "place": new.place,
            "now": scope.at,
        },
    )


async def update_agency(scope: Scope, tx: Transaction, agency: dict[str, Any]) -> None:
    """Writes an agency's changed fields."""
    await tx.execute(_UPDATE, agency | {"now": scope.at})
