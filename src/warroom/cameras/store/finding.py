"""Cameras for other domains: by id, number and place."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.cameras.contracts import VIEW, Areas, Camera, CameraId, KnownStream, Sited
from warroom.cameras.store.telling import visible_to
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_BY_CLASS = sql.SQL(
    """
select c.retention_class as class, a.name as owner, c.kecamatan_name as place,
    count(*)::int as count
from camera c join agency a on a.id = c.agency_id
where c.removed_at is null and c.agency_id = %(of_agency)s and {visible}
group by 1, 2, 3 order by 1, 2, 3
"""
)

_FIND = sql.SQL(
    """
select id, agency_id, number, name, place, tags, lat, lon, retention_class, simulated, enabled,
    version
from camera c
where c.id = any(%(ids)s) and (c.removed_at is null or %(removed)s) and {visible}
"""
)

_IN_AREAS = sql.SQL(
    """
select id, agency_id, number, name, place, tags, lat, lon, retention_class, simulated, enabled,
    version
from camera c
where c.removed_at is null and c.agency_id = %(owner)s and {visible} and (
    c.number = any(%(numbers)s::integer[])
    or exists (select from unnest(%(polygons)s::text[]) p where point(c.lon, c.lat) <@ p::polygon)
    or exists (select from unnest(%(places)s::text[]) area
        where c.place = area or starts_with(c.place, area || '.')))
order by c.number
"""
)

_SITED = sql.SQL(
    """
select id, agency_id, number, name, place, tags, lat, lon, retention_class, simulated, enabled,
    version, bearing_deg, fov_deg, range_m
from camera c where c.removed_at is null and {visible} order by c.number
"""
)

_KNOWN = sql.SQL(
    """
select t.role, t.codec, t.width, t.height from camera_stream t join camera c on c.id = t.camera_id
where c.id = %(id)s and c.removed_at is null and {visible} order by t.role
"""
)


async def find_id(scope: Scope, tx: Transaction, number: int) -> UUID | None:
    """The id of the camera that people call by this number."""
    visible, parameters = visible_to(scope, VIEW)
    rows = await tx.execute(
        sql.SQL(
            "select c.id from camera c where c.number = %(number)s and c.removed_at is null and {}"
        ).format(visible),
        {**parameters, "number": number},
    )
    row = await rows.fetchone()
    return row["id"] if row else None


async def count_by_class(scope: Scope, tx: Transaction, agency_id: UUID) -> list[dict[str, Any]]:
    """How many cameras in view the agency has, by retention class and kecamatan."""
    visible, parameters = visible_to(scope, VIEW)
    rows = await tx.execute(
        _BY_CLASS.format(visible=visible), {**parameters, "of_agency": agency_id}
    )
    return await rows.fetchall()


async def find_in_areas(scope: Scope, tx: Transaction, wanted: Areas, action: str) -> list[Camera]:
    """The cameras inside, with which the scope may do `action`; by number."""
    visible, parameters = visible_to(scope, action)
    polygons = [
        "(" + ",".join(f"({lon!r},{lat!r})" for lon, lat in ring) + ")" for ring in wanted.rings
    ]
    rows = await tx.execute(
        _IN_AREAS.format(visible=visible),
        {
            **parameters,
            "owner": wanted.agency_id,
            "polygons": polygons,
            "places": list(wanted.places),
            "numbers": list(wanted.numbers),
        },
    )
    return [_camera(row) for row in await rows.fetchall()]


async def list_sited(scope: Scope, tx: Transaction, action: str) -> list[Sited]:
    """The cameras on which `action` is allowed, with where they look; by number."""
    visible, parameters = visible_to(scope, action)
    rows = await (await tx.execute(_SITED.format(visible=visible), parameters)).fetchall()
    looks = ("bearing_deg", "fov_deg", "range_m")
    return [
        Sited(_camera({k: v for k, v in row.items() if k not in looks}), *(row[k] for k in looks))
        for row in rows
    ]


def _camera(row: dict[str, Any]) -> Camera:
    return Camera(**{**row, "id": CameraId(row["id"]), "tags": tuple(row["tags"])})


async def find_cameras(
    scope: Scope,
    tx: Transaction,
    ids: Iterable[UUID],
    action: str,
    *,
    including_removed: bool = False,
) -> list[Camera]:
    """Those of the cameras on which `action` is allowed, in no order."""
    visible, parameters = visible_to(scope, action)
    rows = await tx.execute(
        _FIND.format(visible=visible),
        {**parameters, "ids": list(ids), "removed": including_removed},
    )
    return [_camera(row) for row in await rows.fetchall()]


async def list_known_streams(
    scope: Scope, tx: Transaction, camera_id: UUID, action: str
) -> list[KnownStream]:
    """The camera's streams without their addresses; none if `action` is not allowed on it."""
    visible, parameters = visible_to(scope, action)
    rows = await tx.execute(_KNOWN.format(visible=visible), {**parameters, "id": camera_id})
    return [KnownStream(**row) for row in await rows.fetchall()]
