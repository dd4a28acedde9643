"""SQL of API tokens."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.identity.credentials import TokenSecret
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_OF_PEOPLE = "(t.person_id = %(own)s or t.person_id in (select p.id from person p where {visible}))"
_OF_PROGRAMS = "t.account_id in (select s.id from service_account s where {visible})"

_ITEM = """json_build_object(
    'id', t.id, 'name', t.name, 'actions', t.actions,
    'person', case when t.person_id is not null
        then json_build_object('id', p.id, 'name', p.name) end,
    'application', case when t.account_id is not null
        then json_build_object('id', s.id, 'name', s.name) end,
    'networks', t.networks, 'per_minute', t.per_minute, 'replaced_by', t.replaced_by,
    'created_at', iso_ms(t.created_at), 'expires_at', iso_ms(t.expires_at),
    'last_used_at', iso_ms(t.last_used_at), 'last_address', t.last_address,
    'last_route', t.last_route)"""

_LIST = """
select json_build_object('items', coalesce(json_agg({item} order by t.id desc), '[]'),
    'total', count(*), 'next', null)::text
from api_token t left join person p on p.id = t.person_id
left join service_account s on s.id = t.account_id
where t.revoked_at is null and {where}
"""

_FIND = """
select t.id, t.name, t.person_id, t.account_id, t.actions, t.networks, t.per_minute, t.created_at,
    t.expires_at, t.replaced_by, coalesce(p.agency_id, s.agency_id) as agency_id
from api_token t left join person p on p.id = t.person_id
left join service_account s on s.id = t.account_id
where t.id = %(id)s and t.revoked_at is null and {where}
"""

_INSERT = """
insert into api_token (id, token_hash, person_id, account_id, name, actions, networks, per_minute,
    created_at, created_by, expires_at)
values (%(id)s, %(token_hash)s, %(person_id)s, %(account_id)s, %(name)s, %(actions)s,
    %(networks)s::cidr[], %(per_minute)s, %(now)s, %(by)s, %(expires_at)s)
"""


def _of_people(scope: Scope) -> tuple[sql.Composable, dict[str, Any]]:
    visible, parameters = scope.narrow(
        "person:configure", agency="p.agency_id", place=None, id="p.id", tags=None, class_=None
    )
    return sql.SQL(_OF_PEOPLE).format(visible=visible), parameters | {"own": scope.person_id}


def _of_programs(scope: Scope) -> tuple[sql.Composable, dict[str, Any]]:
    visible, parameters = scope.narrow(
        "application:configure", agency="s.agency_id", place=None, id="s.id", tags=None, class_=None
    )
    return sql.SQL(_OF_PROGRAMS).format(visible=visible), parameters


async def list_tokens(scope: Scope, tx: Transaction) -> bytes:
    """Own tokens, and those of people that the scope may configure, as JSON; never the secret."""
    where, parameters = _of_people(scope)
    query = sql.SQL(_LIST).format(item=sql.SQL(_ITEM), where=where)
    return await fetch_json(tx, query, parameters)


async def list_program_tokens(scope: Scope, tx: Transaction) -> bytes:
    """Tokens of service accounts that the scope may configure, as JSON; never the secret."""
    where, parameters = _of_programs(scope)
    query = sql.SQL(_LIST).format(item=sql.SQL(_ITEM), where=where)
    return await fetch_json(tx, query, parameters)


async def find_token(scope: Scope, tx: Transaction, token_id: UUID) -> dict[str, Any] | None:
    """One token that the scope may end, a person's or a program's."""
    for where, parameters in (_of_people(scope), _of_programs(scope)):
        query = sql.SQL(_FIND).format(where=where)
        row = await (await tx.execute(query, parameters | {"id": token_id})).fetchone()
        if row is not None:
            return row
    return None


async def insert_token(
    scope: Scope, tx: Transaction, secret: TokenSecret, row: dict[str, Any]
) -> None:
    """Writes a token by the hash of its secret."""
    own = {"token_hash": secret.digest, "now": scope.at, "by": scope.person_id}
    await tx.execute(_INSERT, row | own)


async def replace_token(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    token_id: UUID,
    new_id: UUID,
    ends_at: datetime,
) -> None:
    """Notes by which token one was replaced, and when it ends."""
    await tx.execute(
        "update api_token set replaced_by = %(new)s, expires_at = %(ends_at)s where id = %(id)s",
        {"id": token_id, "new": new_id, "ends_at": ends_at},
    )


async def end_token(scope: Scope, tx: Transaction, token_id: UUID) -> None:
    """Ends a token now."""
    await tx.execute(
        "update api_token set revoked_at = %(now)s where id = %(id)s",
        {"id": token_id, "now": scope.at},
    )
