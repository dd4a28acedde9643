"""SQL of minima: what stations keep free, since when they do not, who was moved up."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import sql
from psycopg.errors import UniqueViolation

from warroom.dispatch.contracts import VIEW, Stamp
from warroom.dispatch.coverage import Minimum
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Columns, Scope, Sides

_COLUMNS: Columns = {
    "agency": "m.agency_id",
    "place": "m.place",
    "id": "m.id",
    "tags": None,
    "class_": None,
}

_LIST = sql.SQL(
    """
select m.*, a.short, s.since from dispatch_minimum m
left join agency a on a.id = m.agency_id
left join dispatch_shortfall s on s.minimum_id = m.id and s.ended_at is null
where m.removed_at is null and {visible} {wanted}
order by a.short, lower(m.station), m.kind {lock}
"""
)

_SAVE = """
insert into dispatch_minimum (id, agency_id, station, area, kind, least, place, lat, lon, version,
    changed_at, changed_by)
values (%(id)s, %(agency_id)s, %(station)s, %(area)s, %(kind)s, %(least)s, %(place)s, %(lat)s,
    %(lon)s, %(version)s, %(now)s, %(person)s)
on conflict (id) do update set station = excluded.station, area = excluded.area,
    kind = excluded.kind, least = excluded.least, place = excluded.place, lat = excluded.lat,
    lon = excluded.lon, version = excluded.version, changed_at = excluded.changed_at,
    changed_by = excluded.changed_by
where dispatch_minimum.version = excluded.version - 1 and dispatch_minimum.removed_at is null
    and dispatch_minimum.agency_id = excluded.agency_id
returning id
"""

_REMOVE = (
    "update dispatch_minimum set removed_at = %(now)s, changed_by = %(person)s where id = %(id)s"
)

_BEGIN = """
insert into dispatch_shortfall (minimum_id, since) values (%(id)s, %(now)s) on conflict do nothing
"""

_END = """
update dispatch_shortfall set ended_at = %(now)s where minimum_id = %(id)s and ended_at is null
"""

_MOVED = """
select s.id, s.unit_id, s.state, t.id as task_id, t.number, t.minimum_id
from dispatch_assignment s join dispatch_task t on t.id = s.task_id
where s.ended_at is null and t.kind = 'move_up' and s.unit_id = any(%(units)s)
"""


class Kept(NamedTuple):
    """A minimum as it is stored; `since` is when it was found below, None if it holds."""

    minimum: Minimum
    agency: str | None
    since: datetime | None


class Moved(NamedTuple):
    """A vehicle that is moved up, and where it stands."""

    assignment_id: UUID
    minimum_id: UUID
    task_id: UUID
    number: str
    state: Stamp


def sides_of(minimum: Minimum) -> Sides:  # unscoped: of a minimum that was found
    """By what rights on a minimum are judged."""
    return {
        "agency_id": minimum.agency_id,
        "place": minimum.place,
        "object_id": minimum.id,
        "tags": (),
        "class_": None,
    }


async def list_minimums(scope: Scope, tx: Transaction, action: str = VIEW) -> list[Kept]:
    """The minima with which the action may be done, by agency and station."""
    visible, parameters = scope.narrow(action, **_COLUMNS)
    query = _LIST.format(visible=visible, wanted=sql.SQL(""), lock=sql.SQL(""))
    return [_kept(row) for row in await (await tx.execute(query, parameters)).fetchall()]


async def find_minimum(
    scope: Scope, tx: Transaction, minimum_id: UUID, action: str = VIEW
) -> Kept | None:
    """The minimum, locked, if the action may be done with it."""
    visible, parameters = scope.narrow(action, **_COLUMNS)
    wanted, lock = sql.SQL("and m.id = %(id)s"), sql.SQL("for update of m")
    query = _LIST.format(visible=visible, wanted=wanted, lock=lock)
    row = await (await tx.execute(query, parameters | {"id": minimum_id})).fetchone()
    return _kept(row) if row else None


async def save_minimum(scope: Scope, tx: Transaction, minimum: Minimum, now: datetime) -> bool:
    """Stores the next version; False where somebody else did, or has one for the same."""
    values = asdict(minimum) | {"now": now, "person": scope.person_id}
    try:
        async with tx.transaction():
            return await (await tx.execute(_SAVE, values)).fetchone() is not None
    except UniqueViolation:
        return False


async def remove_minimum(scope: Scope, tx: Transaction, minimum_id: UUID, now: datetime) -> None:
    """Ends a minimum that was found; how it was kept stays."""
    await tx.execute(_REMOVE, {"id": minimum_id, "now": now, "person": scope.person_id})
    await tx.execute(_END, {"id": minimum_id, "now": now})


async def mark(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    minimum_id: UUID,
    now: datetime,
    *,
    is_below: bool,
) -> bool:
    """Stores that it is below from now on, or holds again; False where that was known."""
    values = {"id": minimum_id, "now": now}
    return (await tx.execute(_BEGIN if is_below else _END, values)).rowcount > 0


async def list_moved(
    scope: Scope,  # noqa: ARG001 - of units that were found under it
    tx: Transaction,
    units: Sequence[UUID],
) -> dict[UUID, Moved]:
    """Of some units, those that are moved up."""
    rows = await (await tx.execute(_MOVED, {"units": list(units)})).fetchall()
    return {
        row["unit_id"]: Moved(
            row["id"], row["minimum_id"], row["task_id"], row["number"], Stamp(row["state"])
        )
        for row in rows
    }


def _kept(row: dict[str, Any]) -> Kept:
    names = Minimum.__dataclass_fields__
    return Kept(Minimum(**{name: row[name] for name in names}), row["short"], row["since"])
