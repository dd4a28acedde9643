"""HTTP of playback: time line, footage, thumbnails, disks."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from warroom.kernel.http import Ctx, Router, json_response, tagged_response
from warroom.kernel.i18n import text
from warroom.kernel.settings import NodeSettings
from warroom.recording import alarm_routes, hold_routes
from warroom.recording.api import Mode, NothingThereError, PlaybackService

router = Router("recording", prefix="/api/recordings")
routers = [router, alarm_routes.router, hold_routes.router]

TOPICS = [*alarm_routes.TOPICS, *hold_routes.TOPICS]

VIEW = "recording:view"
DAY_MS = 86_400_000
THUMBNAIL_MAX_AGE_S = 86_400

type From = Annotated[AwareDatetime, Query(alias="from")]


@router.get("/summary", action=VIEW)
async def get_summary(ctx: Ctx) -> Response:
    """How full the disks of all nodes are, and how far back footage reaches."""
    disks = await ctx.services[PlaybackService].disks()
    oldest = min((disk.oldest_ms for disk in disks if disk.oldest_ms is not None), default=None)
    now_ms = ctx.clock.now().timestamp() * 1000
    return json_response(
        {
            "disks": [
                {
                    "path_label": disk.label,
                    "bytes": disk.bytes,
                    "quota_bytes": disk.quota_bytes,
                    "held_bytes": disk.held_bytes,
                    "oldest_at": _iso(disk.oldest_ms),
                    "state": disk.state,
                    "node": disk.node,
                }
                for disk in disks
            ],
            "days": 0 if oldest is None else round((now_ms - oldest) / DAY_MS, 2),
            "oldest_at": _iso(oldest),
            "simulated_quota": ctx.services[NodeSettings].demo,
        }
    )


@router.get("/{camera_id}/timeline", action=VIEW)
async def get_timeline(
    ctx: Ctx,
    camera_id: UUID,
    start: From,
    to: AwareDatetime,
    resolution_s: Annotated[float, Query(ge=0, le=86_400)] = 0,
) -> Response:
    """Footage, gaps with their cause, holds and the camera's clock in a range."""
    line = await ctx.services[PlaybackService].timeline(
        ctx.scope, camera_id, _ms(start), _ms(to), round(resolution_s * 1000)
    )
    return json_response(
        {
            "camera_id": str(camera_id),
            "from": _iso(line.start_ms),
            "to": _iso(line.end_ms),
            "spans": [
                {"start": _iso(span.start_ms), "end": _iso(span.end_ms)} for span in line.spans
            ],
            "gaps": [
                {"start": _iso(gap.start_ms), "end": _iso(gap.end_ms), "cause": gap.cause}
                for gap in line.gaps
            ],
            "held": [
                {"start": _iso(held.start_ms), "end": _iso(held.end_ms), "hold": held.hold_id}
                for held in line.held
            ],
            "clock": [
                {
                    "start": _iso(note.start_ms),
                    "offset_ms": note.offset_ms,
                    "uncertainty_ms": note.uncertainty_ms,
                }
                for note in line.clock
            ],
            "first_at": _iso(line.first_ms),
            "last_at": _iso(line.last_ms),
            "nodes_away": [{"node": node, "since": seen} for node, seen in line.away],
        }
    )


@router.get("/{camera_id}/media", action=VIEW)
async def get_media(
    ctx: Ctx,
    camera_id: UUID,
    start: From,
    to: AwareDatetime,
    base: AwareDatetime | None = None,
    mode: Mode = "all",
) -> Response:
    """Footage of a range as fMP4; X-Next-At: where to ask next, X-Sound: the sound it has."""
    playback = ctx.services[PlaybackService]
    try:
        plan = await playback.plan(
            ctx.scope, camera_id, _ms(start), _ms(to), mode, None if base is None else _ms(base)
        )
    except NothingThereError as error:
        return _nothing_there(ctx, error)
    base_ms = plan.first_ms if base is None else _ms(base)
    return StreamingResponse(
        playback.stream(plan, base_ms, mode),
        media_type="audio/mp4" if mode == "sound" else "video/mp4",
        headers={
            "x-codec": plan.mime(mode),
            "x-sound": "" if plan.sound is None else plan.sound.mime,
            "x-first-at": str(_iso(plan.first_ms)),
            "x-last-at": str(_iso(plan.last_ms)),
            "x-next-at": str(_iso(plan.next_ms)),
            "x-width": str(plan.init.width),
            "x-height": str(plan.init.height),
            "cache-control": "no-store",
        },
    )


@router.get("/{camera_id}/thumbnail.jpg", action=VIEW)
async def get_thumbnail(
    ctx: Ctx,
    camera_id: UUID,
    at: AwareDatetime,
    request: Request,
    w: Annotated[int, Query(ge=32, le=1920)] = 160,
) -> Response:
    """The key frame at or before an instant, as a JPEG."""
    picture = await ctx.services[PlaybackService].thumbnail(ctx.scope, camera_id, _ms(at), w)
    return tagged_response(request, picture, "image/jpeg", THUMBNAIL_MAX_AGE_S)


def _nothing_there(ctx: Ctx, error: NothingThereError) -> Response:
    """The refusal, with the next footage in the header where a player looks for it anyway."""
    answer = json_response(
        {
            "type": f"urn:warroom:{error.code}",
            "title": error.code,
            "status": 404,
            "code": error.code,
            "detail": text(ctx.language, f"error.{error.code}"),
            "params": error.params,
        },
        404,
    )
    answer.headers["content-type"] = "application/problem+json"
    if error.params.get("next_at") is not None:
        answer.headers["x-next-at"] = error.params["next_at"]
    return answer


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _iso(ms: int | None) -> str | None:
    if ms is None:
        return None
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
