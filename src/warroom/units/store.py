"""SQL of units and fences; lists leave as JSON that PostgreSQL wrote."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope
from warroom.units.contracts import (
    CONFIGURE,
    LOCATE,
    VIEW,
    Device,
    Fence,
    LastKnown,
    ListFilter,
    Unit,
    UnitDraft,
    UnitId,
    Whereabouts,
    columns_of,
)

_COLUMNS = (
    *("name", "agency_id", "kind", "plate", "station", "place", "capabilities", "crew"),
    *("width_m", "height_m", "device", "tags", "simulated", "enabled", "notes"),
)

# A position is as fresh as it is old: judged where it is read, so that nobody has to age it.
_POSITION = """
left join unit_position p on p.unit_id = u.id
cross join lateral (
    select extract(epoch from %(now)s - p.at) as age_s
) g
cross join lateral (
    select case when p.at is null then 'never' when g.age_s <= %(fresh_s)s then 'fresh'
            when g.age_s <= %(silent_s)s then 'stale' else 'silent' end as freshness,
        case when p.at is null then u.created_at when g.age_s <= %(fresh_s)s then p.at
            when g.age_s <= %(silent_s)s then p.at + make_interval(secs => %(fresh_s)s)
            else p.at + make_interval(secs => %(silent_s)s) end as since
) f
"""

_NOW = """
case when p.at is not null then json_strip_nulls(json_build_object(
    'at', p.at, 'lat', round(p.lat::numeric, 6), 'lon', round(p.lon::numeric, 6),
    'kmh', round(p.kmh::numeric, 1), 'bearing', round(p.bearing::numeric, 0),
    'accuracy_m', round(p.accuracy_m::numeric, 1), 'battery', round(p.battery::numeric, 2),
    'edge', p.edge, 'road', p.road, 'fraction', round(p.fraction::numeric, 3),
    'beside_m', round(p.beside_m::numeric, 1), 'kecamatan', p.kecamatan)) end
"""

_SHOWN = f"""json_build_object(
    'id', u.id, 'name', u.name, 'kind', u.kind, 'plate', u.plate, 'station', u.station,
    'place', u.place, 'capabilities', u.capabilities, 'crew', u.crew, 'width_m', u.width_m,
    'height_m', u.height_m, 'tags', u.tags, 'simulated', u.simulated, 'enabled', u.enabled,
    'version', u.version,
    'agency', json_build_object('id', u.agency_id, 'name', a.name, 'short', a.short),
    'freshness', f.freshness, 'since', f.since, 'position', {_NOW}"""

_LIST = sql.SQL(
    f"""
with seen as materialized (
    select u.id from unit u where u.removed_at is null and {{visible}} and {{wanted}}
), page as materialized (
    select id from seen where %(after)s::uuid is null or id > %(after)s order by id limit %(limit)s
)
select json_build_object(
    'items', coalesce((select json_agg({_SHOWN}) order by u.id)
        from unit u left join agency a on a.id = u.agency_id {_POSITION}
        where u.id in (select id from page)), '[]'),
    'next', (select case when count(*) = %(limit)s and max(id::text)
        < (select max(id::text) from seen) then max(id::text) end from page),
    'total', (select count(*) from seen))::text
"""
)

_ONE = sql.SQL(
    f"""
select ({_SHOWN}, 'notes', u.notes, 'created_at', u.created_at, 'changed_at', u.changed_at,
    'device', case when %(inner)s then u.device end,
    'key_made_at', case when %(inner)s then u.key_made_at end, 'can', %(can)s::json))::text
from unit u left join agency a on a.id = u.agency_id {_POSITION}
where u.id = %(id)s and u.removed_at is null and {{visible}}
"""
)

_POSITIONS = sql.SQL(
    f"""
select json_build_object('items', coalesce(json_agg(json_build_object(
    'id', u.id, 'name', u.name, 'kind', u.kind, 'simulated', u.simulated,
    'freshness', f.freshness, 'since', f.since, 'position', {_NOW}) order by u.id), '[]'))::text
from unit u {_POSITION}
where u.removed_at is null and p.at is not null and {{visible}}
"""
)

_FIND = sql.SQL(
    """
select u.* from unit u
where u.id = %(id)s and u.removed_at is null and {visible}
{lock}
"""
)

_INSERT = sql.SQL(
    "insert into unit (id, {columns}, created_at, changed_at)"
    " values (%(id)s, {values}, %(now)s, %(now)s)"
).format(
    columns=sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)),
    values=sql.SQL(", ").join(map(sql.Placeholder, _COLUMNS)),
)

# A key belongs to the device it was made for.
_UPDATE = sql.SQL(
    "update unit set {assigned}, version = version + 1, changed_at = %(now)s,"
    " key_hash = case when device is not distinct from %(device)s then key_hash end,"
    " key_made_at = case when device is not distinct from %(device)s then key_made_at end"
    " where id = %(id)s"
).format(
    assigned=sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in _COLUMNS
    )
)

_REMOVE = """
with gone as (
    update unit set removed_at = %(now)s, changed_at = %(now)s, version = version + 1,
        enabled = false, key_hash = null
    where id = %(id)s and removed_at is null returning id
)
delete from unit_position where unit_id in (select id from gone)
"""

_KEY = """
update unit set key_hash = %(hash)s, key_made_at = %(now)s, changed_at = %(now)s,
    version = version + 1
where id = %(id)s
"""

_UNITS = sql.SQL("select u.* from unit u where u.removed_at is null and {visible}")

_WHEREABOUTS = sql.SQL(
    "select u.*, p.at as last_at, p.lat as last_lat, p.lon as last_lon"
    " from unit u left join unit_position p on p.unit_id = u.id"
    " where u.removed_at is null and u.agency_id = %(agency)s"
    " and %(capability)s = any(u.capabilities) and {visible}"
    " order by lower(u.name), u.id"
)

_ABLE = sql.SQL(
    "select u.*, p.at as last_at, p.lat as last_lat, p.lon as last_lon"
    " from unit u left join unit_position p on p.unit_id = u.id"
    " where u.removed_at is null and (u.kind = any(%(kinds)s) or u.capabilities && %(can)s)"
    " and {visible} order by lower(u.name), u.id"
)

_DEVICES = sql.SQL(
    "select u.* from unit u where u.removed_at is null and u.enabled and u.device is not null"
    " and {visible}"
)

_LAST = sql.SQL(
    "select p.* from unit_position p join unit u on u.id = p.unit_id"
    " where u.removed_at is null and {visible}"
)

_FENCES = sql.SQL(
    "select f.id, f.agency_id, f.name, f.ring::text as ring from unit_fence f"
    " where {visible} order by lower(f.name), f.id"
)

_ADD_FENCE = """
insert into unit_fence (id, agency_id, name, ring, created_at)
values (%(id)s, %(agency_id)s, %(name)s, %(ring)s, %(now)s)
"""

_DROP_FENCE = sql.SQL(
    "delete from unit_fence f where f.id = %(id)s and {visible} returning f.agency_id, f.name"
)


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(action, **columns_of("u"))


def _fences_in_view(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(action, agency="f.agency_id", place=None, id="f.id", tags=None, class_=None)


type Times = dict[str, Any]
"""`now`, `fresh_s`, `silent_s`: by what freshness is judged."""


async def list_units(
    scope: Scope, tx: Transaction, wanted: ListFilter, pattern: str, times: Times
) -> bytes:
    """A page of units as JSON `{items, next, total}`, by id, with their positions."""
    visible, parameters = _visible(scope, VIEW)
    conditions = [
        condition
        for condition, value in (
            ("u.agency_id = %(agency)s", wanted.agency_id),
            ("u.kind = %(kind)s", wanted.kind),
            (
                "(u.name ilike %(pattern)s or u.plate ilike %(pattern)s"
                " or u.station ilike %(pattern)s)",
                wanted.q or None,
            ),
        )
        if value is not None
    ]
    parameters |= times | {
        "agency": wanted.agency_id,
        "kind": wanted.kind,
        "pattern": pattern,
        "after": wanted.after,
        "limit": wanted.limit,
    }
    narrowed = sql.SQL(" and ").join(map(sql.SQL, ["true", *conditions]))
    return await fetch_json(tx, _LIST.format(visible=visible, wanted=narrowed), parameters)


async def list_positions(scope: Scope, tx: Transaction, times: Times) -> bytes:
    """Where the units in view are, as JSON `{items}`; those never heard of are left out."""
    visible, parameters = _visible(scope, VIEW)
    return await fetch_json(tx, _POSITIONS.format(visible=visible), parameters | times)


async def get_unit_json(
    scope: Scope, tx: Transaction, unit_id: UUID, times: Times, can: list[str]
) -> bytes:
    """One unit as JSON; its device for those who may configure it."""
    visible, parameters = _visible(scope, VIEW)
    parameters |= times | {
        "id": unit_id,
        "inner": CONFIGURE in can,
        "can": msgspec.json.encode(can).decode(),
    }
    return await fetch_json(tx, _ONE.format(visible=visible), parameters)


async def find_unit(
    scope: Scope, tx: Transaction, unit_id: UUID, action: str, *, lock: bool = False
) -> Unit | None:
    """The unit, if the scope may do `action` with it."""
    visible, parameters = _visible(scope, action)
    query = _FIND.format(visible=visible, lock=sql.SQL("for update of u" if lock else ""))
    row = await (await tx.execute(query, parameters | {"id": unit_id})).fetchone()
    return _unit(row) if row else None


async def find_named(scope: Scope, tx: Transaction, name: str) -> list[Unit]:
    """The units in view with this callsign, whatever its case."""
    visible, parameters = _visible(scope, VIEW)
    query = _UNITS.format(visible=visible) + sql.SQL(" and lower(u.name) = lower(%(name)s)")
    rows = await tx.execute(query, parameters | {"name": name})
    return [_unit(row) for row in await rows.fetchall()]


async def list_stationed(
    scope: Scope, tx: Transaction, agency_id: UUID, places: Sequence[str] | None, action: str
) -> list[Unit]:
    """The units of an owner whose station lies in one of these areas, by callsign; None is all."""
    visible, parameters = _visible(scope, action)
    query = _UNITS.format(visible=visible) + sql.SQL(
        " and u.agency_id = %(agency)s"
        " and (%(areas)s::text[] is null or (u.place || '.') ^@ any(%(areas)s::text[]))"
        " order by lower(u.name), u.id"
    )
    values = {
        "agency": agency_id,
        "areas": None if places is None else [f"{place}." for place in places],
    }
    rows = await tx.execute(query, parameters | values)
    return [_unit(row) for row in await rows.fetchall()]


async def list_whereabouts(
    scope: Scope, tx: Transaction, agency_id: UUID, capability: str, action: str
) -> list[Whereabouts]:
    """The units of an owner that can do something, by callsign, with where each was last."""
    visible, parameters = _visible(scope, action)
    values = {"agency": agency_id, "capability": capability}
    rows = await tx.execute(_WHEREABOUTS.format(visible=visible), parameters | values)
    return [
        Whereabouts(_unit(row), row["last_at"], row["last_lat"], row["last_lon"])
        for row in await rows.fetchall()
    ]


async def list_able(
    scope: Scope, tx: Transaction, kinds: Sequence[str], capabilities: Sequence[str], action: str
) -> list[Whereabouts]:
    """Units of any agency that are of one of these kinds or can do one of these, by callsign."""
    visible, parameters = _visible(scope, action)
    values = {"kinds": list(kinds), "can": list(capabilities)}
    rows = await tx.execute(_ABLE.format(visible=visible), parameters | values)
    return [
        Whereabouts(_unit(row), row["last_at"], row["last_lat"], row["last_lon"])
        for row in await rows.fetchall()
    ]


async def insert_unit(
    scope: Scope,  # noqa: ARG001 - row-level security checks the new row
    tx: Transaction,
    unit_id: UUID,
    draft: UnitDraft,
    now: datetime,
) -> None:
    """Stores a new unit."""
    await tx.execute(_INSERT, _row(unit_id, draft, now))


async def update_unit(
    scope: Scope,  # noqa: ARG001 - of a unit that was found under it
    tx: Transaction,
    unit_id: UUID,
    draft: UnitDraft,
    now: datetime,
) -> None:
    """Stores a changed unit; another device has no key yet."""
    await tx.execute(_UPDATE, _row(unit_id, draft, now))


async def remove_unit(
    scope: Scope,  # noqa: ARG001 - of a unit that was found under it
    tx: Transaction,
    unit_id: UUID,
    now: datetime,
) -> None:
    """Marks the unit as removed and forgets where it is; its track stays as long as any."""
    await tx.execute(_REMOVE, {"id": unit_id, "now": now})


async def set_key(
    scope: Scope,  # noqa: ARG001 - of a unit that was found under it
    tx: Transaction,
    unit_id: UUID,
    key_hash: bytes,
    now: datetime,
) -> None:
    """The device shows another key from now on."""
    await tx.execute(_KEY, {"id": unit_id, "hash": key_hash, "now": now})


async def list_configured(scope: Scope, tx: Transaction) -> list[Unit]:
    """Every unit that the scope may change."""
    visible, parameters = _visible(scope, CONFIGURE)
    rows = await (await tx.execute(_UNITS.format(visible=visible), parameters)).fetchall()
    return [_unit(row) for row in rows]


async def list_keyless(scope: Scope, tx: Transaction) -> list[Unit]:
    """The units that the scope may change and whose device has no key."""
    visible, parameters = _visible(scope, CONFIGURE)
    keyless = sql.SQL(" and u.device is not null and u.key_hash is null")
    query = _UNITS.format(visible=visible) + keyless
    rows = await (await tx.execute(query, parameters)).fetchall()
    return [_unit(row) for row in rows]


async def list_devices(scope: Scope, tx: Transaction) -> dict[str, Device]:
    """Every device whose positions are taken in; the scope must be the system's."""
    visible, parameters = _visible(scope, LOCATE)
    rows = await (await tx.execute(_DEVICES.format(visible=visible), parameters)).fetchall()
    return {row["device"]: Device(_unit(row), row["key_hash"]) for row in rows}


async def list_last_known(scope: Scope, tx: Transaction) -> list[LastKnown]:
    """Where every unit is; the scope must be the system's."""
    visible, parameters = _visible(scope, LOCATE)
    rows = await (await tx.execute(_LAST.format(visible=visible), parameters)).fetchall()
    return [
        LastKnown(
            row["unit_id"],
            row["at"],
            row["lat"],
            row["lon"],
            row["kecamatan"],
            tuple(row["fences"]),
        )
        for row in rows
    ]


async def list_fences(scope: Scope, tx: Transaction, action: str = VIEW) -> list[Fence]:
    """The fences in view, by name."""
    visible, parameters = _fences_in_view(scope, action)
    rows = await (await tx.execute(_FENCES.format(visible=visible), parameters)).fetchall()
    return [
        Fence(
            row["id"],
            row["agency_id"],
            row["name"],
            tuple((lon, lat) for lon, lat in msgspec.json.decode(row["ring"])),
        )
        for row in rows
    ]


async def insert_fence(
    scope: Scope,  # noqa: ARG001 - row-level security checks the new row
    tx: Transaction,
    fence: Fence,
    now: datetime,
) -> None:
    """Stores a new fence."""
    ring = msgspec.json.encode(fence.ring).decode()
    values = {"id": fence.id, "agency_id": fence.agency_id, "name": fence.name}
    await tx.execute(_ADD_FENCE, values | {"ring": ring, "now": now})


async def delete_fence(scope: Scope, tx: Transaction, fence_id: UUID) -> tuple[UUID, str] | None:
    """Deletes a fence; tells whose it was and its name, None if there is none in view."""
    visible, parameters = _fences_in_view(scope, CONFIGURE)
    query = _DROP_FENCE.format(visible=visible)
    row = await (await tx.execute(query, parameters | {"id": fence_id})).fetchone()
    return (row["agency_id"], row["name"]) if row else None


def _unit(row: dict[str, Any]) -> Unit:
    values = {name: row[name] for name in _COLUMNS}
    values["tags"], values["capabilities"] = tuple(row["tags"]), tuple(row["capabilities"])
    return Unit(UnitId(row["id"]), row["version"], UnitDraft(**values))


def _row(unit_id: UUID, draft: UnitDraft, now: datetime) -> dict[str, Any]:
    values = {name: getattr(draft, name) for name in _COLUMNS}
    values["tags"], values["capabilities"] = list(draft.tags), list(draft.capabilities)
    return {**values, "id": unit_id, "now": now}
