"""SQL of open sessions, for those who look at their own or at their people's."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_LIST = """
select json_build_object('items', coalesce(json_agg(json_build_object(
    'id', s.id, 'method', s.method, 'created_at', iso_ms(s.created_at),
    'seen_at', iso_ms(s.seen_at), 'expires_at', iso_ms(s.expires_at), 'address', s.address,
    'agent', s.agent, 'is_this', s.id is not distinct from %(this)s::uuid,
    'seat', (select name from seat where id = s.seat_id)) order by s.seen_at desc), '[]'),
    'total', count(*), 'next', null)::text
from session s where s.person_id = %(person_id)s and s.revoked_at is null
  and s.expires_at > %(now)s and s.seen_at > %(now)s - %(idle)s
"""

_ENDED = """
select id from unnest(%(ids)s::uuid[]) as asked(id)
where not exists (select from session s where s.id = asked.id and s.revoked_at is null)
  and not exists (select from api_token t where t.id = asked.id and t.revoked_at is null)
"""

_FIND = """
select s.id, s.person_id, p.agency_id, p.name from session s join person p on p.id = s.person_id
where s.id = %(id)s and s.revoked_at is null
  and (s.person_id = %(own)s or ({visible}))
"""


async def list_ended(scope: Scope, tx: Transaction, ids: Sequence[UUID]) -> set[UUID]:  # noqa: ARG001
    """Those of these sessions and tokens that were ended, or are not there; see `api`."""
    rows = await tx.execute(_ENDED, {"ids": list(ids)})
    return {row["id"] for row in await rows.fetchall()}


async def list_own(scope: Scope, tx: Transaction, idle_s: float) -> bytes:
    """The asker's open sessions as JSON, the last seen first."""
    return await _list(scope, tx, idle_s, scope.person_id)


async def list_of(scope: Scope, tx: Transaction, idle_s: float, person_id: UUID) -> bytes:
    """A person's open sessions as JSON; the caller has asked whether the scope may see them."""
    return await _list(scope, tx, idle_s, person_id)


async def find(
    scope: Scope, tx: Transaction, session_id: UUID, right: str
) -> dict[str, Any] | None:
    """An open session of the asker's own, or of a person on whom they have this right."""
    visible, parameters = scope.narrow(
        right, agency="p.agency_id", place=None, id="p.id", tags=None, class_=None
    )
    query = sql.SQL(_FIND).format(visible=visible)
    values = {"id": session_id, "own": scope.person_id}
    return await (await tx.execute(query, parameters | values)).fetchone()


async def _list(scope: Scope, tx: Transaction, idle_s: float, person_id: UUID | None) -> bytes:
    values = {
        "person_id": person_id,
        "this": scope.session_id,
        "now": scope.at,
        "idle": timedelta(seconds=idle_s),
    }
    return await fetch_json(tx, _LIST, values)
