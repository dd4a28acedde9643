"""SQL of second factors, and of the steps that wait for their second half.

What a stranger needs goes through functions of the database, as in `doors`; the secret of a
code generator and the hashes of recovery codes are written by this role and never read back.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.identity.contracts import Demand
from warroom.identity.credentials import TicketSecret
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_OWN = """
select json_build_object(
    'totp', (select json_build_object('created_at', iso_ms(created_at), 'used_at', iso_ms(used_at))
        from totp_factor where person_id = %(id)s),
    'passkeys', coalesce((select json_agg(json_build_object('id', id, 'name', name,
        'created_at', iso_ms(created_at), 'used_at', iso_ms(used_at),
        'is_backed_up', is_backed_up) order by created_at, id) from passkey
        where person_id = %(id)s), '[]'),
    'recovery', (select count(*) from recovery_code where person_id = %(id)s and used_at is null),
    'has_password', exists (select from person_password where person_id = %(id)s))::text
"""

_BEGIN = """
select identity_begin_step(%(id)s, %(token_hash)s, %(purpose)s, %(person_id)s, %(session_id)s,
    %(secret)s, %(expires_at)s, %(method)s)
"""

_STORE_TOTP = """
insert into totp_factor (person_id, secret, last_step, created_at)
values (%(id)s, %(secret)s, %(step)s, %(now)s)
"""

_STORE_CODES = """
insert into recovery_code (person_id, code_hash, created_at)
select %(id)s, hash, %(now)s from unnest(%(hashes)s::bytea[]) hash
"""

_INSERT_KEY = """
insert into passkey (id, person_id, credential_id, public_key, sign_count, name, aaguid,
    transports, is_backed_up, created_at, used_at)
values (%(id)s, %(person_id)s, %(credential_id)s, %(public_key)s, %(sign_count)s, %(name)s,
    %(aaguid)s, %(transports)s, %(is_backed_up)s, %(now)s, %(now)s)
"""

_KEY = "select id, name from passkey where id = %(id)s and person_id = %(person_id)s for update"

_SESSION = """
select proven_at, method, strength, identity_must_change(person_id, method) as must_change
from session where id = %(id)s
"""

_PROVEN = """
update session set proven_at = %(now)s, strength = greatest(strength, %(strength)s),
    method = case when %(strength)s > strength then method || '+' || %(way)s else method end
where id = %(id)s
"""

_SET_DEMAND = """
insert into sign_in_demand as d (role, factor, grace_days, seats_only)
select name, coalesce(%(factor)s, 'none'), coalesce(%(grace_days)s, 14),
    coalesce(%(seats_only)s, false)
from role where name = %(role)s
on conflict (role) do update set factor = coalesce(%(factor)s, d.factor),
    grace_days = coalesce(%(grace_days)s, d.grace_days),
    seats_only = coalesce(%(seats_only)s, d.seats_only)
"""

_DEMANDS = """
select r.name as role, r.label, a.short as agency, d.role is null as is_default,
    coalesce(d.factor, 'none') as factor, coalesce(d.grace_days, 14) as grace_days,
    coalesce(d.seats_only, false) as seats_only,
    coalesce((select json_agg(json_build_object('role', q.name, 'label', q.label,
            'factor', asked.factor, 'grace_days', asked.grace_days,
            'seats_only', asked.seats_only) order by q.name)
        from role q join sign_in_demand asked on asked.role = q.name
        where q.name <> r.name and (asked.factor <> 'none' or asked.seats_only)
          and (q.name = any(r.asks_with) or (r.agency_id is not null and q.agency_id is null
            and q.actions && r.asks_like))), '[]') as inherited
from role r left join sign_in_demand d on d.role = r.name left join agency a on a.id = r.agency_id
where r.retired_at is null and (r.agency_id is null or {visible})
order by r.agency_id is not null, a.short, r.label, r.name
"""

_IS_LONG = "select is_long from person_password where person_id = %(id)s"


async def find_demand(
    scope: Scope,  # noqa: ARG001 - a stranger's, or the asker's own
    tx: Transaction,
    person_id: UUID,
) -> Demand:
    """What a person's roles ask of a sign-in, and which factors they have."""
    rows = await tx.execute("select identity_demand(%s)::text as demand", [person_id])
    row = await rows.fetchone()
    if row is None or row["demand"] is None:
        return Demand()
    return msgspec.json.decode(row["demand"], type=Demand)


async def find_own(scope: Scope, tx: Transaction) -> bytes:
    """The asker's factors as JSON: `{totp, passkeys, recovery, has_password}`."""
    return await fetch_json(tx, _OWN, {"id": scope.person_id})


async def begin_step(
    scope: Scope,  # noqa: ARG001 - a stranger's, or the asker's own
    tx: Transaction,
    ticket: TicketSecret,
    step: dict[str, Any],
) -> None:
    """Writes a step that waits for its second half."""
    await tx.execute(_BEGIN, step | {"token_hash": ticket.digest})


async def look_step(
    scope: Scope, tx: Transaction, ticket: TicketSecret, purpose: str
) -> dict[str, Any] | None:
    """A step that still waits, and its person; it goes on waiting."""
    rows = await tx.execute(
        "select * from identity_look_step(%s, %s, %s)", [ticket.digest, purpose, scope.at]
    )
    return await rows.fetchone()


async def use_step(
    scope: Scope, tx: Transaction, ticket: TicketSecret, purpose: str
) -> dict[str, Any] | None:
    """Takes a step that waits; of two who take it at once one gets None."""
    rows = await tx.execute(
        "select * from identity_use_step(%s, %s, %s)", [ticket.digest, purpose, scope.at]
    )
    return await rows.fetchone()


async def find_totp(
    scope: Scope,  # noqa: ARG001 - a stranger's
    tx: Transaction,
    person_id: UUID,
) -> dict[str, Any] | None:
    """Sealed secret, newest used step and failed tries of a person's code generator."""
    return await (await tx.execute("select * from identity_totp(%s)", [person_id])).fetchone()


async def pass_totp(scope: Scope, tx: Transaction, person_id: UUID, step: int) -> bool:
    """Marks a time step as used; False if it, or a newer one, was used meanwhile."""
    rows = await tx.execute(
        "select identity_totp_passed(%s, %s, %s) as passed", [person_id, step, scope.at]
    )
    row = await rows.fetchone()
    return bool(row and row["passed"])


async def fail_totp(
    scope: Scope,  # noqa: ARG001 - a stranger's
    tx: Transaction,
    person_id: UUID,
) -> None:
    """Counts a wrong code."""
    await tx.execute("select identity_totp_failed(%s)", [person_id])


async def use_recovery(scope: Scope, tx: Transaction, person_id: UUID, code_hash: bytes) -> bool:
    """Uses up a recovery code; False if there is no such code unused."""
    rows = await tx.execute(
        "select identity_use_recovery(%s, %s, %s) as used", [person_id, code_hash, scope.at]
    )
    row = await rows.fetchone()
    return bool(row and row["used"])


async def store_totp(
    scope: Scope, tx: Transaction, person_id: UUID, sealed: bytes, step: int
) -> None:
    """Stores a code generator in place of an earlier one; `step` counts as used."""
    await remove_totp(scope, tx, person_id)
    await tx.execute(
        _STORE_TOTP, {"id": person_id, "secret": sealed, "step": step, "now": scope.at}
    )


async def remove_totp(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    person_id: UUID,
) -> bool:
    """Removes a code generator; tells whether there was one."""
    done = await tx.execute("delete from totp_factor where person_id = %s", [person_id])
    return done.rowcount > 0


async def store_recovery(
    scope: Scope, tx: Transaction, person_id: UUID, hashes: list[bytes]
) -> None:
    """Stores recovery codes in place of all earlier ones."""
    await tx.execute("delete from recovery_code where person_id = %s", [person_id])
    await tx.execute(_STORE_CODES, {"id": person_id, "hashes": hashes, "now": scope.at})


async def list_credentials(
    scope: Scope,  # noqa: ARG001 - a stranger's who showed the password, or the asker's own
    tx: Transaction,
    person_id: UUID,
) -> list[dict[str, Any]]:
    """Credential ids and transports of a person's passkeys."""
    return await (await tx.execute("select * from identity_passkeys(%s)", [person_id])).fetchall()


async def find_passkey(
    scope: Scope,  # noqa: ARG001 - a stranger's
    tx: Transaction,
    credential_id: bytes,
) -> dict[str, Any] | None:
    """The passkey with this credential id, and its active person."""
    return await (
        await tx.execute("select * from identity_passkey(%s)", [credential_id])
    ).fetchone()


async def use_passkey(
    scope: Scope, tx: Transaction, passkey_id: UUID, count: int, *, is_backed_up: bool
) -> bool:
    """Remembers a passkey's count; False if it has not grown, so that the key may be a copy."""
    rows = await tx.execute(
        "select identity_passkey_used(%s, %s, %s, %s) as used",
        [passkey_id, count, is_backed_up, scope.at],
    )
    row = await rows.fetchone()
    return bool(row and row["used"])


async def insert_passkey(scope: Scope, tx: Transaction, key: dict[str, Any]) -> None:
    """Writes a new passkey of the asker's own."""
    await tx.execute(_INSERT_KEY, key | {"person_id": scope.person_id, "now": scope.at})


async def find_own_passkey(
    scope: Scope, tx: Transaction, passkey_id: UUID
) -> dict[str, Any] | None:
    """One of the asker's own passkeys."""
    rows = await tx.execute(_KEY, {"id": passkey_id, "person_id": scope.person_id})
    return await rows.fetchone()


async def name_passkey(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    passkey_id: UUID,
    name: str,
) -> None:
    """Gives a passkey another name."""
    await tx.execute("update passkey set name = %s where id = %s", [name, passkey_id])


async def remove_passkey(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    passkey_id: UUID,
) -> None:
    """Removes a passkey."""
    await tx.execute("delete from passkey where id = %s", [passkey_id])


async def remove_all(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    person_id: UUID,
) -> None:
    """Removes every factor of a person, recovery codes among them."""
    for table in ("totp_factor", "passkey", "recovery_code"):
        query = sql.SQL("delete from {} where person_id = %s").format(sql.Identifier(table))
        await tx.execute(query, [person_id])


async def find_session(scope: Scope, tx: Transaction) -> dict[str, Any] | None:
    """How and when the asker's session was last proven."""
    return await (await tx.execute(_SESSION, {"id": scope.session_id})).fetchone()


async def prove_session(
    scope: Scope, tx: Transaction, way: str, strength: int, session_id: UUID | None = None
) -> None:
    """A session was just proven: the asker's own, or the one named; it is as strong from now on."""
    values = {"id": session_id or scope.session_id, "now": scope.at}
    await tx.execute(_PROVEN, values | {"strength": strength, "way": way})


async def date_proof(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    session_id: UUID | None,
    at: datetime | None,
) -> None:
    """Says when the one who opened a session had shown who they are; None is: nobody knows."""
    await tx.execute(
        "update session set proven_at = %(at)s where id = %(id)s", {"id": session_id, "at": at}
    )


async def has_password(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    person_id: UUID,
) -> bool:
    """Whether a person has a password."""
    return (await (await tx.execute(_IS_LONG, {"id": person_id})).fetchone()) is not None


async def has_long_password(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    person_id: UUID,
) -> bool:
    """Whether a person's password, if any, is long enough to be the only factor."""
    row = await (await tx.execute(_IS_LONG, {"id": person_id})).fetchone()
    return row is None or bool(row["is_long"])


async def set_role_demand(
    scope: Scope,  # noqa: ARG001 - asked by the caller; the wall lets those pass who see all
    tx: Transaction,
    name: str,
    changes: dict[str, Any],
) -> bool:
    """Sets what a role asks of a sign-in; False if there is no such role in view."""
    words = ("factor", "grace_days", "seats_only")
    values = {word: changes.get(word) for word in words}
    done = await tx.execute(_SET_DEMAND, values | {"role": name})
    return done.rowcount > 0


async def list_demands(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """What each role in view asks of a sign-in, and what it takes over from others of its power."""
    visible, parameters = scope.narrow(
        "person:view", agency="r.agency_id", place=None, id=None, tags=None, class_=None
    )
    query = sql.SQL(_DEMANDS).format(visible=visible)
    return await (await tx.execute(query, parameters)).fetchall()


async def bind_person(scope: Scope, tx: Transaction, person_id: UUID, *, seats_only: bool) -> None:
    """Whether a person signs in at seats alone."""
    await tx.execute(
        "update person set seats_only = %s, changed_at = %s where id = %s",
        [seats_only, scope.at, person_id],
    )


async def end_unseated(scope: Scope, tx: Transaction, person_id: UUID) -> None:
    """Ends the sessions of a person that were not opened at a seat."""
    await tx.execute(
        "update session set revoked_at = %s where person_id = %s and seat_id is null"
        " and revoked_at is null",
        [scope.at, person_id],
    )
