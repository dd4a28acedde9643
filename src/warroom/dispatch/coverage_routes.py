"""HTTP of what stations keep free, and of moving units up."""

import asyncio
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from warroom.dispatch import api
from warroom.dispatch.api import CityCover, DispatchSettings, Minimum
from warroom.dispatch.contracts import CONFIGURE, SEND, VIEW
from warroom.kernel.http import Ctx, Router, json_response
from warroom.places.api import Atlas
from warroom.routing.api import Desk

router = Router("dispatch", prefix="/api/dispatch")

type Word = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^\S+$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MinimumBody(_Body):
    """How many units of a kind a station, or the stations of an area, keep free.

    `version` is the one that it was made from, 0 for a new one.
    """

    agency_id: UUID
    station: Annotated[str, Field(min_length=1, max_length=120, pattern=r"\S")]
    area: Word | None = None
    kind: Word
    least: Annotated[int, Field(ge=1, le=50)]
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
    version: Annotated[int, Field(ge=0)] = 0


class MoveBody(_Body):
    """The unit that is moved up."""

    unit_id: UUID


@router.get("/coverage", action=VIEW)
async def show_coverage(ctx: Ctx) -> Response:
    """The minima in view: what is free, since when too little is, and whom to move up.

    Counts are those of the whole city; `unseen` of them are vehicles that the asker may not see.
    """
    async with ctx.db.transaction(ctx.scope) as tx:
        seen = await api.see_minimums(ctx.scope, tx)
    looked = await ctx.services[CityCover].look(ctx.clock.now())
    settings = ctx.services[DispatchSettings]
    moves, why, without_roads = await api.advise(ctx.services[Desk], looked, settings)
    return json_response(
        api.coverage_json(looked, seen, moves, why, ctx.scope, without_roads=without_roads)
    )


@router.get("/coverage/reach", action=VIEW)
async def show_reach(ctx: Ctx, kind: Word = "engine") -> Response:
    """How soon the nearest free vehicle of a kind is in each kelurahan, from a call that comes now.

    `seconds` are from the answer of the call: what calls and crews may take, and the drive by the
    speeds of now to the position that stands for the kelurahan.
    """
    settings, now = ctx.services[DispatchSettings], ctx.clock.now()
    wards = await asyncio.to_thread(ctx.services[Atlas].wards)
    async with ctx.db.transaction(ctx.scope) as tx:
        free = await api.free_units(ctx.scope, tx, kind, settings, now)
    desk = ctx.services[Desk]
    return json_response(await api.reach_json(desk, kind, free, wards, settings, now))


@router.put("/minimums/{minimum_id}", action=CONFIGURE)
async def write_minimum(ctx: Ctx, minimum_id: UUID, body: MinimumBody) -> Response:
    """Stores a minimum, or changes one; the page makes its id."""
    area = await asyncio.to_thread(ctx.services[Atlas].area_of, body.lat, body.lon)
    place = None
    if area is not None:
        place = area.kelurahan.code if area.kelurahan else area.kecamatan.code
    minimum = Minimum(
        *(minimum_id, body.agency_id, " ".join(body.station.split()), body.area, body.kind),
        *(body.least, body.lat, body.lon, place, body.version + 1),
    )
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.write_minimum(ctx.scope, tx, minimum, ctx.clock.now())
    return json_response({"id": minimum_id, "version": minimum.version})


@router.delete("/minimums/{minimum_id}", action=CONFIGURE)
async def remove_minimum(ctx: Ctx, minimum_id: UUID) -> Response:
    """Ends a minimum."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.remove_minimum(ctx.scope, tx, minimum_id, ctx.clock.now())
    return Response(status_code=204)


@router.post("/minimums/{minimum_id}/move-ups", action=SEND)
async def move_up(ctx: Ctx, minimum_id: UUID, body: MoveBody) -> Response:
    """Sends a free unit to stand by there; what was proposed at that instant is kept with it."""
    settings, now = ctx.services[DispatchSettings], ctx.clock.now()
    looked = await ctx.services[CityCover].look(now)
    moves, _, _ = await api.advise(ctx.services[Desk], looked, settings)
    offer = api.offer_of_move(moves, minimum_id, body.unit_id)
    async with ctx.db.transaction(ctx.scope) as tx:
        zone = ctx.services[ZoneInfo]
        made = await api.move_up(ctx.scope, tx, minimum_id, body.unit_id, offer, zone, now)
    return json_response({"id": made}, 201)
