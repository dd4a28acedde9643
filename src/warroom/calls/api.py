"""The functions of `calls` that other domains call."""

from datetime import datetime
from uuid import UUID

from warroom.calls import store
from warroom.calls.edge.client import EdgeClient, Following
from warroom.calls.edge.journal import Event
from warroom.calls.errors import NoCallError
from warroom.calls.forwarding import Forwarder
from warroom.calls.rules import CallClass, CallState
from warroom.calls.settings import CallSettings, Trunk
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

PAGE_MOST = 200


async def list_calls(
    scope: Scope,
    tx: Transaction,
    *,
    before: datetime | None = None,
    only_open: bool = False,
    limit: int = 50,
) -> bytes:
    """A page of the calls in view, the newest first, as JSON.

    Args:
        scope: Whose view.
        tx: The transaction.
        before: `next` of the page before.
        only_open: Leave out those that are closed.
        limit: How many at most.
    """
    most = max(1, min(limit, PAGE_MOST))
    return await store.list_calls(scope, tx, before=before, only_open=only_open, limit=most)


async def get_call(scope: Scope, tx: Transaction, call_id: UUID) -> bytes:
    """One call with its places and events, as JSON.

    Raises:
        NoCallError: It is not in view.
    """
    found = await store.find_call(scope, tx, call_id)
    if found is None:
        raise NoCallError
    return found


__all__ = [
    "CallClass",
    "CallSettings",
    "CallState",
    "EdgeClient",
    "Event",
    "Following",
    "Forwarder",
    "Trunk",
    "get_call",
    "list_calls",
]
