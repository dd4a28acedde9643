"""HTTP of the photos of an incident; they come in by `dispatch`, from the crews."""

from uuid import UUID

from starlette.responses import Response

from warroom.incidents import api
from warroom.incidents.api import Looks, PhotoFiles
from warroom.incidents.contracts import VIEW
from warroom.kernel.http import Ctx, Router, json_response

router = Router("incidents")


@router.get("/{incident_id}/photos", action=VIEW)
async def list_photos(ctx: Ctx, incident_id: UUID) -> Response:
    """Photos of an incident in view, with the hash, the unit and the time of each."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.get_incident(ctx.scope, tx, incident_id)
        items = await api.list_photos(ctx.scope, tx, incident_id)
    return json_response({"items": items})


@router.get("/photos/{photo_id}", action=VIEW)
async def get_photo(ctx: Ctx, photo_id: UUID) -> Response:
    """One picture; kept by no browser, for each look is in the audit."""
    files, looks = ctx.services[PhotoFiles], ctx.services[Looks]
    async with ctx.db.transaction(ctx.scope) as tx:
        content = await api.read_photo(files, looks, ctx.scope, tx, photo_id, ctx.clock.now())
    return Response(
        content,
        media_type="image/jpeg",
        headers={"cache-control": "no-store", "content-security-policy": "sandbox"},
    )
