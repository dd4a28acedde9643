"""HTTP of requests across agencies."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from warroom.access import api
from warroom.access.contracts import (
    APPROVE,
    CONFIGURE,
    REQUEST,
    VIEW,
    Decision,
    RequestDraft,
)
from warroom.access.errors import FileTooLargeError
from warroom.identity import api as identity
from warroom.kernel.blobs import Blobs
from warroom.kernel.db import Transaction
from warroom.kernel.http import AREA_CODE, Context, Ctx, Router, json_response

router = Router("access", prefix="/api/requests")

type Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
type Sentence = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)
]
type Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
type Place = Annotated[str, StringConstraints(pattern=AREA_CODE)]
type Corner = tuple[float, float]


class Body(BaseModel):
    """A request's body; fields that are not known are refused."""

    model_config = ConfigDict(extra="forbid")


class RequestBody(Body):
    """A request as it is written; `version` when it is written anew."""

    version: int | None = None
    letter_number: Word
    letter_date: date
    basis_id: UUID
    purpose: Sentence
    case_number: Word
    actions: list[Word] = Field(min_length=1, max_length=10)
    owners: list[UUID] = Field(default=[], max_length=40)
    rings: list[Annotated[list[Corner], Field(min_length=3, max_length=200)]] = Field(
        default=[], max_length=20
    )
    places: list[Place] = Field(default=[], max_length=200)
    cameras: list[Annotated[int, Field(ge=1, le=999_999)]] = Field(default=[], max_length=500)
    footage_from: AwareDatetime | None = None
    footage_to: AwareDatetime | None = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    people: list[UUID] = Field(default=[], max_length=100)
    roles: list[Word] = Field(default=[], max_length=20)

    def draft(self) -> RequestDraft:
        """The body as the service takes it."""
        values: dict[str, Any] = self.model_dump(exclude={"version", "rings"})
        tuples = {word: tuple(value) for word, value in values.items() if isinstance(value, list)}
        rings = tuple(tuple(ring) for ring in self.rings)
        return RequestDraft(**(values | tuples), rings=rings)


class DecisionBody(Body):
    """A signature; what is left out is as asked."""

    role: Word
    note: Note = ""
    cameras: list[UUID] | None = Field(default=None, max_length=2000)
    actions: list[Word] | None = Field(default=None, max_length=10)
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    footage_from: AwareDatetime | None = None
    footage_to: AwareDatetime | None = None


class ReasonBody(Body):
    """Why."""

    reason: Sentence


class BasisBody(Body):
    """A law and its article."""

    law: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
    article: Word
    is_active: bool = True


@router.get("", action=VIEW)
async def list_requests(
    ctx: Ctx,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ended: bool = False,  # noqa: FBT001, FBT002 - a query parameter
) -> Response:
    """Requests of agencies in view, and those sent to them; newest first."""
    async with ctx.db.transaction(ctx.scope) as tx:
        page = await api.list_requests(ctx.scope, tx, after=cursor, limit=limit, with_ended=ended)
        roles = await api.own_approver_roles(ctx.scope, tx, ctx.services[api.AccessSettings])
    return json_response(page | {"approver_roles": roles})


@router.get("/waiting", action=VIEW)
async def count_waiting(ctx: Ctx) -> Response:
    """How many requests, emergencies and reviews wait for the asker."""
    async with ctx.db.transaction(ctx.scope) as tx:
        settings = ctx.services[api.AccessSettings]
        return json_response(await api.count_waiting(ctx.scope, tx, settings))


@router.get("/directory", action=REQUEST)
async def get_directory(ctx: Ctx) -> Response:
    """What a request is written with."""
    async with ctx.db.transaction(ctx.scope) as tx:
        settings = ctx.services[api.AccessSettings]
        return json_response(await api.show_directory(ctx.scope, tx, settings))


@router.get("/basis", action=VIEW)
async def list_basis(ctx: Ctx) -> Response:
    """The laws on which requests rest."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.list_basis(ctx.scope, tx)
    may_change = ctx.scope.allows(CONFIGURE, agency_id=None)
    page = {"items": found, "total": len(found), "next": None}
    return json_response(page | {"may_change": may_change})


@router.post("/basis", action=CONFIGURE)
async def add_basis(ctx: Ctx, body: BasisBody) -> Response:
    """Adds a law; for those who configure the whole city."""
    return json_response({"id": await _save_basis(ctx, None, body)}, 201)


@router.put("/basis/{basis_id}", action=CONFIGURE)
async def change_basis(ctx: Ctx, basis_id: UUID, body: BasisBody) -> Response:
    """Changes a law, or strikes it off."""
    return json_response({"id": await _save_basis(ctx, basis_id, body)})


async def _save_basis(ctx: Context, basis_id: UUID | None, body: BasisBody) -> UUID:
    async with ctx.db.transaction(ctx.scope) as tx:
        return await api.save_basis(
            ctx.scope, tx, basis_id, body.law, body.article, active=body.is_active
        )


@router.post("", action=REQUEST)
async def create_request(ctx: Ctx, body: RequestBody) -> Response:
    """Keeps a draft."""
    async with ctx.db.transaction(ctx.scope) as tx:
        request_id = await api.create_request(
            ctx.scope, tx, body.draft(), ctx.services[api.AccessSettings]
        )
        content = await api.show_request(ctx.scope, tx, request_id)
    return json_response(content, 201)


@router.get("/{request_id}", action=VIEW)
async def get_request(ctx: Ctx, request_id: UUID) -> Response:
    """One request."""
    return await _shown(ctx, request_id)


@router.put("/{request_id}", action=REQUEST)
async def change_request(ctx: Ctx, request_id: UUID, body: RequestBody) -> Response:
    """Writes a draft anew."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.change_request(
            ctx.scope,
            tx,
            request_id,
            body.version or 0,
            body.draft(),
            ctx.services[api.AccessSettings],
        )
    return await _shown(ctx, request_id)


@router.post("/{request_id}/send", action=REQUEST)
async def send_request(ctx: Ctx, request_id: UUID) -> Response:
    """Sends a draft to the owners it names."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.send_request(ctx.scope, tx, request_id)
    return await _shown(ctx, request_id)


@router.post("/{request_id}/withdraw", action=REQUEST)
async def withdraw_request(ctx: Ctx, request_id: UUID, body: ReasonBody) -> Response:
    """Takes a request back; what was lent by it ends now."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.withdraw_request(ctx.scope, tx, request_id, body.reason)
    return await _shown(ctx, request_id)


@router.get("/{request_id}/parts/{owner_id}/cameras", action=APPROVE)
async def list_meant(ctx: Ctx, request_id: UUID, owner_id: UUID) -> Response:
    """The cameras that a request means, for whoever decides about them."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.show_meant(ctx.scope, tx, request_id, owner_id)
    return json_response({"items": found, "total": len(found), "next": None})


@router.post("/{request_id}/parts/{owner_id}/approve", action=APPROVE, session_only=True)
async def approve_part(ctx: Ctx, request_id: UUID, owner_id: UUID, body: DecisionBody) -> Response:
    """Signs one owner's part; with the second signature the things are lent."""
    values: dict[str, Any] = {
        word: tuple(value) if isinstance(value, list) else value
        for word, value in body.model_dump().items()
    }
    async with ctx.db.transaction(ctx.scope) as tx:
        await prove(ctx, tx)
        await api.approve_part(
            ctx.scope,
            tx,
            request_id,
            owner_id,
            Decision(**values),
            ctx.services[api.AccessSettings],
        )
    return await _shown(ctx, request_id)


@router.post("/{request_id}/parts/{owner_id}/refuse", action=APPROVE)
async def refuse_part(ctx: Ctx, request_id: UUID, owner_id: UUID, body: ReasonBody) -> Response:
    """Refuses one owner's part."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.refuse_part(ctx.scope, tx, request_id, owner_id, body.reason)
    return await _shown(ctx, request_id)


@router.post("/{request_id}/parts/{owner_id}/revoke", action=APPROVE)
async def revoke_part(ctx: Ctx, request_id: UUID, owner_id: UUID, body: ReasonBody) -> Response:
    """Takes back what one owner had lent, at once."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.revoke_part(ctx.scope, tx, request_id, owner_id, body.reason)
    return await _shown(ctx, request_id)


@router.post("/{request_id}/attachments", action=REQUEST)
async def attach(
    ctx: Ctx,
    request_id: UUID,
    request: Request,
    name: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """Adds a PDF or picture, sent as the body itself, to a draft."""
    settings = ctx.services[api.AccessSettings]
    content = await _read(request, settings.attachment_mb)
    async with ctx.db.transaction(ctx.scope) as tx:
        attachment_id = await api.attach(
            ctx.scope, tx, request_id, name, content, ctx.services[Blobs], settings
        )
    return json_response({"id": attachment_id}, 201)


async def _read(request: Request, limit_mb: int) -> bytes:
    """The body, read no further than the limit.

    Raises:
        FileTooLargeError: It is longer.
    """
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > limit_mb * 1_000_000:
            raise FileTooLargeError(limit_mb=limit_mb)
    return bytes(content)


@router.get("/{request_id}/attachments/{attachment_id}", action=VIEW)
async def get_attachment(ctx: Ctx, request_id: UUID, attachment_id: UUID) -> Response:
    """An attachment as it came, to be saved and not shown by the browser."""
    async with ctx.db.transaction(ctx.scope) as tx:
        item = await api.find_attachment(ctx.scope, tx, request_id, attachment_id, VIEW)
        content = ctx.services[Blobs].get(item["digest"])
    suffix = {"application/pdf": "pdf", "image/png": "png"}.get(item["media_type"], "jpg")
    return Response(
        content,
        media_type=item["media_type"],
        headers={
            "content-disposition": f'attachment; filename="{item["digest"][:12]}.{suffix}"',
            "x-content-type-options": "nosniff",
            "content-security-policy": "sandbox",
            "cache-control": "no-store",
        },
    )


@router.get("/{request_id}/report", action=VIEW)
async def get_report(ctx: Ctx, request_id: UUID) -> Response:
    """Who looked at what under a request."""
    async with ctx.db.transaction(ctx.scope) as tx:
        _, report = await api.report_request(ctx.scope, tx, request_id)
    return json_response(report)


@router.get("/{request_id}/report.csv", action=VIEW)
async def get_report_csv(ctx: Ctx, request_id: UUID) -> Response:
    """The same as CSV."""
    async with ctx.db.transaction(ctx.scope) as tx:
        loaded, report = await api.report_request(ctx.scope, tx, request_id)
    name = loaded.row["number"] or "draft"
    return Response(
        api.as_csv(report),
        media_type="text/csv; charset=utf-8",
        headers={
            "content-disposition": f'attachment; filename="{name}.csv"',
            "cache-control": "no-store",
        },
    )


async def prove(ctx: Context, tx: Transaction) -> None:
    """Asks for proof before access is given or answered for; never before it is taken away.

    Raises:
        ProveItError: It is too long since the asker proved who they are.
    """
    minutes = ctx.services[identity.IdentitySettings].prove_minutes
    await identity.prove_for_rights(ctx.scope, tx, minutes)


async def _shown(ctx: Context, request_id: UUID) -> Response:
    # What was lent or taken back bites at the next request of whoever holds it.
    ctx.services[identity.Authenticator].forget()
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.show_request(ctx.scope, tx, request_id))
