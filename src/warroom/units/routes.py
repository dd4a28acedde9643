"""HTTP of units: parse, call `api`, answer; and the door of their devices."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from warroom.kernel.http import PUBLIC, Context, Ctx, Router, json_response
from warroom.kernel.realtime import Topic
from warroom.units import api
from warroom.units.api import Fleet, Receiver, Tracker
from warroom.units.contracts import (
    CHANGED,
    CONFIGURE,
    FENCE,
    POSITION,
    TRACK,
    VIEW,
    Fix,
    ListFilter,
)
from warroom.units.errors import BadFixError
from warroom.units.formats import read_form, read_json

router = Router("units")
devices = Router("units", prefix="/osmand")
routers = [router, devices]

TOPICS: list[Topic] = [Topic(CHANGED, VIEW), Topic(FENCE, VIEW), Topic(POSITION, VIEW)]

MAX_PAGE = 5000
MAX_LOCATIONS = 1000
_EMPTIED = frozenset(("place", "width_m", "height_m", "device"))


class UnitBody(BaseModel):
    """A unit; what is left out stays as it is, or takes its default."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: str | None = Field(None, max_length=200)
    agency_id: UUID | None = None
    kind: str | None = Field(None, max_length=100)
    plate: str | None = Field(None, max_length=100)
    station: str | None = Field(None, max_length=400)
    place: str | None = Field(None, max_length=40)
    capabilities: list[str] | None = Field(None, max_length=100)
    crew: int | None = None
    width_m: float | None = None
    height_m: float | None = None
    device: str | None = Field(None, max_length=100)
    tags: list[str] | None = Field(None, max_length=100)
    simulated: bool | None = None
    enabled: bool | None = None
    notes: str | None = Field(None, max_length=4000)

    def changes(self) -> dict[str, Any]:
        """The fields that were sent; null empties those that may be empty."""
        sent = self.model_dump(exclude_unset=True, exclude={"version"})
        return {n: value for n, value in sent.items() if value is not None or n in _EMPTIED}


class UnitChange(UnitBody):
    """A change of the unit as it was read in `version`."""

    version: int


class FenceBody(BaseModel):
    """An area by its corners (longitude, latitude)."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    agency_id: UUID
    name: str = Field(max_length=200)
    ring: list[tuple[float, float]] = Field(max_length=500)


@router.get("", action=VIEW)
async def list_units(
    ctx: Ctx,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 500,
    cursor: UUID | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
    kind: Annotated[str | None, Query(max_length=40)] = None,
    agency: UUID | None = None,
) -> Response:
    """A page of units in view, with where they are and how fresh that is."""
    asked = q.replace("\0", "").strip()
    wanted = ListFilter(asked, kind, agency, cursor, limit)
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_units(_fleet(ctx), ctx.scope, tx, wanted))


@router.get("/positions", action=VIEW)
async def list_positions(ctx: Ctx) -> Response:
    """Where the units in view are: what the map draws before it listens to `units.position`."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_positions(_fleet(ctx), ctx.scope, tx))


@router.get("/events", action=TRACK)
async def read_events(
    ctx: Ctx,
    begin: Annotated[datetime, Query(alias="from")],
    end: Annotated[datetime, Query(alias="to")],
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> Response:
    """Which units entered and left areas, newest first; at most a day. The look is audited."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.read_events(ctx.scope, tx, (begin, end), limit))


@router.get("/mqtt", action=CONFIGURE)
async def get_mqtt(ctx: Ctx) -> Response:
    """How this process stands with the broker, since when, and what became of its messages."""
    return json_response(ctx.services[Receiver].as_json())


@router.get("/fences", action=VIEW)
async def list_fences(ctx: Ctx) -> Response:
    """The areas whose crossing is told."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response({"items": await api.list_fences(ctx.scope, tx)})


@router.post("/fences", action=CONFIGURE)
async def add_fence(ctx: Ctx, body: FenceBody) -> Response:
    """Adds an area whose crossing by the agency's own units is told."""
    async with ctx.db.transaction(ctx.scope) as tx:
        fence_id = await api.add_fence(
            _fleet(ctx), ctx.scope, tx, body.agency_id, body.name, body.ring
        )
    return json_response({"id": fence_id}, 201)


@router.delete("/fences/{fence_id}", action=CONFIGURE)
async def remove_fence(ctx: Ctx, fence_id: UUID) -> Response:
    """Removes an area; what was told of it stays."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.remove_fence(_fleet(ctx), ctx.scope, tx, fence_id)
    return Response(status_code=204)


@router.post("", action=CONFIGURE)
async def add_unit(ctx: Ctx, body: UnitBody) -> Response:
    """Adds a unit."""
    async with ctx.db.transaction(ctx.scope) as tx:
        unit_id = await api.add_unit(_fleet(ctx), ctx.scope, tx, body.changes())
        return json_response(await api.show_unit(_fleet(ctx), ctx.scope, tx, unit_id), 201)


@router.get("/{unit_id}", action=VIEW)
async def get_unit(ctx: Ctx, unit_id: UUID) -> Response:
    """One unit, where it is, and what the asker may do with it (`can`)."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.show_unit(_fleet(ctx), ctx.scope, tx, unit_id))


@router.patch("/{unit_id}", action=CONFIGURE)
async def change_unit(ctx: Ctx, unit_id: UUID, body: UnitChange) -> Response:
    """Changes what is sent of a unit."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.change_unit(_fleet(ctx), ctx.scope, tx, unit_id, body.version, body.changes())
        return json_response(await api.show_unit(_fleet(ctx), ctx.scope, tx, unit_id))


@router.delete("/{unit_id}", action=CONFIGURE)
async def remove_unit(ctx: Ctx, unit_id: UUID) -> Response:
    """Removes a unit; its track stays as long as any."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.remove_unit(_fleet(ctx), ctx.scope, tx, unit_id)
    return Response(status_code=204)


@router.post("/{unit_id}/key", action=CONFIGURE)
async def make_key(ctx: Ctx, unit_id: UUID) -> Response:
    """Makes a new key for the unit's device and tells it this once; the former one ends."""
    async with ctx.db.transaction(ctx.scope) as tx:
        key = await api.make_key(_fleet(ctx), ctx.scope, tx, unit_id)
    return json_response({"key": key}, 201)


@router.get("/{unit_id}/track", action=TRACK)
async def read_track(
    ctx: Ctx,
    unit_id: UUID,
    begin: Annotated[datetime, Query(alias="from")],
    end: Annotated[datetime, Query(alias="to")],
    reason: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Where a unit was, at most a day; the look is audited."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.read_track(ctx.scope, tx, unit_id, (begin, end), reason))


@devices.get("", action=PUBLIC)
async def take_position(ctx: Ctx, request: Request) -> Response:
    """A position in the OsmAnd form; 200 when it is stored, whatever is thought of it."""
    return await _take(ctx, request, b"")


@devices.post("", action=PUBLIC)
async def take_posted_position(ctx: Ctx, request: Request) -> Response:
    """Positions as a form or as the JSON of Traccar Client; 200 when they are stored."""
    return await _take(ctx, request, await request.body())


async def _take(ctx: Context, request: Request, content: bytes) -> Response:
    """Answers `{taken}`: the verdict on each position. A refused one must not be sent again.

    Raises:
        BadFixError: It cannot be read.
    """
    tracker, now_s = ctx.services[Tracker], ctx.clock.now().timestamp()
    values = dict(request.query_params)
    fixes: list[Fix]
    if content.lstrip()[:1] == b"{":
        device, fixes = read_json(content, now_s)
        if len(fixes) > MAX_LOCATIONS:
            raise BadFixError(problem="location")
        device = device or values.get("id", "")
    else:
        values |= parse_qsl_of(content)
        fixes = []
        device = values.get("id", values.get("deviceid", ""))
    key = values.get("key", "")
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        key = shown
    elif not key:
        # For clients that have room for an id and no key: `id=DEVICE.KEY`.
        device, _, key = device.partition(".")
    # A stranger is told nothing about what was wrong with a position.
    await tracker.unit_of(device, key)
    verdicts = await tracker.take(device, key, fixes or [read_form(values, now_s)])
    return json_response({"taken": verdicts})


def parse_qsl_of(content: bytes) -> dict[str, str]:
    """A form's fields.

    Raises:
        BadFixError: It is none.
    """
    try:
        return dict(parse_qsl(content.decode(), max_num_fields=50))
    except ValueError as error:
        raise BadFixError(problem="form") from error


def _fleet(ctx: Context) -> Fleet:
    return ctx.services[Fleet]
