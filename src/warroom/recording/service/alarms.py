"""Alarms of recording: raised while something is wrong, kept with their begin, cleared when over.

Judged by one process of the city every two seconds from what recorders last said, so that the
death of a recorder is an alarm like any other.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from warroom.cameras import api as cameras
from warroom.kernel import outbox
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.recording.alarm_rules import NODE_FORGOTTEN_AFTER, WATCH_PAUSE, due_alarms
from warroom.recording.contracts import ALARM, Alarm, camera_sides
from warroom.recording.hold_rules import ENDS_NEXT
from warroom.recording.store import alarms as store
from warroom.recording.store import holds

KEPT_CLEARED = timedelta(days=30)
LIST_MOST = 2000


async def judge(inventory: cameras.Inventory, scope: Scope, tx: Transaction) -> int:
    """Raises, changes and clears alarms, and tells each; returns how many were told.

    The scope must be the system's.
    """
    since = await store.watch(scope, tx, WATCH_PAUSE)
    unrecorded = await cameras.list_unrecorded(inventory, scope, tx)
    await store.drop_nodes(scope, tx, scope.at - NODE_FORGOTTEN_AFTER)
    nodes = await store.list_nodes(scope, tx)
    ending = await holds.lock_ending(scope, tx, scope.at + ENDS_NEXT)
    loud = await cameras.list_loud(inventory, scope, tx)
    alarms = due_alarms(unrecorded, nodes, scope.at, since, ending, loud)
    due = {(alarm.kind, alarm.subject): alarm for alarm in alarms}
    present = await store.lock_open(scope, tx)
    raised = [(new_id(), alarm) for key, alarm in due.items() if key not in present]
    changed = [
        (row["id"], replace(due[key], since=row["since"]))
        for key, row in present.items()
        if key in due and _differs(due[key], row)
    ]
    cleared = [(row["id"], _alarm(row)) for key, row in present.items() if key not in due]
    await store.insert_alarms(scope, tx, raised)
    await store.change_alarms(scope, tx, changed)
    await store.clear_alarms(scope, tx, [id_ for id_, _ in cleared])
    await store.drop_cleared(scope, tx, scope.at - KEPT_CLEARED)
    told = [
        (change, id_, alarm)
        for change, alarms in (("raised", raised), ("changed", changed), ("cleared", cleared))
        for id_, alarm in alarms
    ]
    events = [
        (
            {"change": change, **_json(id_, alarm, scope.at if change == "cleared" else None)},
            *_thing(alarm),
        )
        for change, id_, alarm in told
    ]
    await outbox.publish_many(tx, ALARM, events, now=scope.at)
    return len(told)


async def list_alarms(scope: Scope, tx: Transaction, cleared_hours: float) -> dict[str, Any]:
    """Alarms in view as JSON: `items`, and `open` counted by kind over all, however many.

    Args:
        scope: Who asks.
        tx: Transaction of the scope.
        cleared_hours: Also those that were cleared within so many hours.
    """
    cleared_since = scope.at - timedelta(hours=cleared_hours)
    rows = await store.list_alarms(scope, tx, cleared_since, LIST_MOST)
    counts = await store.count_alarms(scope, tx)
    return {
        "items": [_json(row["id"], _alarm(row), row["cleared_at"]) for row in rows],
        "open": [
            {"kind": c["kind"], "level": c["level"], "count": c["n"], "since": c["since"]}
            for c in counts
        ],
    }


def _differs(alarm: Alarm, row: dict[str, Any]) -> bool:
    return (alarm.level, alarm.detail, alarm.node) != (row["level"], row["detail"], row["node"])


def _thing(alarm: Alarm) -> outbox.Thing:
    """By what it is decided who hears of it; machines are nobody's."""
    if alarm.camera is None:
        return None, None, None, (), None
    return outbox.thing_of(alarm.camera)


def _alarm(row: dict[str, Any]) -> Alarm:
    return Alarm(
        row["kind"],
        row["subject"],
        row["level"],
        row["since"],
        row["node"],
        row["disk"],
        None if row["camera_id"] is None else camera_sides(row),
        row["detail"],
    )


def _json(id_: UUID, alarm: Alarm, cleared_at: datetime | None) -> dict[str, Any]:
    return {
        "id": id_,
        "kind": alarm.kind,
        "level": alarm.level,
        "since": alarm.since,
        "cleared_at": cleared_at,
        "node": alarm.node,
        "disk": alarm.disk,
        "camera_id": alarm.camera_id,
        **alarm.detail,
    }
