"""Pure decisions about reviews of rights: when they open and remind, and what becomes of rights.

Unconfirmed rights lapse at the deadline, by their own end. A right to change people does not: where
nobody confirmed one, all of them stay and are escalated, so that no agency locks itself out.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from warroom.access.contracts import Item, RightDecision
from warroom.access.errors import LastAdminError, OwnReviewError, WrongStateError


def is_due(last_at: datetime, now: datetime, every_days: int) -> bool:
    """Whether the next review is to open; `last_at` is the last one's opening or the first day."""
    return every_days > 0 and now - last_at >= timedelta(days=every_days)


def reminder(
    due_at: datetime, now: datetime, days: Iterable[int], reminded_days: int | None
) -> int | None:
    """Which reminder is due now: days before the end; None if none, or it was given."""
    left = due_at - now
    due = [day for day in days if left <= timedelta(days=day)]
    if not due or left <= timedelta(0):
        return None
    nearest = min(due)
    return None if reminded_days is not None and reminded_days <= nearest else nearest


def is_admin(actions: Iterable[str]) -> bool:
    """Whether these actions let somebody change people."""
    return not {"*", "person:*", "person:configure"}.isdisjoint(actions)


def decide(
    items: list[Item], chosen: Iterable[UUID], decision: RightDecision, reviewer: UUID | None
) -> list[Item]:
    """The items with some of them confirmed or dropped.

    Args:
        items: All of the review.
        chosen: Ids of those decided now.
        decision: `confirmed` or `dropped`.
        reviewer: Who decides.

    Raises:
        OwnReviewError: One of them is the reviewer's own.
        WrongStateError: One of them has lapsed already.
        LastAdminError: Nobody could change people there any more.
    """
    wanted = set(chosen)
    for item in items:
        if item.id in wanted and item.person_id is not None and item.person_id == reviewer:
            raise OwnReviewError
        if item.id in wanted and item.decision in ("dropped", "lapsed"):
            raise WrongStateError(status=item.decision)
    after = [replace(one, decision=decision) if one.id in wanted else one for one in items]
    if decision == "dropped":
        for item in after:
            if item.id in wanted and item.is_admin and not _others_keep(item, after):
                raise LastAdminError
    return after


def _others_keep(item: Item, items: list[Item]) -> bool:
    return any(
        one.is_admin and one.decision not in ("dropped", "lapsed") and _stands_in(one, item)
        for one in items
    )


def _stands_in(one: Item, other: Item) -> bool:
    """Whether the holder of `one` can do for people what the holder of `other` could."""
    return one.id != other.id and (one.reach == other.reach or one.reach == "city")


def close(items: list[Item]) -> list[Item]:
    """The items at the deadline: what nobody confirmed lapses, or is escalated."""
    return [_closed(item, items) for item in items]


def _closed(item: Item, items: list[Item]) -> Item:
    if item.decision is not None:
        return item
    if not item.is_admin:
        return replace(item, decision="lapsed")
    is_kept = any(
        one.is_admin and one.decision == "confirmed" and _stands_in(one, item) for one in items
    )
    return replace(item, decision="lapsed" if is_kept else "escalated")
