"""Units for a task by the travel time of now, with what speaks for each and against the others."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from warroom.dispatch import crew_store, duress_store, outage_store, store
from warroom.dispatch.contracts import SEND, Task
from warroom.dispatch.errors import TaskNotFoundError
from warroom.dispatch.proposing import (
    SAILS,
    Candidate,
    Excluded,
    profile_of,
    rank,
    sailing_s,
    screen,
)
from warroom.dispatch.service import Offer, get_task
from warroom.dispatch.settings import DispatchSettings
from warroom.kernel.db import Transaction
from warroom.kernel.errors import UnavailableError
from warroom.kernel.scope import Scope
from warroom.roads.api import OffRoadError
from warroom.routing.api import Desk
from warroom.routing.contracts import Conditions, Route
from warroom.units import api as units

EXPLAINED = 3
"""Units whose way is worked out: length, and why it is not the usual one."""

NAMED = 12
"""Units that are named of those left out for one reason; the others are counted."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A task and the units of its agency that can do what it asks for."""

    task: Task
    candidates: list[Candidate]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A unit that is offered.

    Attributes:
        seconds: Travel time at the speeds of now.
        route: Of the first few; None of the others.
    """

    unit: Candidate
    seconds: float
    route: Route | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Units in the order in which they would arrive, and those left out.

    Attributes:
        conditions: The speeds of now; None where they are those of free roads.
        without_roads: No road graph is installed, so that no travel time is known.
    """

    at: datetime
    items: list[Proposed]
    excluded: list[Excluded]
    conditions: Conditions | None = None
    without_roads: bool = False


async def gather(
    scope: Scope, tx: Transaction, task_id: UUID, settings: DispatchSettings
) -> Gathered:
    """The task and every unit that the asker could send to it.

    Raises:
        TaskNotFoundError: No such task, or not for this scope.
    """
    task = await get_task(scope, tx, task_id, SEND)
    if task.kind == "move_up":
        # Who stands by somewhere is proposed with the minima.
        raise TaskNotFoundError
    known = await units.list_whereabouts(scope, tx, task.agency_id, settings.capability, SEND)
    ids = [one.unit.id for one in known]
    busy = await store.list_busy(scope, tx, ids)
    crews = await crew_store.list_people(scope, tx, ids)
    declined = await store.list_declined(scope, tx, task.id)
    in_danger = await duress_store.list_in_danger(scope, tx, ids)
    out = await outage_store.list_out(scope, tx, ids)
    candidates = []
    for one in known:
        unit_id, draft = one.unit.id, one.unit.draft
        _, number = busy.get(unit_id, (None, None))
        crew = len(crews.get(unit_id, ()))
        candidates.append(
            Candidate(
                unit_id=unit_id,
                name=draft.name,
                kind=draft.kind,
                capabilities=draft.capabilities,
                enabled=draft.enabled,
                simulated=draft.simulated,
                at=one.at,
                lat=one.lat,
                lon=one.lon,
                crew=crew,
                seats=draft.crew,
                width_m=draft.width_m,
                busy_with=number,
                declined=unit_id in declined,
                in_danger=unit_id in in_danger,
                out_of_service=unit_id in out,
            )
        )
    return Gathered(task, candidates)


async def propose(
    desk: Desk, gathered: Gathered, settings: DispatchSettings, now: datetime
) -> Proposal:
    """Ranks the units; works without roads too, and says so."""
    task = gathered.task
    to = (task.lat, task.lon)
    fit, out = screen(
        gathered.candidates, to, now, settings.silent_after_s, settings.considered_most
    )
    try:
        seconds = await travel_times(desk, fit, task.priority, to)
    except UnavailableError:
        unknown = [Proposed(unit, float("nan")) for unit in fit]
        return Proposal(now, unknown, out, without_roads=True)
    ranked, unreachable = rank(fit, seconds)
    items: list[Proposed] = []
    conditions: Conditions | None = None
    for unit, time in ranked:
        route = None
        if len(items) < EXPLAINED and unit.lat is not None and unit.lon is not None:
            profile = profile_of(unit.kind, task.priority, unit.width_m)
            routes, conditions = await desk.routes(profile, (unit.lat, unit.lon), to)
            route = routes[0]
        items.append(Proposed(unit, time, route))
    return Proposal(now, items, out + unreachable, conditions)


async def travel_times(
    desk: Desk, fit: Sequence[Candidate], priority: int, to: tuple[float, float]
) -> dict[UUID, float | None]:
    """Seconds to a place now by unit; infinite is no way there, None no road near the unit.

    Boats sail there.

    Raises:
        UnavailableError: There are no roads.
    """
    by_profile: dict[str, list[Candidate]] = {}
    sailing: dict[UUID, float | None] = {}
    for unit in fit:
        if unit.kind in SAILS:
            sailing[unit.unit_id] = sailing_s(unit, to)
            continue
        profile = profile_of(unit.kind, priority, unit.width_m)
        by_profile.setdefault(profile, []).append(unit)
    asked = (_times(desk, profile, group, to) for profile, group in by_profile.items())
    driving = {unit_id: time for times in await asyncio.gather(*asked) for unit_id, time in times}
    return sailing | driving


async def _times(
    desk: Desk, profile: str, group: Sequence[Candidate], to: tuple[float, float]
) -> list[tuple[UUID, float | None]]:
    """Travel times of units of one profile; no number where one stands on no road."""
    starts = [
        (unit.lat, unit.lon) for unit in group if unit.lat is not None and unit.lon is not None
    ]
    try:
        times: np.ndarray = await desk.matrix(profile, starts, [to])
    except OffRoadError:
        # No road for such vehicles near the place itself.
        return [(unit.unit_id, None) for unit in group]
    return [
        (unit.unit_id, None if math.isnan(time) else time)
        for unit, time in zip(group, times[:, 0].tolist(), strict=True)
    ]


def offer_of(proposal: Proposal, unit_id: UUID) -> Offer:
    """What is kept of a proposal with the unit that a person chose by it."""
    order = [one.unit.unit_id for one in proposal.items]
    chosen = next((one for one in proposal.items if one.unit.unit_id == unit_id), None)
    passed = next((one for one in proposal.excluded if one.unit.unit_id == unit_id), None)
    counts: dict[str, int] = {}
    for one in proposal.excluded:
        counts[one.why] = counts.get(one.why, 0) + 1
    unit = chosen.unit if chosen else passed.unit if passed else None
    is_timed = chosen is not None and not proposal.without_roads
    detail: dict[str, Any] = {
        "rank": order.index(unit_id) + 1 if chosen else None,
        "of": len(order),
        "live": proposal.conditions is not None,
        "position_age_s": _age(unit, proposal.at),
        "left_out": counts,
        "although": passed.why if passed else None,
    }
    return Offer(chosen.seconds if chosen and is_timed else None, detail)


def _age(unit: Candidate | None, now: datetime) -> float | None:
    return None if unit is None or unit.at is None else round((now - unit.at).total_seconds(), 1)
