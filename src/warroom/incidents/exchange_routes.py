"""HTTP of incidents that are handed to and from other emergency centres."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from warroom.incidents import api
from warroom.incidents.api import Intake, Said
from warroom.incidents.contracts import TAKE, VIEW, WORK
from warroom.kernel.http import Ctx, Router, json_response
from warroom.kernel.limits import Cost
from warroom.places.api import Atlas

router = Router("incidents", prefix="/api/incidents")


class HandOverBody(BaseModel):
    """To whom, and why."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: UUID
    to: Annotated[str, Field(min_length=1, max_length=80)]
    reason: Annotated[str, Field(max_length=500)]


@router.post("/eido", action=TAKE)
async def receive_eido(ctx: Ctx, body: dict[str, Any]) -> Response:
    """Takes in an incident of another centre (EIDO-JSON); sent again it changes nothing."""
    async with ctx.db.transaction(ctx.scope) as tx:
        incident, is_new = await api.receive_eido(
            ctx.services[Intake], ctx.services[Atlas], ctx.scope, tx, body, ctx.clock.now()
        )
    told = {"id": incident.id, "number": incident.number, "state": incident.state}
    return json_response(told, 201 if is_new else 200)


@router.get("/{incident_id}/eido", action=WORK, cost=Cost.EXPORT)
async def export_eido(ctx: Ctx, incident_id: UUID) -> Response:
    """The incident as EIDO-JSON, for the centre that it is handed to."""
    async with ctx.db.transaction(ctx.scope) as tx:
        told = await api.export_eido(ctx.services[Intake], ctx.scope, tx, incident_id)
    return json_response(told)


@router.get("/neighbours", action=WORK)
async def list_neighbours(ctx: Ctx) -> Response:
    """The names of the centres to which an incident can be handed."""
    names = [one.name for one in ctx.services[Intake].settings.neighbours]
    return json_response({"items": names})


@router.post("/{incident_id}/hand-over", action=WORK)
async def hand_over(ctx: Ctx, incident_id: UUID, body: HandOverBody) -> Response:
    """Hands an incident to a neighbour; it is sent until that one answers."""
    said = Said(body.id, reason=body.reason)
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.ask_handover(
            ctx.services[Intake], ctx.scope, tx, incident_id, body.to, said, ctx.clock.now()
        )
    return Response(status_code=202)


@router.get("/{incident_id}/hand-overs", action=VIEW)
async def list_handovers(ctx: Ctx, incident_id: UUID) -> Response:
    """To whom an incident was handed, and what they answered."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.show_handovers(ctx.scope, tx, incident_id)
    return json_response(b'{"items":' + items + b"}")
