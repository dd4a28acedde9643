"""Tasks and proposals as the interface tells them, in the language of the person."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

import msgspec

from warroom.dispatch.contracts import AFTER, Measure, Task
from warroom.dispatch.duty import Answer
from warroom.dispatch.impact import LATE, Impact, is_known, judge
from warroom.dispatch.offering import NAMED, Proposal, Proposed
from warroom.dispatch.proposing import Excluded
from warroom.kernel.i18n import text
from warroom.routing.api import detour_json


def task_json(
    shown: bytes, task: Task, measures: Sequence[Measure], can: Sequence[str], now: datetime
) -> dict[str, Any]:
    """One task: as the store tells it, with its measures, what they say, and what may be done."""
    body: dict[str, Any] = msgspec.json.decode(shown)
    return body | {
        "measures": [measure_json(one) for one in measures],
        "impact": impact_json(judge(measures, is_over=_is_over(task, now))),
        "can": list(can),
    }


def _is_over(task: Task, now: datetime) -> bool:
    if task.closed_at is None:
        return False
    return (now - task.closed_at).total_seconds() > max(AFTER.values()) * 60 + LATE.total_seconds()


def measure_json(measure: Measure) -> dict[str, Any]:
    """One look; what was not known is null."""
    known = is_known(measure)
    return {
        "moment": measure.moment,
        "due_at": measure.due_at,
        "at": measure.at,
        "length_m": _rounded(measure.length_m) if known else None,
        "jam_factor": _rounded(measure.jam_factor, 1) if known else None,
        "delay_s": _rounded(measure.delay_s) if known else None,
        "known_share": round(measure.known_share, 2),
        "closed_share": round(measure.closed_share, 2),
        "trend": measure.trend,
    }


def impact_json(impact: Impact) -> dict[str, Any]:
    """What became of the jam."""
    return {
        "finding": impact.finding,
        "minutes": impact.minutes,
        "before": None if impact.before is None else measure_json(impact.before),
        "after": None if impact.after is None else measure_json(impact.after),
    }


def proposal_json(proposal: Proposal, zone: tzinfo, language: str) -> dict[str, Any]:
    """Units that are offered, and those left out by reason."""
    reasons: dict[str, list[Excluded]] = {}
    for one in proposal.excluded:
        reasons.setdefault(one.why, []).append(one)
    return {
        "at": proposal.at,
        "live": proposal.conditions is not None,
        "without_roads": proposal.without_roads,
        "items": [_proposed(one, proposal, zone, language) for one in proposal.items],
        "excluded": [
            {
                "why": why,
                "count": len(units),
                "units": [
                    {
                        "id": one.unit.unit_id,
                        "name": one.unit.name,
                        "kind": one.unit.kind,
                        "at": one.unit.at,
                        "task": one.detail,
                    }
                    for one in sorted(units, key=lambda one: one.unit.name)[:NAMED]
                ],
            }
            for why, units in sorted(reasons.items())
        ],
    }


def _proposed(
    one: Proposed,
    proposal: Proposal,
    zone: tzinfo,
    language: str,
) -> dict[str, Any]:
    unit, route = one.unit, one.route
    return {
        "unit": {
            "id": unit.unit_id,
            "name": unit.name,
            "kind": unit.kind,
            "capabilities": unit.capabilities,
            "simulated": unit.simulated,
        },
        "eta_s": None if proposal.without_roads else round(one.seconds, 1),
        "distance_m": None if route is None else round(route.distance_m),
        "free_flow_s": None if route is None else round(route.free_flow_s, 1),
        "detour": None
        if route is None
        else detour_json(route.detour, proposal.conditions, zone, language),
        "position_at": unit.at,
        "lat": unit.lat,
        "lon": unit.lon,
        "crew": unit.crew,
    }


def answers_json(answers: Sequence[Answer], language: str) -> list[dict[str, Any]]:
    """What became of each press, and a sentence for those that changed nothing."""
    return [_answer(one, language) for one in answers]


def _answer(one: Answer, language: str) -> dict[str, Any]:
    if one.refused is not None:
        return {
            "id": one.id,
            "verdict": "refused",
            "text": text(language, f"error.{one.refused}", unit=""),
        }
    if one.verdict is None:
        said = text(language, "error.dispatch.id_taken")
        return {"id": one.id, "verdict": "refused", "text": said}
    verdict = one.verdict.value
    said = "" if verdict == "taken" else text(language, f"dispatch.verdict_{verdict}")
    return {"id": one.id, "verdict": verdict, "text": said}


def _rounded(value: float | None, digits: int = 0) -> float | None:
    return None if value is None else round(value, digits)
