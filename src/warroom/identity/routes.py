"""HTTP doors of `identity`: the session, agencies, people, roles and grants."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

import msgspec
from fastapi import Query
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from starlette.responses import Response

from warroom.identity import account_routes, api, rules
from warroom.identity.account_routes import (
    Code,
    PasskeyAnswer,
    Ticket,
    agent_of,
    caller_of,
    prove_for_rights,
    site,
    standing,
    standing_of,
)
from warroom.identity.application_routes import routers as application_routers
from warroom.identity.cookies import drop, keep_language, keep_session
from warroom.identity.provider_routes import routers as provider_routers
from warroom.identity.role_routes import routers as role_routers
from warroom.kernel import profile
from warroom.kernel.actions import words_of_level
from warroom.kernel.errors import NotFoundError
from warroom.kernel.http import (
    AREA_CODE,
    PUBLIC,
    SIGNED_IN,
    Context,
    Ctx,
    Language,
    Router,
    json_response,
)
from warroom.kernel.limits import Cost

session = Router("session")
agencies = Router("agencies")
people = Router("people")
grants = Router("grants")
routers = [
    session,
    agencies,
    people,
    *role_routers,
    grants,
    *account_routes.routers,
    *application_routers,
    *provider_routers,
]

type Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
type Login = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{1,63}$")
]
type Place = Annotated[str, StringConstraints(pattern=AREA_CODE)]
type Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
type Secret = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class Body(BaseModel):
    """A request's body; fields that are not known are refused."""

    model_config = ConfigDict(extra="forbid")


class SignIn(Body):
    """Login and password."""

    login: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    password: Secret


class LinkUse(Body):
    """The secret of a one-time link."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class SecondHalf(Body):
    """A code that the first half of a sign-in asked for."""

    ticket: Ticket
    way: Literal["totp", "recovery"]
    code: Code


class PasskeyQuestion(Body):
    """Asks for any passkey or, with the ticket of a right password, for one of that person."""

    second: Ticket | None = None


class PasskeySignIn(PasskeyAnswer):
    """A passkey, shown by a stranger."""

    second: Ticket | None = None


class OwnSettings(Body):
    """What people choose for themselves."""

    language: Language


class AgencyBody(Body):
    """A new agency."""

    kind: Kind
    name: Word
    short: Word
    place: Place | None = None


class AgencyChange(Body):
    """Changes of an agency; what is left out stays."""

    version: int
    kind: Kind | None = None
    name: Word | None = None
    short: Word | None = None
    place: Place | None = None
    is_active: bool | None = None


class RoleHeld(Body):
    """A role and how far it reaches."""

    role: Word
    reach: Literal["own", "city"] = "own"


class PersonBody(Body):
    """A new person."""

    login: Login
    name: Word
    agency_id: UUID | None = None
    title: Annotated[str, StringConstraints(max_length=120)] = ""
    language: Language | None = None
    roles: list[RoleHeld] = Field(default=[], max_length=20)


class PersonChange(Body):
    """Changes of a person; what is left out stays."""

    version: int
    login: Login | None = None
    name: Word | None = None
    agency_id: UUID | None = None
    title: Annotated[str, StringConstraints(max_length=120)] | None = None
    language: Language | None = None
    is_active: bool | None = None
    roles: list[RoleHeld] | None = Field(default=None, max_length=20)


class PasswordBody(Body):
    """A new password; `current` for the asker's own."""

    password: Secret
    current: Annotated[str, StringConstraints(max_length=512)] = ""


class GrantBody(Body):
    """A new grant: action words, or a level on a kind of things that stands for some."""

    person_id: UUID | None = None
    to_agency_id: UUID | None = None
    actions: list[Word] = Field(default=[], max_length=40)
    level: Literal["view", "operate", "manage", "configure"] | None = None
    on: Word = "camera"
    agencies: list[UUID] | None = Field(default=None, min_length=1, max_length=200)
    places: list[Place] | None = Field(default=None, min_length=1, max_length=200)
    objects: list[UUID] | None = Field(default=None, min_length=1, max_length=2000)
    tags: list[Word] | None = Field(default=None, min_length=1, max_length=50)
    classes: list[Word] | None = Field(default=None, min_length=1, max_length=50)
    deny: bool = False
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)]
    letter: Annotated[str, StringConstraints(max_length=120)] = ""

    @model_validator(mode="after")
    def _holds_words(self) -> Self:
        if self.level is not None:
            self.actions = [*self.actions, *words_of_level(self.level, self.on)]
        if not self.actions:
            message = "neither actions nor a level"
            raise ValueError(message)
        return self


@session.post("", action=PUBLIC)
async def sign_in(ctx: Ctx, body: SignIn) -> Response:
    """Opens a session by login and password, or tells which second step is asked for (202)."""
    caller = caller_of(ctx)
    answer = await ctx.services[api.Doorkeeper].sign_in(
        body.login, body.password, caller.address, caller.agent, caller.seat
    )
    if isinstance(answer, api.SecondStep):
        return json_response({"second": answer}, 202)
    return await _welcome(ctx, answer)


@session.post("/second", action=PUBLIC)
async def finish_sign_in(ctx: Ctx, body: SecondHalf) -> Response:
    """Opens the session that a right password asked for, by a code."""
    opened = await ctx.services[api.Doorkeeper].finish_with_code(
        body.ticket, body.way, body.code, caller_of(ctx)
    )
    return await _welcome(ctx, opened)


@session.post("/passkey/options", action=PUBLIC, cost=Cost.CHALLENGE)
async def ask_passkey(ctx: Ctx, body: PasskeyQuestion) -> Response:
    """Asks the browser for a passkey."""
    asked = await ctx.services[api.Passkeys].ask_sign_in(ctx.scope, site(ctx), body.second)
    return json_response(asked)


@session.post("/passkey", action=PUBLIC)
async def sign_in_by_passkey(ctx: Ctx, body: PasskeySignIn) -> Response:
    """Opens a session by a passkey, alone or after a password."""
    opened = await ctx.services[api.Doorkeeper].sign_in_by_passkey(
        site(ctx), body.ticket, body.credential, caller_of(ctx), body.second
    )
    return await _welcome(ctx, opened)


@session.post("/link", action=PUBLIC)
async def sign_in_by_link(ctx: Ctx, body: LinkUse) -> Response:
    """Opens a session by a one-time link of the demonstration."""
    opened = await ctx.services[api.Doorkeeper].sign_in_by_link(
        body.token, api.address_of(ctx.request), agent_of(ctx), caller_of(ctx).seat
    )
    return await _welcome(ctx, opened)


@session.get("", action=SIGNED_IN)
async def get_session(ctx: Ctx) -> Response:
    """Who is signed in, what they may do somewhere, and the city they work for."""
    return await _own(ctx)


@session.patch("", action=SIGNED_IN)
async def change_session(ctx: Ctx, body: OwnSettings) -> Response:
    """Sets the language the asker reads."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.set_own_language(ctx.scope, tx, body.language)
    answer = await _own(ctx)
    keep_language(answer, ctx, body.language)
    return answer


@session.delete("", action=SIGNED_IN, status_code=204, session_only=True)
async def sign_out(ctx: Ctx) -> Response:
    """Ends the session."""
    await ctx.services[api.Doorkeeper].sign_out(ctx.scope)
    ctx.services[api.Authenticator].forget()
    answer = Response(status_code=204)
    drop(answer, ctx, api.COOKIE)
    return answer


@agencies.get("", action="agency:view")
async def list_agencies(ctx: Ctx) -> Response:
    """Agencies in view."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_agencies(ctx.scope, tx))


@agencies.post("", action="agency:configure")
async def create_agency(ctx: Ctx, body: AgencyBody) -> Response:
    """Makes an agency; for those who reach the whole city."""
    new = api.NewAgency(body.kind, body.name, body.short, body.place)
    async with ctx.db.transaction(ctx.scope) as tx:
        agency_id = await api.create_agency(ctx.scope, tx, new)
        content = _found(await api.find_agency(ctx.scope, tx, agency_id))
    ctx.services[api.Authenticator].forget()
    return json_response(content, 201)


@agencies.patch("/{agency_id}", action="agency:configure")
async def change_agency(ctx: Ctx, agency_id: UUID, body: AgencyChange) -> Response:
    """Changes an agency."""
    changes = _changes(body, "version")
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.change_agency(ctx.scope, tx, agency_id, body.version, changes)
        content = _found(await api.find_agency(ctx.scope, tx, agency_id))
    ctx.services[api.Authenticator].forget()
    return json_response(content)


@people.get("", action="person:view")
async def list_people(
    ctx: Ctx,
    agency: UUID | None = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """People in view, by name."""
    after = _split(cursor) if cursor else None
    pattern = f"%{_escaped(q)}%" if q else None
    async with ctx.db.transaction(ctx.scope) as tx:
        content = await api.list_people(
            ctx.scope, tx, agency=agency, q=pattern, after=after, limit=limit + 1
        )
    return json_response(
        _page(content, limit, lambda item: f"{item['name'].lower()}\n{item['id']}")
    )


@people.post("", action="person:configure")
async def create_person(ctx: Ctx, body: PersonBody) -> Response:
    """Makes a person with roles."""
    new = api.NewPerson(
        body.login,
        body.name,
        body.agency_id,
        body.title,
        body.language or ctx.language,
        {held.role: held.reach for held in body.roles},
    )
    async with ctx.db.transaction(ctx.scope) as tx:
        if new.roles:
            await prove_for_rights(ctx, tx)
        person_id = await api.create_person(ctx.scope, tx, new)
        content = _found(await api.find_person(ctx.scope, tx, person_id))
    ctx.services[api.Authenticator].forget()
    return json_response(content, 201)


@people.get("/{person_id}", action="person:view")
async def get_person(ctx: Ctx, person_id: UUID) -> Response:
    """One person."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(_found(await api.find_person(ctx.scope, tx, person_id)))


@people.patch("/{person_id}", action="person:configure")
async def change_person(ctx: Ctx, person_id: UUID, body: PersonChange) -> Response:
    """Changes a person, their agency, their roles, or whether they may sign in."""
    changes = _changes(body, "version", "roles")
    if "agency_id" in body.model_fields_set:
        changes["agency_id"] = body.agency_id
    held: dict[str, str] | None = (
        None if body.roles is None else {one.role: one.reach for one in body.roles}
    )
    async with ctx.db.transaction(ctx.scope) as tx:
        if held is not None or "agency_id" in changes:
            await prove_for_rights(ctx, tx)
        await api.change_person(ctx.scope, tx, person_id, body.version, changes, held)
        content = _found(await api.find_person(ctx.scope, tx, person_id))
    ctx.services[api.Authenticator].forget()
    return json_response(content)


@people.post("/{person_id}/password", action=SIGNED_IN, status_code=204, session_only=True)
async def set_password(ctx: Ctx, person_id: UUID, body: PasswordBody) -> Response:
    """Sets the asker's own password, or that of a person they may configure."""
    settings = ctx.services[api.IdentitySettings]
    is_own = person_id == ctx.scope.person_id
    if is_own:
        await ctx.services[api.Prover].require_password(ctx.scope, body.current)
    async with ctx.db.transaction(ctx.scope) as tx:
        if not is_own:
            await prove_for_rights(ctx, tx)
        await api.set_password(
            ctx.scope,
            tx,
            person_id,
            body.password,
            ctx.services[api.Passwords],
            settings.password_min_length,
            shown=body.current if is_own else None,
            least_with_factor=settings.password_min_length_with_factor,
        )
    ctx.services[api.Authenticator].forget()
    return Response(status_code=204)


@grants.get("", action="grant:view")
async def list_grants(
    ctx: Ctx,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ended: bool = False,  # noqa: FBT001, FBT002 - a query parameter
) -> Response:
    """Grants to agencies in view, or on their things; newest first."""
    async with ctx.db.transaction(ctx.scope) as tx:
        content = await api.list_grants(
            ctx.scope, tx, after=cursor, limit=limit + 1, with_ended=ended
        )
    return json_response(_page(content, limit, lambda item: item["id"]))


@grants.post("", action="grant:configure")
async def create_grant(ctx: Ctx, body: GrantBody) -> Response:
    """Gives actions to a person or an agency, or takes them away."""
    given: dict[str, Any] = {
        word: tuple(value) if isinstance(value, list) else value
        for word, value in body.model_dump(exclude={"level", "on"}).items()
    }
    async with ctx.db.transaction(ctx.scope) as tx:
        await prove_for_rights(ctx, tx)
        grant_id = await api.create_grant(ctx.scope, tx, api.NewGrant(**given))
    ctx.services[api.Authenticator].forget()
    return json_response({"id": grant_id}, 201)


@grants.delete("/{grant_id}", action="grant:configure", status_code=204)
async def revoke_grant(ctx: Ctx, grant_id: UUID) -> Response:
    """Ends a grant now."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await prove_for_rights(ctx, tx)
        await api.revoke_grant(ctx.scope, tx, grant_id)
    ctx.services[api.Authenticator].forget()
    return Response(status_code=204)


async def _own(ctx: Context) -> Response:
    async with ctx.db.transaction(ctx.scope) as tx:
        own = await api.find_own(ctx.scope, tx)
        sign_in = await standing_of(ctx, tx)
    agency = own and own["agency"]
    return json_response(
        {
            "person": msgspec.Raw(own["person"].encode()) if own else None,
            "agency": msgspec.Raw(agency.encode()) if agency else None,
            "actions": rules.known_actions(ctx.scope),
            "sign_in": sign_in,
            **_surroundings(ctx),
        }
    )


async def _welcome(ctx: Context, opened: api.OpenedSession) -> Response:
    principal = opened.principal
    agency = principal.agency
    answer = json_response(
        {
            "person": {
                "id": principal.person_id,
                "login": principal.login,
                "name": principal.name,
                "title": principal.title,
                "language": principal.language,
            },
            "agency": agency
            and {
                "id": agency.id,
                "name": agency.name,
                "short": agency.short,
                "kind": agency.kind,
            },
            "actions": rules.known_actions(opened.scope),
            "sign_in": standing(
                principal.demand or api.Demand(),
                principal.strength,
                opened.scope.at,
                must_change=principal.must_change,
            ),
            **_surroundings(ctx),
        }
    )
    keep_session(answer, ctx, opened)
    return answer


def _surroundings(ctx: Context) -> dict[str, Any]:
    city = ctx.services[api.CitySettings]
    node = ctx.services[api.NodeSettings]
    return {
        "city": {
            "name": city.name,
            "zone": city.zone,
            "zone_label": city.zone_label,
            "languages": profile.current().languages,
            "agency_kinds": profile.current().agency_kinds,
            "usual_agency_kind": profile.current().usual_agency_kind,
            "schematic": city.schematic,
            "label": city.label,
            "demo": node.demo,
            "bounds": city.bounds,
            "center": city.center,
        },
        "workstation": node.workstation,
        "now": ctx.clock.now(),
    }


def _found(content: bytes | None) -> bytes:
    if content is None:
        raise NotFoundError
    return content


def _changes(body: BaseModel, *but: str) -> dict[str, Any]:
    return body.model_dump(exclude_unset=True, exclude_none=True, exclude=set(but))


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _split(cursor: str) -> tuple[str, str]:
    name, _, id_ = cursor.rpartition("\n")
    return name, id_


def _page(content: bytes, limit: int, cursor: Any) -> dict[str, Any]:
    """One item more than a page was asked for: it tells whether there is a next page."""
    page: dict[str, Any] = msgspec.json.decode(content)
    has_more = len(page["items"]) > limit
    items = page["items"][:limit]
    return {
        "items": items,
        "total": page["total"],
        "next": cursor(items[-1]) if has_more else None,
    }
