"""How much of access waits for one person: what the navigation counts."""

from typing import Any

from warroom.access.service import views
from warroom.access.service.emergencies import list_unreviewed
from warroom.access.settings import AccessSettings
from warroom.access.store import reviews
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

MOST = 500
"""Open requests that are looked through."""


async def count_waiting(scope: Scope, tx: Transaction, settings: AccessSettings) -> dict[str, int]:
    """Requests the asker can sign, emergencies and reviews that are theirs to decide.

    An emergency counts once it is over, a review while rights of others are left in it.

    What only others can do (their own request, a second signature in the same role) counts for
    nothing here: `{requests, emergencies, reviews}`.
    """
    roles = frozenset(await views.own_approver_roles(scope, tx, settings))
    page = await views.list_requests(scope, tx, after=None, limit=MOST, with_ended=False)
    emergencies = await list_unreviewed(scope, tx)
    return {
        "requests": sum(_may_sign(scope, roles, request) for request in page["items"]),
        "emergencies": len(emergencies),
        "reviews": await reviews.count_left(scope, tx),
    }


def _may_sign(scope: Scope, roles: frozenset[str], request: dict[str, Any]) -> bool:
    users = {request["requester"]["id"], *(person["id"] for person in request["people"])}
    return scope.person_id not in users and any(
        part["may"]["decide"] and roles - {one["role"] for one in part["approvals"]}
        for part in request["parts"]
    )
