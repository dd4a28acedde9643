"""Addresses of `alerts`: read the request, call `api`, answer."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from warroom.alerts import api, draft_routes
from warroom.alerts.api import AlertSettings, Taker
from warroom.alerts.contracts import CHANGED, TAKE, VIEW
from warroom.alerts.errors import AlertNotFoundError, BadAlertError
from warroom.alerts.xml_tree import MOST_BYTES
from warroom.kernel.errors import TooLargeError
from warroom.kernel.http import Ctx, Router, json_response
from warroom.kernel.realtime import Topic

router = Router("alerts")

TOPICS: list[Topic] = [Topic(CHANGED, VIEW, is_common=True), *draft_routes.TOPICS]

PAST_MOST = 50

_AS_TEXT = {
    "cache-control": "no-store",
    "content-disposition": 'attachment; filename="alert.xml"',
    "content-security-policy": "sandbox",
    "x-content-type-options": "nosniff",
}
"""Of strangers: never shown as a page of ours, whatever it says it is."""


@router.get("", action=VIEW)
async def list_alerts(ctx: Ctx) -> Response:
    """Alerts that hold or will hold, and how each source answered last."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.show_in_force(ctx.scope, tx)
        answers = msgspec.json.decode(await api.list_sources(ctx.scope, tx))
    known = {(one["source"], one["url"]): one for one in answers}
    sources = [
        {
            "source": source.name,
            "url": url,
            "every_s": source.every_s,
            **{
                word: known.get((source.name, url), {}).get(word)
                for word in ("tried_at", "ok_at", "problem", "detail")
            },
        }
        for source in ctx.services[AlertSettings].sources
        for url in source.urls
    ]
    return json_response({"at": ctx.clock.now(), "items": items, "sources": sources})


@router.get("/past", action=VIEW)
async def list_past(
    ctx: Ctx,
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: UUID | None = None,
) -> Response:
    """What ended, was a test, or spoke of other messages, with all these words; the last first."""
    words, now = q.replace("\0", "").split(), ctx.clock.now()
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_past(ctx.scope, tx, now, after=cursor, words=words, limit=PAST_MOST)
    ids = msgspec.json.decode(items, type=list[_Listed])
    following = ids[-1].id if len(ids) == PAST_MOST else None
    return json_response({"items": msgspec.Raw(items), "next": following})


class _Listed(msgspec.Struct):
    id: UUID


@router.get("/refused", action=VIEW)
async def list_refused(ctx: Ctx) -> Response:
    """Documents that were no alerts, with why."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_refused(ctx.scope, tx)
    return json_response(b'{"items":' + items + b"}")


@router.get("/refused/{refused_id}.xml", action=VIEW)
async def show_refused(ctx: Ctx, refused_id: UUID) -> Response:
    """The beginning of a refused document, to be looked at.

    Raises:
        AlertNotFoundError: There is none.
    """
    async with ctx.db.transaction(ctx.scope) as tx:
        content = await api.find_refused(ctx.scope, tx, refused_id)
    if content is None:
        raise AlertNotFoundError
    return Response(content, media_type="text/plain", headers=_AS_TEXT)


@router.get("/{alert_id}", action=VIEW)
async def show_alert(ctx: Ctx, alert_id: UUID) -> Response:
    """One alert, with the open incidents and the premises in view that lie inside."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.show_alert(ctx.scope, tx, alert_id))


@router.get("/{alert_id}.xml", action=VIEW)
async def show_xml(ctx: Ctx, alert_id: UUID) -> Response:
    """The document of an alert, as it came.

    Raises:
        AlertNotFoundError: There is none.
    """
    async with ctx.db.transaction(ctx.scope) as tx:
        content = await api.find_xml(ctx.scope, tx, alert_id)
    if content is None:
        raise AlertNotFoundError
    return Response(content, media_type="application/cap+xml", headers=_AS_TEXT)


@router.post("/received", action=TAKE)
async def receive_alert(ctx: Ctx, request: Request) -> Response:
    """Takes in one alert (CAP 1.2 as the body); sent again it changes nothing.

    Raises:
        TooLargeError: The body is longer than an alert may be.
        BadAlertError: It is none; it is kept for looking.
    """
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            raise TooLargeError(limit_bytes=MOST_BYTES)
    async with ctx.db.transaction(ctx.scope) as tx:
        source = f"push {ctx.scope.agency_label or '-'} {ctx.scope.label}".strip()[:200]
        outcome = await api.take_in(
            ctx.services[Taker], ctx.scope, tx, source, bytes(content), "push"
        )
    if outcome.how == "refused":
        raise BadAlertError(problem=outcome.problem, detail=outcome.detail)
    told = {"id": outcome.alert_id, "is_new": outcome.how == "new"}
    return json_response(told, 201 if outcome.how == "new" else 200)


# `/drafts` before `/{alert_id}`.
routers = (draft_routes.router, draft_routes.doors, router)
