"""HTTP of what 112 achieved."""

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query
from starlette.responses import Response

from warroom.dispatch import api
from warroom.dispatch.contracts import VIEW
from warroom.kernel.http import Ctx, Router, json_response

router = Router("dispatch")


@router.get("/kpi", action=VIEW)
async def report(
    ctx: Ctx, since: Annotated[date, Query(alias="from")], until: Annotated[date, Query(alias="to")]
) -> Response:
    """How quickly 112 answered, sent and arrived on these days, with n and what is missing."""
    zone, now = ctx.services[ZoneInfo], ctx.clock.now()
    async with ctx.db.transaction(ctx.scope) as tx:
        told = await api.report_kpi(ctx.scope, tx, since, until, zone, now)
    return json_response(told)
