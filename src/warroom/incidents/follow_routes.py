"""HTTP of the links for callers: made and revoked at the desk, opened by whoever holds one."""

import contextlib
from typing import Annotated
from urllib.parse import parse_qs
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from warroom.incidents import api, follow_page
from warroom.incidents.api import Doorstep, IncidentSettings
from warroom.incidents.contracts import VIEW, WORK
from warroom.incidents.errors import IncidentNotFoundError
from warroom.kernel.http import PUBLIC, Context, Ctx, Router, json_response
from warroom.kernel.i18n import language_in

router = Router("incidents")
doors = Router("incidents", prefix="")

_HEADERS = {
    "cache-control": "no-store",
    # The strict rule of the other pages would hide from us that the form is our own.
    "referrer-policy": "same-origin",
    "x-robots-tag": "noindex",
}

_DOT = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)

type Language = Annotated[str | None, Query(alias="bahasa", max_length=2)]


@router.get("/{incident_id}/links/citizen", action=VIEW)
async def list_links(ctx: Ctx, incident_id: UUID) -> Response:
    """Links for who called: when each was made, opened, and what they said of how it went."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.get_incident(ctx.scope, tx, incident_id)
        items = await api.list_links(ctx.scope, tx, incident_id)
    return json_response({"items": items})


@router.post("/{incident_id}/links/citizen", action=WORK)
async def make_link(ctx: Ctx, incident_id: UUID) -> Response:
    """A new link for who called; its address is told this once."""
    days = ctx.services[IncidentSettings].follow_days
    async with ctx.db.transaction(ctx.scope) as tx:
        made = await api.make_link(ctx.scope, tx, incident_id, days, ctx.clock.now())
    return json_response(made, 201)


@router.delete("/{incident_id}/links/citizen", action=WORK)
async def revoke_links(ctx: Ctx, incident_id: UUID) -> Response:
    """Ends every such link of the incident."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.revoke_links(ctx.scope, tx, incident_id, ctx.clock.now())
    return Response(status_code=204)


@doors.get("/kabar/{token}", action=PUBLIC, include_in_schema=False)
async def show_news(ctx: Ctx, token: str, language: Language = None) -> Response:
    """What the holder of a link is told: plain HTML, without signing in and without scripts."""
    return await _page(ctx, token, language)


@doors.post("/kabar/{token}", action=PUBLIC, include_in_schema=False)
async def keep_answer(
    ctx: Ctx, request: Request, token: str, language: Language = None
) -> Response:
    """Keeps how it went by their word: 1 to 5 and some words."""
    told: dict[str, list[str]] = {}
    with contextlib.suppress(ValueError):  # more fields than the form has: not our form
        told = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
    score = told.get("score", [""])[0]
    if score not in {"1", "2", "3", "4", "5"}:
        return await _page(ctx, token, language)
    return await _page(ctx, token, language, (int(score), told.get("words", [""])[0]))


@doors.get("/kabar/{token}/dilihat.gif", action=PUBLIC, include_in_schema=False)
async def mark_seen(ctx: Ctx, token: str) -> Response:
    """An empty picture in that page: a program that only looks ahead at a link draws none."""
    if ctx.services[Doorstep].lets_in(ctx.scope.address):
        async with ctx.db.transaction(ctx.scope) as tx:
            await api.mark_seen(ctx.scope, tx, token, ctx.clock.now())
    return Response(_DOT, media_type="image/gif", headers=_HEADERS)


async def _page(
    ctx: Context, token: str, language: str | None, answer: tuple[int, str] | None = None
) -> Response:
    language = language_in(language or ctx.language)
    if not ctx.services[Doorstep].lets_in(ctx.scope.address):
        return HTMLResponse(follow_page.show_nothing(language, "often"), 429, _HEADERS)
    now, is_kept = ctx.clock.now(), False
    async with ctx.db.transaction(ctx.scope) as tx:
        try:
            if answer is not None:
                is_kept = await api.keep_answer(ctx.scope, tx, token, *answer, now)
            news = await api.show_news(ctx.scope, tx, token, now)
        except IncidentNotFoundError:
            return HTMLResponse(follow_page.show_nothing(language), 404, _HEADERS)
    page = follow_page.show(language, ctx.services[ZoneInfo], token, news, is_kept=is_kept)
    return HTMLResponse(page, 200, _HEADERS)
