"""All SQL of recording: holds, the only thing of it that PostgreSQL knows.

Footage itself is in the disks' own indexes, so that it is there when PostgreSQL is not.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.recording.contracts import Hold

RELEASE_TOLD = timedelta(days=90)
"""So long recorders are told of a release; a disk that was away longer keeps its holds."""

_INSERT = """
insert into recording_hold (
    id, camera_id, agency_id, place, start_at, end_at, reason, created_at, created_by
) values (
    %(id)s, %(camera_id)s, %(agency_id)s, %(place)s, %(start_at)s, %(end_at)s, %(reason)s,
    %(created_at)s, %(created_by)s
)
"""

_FOR_RECORDERS = """
select h.id, h.camera_id, h.start_at, h.end_at, h.released_at is not null as is_released
from recording_hold h join camera c on c.id = h.camera_id
where (h.released_at is null or h.released_at > %(since)s) and {seen} order by h.id
"""

_RELEASE = """
update recording_hold set released_at = %(now)s, released_by = %(person_id)s
where id = %(hold_id)s and released_at is null and {seen}
returning camera_id, agency_id, place
"""


async def insert_hold(scope: Scope, tx: Transaction, hold: dict[str, Any]) -> None:
    """Stores a hold; the caller has asked whether `scope` may hold this camera's footage."""
    await tx.execute(_INSERT, {**hold, "created_by": scope.person_id})


async def list_for_recorders(scope: Scope, tx: Transaction) -> list[Hold]:
    """Holds in force, and those released lately: a recorder lets go on that word alone."""
    seen, values = _seen(scope)
    rows = await tx.execute(
        sql.SQL(_FOR_RECORDERS).format(seen=seen),
        {**values, "since": scope.at - RELEASE_TOLD},
    )
    return [
        Hold(
            str(row["id"]),
            str(row["camera_id"]),
            _ms(row["start_at"]),
            _ms(row["end_at"]),
            row["is_released"],
        )
        for row in await rows.fetchall()
    ]


async def release_hold(
    scope: Scope, tx: Transaction, hold_id: UUID, now: datetime
) -> dict[str, Any] | None:
    """Ends a hold; returns whose it was, or None when there is none for this scope."""
    seen, values = scope.narrow("recording:hold", id="camera_id", tags=None)
    values |= {"hold_id": hold_id, "now": now, "person_id": scope.person_id}
    return await (await tx.execute(sql.SQL(_RELEASE).format(seen=seen), values)).fetchone()


def _seen(scope: Scope) -> tuple[sql.Composable, dict[str, Any]]:
    """By the rights on the camera as they are now: its owner, place and tags."""
    return scope.narrow(
        "recording:hold", agency="c.agency_id", place="c.place", id="c.id", tags="c.tags"
    )


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
