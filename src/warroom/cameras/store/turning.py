"""Turning cameras: where they are asked, where their positions look, and who has one in hand."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.cameras.contracts import CONFIGURE, MOVE, RECORD, Camera, Grip
from warroom.cameras.store.telling import visible_to
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_CONTROL = sql.SQL(
    """
select c.is_ptz, c.control_url, c.pan_span_deg, c.bearing_deg, c.fov_deg, t.id as stream_id,
    t.url as main_url, t.credentials, coalesce((
        select json_object_agg(p.token, p.bearing_deg) from camera_preset p
        where p.camera_id = c.id), '{{}}') as bearings
from camera c left join camera_stream t on t.camera_id = c.id and t.role = 'main'
where c.id = %(id)s and c.removed_at is null and {visible}
"""
)

_GRIP = sql.SQL(
    """
select g.*
from camera_grip g join camera c on c.id = g.camera_id
where g.camera_id = %(id)s and {visible} {lock}
"""
)

# Judged by the caller, who read the camera for this word and holds the lock of its row.
_SAVE = """
insert into camera_grip (camera_id, agency_id, person_id, person_name, rank, taken_at, seen_at,
    reserved_until, free_at, incident_id, waiter_id, waiting_since, told_at)
values (%(camera_id)s, %(agency_id)s, %(person_id)s, %(person_name)s, %(rank)s, %(taken_at)s,
    %(seen_at)s, %(reserved_until)s, %(free_at)s, %(incident_id)s, %(waiter_id)s,
    %(waiting_since)s, %(told_at)s)
on conflict (camera_id) do update
set person_id = excluded.person_id, person_name = excluded.person_name, rank = excluded.rank,
    taken_at = excluded.taken_at, seen_at = excluded.seen_at, free_at = excluded.free_at,
    reserved_until = excluded.reserved_until, incident_id = excluded.incident_id,
    waiter_id = excluded.waiter_id, waiting_since = excluded.waiting_since,
    told_at = excluded.told_at
"""

_FREE = sql.SQL(
    """
delete from camera_grip g using camera c
where c.id = g.camera_id and g.free_at <= %(now)s and {visible}
returning g.camera_id
"""
)

_FIELDS = (
    *("person_id", "rank", "taken_at", "seen_at", "reserved_until", "incident_id"),
    *("waiter_id", "waiting_since", "told_at"),
)


async def find_control(scope: Scope, tx: Transaction, camera_id: UUID) -> dict[str, Any] | None:
    """How a camera that may be moved is asked, its login still sealed."""
    visible, parameters = visible_to(scope, MOVE)
    rows = await tx.execute(_CONTROL.format(visible=visible), {**parameters, "id": camera_id})
    return await rows.fetchone()


async def find_grip(
    scope: Scope, tx: Transaction, camera_id: UUID, *, lock: bool = False
) -> tuple[Grip, str] | None:
    """Who has the camera in hand, and their name; with `lock` nobody else can take it meanwhile."""
    visible, parameters = visible_to(scope, MOVE)
    if lock:
        # The camera's own row: there may be no grip yet that could be locked.
        await tx.execute(
            sql.SQL("select from camera c where c.id = %(id)s and {} for no key update").format(
                visible
            ),
            {**parameters, "id": camera_id},
        )
    query = _GRIP.format(visible=visible, lock=sql.SQL("for update of g" if lock else ""))
    row = await (await tx.execute(query, {**parameters, "id": camera_id})).fetchone()
    return (Grip(**{name: row[name] for name in _FIELDS}), row["person_name"]) if row else None


async def save_grip(
    scope: Scope,  # noqa: ARG001 - the camera was narrowed and locked by `find_grip`
    tx: Transaction,
    camera: Camera,
    grip: Grip,
    name: str,
    free_at: datetime,
) -> None:
    """Keeps who has the camera in hand."""
    await tx.execute(
        _SAVE,
        {
            **{field: getattr(grip, field) for field in _FIELDS},
            "camera_id": camera.id,
            "agency_id": camera.agency_id,
            "person_name": name,
            "free_at": free_at,
        },
    )


async def drop_grip(
    scope: Scope,  # noqa: ARG001 - the camera was narrowed and locked by `find_grip`
    tx: Transaction,
    camera_id: UUID,
) -> None:
    """Nobody has the camera in hand any more."""
    await tx.execute("delete from camera_grip where camera_id = %s", [camera_id])


async def drop_free(scope: Scope, tx: Transaction, now: datetime) -> list[UUID]:
    """Forgets who had cameras that are free again; tells which."""
    visible, parameters = visible_to(scope, RECORD)
    rows = await tx.execute(_FREE.format(visible=visible), {**parameters, "now": now})
    return [row["camera_id"] for row in await rows.fetchall()]


async def save_bearing(
    scope: Scope, tx: Transaction, camera: Camera, token: str, bearing_deg: float | None
) -> None:
    """Keeps where a position looks, as somebody said it; None forgets it."""
    visible, parameters = visible_to(scope, CONFIGURE)
    values = {**parameters, "id": camera.id, "agency": camera.agency_id, "token": token}
    if bearing_deg is None:
        query = sql.SQL(
            "delete from camera_preset p using camera c where c.id = p.camera_id"
            " and p.camera_id = %(id)s and p.token = %(token)s and {}"
        )
        await tx.execute(query.format(visible), values)
        return
    query = sql.SQL(
        "insert into camera_preset (camera_id, agency_id, token, bearing_deg)"
        " select c.id, c.agency_id, %(token)s, %(bearing)s from camera c"
        " where c.id = %(id)s and {}"
        " on conflict (camera_id, token) do update set bearing_deg = excluded.bearing_deg"
    )
    await tx.execute(query.format(visible), {**values, "bearing": bearing_deg})
