"""HTTP doors of single sign-on: going to a provider and coming back, providers, linked accounts."""

from typing import Annotated, Any, Self
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from starlette.responses import RedirectResponse, Response

from warroom.identity import api
from warroom.identity.account_routes import caller_of
from warroom.identity.cookies import drop, keep, keep_session
from warroom.identity.cookies import shown as cookie
from warroom.kernel.errors import NotFoundError, WarRoomError
from warroom.kernel.http import PUBLIC, SIGNED_IN, Context, Ctx, Router, json_response
from warroom.kernel.limits import Cost
from warroom.kernel.outbound import Outbound
from warroom.kernel.secrets import Sealer

sso = Router("sso")
providers = Router("providers")
people = Router("people")
routers = [sso, providers, people]

BROWSER_COOKIE = "warroom_sso"
_MOST_LOGOUT = 32_768

type Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,38}$")]
type Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
type Claim = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
type Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=200)]
type Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=400)]


class Body(BaseModel):
    """A request's body; fields that are not known are refused."""

    model_config = ConfigDict(extra="forbid")


class DepartureBody(Body):
    """Where to go on to afterwards, and what for: to sign in, to link, or to prove who one is."""

    next: Annotated[str, StringConstraints(max_length=500)] = "/"
    link: bool = False
    prove: bool = False


class ProviderBody(Body):
    """A new provider."""

    slug: Slug
    name: Word
    issuer: Url
    client_id: Claim
    secret: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    scopes: list[Claim] = Field(default=["openid", "profile", "email"], max_length=20)
    agencies: list[UUID] = Field(min_length=1, max_length=200)
    agency_claim: Claim | None = None
    agency_map: dict[Claim, UUID] = Field(default={}, max_length=200)
    creates: bool = False
    default_role: Word | None = None
    groups_claim: Claim | None = None
    role_map: dict[Claim, Word] = Field(default={}, max_length=200)
    factor_values: list[Claim] = Field(default=[], max_length=20)
    ends_session: bool = False

    @model_validator(mode="after")
    def _asks_for_openid(self) -> Self:
        if "openid" not in self.scopes:
            self.scopes = ["openid", *self.scopes]
        return self


class ProviderChange(Body):
    """Changes of a provider; what is left out stays, an empty secret is taken away."""

    version: int
    name: Word | None = None
    issuer: Url | None = None
    client_id: Claim | None = None
    secret: Annotated[str, StringConstraints(max_length=500)] | None = None
    scopes: list[Claim] | None = Field(default=None, min_length=1, max_length=20)
    agencies: list[UUID] | None = Field(default=None, min_length=1, max_length=200)
    agency_claim: Claim | None = None
    agency_map: dict[Claim, UUID] | None = Field(default=None, max_length=200)
    creates: bool | None = None
    default_role: Word | None = None
    groups_claim: Claim | None = None
    role_map: dict[Claim, Word] | None = Field(default=None, max_length=200)
    factor_values: list[Claim] | None = Field(default=None, max_length=20)
    ends_session: bool | None = None
    is_active: bool | None = None

    def changes(self) -> dict[str, Any]:
        """What was given: claims and the default role may be null, the rest may not."""
        may_be_null = ("agency_claim", "default_role", "groups_claim")
        given = self.model_dump(exclude_unset=True, exclude={"version", "secret"})
        return {
            word: value for word, value in given.items() if value is not None or word in may_be_null
        }


class LinkBody(Body):
    """An account to be linked: by its subject at the provider, or by its verified address."""

    provider: Slug
    subject: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    email: Email | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.subject is None) == (self.email is None):
            raise ValueError("subject or email")
        return self


@sso.get("/providers", action=PUBLIC)
async def list_shown(ctx: Ctx) -> Response:
    """Providers that people may sign in by."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response({"items": await api.list_shown_providers(ctx.scope, tx)})


@sso.post("/{slug}", action=PUBLIC, cost=Cost.CHALLENGE)
async def depart(ctx: Ctx, slug: Slug, body: DepartureBody) -> Response:
    """Where the browser goes to sign in; it is known again by a cookie when it comes back."""
    departure = await ctx.services[api.SingleSignOn].begin(
        ctx.scope, slug, _base(ctx), body.next, link=body.link, prove=body.prove
    )
    answer = json_response({"url": departure.url})
    # Lax: the provider sends the browser back, and a strict cookie would stay behind.
    keep(answer, ctx, BROWSER_COOKIE, departure.browser, 600, "lax")
    return answer


@sso.get("/callback", action=PUBLIC)
async def arrive(ctx: Ctx) -> Response:
    """Takes a browser back from the provider, and sends it on to an address of this site."""
    try:
        arrival = await ctx.services[api.SingleSignOn].finish(
            dict(ctx.request.query_params),
            cookie(ctx, BROWSER_COOKIE),
            caller_of(ctx),
        )
    except WarRoomError as error:
        return _leave(ctx, f"/masuk?{urlencode({'masalah': error.code, **_told(error)})}")
    if isinstance(arrival.opened, api.SecondStep):
        # In the part of the address that is sent to no server; it opens nothing by itself.
        step = urlencode({"langkah": arrival.opened.ticket, "cara": ",".join(arrival.opened.ways)})
        return _leave(ctx, f"/masuk?{urlencode({'ke': arrival.next})}#{step}")
    answer = _leave(ctx, arrival.next)
    if arrival.opened is not None:
        keep_session(answer, ctx, arrival.opened)
    return answer


@sso.get("/session", action=SIGNED_IN)
async def get_departure(ctx: Ctx) -> Response:
    """Where signing out goes on to: the provider's own sign-out, where it is set so; else null."""
    url = await ctx.services[api.SingleSignOn].sign_out_url(ctx.scope, f"{_base(ctx)}/masuk")
    return json_response({"sign_out_url": url})


@sso.post("/{slug}/logout", action=PUBLIC)
async def end_by_provider(ctx: Ctx, request: Request, slug: Slug) -> Response:
    """Ends sessions that a provider opened and says are over (back-channel logout)."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > _MOST_LOGOUT:
            break
    shown = parse_qs(content[:_MOST_LOGOUT].decode("ascii", "replace")).get("logout_token", [""])
    headers = {"cache-control": "no-store"}
    try:
        await ctx.services[api.SingleSignOn].end_by_provider(
            slug, shown[0], api.address_of(ctx.request)
        )
    except WarRoomError:
        # The standard asks for this answer, whatever was wrong; the log tells what.
        return Response('{"error":"invalid_request"}', 400, headers, "application/json")
    ctx.services[api.Authenticator].forget()
    return Response(status_code=200, headers=headers)


@sso.get("/links", action=SIGNED_IN)
async def list_own_links(ctx: Ctx) -> Response:
    """Accounts elsewhere that are linked to the asker."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_own_links(ctx.scope, tx))


@sso.delete("/links/{link_id}", action=SIGNED_IN, status_code=204, session_only=True)
async def unlink_own(ctx: Ctx, link_id: UUID) -> Response:
    """Takes an own link away."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.unlink_own(ctx.scope, tx, link_id)
    return Response(status_code=204)


@providers.get("", action="provider:view")
async def list_providers(ctx: Ctx) -> Response:
    """Providers, without their secrets; for those who reach the whole city."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_providers(ctx.scope, tx))


@providers.post("", action="provider:configure", session_only=True)
async def create_provider(ctx: Ctx, body: ProviderBody) -> Response:
    """Makes a provider."""
    async with ctx.db.transaction(ctx.scope) as tx:
        provider_id = await api.create_provider(
            ctx.scope, tx, body.model_dump(exclude={"secret"}), body.secret, **_parts(ctx)
        )
        return json_response(_found(await api.find_provider(ctx.scope, tx, provider_id)), 201)


@providers.patch("/{provider_id}", action="provider:configure", session_only=True)
async def change_provider(ctx: Ctx, provider_id: UUID, body: ProviderChange) -> Response:
    """Changes a provider; made inactive, the sessions that it opened end."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.change_provider(
            ctx.scope,
            tx,
            provider_id,
            body.version,
            body.changes(),
            body.secret,
            **_parts(ctx),
        )
        content = _found(await api.find_provider(ctx.scope, tx, provider_id))
    ctx.services[api.Authenticator].forget()
    return json_response(content)


@people.get("/{person_id}/links", action="person:configure")
async def list_links(ctx: Ctx, person_id: UUID) -> Response:
    """Accounts elsewhere that are linked to a person."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_person_links(ctx.scope, tx, person_id))


@people.post("/{person_id}/links", action="person:configure", status_code=204, session_only=True)
async def create_link(ctx: Ctx, person_id: UUID, body: LinkBody) -> Response:
    """Links a person to an account elsewhere."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.prelink(
            ctx.scope, tx, person_id, body.provider, subject=body.subject, email=body.email
        )
    return Response(status_code=204)


@people.delete(
    "/{person_id}/links/{link_id}", action="person:configure", status_code=204, session_only=True
)
async def remove_link(ctx: Ctx, person_id: UUID, link_id: UUID) -> Response:
    """Takes a person's link away."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.unlink(ctx.scope, tx, person_id, link_id)
    return Response(status_code=204)


def _parts(ctx: Context) -> dict[str, Any]:
    return {"sealer": ctx.services[Sealer], "outbound": ctx.services[Outbound]}


def _base(ctx: Context) -> str:
    """This site's address: as it is set, else as the browser asked for it."""
    named = ctx.services[api.IdentitySettings].public_url
    parts = urlsplit(named or str(ctx.request.base_url))
    return f"{parts.scheme}://{parts.netloc}"


def _leave(ctx: Context, path: str) -> Response:
    answer = RedirectResponse(quote(path, safe="/?&=%#,._~-:+@!$'()*;"), 303)
    answer.headers["cache-control"] = "no-store"
    drop(answer, ctx, BROWSER_COOKIE)
    return answer


def _told(error: WarRoomError) -> dict[str, str]:
    return {word: str(value) for word, value in error.params.items() if word == "provider"}


def _found(content: bytes | None) -> bytes:
    if content is None:
        raise NotFoundError
    return content
