"""Calls that are not closed, as the journal tells them: the queue while PostgreSQL is away.

The same as `desk_store.list_queue` tells of calls whose events are stored; what only the database
knows of a call, as how its number behaved before, is unknown here.
"""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from warroom.calls.edge.journal import Event
from warroom.calls.errors import CallStateError
from warroom.calls.rules import CallState, advance

SINCE_S = 86_400.0
"""Calls offered longer ago wait for the database."""

MOST = 300


def queue_of(calls: Sequence[Sequence[Event]]) -> list[dict[str, Any]]:
    """The newest calls, the oldest of them first.

    Args:
        calls: The events of each, in order, from the first on.
    """
    rows = [row_of(events) for events in calls]
    return sorted(rows, key=lambda row: row["offered_at"])[-MOST:]


def row_of(events: Sequence[Event]) -> dict[str, Any]:
    """One call after its events, `offered` first; `nuisance` is None: nobody could judge it."""
    first = events[0]
    row: dict[str, Any] = {
        "id": first.call,
        "line": first.body.get("line", ""),
        "direction": first.body.get("direction", "in"),
        "from_number": first.body.get("number", ""),
        "is_emergency": bool(first.body.get("is_emergency")),
        "class": None,
        "agent_id": None,
        "callback_of": first.body.get("callback_of") or None,
        "callback_tries": 0,
        "silent_confirmed": False,
        "is_short": False,
        "offered_at": _at(first),
        "answered_at": None,
        "ended_at": None,
        "closed_at": None,
        "recording_s": None,
        "recording_sha256": None,
        "recording_gone_at": None,
        "gap_s": 0.0,
        "channel": "phone",
        "text": "",
        "reference": "",
        "nuisance": None,
        "nuisance_reasons": [],
        "place": None,
    }
    state = CallState.NEW
    for event in events:
        # One out of its order is told of where it is stored, and changes no state there either.
        with contextlib.suppress(CallStateError):
            state = advance(state, event.kind)
        _take(row, event)
    return {**row, "state": state.value}


def _take(row: dict[str, Any], event: Event) -> None:
    match event.kind:
        case "answered":
            row["answered_at"] = row["answered_at"] or _at(event)
            row["agent_id"] = event.actor or None
        case "ended" | "abandoned":
            row["ended_at"] = _at(event)
            row["is_short"] = bool(event.body.get("is_short", row["is_short"]))
        case "not_reached":
            row["callback_tries"] += 1
        case "silent_confirmed":
            row["silent_confirmed"] = True
        case "gap":
            row["gap_s"] += event.body.get("seconds") or 0.0
        case "recorded":
            row["recording_s"] = event.body.get("duration_s")
            row["recording_sha256"] = event.body.get("sha256") or None
        case "location" if event.body.get("latitude") is not None:
            row["place"] = {
                "lat": event.body["latitude"],
                "lon": event.body["longitude"],
                "radius_m": event.body.get("radius_m"),
                "source": event.body.get("of", ""),
                "method": event.body.get("method", ""),
                "at": _at(event),
            }


def _at(event: Event) -> datetime:
    return datetime.fromtimestamp(event.at_ms / 1000, UTC)
