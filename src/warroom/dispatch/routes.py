"""HTTP of tasks, of the units sent to them, and of the crew's phone."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from warroom.dispatch import (
    api,
    beds_routes,
    coverage_routes,
    handover_routes,
    incident_routes,
    kpi_routes,
)
from warroom.dispatch.api import Briefs, DispatchSettings, Press, Proposal, TaskDraft
from warroom.dispatch.contracts import (
    ACT,
    COVERAGE,
    MINE,
    OF_CREW,
    SEND,
    TASKS,
    UNITS,
    VIEW,
    Did,
    Held,
    Outcome,
    OutReason,
    Stamp,
)
from warroom.dispatch.errors import JamNotFoundError
from warroom.incidents.api import Looks, PhotoFiles
from warroom.kernel.errors import NotFoundError, UnavailableError
from warroom.kernel.http import Context, Ctx, Instant, Router, json_response
from warroom.kernel.realtime import Topic
from warroom.places.api import Atlas
from warroom.routing.api import Desk
from warroom.traffic.api import Traffic
from warroom.traffic.contracts import VIEW as TRAFFIC_VIEW

router = Router("dispatch")

routers = [
    router,
    beds_routes.router,
    coverage_routes.router,
    handover_routes.router,
    incident_routes.router,
    kpi_routes.router,
]

TOPICS: list[Topic] = [
    Topic(TASKS, VIEW),
    Topic(UNITS, VIEW),
    Topic(COVERAGE, VIEW),
    Topic(MINE, ACT, is_personal=True),
]

type Reason = Annotated[str, Field(max_length=500)]

type LatLon = tuple[
    Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)],
    Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)],
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TaskBody(_Body):
    """A task about a jam, or about a place."""

    jam: UUID | None = None
    at: LatLon | None = None
    note: Reason = ""
    priority: Annotated[int, Field(ge=1, le=5)] = 3

    @model_validator(mode="after")
    def _is_about_one_thing(self) -> "TaskBody":
        if (self.jam is None) == (self.at is None):
            message = "either jam or at"
            raise ValueError(message)
        return self


class UnitBody(_Body):
    """A unit."""

    unit_id: UUID


class ReasonBody(_Body):
    """Why."""

    reason: Reason


class OutageBody(_Body):
    """Why a unit is out of service."""

    reason: OutReason
    note: Annotated[str, Field(max_length=200)] = ""


class HandOverBody(ReasonBody):
    """To which unit, and why."""

    unit_id: UUID


class CloseBody(_Body):
    """How a task ended; `cancelled` asks for a reason."""

    outcome: Outcome
    reason: Reason = ""


class StampBody(_Body):
    """One press; `at` by the clock of whoever pressed."""

    id: UUID
    stamp: Stamp
    at: Instant
    reason: Reason = ""
    did: Did | None = None
    closure_id: UUID | None = None
    outcome: Outcome | None = None
    destination: Annotated[str, Field(max_length=120)] = ""
    held: Held | None = None

    @model_validator(mode="after")
    def _is_of_the_crew(self) -> "StampBody":
        if self.stamp not in OF_CREW:
            message = "not said by a crew"
            raise ValueError(message)
        if (self.stamp is Stamp.ACTED) != (self.did is not None):
            message = "acted says what was done"
            raise ValueError(message)
        if (self.stamp is Stamp.DELAYED) != (self.held is not None):
            message = "delayed says what holds the unit up"
            raise ValueError(message)
        if self.destination and self.stamp is not Stamp.TRANSPORTING:
            message = "transporting says where to"
            raise ValueError(message)
        return self


class StampsBody(_Body):
    """What was pressed since, the clock of the phone now beside it."""

    sent_at: Instant
    items: Annotated[list[StampBody], Field(min_length=1, max_length=100)]


@router.get("/tasks", action=VIEW)
async def list_tasks(
    ctx: Ctx, closed_hours: Annotated[int, Query(ge=0, le=24 * 31)] = 12
) -> Response:
    """Open tasks in view, and those closed in the last hours."""
    async with ctx.db.transaction(ctx.scope) as tx:
        since = ctx.clock.now() - timedelta(hours=closed_hours)
        items = await api.list_tasks(ctx.scope, tx, since)
    return json_response(b'{"items":' + items + b"}")


@router.post("/tasks", action=SEND)
async def open_task(ctx: Ctx, body: TaskBody) -> Response:
    """Opens a task of the asker's agency; nobody is sent by it."""
    draft = _of_jam(ctx, body) if body.at is None else await _at_place(ctx, body, body.at)
    async with ctx.db.transaction(ctx.scope) as tx:
        zone = ctx.services[ZoneInfo]
        task = await api.open_task(ctx.scope, tx, draft, zone, ctx.clock.now())
    return json_response({"id": task.id, "number": task.number}, 201)


def _of_jam(ctx: Context, body: TaskBody) -> TaskDraft:
    estimator = ctx.services[Traffic].estimator
    jam = estimator.alarm.jams.get(body.jam) if body.jam else None
    if jam is None or not ctx.scope.allows_in_city(TRAFFIC_VIEW, jam.place):
        raise JamNotFoundError
    keys = [estimator.graph.key_of(edge) for edge in jam.edges]
    return api.draft_of(jam, keys, note=body.note, priority=body.priority)


async def _at_place(ctx: Context, body: TaskBody, at: LatLon) -> TaskDraft:
    area = await asyncio.to_thread(ctx.services[Atlas].area_of, *at)
    place = None
    if area is not None:
        place = area.kelurahan.code if area.kelurahan else area.kecamatan.code
    roads = await asyncio.to_thread(_road_at, ctx.services[Traffic], at)
    return TaskDraft(*at, place, roads, body.note, body.priority)


def _road_at(traffic: Traffic, at: LatLon) -> tuple[str, ...]:
    try:
        snapper = traffic.roads.snapper
        found = [snapper.graph.name_of(on.edge) for on in snapper.near(*at)]
    except (NotFoundError, UnavailableError):  # no road there, or no road graph at all
        return ()
    return tuple(dict.fromkeys(name for name in found if name))


@router.get("/tasks/{task_id}", action=VIEW)
async def show_task(ctx: Ctx, task_id: UUID) -> Response:
    """One task with its units, its log, and what became of its jam."""
    async with ctx.db.transaction(ctx.scope) as tx:
        shown = await api.show_task(ctx.scope, tx, task_id, ctx.clock.now())
    return json_response(shown)


@router.get("/tasks/{task_id}/proposal", action=SEND)
async def propose(ctx: Ctx, task_id: UUID) -> Response:
    """Units by the travel time of now, with why; and those left out, with why not."""
    proposal = await _proposal(ctx, task_id)
    return json_response(api.proposal_json(proposal, ctx.services[ZoneInfo], ctx.language))


@router.post("/tasks/{task_id}/assignments", action=SEND)
async def send_unit(ctx: Ctx, task_id: UUID, body: UnitBody) -> Response:
    """Sends a unit; what was proposed at that instant is kept with it."""
    proposal = await _proposal(ctx, task_id)
    offer = api.offer_of(proposal, body.unit_id)
    async with ctx.db.transaction(ctx.scope) as tx:
        made = await api.send_unit(ctx.scope, tx, task_id, body.unit_id, offer, ctx.clock.now())
    return json_response({"id": made}, 201)


@router.post("/tasks/{task_id}/close", action=SEND)
async def close_task(ctx: Ctx, task_id: UUID, body: CloseBody) -> Response:
    """Closes a task and takes back who is on it."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.close_task(ctx.scope, tx, task_id, body.outcome, body.reason, ctx.clock.now())
    return Response(status_code=204)


@router.post("/assignments/{assignment_id}/cancel", action=SEND)
async def cancel(ctx: Ctx, assignment_id: UUID, body: ReasonBody) -> Response:
    """Takes a unit back; the task stays open."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.cancel(ctx.scope, tx, assignment_id, body.reason, ctx.clock.now())
    return Response(status_code=204)


@router.post("/assignments/{assignment_id}/hand-over", action=SEND)
async def hand_over(ctx: Ctx, assignment_id: UUID, body: HandOverBody) -> Response:
    """Gives the task of one unit to another."""
    async with ctx.db.transaction(ctx.scope) as tx:
        task = await api.task_of(ctx.scope, tx, assignment_id)
    if task.incident_id is None:
        offer = api.offer_of(await _proposal(ctx, task.id), body.unit_id)
    else:
        found = await incident_routes.recommendation(ctx, task.incident_id)
        offer = api.offer_by(found, body.unit_id)
    async with ctx.db.transaction(ctx.scope) as tx:
        made = await api.hand_over(
            ctx.scope, tx, assignment_id, body.unit_id, body.reason, offer, ctx.clock.now()
        )
    return json_response({"id": made}, 201)


@router.post("/assignments/{assignment_id}/radio", action=SEND)
async def note_radio(ctx: Ctx, assignment_id: UUID, body: StampsBody) -> Response:
    """Notes at the desk what a crew said over the radio."""
    return await _press(ctx, assignment_id, body, by_radio=True)


@router.post("/assignments/{assignment_id}/stamps", action=ACT)
async def take_stamps(ctx: Ctx, assignment_id: UUID, body: StampsBody) -> Response:
    """Takes what the crew pressed, late and twice as it may be; the same id is the same press."""
    return await _press(ctx, assignment_id, body)


@router.post("/assignments/{assignment_id}/photos", action=ACT)
async def add_photo(
    ctx: Ctx,
    assignment_id: UUID,
    request: Request,
    photo_id: Annotated[UUID, Query(alias="id")],
    at: Annotated[Instant, Query()],
    sent_at: Annotated[Instant, Query()],
) -> Response:
    """Keeps a photo (JPEG, the body itself) with the incident; the same id is the same photo."""
    photo = api.Photo(photo_id, await request.body(), at, sent_at)
    async with ctx.db.transaction(ctx.scope) as tx:
        is_new = await api.photograph(
            ctx.services[PhotoFiles], ctx.scope, tx, assignment_id, photo, ctx.clock.now()
        )
    return json_response({"id": photo.id}, 201 if is_new else 200)


@router.get("/duress", action=VIEW)
async def list_duress(ctx: Ctx) -> Response:
    """Crews in danger whom nobody answered yet."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_duress(ctx.scope, tx)
    return json_response(b'{"items":' + items + b"}")


@router.post("/assignments/{assignment_id}/duress/answer", action=SEND)
async def answer_duress(ctx: Ctx, assignment_id: UUID) -> Response:
    """Takes a call for help of a crew upon oneself."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.answer_duress(ctx.scope, tx, assignment_id, ctx.clock.now())
    return Response(status_code=204)


@router.post("/alarms/{alarm_id}/answer", action=SEND)
async def answer_alarm(ctx: Ctx, alarm_id: UUID) -> Response:
    """The same for a crew that is on no task."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.answer_alarm(ctx.scope, tx, alarm_id, ctx.clock.now())
    return Response(status_code=204)


@router.get("/units", action=VIEW)
async def list_statuses(ctx: Ctx) -> Response:
    """What the units in view are doing; of those that are not listed nothing is known."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_statuses(ctx.scope, tx)
    return json_response(b'{"items":' + items + b"}")


@router.put("/units/{unit_id}/outage", action=SEND)
async def take_out(ctx: Ctx, unit_id: UUID, body: OutageBody) -> Response:
    """The desk takes a unit out of service."""
    now = ctx.clock.now()
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.take_out(ctx.scope, tx, unit_id, body.reason, body.note, now)
    return Response(status_code=204)


@router.delete("/units/{unit_id}/outage", action=SEND)
async def put_back(ctx: Ctx, unit_id: UUID) -> Response:
    """The desk says that a unit serves again."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.put_back(ctx.scope, tx, unit_id, ctx.clock.now())
    return Response(status_code=204)


@router.get("/duty", action=ACT)
async def show_duty(ctx: Ctx) -> Response:
    """On which unit the asker serves, what it was sent to, and what is known of that."""
    now = ctx.clock.now()
    async with ctx.db.transaction(ctx.scope) as tx:
        shown, task = await api.show_duty(ctx.scope, tx, now)
        if task is not None and ctx.services[Looks].is_new(ctx.scope.person_id, task.id, now):
            await api.note_brief(ctx.scope, tx, task)
    if task is not None and task.incident_id is not None:
        briefs = ctx.services[Briefs]
        shown["incident"] = await briefs.tell(task.incident_id, now)
    return json_response(shown | {"now": now})


@router.get("/duty/units", action=ACT)
async def list_offered(
    ctx: Ctx, capability: Annotated[Sequence[str], Query(max_length=20)] = ()
) -> Response:
    """The units that the asker may serve on."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_offered(ctx.scope, tx, capability)
    return json_response(b'{"items":' + items + b"}")


@router.put("/duty", action=ACT)
async def sign_on(ctx: Ctx, body: UnitBody) -> Response:
    """The asker serves on this unit from now on."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.sign_on(ctx.scope, tx, body.unit_id, ctx.clock.now())
    return Response(status_code=204)


@router.put("/duty/outage", action=ACT)
async def take_own_out(ctx: Ctx, body: OutageBody) -> Response:
    """The unit on which the asker serves is out of service."""
    now = ctx.clock.now()
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.take_out(ctx.scope, tx, None, body.reason, body.note, now)
    return Response(status_code=204)


@router.delete("/duty/outage", action=ACT)
async def put_own_back(ctx: Ctx) -> Response:
    """The unit on which the asker serves can be sent again."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.put_back(ctx.scope, tx, None, ctx.clock.now())
    return Response(status_code=204)


@router.post("/duty/stamps", action=ACT)
async def take_stamps_on_duty(ctx: Ctx, body: StampsBody) -> Response:
    """Takes a call for help of a crew that is on no task."""
    presses = [Press(**item.model_dump()) for item in body.items]
    async with ctx.db.transaction(ctx.scope) as tx:
        answers = await api.press_on_duty(ctx.scope, tx, presses, body.sent_at, ctx.clock.now())
    return json_response({"items": api.answers_json(answers, ctx.language)})


@router.delete("/duty", action=ACT)
async def sign_off(ctx: Ctx) -> Response:
    """The asker serves nowhere any more."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.sign_off(ctx.scope, tx, ctx.clock.now())
    return Response(status_code=204)


async def _proposal(ctx: Context, task_id: UUID) -> Proposal:
    settings, now = ctx.services[DispatchSettings], ctx.clock.now()
    async with ctx.db.transaction(ctx.scope) as tx:
        gathered = await api.gather(ctx.scope, tx, task_id, settings)
    return await api.propose(ctx.services[Desk], gathered, settings, now)


async def _press(
    ctx: Context, assignment_id: UUID, body: StampsBody, *, by_radio: bool = False
) -> Response:
    presses = [Press(**item.model_dump()) for item in body.items]
    async with ctx.db.transaction(ctx.scope) as tx:
        answers, _, task = await api.press(
            ctx.scope, tx, assignment_id, presses, body.sent_at, ctx.clock.now(),
            by_radio=by_radio,
        )  # fmt: skip
    return json_response(
        {
            "items": api.answers_json(answers, ctx.language),
            "task": {"id": task.id, "number": task.number, "state": task.state},
        }
    )
