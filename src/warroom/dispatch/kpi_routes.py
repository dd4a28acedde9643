"""HTTP of what 112 achieved, and of what is kept of an incident."""

from datetime import date
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from starlette.responses import Response

from warroom.dispatch import api
from warroom.dispatch.contracts import VIEW
from warroom.incidents.api import Inventory
from warroom.kernel.http import Ctx, Language, Router, json_response
from warroom.kernel.limits import Cost

router = Router("dispatch")


@router.get("/kpi", action=VIEW, cost=Cost.EXPORT)
async def report(
    ctx: Ctx, since: Annotated[date, Query(alias="from")], until: Annotated[date, Query(alias="to")]
) -> Response:
    """How quickly 112 answered, sent and arrived on these days, with n and what is missing."""
    zone, now = ctx.services[ZoneInfo], ctx.clock.now()
    async with ctx.db.transaction(ctx.scope) as tx:
        told = await api.report_kpi(ctx.scope, tx, since, until, zone, now)
    return json_response(told)


@router.get("/incidents/{incident_id}/replay", action=VIEW)
async def replay(ctx: Ctx, incident_id: UUID) -> Response:
    """Everything that is kept of an incident, on one clock, as far as the asker may see it."""
    zone, now = ctx.services[ZoneInfo], ctx.clock.now()
    inventory = Inventory.of(ctx.services, ctx.clock)
    async with ctx.db.transaction(ctx.scope) as tx:
        told = await api.replay(inventory, ctx.scope, tx, incident_id, zone, now)
    return json_response(told)


@router.get("/incidents/{incident_id}/after-action.html", action=VIEW, cost=Cost.EXPORT)
async def print_after_action(
    ctx: Ctx, incident_id: UUID, language: Language | None = None
) -> Response:
    """The paper after an incident as a page to be printed; that it was taken is in the audit."""
    by = ", ".join(filter(None, (ctx.scope.label, ctx.scope.agency_label)))
    frame = api.Frame(language or ctx.language, ctx.services[ZoneInfo], ctx.clock.now(), by)
    async with ctx.db.transaction(ctx.scope) as tx:
        page = await api.after_action(frame, ctx.scope, tx, incident_id)
    return Response(page, media_type="text/html", headers={"cache-control": "no-store"})
