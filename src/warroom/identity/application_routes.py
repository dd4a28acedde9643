"""HTTP doors of tokens, and of service accounts (called applications, as people call them)."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from warroom.identity import api
from warroom.identity.account_routes import prove_for_rights
from warroom.identity.contracts import CreatedToken
from warroom.kernel.errors import NotFoundError
from warroom.kernel.http import AREA_CODE, SIGNED_IN, Ctx, Router, json_response

applications = Router("applications")
tokens = Router("tokens")
routers = [applications, tokens]

type Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
type Purpose = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]
type Place = Annotated[str, StringConstraints(pattern=AREA_CODE)]
type Network = Annotated[str, StringConstraints(strip_whitespace=True, max_length=50)]
type Days = Annotated[int, Field(ge=1, le=366)]


class Body(BaseModel):
    """A request's body; fields that are not known are refused."""

    model_config = ConfigDict(extra="forbid")


class TokenBody(Body):
    """A new API token: what it is for, and its limits."""

    name: Word
    actions: list[Word] | None = Field(default=None, min_length=1, max_length=40)
    days: Days = 30
    networks: list[Network] = Field(default=[], max_length=20)
    per_minute: Annotated[int, Field(ge=1, le=600_000)] | None = None

    def terms(self) -> api.TokenTerms:
        """As the service takes it."""
        return api.TokenTerms(
            self.name,
            self.days,
            None if self.actions is None else tuple(self.actions),
            tuple(self.networks),
            self.per_minute,
        )


class RotateBody(Body):
    """How long the old token stays in force beside the new one, and how long the new one lasts."""

    overlap_hours: Annotated[float, Field(ge=0, le=24 * 30)] = 24
    days: Days | None = None


class ApplicationBody(Body):
    """A new service account."""

    agency_id: UUID
    name: Word
    purpose: Purpose = ""
    actions: list[Word] = Field(min_length=1, max_length=20)
    reach: Literal["own", "city"] = "own"
    places: list[Place] | None = Field(default=None, min_length=1, max_length=200)
    objects: list[UUID] | None = Field(default=None, min_length=1, max_length=2000)
    tags: list[Word] | None = Field(default=None, min_length=1, max_length=50)
    with_grants: bool = False


class ApplicationChange(Body):
    """Changes of a service account; what is left out stays, null of a limit takes it away."""

    version: int
    name: Word | None = None
    purpose: Purpose | None = None
    actions: list[Word] | None = Field(default=None, min_length=1, max_length=20)
    reach: Literal["own", "city"] | None = None
    places: list[Place] | None = Field(default=None, min_length=1, max_length=200)
    objects: list[UUID] | None = Field(default=None, min_length=1, max_length=2000)
    tags: list[Word] | None = Field(default=None, min_length=1, max_length=50)
    with_grants: bool | None = None
    is_active: bool | None = None

    def changes(self) -> dict[str, Any]:
        """What was given: a limit may be null, the rest may not."""
        may_be_null = ("places", "objects", "tags")
        return {
            word: value
            for word, value in self.model_dump(exclude_unset=True, exclude={"version"}).items()
            if value is not None or word in may_be_null
        }


@applications.get("", action="application:view")
async def list_applications(ctx: Ctx) -> Response:
    """Service accounts in view, each with its tokens in force and their last use."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_applications(ctx.scope, tx))


@applications.post("", action="application:configure", session_only=True)
async def create_application(ctx: Ctx, body: ApplicationBody) -> Response:
    """Makes a service account of an agency, with no more rights than the asker holds."""
    given: dict[str, Any] = {
        word: tuple(value) if isinstance(value, list) else value
        for word, value in body.model_dump().items()
    }
    async with ctx.db.transaction(ctx.scope) as tx:
        await prove_for_rights(ctx, tx)
        account_id = await api.create_application(ctx.scope, tx, api.NewApplication(**given))
        content = _found(await api.find_application(ctx.scope, tx, account_id))
    return json_response(content, 201)


@applications.patch("/{application_id}", action="application:configure", session_only=True)
async def change_application(ctx: Ctx, application_id: UUID, body: ApplicationChange) -> Response:
    """Changes a service account; made inactive, its tokens end at once."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.change_application(ctx.scope, tx, application_id, body.version, body.changes())
        content = _found(await api.find_application(ctx.scope, tx, application_id))
    ctx.services[api.Authenticator].forget()
    return json_response(content)


@applications.post("/{application_id}/tokens", action="application:configure", session_only=True)
async def create_application_token(ctx: Ctx, application_id: UUID, body: TokenBody) -> Response:
    """Makes a token for a service account; its secret is in this answer and never again."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await prove_for_rights(ctx, tx)
        made = await api.create_application_token(ctx.scope, tx, application_id, body.terms())
    return _shown_once(made)


@tokens.get("", action=SIGNED_IN)
async def list_tokens(ctx: Ctx) -> Response:
    """Own API tokens, and those of people that the asker may configure."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_tokens(ctx.scope, tx))


@tokens.post("", action="token:create", session_only=True)
async def create_token(ctx: Ctx, body: TokenBody) -> Response:
    """Makes an API token of the asker's own; its secret is in this answer and never again."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await prove_for_rights(ctx, tx)
        made = await api.create_token(ctx.scope, tx, login=None, terms=body.terms())
    return _shown_once(made)


@tokens.post("/{token_id}/rotate", action=SIGNED_IN, session_only=True)
async def rotate_token(ctx: Ctx, token_id: UUID, body: RotateBody) -> Response:
    """Makes a new token of the same terms; the old one ends after the overlap."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await prove_for_rights(ctx, tx)
        made = await api.rotate_token(
            ctx.scope,
            tx,
            token_id,
            overlap=timedelta(hours=body.overlap_hours),
            lasts=None if body.days is None else timedelta(days=body.days),
        )
    ctx.services[api.Authenticator].forget()
    return _shown_once(made)


@tokens.delete("/{token_id}", action=SIGNED_IN, status_code=204)
async def revoke_token(ctx: Ctx, token_id: UUID) -> Response:
    """Ends an API token at once."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.revoke_token(ctx.scope, tx, token_id)
    ctx.services[api.Authenticator].forget()
    return Response(status_code=204)


def _shown_once(made: CreatedToken) -> Response:
    return json_response({"id": made.id, "token": made.token, "expires_at": made.expires_at}, 201)


def _found(content: bytes | None) -> bytes:
    if content is None:
        raise NotFoundError
    return content
