"""HTTP of premises, and of places by what a caller says."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from warroom.incidents import api
from warroom.incidents.api import Danger, Names, PremiseDraft, PremiseKind, PremiseReport
from warroom.incidents.contracts import PREMISES, VIEW
from warroom.incidents.errors import BadPremiseFileError
from warroom.incidents.premise_rules import MAX_BYTES, MAX_ROWS
from warroom.kernel.http import Ctx, Router, json_response
from warroom.kernel.i18n import text
from warroom.places.api import Atlas

router = Router("incidents")

PAGE = 500

type Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
type Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class PremiseBody(BaseModel):
    """What is known of a place that people name."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    kind: PremiseKind
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    lat: Lat
    lon: Lon
    aliases: Annotated[str, Field(max_length=300)] = ""
    dangers: Annotated[list[Danger], Field(max_length=6)] = []
    hazards: Annotated[str, Field(max_length=1_000)] = ""
    access: Annotated[str, Field(max_length=1_000)] = ""
    key_holder: Annotated[str, Field(max_length=300)] = ""
    hydrant: Annotated[str, Field(max_length=300)] = ""
    plan: Annotated[str, Field(max_length=300)] = ""
    contacts: Annotated[str, Field(max_length=500)] = ""


class ChangedPremise(PremiseBody):
    """A premise as it is to be; `version` is the one that it was made from."""

    version: Annotated[int, Field(ge=1)]


@router.get("/places", action=VIEW)
async def find_places(
    ctx: Ctx,
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 8,
) -> Response:
    """Premises and places of the city by what a caller says, "depan Masjid Raya", best first."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.find_places(
            ctx.services[Atlas], ctx.services[Names], ctx.scope, tx, q, limit
        )
    return json_response(found)


@router.get("/premises", action=PREMISES)
async def list_premises(ctx: Ctx, cursor: UUID | None = None, retired: bool = False) -> Response:  # noqa: FBT001, FBT002 - a query parameter
    """Premises that the asker may keep, page by page; with those that were taken away if asked."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_premises(ctx.scope, tx, after=cursor, retired=retired, limit=PAGE)
    ids = msgspec.json.decode(items, type=list[_Listed])
    following = ids[-1].id if len(ids) == PAGE else None
    return json_response({"items": msgspec.Raw(items), "next": following})


@router.post("/premises", action=PREMISES)
async def add_premise(ctx: Ctx, body: PremiseBody) -> Response:
    """Keeps what is known of a place for the asker's agency."""
    draft = await _draft(ctx.services[Atlas], body)
    async with ctx.db.transaction(ctx.scope) as tx:
        made = await api.add_premise(ctx.scope, tx, draft, ctx.clock.now())
    return json_response({"id": made, "version": 1}, 201)


@router.post("/premises/import", action=PREMISES)
async def import_premises(ctx: Ctx, request: Request, dry_run: bool = False) -> Response:  # noqa: FBT001, FBT002 - a query parameter
    """Adds and changes premises from a CSV or GeoJSON file; bad rows are told and left out."""
    content = await _read_body(request)
    async with ctx.db.transaction(ctx.scope) as tx:
        report = await api.import_premises(
            ctx.services[Atlas], ctx.scope, tx, content, dry_run=dry_run, now=ctx.clock.now()
        )
    return json_response(report_json(report, ctx.language))


@router.get("/premises/{premise_id}/versions", action=PREMISES)
async def list_versions(ctx: Ctx, premise_id: UUID) -> Response:
    """Every version of a premise, the newest first, each with who wrote it."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_premise_versions(ctx.scope, tx, premise_id)
    return json_response({"items": msgspec.Raw(items)})


@router.put("/premises/{premise_id}", action=PREMISES)
async def change_premise(ctx: Ctx, premise_id: UUID, body: ChangedPremise) -> Response:
    """Writes the next version of a premise."""
    draft = await _draft(ctx.services[Atlas], body)
    async with ctx.db.transaction(ctx.scope) as tx:
        version = await api.change_premise(
            ctx.scope, tx, premise_id, draft, body.version, ctx.clock.now()
        )
    return json_response({"id": premise_id, "version": version})


@router.delete("/premises/{premise_id}", action=PREMISES)
async def remove_premise(ctx: Ctx, premise_id: UUID) -> Response:
    """Takes it away, and forgets whom to call there."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.remove_premise(ctx.scope, tx, premise_id, ctx.clock.now())
    return Response(status_code=204)


class _Listed(msgspec.Struct):
    id: UUID


def report_json(report: PremiseReport, language: str) -> dict[str, Any]:
    """An import's report, with a sentence for every bad row."""
    return {
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "rejected": [
            {
                "row": one.row,
                "field": one.field,
                "code": one.code,
                "message": text(language, f"error.{one.code}", field=one.field, value=one.value),
                "value": one.value,
            }
            for one in report.rejected
        ],
        "dry_run": report.dry_run,
        "encoding": report.encoding,
        "ignored": report.ignored,
    }


async def _draft(atlas: Atlas, body: PremiseBody) -> PremiseDraft:
    place = await asyncio.to_thread(api.place_at, atlas, body.lat, body.lon)
    told = body.model_dump(exclude={"lat", "lon", "kind", "name", "dangers", "version"})
    dangers = tuple(dict.fromkeys(body.dangers))
    return PremiseDraft(body.kind, body.name, place, dangers=dangers, **told)


async def _read_body(request: Request) -> bytes:
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > MAX_BYTES:
            raise BadPremiseFileError(problem="too_large", rows=MAX_ROWS)
    return bytes(received)
