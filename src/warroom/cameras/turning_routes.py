"""HTTP of turning cameras: who has one in hand, what it tells of itself, and moving it."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from warroom.cameras import api
from warroom.cameras.api import Inventory, Turner
from warroom.cameras.contracts import CONFIGURE, MOVE, Control, Velocity
from warroom.cameras.errors import TurningError
from warroom.kernel.http import Context, Ctx, Router, json_response
from warroom.kernel.i18n import text

router = Router("cameras")

type Speed = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
type Token = Annotated[str, Field(min_length=1, max_length=80)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class HoldBody(_Body):
    """How a camera is asked for."""

    take_over: bool = False
    reserve: bool = False
    reason: str = Field("", max_length=300)


class MoveBody(_Body):
    """How fast to move, each from -1 to 1; nothing stops it."""

    pan: Speed = 0.0
    tilt: Speed = 0.0
    zoom: Speed = 0.0


class PresetBody(_Body):
    """A position that the camera keeps."""

    token: Token


class AimBody(_Body):
    """A place to look at."""

    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)


class BearingBody(_Body):
    """Where a position looks; null is not known."""

    bearing_deg: float | None = Field(allow_inf_nan=False)


@router.get("/{camera_id}/ptz", action=MOVE)
async def show_grip(
    ctx: Ctx,
    camera_id: UUID,
    incident: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query parameter
) -> Response:
    """Who has the camera in hand, until when, and whether the asker may take it over."""
    inventory = Inventory.of(ctx.services, ctx.clock)
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(
            await api.show_grip(inventory, ctx.scope, tx, camera_id, for_incident=incident)
        )


@router.get("/{camera_id}/ptz/camera", action=MOVE)
async def look(ctx: Ctx, camera_id: UUID) -> Response:
    """The positions that the camera keeps, and where it looks; silence is an answer as well."""
    control = await _control(ctx, camera_id)
    try:
        told = await api.look(ctx.services[Turner], control)
    except TurningError as error:
        message = text(ctx.language, f"error.{error.code}", **error.params)
        return json_response({"ok": False, "code": error.code, "message": message})
    return json_response({"ok": True, **told})


@router.post("/{camera_id}/ptz/hold", action=MOVE)
async def take(ctx: Ctx, camera_id: UUID, body: HoldBody) -> Response:
    """Takes the camera, keeps it, reserves it, or takes it over."""
    inventory = Inventory.of(ctx.services, ctx.clock)
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.find_control(inventory, ctx.scope, tx, camera_id)
        judged = await api.take(
            inventory,
            ctx.scope,
            tx,
            camera_id,
            takes_over=body.take_over,
            reserves=body.reserve,
            reason=body.reason,
        )
        told = await api.show_grip(inventory, ctx.scope, tx, camera_id)
    judged.require()
    return json_response(told)


@router.delete("/{camera_id}/ptz/hold", action=MOVE)
async def let_go(ctx: Ctx, camera_id: UUID) -> Response:
    """Gives the camera back; a movement at a speed ends."""
    inventory = Inventory.of(ctx.services, ctx.clock)
    async with ctx.db.transaction(ctx.scope) as tx:
        control = await api.find_control(inventory, ctx.scope, tx, camera_id)
        had_it = await api.let_go(inventory, ctx.scope, tx, camera_id)
    if had_it:
        await ctx.services[Turner].let_go(control)
    return Response(status_code=204)


@router.post("/{camera_id}/ptz/move", action=MOVE)
async def move(ctx: Ctx, camera_id: UUID, body: MoveBody) -> Response:
    """Moves the camera for two seconds; ask again to go on. Nothing stops it."""
    control = await _held(ctx, camera_id)
    velocity = Velocity(body.pan, body.tilt, body.zoom)
    await api.move(ctx.services[Turner], control, velocity)
    return Response(status_code=204)


@router.post("/{camera_id}/ptz/preset", action=MOVE)
async def go_to(ctx: Ctx, camera_id: UUID, body: PresetBody) -> Response:
    """Sends the camera to a position that it keeps."""
    control = await _held(ctx, camera_id, {"preset": body.token})
    await api.go_to(ctx.services[Turner], control, body.token)
    return Response(status_code=204)


@router.post("/{camera_id}/ptz/aim", action=MOVE)
async def aim(ctx: Ctx, camera_id: UUID, body: AimBody) -> Response:
    """Turns the camera to a place, and tells how well it looks there."""
    control = await _held(ctx, camera_id, {"lat": round(body.lat, 5), "lon": round(body.lon, 5)})
    return json_response(
        api.aim_json(await api.aim(ctx.services[Turner], control, (body.lat, body.lon)))
    )


@router.put("/{camera_id}/ptz/presets/{preset}/bearing", action=CONFIGURE)
async def say_bearing(
    ctx: Ctx, camera_id: UUID, preset: Annotated[str, Path(max_length=80)], body: BearingBody
) -> Response:
    """Keeps where a position of the camera looks."""
    inventory = Inventory.of(ctx.services, ctx.clock)
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.say_bearing(inventory, ctx.scope, tx, camera_id, preset, body.bearing_deg)
    return Response(status_code=204)


async def _control(ctx: Context, camera_id: UUID) -> Control:
    inventory = Inventory.of(ctx.services, ctx.clock)
    async with ctx.db.transaction(ctx.scope) as tx:
        return await api.find_control(inventory, ctx.scope, tx, camera_id)


async def _held(ctx: Context, camera_id: UUID, deed: dict[str, object] | None = None) -> Control:
    """The camera, in the asker's hand."""
    inventory = Inventory.of(ctx.services, ctx.clock)
    async with ctx.db.transaction(ctx.scope) as tx:
        control = await api.find_control(inventory, ctx.scope, tx, camera_id)
        judged = await api.hold_to_move(inventory, ctx.scope, tx, control.camera, deed=deed)
    judged.require()
    return control
