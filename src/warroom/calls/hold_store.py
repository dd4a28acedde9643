"""SQL of recordings that are kept: holds, and what is due to be deleted."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.calls.contracts import HOLD
from warroom.calls.store import columns_of
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

# Whoever deletes locks the row of the call, whoever holds as well: one of them comes first.
_CALL = sql.SQL(
    """
select c.id, c.agency_id, c.recording_gone_at from call c where c.id = %(id)s and {visible}
for update
"""
)

_INSERT = """
insert into call_hold (id, call_id, held_by_agency, reason, case_number, until_at, created_at,
    created_by)
values (%(id)s, %(call_id)s, %(agency_id)s, %(reason)s, %(case_number)s, %(until_at)s, %(now)s,
    %(person_id)s)
on conflict (id) do nothing returning id
"""

_LIST = sql.SQL(
    """
select coalesce(json_agg(json_build_object('id', h.id, 'reason', h.reason,
    'case_number', h.case_number, 'until_at', h.until_at, 'created_at', h.created_at,
    'created_by', h.created_by, 'held_by_agency', h.held_by_agency,
    'released_at', h.released_at, 'release_reason', h.release_reason,
    'is_held', h.released_at is null and (h.until_at is null or h.until_at > %(now)s))
    order by h.created_at desc, h.id desc), '[]')::text
from call_hold h join call c on c.id = h.call_id
where h.call_id = %(id)s and {visible}
"""
)

_FIND = sql.SQL(
    """
select h.id, h.held_by_agency, h.released_at, c.agency_id from call_hold h
join call c on c.id = h.call_id
where h.id = %(hold_id)s and h.call_id = %(id)s and {visible} for update of h
"""
)

_RELEASE = """
update call_hold set released_at = %(now)s, released_by = %(person_id)s, release_reason = %(reason)s
where id = %(hold_id)s
"""

_DUE = """
select c.id, c.agency_id, c.recording_path, c.offered_at from call c
where c.node = %(node)s and c.recording_path is not null and c.offered_at < %(before)s
    and c.ended_at is not null and c.id <> all(%(stuck)s)
    and not exists (select from call_hold h where h.call_id = c.id and h.released_at is null
        and (h.until_at is null or h.until_at > %(now)s))
order by c.offered_at limit %(most)s for update of c skip locked
"""

_HELD = """
select call_id from call_hold where call_id = any(%(ids)s) and released_at is null
    and (until_at is null or until_at > %(now)s)
"""

# The system's, of many calls at once; a call that is not known yet is held by the next look.
_INSERT_MANY = """
insert into call_hold (id, call_id, reason, created_at)
select w.id, c.id, %(reason)s, %(now)s
from unnest(%(ids)s::uuid[], %(calls)s::uuid[]) w (id, call) join call c on c.id = w.call
where c.recording_gone_at is null
on conflict (id) do nothing
returning id, call_id, (select c.agency_id from call c where c.id = call_id) as agency_id
"""

_GONE = """
update call set recording_path = null, recording_gone_at = %(now)s where id = any(%(ids)s)
"""


async def lock_call(scope: Scope, tx: Transaction, call_id: UUID) -> dict[str, Any] | None:
    """A call whose recording the scope may hold, locked; None where there is none."""
    visible, values = scope.narrow(HOLD, **columns_of("c"))
    query = _CALL.format(visible=visible)
    return await (await tx.execute(query, {**values, "id": call_id})).fetchone()


async def insert_hold(
    scope: Scope,  # noqa: ARG001 - of a call that was locked under it
    tx: Transaction,
    values: dict[str, Any],
) -> bool:
    """Holds; False where that hold is there already, released or not."""
    return await (await tx.execute(_INSERT, values)).fetchone() is not None


async def list_holds(scope: Scope, tx: Transaction, call_id: UUID, now: datetime) -> bytes:
    """Holds of a call in view, the newest first, as a JSON list."""
    visible, values = scope.narrow(HOLD, **columns_of("c"))
    return await fetch_json(
        tx, _LIST.format(visible=visible), {**values, "id": call_id, "now": now}
    )


async def lock_hold(
    scope: Scope, tx: Transaction, call_id: UUID, hold_id: UUID
) -> dict[str, Any] | None:
    """A hold in view, locked; None where there is none."""
    visible, values = scope.narrow(HOLD, **columns_of("c"))
    wanted = {**values, "id": call_id, "hold_id": hold_id}
    return await (await tx.execute(_FIND.format(visible=visible), wanted)).fetchone()


async def release_hold(
    scope: Scope,
    tx: Transaction,
    hold_id: UUID,
    reason: str,
    now: datetime,
) -> None:
    """Lets go of a hold that was locked."""
    values = {"hold_id": hold_id, "reason": reason, "now": now, "person_id": scope.person_id}
    await tx.execute(_RELEASE, values)


async def lock_due(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    values: dict[str, Any],
) -> list[dict[str, Any]]:
    """Calls of a node whose recordings are older than `before` and held by nobody, locked."""
    due = await (await tx.execute(_DUE, values)).fetchall()
    # Asked again behind the locks: whoever holds locks the call as well, so nobody comes between.
    ids = {"ids": [row["id"] for row in due], "now": values["now"]}
    held = {row["call_id"] for row in await (await tx.execute(_HELD, ids)).fetchall()}
    return [row for row in due if row["id"] not in held]


async def insert_many(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    wanted: dict[UUID, UUID],
    reason: str,
    now: datetime,
) -> list[dict[str, Any]]:
    """Holds calls, each by the id of its hold; those that are new, with whose they are."""
    values = {"ids": list(wanted.values()), "calls": list(wanted), "reason": reason, "now": now}
    return await (await tx.execute(_INSERT_MANY, values)).fetchall()


async def set_gone(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    ids: list[UUID],
    now: datetime,
) -> None:
    """Writes down that the files of these calls are gone."""
    await tx.execute(_GONE, {"ids": ids, "now": now})
