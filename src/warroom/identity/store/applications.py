"""SQL of service accounts."""

from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.identity.contracts import NewApplication
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_ITEM = """json_build_object(
    'id', s.id, 'name', s.name, 'purpose', s.purpose, 'actions', s.actions, 'reach', s.reach,
    'places', s.places, 'objects', s.objects, 'tags', s.tags, 'with_grants', s.with_grants,
    'is_active', s.is_active, 'version', s.version, 'created_at', iso_ms(s.created_at),
    'agency', (select json_build_object('id', a.id, 'name', a.name, 'short', a.short)
        from agency a where a.id = s.agency_id),
    'created_by', (select p.name from person p where p.id = s.created_by),
    'tokens', (select coalesce(json_agg(json_build_object(
            'id', t.id, 'name', t.name, 'actions', t.actions, 'networks', t.networks,
            'per_minute', t.per_minute, 'created_at', iso_ms(t.created_at),
            'expires_at', iso_ms(t.expires_at), 'replaced_by', t.replaced_by,
            'last_used_at', iso_ms(t.last_used_at), 'last_address', t.last_address,
            'last_route', t.last_route) order by t.id desc), '[]')
        from api_token t where t.account_id = s.id and t.revoked_at is null
            and t.expires_at > %(now)s))"""

_LIST = """
select json_build_object(
    'items', coalesce(json_agg({item} order by lower(s.name), s.id), '[]'),
    'total', count(*), 'next', null)::text
from service_account s where {visible}
"""

_GET = "select {item}::text from service_account s where s.id = %(id)s and {visible}"

_FIND = """
select s.*, a.kind as agency_kind from service_account s join agency a on a.id = s.agency_id
where s.id = %(id)s and {visible} for update of s
"""

_SEE = """
select s.id, s.name, s.agency_id from service_account s
where (s.id = %(id)s or lower(s.name) = lower(%(name)s)) and {visible}
"""

_FIND_BY_NAME = (
    "select s.id from service_account s where lower(s.name) = lower(%(name)s) and {visible}"
)

_INSERT = """
insert into service_account (id, agency_id, name, purpose, actions, reach, places, objects, tags,
    with_grants, created_at, created_by, changed_at)
values (%(id)s, %(agency_id)s, %(name)s, %(purpose)s, %(actions)s, %(reach)s, %(places)s,
    %(objects)s, %(tags)s, %(with_grants)s, %(now)s, %(by)s, %(now)s)
"""

_UPDATE = """
update service_account set name = %(name)s, purpose = %(purpose)s, actions = %(actions)s,
    reach = %(reach)s, places = %(places)s, objects = %(objects)s, tags = %(tags)s,
    with_grants = %(with_grants)s, is_active = %(is_active)s, changed_at = %(now)s,
    version = version + 1
where id = %(id)s
"""

_GRANTED = """
select actions, agencies, places, objects, tags, deny, starts_at, ends_at from access_grant
where to_agency_id = %(agency_id)s and revoked_at is null and not deny
"""


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    visible, parameters = scope.narrow(
        action, agency="s.agency_id", place=None, id="s.id", tags=None, class_=None
    )
    return visible, parameters | {"now": scope.at}


async def list_applications(scope: Scope, tx: Transaction) -> bytes:
    """Service accounts in view with their tokens in force, as JSON; never a secret."""
    visible, parameters = _visible(scope, "application:view")
    query = sql.SQL(_LIST).format(item=sql.SQL(_ITEM), visible=visible)
    return await fetch_json(tx, query, parameters)


async def find_application_json(scope: Scope, tx: Transaction, account_id: UUID) -> bytes | None:
    """One service account in view as JSON."""
    visible, parameters = _visible(scope, "application:view")
    query = sql.SQL(_GET).format(item=sql.SQL(_ITEM), visible=visible)
    content = await fetch_json(tx, query, parameters | {"id": account_id})
    return None if content == b"null" else content


async def find_application(
    scope: Scope, tx: Transaction, account_id: UUID
) -> dict[str, Any] | None:
    """One service account that the scope may configure, locked until the transaction ends."""
    visible, parameters = _visible(scope, "application:configure")
    query = sql.SQL(_FIND).format(visible=visible)
    return await (await tx.execute(query, parameters | {"id": account_id})).fetchone()


async def find_application_id(scope: Scope, tx: Transaction, name: str) -> UUID | None:
    """Id of the service account in view with this name, if there is exactly one."""
    visible, parameters = _visible(scope, "application:view")
    query = sql.SQL(_FIND_BY_NAME).format(visible=visible)
    rows = await (await tx.execute(query, parameters | {"name": name})).fetchall()
    return rows[0]["id"] if len(rows) == 1 else None


async def see_application(
    scope: Scope, tx: Transaction, asked: str, account_id: UUID | None
) -> dict[str, Any] | None:
    """Id, name and owner of the one service account in view with this id or name."""
    visible, parameters = _visible(scope, "application:view")
    query = sql.SQL(_SEE).format(visible=visible)
    values = {"id": account_id, "name": asked}
    rows = await (await tx.execute(query, parameters | values)).fetchall()
    return rows[0] if len(rows) == 1 else None


async def list_granted(scope: Scope, tx: Transaction, agency_id: UUID) -> list[dict[str, Any]]:  # noqa: ARG001 - row-level security narrows by it
    """What was granted to an agency and is not revoked."""
    return await (await tx.execute(_GRANTED, {"agency_id": agency_id})).fetchall()


async def insert_application(
    scope: Scope, tx: Transaction, account_id: UUID, new: NewApplication
) -> None:
    """Writes a new service account."""
    await tx.execute(
        _INSERT,
        {
            "id": account_id,
            "agency_id": new.agency_id,
            "name": new.name,
            "purpose": new.purpose,
            "actions": list(new.actions),
            "reach": new.reach,
            "places": _list(new.places),
            "objects": _list(new.objects),
            "tags": _list(new.tags),
            "with_grants": new.with_grants,
            "now": scope.at,
            "by": scope.person_id,
        },
    )


async def update_application(scope: Scope, tx: Transaction, account: dict[str, Any]) -> None:
    """Writes a service account's changed fields."""
    await tx.execute(_UPDATE, account | {"now": scope.at})


async def end_tokens(scope: Scope, tx: Transaction, account_id: UUID) -> None:
    """Ends all tokens of a service account now."""
    await tx.execute(
        "update api_token set revoked_at = %(now)s"
        " where account_id = %(id)s and revoked_at is null",
        {"id": account_id, "now": scope.at},
    )


def _list[T](items: tuple[T, ...] | None) -> list[T] | None:
    return None if items is None else list(items)
