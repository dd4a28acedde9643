"""SQL of seats: the workstations of a control room, known by a key that never leaves them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_ITEM = """json_build_object('id', s.id, 'name', s.name, 'place', s.place,
    'agency', json_build_object('id', a.id, 'name', a.name, 'short', a.short),
    'created_at', iso_ms(s.created_at), 'enrolled_at', iso_ms(s.enrolled_at),
    'seen_at', iso_ms(s.seen_at), 'lapses_at', iso_ms(s.lapses_at),
    'address', s.address, 'agent', s.agent,
    'code_expires_at', iso_ms(s.code_expires_at))"""

_LIST = """
select json_build_object('items', coalesce(json_agg({item} order by a.short, s.name), '[]'),
    'total', count(*), 'next', null)::text
from seat s join agency a on a.id = s.agency_id where s.revoked_at is null and {visible}
"""

_FIND = """
select s.id, s.agency_id, s.name from seat s
where s.id = %(id)s and s.revoked_at is null and {visible} for update
"""

_SEE = """
select s.id, s.name, s.agency_id, s.place from seat s
where (s.id = %(id)s or lower(s.name) = lower(%(name)s)) and s.revoked_at is null and {visible}
"""

_INSERT = """
insert into seat (id, agency_id, name, place, code_hash, code_expires_at, created_at, created_by)
values (%(id)s, %(agency_id)s, %(name)s, %(place)s, %(code_hash)s, %(code_expires_at)s, %(now)s,
    %(by)s)
"""

_NEW_CODE = """
update seat set code_hash = %(code_hash)s, code_expires_at = %(code_expires_at)s where id = %(id)s
"""

_REVOKE = """
update seat set revoked_at = %(now)s, public_key = null, code_hash = null, code_expires_at = null
where id = %(id)s
"""

_END_SESSIONS = """
update session set revoked_at = %(now)s where seat_id = %(id)s and revoked_at is null
"""


def _visible(scope: Scope) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(
        "seat:configure", agency="s.agency_id", place="s.place", id="s.id", tags=None, class_=None
    )


async def list_seats(scope: Scope, tx: Transaction) -> bytes:
    """Seats that the scope may configure, as JSON `{items, total, next}`."""
    visible, parameters = _visible(scope)
    query = sql.SQL(_LIST).format(item=sql.SQL(_ITEM), visible=visible)
    return await fetch_json(tx, query, parameters)


async def find_seat(scope: Scope, tx: Transaction, seat_id: UUID) -> dict[str, Any] | None:
    """One seat that the scope may configure, locked until the transaction ends."""
    visible, parameters = _visible(scope)
    query = sql.SQL(_FIND).format(visible=visible)
    return await (await tx.execute(query, parameters | {"id": seat_id})).fetchone()


async def see_seat(
    scope: Scope, tx: Transaction, asked: str, seat_id: UUID | None
) -> dict[str, Any] | None:
    """Id, name, owner and place of the one seat with this id or name that may be configured."""
    visible, parameters = _visible(scope)
    query = sql.SQL(_SEE).format(visible=visible)
    rows = await tx.execute(query, parameters | {"id": seat_id, "name": asked})
    found = await rows.fetchall()
    return found[0] if len(found) == 1 else None


async def insert_seat(scope: Scope, tx: Transaction, seat: dict[str, Any]) -> None:
    """Writes a seat that waits to be enrolled by its code."""
    await tx.execute(_INSERT, seat | {"now": scope.at, "by": scope.person_id})


async def set_code(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    seat_id: UUID,
    code_hash: bytes,
    expires_at: datetime,
) -> None:
    """A new code; the browser that is the seat now remains so until the code is used."""
    values = {"id": seat_id, "code_hash": code_hash, "code_expires_at": expires_at}
    await tx.execute(_NEW_CODE, values)


async def revoke(scope: Scope, tx: Transaction, seat_id: UUID) -> None:
    """Forgets the seat's key and ends the sessions that were opened at it."""
    await tx.execute(_REVOKE, {"id": seat_id, "now": scope.at})
    await tx.execute(_END_SESSIONS, {"id": seat_id, "now": scope.at})


async def enrol(
    scope: Scope, tx: Transaction, code_hash: bytes, public_key: bytes, agent: str
) -> dict[str, Any] | None:
    """Gives the seat of this code its key and uses the code up; None if there is none."""
    rows = await tx.execute(
        "select * from identity_enrol_seat(%s, %s, %s, %s, %s)",
        [code_hash, public_key, scope.at, scope.address, agent[:200]],
    )
    return await rows.fetchone()


async def find_enrolled(
    scope: Scope,
    tx: Transaction,
    seat_id: UUID,
) -> dict[str, Any] | None:
    """An enrolled seat that has not lapsed, and its public key."""
    rows = await tx.execute("select * from identity_seat(%s, %s)", [seat_id, scope.at])
    return await rows.fetchone()


async def touch(scope: Scope, tx: Transaction, seat_id: UUID, agent: str) -> None:
    """The seat was seen now."""
    await tx.execute(
        "select identity_seat_seen(%s, %s, %s, %s)",
        [seat_id, scope.at, scope.address, agent[:200]],
    )
