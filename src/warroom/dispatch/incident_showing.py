"""Recommendations and the parts of an incident as the interface tells them."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from warroom.dispatch.contracts import Assignment
from warroom.dispatch.eta import Span
from warroom.dispatch.lateness import Cause, Late, Nearer
from warroom.dispatch.progress import Limits, due_of
from warroom.dispatch.proposing import Candidate
from warroom.dispatch.recommending import HOSE_M, Rated, Slot
from warroom.dispatch.sending import Recommendation

type Spans = Callable[[float | None, str, datetime], Span | None]


def recommendation_json(found: Recommendation, spans: Spans) -> dict[str, Any]:
    """The run card, and a slot for each unit that it asks for; `spans` knows ranges of arrival."""
    gathered, card = found.gathered, found.gathered.card
    return {
        "at": found.at,
        "incident": gathered.incident.id,
        "card": None
        if card is None
        else {"code": card.code, "version": card.version, "name": card.name, "levels": card.levels},
        "level": gathered.level,
        "sent_level": gathered.sent_level,
        "is_late": found.late is not None,
        "late": None if found.late is None else _late(found.late),
        "without_roads": found.without_roads,
        "slots": [_slot(slot, found, spans) for slot in found.slots],
    }


def _slot(slot: Slot, found: Recommendation, spans: Spans) -> dict[str, Any]:
    named = slot.named
    return {
        "role": slot.need.role,
        "level": slot.level,
        "lead": slot.need.lead,
        "agency": found.gathered.lead_agencies.get(slot.need.lead),
        "sent": slot.sent,
        "unit": None if slot.filled_by is None else _rated(slot.filled_by, found, spans),
        "others": [_rated(one, found, spans) for one in slot.others],
        "missing": [{"why": why, "count": count} for why, count in slot.missing.items()],
        "named": None if named is None else _named(named, found),
    }


def _named(unit: Candidate, found: Recommendation) -> dict[str, Any]:
    arrives_s = found.arrives_s.get(unit.unit_id)
    return {
        "id": unit.unit_id,
        "name": unit.name,
        "agency": found.gathered.agencies[unit.unit_id],
        "position_at": unit.at,
        "task": unit.busy_with,
        "arrives_s": None if arrives_s is None else round(arrives_s, 1),
    }


def _late(late: Late) -> dict[str, Any]:
    return {
        "why": late.why,
        "since_call_s": round(late.since_call_s, 1),
        "arrives_s": None if late.first is None else round(late.first.arrives_s, 1),
        "over_s": None if late.first is None else round(late.over_s, 1),
        "unit": None if late.first is None else late.first.unit.name,
        "nearer": None if late.nearer is None else _nearer(late.nearer),
        "traffic_s": None if late.traffic_s is None else round(late.traffic_s, 1),
        "cause": None if late.cause is None else _cause(late.cause),
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "road": cause.road,
        "state": cause.state,
        "since": None if cause.since is None else datetime.fromtimestamp(cause.since, UTC),
        "lost_s": None if cause.lost_s is None else round(cause.lost_s, 1),
        "is_avoided": cause.is_avoided,
    }


def _nearer(nearer: Nearer) -> dict[str, Any]:
    unit = nearer.rated.unit
    return {
        "unit": unit.name,
        "why": nearer.why,
        "task": unit.busy_with,
        "arrives_s": round(nearer.rated.arrives_s, 1),
    }


def _rated(one: Rated, found: Recommendation, spans: Spans) -> dict[str, Any]:
    unit = one.unit
    is_timed = not found.without_roads and math.isfinite(one.arrives_s)
    span = spans(one.arrives_s, unit.station, found.at) if is_timed else None
    return {
        "id": unit.unit_id,
        "name": unit.name,
        "kind": unit.kind,
        "agency": found.gathered.agencies[unit.unit_id],
        "arrives_s": round(one.arrives_s, 1) if is_timed else None,
        "range": span,
        "walk_m": round(one.walk_m) if one.walk_m > HOSE_M and math.isfinite(one.walk_m) else None,
        "width_m": unit.width_m,
        "crew": unit.crew,
        "lat": unit.lat,
        "lon": unit.lon,
        "position_at": unit.at,
        "simulated": unit.simulated,
    }


def parts_json(
    shown: bytes, sent: Mapping[UUID, Sequence[Assignment]], limits: Limits
) -> list[dict[str, Any]]:
    """The tasks of an incident; each unit with what its crew is to tell next, and by when."""
    parts: list[dict[str, Any]] = msgspec.json.decode(shown)
    for part in parts:
        due = {str(one.id): due_of(one, limits) for one in sent.get(UUID(part["id"]), ())}
        for unit in part["assignments"]:
            next_step = due.get(unit["id"])
            unit["due"] = None if next_step is None else {"what": next_step[0], "at": next_step[1]}
    return parts
