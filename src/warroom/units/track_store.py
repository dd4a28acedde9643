"""SQL of positions: batches in, tracks and crossings out.

PostgreSQL refuses `COPY` into a table with row-level security, so a batch goes in as arrays, one
statement for all of it (docs/decisions/0042).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import sql

from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope
from warroom.units.contracts import LOCATE, TRACK, VIEW, columns_of

# The same fix told twice is kept once; a unit taken out meanwhile has no track any more.
_TRACK = sql.SQL(
    """
insert into unit_track (unit_id, agency_id, at, lat, lon, kmh, bearing, accuracy_m, edge, late)
select g.unit_id, u.agency_id, to_timestamp(g.at_s), g.lat, g.lon, nullif(g.kmh, 'NaN'),
    nullif(g.bearing, 'NaN'), nullif(g.accuracy_m, 'NaN'), g.edge, g.late
from unnest(%(units)s::uuid[], %(at)s::float8[], %(lat)s::float8[], %(lon)s::float8[],
    %(kmh)s::float4[], %(bearing)s::float4[], %(accuracy)s::float4[], %(edges)s::text[],
    %(late)s::boolean[])
    as g (unit_id, at_s, lat, lon, kmh, bearing, accuracy_m, edge, late)
join unit u on u.id = g.unit_id
where u.removed_at is null and {visible}
on conflict do nothing
"""
)

_POSITION = sql.SQL(
    """
insert into unit_position as p (unit_id, agency_id, at, received_at, lat, lon, kmh, bearing,
    accuracy_m, battery, edge, road, fraction, beside_m, kecamatan, fences)
select g.unit_id, u.agency_id, to_timestamp(g.at_s), %(now)s, g.lat, g.lon, nullif(g.kmh, 'NaN'),
    nullif(g.bearing, 'NaN'), nullif(g.accuracy_m, 'NaN'), nullif(g.battery, 'NaN'), g.edge,
    g.road, nullif(g.fraction, 'NaN'), nullif(g.beside_m, 'NaN'), g.kecamatan, g.fences::uuid[]
from unnest(%(units)s::uuid[], %(at)s::float8[], %(lat)s::float8[], %(lon)s::float8[],
    %(kmh)s::float4[], %(bearing)s::float4[], %(accuracy)s::float4[], %(battery)s::float4[],
    %(edges)s::text[], %(roads)s::text[], %(fractions)s::float4[], %(beside)s::float4[],
    %(kecamatan)s::text[], %(fences)s::text[])
    as g (unit_id, at_s, lat, lon, kmh, bearing, accuracy_m, battery, edge, road, fraction,
        beside_m, kecamatan, fences)
join unit u on u.id = g.unit_id
where u.removed_at is null and {visible}
on conflict (unit_id) do update
set agency_id = excluded.agency_id, at = excluded.at, received_at = excluded.received_at,
    lat = excluded.lat, lon = excluded.lon, kmh = excluded.kmh, bearing = excluded.bearing,
    accuracy_m = excluded.accuracy_m, battery = excluded.battery, edge = excluded.edge,
    road = excluded.road, fraction = excluded.fraction, beside_m = excluded.beside_m,
    kecamatan = excluded.kecamatan, fences = excluded.fences
where excluded.at > p.at
"""
)

_EVENT = """
insert into unit_event (id, unit_id, agency_id, at, what, fence_id, area)
values (%(id)s, %(unit_id)s, %(agency_id)s, %(at)s, %(what)s, %(fence_id)s, %(area)s)
"""

_READ_TRACK = sql.SQL(
    """
select json_build_object('items', coalesce(json_agg(json_strip_nulls(json_build_object(
    'at', t.at, 'lat', round(t.lat::numeric, 6), 'lon', round(t.lon::numeric, 6),
    'kmh', round(t.kmh::numeric, 1), 'bearing', round(t.bearing::numeric, 0), 'edge', t.edge,
    'late', t.late)) order by t.at), '[]'),
    'truncated', count(*) >= %(limit)s)::text
from (
    select t.* from unit_track t join unit u on u.id = t.unit_id
    where t.unit_id = %(id)s and t.at >= %(begin)s and t.at < %(end)s and {visible}
    order by t.at limit %(limit)s
) t
"""
)

_READ_EVENTS = sql.SQL(
    """
select json_build_object('items', coalesce(json_agg(json_build_object(
    'id', e.id, 'unit', json_build_object('id', e.unit_id, 'name', e.name), 'at', e.at,
    'what', e.what, 'fence_id', e.fence_id, 'area', e.area) order by e.at desc, e.what, e.id), '[]')
    )::text
from (
    select e.*, u.name from unit_event e join unit u on u.id = e.unit_id
    where e.at >= %(begin)s and e.at < %(end)s and {visible}
    order by e.at desc, e.what, e.id limit %(limit)s
) e
"""
)

_BY_PLATE = sql.SQL(
    """
select u.id, u.name, u.kind, a.name as agency, t.*
from unit u join agency a on a.id = u.agency_id
cross join lateral (
    select count(*) as positions, min(t.at) as first_at, max(t.at) as last_at
    from unit_track t where t.unit_id = u.id
) t
where regexp_replace(upper(u.plate), '[^0-9A-Z]', '', 'g') = %(plate)s and {visible}
order by u.removed_at nulls first, u.id
"""
)

_CHANGED = sql.SQL(
    """
select u.id, p.at, json_strip_nulls(json_build_object(
    'id', u.id, 'at', p.at, 'lat', round(p.lat::numeric, 6), 'lon', round(p.lon::numeric, 6),
    'kmh', round(p.kmh::numeric, 1), 'bearing', round(p.bearing::numeric, 0), 'edge', p.edge,
    'road', p.road))::text as body, u.agency_id, u.place, u.tags, u.kind
from unit_position p join unit u on u.id = p.unit_id
where p.received_at > %(since)s and u.removed_at is null and {visible}
"""
)

_PREPARE = "select unit_track_prepare(%(day)s)"
_DROP = "select day, agency_id, rows from unit_track_drop(%(before)s)"
_DROP_EVENTS = sql.SQL(
    "delete from unit_event e using unit u where u.id = e.unit_id and e.at < %(before)s"
    " and {visible}"
)


class Batch(NamedTuple):
    """Fixes to be stored, as columns of one length; `edges` and what follows may hold None."""

    units: Sequence[UUID]
    at_s: Sequence[float]
    lat: Sequence[float]
    lon: Sequence[float]
    kmh: Sequence[float]
    bearing: Sequence[float]
    accuracy_m: Sequence[float]
    edges: Sequence[str | None]
    late: Sequence[bool]


class NowBatch(NamedTuple):
    """The newest fix of each of several units: each unit once."""

    units: Sequence[UUID]
    at_s: Sequence[float]
    lat: Sequence[float]
    lon: Sequence[float]
    kmh: Sequence[float]
    bearing: Sequence[float]
    accuracy_m: Sequence[float]
    battery: Sequence[float]
    edges: Sequence[str | None]
    roads: Sequence[str | None]
    fractions: Sequence[float]
    beside_m: Sequence[float]
    kecamatan: Sequence[str | None]
    fences: Sequence[str]


@dataclass(frozen=True, slots=True)
class Crossing:
    """A unit came into an area, or left it."""

    id: UUID
    unit_id: UUID
    agency_id: UUID
    at: datetime
    what: str
    fence_id: UUID | None
    area: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A unit that was heard of, as its listeners are told."""

    unit_id: UUID
    at: datetime
    body: bytes
    agency_id: UUID
    place: str | None
    tags: tuple[str, ...]
    kind: str


async def save_tracks(scope: Scope, tx: Transaction, batch: Batch) -> int:
    """Adds fixes to the tracks; tells how many were new."""
    visible, parameters = scope.narrow(LOCATE, **columns_of("u"))
    parameters |= {
        "units": batch.units,
        "at": batch.at_s,
        "lat": batch.lat,
        "lon": batch.lon,
        "kmh": batch.kmh,
        "bearing": batch.bearing,
        "accuracy": batch.accuracy_m,
        "edges": batch.edges,
        "late": batch.late,
    }
    return (await tx.execute(_TRACK.format(visible=visible), parameters, binary=True)).rowcount


async def save_positions(scope: Scope, tx: Transaction, batch: NowBatch, now: datetime) -> None:
    """Moves units to where they are now; an older fix moves none."""
    visible, parameters = scope.narrow(LOCATE, **columns_of("u"))
    parameters |= {
        "units": batch.units,
        "at": batch.at_s,
        "lat": batch.lat,
        "lon": batch.lon,
        "kmh": batch.kmh,
        "bearing": batch.bearing,
        "accuracy": batch.accuracy_m,
        "battery": batch.battery,
        "edges": batch.edges,
        "roads": batch.roads,
        "fractions": batch.fractions,
        "beside": batch.beside_m,
        "kecamatan": batch.kecamatan,
        "fences": batch.fences,
        "now": now,
    }
    await tx.execute(_POSITION.format(visible=visible), parameters)


async def save_crossings(
    scope: Scope,  # noqa: ARG001 - row-level security checks the new rows
    tx: Transaction,
    crossings: Sequence[Crossing],
) -> None:
    """Keeps who entered and left what."""
    if crossings:
        async with tx.cursor() as cursor:
            names = Crossing.__dataclass_fields__
            rows = [{name: getattr(one, name) for name in names} for one in crossings]
            await cursor.executemany(_EVENT, rows)


async def read_track(
    scope: Scope, tx: Transaction, unit_id: UUID, begin: datetime, end: datetime, limit: int
) -> bytes:
    """Where a unit was, as JSON `{items, truncated}` by time; the first `limit`."""
    visible, parameters = scope.narrow(TRACK, **columns_of("u"), seen_at="t.at")
    parameters |= {"id": unit_id, "begin": begin, "end": end, "limit": limit}
    return await fetch_json(tx, _READ_TRACK.format(visible=visible), parameters)


async def read_events(
    scope: Scope, tx: Transaction, begin: datetime, end: datetime, limit: int
) -> bytes:
    """Who entered and left what, as JSON `{items}`, newest first; the last `limit`."""
    visible, parameters = scope.narrow(TRACK, **columns_of("u"), seen_at="e.at")
    parameters |= {"begin": begin, "end": end, "limit": limit}
    return await fetch_json(tx, _READ_EVENTS.format(visible=visible), parameters)


async def list_by_plate(
    scope: Scope, tx: Transaction, plate: str, action: str
) -> list[dict[str, Any]]:
    """Units that bear this plate (`DD1234XY`), also former ones, and how much is kept of each.

    `{id, name, kind, agency, positions, first_at, last_at}`; the times are None without a position.
    """
    visible, parameters = scope.narrow(action, **columns_of("u"))
    rows = await tx.execute(_BY_PLATE.format(visible=visible), parameters | {"plate": plate})
    return await rows.fetchall()


async def list_moved(scope: Scope, tx: Transaction, since: datetime) -> list[Moved]:
    """Units that were heard of since then, for the event socket."""
    visible, parameters = scope.narrow(VIEW, **columns_of("u"))
    rows = await tx.execute(_CHANGED.format(visible=visible), parameters | {"since": since})
    return [
        Moved(
            row["id"], row["at"], row["body"].encode(), row["agency_id"], row["place"],
            tuple(row["tags"]), row["kind"],
        )
        for row in await rows.fetchall()
    ]  # fmt: skip


async def prepare_day(
    scope: Scope,  # noqa: ARG001 - an empty partition is of nobody
    tx: Transaction,
    day: date,
) -> None:
    """Makes the partition of a day, if there is none yet."""
    await tx.execute(_PREPARE, {"day": day})


async def drop_days(
    scope: Scope,  # noqa: ARG001 - whole days go, of everybody
    tx: Transaction,
    before: date,
) -> list[tuple[date | None, UUID, int]]:
    """Drops the tracks of days before `before`; tells day, owner and how many fixes."""
    rows: list[dict[str, Any]] = await (await tx.execute(_DROP, {"before": before})).fetchall()
    return [(row["day"], row["agency_id"], row["rows"]) for row in rows]


async def delete_events(scope: Scope, tx: Transaction, before: datetime) -> int:
    """Deletes crossings of before then; tells how many."""
    visible, parameters = scope.narrow(LOCATE, **columns_of("u"))
    query = _DROP_EVENTS.format(visible=visible)
    return (await tx.execute(query, parameters | {"before": before})).rowcount
