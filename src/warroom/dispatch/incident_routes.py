"""HTTP of the units of an incident, and of the run cards."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from warroom.dispatch import api
from warroom.dispatch.api import DispatchSettings, EtaBook, Recommendation, Wanted
from warroom.dispatch.contracts import CONFIGURE, SEND, VIEW, Stamp
from warroom.incidents.api import Intake
from warroom.kernel.http import Context, Ctx, Instant, Router, json_response
from warroom.routing.api import Desk

router = Router("dispatch", prefix="/api/dispatch")

type Level = Annotated[int, Query(ge=1, le=5)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WantedBody(_Body):
    """A unit that is sent."""

    unit_id: UUID
    role: Annotated[str, Field(max_length=40)] = ""
    preempts: Annotated[str, Field(min_length=1, max_length=400)] | None = None
    then_back: bool = False


class SendBody(_Body):
    """Units of any agencies, at an alarm level."""

    level: Annotated[int, Field(ge=1, le=5)] = 1
    units: Annotated[list[WantedBody], Field(min_length=1, max_length=60)]


class RunBody(_Body):
    """One unit's way there and back, as it stands on paper."""

    id: UUID
    unit_id: UUID
    at: Annotated[dict[Stamp, Instant], Field(min_length=2, max_length=8)]
    role: Annotated[str, Field(max_length=40)] = ""


class PaperBody(_Body):
    """Runs that are over."""

    runs: Annotated[list[RunBody], Field(min_length=1, max_length=60)]


class LaterBody(_Body):
    """A unit that comes when it is done with what it is on."""

    unit_id: UUID
    role: Annotated[str, Field(max_length=40)] = ""


class StackBody(_Body):
    """Units that are busy."""

    units: Annotated[list[LaterBody], Field(min_length=1, max_length=60)]


class OrderBody(_Body):
    """What waits for a unit, in the order in which it goes to it."""

    order: Annotated[list[UUID], Field(min_length=1, max_length=100)]


@router.get("/incidents/{incident_id}/recommendation", action=VIEW)
async def recommend(ctx: Ctx, incident_id: UUID, level: Level | None = None) -> Response:
    """What the run card asks for, which unit would be there soonest, and why a need stays open."""
    found = await recommendation(ctx, incident_id, level)
    return json_response(api.recommendation_json(found, ctx.services[EtaBook].span))


@router.post("/incidents/{incident_id}/assignments", action=SEND)
async def send_units(ctx: Ctx, incident_id: UUID, body: SendBody) -> Response:
    """Sends many units at once, of any agencies that the asker may send for."""
    found = await recommendation(ctx, incident_id, body.level)
    wanted = [Wanted(**one.model_dump()) for one in body.units]
    async with ctx.db.transaction(ctx.scope) as tx:
        outcomes = await api.send_to_incident(
            ctx.scope, tx, incident_id, wanted, found, ctx.clock.now()
        )
    return json_response({"items": outcomes}, 201)


@router.post("/incidents/{incident_id}/written-down", action=SEND)
async def write_down(ctx: Ctx, incident_id: UUID, body: PaperBody) -> Response:
    """Enters what units did while there was only paper: runs that are over, with their times."""
    runs = [api.Run(one.id, one.unit_id, one.at, one.role) for one in body.runs]
    async with ctx.db.transaction(ctx.scope) as tx:
        made = await api.write_down(ctx.scope, tx, incident_id, runs, ctx.clock.now())
    return json_response({"items": made}, 201)


@router.post("/incidents/{incident_id}/stacked", action=SEND)
async def stack_units(ctx: Ctx, incident_id: UUID, body: StackBody) -> Response:
    """Lets busy units go there when they are done with what they are on."""
    wanted = [Wanted(one.unit_id, one.role) for one in body.units]
    async with ctx.db.transaction(ctx.scope) as tx:
        outcomes = await api.stack_units(ctx.scope, tx, incident_id, wanted, ctx.clock.now())
    return json_response({"items": outcomes}, 201)


@router.get("/units/{unit_id}/stack", action=VIEW)
async def show_stack(ctx: Ctx, unit_id: UUID) -> Response:
    """What waits for a unit, the next first."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.show_stack(ctx.scope, tx, unit_id)
    return json_response(b'{"items":' + items + b"}")


@router.put("/units/{unit_id}/stack", action=SEND)
async def reorder_stack(ctx: Ctx, unit_id: UUID, body: OrderBody) -> Response:
    """Changes what a unit goes to first."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.reorder(ctx.scope, tx, unit_id, body.order, ctx.clock.now())
    return Response(status_code=204)


@router.delete("/stacked/{stacked_id}", action=SEND)
async def unstack(ctx: Ctx, stacked_id: UUID) -> Response:
    """It waits for the unit no more."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.unstack(ctx.scope, tx, stacked_id, ctx.clock.now())
    return Response(status_code=204)


@router.get("/incidents/{incident_id}/tasks", action=VIEW)
async def list_tasks(ctx: Ctx, incident_id: UUID) -> Response:
    """The parts of an incident that are in view: an agency's task each, with its units."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_tasks_of(ctx.scope, tx, incident_id, ctx.services[DispatchSettings])
    return json_response({"items": items})


@router.get("/runcards", action=VIEW)
async def list_run_cards(ctx: Ctx) -> Response:
    """The run cards in force."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response({"items": await api.list_cards(ctx.scope, tx)})


@router.get("/runcards/{card_code}/versions", action=VIEW)
async def list_versions(ctx: Ctx, card_code: str) -> Response:
    """Every version of a run card that the city wrote, and the product's own."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_card_versions(ctx.scope, tx, card_code)
    return json_response({"items": items})


@router.put("/runcards/{card_code}", action=CONFIGURE)
async def write_run_card(ctx: Ctx, card_code: str, body: dict[str, Any]) -> Response:
    """Writes the next version of a run card."""
    async with ctx.db.transaction(ctx.scope) as tx:
        card = await api.write_card(ctx.scope, tx, {**body, "code": card_code}, ctx.clock.now())
    return json_response(card)


async def recommendation(
    ctx: Context, incident_id: UUID, level: int | None = None
) -> Recommendation:
    """What the run card asks for, by the travel times of now."""
    settings, now = ctx.services[DispatchSettings], ctx.clock.now()
    async with ctx.db.transaction(ctx.scope) as tx:
        gathered = await api.gather_for(
            ctx.services[Intake], ctx.scope, tx, incident_id, level, settings, now
        )
    return await api.recommend_for(ctx.services[Desk], gathered, settings, now)
