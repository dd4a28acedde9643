"""What other domains, and the doors of this one, call of `dispatch`.

The caller opens the transaction: several calls in one of them happen together or not at all.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

import msgspec

from warroom.dispatch import (
    crew_store,
    duress_store,
    incident_store,
    outage_store,
    stack_store,
    store,
)
from warroom.dispatch.approach import Approach
from warroom.dispatch.beds import BedKind, Count, Facility
from warroom.dispatch.beds_service import (
    BedReport,
    Choices,
    choices_json,
    facility_json,
    import_beds,
    list_facilities,
    place_of,
    remove_facility,
    start_of_crew,
    start_of_sent,
    tell_beds,
    write_facility,
)
from warroom.dispatch.briefing import Briefs
from warroom.dispatch.contracts import SEND, VIEW, Assignment, Task
from warroom.dispatch.coverage import Minimum
from warroom.dispatch.coverage_service import (
    CityCover,
    advise,
    coverage_json,
    move_up,
    offer_of_move,
    remove_minimum,
    write_minimum,
)
from warroom.dispatch.coverage_service import see as see_minimums
from warroom.dispatch.coverage_watch import CoverageWatch
from warroom.dispatch.duress import answer as answer_duress
from warroom.dispatch.duress import answer_alarm
from warroom.dispatch.duty import (
    Photo,
    Press,
    photograph,
    press,
    press_on_duty,
    sign_off,
    sign_on,
)
from warroom.dispatch.errors import TaskNotFoundError, UnitNotThereError
from warroom.dispatch.eta_book import EtaBook
from warroom.dispatch.following import Following, limits_of
from warroom.dispatch.incident_showing import parts_json, recommendation_json
from warroom.dispatch.kpi_service import report_kpi
from warroom.dispatch.offering import Proposal, gather, offer_of, propose
from warroom.dispatch.outage import put_back, take_out
from warroom.dispatch.printing import Frame
from warroom.dispatch.reaching import free_units, reach_json
from warroom.dispatch.replay_service import after_action, replay
from warroom.dispatch.runcard_service import list_card_versions, list_cards, write_card
from warroom.dispatch.sending import (
    Recommendation,
    Wanted,
    gather_for,
    offer_by,
    recommend_for,
    send_to_incident,
)
from warroom.dispatch.service import (
    TaskDraft,
    draft_of,
    get_task,
    open_task,
    send_unit,
)
from warroom.dispatch.settings import DispatchSettings
from warroom.dispatch.showing import answers_json, proposal_json, task_json
from warroom.dispatch.stacking import (
    cancel,
    close_task,
    hand_over,
    reorder,
    stack_units,
    unstack,
)
from warroom.dispatch.telling import record
from warroom.dispatch.watch import Watch
from warroom.dispatch.written_down import Run, write_down
from warroom.incidents import api as incidents
from warroom.kernel import deletions
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.scope import Scope
from warroom.routing.api import Desk
from warroom.traffic.api import Traffic
from warroom.units import api as units

ENDED_TOLD = timedelta(hours=2)
"""A crew is told for so long how its last task ended."""


def make_watch(
    db: Database,
    clock: Clock,
    standing: Scope,
    state: Traffic,
    settings: DispatchSettings,
    zone: tzinfo,
    holder: str,
) -> Watch:
    """What follows the roads for the tasks of a process; to be entered once."""
    watch = Watch(db, clock, standing, state, settings, zone, holder)
    state.followers.append(watch.follow)
    return watch


def make_approach(
    db: Database,
    clock: Clock,
    standing: Scope,
    roads: Traffic,
    desk: Desk,
    settings: DispatchSettings,
    holder: str,
) -> Approach:
    """What follows the ways of units of a process; to be entered once."""
    approach = Approach(db, clock, standing, roads, desk, settings, holder)
    roads.followers.append(approach.follow)
    return approach


def make_following(
    db: Database, clock: Clock, standing: Scope, settings: DispatchSettings, holder: str
) -> Following:
    """What keeps tasks and incidents of a process in agreement; to be entered once."""
    return Following(db, clock, standing, settings, holder)


async def list_tasks_of(
    scope: Scope, tx: Transaction, incident_id: UUID, settings: DispatchSettings
) -> list[dict[str, Any]]:
    """The parts of an incident that are in view, oldest first, each with its units.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    await incidents.get_incident(scope, tx, incident_id)
    shown = await store.list_of_incident(scope, tx, incident_id)
    tasks = await incident_store.list_tasks(scope, tx, [incident_id])
    sent: dict[UUID, list[Assignment]] = {}
    for one in await store.list_assignments(scope, tx, [task.id for task in tasks]):
        sent.setdefault(one.task_id, []).append(one)
    return parts_json(shown, sent, limits_of(settings))


async def list_tasks(scope: Scope, tx: Transaction, since: datetime) -> bytes:
    """Open tasks in view, and those closed since, as a JSON list."""
    return await store.list_tasks(scope, tx, since)


async def show_task(scope: Scope, tx: Transaction, task_id: UUID, now: datetime) -> dict[str, Any]:
    """One task with its units, its log, and what became of its jam.

    Raises:
        TaskNotFoundError: No such task, or not for this scope.
    """
    task = await get_task(scope, tx, task_id)
    shown = await store.show_task(scope, tx, task_id)
    measures = (await store.list_measures(scope, tx, [task_id]))[task_id]
    can = [word for word in (VIEW, SEND) if scope.allows(word, **task.sides)]
    return task_json(shown, task, measures, can, now)


async def task_of(scope: Scope, tx: Transaction, assignment_id: UUID) -> Task:
    """The task of an assignment that the asker may send units to.

    Raises:
        TaskNotFoundError: No such assignment, or not for this scope.
    """
    found = await store.find_sent(scope, tx, assignment_id, SEND)
    if found is None:
        raise TaskNotFoundError
    return found[1]


async def list_statuses(scope: Scope, tx: Transaction) -> bytes:
    """What the units in view are doing, as a JSON list; those without crew or task are left out."""
    return await store.list_statuses(scope, tx)


async def show_duty(
    scope: Scope, tx: Transaction, now: datetime
) -> tuple[dict[str, Any], Task | None]:
    """Where the asker serves, what their unit is on, and how what it was on before ended.

    With it the task, where it is a part of an incident that the crew is to be told of. A task
    that the desk took back must not just be gone from the phone: `ended` says why.
    """
    duty = await crew_store.find_duty(scope, tx)
    if duty is None:
        return dict.fromkeys(
            (
                "unit",
                "signed_on_at",
                "assignment",
                "task",
                "ended",
                "duress",
                "incident",
                "stack",
                "way",
                "outage",
            )
        ), None
    since = max(duty.signed_on_at, now - ENDED_TOLD)
    ended = await crew_store.show_ended(scope, tx, duty.unit_id, since)
    unit = await crew_store.show_unit(scope, tx, duty.unit_id)
    out = await outage_store.list_out(scope, tx, [duty.unit_id])
    task, assignment, duress, part, way = b"null", None, b"null", None, b"null"
    if duty.assignment_id is None:
        duress = await duress_store.show_last_of_unit(scope, tx, duty.unit_id, duty.signed_on_at)
    if duty.task_id is not None and duty.assignment_id is not None:
        task = await store.show_task_of_crew(scope, tx, duty.task_id)
        found = await store.list_assignments(scope, tx, [duty.task_id])
        assignment = next(one for one in found if one.id == duty.assignment_id)
        duress = await duress_store.show_last(scope, tx, duty.assignment_id)
        way = await crew_store.show_way(scope, tx, duty.assignment_id)
        part = await store.find_of_crew(scope, tx, duty.task_id)
    return {
        "unit": msgspec.Raw(unit),
        "signed_on_at": duty.signed_on_at,
        "assignment": assignment,
        "task": msgspec.Raw(task),
        "ended": msgspec.Raw(ended),
        "duress": msgspec.Raw(duress),
        "incident": None,
        "way": msgspec.Raw(way),
        "outage": out.get(duty.unit_id),
        "stack": msgspec.Raw(await stack_store.show(scope, tx, duty.unit_id)),
    }, part if part is not None and part.incident_id is not None else None


async def note_brief(scope: Scope, tx: Transaction, task: Task) -> None:
    """Writes into the audit that a crew was told of the incident of its task."""
    await record(scope, tx, task, "briefed", {"incident": task.incident_id})


async def show_stack(scope: Scope, tx: Transaction, unit_id: UUID) -> bytes:
    """What waits for a unit, the next first, as a JSON list.

    Raises:
        UnitNotThereError: No such unit, or not for this scope.
    """
    try:
        await units.get_unit(scope, tx, unit_id, VIEW)
    except units.UnitNotFoundError as error:
        raise UnitNotThereError from error
    return await stack_store.show(scope, tx, unit_id)


async def list_duress(scope: Scope, tx: Transaction) -> bytes:
    """The calls for help in view that nobody answered, as a JSON list, the oldest first."""
    return await duress_store.list_open(scope, tx)


async def list_offered(scope: Scope, tx: Transaction, capabilities: Sequence[str]) -> bytes:
    """The units that the asker may serve on, and who does, as a JSON list."""
    return await crew_store.list_offered(scope, tx, capabilities)


async def forget_old(
    scope: Scope, tx: Transaction, settings: DispatchSettings, now: datetime
) -> int:
    """Deletes what is older than it may be kept; tells how many rows."""
    before = now - timedelta(days=settings.kept_days)
    count = 0
    for table, agency_id, rows in await store.forget(scope, tx, before):
        count += rows
        gone = deletions.Deletion(
            table, "dispatch", "age", rows, now, now, agency_id=agency_id, last_at=before
        )
        await deletions.note(scope, tx, gone)
    return count


__all__ = [
    "Approach",
    "BedKind",
    "BedReport",
    "Briefs",
    "Choices",
    "CityCover",
    "Count",
    "CoverageWatch",
    "DispatchSettings",
    "EtaBook",
    "Facility",
    "Following",
    "Frame",
    "Minimum",
    "Photo",
    "Press",
    "Proposal",
    "Recommendation",
    "Run",
    "TaskDraft",
    "Wanted",
    "Watch",
    "advise",
    "after_action",
    "answer_alarm",
    "answer_duress",
    "answers_json",
    "cancel",
    "choices_json",
    "close_task",
    "coverage_json",
    "draft_of",
    "facility_json",
    "forget_old",
    "free_units",
    "gather",
    "gather_for",
    "get_task",
    "hand_over",
    "import_beds",
    "list_card_versions",
    "list_cards",
    "list_duress",
    "list_facilities",
    "list_offered",
    "list_statuses",
    "list_tasks",
    "list_tasks_of",
    "make_approach",
    "make_following",
    "make_watch",
    "move_up",
    "note_brief",
    "offer_by",
    "offer_of",
    "offer_of_move",
    "open_task",
    "photograph",
    "place_of",
    "press",
    "press_on_duty",
    "proposal_json",
    "propose",
    "put_back",
    "reach_json",
    "recommend_for",
    "recommendation_json",
    "remove_facility",
    "remove_minimum",
    "reorder",
    "replay",
    "report_kpi",
    "see_minimums",
    "send_to_incident",
    "send_unit",
    "show_duty",
    "show_stack",
    "show_task",
    "sign_off",
    "sign_on",
    "stack_units",
    "start_of_crew",
    "start_of_sent",
    "take_out",
    "task_of",
    "tell_beds",
    "unstack",
    "write_card",
    "write_down",
    "write_facility",
    "write_minimum",
]
