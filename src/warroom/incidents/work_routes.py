"""HTTP of work on an incident: notes, positions, calls, agencies, links."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from warroom.incidents import api
from warroom.incidents.contracts import (
    TAKE,
    WORK,
    LinkKind,
    Location,
    LocationSource,
    Note,
    Visibility,
)
from warroom.incidents.errors import BadAmlError
from warroom.kernel.clock import Clock
from warroom.kernel.http import Ctx, Instant, Router, json_response
from warroom.places.api import Atlas

router = Router("incidents")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class NoteBody(_Body):
    """A note; `at` is for what is written down afterwards, from paper."""

    id: UUID
    text: Annotated[str, Field(min_length=1, max_length=4_000)]
    visibility: Visibility = "all"
    at: Instant | None = None
    corrects: UUID | None = None


class LocationBody(_Body):
    """Where somebody or something says that it is; or the text of a phone's AML message."""

    id: UUID
    source: LocationSource = "spoken"
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None
    radius_m: Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)] | None = None
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    at: Instant | None = None
    call_id: UUID | None = None
    aml: Annotated[str, Field(max_length=1_000)] | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> "LocationBody":
        if (self.aml is None) == (self.lat is None or self.lon is None):
            message = "either lat and lon, or aml"
            raise ValueError(message)
        return self

    def location(self, clock: Clock) -> Location:
        """The same for the service.

        Raises:
            BadAmlError: The text is no AML message, or one that knows no position.
        """
        if self.aml is None:
            assert self.lat is not None  # noqa: S101 - the validator saw to it
            assert self.lon is not None  # noqa: S101 - likewise
            return Location(
                self.id, self.source, self.lat, self.lon, self.at or clock.now(), self.radius_m,
                self.confidence, self.call_id,
            )  # fmt: skip
        told = api.read_aml(self.aml)
        if told is None:
            raise BadAmlError(problem="no_position")
        return Location(
            self.id, "aml", told.lat, told.lon, told.at, told.radius_m, told.confidence,
            self.call_id,
        )  # fmt: skip


class CallBody(_Body):
    """A call of the domain `calls`."""

    call_id: UUID


class PartBody(CallBody):
    """Which call, and why; `id` is made where it is done."""

    id: UUID
    reason: Annotated[str, Field(max_length=500)] = ""


class AgencyBody(_Body):
    """Who is to take part."""

    agency_id: UUID


class LinkBody(_Body):
    """To which incident, and how."""

    to: UUID
    kind: LinkKind = "related"


class UnlinkBody(_Body):
    """From which incident."""

    to: UUID


@router.post("/{incident_id}/notes", action=WORK)
async def add_note(ctx: Ctx, incident_id: UUID, body: NoteBody) -> Response:
    """Writes a note; a correction names the note that it takes the place of."""
    note = Note(body.id, body.text.replace("\0", ""), body.visibility, body.at, body.corrects)
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.add_note(ctx.scope, tx, incident_id, note, ctx.clock.now())
    return json_response({"id": note.id}, 201)


@router.post("/{incident_id}/locations", action=TAKE)
async def add_location(ctx: Ctx, incident_id: UUID, body: LocationBody) -> Response:
    """Keeps where it is said to be; the chosen place stays as a person chose it."""
    location = body.location(ctx.clock)
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.add_location(ctx.scope, tx, incident_id, location, ctx.clock.now())
    return json_response({"id": location.id}, 201)


@router.post("/{incident_id}/locations/{location_id}/choose", action=TAKE)
async def choose_location(ctx: Ctx, incident_id: UUID, location_id: UUID) -> Response:
    """Makes one of the positions the place."""
    atlas = ctx.services[Atlas]
    async with ctx.db.transaction(ctx.scope) as tx:
        incident = await api.choose_location(
            ctx.scope, tx, incident_id, location_id, atlas, ctx.clock.now()
        )
    return json_response({"id": incident.id, "area": incident.area})


@router.post("/{incident_id}/calls", action=TAKE)
async def join_call(ctx: Ctx, incident_id: UUID, body: CallBody) -> Response:
    """Joins a call."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.join_call(ctx.scope, tx, incident_id, body.call_id, ctx.clock.now())
    return Response(status_code=204)


@router.post("/{incident_id}/part-call", action=TAKE)
async def part_call(ctx: Ctx, incident_id: UUID, body: PartBody) -> Response:
    """Undoes that a call was joined to this incident."""
    said = api.Said(body.id, reason=" ".join(body.reason.replace("\0", "").split()))
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.part_call(ctx.scope, tx, incident_id, body.call_id, said, ctx.clock.now())
    return Response(status_code=204)


@router.post("/{incident_id}/agencies", action=WORK)
async def join_agency(ctx: Ctx, incident_id: UUID, body: AgencyBody) -> Response:
    """Lets an agency take part."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.join_agency(ctx.scope, tx, incident_id, body.agency_id, ctx.clock.now())
    return Response(status_code=204)


@router.post("/{incident_id}/links", action=WORK)
async def link(ctx: Ctx, incident_id: UUID, body: LinkBody) -> Response:
    """Says that two incidents hang together."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.link(ctx.scope, tx, incident_id, body.to, body.kind, ctx.clock.now())
    return Response(status_code=204)


@router.post("/{incident_id}/unlink", action=WORK)
async def unlink(ctx: Ctx, incident_id: UUID, body: UnlinkBody) -> Response:
    """Says that two incidents hang together no more."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.unlink(ctx.scope, tx, incident_id, body.to, ctx.clock.now())
    return Response(status_code=204)
