"""SQL of reviews and their items."""

from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.access.contracts import REVIEW, VIEW
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_COUNTS = """
select v.*, c.total, c.open, c.confirmed, c.dropped, c.lapsed, c.escalated
from access_review v cross join lateral (
    select count(*) as total, count(*) filter (where decision is null) as open,
        count(*) filter (where decision = 'confirmed') as confirmed,
        count(*) filter (where decision = 'dropped') as dropped,
        count(*) filter (where decision = 'lapsed') as lapsed,
        count(*) filter (where decision = 'escalated') as escalated
    from access_review_item i where i.review_id = v.id) c
where {visible} and {wanted}
order by v.id desc limit 200
"""

_LEFT = """
select count(*) as n from access_review v
where {visible} and v.closed_at is null and v.due_at > %(now)s and exists (
    select from access_review_item i where i.review_id = v.id and i.decision is null
      and i.person_id is distinct from %(person)s)
"""

_DUE = """
select a.id, a.name, greatest(a.created_at, (
    select max(v.opened_at) from access_review v where v.agency_id = a.id)) as last_at
from agency a
where a.is_active and not exists (
    select from access_review v where v.agency_id = a.id and v.closed_at is null)
order by a.id
"""

_ITEM_WORDS = (
    *("id", "review_id", "agency_id", "kind", "person_id", "person_label", "role", "grant_id"),
    *("token_id", "seat_id", "label", "reach", "actions", "is_admin", "was_until", "last_used_at"),
)

_INSERT_ITEM = sql.SQL("insert into access_review_item ({}) values ({})").format(
    sql.SQL(", ").join(map(sql.Identifier, _ITEM_WORDS)),
    sql.SQL(", ").join(map(sql.Placeholder, _ITEM_WORDS)),
)


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(action, agency="v.agency_id", place=None, id=None, tags=None, class_=None)


async def list_reviews(
    scope: Scope, tx: Transaction, review_id: UUID | None = None
) -> list[dict[str, Any]]:
    """Reviews in view with how far they are, newest first; or one of them."""
    visible, parameters = _visible(scope, VIEW)
    wanted = sql.SQL("true" if review_id is None else "v.id = %(id)s")
    query = sql.SQL(_COUNTS).format(visible=visible, wanted=wanted)
    return await (await tx.execute(query, parameters | {"id": review_id})).fetchall()


async def find_review(
    scope: Scope, tx: Transaction, review_id: UUID, action: str
) -> dict[str, Any] | None:
    """One review on which the scope may do `action`, locked until the transaction ends."""
    visible, parameters = _visible(scope, action)
    query = sql.SQL("select v.* from access_review v where v.id = %(id)s and {} for update").format(
        visible
    )
    return await (await tx.execute(query, parameters | {"id": review_id})).fetchone()


async def list_open(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Open reviews in view, locked; those that another process works on are left out."""
    visible, parameters = _visible(scope, VIEW)
    query = sql.SQL(
        "select v.* from access_review v where v.closed_at is null and {} order by v.id"
        " for update skip locked"
    ).format(visible)
    return await (await tx.execute(query, parameters)).fetchall()


async def count_left(scope: Scope, tx: Transaction) -> int:
    """Open reviews that the scope decides, with rights left that are not the asker's own."""
    visible, parameters = _visible(scope, REVIEW)
    values = parameters | {"now": scope.at, "person": scope.person_id}
    row = await (await tx.execute(sql.SQL(_LEFT).format(visible=visible), values)).fetchone()
    return int(row["n"]) if row else 0


async def list_waiting(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
) -> list[dict[str, Any]]:
    """Active agencies without an open review, and when the last one opened."""
    return await (await tx.execute(_DUE)).fetchall()


async def list_items(
    scope: Scope,  # noqa: ARG001 - the caller has found the review; row-level security again
    tx: Transaction,
    review_id: UUID,
) -> list[dict[str, Any]]:
    """Items of a review, by person."""
    rows = await tx.execute(
        "select * from access_review_item where review_id = %(id)s"
        " order by lower(person_label), kind, label, id",
        {"id": review_id},
    )
    return await rows.fetchall()


async def insert_review(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    review: dict[str, Any],
    items: list[dict[str, Any]],
) -> None:
    """Writes a review with its items."""
    await tx.execute(
        "insert into access_review (id, agency_id, agency_label, opened_at, due_at)"
        " values (%(id)s, %(agency_id)s, %(agency_label)s, %(opened_at)s, %(due_at)s)",
        review,
    )
    async with tx.cursor() as cursor:
        await cursor.executemany(_INSERT_ITEM, items)


async def save_review(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    review: dict[str, Any],
) -> None:
    """Writes that a review was reminded of, or closed."""
    await tx.execute(
        "update access_review set closed_at = %(closed_at)s, reminded_days = %(reminded_days)s"
        " where id = %(id)s",
        review,
    )


async def save_decision(scope: Scope, tx: Transaction, item_id: UUID, decision: str) -> None:
    """Writes what became of a right, and who decided it."""
    await tx.execute(
        "update access_review_item set decision = %(decision)s, decided_at = %(now)s,"
        " decided_by = %(by)s, decided_label = %(label)s where id = %(id)s",
        {
            "id": item_id,
            "decision": decision,
            "now": scope.at,
            "by": scope.person_id,
            "label": scope.label,
        },
    )
