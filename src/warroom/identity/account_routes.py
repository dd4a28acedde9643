"""HTTP doors of one's own account: second factors, proving who one is, sessions; seats."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from warroom.identity import api
from warroom.identity.cookies import keep, shown
from warroom.identity.factor_rules import least_length, may_only_enrol_by, satisfies
from warroom.kernel.db import Transaction
from warroom.kernel.http import AREA_CODE, PUBLIC, SIGNED_IN, Context, Ctx, Router, json_response
from warroom.kernel.limits import Cost

account = Router("account")
sessions = Router("sessions")
seats = Router("seats")
people = Router("people")
roles = Router("roles")
routers = [account, sessions, seats, people, roles]

type Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
type Ticket = Annotated[str, StringConstraints(min_length=1, max_length=100)]
type Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
type Place = Annotated[str, StringConstraints(pattern=AREA_CODE)]
type Base64 = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class Body(BaseModel):
    """A request's body; fields that are not known are refused."""

    model_config = ConfigDict(extra="forbid")


class Confirmation(Body):
    """A code of a new generator."""

    ticket: Ticket
    code: Code


class NewPasskey(Body):
    """What the browser made, as `PublicKeyCredential.toJSON()` gives it."""

    ticket: Ticket
    name: Name
    credential: dict[str, Any]


class PasskeyAnswer(Body):
    """What the browser signed, as `PublicKeyCredential.toJSON()` gives it."""

    ticket: Ticket
    credential: dict[str, Any]


class EraseBody(Body):
    """Why an account is erased."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class Rename(Body):
    """Another name for a passkey."""

    name: Name


class Proof(Body):
    """A password or a code that proves who the asker is."""

    way: Literal["password", "totp"]
    shown: Annotated[str, StringConstraints(min_length=1, max_length=512)]


class SeatBody(Body):
    """A new seat."""

    agency_id: UUID
    name: Name
    place: Place | None = None


class SeatEnrolment(Body):
    """A seat's code, and the public key (SPKI, base64) that this browser made."""

    code: Code
    public_key: Base64


class SeatProof(Body):
    """The challenge, signed with the seat's key."""

    seat_id: UUID
    challenge: Ticket
    signature: Base64


class RoleDemand(Body):
    """What a role asks of a sign-in; what is left out stays."""

    factor: Literal["none", "any", "passkey"] | None = None
    grace_days: Annotated[int, Field(ge=0, le=365)] | None = None
    seats_only: bool | None = None


class PersonDemand(Body):
    """Whether one person signs in at seats alone."""

    seats_only: bool


@account.get("", action=SIGNED_IN)
async def get_account(ctx: Ctx) -> Response:
    """The asker's factors, and what their roles ask for."""
    settings = ctx.services[api.IdentitySettings]
    async with ctx.db.transaction(ctx.scope) as tx:
        factors = await api.list_own_factors(ctx.scope, tx)
        demand = await api.find_demand(ctx.scope, tx)
        session = await api.find_session(ctx.scope, tx)
    least = least_length(
        demand, settings.password_min_length, settings.password_min_length_with_factor
    )
    return json_response(
        {
            "factors": api.raw_json(factors),
            **_standing_of(demand, session, ctx.scope.at),
            "password_least": least,
            "method": session["method"] if session else None,
        }
    )


@account.post("/totp", action=SIGNED_IN, session_only=True, cost=Cost.CHALLENGE)
async def begin_totp(ctx: Ctx) -> Response:
    """A new secret for a code generator, as text and as a picture; not in use yet."""
    async with ctx.db.transaction(ctx.scope) as tx:
        new = await ctx.services[api.Codes].begin_totp(ctx.scope, tx)
    return json_response(new)


@account.put("/totp", action=SIGNED_IN, session_only=True)
async def confirm_totp(ctx: Ctx, body: Confirmation) -> Response:
    """Takes the new code generator into use; gives recovery codes with the first factor."""
    async with ctx.db.transaction(ctx.scope) as tx:
        codes = await ctx.services[api.Codes].confirm_totp(ctx.scope, tx, body.ticket, body.code)
    _forget(ctx)
    return json_response({"recovery": codes})


@account.delete("/totp", action=SIGNED_IN, status_code=204, session_only=True)
async def remove_totp(ctx: Ctx) -> Response:
    """Removes the code generator."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await ctx.services[api.Codes].remove_totp(ctx.scope, tx)
    _forget(ctx)
    return Response(status_code=204)


@account.post("/recovery", action=SIGNED_IN, session_only=True)
async def renew_recovery(ctx: Ctx) -> Response:
    """New recovery codes in place of the old ones; they are in this answer and never again."""
    async with ctx.db.transaction(ctx.scope) as tx:
        codes = await ctx.services[api.Codes].renew_codes(ctx.scope, tx)
    return json_response({"recovery": codes})


@account.post("/passkeys/options", action=SIGNED_IN, session_only=True, cost=Cost.CHALLENGE)
async def ask_new_passkey(ctx: Ctx) -> Response:
    """Asks the browser to make a passkey."""
    async with ctx.db.transaction(ctx.scope) as tx:
        asked = await ctx.services[api.Passkeys].ask_new(ctx.scope, tx, site(ctx))
    return json_response(asked)


@account.post("/passkeys", action=SIGNED_IN, session_only=True)
async def add_passkey(ctx: Ctx, body: NewPasskey) -> Response:
    """Takes the passkey that the browser made; gives recovery codes with the first factor."""
    async with ctx.db.transaction(ctx.scope) as tx:
        codes = await ctx.services[api.Passkeys].add(
            ctx.scope, tx, site(ctx), body.ticket, body.credential, body.name
        )
    _forget(ctx)
    return json_response({"recovery": codes}, 201)


@account.patch("/passkeys/{passkey_id}", action=SIGNED_IN, status_code=204, session_only=True)
async def rename_passkey(ctx: Ctx, passkey_id: UUID, body: Rename) -> Response:
    """Gives one of the asker's passkeys another name."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await ctx.services[api.Passkeys].rename(ctx.scope, tx, passkey_id, body.name)
    return Response(status_code=204)


@account.delete("/passkeys/{passkey_id}", action=SIGNED_IN, status_code=204, session_only=True)
async def remove_passkey(ctx: Ctx, passkey_id: UUID) -> Response:
    """Removes one of the asker's passkeys."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await ctx.services[api.Passkeys].remove(ctx.scope, tx, passkey_id)
    _forget(ctx)
    return Response(status_code=204)


@account.post("/proof", action=SIGNED_IN, status_code=204, session_only=True)
async def prove(ctx: Ctx, body: Proof) -> Response:
    """Proves who the asker is, by their password or a code."""
    await ctx.services[api.Prover].prove(ctx.scope, body.way, body.shown)
    _forget(ctx)
    return Response(status_code=204)


@account.post("/proof/options", action=SIGNED_IN, session_only=True, cost=Cost.CHALLENGE)
async def ask_proof(ctx: Ctx) -> Response:
    """Asks the browser for one of the asker's passkeys."""
    async with ctx.db.transaction(ctx.scope) as tx:
        asked = await ctx.services[api.Passkeys].ask_proof(ctx.scope, tx, site(ctx))
    return json_response(asked)


@account.post("/proof/passkey", action=SIGNED_IN, status_code=204, session_only=True)
async def prove_by_passkey(ctx: Ctx, body: PasskeyAnswer) -> Response:
    """Proves who the asker is, by a passkey."""
    await ctx.services[api.Passkeys].prove(ctx.scope, site(ctx), body.ticket, body.credential)
    _forget(ctx)
    return Response(status_code=204)


@sessions.get("", action=SIGNED_IN)
async def list_sessions(ctx: Ctx) -> Response:
    """The asker's own open sessions, the last seen first."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_sessions(ctx.scope, tx, _idle_s(ctx)))


@sessions.delete("", action=SIGNED_IN, status_code=204, session_only=True)
async def end_other_sessions(ctx: Ctx) -> Response:
    """Ends all of the asker's sessions but this one."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.end_other_sessions(ctx.scope, tx)
    _forget(ctx)
    return Response(status_code=204)


@sessions.delete("/{session_id}", action=SIGNED_IN, status_code=204, session_only=True)
async def end_session(ctx: Ctx, session_id: UUID) -> Response:
    """Ends a session of the asker's own, or of a person whose sessions they may end."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.end_session(ctx.scope, tx, session_id)
    _forget(ctx)
    return Response(status_code=204)


@people.get("/{person_id}/sessions", action="person:sessions")
async def list_sessions_of(ctx: Ctx, person_id: UUID) -> Response:
    """A person's open sessions."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_sessions(ctx.scope, tx, _idle_s(ctx), person_id))


@people.delete(
    "/{person_id}/sessions", action="person:sessions", status_code=204, session_only=True
)
async def end_sessions_of(ctx: Ctx, person_id: UUID) -> Response:
    """Ends all sessions of a person."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.end_other_sessions(ctx.scope, tx, person_id)
    _forget(ctx)
    return Response(status_code=204)


@people.delete("/{person_id}/factors", action="person:factors", status_code=204, session_only=True)
async def reset_factors(ctx: Ctx, person_id: UUID) -> Response:
    """Removes all factors of a person who lost them, and ends their sessions."""
    minutes = ctx.services[api.IdentitySettings].prove_minutes
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.reset_factors(ctx.scope, tx, person_id, minutes)
    _forget(ctx)
    return Response(status_code=204)


@people.post("/{person_id}/erase", action="person:configure", session_only=True)
async def erase_person(ctx: Ctx, person_id: UUID, body: EraseBody) -> Response:
    """Erases an account that is no longer used: a pseudonym stays, and nothing leads to a name."""
    minutes = ctx.services[api.IdentitySettings].prove_minutes
    erasers = ctx.services[api.Erasers]
    async with ctx.db.transaction(ctx.scope) as tx:
        gone = await api.erase_person(ctx.scope, tx, erasers, person_id, body.reason, minutes)
    _forget(ctx)
    return json_response({"deleted": gone})


@people.post(
    "/{person_id}/password/compromised", action="person:factors", status_code=204, session_only=True
)
async def mark_compromised(ctx: Ctx, person_id: UUID) -> Response:
    """Makes a person change a password that somebody else knows, and ends their sessions."""
    minutes = ctx.services[api.IdentitySettings].prove_minutes
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.mark_compromised(ctx.scope, tx, person_id, minutes)
    _forget(ctx)
    return Response(status_code=204)


@people.put("/{person_id}/seats-only", action="person:factors", status_code=204, session_only=True)
async def bind_person(ctx: Ctx, person_id: UUID, body: PersonDemand) -> Response:
    """Binds a person to the seats of the control room, or lets them sign in anywhere."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await prove_for_rights(ctx, tx)
        await api.bind_person(ctx.scope, tx, person_id, seats_only=body.seats_only)
    _forget(ctx)
    return Response(status_code=204)


@roles.get("/sign-in", action="person:view")
async def list_demands(ctx: Ctx) -> Response:
    """What each role asks of a sign-in."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.list_demands(ctx.scope, tx)
    return json_response({"items": found, "total": len(found), "next": None})


@roles.patch("/{role}/sign-in", action="sign_in:configure", status_code=204, session_only=True)
async def set_role_demand(ctx: Ctx, role: Name, body: RoleDemand) -> Response:
    """Sets which factor a role asks for, how long people have to enrol, whether seats bind."""
    changes = body.model_dump(exclude_none=True)
    async with ctx.db.transaction(ctx.scope) as tx:
        await prove_for_rights(ctx, tx)
        await api.set_role_demand(ctx.scope, tx, role, changes)
    _forget(ctx)
    return Response(status_code=204)


@seats.get("", action="seat:configure")
async def list_seats(ctx: Ctx) -> Response:
    """Seats that the asker may configure."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_seats(ctx.scope, tx))


@seats.post("", action="seat:configure", session_only=True)
async def create_seat(ctx: Ctx, body: SeatBody) -> Response:
    """Makes a seat; its code is in this answer and never again."""
    minutes = ctx.services[api.IdentitySettings].seat_code_minutes
    async with ctx.db.transaction(ctx.scope) as tx:
        seat_id, code = await api.create_seat(
            ctx.scope, tx, body.agency_id, body.name, body.place, minutes
        )
    return json_response({"id": seat_id, "code": code, "minutes": minutes}, 201)


@seats.post("/{seat_id}/code", action="seat:configure", session_only=True)
async def renew_seat_code(ctx: Ctx, seat_id: UUID) -> Response:
    """A new code for a seat whose workstation was replaced."""
    minutes = ctx.services[api.IdentitySettings].seat_code_minutes
    async with ctx.db.transaction(ctx.scope) as tx:
        code = await api.renew_seat_code(ctx.scope, tx, seat_id, minutes)
    return json_response({"id": seat_id, "code": code, "minutes": minutes})


@seats.delete("/{seat_id}", action="seat:configure", status_code=204)
async def revoke_seat(ctx: Ctx, seat_id: UUID) -> Response:
    """Takes a seat away; whoever sits at it is signed out."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.revoke_seat(ctx.scope, tx, seat_id)
    _forget(ctx)
    return Response(status_code=204)


@seats.post("/enrol", action=PUBLIC)
async def enrol_seat(ctx: Ctx, body: SeatEnrolment) -> Response:
    """Makes this browser the seat of the code."""
    return json_response(
        await api.enrol_seat(ctx.db, ctx.scope, body.code, body.public_key, agent_of(ctx)), 201
    )


@seats.post("/challenge", action=PUBLIC, cost=Cost.CHALLENGE)
async def challenge_seat(ctx: Ctx) -> Response:
    """Words for a seat to sign before somebody signs in at it."""
    async with ctx.db.transaction(ctx.scope) as tx:
        challenge = await api.challenge_seat(ctx.scope, tx, ctx.services[api.IdentitySettings])
    return json_response({"challenge": challenge})


@seats.post("/pass", action=PUBLIC)
async def show_seat(ctx: Ctx, body: SeatProof) -> Response:
    """A pass of some minutes for the browser that holds a seat's key, as a cookie."""
    async with ctx.db.transaction(ctx.scope) as tx:
        token, name = await api.show_seat(
            ctx.scope, tx, body.seat_id, body.challenge, body.signature, agent_of(ctx)
        )
    answer = json_response({"name": name})
    # Lax: a sign-in through another site's page comes back from there.
    keep(answer, ctx, api.SEAT_COOKIE, token, api.SEAT_PASS_S, "lax")
    return answer


async def prove_for_rights(ctx: Context, tx: Transaction) -> None:
    """Asks for proof before rights are changed; a script's token has proven what it can.

    Raises:
        ProveItError: It is too long since the asker proved who they are.
    """
    await api.prove_for_rights(ctx.scope, tx, ctx.services[api.IdentitySettings].prove_minutes)


async def standing_of(ctx: Context, tx: Transaction) -> dict[str, Any]:
    """Whether the session may do nothing but enrol (and from when on) or change its password."""
    demand = await api.find_demand(ctx.scope, tx)
    return _standing_of(demand, await api.find_session(ctx.scope, tx), ctx.scope.at)


def _standing_of(
    demand: api.Demand, session: dict[str, Any] | None, now: datetime
) -> dict[str, Any]:
    if session is None:
        return standing(demand, None, now)
    return standing(demand, session["strength"], now, must_change=session["must_change"])


def standing(
    demand: api.Demand, strength: int | None, now: datetime, *, must_change: bool = False
) -> dict[str, Any]:
    """As `standing_of`, of a session of this strength; a token (None) is asked for nothing."""
    is_enough = strength is None or satisfies(strength, demand)
    return {
        "must_change": must_change,
        "must_enrol": not is_enough and may_only_enrol_by(demand, strength or 0, now),
        "due_at": None if is_enough else demand.due_at,
        "required": demand.required,
    }


def site(ctx: Context) -> api.Site:
    """The site as this request names it."""
    return api.site_of(ctx.services[api.IdentitySettings], ctx.request)


def agent_of(ctx: Context) -> str:
    """What the browser calls itself."""
    return ctx.request.headers.get("user-agent", "")


def caller_of(ctx: Context) -> api.Caller:
    """Where somebody signs in from."""
    seat = shown(ctx, api.SEAT_COOKIE)
    return api.Caller(api.address_of(ctx.request), agent_of(ctx), seat)


def _forget(ctx: Context) -> None:
    ctx.services[api.Authenticator].forget()


def _idle_s(ctx: Context) -> float:
    minutes: float = ctx.services[api.IdentitySettings].idle_minutes
    return minutes * 60
