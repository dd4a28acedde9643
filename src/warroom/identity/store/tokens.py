"""SQL of API tokens."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_WHERE = """(t.person_id = %(own)s or t.person_id in (select p.id from person p where {visible}))
  and t.revoked_at is null"""

_LIST = """
select json_build_object('items', coalesce(json_agg(json_build_object(
    'id', t.id, 'name', t.name, 'actions', t.actions,
    'person', json_build_object('id', p.id, 'name', p.name),
    'created_at', iso_ms(t.created_at), 'expires_at', iso_ms(t.expires_at),
    'last_used_at', iso_ms(t.last_used_at)) order by t.id desc), '[]'),
    'total', count(*), 'next', null)::text
from api_token t join person p on p.id = t.person_id where {where}
"""

_FIND = """
select t.id, t.name, t.person_id, p.agency_id from api_token t
join person p on p.id = t.person_id where t.id = %(id)s and {where}
"""

_INSERT = """
insert into api_token (id, token_hash, person_id, name, actions, created_at, created_by, expires_at)
values (%(id)s, %(token_hash)s, %(person_id)s, %(name)s, %(actions)s, %(now)s, %(by)s,
    %(expires_at)s)
"""


def _where(scope: Scope) -> tuple[sql.Composable, dict[str, Any]]:
    visible, parameters = scope.narrow(
        "person:configure", agency="p.agency_id", place=None, id="p.id", tags=None
    )
    return sql.SQL(_WHERE).format(visible=visible), parameters | {"own": scope.person_id}


async def list_tokens(scope: Scope, tx: Transaction) -> bytes:
    """Own tokens, and those of people that the scope may configure, as JSON; never the secret."""
    where, parameters = _where(scope)
    return await fetch_json(tx, sql.SQL(_LIST).format(where=where), parameters)


async def find_token(scope: Scope, tx: Transaction, token_id: UUID) -> dict[str, Any] | None:
    """One token that the scope may end."""
    where, parameters = _where(scope)
    query = sql.SQL(_FIND).format(where=where)
    return await (await tx.execute(query, parameters | {"id": token_id})).fetchone()


async def insert_token(
    scope: Scope,
    tx: Transaction,
    *,
    token_id: UUID,
    token_hash: bytes,
    person_id: UUID,
    name: str,
    actions: list[str] | None,
    expires_at: datetime,
) -> None:
    """Writes a token by the hash of its secret."""
    await tx.execute(
        _INSERT,
        {
            "id": token_id,
            "token_hash": token_hash,
            "person_id": person_id,
            "name": name,
            "actions": actions,
            "expires_at": expires_at,
            "now": scope.at,
            "by": scope.person_id,
        },
    )


async def end_token(scope: Scope, tx: Transaction, token_id: UUID) -> None:
    """Ends a token now."""
    await tx.execute(
        "update api_token set revoked_at = %(now)s where id = %(id)s",
        {"id": token_id, "now": scope.at},
    )
