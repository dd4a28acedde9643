"""Addresses of `hub`: webhooks, their secrets, tests and deliveries."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from warroom.hub import api
from warroom.kernel.errors import NotFoundError
from warroom.kernel.http import SIGNED_IN, Ctx, Router, json_response

router = Router("webhooks")

type Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
type Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=1024)]


class Body(BaseModel):
    """A request's body; fields that are not known are refused."""

    model_config = ConfigDict(extra="forbid")


class WebhookBody(Body):
    """A new webhook of a service account."""

    application_id: UUID
    name: Word
    url: Url
    kinds: list[Word] = Field(min_length=1, max_length=20)


class WebhookChange(Body):
    """Changes of a webhook; what is left out stays."""

    version: int
    name: Word | None = None
    url: Url | None = None
    kinds: list[Word] | None = Field(default=None, min_length=1, max_length=20)
    is_active: bool | None = None


class RotateBody(Body):
    """How long the old secret signs beside the new one."""

    overlap_hours: Annotated[float, Field(ge=0, le=24 * 30)] = 24


@router.get("/kinds", action=SIGNED_IN)
async def list_kinds(ctx: Ctx) -> Response:  # noqa: ARG001 - the guard alone
    """Kinds of events that can be subscribed to, and the action word of each."""
    return json_response(
        {"items": [{"name": kind.name, "action": kind.action} for kind in api.KINDS]}
    )


@router.get("", action="webhook:view")
async def list_webhooks(ctx: Ctx) -> Response:
    """Webhooks in view, with how they do."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_webhooks(ctx.scope, tx))


@router.post("", action="webhook:configure", session_only=True)
async def create_webhook(ctx: Ctx, body: WebhookBody) -> Response:
    """Makes a webhook; its secret is in this answer and never again."""
    async with ctx.db.transaction(ctx.scope) as tx:
        webhook_id, secret = await ctx.services[api.Webhooks].create(
            ctx.scope, tx, **body.model_dump()
        )
    return json_response({"id": webhook_id, "secret": secret}, 201)


@router.patch("/{webhook_id}", action="webhook:configure", session_only=True)
async def change_webhook(ctx: Ctx, webhook_id: UUID, body: WebhookChange) -> Response:
    """Changes a webhook.

    Raises:
        NotFoundError: It is not in view: then nothing is changed either.
    """
    changes = body.model_dump(exclude_unset=True, exclude_none=True, exclude={"version"})
    async with ctx.db.transaction(ctx.scope) as tx:
        await ctx.services[api.Webhooks].change(ctx.scope, tx, webhook_id, body.version, changes)
        content = await api.find_webhook(ctx.scope, tx, webhook_id)
        if content is None:
            raise NotFoundError
    return json_response(content)


@router.delete("/{webhook_id}", action="webhook:configure", status_code=204)
async def remove_webhook(ctx: Ctx, webhook_id: UUID) -> Response:
    """Removes a webhook with everything that waited for it."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await ctx.services[api.Webhooks].remove(ctx.scope, tx, webhook_id)
    return Response(status_code=204)


@router.post("/{webhook_id}/rotate", action="webhook:configure", session_only=True)
async def rotate_secret(ctx: Ctx, webhook_id: UUID, body: RotateBody) -> Response:
    """A new secret, in this answer and never again; both sign until the overlap is over."""
    overlap = timedelta(hours=body.overlap_hours)
    async with ctx.db.transaction(ctx.scope) as tx:
        secret = await ctx.services[api.Webhooks].rotate(ctx.scope, tx, webhook_id, overlap)
    return json_response({"secret": secret}, 201)


@router.post("/{webhook_id}/test", action="webhook:configure")
async def send_test(ctx: Ctx, webhook_id: UUID) -> Response:
    """Sends a signed event that tells of nothing, once, and tells how it went."""
    async with ctx.db.transaction(ctx.scope) as tx:
        endpoint = await ctx.services[api.Webhooks].endpoint_to_test(ctx.scope, tx, webhook_id)
    return json_response(await api.send_test(ctx.services[api.Sender], endpoint, ctx.scope))


@router.post("/{webhook_id}/resend", action="webhook:configure")
async def resend(ctx: Ctx, webhook_id: UUID) -> Response:
    """Lets parked deliveries wait again."""
    async with ctx.db.transaction(ctx.scope) as tx:
        number = await ctx.services[api.Webhooks].resend(ctx.scope, tx, webhook_id)
    return json_response({"deliveries": number})


@router.get("/{webhook_id}/deliveries", action="webhook:view")
async def list_deliveries(ctx: Ctx, webhook_id: UUID) -> Response:
    """The last hundred deliveries: how each went, never what was in it."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_deliveries(ctx.scope, tx, webhook_id))
