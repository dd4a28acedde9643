"""Which incidents may be the same as one that is being taken in."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from warroom.incidents import show_store, store
from warroom.incidents.cards import DECK
from warroom.incidents.contracts import Place
from warroom.incidents.duplicates import Candidate, Facts, candidates
from warroom.incidents.intake import Intake
from warroom.kernel.db import Transaction
from warroom.kernel.i18n import text
from warroom.kernel.scope import Scope

_M_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for.

    Attributes:
        incident_id: The one that is being taken in; never offered to itself.
        radius_m: How far off the place may be.
    """

    incident_id: UUID
    place: Place
    heard_at: datetime
    type_code: str | None = None
    radius_m: float = 0.0


async def list_similar(
    intake: Intake, scope: Scope, tx: Transaction, asked: Asked, language: str
) -> list[dict[str, Any]]:
    """Incidents in view that may be the same, the likeliest first, each with why."""
    settings = intake.settings
    card = await DECK.find(scope, tx, asked.type_code)
    new = Facts(
        asked.incident_id,
        asked.place.lat,
        asked.place.lon,
        asked.heard_at,
        asked.type_code,
        card.family if card else None,
        asked.radius_m,
    )
    within = timedelta(minutes=settings.same_within_min)
    reach_m = settings.same_within_m + min(asked.radius_m, settings.same_within_m)
    box = box_around(new.lat, new.lon, reach_m)
    rows = await store.list_near(scope, tx, box, new.heard_at - within, new.heard_at + within)
    others = [
        Facts(
            row["id"], row["lat"], row["lon"], row["heard_at"], row["type_code"],
            row["family"] if row["type_code"] else None,
        )
        for row in rows
    ]  # fmt: skip
    found = candidates(
        new, others, within_m=settings.same_within_m, within_min=settings.same_within_min
    )
    if not found:
        return []
    shown = msgspec.json.decode(await show_store.list_brief(scope, tx, [one.id for one in found]))
    by_id = {UUID(one["id"]): one for one in shown}
    return [_told(one, by_id[one.id], language) for one in found if one.id in by_id]


def _told(one: Candidate, shown: dict[str, Any], language: str) -> dict[str, Any]:
    reason = text(
        language,
        f"incidents.same_{one.kinship}",
        distance=round(one.distance_m),
        minutes=round(one.minutes),
    )
    return {
        "incident": shown,
        "score": one.score,
        "distance_m": one.distance_m,
        "minutes": one.minutes,
        "kinship": one.kinship,
        "reason": reason,
    }


def box_around(lat: float, lon: float, reach_m: float) -> dict[str, float]:
    """Degrees around a place that hold everything within reach."""
    high = reach_m / _M_PER_DEGREE
    wide = high / max(0.01, math.cos(math.radians(lat)))
    return {"south": lat - high, "north": lat + high, "west": lon - wide, "east": lon + wide}
