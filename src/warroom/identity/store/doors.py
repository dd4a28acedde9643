"""What is asked before there is a scope: credentials, sessions, tokens, links, and failed tries.

These go through functions of the database that give the least each needs; a stranger's scope sees
no table of identity.
"""

from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.identity.contracts import Principal
from warroom.identity.credentials import LinkSecret, SessionSecret, TokenSecret
from warroom.kernel import deletions
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_TAKE = """
insert into sign_in_bucket as b (key, tries, last_at) values (%(key)s, 1, %(now)s)
on conflict (key) do update set last_at = %(now)s,
    tries = case when b.last_at < %(now)s - interval '1 day' then 1 else b.tries + 1 end
where b.last_at + make_interval(secs => case when b.tries < %(free)s then 0
    else least(%(most_s)s, %(first_s)s * 2 ^ least(b.tries - %(free)s, 20)) end) <= %(now)s
returning tries
"""

_WAIT = """
select greatest(0, extract(epoch from last_at - %(now)s) + least(%(most_s)s,
    %(first_s)s * 2 ^ least(greatest(tries - %(free)s, 0), 20)))::float as wait_s
from sign_in_bucket where key = %(key)s
"""

_KNOWN = """
select from sign_in_bucket where key = %(key)s and succeeded_at > %(since)s
"""

_SUCCEEDED = """
update sign_in_bucket set tries = 0, succeeded_at = %(now)s where key = %(pair)s
"""

_GIVE_BACK = "update sign_in_bucket set tries = greatest(tries - 1, 0) where key = %(address)s"

KEPT: dict[str, timedelta] = {
    "sign_in_bucket": timedelta(days=31),
    "session": timedelta(days=31),
    "sign_in_link": timedelta(days=1),
    "sign_in_step": timedelta(hours=1),
}
"""How long after its end each of these is kept."""

_TIDY = sql.SQL(
    "with gone as (delete from {table} where {column} < %(before)s returning {column} as at)"
    " select count(*) as count, min(at) as first_at, max(at) as last_at from gone"
)


async def read_version(scope: Scope, tx: Transaction) -> int:  # noqa: ARG001 - a number for all
    """A number that has grown if anybody's rights were changed since."""
    row = await (await tx.execute("select version from rights_version")).fetchone()
    return int(row["version"]) if row else 0


async def find_credentials(
    scope: Scope,  # noqa: ARG001 - a stranger's
    tx: Transaction,
    login: str,
) -> dict[str, Any] | None:
    """Person, agency, name and password hash of an active person, for sign-in alone."""
    rows = await tx.execute("select * from identity_credentials(%s)", [login])
    return await rows.fetchone()


async def take_try(
    scope: Scope,  # noqa: ARG001 - a stranger's
    tx: Transaction,
    key: bytes,
    now: datetime,
    free: int,
    most_s: int,
    first_s: int = 1,
) -> float | None:
    """Counts one try; None if it may go on, else the seconds to wait (the try is not counted).

    Each wait is twice the one before, from `first_s` up to `most_s` (`factor_rules.wait_s`).
    """
    values = {"key": key, "now": now, "free": free, "most_s": most_s, "first_s": first_s}
    if await (await tx.execute(_TAKE, values)).fetchone() is not None:
        return None
    row = await (await tx.execute(_WAIT, values)).fetchone()
    return float(row["wait_s"]) if row else 1.0


async def has_succeeded(
    scope: Scope,  # noqa: ARG001 - a stranger's
    tx: Transaction,
    key: bytes,
    since: datetime,
) -> bool:
    """Whether this login has signed in from this address since."""
    return (await (await tx.execute(_KNOWN, {"key": key, "since": since})).fetchone()) is not None


async def forget_tries(
    scope: Scope,  # noqa: ARG001 - buckets belong to no agency
    tx: Transaction,
    key: bytes,
) -> None:
    """Forgets the failed tries of one bucket."""
    await tx.execute("update sign_in_bucket set tries = 0 where key = %s", [key])


async def forgive(
    scope: Scope,  # noqa: ARG001 - buckets belong to no agency
    tx: Transaction,
    pair: bytes,
    address: bytes,
    now: datetime,
) -> None:
    """Forgets the failed tries of a login that has now signed in from this address."""
    await tx.execute(_SUCCEEDED, {"pair": pair, "now": now})
    await tx.execute(_GIVE_BACK, {"address": address})


async def open_session(  # noqa: PLR0913 - the columns of a session
    scope: Scope,
    tx: Transaction,
    *,
    session_id: UUID,
    person_id: UUID,
    secret: SessionSecret,
    method: str,
    expires_at: datetime,
    agent: str,
    strength: int = 0,
    seat_id: UUID | None = None,
) -> Principal | None:
    """Opens a session of an active person; None if there is no such person (any more)."""
    rows = await tx.execute(
        "select identity_open_session(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)::text as principal",
        [
            session_id,
            person_id,
            secret.digest,
            method,
            scope.at,
            expires_at,
            scope.address,
            agent[:200],
            strength,
            seat_id,
        ],
    )
    return _principal(await rows.fetchone())


async def find_by_session(
    scope: Scope, tx: Transaction, secret: SessionSecret, idle_s: float, *, touch: bool
) -> Principal | None:
    """The person of a session that is open; with `touch` it is kept from ending idle."""
    rows = await tx.execute(
        "select identity_by_session(%s, %s, %s, %s)::text as principal",
        [secret.digest, scope.at, timedelta(seconds=idle_s), touch],
    )
    return _principal(await rows.fetchone())


async def find_by_token(
    scope: Scope,
    tx: Transaction,
    secret: TokenSecret,
    address: IPv4Address | IPv6Address | None,
    route: str,
) -> Principal | None:
    """The person or service account of an API token in force, and what it is limited to.

    Notes when, from where and for what kind of request (`GET /api/cameras`) it was used, once a
    minute and address; not if it may not be used from there.
    """
    rows = await tx.execute(
        "select identity_by_token(%s, %s, %s, %s)::text as principal",
        [secret.digest, scope.at, address, route],
    )
    return _principal(await rows.fetchone())


async def find_account(scope: Scope, tx: Transaction, account_id: UUID) -> Principal | None:  # noqa: ARG001 - the system's, for what it does by itself
    """An active service account and what its rights follow from now."""
    rows = await tx.execute("select identity_account(%s, null)::text as principal", [account_id])
    return _principal(await rows.fetchone())


async def use_link(scope: Scope, tx: Transaction, secret: LinkSecret) -> UUID | None:
    """Uses up a one-time link; the person it was for, or None."""
    rows = await tx.execute(
        "select identity_use_link(%s, %s) as person_id", [secret.digest, scope.at]
    )
    row = await rows.fetchone()
    return row["person_id"] if row else None


async def tidy(scope: Scope, tx: Transaction) -> None:
    """Deletes what has long been over: tries, sessions, links; and notes how many."""
    for table, kept in KEPT.items():
        column = "last_at" if table == "sign_in_bucket" else "expires_at"
        statement = _TIDY.format(table=sql.Identifier(table), column=sql.Identifier(column))
        gone = await (await tx.execute(statement, {"before": scope.at - kept})).fetchone()
        assert gone is not None  # noqa: S101 - a sum has one row
        await deletions.note(
            scope,
            tx,
            deletions.Deletion(table, table, "age", began_at=scope.at, ended_at=scope.at, **gone),
        )


def _principal(row: dict[str, Any] | None) -> Principal | None:
    if row is None or row["principal"] is None:
        return None
    return msgspec.json.decode(row["principal"], type=Principal)
