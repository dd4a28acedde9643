"""All SQL of holds. Rights are those on the camera as it is now, whosever it was."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.cameras.contracts import columns_of
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.recording.contracts import HOLD, Hold, NewHold

RELEASE_TOLD = timedelta(days=90)
"""So long recorders are told of a release; a disk that was away longer keeps its holds."""

_INSERT = """
insert into recording_hold (
    id, camera_id, agency_id, place, start_at, end_at, reason, case_number, until_at, created_at,
    created_by, created_by_label, held_by_agency, held_by_label
) values (
    %(id)s, %(camera_id)s, %(agency_id)s, %(place)s, %(start_at)s, %(end_at)s, %(reason)s,
    %(case_number)s, %(until_at)s, %(now)s, %(person_id)s, %(label)s, %(held_by)s, %(agency_label)s
)
"""

_FROM = """
select h.*, c.number as camera_number, c.name as camera_name, c.agency_id as owner_id,
    c.place as camera_place, c.tags as camera_tags, c.retention_class as camera_class
from recording_hold h join camera c on c.id = h.camera_id
"""

_LIST = sql.SQL(
    _FROM
    + """
where {seen} and (%(released)s or h.released_at is null)
  and (%(camera_id)s::uuid is null or h.camera_id = %(camera_id)s)
  and (%(after)s::uuid is null or h.id < %(after)s)
order by h.id desc limit %(limit)s
"""
)

_FIND = sql.SQL(_FROM + "where h.id = %(id)s and {seen} for update of h")

_FOR_RECORDERS = sql.SQL(
    """
select h.id, h.camera_id, h.start_at, h.end_at, h.released_at is not null as is_released
from recording_hold h join camera c on c.id = h.camera_id
where (h.released_at is null or h.released_at > %(since)s) and {seen} order by h.id
"""
)

_ENDING = sql.SQL(
    _FROM
    + """
where h.released_at is null and h.until_at <= %(before)s and {seen} order by h.id
for update of h
"""
)

_CHANGE = """
update recording_hold set until_at = %(until_at)s, case_number = %(case_number)s,
    changed_at = %(now)s, changed_by = %(person_id)s
where id = %(id)s
"""

_EXTEND = "update recording_hold set end_at = %(end_at)s where id = %(id)s"

_RELEASE = """
update recording_hold set released_at = %(at)s, released_by = %(person_id)s,
    released_by_label = %(label)s, release_reason = %(reason)s
where id = %(id)s
"""

_KNOWN = "select id from recording_hold where id = any(%(ids)s)"


async def insert_hold(scope: Scope, tx: Transaction, hold: NewHold) -> None:
    """Stores a hold; the caller has asked whether `scope` may hold this camera's footage."""
    await tx.execute(
        _INSERT,
        {
            "id": hold.id,
            "camera_id": hold.camera_id,
            "agency_id": hold.agency_id,
            "place": hold.place,
            "start_at": hold.start_at,
            "end_at": hold.end_at,
            "reason": hold.reason,
            "case_number": hold.case_number,
            "until_at": hold.until_at,
            "now": hold.created_at,
            "person_id": scope.person_id,
            "label": scope.label,
            "held_by": scope.agency_id,
            "agency_label": scope.agency_label,
        },
    )


async def list_holds(
    scope: Scope,
    tx: Transaction,
    *,
    camera_id: UUID | None,
    released: bool,
    after: UUID | None,
    limit: int,
) -> list[dict[str, Any]]:
    """A page of holds in view, newest first; `after` is the last id of the page before."""
    seen, values = _seen(scope)
    values |= {"camera_id": camera_id, "released": released, "after": after, "limit": limit}
    return await (await tx.execute(_LIST.format(seen=seen), values)).fetchall()


async def lock_hold(scope: Scope, tx: Transaction, hold_id: UUID) -> dict[str, Any] | None:
    """One hold in view, released or not; nobody else changes it until the transaction ends."""
    seen, values = _seen(scope)
    row = await tx.execute(_FIND.format(seen=seen), {**values, "id": hold_id})
    return await row.fetchone()


async def find_hold(scope: Scope, tx: Transaction, hold_id: UUID) -> dict[str, Any] | None:
    """One hold in view, released or not."""
    seen, values = _seen(scope)
    query = sql.SQL(_FROM + "where h.id = %(id)s and {seen}").format(seen=seen)
    return await (await tx.execute(query, {**values, "id": hold_id})).fetchone()


async def list_for_recorders(scope: Scope, tx: Transaction) -> list[Hold]:
    """Holds in force, and those released lately: a recorder lets go on that word alone."""
    seen, values = _seen(scope)
    rows = await tx.execute(
        _FOR_RECORDERS.format(seen=seen), {**values, "since": scope.at - RELEASE_TOLD}
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


async def lock_ending(scope: Scope, tx: Transaction, before: datetime) -> list[dict[str, Any]]:
    """Holds in force that end by themselves before an instant."""
    seen, values = _seen(scope)
    rows = await tx.execute(_ENDING.format(seen=seen), {**values, "before": before})
    return await rows.fetchall()


async def change_hold(
    scope: Scope, tx: Transaction, hold_id: UUID, until_at: datetime | None, case_number: str
) -> None:
    """Gives a hold, found by `lock_hold`, another end and case."""
    await tx.execute(
        _CHANGE,
        {
            "id": hold_id,
            "until_at": until_at,
            "case_number": case_number,
            "now": scope.at,
            "person_id": scope.person_id,
        },
    )


async def extend_hold(
    scope: Scope,  # noqa: ARG001 - of a hold that was found under it
    tx: Transaction,
    hold_id: UUID,
    end_at: datetime,
) -> None:
    """Gives a hold, found by `lock_hold`, footage up to a later instant."""
    await tx.execute(_EXTEND, {"id": hold_id, "end_at": end_at})


async def release_hold(
    scope: Scope, tx: Transaction, hold_id: UUID, at: datetime, reason: str | None
) -> None:
    """Ends a hold, found by `lock_hold` or `lock_ending`; without a reason it ended by itself."""
    await tx.execute(
        _RELEASE,
        {
            "id": hold_id,
            "at": at,
            "person_id": scope.person_id,
            "label": "" if reason is None else scope.label,
            "reason": reason,
        },
    )


async def known_holds(scope: Scope, tx: Transaction, ids: list[UUID]) -> set[UUID]:
    """Which of these ids are holds; asked by the system alone, of its own disks."""
    del scope
    rows = await tx.execute(_KNOWN, {"ids": ids})
    return {row["id"] for row in await rows.fetchall()}


def _seen(scope: Scope) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(HOLD, **columns_of("c"))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
