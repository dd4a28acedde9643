"""SQL of handed over shifts: scope first, then the transaction. Rows are never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.calls.contracts import SUPERVISE
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_INSERT = """
insert into dispatch_handover (id, agency_id, written_at, written_by, notes, content, sha256)
values (%(id)s, %(agency_id)s, %(now)s, %(person_id)s, %(notes)s, %(content)s, %(sha256)s)
on conflict (id) do nothing returning id
"""

_FIND = sql.SQL(
    """
select h.id, h.agency_id, h.written_at, h.written_by, w.name as written_by_name, h.notes, h.content,
    h.sha256
from dispatch_handover h left join person w on w.id = h.written_by
where {visible} and {wanted} order by h.written_at desc, h.id limit 50
"""
)

_READ = """
insert into dispatch_handover_read (handover_id, item, person_id, at)
select %(id)s, item, %(person_id)s, %(now)s from unnest(%(items)s::text[]) as item
on conflict do nothing returning item
"""

_READS = """
select r.item, r.person_id, w.name as person, r.at
from dispatch_handover_read r left join person w on w.id = r.person_id
where r.handover_id = %(id)s order by r.at, r.item
"""


async def insert(
    scope: Scope,
    tx: Transaction,
    handover_id: UUID,
    told: tuple[str, Any, str],
    now: datetime,
) -> bool:
    """Keeps notes, content and their hash; False where this id was kept before, whoever's."""
    values = {
        "id": handover_id,
        "agency_id": scope.agency_id,
        "now": now,
        "person_id": scope.person_id,
        "notes": told[0],
        "content": msgspec.json.encode(told[1]).decode(),
        "sha256": told[2],
    }
    return await (await tx.execute(_INSERT, values)).fetchone() is not None


async def find(scope: Scope, tx: Transaction, handover_id: UUID) -> dict[str, Any] | None:
    """One in view."""
    visible, parameters = _visible(scope)
    query = _FIND.format(visible=visible, wanted=sql.SQL("h.id = %(id)s"))
    return await (await tx.execute(query, parameters | {"id": handover_id})).fetchone()


async def list_rows(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """The newest in view."""
    visible, parameters = _visible(scope)
    query = _FIND.format(visible=visible, wanted=sql.SQL("true"))
    return await (await tx.execute(query, parameters)).fetchall()


async def insert_read(
    scope: Scope, tx: Transaction, handover_id: UUID, items: Sequence[str], now: datetime
) -> list[str]:
    """Notes that the asker read these of one that was found; those that were not noted before."""
    values = {"id": handover_id, "items": list(items), "person_id": scope.person_id, "now": now}
    rows = await (await tx.execute(_READ, values)).fetchall()
    return sorted(row["item"] for row in rows)


async def list_reads(
    scope: Scope,  # noqa: ARG001 - row-level security: of one that was found
    tx: Transaction,
    handover_id: UUID,
) -> list[dict[str, Any]]:
    """Who read what, in that order."""
    return await (await tx.execute(_READS, {"id": handover_id})).fetchall()


def _visible(scope: Scope) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(
        SUPERVISE, agency="h.agency_id", place=None, id="h.id", tags=None, class_=None
    )
