"""HTTP of incidents that are handed to and from other emergency centres."""

from typing import Any
from uuid import UUID

from starlette.responses import Response

from warroom.incidents import api
from warroom.incidents.api import Intake
from warroom.incidents.contracts import TAKE, WORK
from warroom.kernel.http import Ctx, Router, json_response
from warroom.places.api import Atlas

router = Router("incidents", prefix="/api/incidents")


@router.post("/eido", action=TAKE)
async def receive_eido(ctx: Ctx, body: dict[str, Any]) -> Response:
    """Takes in an incident of another centre (EIDO-JSON); sent again it changes nothing."""
    async with ctx.db.transaction(ctx.scope) as tx:
        incident, is_new = await api.receive_eido(
            ctx.services[Intake], ctx.services[Atlas], ctx.scope, tx, body, ctx.clock.now()
        )
    told = {"id": incident.id, "number": incident.number, "state": incident.state}
    return json_response(told, 201 if is_new else 200)


@router.get("/{incident_id}/eido", action=WORK)
async def export_eido(ctx: Ctx, incident_id: UUID) -> Response:
    """The incident as EIDO-JSON, for the centre that it is handed to."""
    async with ctx.db.transaction(ctx.scope) as tx:
        told = await api.export_eido(ctx.services[Intake], ctx.scope, tx, incident_id)
    return json_response(told)
