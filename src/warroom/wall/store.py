"""All SQL of walls."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.wall.contracts import VIEW, Layout, LayoutDraft, Tile

_FIND = sql.SQL(
    """
select l.*, l.tiles::text as tiles_json, p.name as locked_by_name
from wall_layout l left join person p on p.id = l.locked_by
where {visible} and (l.id = %(id)s or %(id)s::uuid is null)
order by l.shared, lower(l.name), l.id
{lock}
"""
)

_INSERT = """
insert into wall_layout (id, agency_id, person_id, name, shared, cols, rows, dwell_s, tiles,
    created_at, changed_at)
values (%(id)s, %(agency_id)s, %(person_id)s, %(name)s, %(shared)s, %(cols)s, %(rows)s,
    %(dwell_s)s, %(tiles)s, %(now)s, %(now)s)
"""

_UPDATE = """
update wall_layout
set name = %(name)s, shared = %(shared)s, cols = %(cols)s, rows = %(rows)s,
    dwell_s = %(dwell_s)s, tiles = %(tiles)s, person_id = %(person_id)s,
    locked_by = %(locked_by)s,
    locked_at = case when %(locked_by)s::uuid is null then null
        when locked_by is distinct from %(locked_by)s then %(now)s else locked_at end,
    version = version + 1, changed_at = %(now)s
where id = %(id)s
"""

_FORGET = "select wall_forget_person(%(id)s) as gone"


def _visible(scope: Scope) -> tuple[sql.Composable, dict[str, Any]]:
    """One's own layouts, and shared ones of agencies whose walls the scope may see."""
    shared, parameters = scope.narrow(
        VIEW, agency="l.agency_id", place=None, id="l.id", tags=None, class_=None
    )
    predicate = sql.SQL(
        "case when l.shared = 'person' then l.person_id = %(person)s and %(may)s else {} end"
    ).format(shared)
    return predicate, {**parameters, "person": scope.person_id, "may": scope.may(VIEW)}


async def list_layouts(scope: Scope, tx: Transaction) -> list[Layout]:
    """The layouts in view: shared ones first, then one's own, by name."""
    visible, parameters = _visible(scope)
    query = _FIND.format(visible=visible, lock=sql.SQL(""))
    rows = await tx.execute(query, {**parameters, "id": None})
    return [_layout(row) for row in await rows.fetchall()]


async def find_layout(
    scope: Scope, tx: Transaction, layout_id: UUID, *, for_change: bool = False
) -> Layout | None:
    """One layout in view; locked against others until the transaction ends if it is to change."""
    visible, parameters = _visible(scope)
    lock = sql.SQL("for update of l" if for_change else "")
    query = _FIND.format(visible=visible, lock=lock)
    row = await (await tx.execute(query, {**parameters, "id": layout_id})).fetchone()
    return _layout(row) if row else None


async def count_own(scope: Scope, tx: Transaction) -> int:
    """How many layouts the asker has made."""
    row = await (
        await tx.execute(
            "select count(*) as n from wall_layout where person_id = %s", [scope.person_id]
        )
    ).fetchone()
    return int(row["n"]) if row else 0


async def insert_layout(
    scope: Scope, tx: Transaction, layout_id: UUID, draft: LayoutDraft, now: datetime
) -> None:
    """Stores a new layout of the asker."""
    row = _row(draft, now) | {"id": layout_id}
    await tx.execute(_INSERT, {**row, "agency_id": scope.agency_id, "person_id": scope.person_id})


async def update_layout(
    scope: Scope,  # noqa: ARG001 - the row was narrowed and locked by `find_layout`
    tx: Transaction,
    layout: Layout,
    now: datetime,
) -> None:
    """Stores a changed layout, one version newer."""
    await tx.execute(
        _UPDATE,
        {
            **_row(layout.draft, now),
            "id": layout.id,
            "person_id": layout.person_id,
            "locked_by": layout.locked_by,
        },
    )


async def delete_layout(
    scope: Scope,  # noqa: ARG001 - the row was narrowed and locked by `find_layout`
    tx: Transaction,
    layout_id: UUID,
) -> None:
    """Deletes a layout."""
    await tx.execute("delete from wall_layout where id = %s", [layout_id])


def _row(draft: LayoutDraft, now: datetime) -> dict[str, Any]:
    return {
        "name": draft.name,
        "shared": draft.shared,
        "cols": draft.cols,
        "rows": draft.rows,
        "dwell_s": draft.dwell_s,
        "tiles": msgspec.json.encode(draft.tiles).decode(),
        "now": now,
    }


def _layout(row: Mapping[str, Any]) -> Layout:
    draft = LayoutDraft(
        name=row["name"],
        shared=row["shared"],
        cols=row["cols"],
        rows=row["rows"],
        dwell_s=row["dwell_s"],
        tiles=msgspec.json.decode(row["tiles_json"], type=tuple[Tile, ...]),
    )
    return Layout(
        id=row["id"],
        agency_id=row["agency_id"],
        person_id=row["person_id"],
        draft=draft,
        locked_by=row["locked_by"],
        locked_by_name=row["locked_by_name"],
        version=row["version"],
    )


async def forget_person(
    scope: Scope,  # noqa: ARG001 - the function looks for itself whether the account was erased
    tx: Transaction,
    person_id: UUID,
) -> int:
    """Deletes the private layouts of an erased account and frees what it locked; how many."""
    row = await (await tx.execute(_FORGET, {"id": person_id})).fetchone()
    return int(row["gone"]) if row else 0
