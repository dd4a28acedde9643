"""HTTP and WebSocket of live view."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from warroom.kernel.errors import WarRoomError
from warroom.kernel.http import Ctx, Router
from warroom.kernel.i18n import text
from warroom.kernel.scope import Scope
from warroom.live.api import (
    VIEW,
    Asked,
    LiveService,
    Viewer,
    ViewerClosedError,
    Way,
    choose_role,
)

router = Router("live")

LAST_WORD_S = 2.0
REFUSED = 4403


@router.websocket("/{camera_id}/mse", action=VIEW)
async def watch_mse(socket: WebSocket, ctx: Ctx, camera_id: UUID, role: Asked = "auto") -> None:
    """Live view for Media Source Extensions: texts that explain, fMP4 fragments that show."""
    await _stream(socket, ctx, camera_id, role, "mse")


@router.websocket("/{camera_id}/sound", action=VIEW)
async def listen(socket: WebSocket, ctx: Ctx, camera_id: UUID, role: Asked = "auto") -> None:
    """The sound beside a picture, in the same manner; a look of its own for the audit."""
    await _stream(socket, ctx, camera_id, role, "sound")


@router.get("/{camera_id}/snapshot.jpg", action=VIEW)
async def get_snapshot(
    ctx: Ctx, camera_id: UUID, request: Request, w: Annotated[int, Query(ge=32, le=3840)] = 320
) -> Response:
    """The last key frame as a JPEG; says when it was taken and how old it is."""
    snapshot = await ctx.services[LiveService].take_snapshot(ctx.scope, camera_id, w)
    taken = datetime.fromtimestamp(snapshot.at_ms / 1000, UTC)
    age_ms = max(0, round((ctx.clock.now() - taken).total_seconds() * 1000))
    headers = {
        "x-frame-at": taken.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "x-frame-age-ms": str(age_ms),
        "etag": f'"{snapshot.at_ms:x}-{len(snapshot.jpeg):x}"',
        "cache-control": "private, no-cache",
        "vary": "cookie",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(snapshot.jpeg, media_type="image/jpeg", headers=headers)


@router.post("/{camera_id}/whep", action=VIEW)
async def open_whep(ctx: Ctx, camera_id: UUID, request: Request, role: Asked = "auto") -> Response:
    """Live view over WebRTC: takes an SDP offer, answers with every candidate in it (WHEP)."""
    offer = (await request.body()).decode("utf-8", "replace")

    async def still() -> Scope | None:
        scope: Scope | None = await request.app.state.authenticator(request)
        return scope

    answered = await ctx.services[LiveService].open_session(
        ctx.scope, camera_id, role, offer, still
    )
    headers = {
        "location": f"/api/live/whep/{answered.session}",
        "x-sound": answered.sound or "",
        "cache-control": "no-store",
    }
    return Response(answered.sdp, 201, headers, "application/sdp")


@router.delete("/whep/{session}", action=VIEW)
async def close_whep(ctx: Ctx, session: UUID) -> Response:
    """Ends a WebRTC view of one's own."""
    await ctx.services[LiveService].close_session(ctx.scope, str(session))
    return Response(status_code=204)


async def _stream(socket: WebSocket, ctx: Ctx, camera_id: UUID, role: Asked, way: Way) -> None:
    live = ctx.services[LiveService]
    camera = await live.get_camera(ctx.scope, camera_id)
    await socket.accept()

    async def still() -> Scope | None:
        scope: Scope | None = await socket.app.state.authenticator(socket)
        return scope

    with ExitStack() as held:
        try:
            held.enter_context(live.viewers.take(ctx.scope))
            chosen = choose_role(camera, role)
            channel, viewer = live.join(camera, chosen, way)
        except WarRoomError as error:
            held.close()
            await _refuse(socket, ctx.language, error)
            return
        view = None
        try:
            view = await live.open(ctx.scope, camera, chosen, way, still=still, end=viewer.close)
            await _show(socket, viewer)
            if viewer.error is not None:
                await _refuse(socket, ctx.language, viewer.error)
        finally:
            live.leave(channel, viewer)
            if view is not None:
                await live.close(view, viewer.dropped)


async def _show(socket: WebSocket, viewer: Viewer) -> None:
    """Sends what comes for a viewer until they go or are sent away."""
    parts = [
        asyncio.ensure_future(part)
        for part in (_send(socket, viewer), _until_gone(socket), viewer.ended.wait())
    ]
    try:
        await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        if viewer.ended.is_set():
            await asyncio.wait(parts[:2], timeout=LAST_WORD_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)


async def _send(socket: WebSocket, viewer: Viewer) -> None:
    while True:
        try:
            item = await viewer.take()
        except ViewerClosedError:
            return
        if isinstance(item, str):
            await socket.send_text(item)
        else:
            await socket.send_bytes(item)


async def _until_gone(socket: WebSocket) -> None:
    """Viewers have nothing to say; what they send is dropped."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _refuse(socket: WebSocket, language: str, error: WarRoomError) -> None:
    words = {
        "type": "refused",
        "code": error.code,
        "message": text(language, f"error.{error.code}", **error.params),
    }
    try:
        async with asyncio.timeout(LAST_WORD_S):
            await socket.send_text(msgspec.json.encode(words).decode())
            await socket.close(REFUSED)
    except (TimeoutError, WebSocketDisconnect, RuntimeError):
        return
