"""The handing over of a shift: what is open is written down, and whoever comes reads each of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from warroom.audit import api as audit
from warroom.calls.api import CallDesk
from warroom.calls.contracts import SUPERVISE
from warroom.cameras import api as cameras
from warroom.dispatch import handover_store, store
from warroom.dispatch.errors import HandoverNotFoundError, OwnHandoverError
from warroom.dispatch.replay import digest
from warroom.incidents import api as incidents
from warroom.kernel.db import Database, Transaction
from warroom.kernel.decks import Text
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope

NOTES_MOST = 4_000
_MOST = 200
_LOGGED = ("id", "incident", "kind", "happened_at", "received_at", "source", "reason", "detail")


@dataclass(frozen=True, slots=True)
class Places:
    """Where what is handed over is found."""

    db: Database
    desk: CallDesk
    inventory: cameras.Inventory


async def gather_open(places: Places, scope: Scope, now: datetime) -> dict[str, Any]:
    """What is open now as far as the asker may see it: what a shift hands over.

    `outages.edge` is empty where the telephone edge answers; cameras are counted by state.
    """
    waiting = await places.desk.queue(scope)
    async with places.db.transaction(scope) as tx:
        listed = await incidents.list_incidents(
            scope, tx, since=now, after=None, limit=_MOST, is_open=True
        )
        names = {card.code: card.name for card in await incidents.list_cards(scope, tx)}
        told = [await _incident(scope, tx, one, names, now) for one in msgspec.json.decode(listed)]
        tasks = msgspec.json.decode(await store.list_tasks(scope, tx, now))
        states = msgspec.json.decode(await cameras.count_states(places.inventory, scope, tx))
    return {
        "at": now,
        "incidents": told,
        "units": [one for task in tasks for one in _units(task)],
        "calls": [
            {"id": one["id"], "state": one["state"], "offered_at": one["offered_at"]}
            for one in waiting["items"]
        ],
        "outages": {"edge": waiting["problem"], "cameras": states},
    }


def items_of(content: Mapping[str, Any]) -> list[str]:
    """What is read one by one: each open incident, and the rest by its kind."""
    return [
        *(f"incident:{one['id']}" for one in content["incidents"]),
        *("units", "calls", "outages", "notes"),
    ]


def log_hash(events: Iterable[Mapping[str, Any]], until: datetime) -> str:
    """SHA-256 of the log of an incident as it was then: rows that came since make no difference."""
    rows = [
        {name: event[name] for name in _LOGGED}
        for event in events
        if datetime.fromisoformat(event["received_at"]) <= until
    ]
    return digest(sorted(rows, key=lambda row: (row["received_at"], row["id"])))


async def write(
    scope: Scope,
    tx: Transaction,
    handover_id: UUID,
    notes: str,
    content: Mapping[str, Any],
    now: datetime,
) -> bool:
    """Keeps what a shift hands over, with the hash of it; the same id is kept once.

    Raises:
        HandoverNotFoundError: The asker hands over for no agency.
    """
    if scope.agency_id is None or not scope.allows(SUPERVISE, agency_id=scope.agency_id):
        raise HandoverNotFoundError
    text = notes.replace("\0", "").strip()[:NOTES_MOST]
    told = msgspec.json.decode(msgspec.json.encode(content))
    sha256 = digest({"content": told, "notes": text})
    is_new = await handover_store.insert(scope, tx, handover_id, (text, told, sha256), now)
    if is_new:
        detail = {"sha256": sha256, "incidents": len(told["incidents"])}
        await _record(scope, tx, handover_id, scope.agency_id, "handover_written", detail)
    return is_new


async def confirm(
    scope: Scope, tx: Transaction, handover_id: UUID, items: Sequence[str], now: datetime
) -> dict[str, Any]:
    """Notes that the asker read these; who read all of them has taken over.

    Raises:
        HandoverNotFoundError: There is none, or not for this scope.
        OwnHandoverError: Nobody takes over from themselves.
    """
    row = await _get(scope, tx, handover_id)
    if row["written_by"] == scope.person_id:
        raise OwnHandoverError
    known = items_of(row["content"])
    read = [item for item in items if item in known]
    fresh = await handover_store.insert_read(scope, tx, handover_id, read, now)
    if fresh:
        detail = {"items": fresh}
        await _record(scope, tx, handover_id, row["agency_id"], "handover_read", detail)
    return await show(scope, tx, handover_id)


async def show(scope: Scope, tx: Transaction, handover_id: UUID) -> dict[str, Any]:
    """One of them, who read what of it, and whether hash and logs still hold.

    `holds` is of what was written; `log_holds` of each incident is None where the asker does not
    see it any more.

    Raises:
        HandoverNotFoundError: There is none, or not for this scope.
    """
    row = await _get(scope, tx, handover_id)
    content, items = row["content"], items_of(row["content"])
    reads = await handover_store.list_reads(scope, tx, handover_id)
    told = [
        {**one, "log_holds": await _holds(scope, tx, one, row["written_at"])}
        for one in content["incidents"]
    ]
    return {
        **row,
        "content": {**content, "incidents": told},
        "items": items,
        "reads": reads,
        "taken_over": taken_over(items, reads),
        "holds": digest({"content": content, "notes": row["notes"]}) == row["sha256"],
        "is_own": row["written_by"] == scope.person_id,
    }


def taken_over(items: Sequence[str], reads: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Who first read all of it, and when; None where nobody has."""
    by: dict[Any, dict[str, Any]] = {}
    for read in reads:
        one = by.setdefault(read["person_id"], {"person": read["person"], "left": set(items)})
        one["left"].discard(read["item"])
        if not one["left"] and "at" not in one:
            one["at"] = read["at"]
    done = [one for one in by.values() if "at" in one]
    first = min(done, key=lambda one: one["at"], default=None)
    return first and {"person": first["person"], "at": first["at"]}


async def list_all(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Those in view, the newest first: when, by whom, and who took over."""
    found = []
    for row in await handover_store.list_rows(scope, tx):
        reads = await handover_store.list_reads(scope, tx, row["id"])
        content = row.pop("content")
        found.append({**row, "taken_over": taken_over(items_of(content), reads)})
    return found


async def _get(scope: Scope, tx: Transaction, handover_id: UUID) -> dict[str, Any]:
    row = await handover_store.find(scope, tx, handover_id)
    if row is None:
        raise HandoverNotFoundError
    return row


async def _incident(
    scope: Scope,
    tx: Transaction,
    short: Mapping[str, Any],
    names: Mapping[str, Text],
    now: datetime,
) -> dict[str, Any]:
    _, shown = await incidents.show_told(scope, tx, UUID(short["id"]))
    words = ("id", "number", "event", "address", "area", "state", "since", "priority")
    return {
        **{word: short[word] for word in words},
        # As its card is called now: what was handed over stays as it was read.
        "name": names.get(short["type"]),
        "agencies": [one["short"] for one in shown["agencies"]],
        "log_rows": len(shown["events"]),
        "log_sha256": log_hash(shown["events"], now),
    }


async def _holds(
    scope: Scope, tx: Transaction, one: Mapping[str, Any], until: datetime
) -> bool | None:
    try:
        _, shown = await incidents.show_told(scope, tx, UUID(one["id"]))
    except NotFoundError:
        return None
    return bool(log_hash(shown["events"], until) == one["log_sha256"])


def _units(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": one["unit"]["name"],
            "state": one["state"],
            "since": one["since"],
            "task": task["number"],
        }
        for one in task["assignments"]
        if one["ended_at"] is None
    ]


async def _record(
    scope: Scope, tx: Transaction, handover_id: UUID, agency_id: UUID, deed: str, detail: Any
) -> None:
    await audit.record(
        scope,
        tx,
        action=f"dispatch:{deed}",
        object_kind="handover",
        object_id=handover_id,
        agency_id=agency_id,
        detail=detail,
        sides={
            "agency_id": agency_id,
            "place": None,
            "object_id": handover_id,
            "tags": (),
            "class_": None,
        },
    )
