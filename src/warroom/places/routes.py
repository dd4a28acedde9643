"""HTTP of places: layers of the map, and the search."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from warroom.kernel.http import Ctx, Router, json_response
from warroom.places.api import Atlas
from warroom.places.contracts import VIEW

router = Router("places")

LAYER_MAX_AGE_S = 300


@router.get("/layers/{layer}.geojson", action=VIEW)
async def get_layer(ctx: Ctx, layer: str, request: Request) -> Response:
    """A layer of the map as GeoJSON."""
    found = ctx.services[Atlas].layer(layer)
    headers = {
        "etag": found.etag,
        "cache-control": f"private, max-age={LAYER_MAX_AGE_S}",
        "vary": "cookie, accept-encoding",
    }
    if found.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = found.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = found.compressed
        headers["content-encoding"] = "gzip"
    return Response(content, headers=headers, media_type="application/geo+json")


@router.get("/search", action=VIEW)
async def search_places(
    ctx: Ctx,
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 12,
) -> Response:
    """Places whose names fit what was typed, best first; typing errors are forgiven."""
    return json_response({"items": ctx.services[Atlas].search(q, limit)})
