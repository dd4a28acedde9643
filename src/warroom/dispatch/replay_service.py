"""Gathers everything that is kept of an incident, as far as the asker may see each part."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

import msgspec

from warroom.calls import api as calls
from warroom.calls.contracts import CallStamps
from warroom.cameras import api as cameras
from warroom.dispatch.kpi import UnitStamps
from warroom.dispatch.kpi_report import make_report
from warroom.dispatch.kpi_service import report_json
from warroom.dispatch.kpi_store import list_holds, list_unit_stamps
from warroom.dispatch.printing import Frame, print_after_action
from warroom.dispatch.replay import LONGEST, Moment, digest, seconds_of, span_of, timeline
from warroom.incidents import api as incidents
from warroom.incidents.contracts import Incident
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope
from warroom.units import api as units

CAMERAS = 4
"""As many as footage is held of around an incident."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of an incident and the asker may see."""

    incident: Incident
    shown: dict[str, Any]
    calls: list[CallStamps]
    units: list[UnitStamps]
    moments: list[Moment]
    photos: list[dict[str, Any]]


async def gather_kept(scope: Scope, tx: Transaction, incident_id: UUID) -> Kept:
    """The incident with its calls, log, notes and the stamps of its units; audits nothing.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    incident, shown = await incidents.show_told(scope, tx, incident_id)
    about = [UUID(one) for one in shown["call_ids"]]
    ids = [incident.id, *(UUID(one["id"]) for one in shown["merged"])]
    told = await calls.list_stamps_of(scope, tx, about)
    sent = await list_unit_stamps(scope, tx, ids)
    photos = await incidents.list_photos(scope, tx, incident.id)
    held = [one.assignment_id for one in sent if one.assignment_id is not None]
    holds = await list_holds(scope, tx, held)
    return Kept(incident, shown, told, sent, timeline(shown, told, sent, holds), photos)


async def replay(
    inventory: cameras.Inventory, scope: Scope, tx: Transaction, incident_id: UUID, zone: tzinfo,
    now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """Everything of an incident on one clock; the look is audited, and each track for itself.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    kept = await gather_kept(scope, tx, incident_id)
    incident = kept.incident
    start, end = span_of(kept.moments, incident.opened_at)
    is_over = incident.ended_at is not None or incident.merged_into is not None
    end = end if is_over else max(end, now)
    steps = await incidents.list_steps(scope, tx, incident_id)
    cut = min(end, start + LONGEST)
    body = {
        **content_of(kept),
        "from": start,
        "to": end,
        "is_over": is_over,
        "states": [{"at": at, "state": state} for at, state in steps],
        "locations": kept.shown["locations"],
        "tracks": [await _track(scope, tx, unit, (start, cut)) for unit in _once(kept.units)],
        "tracks_cut": cut < end,
        "cameras": await _cameras(inventory, scope, tx, incident),
        "figures": await _figures(scope, tx, kept, zone, now),
    }
    await incidents.record(scope, tx, incident, "replayed")
    return body


async def after_action(frame: Frame, scope: Scope, tx: Transaction, incident_id: UUID) -> str:
    """The paper after an incident, as far as the asker may read; the audit keeps its hash.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    kept = await gather_kept(scope, tx, incident_id)
    content = content_of(kept)
    figures = await _figures(scope, tx, kept, frame.zone, frame.at)
    detail = {"sha256": content["sha256"], "moments": len(kept.moments)}
    await incidents.record(scope, tx, kept.incident, "exported", detail)
    return print_after_action(frame, content, figures)


def content_of(kept: Kept) -> dict[str, Any]:
    """What is told of an incident, with the hash of it; the same until something is added."""
    incident = kept.incident
    told = {
        "incident": {
            "id": incident.id,
            "number": incident.number,
            "type": incident.type_code,
            "priority": incident.priority,
            "event": incident.event,
            "address": incident.address,
            "area": incident.area,
            "lat": incident.lat,
            "lon": incident.lon,
            "state": incident.state,
            "opened_at": incident.opened_at,
            "ended_at": incident.ended_at,
            "disposition": incident.disposition,
            "agencies": [one["name"] for one in kept.shown["agencies"]],
        },
        "calls": [_call(one) for one in kept.calls],
        "calls_unseen": len(kept.shown["call_ids"]) - len(kept.calls),
        "units": [_unit(one) for one in kept.units],
        "moments": kept.moments,
        "photos": kept.photos,
    }
    return {**told, "sha256": digest(told)}


def _call(call: CallStamps) -> dict[str, Any]:
    return {
        "id": call.id,
        "class": call.class_,
        "offered_at": call.offered_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "recording_s": call.recording_s,
        "recording_sha256": call.recording_sha256,
    }


def _unit(unit: UnitStamps) -> dict[str, Any]:
    return {
        "id": unit.unit_id,
        "name": unit.name,
        "kind": unit.kind,
        "state": unit.state,
        "dispatched_at": unit.dispatched_at,
        "en_route_at": unit.en_route_at,
        "on_scene_at": unit.on_scene_at,
        "ended_at": unit.ended_at,
        **seconds_of(unit),
    }


def _once(sent: list[UnitStamps]) -> list[UnitStamps]:
    return list({unit.unit_id: unit for unit in sent}.values())


async def _track(
    scope: Scope, tx: Transaction, unit: UnitStamps, span: tuple[datetime, datetime]
) -> dict[str, Any]:
    """Where a unit was; who may not see its track is told that there is one they may not see."""
    told = {"unit": unit.unit_id, "name": unit.name, "kind": unit.kind}
    if span[0] >= span[1]:
        return {**told, "is_seen": True, "items": []}
    try:
        found = await units.read_track(scope, tx, unit.unit_id, span)
    except NotFoundError:
        return {**told, "is_seen": False, "items": []}
    return {**told, "is_seen": True, **msgspec.json.decode(found)}


async def _cameras(
    inventory: cameras.Inventory, scope: Scope, tx: Transaction, incident: Incident
) -> list[dict[str, Any]]:
    """The nearest cameras in view; their footage is asked of playback, which has its own guard."""
    if incident.lat is None or incident.lon is None:
        return []
    found = await cameras.list_nearby(inventory, scope, tx, (incident.lat, incident.lon), CAMERAS)
    items: list[dict[str, Any]] = msgspec.json.decode(found)["items"]
    return items


async def _figures(
    scope: Scope, tx: Transaction, kept: Kept, zone: tzinfo, now: datetime
) -> dict[str, Any] | None:
    """The figures of this incident alone; None of one that was not handed on."""
    stamps = await incidents.find_stamps(scope, tx, kept.incident.id)
    if stamps is None:
        return None
    inward = [call for call in kept.calls if call.direction == "in"]
    report = make_report(
        inward, [stamps], kept.units, {call.id: call for call in kept.calls}, now, zone
    )
    return report_json(report)
