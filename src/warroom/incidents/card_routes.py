"""HTTP of the question cards."""

from typing import Any

from starlette.responses import Response

from warroom.incidents import api
from warroom.incidents.contracts import CONFIGURE, VIEW
from warroom.kernel.http import Ctx, Router, json_response

router = Router("incidents", prefix="/api/incidents/types")


@router.get("", action=VIEW)
async def list_cards(ctx: Ctx) -> Response:
    """The card of every type of event in its newest version."""
    async with ctx.db.transaction(ctx.scope) as tx:
        cards = await api.list_cards(ctx.scope, tx)
    return json_response({"items": cards})


@router.get("/{type_code}", action=VIEW)
async def list_versions(ctx: Ctx, type_code: str) -> Response:
    """Every version of a card that was asked or written."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_versions(ctx.scope, tx, type_code)
    return json_response({"items": items})


@router.post("", action=CONFIGURE)
async def write_card(ctx: Ctx, body: dict[str, Any]) -> Response:
    """Writes the next version of a card; `version` is the one that it was made from, 0 for new."""
    async with ctx.db.transaction(ctx.scope) as tx:
        card = await api.write_card(ctx.scope, tx, body, ctx.clock.now())
    return json_response({"code": card.code, "version": card.version}, 201)
