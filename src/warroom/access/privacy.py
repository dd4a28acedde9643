"""What `access` tells `privacy`: requests of agencies name people who ask and who will use them."""

from warroom.access import api
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.privacy.contracts import Purpose, Retention, Stored, Subject, SubjectSource, Told

_MOST = 500


async def find_requests(scope: Scope, tx: Transaction, subject: Subject) -> list[Stored]:
    """Requests in view that somebody of this name wrote or will use; the newest 500 are read."""
    page = await api.list_requests(scope, tx, after=None, limit=_MOST, with_ended=True)
    wanted = subject.value.strip().casefold()
    items = tuple(
        {"number": one["number"], "status": one["status"], "purpose": one["purpose"]}
        for one in page["items"]
        if any(wanted in who["name"].casefold() for who in (one["requester"], *one["people"]))
    )
    return (
        [Stored("request", len(items), "access_requests", "access_request", items)] if items else []
    )


TOLD = Told(
    (
        Purpose(
            "access_requests",
            "access_request",
            actions=("access:view",),
            tables=(
                *("access_request", "access_part", "access_approval", "access_attachment"),
                *("access_emergency", "access_review_item"),
            ),
        ),
    ),
    (Retention("access_request", None),),
    (SubjectSource("request", frozenset({"name"}), frozenset({"access_requests"}), find_requests),),
)
