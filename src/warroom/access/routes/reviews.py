"""HTTP of reviews of rights."""

from typing import Literal
from uuid import UUID

from pydantic import Field
from starlette.responses import Response

from warroom.access import api
from warroom.access.contracts import REVIEW, VIEW
from warroom.access.routes.requests import Body, prove
from warroom.identity import api as identity
from warroom.kernel.http import Ctx, Router, json_response

router = Router("access", prefix="/api/reviews")


class ReviewBody(Body):
    """Whose rights are to be reviewed."""

    agency_id: UUID


class DecisionBody(Body):
    """Rights that are confirmed or dropped."""

    items: list[UUID] = Field(min_length=1, max_length=2000)
    decision: Literal["confirmed", "dropped"]


@router.get("", action=VIEW)
async def list_reviews(ctx: Ctx) -> Response:
    """Reviews of agencies in view, newest first."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.list_reviews(ctx.scope, tx)
    return json_response({"items": found, "total": len(found), "next": None})


@router.post("", action=REVIEW)
async def open_review(ctx: Ctx, body: ReviewBody) -> Response:
    """Opens a review before its time."""
    async with ctx.db.transaction(ctx.scope) as tx:
        review_id = await api.open_review(
            ctx.scope, tx, body.agency_id, ctx.services[api.AccessSettings]
        )
    ctx.services[identity.Authenticator].forget()
    return json_response({"id": review_id}, 201)


@router.get("/{review_id}", action=VIEW)
async def get_review(ctx: Ctx, review_id: UUID) -> Response:
    """One review with every right in it."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.show_review(ctx.scope, tx, review_id))


@router.post("/{review_id}/decide", action=REVIEW, session_only=True)
async def decide_items(ctx: Ctx, review_id: UUID, body: DecisionBody) -> Response:
    """Confirms or drops rights."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await prove(ctx, tx)
        await api.decide_items(ctx.scope, tx, review_id, body.items, body.decision)
    ctx.services[identity.Authenticator].forget()
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.show_review(ctx.scope, tx, review_id))
