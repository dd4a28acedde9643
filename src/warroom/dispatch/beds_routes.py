"""HTTP of hospitals: their free beds, and which is the best for a patient."""

import asyncio
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from warroom.dispatch import api
from warroom.dispatch.api import BedKind, BedReport, Choices, Count, DispatchSettings, Facility
from warroom.dispatch.beds_file import MAX_BYTES, MAX_ROWS
from warroom.dispatch.contracts import ACT, BEDS, SEND, VIEW
from warroom.dispatch.errors import BadBedFileError
from warroom.kernel.http import Ctx, Instant, Router, json_response
from warroom.kernel.i18n import text
from warroom.places.api import Atlas
from warroom.routing.api import Desk

router = Router("dispatch", prefix="/api/dispatch")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FacilityBody(_Body):
    """A hospital; whose it is stays as it was first written."""

    agency_id: UUID
    name: Annotated[str, Field(min_length=1, max_length=120, pattern=r"\S")]
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class CountBody(_Body):
    """How many beds of a kind are free, and of how many."""

    kind: BedKind
    free: Annotated[int, Field(ge=0, le=5_000)]
    total: Annotated[int | None, Field(ge=0, le=5_000)] = None


class CountsBody(_Body):
    """What is told of a hospital; `at` is when it was counted, None is now."""

    items: Annotated[list[CountBody], Field(min_length=1, max_length=3)]
    at: Instant | None = None
    origin: Annotated[str, Field(max_length=120)] = ""


@router.get("/facilities", action=VIEW)
async def list_facilities(ctx: Ctx) -> Response:
    """The hospitals in view with their free beds, how old each count is, and who told it."""
    settings = ctx.services[DispatchSettings]
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.list_facilities(ctx.scope, tx)
    now = ctx.clock.now()
    items = [api.facility_json(one, settings, ctx.scope, now) for one in found]
    return json_response({"items": items, "fresh_min": settings.beds_fresh_min})


@router.post("/facilities/import", action=BEDS)
async def import_beds(ctx: Ctx, request: Request, dry_run: bool = False) -> Response:  # noqa: FBT001, FBT002 - a query parameter
    """Takes hospitals and their free beds from a CSV or GeoJSON file; bad rows are told."""
    content = await _read_body(request)
    async with ctx.db.transaction(ctx.scope) as tx:
        report = await api.import_beds(
            *(ctx.services[Atlas], ctx.scope, tx, content),
            *(ctx.services[ZoneInfo], ctx.clock.now()),
            dry_run=dry_run,
        )
    return json_response(_report_json(report, ctx.language))


@router.put("/facilities/{facility_id}", action=BEDS)
async def write_facility(ctx: Ctx, facility_id: UUID, body: FacilityBody) -> Response:
    """Adds a hospital, or changes its name and place; the page makes its id."""
    place = await asyncio.to_thread(api.place_of, ctx.services[Atlas], body.lat, body.lon)
    name = " ".join(body.name.split())
    facility = Facility(facility_id, body.agency_id, name, place, body.lat, body.lon)
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.write_facility(ctx.scope, tx, facility, ctx.clock.now())
    return json_response({"id": facility_id})


@router.delete("/facilities/{facility_id}", action=BEDS)
async def remove_facility(ctx: Ctx, facility_id: UUID) -> Response:
    """Takes a hospital off the list."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.remove_facility(ctx.scope, tx, facility_id, ctx.clock.now())
    return Response(status_code=204)


@router.post("/facilities/{facility_id}/beds", action=BEDS)
async def tell_beds(ctx: Ctx, facility_id: UUID, body: CountsBody) -> Response:
    """Tells how many beds are free; by a person, or by a program of the hospital."""
    now = ctx.clock.now()
    origin = " ".join(body.origin.split())
    counts = [
        Count(one.kind, one.free, body.at or now, "operator", total=one.total, origin=origin)
        for one in body.items
    ]
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.tell_beds(ctx.scope, tx, facility_id, counts, now)
    return Response(status_code=204)


@router.get("/duty/facilities", action=ACT)
async def choose_on_duty(ctx: Ctx, kind: BedKind = "igd") -> Response:
    """Hospitals for the patient of the asker's own unit, the best first."""
    now, settings = ctx.clock.now(), ctx.services[DispatchSettings]
    async with ctx.db.transaction(ctx.scope) as tx:
        start = await api.start_of_crew(ctx.scope, tx, now)
    choices = await ctx.services[Choices].choose(ctx.services[Desk], start, kind, now)
    return json_response(api.choices_json(choices, kind, settings, now))


@router.get("/assignments/{assignment_id}/facilities", action=SEND)
async def choose_for_sent(ctx: Ctx, assignment_id: UUID, kind: BedKind = "igd") -> Response:
    """The same for the patient of a unit that the asker may send."""
    now, settings = ctx.clock.now(), ctx.services[DispatchSettings]
    async with ctx.db.transaction(ctx.scope) as tx:
        start = await api.start_of_sent(ctx.scope, tx, assignment_id, now)
    choices = await ctx.services[Choices].choose(ctx.services[Desk], start, kind, now)
    return json_response(api.choices_json(choices, kind, settings, now))


def _report_json(report: BedReport, language: str) -> dict[str, Any]:
    return {
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "counts": report.counts,
        "rejected": [
            {
                "row": one.number,
                "field": one.column,
                "code": one.code,
                "value": None,
                "message": text(language, f"dispatch.bed_row_{one.code}"),
            }
            for one in report.bad
        ],
        "ignored": report.ignored,
        "dry_run": report.dry_run,
    }


async def _read_body(request: Request) -> bytes:
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > MAX_BYTES:
            raise BadBedFileError(rows=MAX_ROWS)
    return bytes(received)
