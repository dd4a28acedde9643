"""Each quarter an agency confirms or drops the rights of its people; the rest lapses."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from warroom.access.contracts import CHANGED, REVIEW, Item, RightDecision
from warroom.access.errors import WrongStateError
from warroom.access.rules import reviews as rules
from warroom.access.settings import AccessSettings
from warroom.access.store import directory
from warroom.access.store import reviews as store
from warroom.audit import api as audit
from warroom.identity import api as identity
from warroom.kernel import outbox
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

_LOOK_BACK = timedelta(days=400)


async def open_review(
    scope: Scope, tx: Transaction, agency_id: UUID, settings: AccessSettings
) -> UUID:
    """Opens a review of one agency's rights now; unconfirmed ones get the deadline as their end.

    Rights to change people get none: they are decided about when it closes.

    Raises:
        NotFoundError: The asker does not review that agency.
        WrongStateError: One is open already.
    """
    if not scope.allows(REVIEW, agency_id=agency_id):
        raise NotFoundError
    waiting = {one["id"]: one["name"] for one in await store.list_waiting(scope, tx)}
    if agency_id not in waiting:
        raise WrongStateError(status="active")
    names = {one["id"]: one["name"] for one in await directory.list_agencies(scope, tx)}
    due_at = scope.at + timedelta(days=settings.review_open_days)
    review_id = new_id()
    review = {
        "id": review_id,
        "agency_id": agency_id,
        "agency_label": names.get(agency_id, ""),
        "opened_at": scope.at,
        "due_at": due_at,
    }
    uses = await audit.list_last_uses(scope, tx, agency_id, scope.at - _LOOK_BACK, action=REVIEW)
    items = []
    for right in await identity.list_rights(scope, tx, agency_id):
        item = right | {
            "id": new_id(),
            "review_id": review_id,
            "agency_id": agency_id,
            "is_admin": right["kind"] == "role" and rules.is_admin(right["actions"]),
            "was_until": right["ends_at"],
            "last_used_at": right["used_at"] or _last_use(right, uses),
        }
        items.append(item)
        if not item["is_admin"] and (item["was_until"] is None or item["was_until"] > due_at):
            await identity.set_right_end(scope, tx, right["kind"], right, due_at)
    await store.insert_review(scope, tx, review, items)
    detail = {"rights": len(items), "due_at": due_at}
    await _tell(scope, tx, review, "review_opened", detail=detail)
    return review_id


def _last_use(right: dict[str, Any], uses: dict[tuple[UUID, str], datetime]) -> datetime | None:
    """When the holder last did something of a domain of which the right speaks.

    For what an agency holds, anybody of it counts.
    """
    domains = {action.partition(":")[0] for action in right["actions"]}
    found = [
        at
        for (person_id, domain), at in uses.items()
        if right["person_id"] in (None, person_id) and (domain in domains or "*" in domains)
    ]
    return max(found, default=None)


async def open_due_reviews(scope: Scope, tx: Transaction, settings: AccessSettings) -> int:
    """Opens the reviews whose time has come; gives how many."""
    due = [
        one["id"]
        for one in await store.list_waiting(scope, tx)
        if rules.is_due(one["last_at"], scope.at, settings.review_days)
    ]
    for agency_id in due:
        await open_review(scope, tx, agency_id, settings)
    return len(due)


async def decide_items(
    scope: Scope, tx: Transaction, review_id: UUID, chosen: list[UUID], decision: RightDecision
) -> int:
    """Confirms or drops rights of an open review; gives how many.

    A confirmed right ends as it would have without the review; a dropped one ends now.

    Raises:
        NotFoundError: No such review that the asker decides.
        WrongStateError: It is closed, or one of the rights has lapsed.
        OwnReviewError: One of the rights is the asker's own.
        LastAdminError: Nobody could change people there any more.
    """
    review = await store.find_review(scope, tx, review_id, REVIEW)
    if review is None:
        raise NotFoundError
    if review["closed_at"] is not None or scope.at >= review["due_at"]:
        raise WrongStateError(status="expired")
    rows = {row["id"]: row for row in await store.list_items(scope, tx, review_id)}
    if not set(chosen) <= set(rows):
        raise NotFoundError
    rules.decide([_item(row) for row in rows.values()], chosen, decision, scope.person_id)
    for item_id in dict.fromkeys(chosen):
        row = rows[item_id]
        if decision == "confirmed":
            await identity.set_right_end(scope, tx, row["kind"], row, row["was_until"])
        else:
            await identity.end_right(scope, tx, row["kind"], row)
        await store.save_decision(scope, tx, item_id, decision)
        await _record_right(scope, tx, row, decision)
    await _publish(scope, tx, review, "review_changed")
    return len(set(chosen))


async def list_reviews(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Reviews in view with how far they are, newest first."""
    return [_shown(scope, row) for row in await store.list_reviews(scope, tx)]


async def show_review(scope: Scope, tx: Transaction, review_id: UUID) -> dict[str, Any]:
    """One review with every right in it.

    Raises:
        NotFoundError: There is none, for this scope.
    """
    found = await store.list_reviews(scope, tx, review_id)
    if not found:
        raise NotFoundError
    words = (
        *("id", "kind", "person_id", "person_label", "role", "label", "reach", "actions"),
        *("is_admin", "was_until", "last_used_at", "decision", "decided_at", "decided_label"),
    )
    items = [
        {word: row[word] for word in words}
        | {"is_own": row["person_id"] is not None and row["person_id"] == scope.person_id}
        for row in await store.list_items(scope, tx, review_id)
    ]
    return _shown(scope, found[0]) | {"items": items}


async def tend_reviews(scope: Scope, tx: Transaction, settings: AccessSettings) -> int:
    """Reminds of open reviews, and closes those that are due; gives how many it closed.

    Rights have ended by the clock before that; what is left to do is to take away roles and seats
    that lapsed, to decide about administrators, and to tell.
    """
    closed = 0
    for review in await store.list_open(scope, tx):
        if scope.at >= review["due_at"]:
            await _close(scope, tx, review)
            closed += 1
            continue
        days = rules.reminder(
            review["due_at"], scope.at, settings.reminder_days, review["reminded_days"]
        )
        if days is not None:
            await store.save_review(scope, tx, review | {"reminded_days": days})
            await _tell(scope, tx, review, "review_reminded", detail={"days": days})
    return closed


async def _close(scope: Scope, tx: Transaction, review: dict[str, Any]) -> None:
    rows = {row["id"]: row for row in await store.list_items(scope, tx, review["id"])}
    counts: dict[str, int] = {}
    for item in rules.close([_item(row) for row in rows.values()]):
        row = rows[item.id]
        counts[item.decision or ""] = counts.get(item.decision or "", 0) + 1
        if row["decision"] is not None or item.decision is None:
            continue
        if item.decision == "lapsed" and row["kind"] in ("role", "seat"):
            await identity.end_right(scope, tx, row["kind"], row)
        await store.save_decision(scope, tx, item.id, item.decision)
        await _record_right(scope, tx, row, item.decision)
    await store.save_review(scope, tx, review | {"closed_at": scope.at})
    await _tell(scope, tx, review, "review_closed", detail=counts)


def _item(row: dict[str, Any]) -> Item:
    return Item(
        row["id"],
        row["agency_id"],
        row["person_id"],
        row["reach"],
        row["is_admin"],
        row["decision"],
    )


def _shown(scope: Scope, row: dict[str, Any]) -> dict[str, Any]:
    words = ("id", "agency_id", "agency_label", "opened_at", "due_at", "closed_at")
    counts = ("total", "open", "confirmed", "dropped", "lapsed", "escalated")
    is_open = row["closed_at"] is None and scope.at < row["due_at"]
    return {word: row[word] for word in (*words, *counts)} | {
        "may": {"decide": is_open and scope.allows(REVIEW, agency_id=row["agency_id"])}
    }


async def _record_right(scope: Scope, tx: Transaction, row: dict[str, Any], decision: str) -> None:
    await audit.record(
        scope,
        tx,
        action=f"access:right_{decision}",
        object_kind=row["kind"],
        object_id=row["grant_id"] or row["token_id"] or row["seat_id"] or row["person_id"],
        agency_id=row["agency_id"],
        object_label=row["label"],
        detail={"review": row["review_id"], "reach": row["reach"], "person": row["person_id"]},
    )


async def _tell(
    scope: Scope,
    tx: Transaction,
    review: dict[str, Any],
    change: str,
    *,
    detail: dict[str, Any] | None = None,
) -> None:
    await audit.record(
        scope,
        tx,
        action=f"access:{change}",
        object_kind="review",
        object_id=review["id"],
        agency_id=review["agency_id"],
        object_label=review["agency_label"],
        detail=detail,
    )
    await _publish(scope, tx, review, change)


async def _publish(scope: Scope, tx: Transaction, review: dict[str, Any], change: str) -> None:
    body = {"kind": "review", "id": review["id"], "change": change}
    await outbox.publish(tx, CHANGED, body, agency_id=review["agency_id"], now=scope.at)
