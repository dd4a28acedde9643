"""SQL of hospitals and their free beds: counts are rows that are added and never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.errors import UniqueViolation

from warroom.dispatch.beds import BedKind, Count, Facility
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Columns, Scope, Sides

_COLUMNS: Columns = {
    "agency": "f.agency_id",
    "place": "f.place",
    "id": "f.id",
    "tags": None,
    "class_": None,
}

_LIST = sql.SQL(
    """
select f.*, coalesce(b.counts, '[]') as counts from dispatch_facility f
cross join lateral (
    select json_agg(c) as counts from (
        select distinct on (b.kind) b.kind, b.free, b.total, b.at, b.source, b.origin,
            coalesce(w.name, nullif(b.program, '')) as by
        from dispatch_bed b left join person w on w.id = b.person_id
        where b.facility_id = f.id order by b.kind, b.at desc, b.received_at desc, b.id
    ) c
) b
where f.removed_at is null and {visible} {wanted}
order by lower(f.name), f.id
"""
)

_SAVE = """
insert into dispatch_facility (id, agency_id, name, place, lat, lon, changed_at, changed_by)
values (%(id)s, %(agency_id)s, %(name)s, %(place)s, %(lat)s, %(lon)s, %(now)s,
    (select w.id from person w where w.id = %(person)s))
on conflict (id) do update set name = excluded.name, place = excluded.place, lat = excluded.lat,
    lon = excluded.lon, changed_at = excluded.changed_at, changed_by = excluded.changed_by
"""

_REMOVE = """
update dispatch_facility set removed_at = %(now)s,
    changed_by = (select w.id from person w where w.id = %(person)s) where id = %(id)s
"""

_TELL = """
insert into dispatch_bed (id, facility_id, kind, free, total, at, received_at, source, origin,
    person_id, program)
values (%(id)s, %(facility_id)s, %(kind)s, %(free)s, %(total)s, %(at)s, %(now)s, %(source)s,
    %(origin)s, %(person)s, %(program)s)
"""


def sides_of(facility: Facility) -> Sides:  # unscoped: of a hospital that was found
    """By what rights on a hospital are judged."""
    return {
        "agency_id": facility.agency_id,
        "place": facility.place,
        "object_id": facility.id,
        "tags": (),
        "class_": None,
    }


async def list_facilities(scope: Scope, tx: Transaction, action: str) -> list[Facility]:
    """The hospitals with which the action may be done, each with what was told last."""
    visible, parameters = scope.narrow(action, **_COLUMNS)
    query = _LIST.format(visible=visible, wanted=sql.SQL(""))
    return [_facility(row) for row in await (await tx.execute(query, parameters)).fetchall()]


async def find_facility(
    scope: Scope, tx: Transaction, facility_id: UUID, action: str
) -> Facility | None:
    """The hospital, if the action may be done with it."""
    visible, parameters = scope.narrow(action, **_COLUMNS)
    query = _LIST.format(visible=visible, wanted=sql.SQL("and f.id = %(id)s"))
    row = await (await tx.execute(query, parameters | {"id": facility_id})).fetchone()
    return _facility(row) if row else None


async def save_facility(scope: Scope, tx: Transaction, facility: Facility, now: datetime) -> bool:
    """Stores a hospital; False where its agency has one of the same name."""
    names = ("id", "agency_id", "name", "place", "lat", "lon")
    values = {name: getattr(facility, name) for name in names}
    try:
        async with tx.transaction():
            await tx.execute(_SAVE, values | {"now": now, "person": scope.author_id})
    except UniqueViolation:
        return False
    return True


async def remove_facility(scope: Scope, tx: Transaction, facility_id: UUID, now: datetime) -> None:
    """Takes away a hospital that was found; what was told of it stays as long as it is kept."""
    await tx.execute(_REMOVE, {"id": facility_id, "now": now, "person": scope.author_id})


async def add_counts(
    scope: Scope, tx: Transaction, facility_id: UUID, counts: Sequence[Count], now: datetime
) -> None:
    """Keeps what was told of a hospital that was found."""
    for one in counts:
        values = {
            "id": new_id(),
            "facility_id": facility_id,
            "kind": one.kind,
            "free": one.free,
            "total": one.total,
            "at": one.at,
            "now": now,
            "source": one.source,
            "origin": one.origin,
            "person": None if one.source == "program" else scope.person_id,
            "program": scope.label[:120] if one.source == "program" else "",
        }
        await tx.execute(_TELL, values)


def _facility(row: dict[str, Any]) -> Facility:
    counts: dict[BedKind, Count] = {
        one["kind"]: Count(
            *(one["kind"], one["free"], datetime.fromisoformat(one["at"]), one["source"]),
            total=one["total"],
            by=one["by"],
            origin=one["origin"],
        )
        for one in row["counts"]
    }
    return Facility(
        *(row["id"], row["agency_id"], row["name"], row["place"], row["lat"], row["lon"]), counts
    )


async def find_position(
    scope: Scope,  # noqa: ARG001 - of a unit that was found under it
    tx: Transaction,
    unit_id: UUID,
    since: datetime,
) -> tuple[float, float] | None:
    """Where a unit was last, if that was since."""
    query = "select lat, lon from unit_position where unit_id = %(id)s and at >= %(since)s"
    row = await (await tx.execute(query, {"id": unit_id, "since": since})).fetchone()
    return (row["lat"], row["lon"]) if row else None
