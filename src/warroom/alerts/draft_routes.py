"""HTTP of the city's own alerts: written, asked for, released; and the feed that anybody reads."""

import hashlib
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from warroom.alerts import api, public
from warroom.alerts.api import AlertSettings, Office, Porch
from warroom.alerts.contracts import DRAFTS, ISSUE, WRITE, Fields
from warroom.alerts.errors import AlertNotFoundError, TooOftenError
from warroom.kernel.http import PUBLIC, Context, Ctx, Router, json_response
from warroom.kernel.realtime import Topic

router = Router("alerts")
doors = Router("alerts", prefix="/cap")

TOPICS: list[Topic] = [Topic(DRAFTS, WRITE)]

ENDED_KEPT = timedelta(days=30)
"""So long a draft that ended is listed."""

type Short = Annotated[str, Field(max_length=200)]
type Long = Annotated[str, Field(max_length=8_000)]
type Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
type Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
type Km = Annotated[float, Field(gt=0, le=200, allow_inf_nan=False)]


class Body(BaseModel):
    """A request's body; fields that are not known are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class BeginBody(Body):
    """What is begun: a first alert, or a message about one."""

    kind: Literal["Alert", "Update", "Cancel"] = "Alert"
    previous: UUID | None = None
    incident_id: UUID | None = None


class WordsBody(Body):
    """What is said, in one language."""

    event: Short = ""
    headline: Short = ""
    description: Long = ""
    instruction: Long = ""


class FieldsBody(Body):
    """Everything that is written in a draft; it may lack what is not known yet."""

    id: WordsBody = Field(default_factory=WordsBody)
    en: WordsBody = Field(default_factory=WordsBody)
    status: Short = "Actual"
    category: Short = "Met"
    urgency: Short = "Unknown"
    severity: Short = "Unknown"
    certainty: Short = "Unknown"
    responses: Annotated[list[Short], Field(max_length=9)] = []
    starts_at: datetime | None = None
    expires: datetime | None = None
    area_name: Short = ""
    rings: Annotated[
        list[Annotated[list[tuple[Lat, Lon]], Field(min_length=3, max_length=1_000)]],
        Field(max_length=20),
    ] = []
    circle: tuple[Lat, Lon, Km] | None = None
    districts: Annotated[list[Short], Field(max_length=60)] = []
    contact: Short = ""
    web: Short = ""
    note: Long = ""


class WriteBody(Body):
    """What stands in the draft, over the version that was read."""

    version: int
    fields: FieldsBody


class VersionBody(Body):
    """Which version was read."""

    version: int


class ReturnBody(Body):
    """Which version was read, and why it is not released."""

    version: int
    reason: Annotated[str, Field(max_length=500)]


@router.get("/drafts", action=WRITE)
async def list_drafts(ctx: Ctx) -> Response:
    """Alerts of the city that are being written, wait for their release, or ended lately."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_drafts(ctx.scope, tx, ctx.clock.now() - ENDED_KEPT)
    return json_response(b'{"items":' + items + b"}")


@router.post("/drafts", action=WRITE)
async def begin_draft(ctx: Ctx, body: BeginBody) -> Response:
    """Begins a draft: empty, of an incident, or of the alert that it updates or cancels."""
    async with ctx.db.transaction(ctx.scope) as tx:
        made = await api.begin(
            ctx.scope, tx, body.kind,
            previous=body.previous, incident_id=body.incident_id,
        )  # fmt: skip
        content = await api.show_draft(ctx.scope, tx, made)
    return json_response(content, 201)


@router.get("/drafts/{alert_draft_id}", action=WRITE)
async def show_draft(ctx: Ctx, alert_draft_id: UUID) -> Response:
    """One draft."""
    return await _shown(ctx, alert_draft_id)


@router.put("/drafts/{alert_draft_id}", action=WRITE)
async def write_draft(ctx: Ctx, alert_draft_id: UUID, body: WriteBody) -> Response:
    """Keeps what was written; who writes cannot release it."""
    fields = msgspec.convert(body.fields.model_dump(), Fields)
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.write(ctx.scope, tx, alert_draft_id, body.version, fields)
    return await _shown(ctx, alert_draft_id)


@router.post("/drafts/{alert_draft_id}/ask", action=WRITE)
async def ask_release(ctx: Ctx, alert_draft_id: UUID, body: VersionBody) -> Response:
    """Asks somebody else to release it."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.ask(ctx.services[Office], ctx.scope, tx, alert_draft_id, body.version)
    return await _shown(ctx, alert_draft_id)


@router.post("/drafts/{alert_draft_id}/return", action=WRITE)
async def return_draft(ctx: Ctx, alert_draft_id: UUID, body: ReturnBody) -> Response:
    """Gives it back to who wrote it, with why."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.give_back(ctx.scope, tx, alert_draft_id, body.version, body.reason)
    return await _shown(ctx, alert_draft_id)


@router.post("/drafts/{alert_draft_id}/issue", action=ISSUE)
async def issue_draft(ctx: Ctx, alert_draft_id: UUID, body: VersionBody) -> Response:
    """Releases what somebody else has written."""
    async with ctx.db.transaction(ctx.scope) as tx:
        alert_id = await api.issue(
            ctx.services[Office], ctx.scope, tx, alert_draft_id, body.version
        )
    return json_response({"id": alert_id}, 201)


@router.post("/drafts/{alert_draft_id}/drop", action=WRITE)
async def drop_draft(ctx: Ctx, alert_draft_id: UUID, body: VersionBody) -> Response:
    """Ends it without an alert."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.drop(ctx.scope, tx, alert_draft_id, body.version)
    return Response(status_code=204)


async def _shown(ctx: Context, draft_id: UUID) -> Response:
    async with ctx.db.transaction(ctx.scope) as tx:
        content = await api.show_draft(ctx.scope, tx, draft_id)
    if content is None:
        raise AlertNotFoundError
    return json_response(content)


@doors.get("/", action=PUBLIC, include_in_schema=False)
async def show_index(ctx: Ctx, request: Request) -> Response:
    """The alerts that this city issued, for anybody (Atom)."""
    _let_in(ctx)
    since = ctx.clock.now() - timedelta(days=ctx.services[AlertSettings].feed_days)
    async with ctx.db.transaction(ctx.scope) as tx:
        rows = await api.list_told(ctx.scope, tx, since)
    office = ctx.services[Office]
    sender = office.taker.settings.sender or office.domain or "-"
    now = ctx.clock.now().astimezone(ctx.services[ZoneInfo])
    content = public.write_index(rows, sender, ctx.language, now)
    return _public(request, content, "application/atom+xml")


@doors.get("/{told_id}.xml", action=PUBLIC, include_in_schema=False)
async def show_told(ctx: Ctx, request: Request, told_id: UUID) -> Response:
    """One alert that this city issued, as it was issued (CAP 1.2).

    Raises:
        AlertNotFoundError: The city issued no such alert.
    """
    _let_in(ctx)
    async with ctx.db.transaction(ctx.scope) as tx:
        content = await api.find_told(ctx.scope, tx, told_id)
    if content is None:
        raise AlertNotFoundError
    return _public(request, content, "application/cap+xml")


def _let_in(ctx: Context) -> None:
    if not ctx.services[Porch].lets_in(ctx.scope.address):
        raise TooOftenError


def _public(request: Request, content: bytes, media_type: str) -> Response:
    """The same for everybody, so that it may be kept on the way; asked again by its tag."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {
        "etag": tag,
        "cache-control": "public, max-age=30",
        "vary": "accept-language",
        "access-control-allow-origin": "*",
        "x-content-type-options": "nosniff",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
