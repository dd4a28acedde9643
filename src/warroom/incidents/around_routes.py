"""HTTP of what is known around a place, and of cautions."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from warroom.cameras import api as cameras
from warroom.cameras.api import Inventory, Turner
from warroom.incidents import api
from warroom.incidents.api import Caution
from warroom.incidents.contracts import VIEW, WORK, Place
from warroom.kernel.http import Ctx, Router, json_response

router = Router("incidents")

type Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
type Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class CautionBody(_Body):
    """What those who go there must know; it ends by itself after `hours`."""

    id: UUID
    text: Annotated[str, Field(min_length=1, max_length=500)]
    severity: Annotated[int, Field(ge=1, le=3)] = 2
    radius_m: Annotated[float, Field(ge=10, le=5_000, allow_inf_nan=False)] = 100
    hours: Annotated[float, Field(gt=0, le=24 * 31, allow_inf_nan=False)] = 4


@router.get("/around", action=VIEW)
async def look_around(
    ctx: Ctx,
    lat: Annotated[Lat, Query()],
    lon: Annotated[Lon, Query()],
    but: UUID,
) -> Response:
    """Cautions that hold there, what stands there, and how often something happened in a year."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.look_around(ctx.scope, tx, Place(lat, lon), but, ctx.clock.now())
    return json_response(found)


class AimBody(_Body):
    """How a camera is asked for that somebody else may have in hand."""

    take_over: bool = False
    reason: str = Field("", max_length=300)


@router.post("/{incident_id}/cameras/{camera_id}/aim", action=VIEW)
async def aim(ctx: Ctx, incident_id: UUID, camera_id: UUID, body: AimBody) -> Response:
    """Turns a camera to the place of an open incident, for those who may move that camera."""
    inventory = Inventory.of(ctx.services, ctx.clock)
    async with ctx.db.transaction(ctx.scope) as tx:
        # The camera first: one that is not for the asker is told of like one that is not there.
        control = await cameras.find_control(inventory, ctx.scope, tx, camera_id)
        place, deed = await api.place_to_look_at(ctx.scope, tx, incident_id)
        judged = await cameras.hold_to_move(
            inventory, ctx.scope, tx, control.camera, incident_id,
            takes_over=body.take_over, reason=body.reason, deed=deed,
        )  # fmt: skip
    judged.require()
    chosen = await cameras.aim(ctx.services[Turner], control, place)
    return json_response(cameras.aim_json(chosen))


@router.post("/{incident_id}/cautions", action=WORK)
async def warn(ctx: Ctx, incident_id: UUID, body: CautionBody) -> Response:
    """Pins a caution to the place of an incident."""
    now = ctx.clock.now()
    caution = Caution(
        body.id, body.text, body.severity, body.radius_m, now + timedelta(hours=body.hours)
    )
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.warn(ctx.scope, tx, incident_id, caution, now)
    return json_response({"id": caution.id}, 201)


@router.post("/{incident_id}/cautions/{caution_id}/end", action=WORK)
async def unwarn(ctx: Ctx, incident_id: UUID, caution_id: UUID) -> Response:
    """Takes a caution down before its time."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.unwarn(ctx.scope, tx, incident_id, caution_id, ctx.clock.now())
    return Response(status_code=204)
