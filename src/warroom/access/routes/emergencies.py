"""HTTP of emergencies."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from warroom.access import api
from warroom.access.contracts import BREAK_GLASS, REVIEW, VIEW, EmergencyDraft
from warroom.access.routes.requests import Body, Corner, Note, Place, Sentence, prove
from warroom.identity import api as identity
from warroom.kernel.http import SIGNED_IN, Context, Ctx, Router, json_response

router = Router("access", prefix="/api/emergencies")


class EmergencyBody(Body):
    """Access that is taken now."""

    owner_id: UUID
    reason: Sentence
    minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    rings: list[Annotated[list[Corner], Field(min_length=3, max_length=200)]] = Field(
        default=[], max_length=20
    )
    places: list[Place] = Field(default=[], max_length=40)
    cameras: list[Annotated[int, Field(ge=1, le=999_999)]] = Field(default=[], max_length=100)
    with_units: bool = False


class ReviewBody(Body):
    """What a review found."""

    outcome: Literal["justified", "unclear", "misuse"]
    note: Note = ""


@router.get("", action=VIEW)
async def list_emergencies(
    ctx: Ctx,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Emergencies of agencies in view, taken by them or from them; newest first."""
    async with ctx.db.transaction(ctx.scope) as tx:
        page = await api.list_emergencies(ctx.scope, tx, after=cursor, limit=limit)
    settings = ctx.services[api.AccessSettings]
    limits = {"minutes": settings.emergency_minutes, "most": settings.emergency_most_minutes}
    return json_response(page | {"limits": limits})


@router.get("/active", action=SIGNED_IN)
async def list_active(ctx: Ctx) -> Response:
    """What is open now, of or to the asker's agency: for the bar above every page."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.list_active_emergencies(ctx.scope, tx)
    return json_response({"items": found, "total": len(found), "next": None})


@router.get("/unreviewed", action=REVIEW)
async def list_unreviewed(ctx: Ctx) -> Response:
    """What is over and waits for the asker's review: for the alarms above every page."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.list_unreviewed_emergencies(ctx.scope, tx)
    return json_response({"items": found, "total": len(found), "next": None})


@router.get("/directory", action=BREAK_GLASS)
async def list_owners(ctx: Ctx) -> Response:
    """Whose cameras can be opened."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.show_directory(ctx.scope, tx, ctx.services[api.AccessSettings])
    return json_response({"agencies": found["agencies"]})


@router.post("", action=BREAK_GLASS, session_only=True)
async def open_emergency(ctx: Ctx, body: EmergencyBody) -> Response:
    """Takes access now."""
    draft = EmergencyDraft(
        body.owner_id,
        body.reason,
        body.minutes,
        tuple(tuple(ring) for ring in body.rings),
        tuple(body.places),
        tuple(body.cameras),
        body.with_units,
    )
    async with ctx.db.transaction(ctx.scope) as tx:
        await prove(ctx, tx)
    emergency_id = await api.open_emergency(
        ctx.scope, ctx.db, ctx.clock, draft, ctx.services[api.AccessSettings]
    )
    ctx.services[identity.Authenticator].forget()
    return json_response({"id": emergency_id}, 201)


@router.get("/{emergency_id}", action=VIEW)
async def get_emergency(ctx: Ctx, emergency_id: UUID) -> Response:
    """One emergency, and what was seen under it."""
    return await _shown(ctx, emergency_id)


@router.post("/{emergency_id}/end", action=VIEW)
async def end_emergency(ctx: Ctx, emergency_id: UUID) -> Response:
    """Ends access before its time."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.end_emergency(ctx.scope, tx, emergency_id)
    ctx.services[identity.Authenticator].forget()
    return await _shown(ctx, emergency_id)


@router.post("/{emergency_id}/review", action=REVIEW, session_only=True)
async def review_emergency(ctx: Ctx, emergency_id: UUID, body: ReviewBody) -> Response:
    """Answers for an emergency."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await prove(ctx, tx)
        await api.review_emergency(ctx.scope, tx, emergency_id, body.outcome, body.note)
    return await _shown(ctx, emergency_id)


async def _shown(ctx: Context, emergency_id: UUID) -> Response:
    async with ctx.db.transaction(ctx.scope) as tx:
        shown, report = await api.show_emergency(ctx.scope, tx, emergency_id)
    return json_response(shown | {"report": report})
