"""HTTP of places: layers of the map, and the search."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from warroom.kernel.http import Ctx, Router, json_response
from warroom.places.api import Atlas
from warroom.places.contracts import TILES, VIEW
from warroom.places.errors import NoTilesError, RangeError
from warroom.places.ranges import part_of

router = Router("places")

LAYER_MAX_AGE_S = 300
PMTILES = "application/vnd.pmtiles"


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


@router.get("/tiles", action=VIEW)
async def list_tiles(ctx: Ctx) -> Response:
    """Tiles that the city pack has, with what tells one making of them from the next."""
    tiles = ctx.services[Atlas].tiles()
    return json_response({"items": [{"name": TILES, "etag": tiles.etag}] if tiles else []})


@router.get(f"/tiles/{TILES}.pmtiles", action=VIEW)
async def get_tiles(ctx: Ctx, request: Request) -> Response:
    """Land use, water and buildings (PMTiles 3), whole or the range that was asked for.

    Raises:
        NoTilesError: The pack has none.
    """
    tiles = ctx.services[Atlas].tiles()
    if tiles is None:
        raise NoTilesError
    size_bytes = len(tiles.content)
    headers = {
        "etag": tiles.etag,
        "accept-ranges": "bytes",
        "cache-control": f"private, max-age={LAYER_MAX_AGE_S}",
        "vary": "cookie",
    }
    if tiles.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    # Parts of two makings are never put together (RFC 9110, 13.1.5).
    is_same = request.headers.get("if-range", tiles.etag) == tiles.etag
    try:
        part = part_of(request.headers.get("range"), size_bytes) if is_same else None
    except RangeError:
        return Response(status_code=416, headers={"content-range": f"bytes */{size_bytes}"})
    if part is None:
        return Response(tiles.content, headers=headers, media_type=PMTILES)
    headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{size_bytes}"
    return Response(tiles.content[part], 206, headers=headers, media_type=PMTILES)


@router.get("/search", action=VIEW)
async def search_places(
    ctx: Ctx,
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 12,
) -> Response:
    """Places whose names fit what was typed, best first; typing errors are forgiven."""
    return json_response({"items": ctx.services[Atlas].search(q, limit)})
