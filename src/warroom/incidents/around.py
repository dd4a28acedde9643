"""What is known around a place: cautions, buildings with their hazards, hydrants, history."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from warroom.incidents import around_store as store
from warroom.incidents import premise_store
from warroom.incidents.contracts import VIEW, WORK, Incident, Place
from warroom.incidents.errors import IncidentNotFoundError, NoPlaceError
from warroom.incidents.looking import box_around
from warroom.incidents.service import event_of, get_open
from warroom.incidents.store import insert_events
from warroom.incidents.telling import record, tell
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

WITHIN_M = 200.0
"""From a place to what is told of its surroundings."""

SAME_M = 50.0
"""Within which what happened before happened at the same place."""

FARTHEST_M = 5_000.0
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Caution:
    """What those who go there must know.

    Attributes:
        severity: 1 danger to life, 2 danger, 3 to be known.
    """

    id: UUID
    text: str
    severity: int
    radius_m: float
    ends_at: datetime


async def look_around(
    scope: Scope, tx: Transaction, place: Place, but: UUID, now: datetime
) -> dict[str, Any]:
    """Cautions that hold there, what stands there, and how often something happened in a year."""
    far = box_around(place.lat, place.lon, FARTHEST_M)
    near = box_around(place.lat, place.lon, WITHIN_M)
    at = {"lat": place.lat, "lon": place.lon, "within_m": WITHIN_M, "same_m": SAME_M}
    return {
        "cautions": msgspec.Raw(await store.list_cautions(scope, tx, {**at, **far}, now)),
        "premises": msgspec.Raw(await premise_store.list_near(scope, tx, {**at, **near})),
        "before": msgspec.Raw(await store.count_before(scope, tx, {**at, **near}, but, now - YEAR)),
    }


async def place_to_look_at(
    scope: Scope, tx: Transaction, incident_id: UUID
) -> tuple[tuple[float, float], dict[str, str | None]]:
    """Where an open incident is (lat, lon), and what the audit is told that a camera looked at.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        EndedError: It has ended.
        NoPlaceError: It has no place yet.
    """
    incident = await get_open(scope, tx, incident_id, VIEW)
    if incident.lat is None or incident.lon is None:
        raise NoPlaceError
    return (incident.lat, incident.lon), {"incident": str(incident.id), "number": incident.number}


async def warn(
    scope: Scope, tx: Transaction, incident_id: UUID, caution: Caution, now: datetime
) -> bool:
    """Pins a caution to the place of an incident; False where the same was pinned before.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        EndedError: It has ended.
        NoPlaceError: It has no place yet.
    """
    incident = await get_open(scope, tx, incident_id, WORK)
    if incident.lat is None or incident.lon is None:
        raise NoPlaceError
    values = {
        "id": caution.id,
        "incident_id": incident.id,
        "severity": caution.severity,
        "text": " ".join(caution.text.split()),
        "lat": incident.lat,
        "lon": incident.lon,
        "radius_m": caution.radius_m,
        "ends_at": caution.ends_at,
    }
    if not await store.insert_caution(scope, tx, values, now):
        return False
    detail = {"caution": str(caution.id), "value": values["text"], "severity": caution.severity}
    await _tell(scope, tx, incident, "warned", detail, now)
    return True


async def unwarn(
    scope: Scope, tx: Transaction, incident_id: UUID, caution_id: UUID, now: datetime
) -> None:
    """Takes a caution down before its time.

    Raises:
        IncidentNotFoundError: No such incident or caution, or not for this scope.
        EndedError: The incident has ended.
    """
    incident = await get_open(scope, tx, incident_id, WORK)
    if not await store.end_caution(scope, tx, incident.id, caution_id, now):
        raise IncidentNotFoundError
    await _tell(scope, tx, incident, "unwarned", {"caution": str(caution_id)}, now)


async def _tell(
    scope: Scope,
    tx: Transaction,
    incident: Incident,
    kind: str,
    detail: dict[str, Any],
    now: datetime,
) -> None:
    await insert_events(scope, tx, incident.id, [event_of(scope, kind, now, detail=detail)])
    await tell(tx, incident, kind, now)
    await record(scope, tx, incident, kind, {"caution": detail["caution"]})
