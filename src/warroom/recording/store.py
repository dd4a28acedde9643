"""All SQL of recording: holds, the only thing of it that PostgreSQL knows.

Footage itself is in the disks' own indexes, so that it is there when PostgreSQL is not.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.recording.contracts import Hold

_INSERT = """
insert into recording_hold (
    id, camera_id, agency_id, place, start_at, end_at, reason, created_at, created_by
) values (
    %(id)s, %(camera_id)s, %(agency_id)s, %(place)s, %(start_at)s, %(end_at)s, %(reason)s,
    %(created_at)s, %(created_by)s
)
"""

_LIST = """
select id, camera_id, start_at, end_at from recording_hold
where released_at is null and {seen} order by id
"""

_RELEASE = """
update recording_hold set released_at = %(now)s, released_by = %(person_id)s
where id = %(hold_id)s and released_at is null and {seen}
returning camera_id, agency_id, place
"""


async def insert_hold(scope: Scope, tx: Transaction, hold: dict[str, Any]) -> None:
    """Stores a hold; the caller has asked whether `scope` may hold this camera's footage."""
    await tx.execute(_INSERT, {**hold, "created_by": scope.person_id})


async def list_holds(scope: Scope, tx: Transaction) -> list[Hold]:
    """Holds in force that the scope may see."""
    seen, values = scope.narrow("recording:hold", id="camera_id", tags=None)
    rows = await (await tx.execute(sql.SQL(_LIST).format(seen=seen), values)).fetchall()
    return [
        Hold(str(row["id"]), str(row["camera_id"]), _ms(row["start_at"]), _ms(row["end_at"]))
        for row in rows
    ]


async def release_hold(
    scope: Scope, tx: Transaction, hold_id: UUID, now: datetime
) -> dict[str, Any] | None:
    """Ends a hold; returns whose it was, or None when there is none for this scope."""
    seen, values = scope.narrow("recording:hold", id="camera_id", tags=None)
    values |= {"hold_id": hold_id, "now": now, "person_id": scope.person_id}
    return await (await tx.execute(sql.SQL(_RELEASE).format(seen=seen), values)).fetchone()


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
