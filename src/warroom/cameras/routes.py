"""HTTP of the inventory: parse, call `api`, answer."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from warroom.audit import api as audit
from warroom.cameras import api, turning_routes
from warroom.cameras.api import CameraSettings, Inventory, Prober, StreamChange
from warroom.cameras.contracts import (
    CHANGED,
    CONFIGURE,
    MOVE,
    PTZ,
    STATE,
    VIEW,
    ImportReport,
    ListFilter,
    State,
)
from warroom.cameras.errors import FieldError, ImportTooLargeError
from warroom.kernel.errors import WarRoomError
from warroom.kernel.http import SIGNED_IN, Context, Ctx, Router, json_response
from warroom.kernel.i18n import text
from warroom.kernel.realtime import Topic

router = Router("cameras")

routers = [turning_routes.router, router]

TOPICS: list[Topic] = [Topic(CHANGED, VIEW), Topic(STATE, VIEW), Topic(PTZ, MOVE)]

MAX_PAGE = 2000
MAX_CAN = 200
"""Cameras that are asked about in one question: what a wall shows."""

_NO_IDS: list[UUID] = []


class StreamBody(BaseModel):
    """A stream; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    role: Literal["main", "sub"]
    url: str | None = Field(None, max_length=1200)
    transport: Literal["tcp", "udp"] | None = None
    username: str | None = Field(None, max_length=400)
    password: str | None = Field(None, max_length=400)


class CameraBody(BaseModel):
    """A camera; what is left out stays as it is, or takes its default."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    number: int | None = None
    name: str | None = Field(None, max_length=1000)
    place: str | None = Field(None, max_length=1000)
    agency_id: UUID | None = None
    kecamatan: str | None = Field(None, max_length=40)
    kelurahan: str | None = Field(None, max_length=40)
    lat: float | None = None
    lon: float | None = None
    height_m: float | None = None
    bearing_deg: float | None = None
    fov_deg: float | None = None
    range_m: float | None = None
    is_ptz: bool | None = None
    control_url: str | None = Field(None, max_length=1200)
    pan_span_deg: float | None = None
    tags: list[str] | None = Field(None, max_length=100)
    retention_class: str | None = Field(None, max_length=100)
    ceiling_kbit_s: int | None = None
    simulated: bool | None = None
    enabled: bool | None = None
    notes: str | None = Field(None, max_length=10_000)
    streams: list[StreamBody] = Field(default_factory=list, max_length=2)

    def changes(self) -> dict[str, Any]:
        """The fields that were sent; null empties those that may be empty."""
        sent = self.model_dump(exclude_unset=True, exclude={"streams", "version"})
        if "place" in sent:
            sent["site"] = sent.pop("place")
        return {
            name: value for name, value in sent.items() if value is not None or name in _NULLABLE
        }

    def stream_changes(self) -> list[StreamChange]:
        """What was said about streams."""
        return [StreamChange(**stream.model_dump()) for stream in self.streams]


class CameraChange(CameraBody):
    """A change of the camera as it was read in `version`."""

    version: int


class ProbeBody(BaseModel):
    """A stream to be asked."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    url: str = Field(max_length=1200)
    username: str = Field("", max_length=256)
    password: str = Field("", max_length=256)
    transport: Literal["tcp", "udp"] = "tcp"


_NULLABLE = frozenset(
    (
        *("kecamatan", "kelurahan", "height_m", "bearing_deg", "fov_deg", "range_m"),
        *("control_url", "pan_span_deg", "ceiling_kbit_s"),
    )
)


@router.get("", action=VIEW)
async def list_cameras(
    ctx: Ctx,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 200,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    q: Annotated[str, Query(max_length=200)] = "",
    agency: UUID | None = None,
    state: State | None = None,
    kecamatan: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """A page of cameras in view, by number, with their states."""
    wanted = ListFilter(
        q=_typed(q),
        agency_id=agency,
        state=state,
        kecamatan=_typed(kecamatan) if kecamatan else None,
        after_number=_read_cursor(cursor),
        limit=limit,
    )
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_cameras(_inventory(ctx), ctx.scope, tx, wanted))


@router.get("/nearby", action=VIEW)
async def list_nearby(
    ctx: Ctx,
    lat: Annotated[float, Query(ge=-90, le=90)],
    lon: Annotated[float, Query(ge=-180, le=180)],
    limit: Annotated[int, Query(ge=1, le=50)] = 5,
) -> Response:
    """The cameras in view that are nearest to a position."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(
            await api.list_nearby(_inventory(ctx), ctx.scope, tx, (lat, lon), limit)
        )


@router.get("/summary", action=VIEW)
async def count_states(ctx: Ctx) -> Response:
    """How many cameras in view are in which state."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.count_states(_inventory(ctx), ctx.scope, tx))


@router.post("/import", action=CONFIGURE)
async def import_cameras(ctx: Ctx, request: Request, dry_run: bool = False) -> Response:  # noqa: FBT001, FBT002 - a query parameter
    """Adds and changes cameras from a CSV or GeoJSON file; bad rows are told and left out."""
    content = await _read_body(request, ctx.services[CameraSettings].import_max_bytes)
    async with ctx.db.transaction(ctx.scope) as tx:
        report = await api.import_cameras(_inventory(ctx), ctx.scope, tx, content, dry_run=dry_run)
    return json_response(report_json(report, ctx.language))


@router.post("/probe", action=CONFIGURE)
async def probe_stream(ctx: Ctx, body: ProbeBody) -> Response:
    """Asks a stream what it carries; a stream that cannot be taken in is an answer as well."""
    async with ctx.db.transaction(ctx.scope) as tx:
        # Before the question is asked: a probe reaches into networks the person cannot.
        await audit.record(
            ctx.scope,
            tx,
            action="camera:probed",
            object_kind="stream",
            object_id=None,
            agency_id=ctx.scope.agency_id,
            detail={"host": _host_of(body.url)},
        )
    try:
        answer = await api.probe(
            ctx.services[Prober], ctx.scope, body.url, body.username, body.password
        )
    except WarRoomError as error:
        message = text(ctx.language, f"error.{error.code}", **error.params)
        return json_response({"ok": False, "code": error.code, "message": message})
    return json_response(
        {
            "ok": True,
            "codec": answer.codec,
            "width": answer.width,
            "height": answer.height,
            "fps": answer.fps,
            "audio": answer.audio,
            "ms": answer.took_ms,
        }
    )


@router.post("", action=CONFIGURE)
async def add_camera(ctx: Ctx, body: CameraBody) -> Response:
    """Adds a camera."""
    inventory = _inventory(ctx)
    async with ctx.db.transaction(ctx.scope) as tx:
        camera_id = await api.add_camera(
            inventory, ctx.scope, tx, body.changes(), body.stream_changes()
        )
        return json_response(await api.show_camera(inventory, ctx.scope, tx, camera_id), 201)


@router.get("/by-number/{number}", action=VIEW)
async def get_camera_by_number(ctx: Ctx, number: int) -> Response:
    """One camera by the number people call it."""
    if not 0 < number < 1_000_000:
        number = 0
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.show_camera(_inventory(ctx), ctx.scope, tx, number))


@router.get("/can", action=VIEW)
async def list_words(
    ctx: Ctx, ids: Annotated[list[UUID], Query(max_length=MAX_CAN)] = _NO_IDS
) -> Response:
    """What the asker may do with each of these cameras; those not in view are left out."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.find_cameras(ctx.scope, tx, ids)
    return json_response(
        {"items": {str(camera.id): api.words_on(ctx.scope, camera) for camera in found}}
    )


@router.get("/{camera_id}", action=VIEW)
async def get_camera(ctx: Ctx, camera_id: UUID) -> Response:
    """One camera, and what the asker may do with it (`can`).

    With its streams, never their logins, for those who may configure it.
    """
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.show_camera(_inventory(ctx), ctx.scope, tx, camera_id))


@router.patch("/{camera_id}", action=CONFIGURE)
async def change_camera(ctx: Ctx, camera_id: UUID, body: CameraChange) -> Response:
    """Changes what is sent of a camera."""
    inventory = _inventory(ctx)
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.change_camera(
            inventory,
            ctx.scope,
            tx,
            camera_id,
            body.version,
            body.changes(),
            body.stream_changes(),
        )
        return json_response(await api.show_camera(inventory, ctx.scope, tx, camera_id))


@router.delete("/{camera_id}", action=CONFIGURE)
async def remove_camera(
    ctx: Ctx, camera_id: UUID, reason: Annotated[str | None, Query(max_length=500)] = None
) -> Response:
    """Removes a camera; its footage stays for those who may see it."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.remove_camera(_inventory(ctx), ctx.scope, tx, camera_id, reason)
    return Response(status_code=204)


@router.get("/{camera_id}/access", action=SIGNED_IN)
async def list_accesses(
    ctx: Ctx, camera_id: UUID, hours: Annotated[int, Query(ge=1, le=24 * 366)] = 24
) -> Response:
    """Who looked at a camera lately: for auditors, and for those who run the camera."""
    since = ctx.clock.now() - timedelta(hours=hours)
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_accesses(ctx.scope, tx, camera_id, since)
    return json_response({"items": items})


def report_json(report: ImportReport, language: str) -> dict[str, Any]:
    """An import's report, with a sentence for every bad row."""
    return {
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "rejected": [
            {
                "row": problem.row,
                "field": problem.field,
                "code": problem.code,
                "message": text(
                    language, f"error.{problem.code}", field=problem.field, **problem.params
                ),
                "value": problem.value,
            }
            for problem in report.rejected
        ],
        "dry_run": report.dry_run,
        "encoding": report.encoding,
        "ignored": report.ignored,
    }


def _inventory(ctx: Context) -> Inventory:
    return Inventory.of(ctx.services, ctx.clock)


def _typed(text: str) -> str:
    """What was typed without what PostgreSQL cannot hold."""
    return text.replace("\0", "").strip()


def _read_cursor(cursor: str | None) -> int | None:
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 7):
        raise FieldError(field="cursor")
    return int(cursor)


async def _read_body(request: Request, limit_bytes: int) -> bytes:
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > limit_bytes:
            raise ImportTooLargeError(limit_bytes=limit_bytes)
    return bytes(received)


def _host_of(url: str) -> str | None:
    """The host for the audit, if the address can be read at all; nothing else of it."""
    try:
        return api.parse_address(url, allow_loopback=True).host
    except WarRoomError:
        return None
