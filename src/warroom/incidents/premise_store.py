"""SQL of premises: places that people name, with what is dangerous there, and their versions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.incidents.contracts import VIEW
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_DISTANCE = """
(2 * 6371008.8 * asin(least(1, sqrt(power(sin(radians(p.lat - %(lat)s) / 2), 2)
    + cos(radians(p.lat)) * cos(radians(%(lat)s))
    * power(sin(radians(p.lon - %(lon)s) / 2), 2)))))
"""

_FIELDS = """
'id', p.id, 'kind', p.kind, 'name', p.name, 'aliases', p.aliases, 'area', p.area, 'lat', p.lat,
'lon', p.lon, 'dangers', p.dangers, 'hazards', p.hazards, 'access', p.access,
'key_holder', p.key_holder, 'hydrant', p.hydrant, 'plan', p.plan, 'contacts', p.contacts,
'version', p.version
"""

# What is dangerous comes before what is only near.
_NEAR = sql.SQL(
    f"""
select coalesce(json_agg(x.told order by x.is_plain, x.metres), '[]')::text from (
    select {_DISTANCE} as metres, p.dangers = '{{{{}}}}' and p.hazards = '' as is_plain,
        json_build_object({_FIELDS}, 'distance_m', round({_DISTANCE}::numeric)) as told
    from premise p
    where {{visible}} and p.removed_at is null
        and point(p.lon, p.lat) <@ box(point(%(west)s, %(south)s), point(%(east)s, %(north)s))
        and {_DISTANCE} <= %(within_m)s
    order by 1 limit 20
) x
"""
)

_PAGE = sql.SQL(
    f"""
select coalesce(json_agg(x.told order by x.id), '[]')::text from (
    select p.id, json_build_object({_FIELDS}, 'agency', json_build_object('id', p.agency_id,
        'short', a.short), 'changed_at', p.changed_at, 'removed_at', p.removed_at) as told
    from premise p left join agency a on a.id = p.agency_id
    where {{visible}} and (p.removed_at is null or %(retired)s)
        and (%(after)s::uuid is null or p.id > %(after)s::uuid)
    order by p.id limit %(limit)s
) x
"""
)

_NAMES = sql.SQL(
    """
select p.id, p.kind, p.name, p.aliases, p.area, p.lat, p.lon, p.dangers from premise p
where {visible} and p.removed_at is null and p.kind not in ('hydrant', 'gate')
order by p.changed_at desc limit %(most)s
"""
)

_IN_BOX = sql.SQL(
    """
select p.id, p.kind, p.name, p.area, p.lat, p.lon, p.dangers, p.hazards from premise p
where {visible} and p.removed_at is null and p.kind not in ('hydrant', 'gate')
    and point(p.lon, p.lat) <@ box(point(%(west)s, %(south)s), point(%(east)s, %(north)s))
order by p.dangers = '{{}}' and p.hazards = '', p.name, p.id
"""
)

_STAMP = sql.SQL("select count(*) as n, max(p.changed_at) as at from premise p where {visible}")

_CONTACTS = sql.SQL(
    """
select p.name, p.kind, p.key_holder, p.contacts from (
    select p.*, concat_ws(' ', p.key_holder, p.contacts, (
        select string_agg(concat_ws(' ', v.key_holder, v.contacts), ' ')
        from premise_version v where v.premise_id = p.id)) as personal
    from premise p where {visible}
) p
where p.personal <> '' and (position(%(name)s in lower(p.personal)) > 0
    or position(%(digits)s in regexp_replace(p.personal, '[^0-9]', '', 'g')) > 0)
order by p.name limit 100
"""
)

_LOCK = sql.SQL("select p.* from premise p where {visible} and p.removed_at is null {wanted}")

_INSERT = """
insert into premise (id, agency_id, kind, name, aliases, place, area, lat, lon, dangers, hazards,
    access, key_holder, hydrant, plan, contacts, changed_at, changed_by)
values (%(id)s, %(agency_id)s, %(kind)s, %(name)s, %(aliases)s, %(place)s, %(area)s, %(lat)s,
    %(lon)s, %(dangers)s, %(hazards)s, %(access)s, %(key_holder)s, %(hydrant)s, %(plan)s,
    %(contacts)s, %(now)s, %(person_id)s)
"""

_UPDATE = """
update premise set kind = %(kind)s, name = %(name)s, aliases = %(aliases)s, place = %(place)s,
    area = %(area)s, lat = %(lat)s, lon = %(lon)s, dangers = %(dangers)s, hazards = %(hazards)s,
    access = %(access)s, key_holder = %(key_holder)s, hydrant = %(hydrant)s, plan = %(plan)s,
    contacts = %(contacts)s, changed_at = %(now)s, changed_by = %(person_id)s,
    version = version + 1
where id = %(id)s
"""

_REMOVE = """
update premise set removed_at = %(now)s, changed_at = %(now)s, changed_by = %(person_id)s,
    key_holder = '', contacts = '', version = version + 1
where id = %(id)s
"""

_KEEP = """
insert into premise_version (premise_id, version, deed, told, key_holder, contacts, at, person_id)
select p.id, p.version, %(deed)s, jsonb_build_object('kind', p.kind, 'name', p.name,
    'aliases', p.aliases, 'area', p.area, 'lat', p.lat, 'lon', p.lon, 'dangers', p.dangers,
    'hazards', p.hazards, 'access', p.access, 'hydrant', p.hydrant, 'plan', p.plan),
    p.key_holder, p.contacts, p.changed_at, p.changed_by
from premise p where p.id = any(%(ids)s)
on conflict (premise_id, version) do nothing
"""

_FORGET = "update premise_version set key_holder = '', contacts = '' where premise_id = %(id)s"

_VERSIONS = sql.SQL(
    """
select coalesce(json_agg(json_build_object('version', v.version, 'deed', v.deed,
    'written_at', v.at, 'written_by', w.name,
    'card', v.told::jsonb || jsonb_build_object('key_holder', v.key_holder, 'contacts', v.contacts))
    order by v.version desc), '[]')::text
from premise_version v join premise p on p.id = v.premise_id
left join person w on w.id = v.person_id
where {visible} and p.id = %(id)s
"""
)


async def list_near(scope: Scope, tx: Transaction, where: Mapping[str, float]) -> bytes:
    """Premises in view near a place as JSON: what is dangerous first, then by distance."""
    visible, parameters = _visible(scope, VIEW)
    return await fetch_json(tx, _NEAR.format(visible=visible), parameters | dict(where))


async def list_page(
    scope: Scope,
    tx: Transaction,
    action: str,
    *,
    after: UUID | None,
    retired: bool,
    limit: int,
) -> bytes:
    """Premises that somebody may keep, the eldest first, as a JSON list."""
    visible, parameters = _visible(scope, action)
    values = parameters | {
        "after": after,
        "retired": retired,
        "limit": limit,
    }
    return await fetch_json(tx, _PAGE.format(visible=visible), values)


async def list_names(scope: Scope, tx: Transaction, most: int) -> list[dict[str, Any]]:
    """Names of the premises in view, hydrants and gates left out; what changed last first."""
    visible, parameters = _visible(scope, VIEW)
    found = await tx.execute(_NAMES.format(visible=visible), parameters | {"most": most})
    return await found.fetchall()


async def list_in_box(
    scope: Scope, tx: Transaction, box: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Premises in view inside a box, hydrants and gates left out; what is dangerous first."""
    visible, parameters = _visible(scope, VIEW)
    rows = await tx.execute(_IN_BOX.format(visible=visible), parameters | dict(box))
    return await rows.fetchall()


async def stamp_of_names(scope: Scope, tx: Transaction) -> tuple[int, datetime | None]:
    """What differs once any premise in view was added, changed or taken away."""
    visible, parameters = _visible(scope, VIEW)
    row = await (await tx.execute(_STAMP.format(visible=visible), parameters)).fetchone()
    return (row["n"], row["at"]) if row else (0, None)


async def list_contacts(
    scope: Scope, tx: Transaction, name: str | None, digits: str | None
) -> list[dict[str, Any]]:
    """Premises in view that name this person or number, in a version of old as well."""
    visible, parameters = _visible(scope, VIEW)
    values = parameters | {"name": name, "digits": digits}
    return await (await tx.execute(_CONTACTS.format(visible=visible), values)).fetchall()


async def lock(
    scope: Scope, tx: Transaction, action: str, premise_id: UUID | None = None
) -> list[dict[str, Any]]:
    """Premises in force that somebody may keep, one or all of them, held until the end."""
    visible, parameters = _visible(scope, action)
    wanted = sql.SQL("for update" if premise_id is None else "and p.id = %(id)s for update")
    query = _LOCK.format(visible=visible, wanted=wanted)
    return await (await tx.execute(query, parameters | {"id": premise_id})).fetchall()


async def insert(
    scope: Scope, tx: Transaction, rows: list[dict[str, Any]], deed: str, now: datetime
) -> None:
    """Stores new premises, each with its first version."""
    await _write(scope, tx, _INSERT, rows, deed, now)


async def update(
    scope: Scope, tx: Transaction, rows: list[dict[str, Any]], deed: str, now: datetime
) -> None:
    """Stores premises that were found with `lock`, each with its next version."""
    await _keep(tx, rows, "added")  # those of before versions were kept have none yet
    await _write(scope, tx, _UPDATE, rows, deed, now)


async def remove(scope: Scope, tx: Transaction, premise_id: UUID, now: datetime) -> None:
    """Takes away a premise that was found, and forgets who is named in any of its versions."""
    rows = [{"id": premise_id}]
    await _keep(tx, rows, "added")
    await _write(scope, tx, _REMOVE, rows, "removed", now)
    await tx.execute(_FORGET, {"id": premise_id})


async def list_versions(scope: Scope, tx: Transaction, action: str, premise_id: UUID) -> bytes:
    """Every version of a premise, the newest first, as JSON; none where it is not in view."""
    visible, parameters = _visible(scope, action)
    values = parameters | {"id": premise_id}
    return await fetch_json(tx, _VERSIONS.format(visible=visible), values)


async def _write(
    scope: Scope, tx: Transaction, query: str, rows: list[dict[str, Any]], deed: str, now: datetime
) -> None:
    async with tx.cursor() as cursor:
        await cursor.executemany(
            query, [{**row, "now": now, "person_id": scope.author_id} for row in rows]
        )
    await _keep(tx, rows, deed)


async def _keep(tx: Transaction, rows: list[dict[str, Any]], deed: str) -> None:
    await tx.execute(_KEEP, {"ids": [row["id"] for row in rows], "deed": deed})


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(
        action, agency="p.agency_id", place="p.place", id="p.id", tags=None, class_="p.kind"
    )
