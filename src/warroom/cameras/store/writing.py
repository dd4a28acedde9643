"""What is written of cameras and their streams."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.cameras.contracts import CONFIGURE, RECORD, CameraDraft, Siting, StreamDraft
from warroom.cameras.store.telling import visible_to
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_STORED = sql.SQL(
    """
select c.*, coalesce((
    select json_agg(json_build_object('id', t.id, 'role', t.role, 'url', t.url,
        'transport', t.transport, 'credentials', encode(t.credentials, 'base64')) order by t.role)
    from camera_stream t where t.camera_id = c.id), '[]') as streams
from camera c
where c.removed_at is null and (c.id = any(%(ids)s) or c.number = any(%(numbers)s))
  and {visible}
order by c.id
for update of c
"""
)

_COLUMNS = (
    *("id", "agency_id", "number", "name", "site"),
    *("kecamatan", "kecamatan_name", "kelurahan", "kelurahan_name", "area_source"),
    *("lat", "lon", "height_m", "bearing_deg", "fov_deg", "range_m", "is_ptz"),
    *("control_url", "pan_span_deg", "ceiling_kbit_s"),
    *("tags", "retention_class", "simulated", "enabled", "notes"),
)

_INSERT = sql.SQL(
    """
insert into camera ({columns}, created_at, changed_at) values ({values}, %(now)s, %(now)s)
on conflict (number) where removed_at is null do nothing
"""
).format(
    columns=sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)),
    values=sql.SQL(", ").join(map(sql.Placeholder, _COLUMNS)),
)

_UPDATE = sql.SQL(
    "update camera set {assigned}, version = version + 1, changed_at = %(now)s where id = %(id)s"
).format(
    assigned=sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name))
        for name in _COLUMNS
        if name != "id"
    )
)

_SAVE_STREAM = """
insert into camera_stream (id, camera_id, agency_id, role, url, transport, credentials)
values (%(id)s, %(camera_id)s, %(agency_id)s, %(role)s, %(url)s, %(transport)s, %(credentials)s)
on conflict (camera_id, role) do update
set url = excluded.url, transport = excluded.transport, credentials = excluded.credentials,
    codec = case when camera_stream.url = excluded.url then camera_stream.codec end,
    width = case when camera_stream.url = excluded.url then camera_stream.width end,
    height = case when camera_stream.url = excluded.url then camera_stream.height end
"""

_DROP_STREAMS = "delete from camera_stream where camera_id = %(id)s and role <> all(%(roles)s)"

_REMOVE = """
with gone as (
    update camera set removed_at = %(now)s, changed_at = %(now)s, version = version + 1,
        enabled = false
    where id = %(id)s and removed_at is null
    returning id
), streams as (
    delete from camera_stream where camera_id in (select id from gone)
)
delete from camera_state where camera_id in (select id from gone)
"""

_STREAMS = sql.SQL(
    """
select t.id, t.camera_id, t.role, t.url, t.transport, t.credentials, c.agency_id, c.place,
    c.retention_class, c.enabled, c.number, c.ceiling_kbit_s, coalesce(a.short, '') as agency
from camera_stream t join camera c on c.id = t.camera_id left join agency a on a.id = c.agency_id
where c.removed_at is null and {visible}
order by c.number, t.role
"""
)


async def lock_stored(
    scope: Scope,
    tx: Transaction,
    *,
    ids: Sequence[UUID] = (),
    numbers: Sequence[int] = (),
) -> list[dict[str, Any]]:
    """Rows of the cameras that may be configured, with their streams still sealed, locked."""
    visible, parameters = visible_to(scope, CONFIGURE)
    rows = await tx.execute(
        _STORED.format(visible=visible),
        {**parameters, "ids": list(ids), "numbers": list(numbers)},
    )
    return await rows.fetchall()


async def insert_cameras(
    scope: Scope,
    tx: Transaction,
    cameras: Sequence[tuple[UUID, CameraDraft, Siting]],
    now: datetime,
) -> set[UUID]:
    """Stores new cameras; tells which: those whose number is taken are left out.

    The caller has judged the drafts against `scope`; row-level security judges them again.
    """
    async with tx.cursor() as cursor:
        await cursor.executemany(
            _INSERT, [_row(id_, draft, siting, now) for id_, draft, siting in cameras]
        )
    visible, parameters = visible_to(scope, CONFIGURE)
    rows = await tx.execute(
        sql.SQL("select c.id from camera c where c.id = any(%(ids)s) and {}").format(visible),
        {**parameters, "ids": [id_ for id_, _, _ in cameras]},
    )
    return {row["id"] for row in await rows.fetchall()}


async def update_cameras(
    scope: Scope,  # noqa: ARG001 - the rows were narrowed and locked by `lock_stored`
    tx: Transaction,
    cameras: Sequence[tuple[UUID, CameraDraft, Siting]],
    now: datetime,
) -> None:
    """Stores changed cameras, which `lock_stored` has locked; each becomes one version newer."""
    async with tx.cursor() as cursor:
        await cursor.executemany(
            _UPDATE, [_row(id_, draft, siting, now) for id_, draft, siting in cameras]
        )


async def next_number(scope: Scope, tx: Transaction) -> int:  # noqa: ARG001 - of the whole city
    """The first number after all that are in use, whoever owns those cameras."""
    row = await (await tx.execute("select camera_next_number() as number")).fetchone()
    return int(row["number"]) if row else 1


async def stream_ids(
    scope: Scope, tx: Transaction, cameras: Sequence[UUID]
) -> dict[tuple[UUID, str], tuple[UUID, bytes | None]]:
    """Id and sealed login of the cameras' streams, by camera and role."""
    visible, parameters = visible_to(scope, CONFIGURE)
    rows = await tx.execute(
        sql.SQL(
            "select t.camera_id, t.role, t.id, t.credentials"
            " from camera_stream t join camera c on c.id = t.camera_id"
            " where t.camera_id = any(%(cameras)s) and {}"
        ).format(visible),
        {**parameters, "cameras": list(cameras)},
    )
    return {
        (row["camera_id"], row["role"]): (row["id"], row["credentials"])
        for row in await rows.fetchall()
    }


async def save_streams(
    scope: Scope,  # noqa: ARG001 - belongs to cameras that `lock_stored` has narrowed and locked
    tx: Transaction,
    streams: Sequence[tuple[UUID, UUID, UUID, StreamDraft, bytes | None]],
) -> None:
    """Stores streams: (stream id, camera, agency, stream, sealed login) each."""
    async with tx.cursor() as cursor:
        await cursor.executemany(
            _SAVE_STREAM,
            [
                {
                    "id": id_,
                    "camera_id": camera_id,
                    "agency_id": agency_id,
                    "role": stream.role,
                    "url": stream.url,
                    "transport": stream.transport,
                    "credentials": sealed,
                }
                for id_, camera_id, agency_id, stream, sealed in streams
            ],
        )


async def drop_streams(
    scope: Scope,  # noqa: ARG001 - belongs to a camera that `lock_stored` has narrowed and locked
    tx: Transaction,
    camera_id: UUID,
    kept: Sequence[str],
) -> None:
    """Removes the streams of a camera whose roles are not kept, and their logins with them."""
    await tx.execute(_DROP_STREAMS, {"id": camera_id, "roles": list(kept)})


async def remove_camera(
    scope: Scope,  # noqa: ARG001 - the row was narrowed and locked by `lock_stored`
    tx: Transaction,
    camera_id: UUID,
    now: datetime,
) -> None:
    """Marks a camera as removed; its streams, with their logins, and its state are deleted."""
    await tx.execute(_REMOVE, {"id": camera_id, "now": now})


async def list_sealed_streams(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Every stream that may be taken in, its login still sealed, by camera number."""
    visible, parameters = visible_to(scope, RECORD)
    rows = await tx.execute(_STREAMS.format(visible=visible), parameters)
    return await rows.fetchall()


def _row(id_: UUID, draft: CameraDraft, siting: Siting, now: datetime) -> dict[str, Any]:
    return {
        "id": id_,
        **{name: getattr(draft, name) for name in _COLUMNS if hasattr(draft, name)},
        "tags": list(draft.tags),
        "kecamatan": siting.kecamatan,
        "kecamatan_name": siting.kecamatan_name,
        "kelurahan": siting.kelurahan,
        "kelurahan_name": siting.kelurahan_name,
        "area_source": siting.source,
        "now": now,
    }
