"""Footage around an incident: the nearest cameras' is held by itself, and let go by a person alone.

So are the recordings of its calls.

The system holds it, whoever may see those cameras: what a call taker may not watch is kept for who
may. A hold has the id of its incident and camera, so that it is one however often it is asked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import msgspec

from warroom.calls.api import hold_recordings
from warroom.cameras import api as cameras
from warroom.incidents import rules, store
from warroom.incidents.contracts import Incident
from warroom.incidents.service import event_of
from warroom.incidents.telling import tell
from warroom.kernel.db import Database
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope
from warroom.recording.api import HoldService
from warroom.recording.contracts import HoldDraft

AROUND = timedelta(minutes=10)
"""Held before the first word of the caller and after the end."""

AHEAD = timedelta(minutes=20)
"""While an incident is open its holds reach so far into the future, at least half of it."""

CAMERAS = 4
LONGEST = timedelta(days=31)
"""No hold is longer; what is open for a month is held on by a person."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """What holding works with."""

    inventory: cameras.Inventory
    holds: HoldService
    db: Database


async def hold_footage(keeper: Keeper, scope: Scope, now: datetime) -> int:
    """Holds what is to be held now; tells how many holds are new or reach further.

    The scope must be the system's.
    """
    async with keeper.db.transaction(scope) as tx:
        found = await store.list_to_hold(scope, tx, now - AROUND)
    calls = sum([await _hold_calls(keeper, scope, one, now) for one in found])
    return calls + sum([await _hold_around(keeper, scope, one, now) for one in found])


def reach_of(incident: Incident, now: datetime) -> tuple[datetime, datetime]:
    """From when to when footage around an incident is to be held, as far as is known now.

    In steps of half of `AHEAD`: a hold that grew with each look would fill the audit.
    """
    start = incident.opened_at - AROUND
    if not rules.is_open(incident.state) and incident.ended_at is not None:
        return start, incident.ended_at + AROUND
    step = AHEAD / 2
    steps = -(-(now + step - start) // step)
    return start, min(start + max(steps, 2) * step, start + LONGEST)


async def _hold_calls(keeper: Keeper, scope: Scope, incident: Incident, now: datetime) -> int:
    async with keeper.db.transaction(scope) as tx:
        found = await store.list_calls_of(scope, tx, incident.id)
        wanted = {call: uuid5(incident.id, f"call {call}") for call in found}
        return await hold_recordings(scope, tx, wanted, _reason(incident), now)


def _reason(incident: Incident) -> str:
    return f"112 {incident.number}"


async def _hold_around(keeper: Keeper, scope: Scope, incident: Incident, now: datetime) -> int:
    if incident.lat is None or incident.lon is None:
        return 0
    async with keeper.db.transaction(scope) as tx:
        content = await cameras.list_nearby(
            keeper.inventory, scope, tx, (incident.lat, incident.lon), CAMERAS
        )
    near = [UUID(one["id"]) for one in msgspec.json.decode(content)["items"]]
    start_at, end_at = reach_of(incident, now)
    changed = 0
    for camera_id in near:
        draft = HoldDraft((camera_id,), start_at, end_at, _reason(incident), "")
        hold_id = uuid5(incident.id, f"hold {camera_id}")
        try:
            changed += await keeper.holds.keep(scope, hold_id, draft)
        except NotFoundError:  # removed since it was found to be near
            continue
    if changed:
        await _note(keeper, scope, incident, near, now)
    return changed


async def _note(
    keeper: Keeper, scope: Scope, incident: Incident, near: list[UUID], now: datetime
) -> None:
    """One row of the log for each set of cameras."""
    name = "held " + " ".join(sorted(map(str, near)))
    row = event_of(
        scope, "held", now, event_id=uuid5(incident.id, name), detail={"cameras": len(near)}
    )
    async with keeper.db.transaction(scope) as tx:
        await store.insert_events(scope, tx, incident.id, [row])
        await tell(tx, incident, "held", now)
