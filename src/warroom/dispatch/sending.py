"""Units for an incident: what its run card asks for, who comes soonest, many sent at once."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from warroom.calls import api as calls
from warroom.dispatch import incident_store, service, stack_store, store
from warroom.dispatch.contracts import SEND, VIEW, Assignment, Event, Stamp, Task
from warroom.dispatch.errors import (
    NoPlaceError,
    NotHandedOnError,
    OverError,
    TaskNotFoundError,
    UnitNotThereError,
)
from warroom.dispatch.kpi_report import start_of
from warroom.dispatch.lateness import Cause, Late, explain, lateness
from warroom.dispatch.offering import travel_times
from warroom.dispatch.proposing import SAILS, Candidate, profile_of
from warroom.dispatch.recommending import Rated, Slot, recommend
from warroom.dispatch.runcards import DECK, Need, RunCard, choose
from warroom.dispatch.settings import DispatchSettings
from warroom.dispatch.stack_store import Stacked
from warroom.dispatch.telling import record, tell_task, tell_units
from warroom.incidents import api as incidents
from warroom.incidents.contracts import PROGRESS, WORK, Incident
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError, UnavailableError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.roads.api import OffRoadError
from warroom.routing.api import Desk, state_of
from warroom.routing.contracts import Conditions, Route
from warroom.units import api as units
from warroom.units.contracts import Whereabouts

ROUTINE = 4
"""Priority of an incident that has none yet."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """An incident, what it needs, and every unit in view that could be meant.

    Attributes:
        card: None where no run card speaks of it.
        leads: What the agency of each unit is for.
        yours: Units that the asker may send.
        sent: Units on it now, with what they were sent as.
        level: Alarm level that is asked about.
        sent_level: Up to which it was sent.
        offered_at: When the first call about it came in; None where nobody called, or the asker
            sees no calls.
    """

    incident: Incident
    card: RunCard | None
    level: int
    sent_level: int
    candidates: list[Candidate]
    agencies: dict[UUID, UUID]
    leads: dict[UUID, frozenset[str]]
    lead_agencies: dict[str, UUID]
    yours: frozenset[UUID]
    sent: list[tuple[UUID, str]]
    offered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Units for each need, with the reason for each that stays open.

    Attributes:
        late: Why the first would come later than the law allows after the call; None where not.
        arrives_s: When each unit that the asker may send would be there, whatever it is doing now;
            in seconds from now, only those that would.
        without_roads: No road graph is installed: units are named without times.
    """

    at: datetime
    gathered: Gathered
    slots: list[Slot]
    late: Late | None = None
    without_roads: bool = False
    arrives_s: Mapping[UUID, float] = field(default_factory=dict)


async def gather_for(
    intake: incidents.Intake,
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    level: int | None,
    settings: DispatchSettings,
    now: datetime,
) -> Gathered:
    """The incident and every unit that its run card could mean.

    `level` is an alarm level; None is the one that it was sent at.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        NoPlaceError: It has no place yet.
    """
    incident = await incidents.get_incident(scope, tx, incident_id)
    if incident.lat is None or incident.lon is None:
        raise NoPlaceError(number=incident.number or "-")
    card = choose(
        (await DECK.in_force(scope, tx)).values(),
        type_code=incident.type_code,
        family=incident.family,
        priority=incident.priority or ROUTINE,
        place=incident.place,
    )
    tasks = await incident_store.list_tasks(scope, tx, [incident_id])
    sent_level = max((task.alarm_level for task in tasks), default=1)
    asked = min(max(level or sent_level, 1), card.levels if card else 1)
    needs = card.needs_at(asked) if card else []
    parts = await incident_store.list_parts(scope, tx, incident_id)
    leads = {word: await intake.leads.find(word) for word in {need.lead for need in needs}}
    known = await _known(scope, tx, needs)
    return Gathered(
        incident=incident,
        card=card,
        level=asked,
        sent_level=sent_level,
        candidates=await _candidates(scope, tx, incident_id, known, settings, now),
        agencies={one.unit.id: one.unit.draft.agency_id for one in known},
        leads={
            one.unit.id: frozenset(
                word for word, agency in leads.items() if agency == one.unit.draft.agency_id
            )
            for one in known
        },
        lead_agencies={word: agency for word, agency in leads.items() if agency is not None},
        yours=frozenset(one.unit.id for one in known if scope.allows(SEND, **one.unit.sides)),
        sent=[(one.unit_id, one.role) for one in parts if one.ended_at is None],
        offered_at=await _offered_at(scope, tx, incident_id),
    )


async def _offered_at(scope: Scope, tx: Transaction, incident_id: UUID) -> datetime | None:
    """When the clock of the incident started, as the report of 112 counts it."""
    stamps = await incidents.find_stamps(scope, tx, incident_id)
    if stamps is None:
        return None
    of = await calls.list_stamps_of(scope, tx, stamps.call_ids)
    return start_of(stamps, {call.id: call for call in of}).offered_at


async def _known(scope: Scope, tx: Transaction, needs: Sequence[Need]) -> list[Whereabouts]:
    kinds = {kind for need in needs for kind in need.kinds}
    # A need that names kinds is met by those alone; its capability narrows them further.
    capabilities = {need.capability for need in needs if need.capability and not need.kinds}
    if not kinds and not capabilities:
        return []
    return await units.list_able(scope, tx, sorted(kinds), sorted(capabilities), VIEW)


async def _candidates(
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    known: Sequence[Whereabouts],
    settings: DispatchSettings,
    now: datetime,
) -> list[Candidate]:
    ids = [one.unit.id for one in known]
    rest = timedelta(minutes=settings.rest_min)
    standings = await incident_store.list_standings(scope, tx, incident_id, ids, now - rest)
    return [
        Candidate(
            unit_id=one.unit.id,
            name=one.unit.draft.name,
            kind=one.unit.draft.kind,
            capabilities=one.unit.draft.capabilities,
            enabled=one.unit.draft.enabled,
            simulated=one.unit.draft.simulated,
            at=one.at,
            lat=one.lat,
            lon=one.lon,
            crew=standing.crew,
            seats=one.unit.draft.crew,
            width_m=one.unit.draft.width_m,
            rests_until=None if standing.rested_at is None else standing.rested_at + rest,
            busy_with=standing.busy_with,
            declined=standing.declined,
            station=one.unit.draft.station,
            in_danger=standing.in_danger,
            out_of_service=standing.is_out,
        )
        for one in known
        for standing in (standings[one.unit.id],)
    ]


async def recommend_for(
    desk: Desk, gathered: Gathered, settings: DispatchSettings, now: datetime
) -> Recommendation:
    """Gives units to needs by the travel time of now; works without roads too, and says so."""
    incident = gathered.incident
    priority = incident.priority or ROUTINE
    assert incident.lat is not None  # noqa: S101 - `gather_for` refuses those without
    assert incident.lon is not None  # noqa: S101 - likewise
    to = (incident.lat, incident.lon)
    fresh = [
        unit
        for unit in gathered.candidates
        if unit.lat is not None and unit.unit_id in gathered.yours
    ]
    try:
        seconds = await travel_times(desk, fresh, priority, to)
        driven = {_profile(unit, priority) for unit in fresh if unit.kind not in SAILS}
        walks = await _walks(desk, driven, to)
        without_roads = False
    except UnavailableError:
        seconds, walks, without_roads = {unit.unit_id: 0.0 for unit in fresh}, {}, True
    rated = [
        Rated(
            unit=unit,
            leads=gathered.leads[unit.unit_id],
            seconds=seconds.get(unit.unit_id),
            walk_m=0.0 if unit.kind in SAILS else walks.get(_profile(unit, priority), 0.0),
            is_yours=unit.unit_id in gathered.yours,
        )
        for unit in gathered.candidates
    ]
    needs = gathered.card.needs_at(gathered.level) if gathered.card else []
    slots = recommend(needs, rated, gathered.sent, now, silent_after_s=settings.silent_after_s)
    since_s = (now - (gathered.offered_at or incident.opened_at)).total_seconds()
    late = None
    if slots and not gathered.sent and not without_roads:
        late = lateness(
            slots, rated, since_s, settings.arrive_s, now, silent_after_s=settings.silent_after_s
        )
    if late is not None and late.first is not None:
        late = await _with_free_roads(desk, late, late.first, priority, to)
    arrives = {} if without_roads else {one.unit.unit_id: one.arrives_s for one in rated}
    return Recommendation(
        now,
        gathered,
        slots,
        late=late,
        without_roads=without_roads,
        arrives_s={unit: s for unit, s in arrives.items() if math.isfinite(s)},
    )


async def _with_free_roads(
    desk: Desk, late: Late, first: Rated, priority: int, to: tuple[float, float]
) -> Late:
    """The same, told apart from what the traffic of now adds to the drive."""
    unit = first.unit
    if unit.lat is None or unit.lon is None:
        return late
    try:
        routes, conditions = await desk.routes(_profile(unit, priority), (unit.lat, unit.lon), to)
    except (NotFoundError, UnavailableError):  # the matrix knew a way; it was closed meanwhile
        return late
    return explain(late, routes[0].usual_s, _cause_of(routes[0], conditions))


def _cause_of(route: Route, conditions: Conditions | None) -> Cause | None:
    """The road that costs most: one that the way goes round, or one that it drives on."""
    round_s = route.detour.lost_s if route.detour else 0.0
    if route.slow is not None and route.slow.lost_s >= round_s:
        state, since = state_of(route.slow.edges, conditions)
        return Cause(route.slow.road, state, since, route.slow.lost_s, is_avoided=False)
    if route.detour is None:
        return None
    state, since = state_of(route.detour.edges, conditions)
    lost_s = None if state == "closed" else round_s
    return Cause(route.detour.road, state, since, lost_s, is_avoided=True)


def _profile(unit: Candidate, priority: int) -> str:
    return profile_of(unit.kind, priority, unit.width_m)


async def _walks(desk: Desk, profiles: set[str], to: tuple[float, float]) -> dict[str, float]:
    """From the nearest road that each kind of vehicle can use to the place, in metres."""

    async def ask(profile: str) -> float:
        try:
            return await desk.beside(profile, to)
        except OffRoadError:
            return math.inf

    names = sorted(profiles)
    return dict(zip(names, await asyncio.gather(*map(ask, names)), strict=True))


def offer_by(found: Recommendation, unit_id: UUID) -> service.Offer:
    """What is kept of a recommendation with the unit that is sent in place of another."""
    return service.Offer(found.arrives_s.get(unit_id), {"level": found.gathered.level})


type Refusal = Literal["busy", "not_there"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A unit that a person chose.

    Attributes:
        role: What it is sent as, by the run card; empty where by none.
        preempts: Why it is taken from what it does now; None takes it from nothing.
        then_back: What it is taken from waits for it first.
    """

    unit_id: UUID
    role: str = ""
    preempts: str | None = None
    then_back: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: its assignment, or why it was not sent."""

    unit_id: UUID
    assignment_id: UUID | None = None
    refused: Refusal | None = None
    detail: dict[str, str] = field(default_factory=dict)


async def send_to_incident(
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    wanted: Sequence[Wanted],
    recommendation: Recommendation,
    now: datetime,
) -> list[Outcome]:
    """Sends units of any agencies at once; one that cannot go keeps none of the others back.

    An agency that had no part in the incident takes part from here on.

    Raises:
        IncidentNotFoundError: No such incident, or the asker may not work on it.
        NotHandedOnError: It is a draft, or has ended.
    """
    incident = await incidents.get_incident(scope, tx, incident_id, WORK, lock=True)
    if incident.state not in PROGRESS:
        raise NotHandedOnError(number=incident.number or "-", state=incident.state.value)
    tasks = {
        task.agency_id: task
        for task in await incident_store.list_tasks(scope, tx, [incident_id], SEND, lock=True)
        if task.state != "closed"
    }
    return [await _send_one(scope, tx, incident, tasks, one, recommendation, now) for one in wanted]


async def _send_one(
    scope: Scope,
    tx: Transaction,
    incident: Incident,
    tasks: dict[UUID, Task],
    wanted: Wanted,
    recommendation: Recommendation,
    now: datetime,
) -> Outcome:
    try:
        unit = await units.get_unit(scope, tx, wanted.unit_id, SEND)
    except units.UnitNotFoundError:
        return Outcome(wanted.unit_id, refused="not_there")
    agency_id = unit.draft.agency_id
    await service.release_move(scope, tx, wanted.unit_id, incident.number or "-", now)
    if wanted.preempts is not None:
        await _release(scope, tx, wanted, incident, wanted.preempts, now)
    task = await task_for(scope, tx, incident, tasks, agency_id, now)
    level = max(task.alarm_level, recommendation.gathered.level)
    if level != task.alarm_level:
        task = tasks[agency_id] = replace(task, alarm_level=level)
    made = Assignment(
        new_id(), task.id, unit.id, Stamp.DISPATCHED, since=now, dispatched_at=now,
        eta_s=recommendation.arrives_s.get(unit.id), role=wanted.role,
    )  # fmt: skip
    if not await store.insert_assignment(scope, tx, made):
        busy = await store.list_busy(scope, tx, [unit.id])
        number = busy[unit.id][1] if unit.id in busy else "-"
        return Outcome(unit.id, refused="busy", detail={"number": number})
    detail = {"unit": unit.draft.name, "eta_s": made.eta_s, "role": made.role, "level": level}
    sent = Event(
        new_id(), Stamp.DISPATCHED.value, now, now, None, "operator", scope.person_id, "", detail
    )
    await store.insert_events(scope, tx, task.id, made.id, [sent])
    waiting = await stack_store.list_of_unit(scope, tx, unit.id)
    for one in waiting:
        if one.task_id == task.id:
            await stack_store.delete(scope, tx, one.id)
    tasks[agency_id] = await service.settle(scope, tx, task, now)
    await tell_task(tx, tasks[agency_id], "sent", now)
    await tell_units(scope, tx, {unit.id: unit.sides}, "sent", now)
    await record(scope, tx, task, "sent", {"unit": unit.draft.name, "incident": incident.number})
    return Outcome(unit.id, made.id)


async def task_for(
    scope: Scope,
    tx: Transaction,
    incident: Incident,
    tasks: dict[UUID, Task],
    agency_id: UUID,
    now: datetime,
) -> Task:
    """The agency's part of a locked incident; it takes part from here on if it did not."""
    if agency_id not in tasks:
        await incidents.join_agency(scope, tx, incident.id, agency_id, now)
        tasks[agency_id] = await open_for(scope, tx, incident, agency_id, now)
    return tasks[agency_id]


async def _release(
    scope: Scope, tx: Transaction, wanted: Wanted, incident: Incident, reason: str, now: datetime
) -> None:
    """Takes a unit from what it is on; its crew and the other desk read for what."""
    found = await store.find_active(scope, tx, wanted.unit_id)
    if found is None:
        return
    why = f"{incident.number or ''}: {service.check_reason(reason)}".strip(": ")
    try:
        await service.cancel(scope, tx, found.id, why, now)
    except (OverError, TaskNotFoundError):
        # Another desk was quicker, or it is not ours to end: whether it is free is seen next.
        return
    if wanted.then_back:
        back = Stacked(new_id(), wanted.unit_id, found.task_id, "", found.role)
        await stack_store.insert(scope, tx, back, now, first=True)


async def open_for(
    scope: Scope, tx: Transaction, incident: Incident, agency_id: UUID, now: datetime
) -> Task:
    """Opens an agency's part of an incident; the incident must be locked.

    Raises:
        UnitNotThereError: The asker may not open one for the agency.
    """
    assert incident.lat is not None  # noqa: S101 - callers refuse those without a place
    assert incident.lon is not None  # noqa: S101 - likewise
    numbers = await incident_store.list_numbers(scope, tx, incident.id)
    task = Task(
        id=new_id(),
        number=_free_number(incident, numbers),
        agency_id=agency_id,
        kind="incident",
        place=incident.place,
        lat=incident.lat,
        lon=incident.lon,
        roads=(),
        state="open",
        priority=incident.priority or ROUTINE,
        opened_at=now,
        incident_id=incident.id,
        opened_by=scope.person_id,
    )
    if not scope.allows(SEND, **task.sides):
        raise UnitNotThereError
    await store.insert_task(scope, tx, task, note_of(incident))
    source: Literal["auto", "operator"] = "auto" if scope.person_id is None else "operator"
    opened = Event(
        new_id(), "opened", now, now, None, source, scope.person_id, "",
        {"incident": incident.number},
    )  # fmt: skip
    await store.insert_events(scope, tx, task.id, None, [opened])
    await tell_task(tx, task, "opened", now)
    await record(scope, tx, task, "opened", {"incident": incident.number, "source": source})
    return task


def note_of(incident: Incident) -> str:
    """What a task of an incident is about, on one line."""
    return " ".join(
        ", ".join(filter(None, (incident.event, incident.address, incident.area))).split()
    )[:500]


def _free_number(incident: Incident, taken: set[str]) -> str:
    """`112-2026-000042/3`: of the incident, with the count of its parts."""
    base = incident.number or str(incident.id)
    return next(name for n in range(1, len(taken) + 2) if (name := f"{base}/{n}") not in taken)
