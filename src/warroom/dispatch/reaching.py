"""How soon the nearest free vehicle is in each kelurahan, by the roads as they are now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from warroom.dispatch import crew_store, store
from warroom.dispatch.proposing import URGENT, profile_of
from warroom.dispatch.settings import DispatchSettings
from warroom.kernel.db import Transaction
from warroom.kernel.errors import UnavailableError
from warroom.kernel.scope import Scope
from warroom.places.api import Ward
from warroom.routing.api import Desk
from warroom.units import api as units
from warroom.units.contracts import VIEW, Whereabouts

PROCESSING_S = 60.0
"""From the answer of a call to the word to a unit, as a city may plan on (NFPA 1225:2022)."""

type WhyUnknown = Literal["none_free", "off_road", "no_way"]
"""No vehicle is free whose position is known; no road is near it or them; no way leads there."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How soon somebody is in a kelurahan.

    Attributes:
        unit: The quickest vehicle, as a place in the list that was asked about; None is `why`.
        travel_s: Its drive.
    """

    ward: Ward
    unit: int | None
    travel_s: float | None
    why: WhyUnknown | None = None


def reached(wards: Sequence[Ward], times: NDArray[np.float64]) -> list[Reached]:
    """The quickest vehicle of each kelurahan.

    Args:
        wards: The kelurahan.
        times: Seconds, (vehicles, wards): infinite without a way, nan where either is on no road.
    """
    found: list[Reached] = []
    on_road = ~np.isnan(times)
    for column, ward in enumerate(wards):
        known = on_road[:, column]
        if not len(times):
            found.append(Reached(ward, None, None, "none_free"))
        elif not known.any():
            found.append(Reached(ward, None, None, "off_road"))
        else:
            row = int(np.nanargmin(times[:, column]))
            seconds = float(times[row, column])
            is_there = np.isfinite(seconds)
            found.append(
                Reached(ward, row, seconds) if is_there else Reached(ward, None, None, "no_way")
            )
    return found


async def free_units(
    scope: Scope, tx: Transaction, kind: str, settings: DispatchSettings, now: datetime
) -> list[Whereabouts]:
    """Vehicles of a kind in view that could be sent now, and whose position is known."""
    known = await units.list_able(scope, tx, [kind], [], VIEW)
    ids = [one.unit.id for one in known]
    busy = await store.list_busy(scope, tx, ids)
    crews = await crew_store.list_people(scope, tx, ids)
    return [
        one
        for one in known
        if one.unit.draft.enabled
        and crews.get(one.unit.id)
        and one.unit.id not in busy
        and one.at is not None
        and (now - one.at).total_seconds() <= settings.silent_after_s
    ]


async def times_to(
    desk: Desk, free: Sequence[Whereabouts], wards: Sequence[Ward]
) -> NDArray[np.float64]:
    """Seconds, (vehicles, wards), each vehicle driven as it may be when it is urgent.

    Raises:
        UnavailableError: There are no roads.
    """
    times = np.full((len(free), len(wards)), np.nan)
    ends = [(ward.lat, ward.lon) for ward in wards]
    rows: dict[str, list[int]] = {}
    for row, one in enumerate(free):
        profile = profile_of(one.unit.draft.kind, URGENT, one.unit.draft.width_m)
        rows.setdefault(profile, []).append(row)
    for profile, some in rows.items():
        starts = [(free[row].lat or 0.0, free[row].lon or 0.0) for row in some]
        times[some] = await desk.matrix(profile, starts, ends, any_end=True)
    return times


async def reach_json(
    desk: Desk,
    kind: str,
    free: Sequence[Whereabouts],
    wards: Sequence[Ward],
    settings: DispatchSettings,
    now: datetime,
) -> dict[str, Any]:
    """What the interface tells: every kelurahan with its seconds after a call, or why not."""
    before_s = PROCESSING_S + settings.turnout_s
    items: list[Reached] = []
    without_roads = False
    try:
        items = reached(wards, await times_to(desk, free, wards))
    except UnavailableError:
        without_roads = True
    return {
        "at": now,
        "kind": kind,
        "free": len(free),
        "limit_s": settings.arrive_s,
        "before_s": before_s,
        "without_roads": without_roads,
        "items": [
            {
                "code": one.ward.area.code,
                "name": one.ward.area.name,
                "kecamatan": one.ward.kecamatan.name,
                "seconds": None if one.travel_s is None else round(before_s + one.travel_s),
                "unit": None if one.unit is None else free[one.unit].unit.draft.name,
                "why": one.why,
            }
            for one in items
        ],
    }
