"""HTTP of handed over shifts."""

from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from warroom.calls.api import CallDesk
from warroom.calls.contracts import SUPERVISE
from warroom.dispatch import api, handover, handover_printing
from warroom.incidents.api import Inventory
from warroom.kernel.http import Context, Ctx, Language, Router, json_response
from warroom.kernel.limits import Cost

router = Router("dispatch", prefix="/api/dispatch/handovers")


class HandoverBody(BaseModel):
    """What the outgoing shift adds; what is open is written down by the server."""

    model_config = ConfigDict(extra="forbid")
    id: UUID
    notes: Annotated[str, Field(max_length=handover.NOTES_MOST)] = ""


class ReadBody(BaseModel):
    """What was read."""

    model_config = ConfigDict(extra="forbid")
    items: Annotated[
        list[Annotated[str, Field(max_length=60)]], Field(min_length=1, max_length=300)
    ]


@router.get("", action=SUPERVISE)
async def list_all(ctx: Ctx) -> Response:
    """Those in view, the newest first."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response({"items": await handover.list_all(ctx.scope, tx)})


@router.get("/draft", action=SUPERVISE)
async def show_draft(ctx: Ctx) -> Response:
    """What would be handed over now."""
    return json_response(await handover.gather_open(_places(ctx), ctx.scope, ctx.clock.now()))


@router.post("", action=SUPERVISE)
async def write(ctx: Ctx, body: HandoverBody) -> Response:
    """Hands over what is open now; it can not be changed afterwards."""
    now = ctx.clock.now()
    content = await handover.gather_open(_places(ctx), ctx.scope, now)
    async with ctx.db.transaction(ctx.scope) as tx:
        await handover.write(ctx.scope, tx, body.id, body.notes, content, now)
        return json_response(await handover.show(ctx.scope, tx, body.id), 201)


@router.get("/{handover_id}", action=SUPERVISE)
async def show(ctx: Ctx, handover_id: UUID) -> Response:
    """One of them, who read what of it, and whether its hash and the logs still hold."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await handover.show(ctx.scope, tx, handover_id))


@router.post("/{handover_id}/read", action=SUPERVISE)
async def confirm(ctx: Ctx, handover_id: UUID, body: ReadBody) -> Response:
    """Confirms that the asker read these; whoever read all has taken over."""
    async with ctx.db.transaction(ctx.scope) as tx:
        told = await handover.confirm(ctx.scope, tx, handover_id, body.items, ctx.clock.now())
    return json_response(told)


@router.get("/{handover_id}/paper.html", action=SUPERVISE, cost=Cost.EXPORT)
async def print_handover(ctx: Ctx, handover_id: UUID, language: Language | None = None) -> Response:
    """The same as a page to be printed."""
    by = ", ".join(filter(None, (ctx.scope.label, ctx.scope.agency_label)))
    frame = api.Frame(language or ctx.language, ctx.services[ZoneInfo], ctx.clock.now(), by)
    async with ctx.db.transaction(ctx.scope) as tx:
        told = await handover.show(ctx.scope, tx, handover_id)
    page = handover_printing.print_handover(frame, told)
    return Response(page, media_type="text/html", headers={"cache-control": "no-store"})


def _places(ctx: Context) -> handover.Places:
    return handover.Places(ctx.db, ctx.services[CallDesk], Inventory.of(ctx.services, ctx.clock))
