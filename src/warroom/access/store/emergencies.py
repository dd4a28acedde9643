"""SQL of emergencies."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from warroom.access.contracts import VIEW
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_INSERT = """
insert into access_emergency (id, number, person_id, person_label, agency_id, agency_label,
    owner_id, owner_label, reason, actions, cameras, grants, opened_at, ends_at, due_at)
values (%(id)s, %(number)s, %(person_id)s, %(person_label)s, %(agency_id)s, %(agency_label)s,
    %(owner_id)s, %(owner_label)s, %(reason)s, %(actions)s, %(cameras)s, %(grants)s,
    %(opened_at)s, %(ends_at)s, %(due_at)s)
"""

_SAVE = """
update access_emergency set ended_at = %(ended_at)s, closed_at = %(closed_at)s, level = %(level)s,
    reviewed_at = %(reviewed_at)s, reviewed_by = %(reviewed_by)s,
    reviewer_label = %(reviewer_label)s, outcome = %(outcome)s, review_note = %(review_note)s
where id = %(id)s
"""

_ACTIVE = """
select e.number, e.person_label, e.agency_label, e.owner_label, e.opened_at, e.ends_at
from access_emergency e
where (e.agency_id = %(agency)s or e.owner_id = %(agency)s)
  and e.ends_at > %(now)s and e.ended_at is null
order by e.opened_at desc limit 20
"""

_UNREVIEWED = """
select e.* from access_emergency e
where e.reviewed_at is null and (e.ends_at <= %(now)s or e.ended_at is not null)
  and e.person_id is distinct from %(person)s and {visible}
order by e.due_at, e.id limit 200
"""

_TO_TELL = """
select e.* from access_emergency e
where {visible} and ((e.reviewed_at is null and e.due_at <= %(now)s)
    or (e.closed_at is null and (e.ends_at <= %(now)s or e.ended_at is not null)))
order by e.id limit 200 for update skip locked
"""


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    more: dict[str, None] = {"place": None, "id": None, "tags": None}
    of_taker, parameters = scope.narrow(action, agency="e.agency_id", **more)
    of_owner, _ = scope.narrow(action, agency="e.owner_id", **more)
    return sql.SQL("({} or {})").format(of_taker, of_owner), parameters


async def insert_emergency(scope: Scope, tx: Transaction, row: dict[str, Any]) -> None:
    """Writes that access was taken."""
    more = {
        "person_id": scope.person_id,
        "person_label": scope.label,
        "agency_id": scope.agency_id,
        "agency_label": scope.agency_label,
        "opened_at": scope.at,
        "cameras": Jsonb(row["cameras"]),
    }
    await tx.execute(_INSERT, row | more)


async def save_emergency(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    row: dict[str, Any],
) -> None:
    """Writes how it ended, how far its review has gone, and what it found."""
    await tx.execute(_SAVE, {word: value for word, value in row.items() if word != "cameras"})


async def list_emergencies(
    scope: Scope, tx: Transaction, *, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Emergencies of agencies in view, taken by them or from them; newest first."""
    visible, parameters = _visible(scope, VIEW)
    query = sql.SQL(
        "select e.* from access_emergency e where {} and (%(after)s::uuid is null"
        " or e.id < %(after)s) order by e.id desc limit %(limit)s"
    ).format(visible)
    rows = await tx.execute(query, parameters | {"after": after, "limit": limit})
    return await rows.fetchall()


async def find_emergency(
    scope: Scope, tx: Transaction, emergency_id: UUID, action: str, *, lock: bool = False
) -> dict[str, Any] | None:
    """One emergency, of which the scope may do `action` on either side; locked on demand."""
    visible, parameters = _visible(scope, action)
    query = sql.SQL("select e.* from access_emergency e where e.id = %(id)s and {}{}").format(
        visible, sql.SQL(" for update" if lock else "")
    )
    return await (await tx.execute(query, parameters | {"id": emergency_id})).fetchone()


async def list_active(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """What is open now, of or to the asker's agency: for everybody who works there."""
    rows = await tx.execute(_ACTIVE, {"agency": scope.agency_id, "now": scope.at})
    return await rows.fetchall()


async def list_unreviewed(scope: Scope, tx: Transaction, action: str) -> list[dict[str, Any]]:
    """Emergencies of others that are over and not answered for, where the scope may `action`."""
    more: dict[str, None] = {"place": None, "id": None, "tags": None}
    visible, parameters = scope.narrow(action, agency="e.owner_id", **more)
    values = {"now": scope.at, "person": scope.person_id}
    rows = await tx.execute(sql.SQL(_UNREVIEWED).format(visible=visible), parameters | values)
    return await rows.fetchall()


async def list_to_tell(scope: Scope, tx: Transaction, now: datetime) -> list[dict[str, Any]]:
    """Emergencies that have just ended, and those whose review is overdue; locked."""
    visible, parameters = _visible(scope, VIEW)
    rows = await tx.execute(sql.SQL(_TO_TELL).format(visible=visible), parameters | {"now": now})
    return await rows.fetchall()
