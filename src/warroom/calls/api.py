"""The functions of `calls` that other domains call."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from warroom.calls import desk_store, store
from warroom.calls.contracts import VIEW
from warroom.calls.desk import CallDesk
from warroom.calls.edge.client import EdgeClient, Following
from warroom.calls.edge.journal import Event
from warroom.calls.errors import NoCallError
from warroom.calls.foretelling import Wish, foretell
from warroom.calls.forwarding import Forwarder
from warroom.calls.home import Home
from warroom.calls.keeping import CallHold, RecordingKeeper, list_holds
from warroom.calls.keeping import hold as hold_recording
from warroom.calls.keeping import hold_many as hold_recordings
from warroom.calls.keeping import release as release_recording
from warroom.calls.meanwhile import Meanwhile
from warroom.calls.other_ways import take_pbx, take_written
from warroom.calls.rules import CallClass, CallState
from warroom.calls.sealed_recordings import sealer_of_recordings
from warroom.calls.settings import CallSettings, Trunk
from warroom.calls.stamp_store import list_between as list_call_stamps
from warroom.calls.stamp_store import list_of as list_stamps_of
from warroom.identity.contracts import Thing, finds
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


async def list_history(scope: Scope, tx: Transaction, call_id: UUID) -> bytes:
    """Earlier calls in view of the same number, as a JSON list."""
    return await desk_store.list_history(scope, tx, call_id)


async def list_places(scope: Scope, tx: Transaction, call_id: UUID) -> list[dict[str, Any]]:
    """The places that were told with a call in view; none where it is not in view."""
    found = await store.find_call(scope, tx, call_id)
    if found is None:
        return []
    told: list[dict[str, Any]] = msgspec.json.decode(found)["locations"]
    return [one for one in told if one["lat"] is not None and one["lon"] is not None]


async def list_places_since(scope: Scope, tx: Transaction, since: datetime) -> list[dict[str, Any]]:
    """The places that were told since then with calls in view, each with its `call`."""
    return await store.list_places_since(scope, tx, since)


@finds("call")
async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The call in view with this id, as rights see it; None if there is none."""
    try:
        found = await desk_store.find_call(scope, tx, UUID(asked), VIEW)
    except ValueError:
        return None
    if found is None:
        return None
    return Thing("call", found["id"], str(found["id"]), found["agency_id"], class_=found["class"])


__all__ = [
    "CallClass",
    "CallDesk",
    "CallHold",
    "CallSettings",
    "CallState",
    "EdgeClient",
    "Event",
    "Following",
    "Forwarder",
    "Home",
    "Meanwhile",
    "RecordingKeeper",
    "Trunk",
    "Wish",
    "foretell",
    "get_call",
    "hold_recording",
    "hold_recordings",
    "list_call_stamps",
    "list_calls",
    "list_history",
    "list_holds",
    "list_places",
    "list_places_since",
    "list_stamps_of",
    "release_recording",
    "sealer_of_recordings",
    "take_pbx",
    "take_written",
]
