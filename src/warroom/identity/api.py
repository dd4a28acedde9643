"""What other domains, and the composition root, call of `identity`."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from warroom.identity.contracts import (
    Caller,
    CreatedToken,
    Demand,
    Erasers,
    Finders,
    NewAgency,
    NewApplication,
    NewGrant,
    NewPerson,
    NewRole,
    OpenedSession,
    SecondStep,
    Thing,
    TokenTerms,
    known_finders,
)
from warroom.identity.errors import TokenOwnerError
from warroom.identity.factor_rules import in_force
from warroom.identity.sample import GRANTS as SAMPLE_GRANTS
from warroom.identity.sample import PEOPLE as SAMPLE_PEOPLE
from warroom.identity.service import agencies as _agencies
from warroom.identity.service import applications as _applications
from warroom.identity.service import erasure as _erasure
from warroom.identity.service import explain as _explain
from warroom.identity.service import factors as _factors
from warroom.identity.service import grants as _grants
from warroom.identity.service import own_sessions as _own_sessions
from warroom.identity.service import people as _people
from warroom.identity.service import providers as _providers
from warroom.identity.service import roles as _roles
from warroom.identity.service import seats as _seats
from warroom.identity.service import tokens as _tokens
from warroom.identity.service.factors import Codes, Prover
from warroom.identity.service.passkeys import Passkeys, Site, site_of
from warroom.identity.service.passwords import Passwords
from warroom.identity.service.sample import ensure_sample
from warroom.identity.service.scopes import moved, scope_of, system_scope
from warroom.identity.service.sessions import COOKIE, Authenticator, address_of
from warroom.identity.service.sign_in import LINK_S, Doorkeeper
from warroom.identity.service.single_sign_on import SingleSignOn
from warroom.identity.service.sso_client import SsoClient
from warroom.identity.settings import CitySettings, IdentitySettings
from warroom.identity.store import agencies as _agency_store
from warroom.identity.store import applications as _application_store
from warroom.identity.store import doors as _doors
from warroom.identity.store import factors as _factor_store
from warroom.identity.store import grants as _grant_store
from warroom.identity.store import people as _people_store
from warroom.identity.store import providers as _provider_store
from warroom.identity.store import rights as _right_store
from warroom.identity.store import roles as _role_store
from warroom.identity.store import seats as _seat_store
from warroom.identity.store import sessions as _session_store
from warroom.identity.store import tokens as _token_store
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.outbound import Outbound, OutboundSettings
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer
from warroom.kernel.settings import Configuration, NodeSettings

KEPT = _doors.KEPT
create_agency = _agencies.create_agency
change_agency = _agencies.change_agency
ensure_agencies = _agencies.ensure_agencies
create_person = _people.create_person
change_person = _people.change_person
ensure_people = _people.ensure_people
set_password = _people.set_password
mark_compromised = _people.mark_compromised
erase_person = _erasure.erase_person
create_grant = _grants.create_grant
revoke_grant = _grants.revoke_grant
create_role = _roles.create_role
change_role = _roles.change_role
retire_role = _roles.retire_role
lend = _grants.lend
list_rights = _right_store.list_rights
set_right_end = _right_store.set_end
end_right = _right_store.end_right
end_loans = _grants.end_loans
create_token = _tokens.create_token
revoke_token = _tokens.revoke_token
create_provider = _providers.create_provider
change_provider = _providers.change_provider
prelink = _providers.prelink
unlink = _providers.unlink
unlink_own = _providers.unlink_own
list_person_links = _providers.list_person_links
create_application = _applications.create_application
change_application = _applications.change_application
create_application_token = _applications.create_application_token
prove_for_rights = _factors.prove_for_rights
require_proof = _factors.require_proof
set_role_demand = _factors.set_role_demand
list_sessions = _own_sessions.list_sessions
end_session = _own_sessions.end_session
end_other_sessions = _own_sessions.end_other_sessions
SEAT_COOKIE = _seats.COOKIE
SEAT_PASS_S = int(_seats.PASS_MINUTES * 60)
create_seat = _seats.create_seat
renew_seat_code = _seats.renew_code
revoke_seat = _seats.revoke_seat
enrol_seat = _seats.enrol
challenge_seat = _seats.challenge
show_seat = _seats.show


def services(
    configuration: Configuration, db: Database, clock: Clock, sealer: Sealer
) -> dict[type, Any]:
    """What the routes and commands of `identity` use, by type; made once a process.

    `Authenticator` is also the application's authenticator.
    """
    settings = configuration.section(IdentitySettings)
    node = configuration.section(NodeSettings)
    city = configuration.section(CitySettings)
    passwords = Passwords(settings.hash_threads)
    codes = Codes(sealer, settings, city)
    passkeys = Passkeys(db, settings, city, codes)
    doorkeeper = Doorkeeper(db, clock, settings, passwords, codes, passkeys, node.demo)
    outbound = Outbound(configuration.section(OutboundSettings))
    return {
        IdentitySettings: settings,
        CitySettings: city,
        NodeSettings: node,
        Passwords: passwords,
        Authenticator: Authenticator(db, clock, settings),
        Codes: codes,
        Doorkeeper: doorkeeper,
        Outbound: outbound,
        Passkeys: passkeys,
        Prover: Prover(db, settings, passwords, codes),
        Sealer: sealer,
        SingleSignOn: SingleSignOn(db, clock, SsoClient(outbound, clock), sealer, doorkeeper),
    }


async def find_agency_id(scope: Scope, tx: Transaction, short: str) -> UUID | None:
    """Id of the agency in view with this short name (`Dishub`), large and small letters alike."""
    agency = await _agency_store.find_agency_by_short(scope, tx, short)
    return agency["id"] if agency else None


async def require_agency_id(scope: Scope, tx: Transaction, short: str) -> UUID:
    """As `find_agency_id`, where there must be one.

    Raises:
        NotFoundError: No agency in view has this short name.
    """
    found = await find_agency_id(scope, tx, short)
    if found is None:
        raise NotFoundError
    return found


async def list_agencies(scope: Scope, tx: Transaction) -> bytes:
    """Agencies in view as JSON `{items, total, next}`."""
    return await _agency_store.list_agencies(scope, tx)


async def find_agency(scope: Scope, tx: Transaction, agency_id: UUID) -> bytes | None:
    """One agency in view as JSON, or None."""
    return await _agency_store.find_agency_json(scope, tx, agency_id)


async def list_roles(scope: Scope, tx: Transaction) -> bytes:
    """Presets and own roles in view as JSON `{items, total, next}`."""
    return await _role_store.list_roles(scope, tx)


async def find_role(scope: Scope, tx: Transaction, name: str) -> bytes | None:
    """One role in view as JSON, or None."""
    return await _role_store.find_role_json(scope, tx, name)


explain_right = _explain.explain_right


async def list_ended_sessions(scope: Scope, tx: Transaction, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these sessions and tokens that somebody ended, or that are not in view.

    One that only came to its end by time is not among them: whoever is in the middle of a deed
    finishes it.
    """
    return await _session_store.list_ended(scope, tx, ids)


async def scope_of_person(scope: Scope, tx: Transaction, login: str) -> Scope:
    """The rights of a person in view, as they have them now; to be looked at, not to act by.

    Raises:
        NotFoundError: No such person in view.
    """
    return await _explain.scope_of_person(scope, tx, login)


async def list_people(
    scope: Scope,
    tx: Transaction,
    *,
    agency: UUID | None = None,
    q: str | None = None,
    after: tuple[str, str] | None = None,
    limit: int = 200,
) -> bytes:
    """A page of people in view as JSON `{items, total}`."""
    return await _people_store.list_people(scope, tx, agency=agency, q=q, after=after, limit=limit)


async def find_main_roles(scope: Scope, tx: Transaction) -> dict[UUID, str]:
    """The role that each person is compared by: the first of those they hold, by name."""
    return await _people_store.find_main_roles(scope, tx)


async def find_person(scope: Scope, tx: Transaction, person_id: UUID) -> bytes | None:
    """One person in view as JSON, or None."""
    return await _people_store.find_person_json(scope, tx, person_id)


async def find_person_id(scope: Scope, tx: Transaction, login: str) -> UUID | None:
    """Id of the person in view with this login."""
    person = await _people_store.find_person_by_login(scope, tx, login.strip().lower())
    return person["id"] if person else None


async def list_grants(
    scope: Scope,
    tx: Transaction,
    *,
    after: UUID | None = None,
    limit: int = 200,
    with_ended: bool = False,
) -> bytes:
    """A page of grants in view as JSON `{items, total}`, newest first."""
    return await _grant_store.list_grants(
        scope, tx, after=after, limit=limit, with_ended=with_ended
    )


async def list_tokens(scope: Scope, tx: Transaction) -> bytes:
    """Tokens that the scope may end, as JSON `{items, total, next}`."""
    return await _token_store.list_tokens(scope, tx)


async def list_providers(scope: Scope, tx: Transaction) -> bytes:
    """OpenID Providers as JSON `{items, total, next}`; for those who reach the whole city."""
    return await _provider_store.list_providers(scope, tx)


async def find_provider(scope: Scope, tx: Transaction, provider_id: UUID) -> bytes | None:
    """One OpenID Provider as JSON, or None."""
    return await _provider_store.find_provider_json(scope, tx, provider_id)


async def list_shown_providers(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Providers that a stranger may sign in by: `{slug, name}`."""
    return await _provider_store.list_shown(scope, tx)


async def require_application_issuer(
    scope: Scope, tx: Transaction, account_id: UUID
) -> tuple[UUID, str]:
    """Agency and name of a service account, if the scope holds all that it may do.

    Raises:
        NotFoundError: No such active service account in reach.
        BeyondOwnRightsError: It has more rights than the scope.
    """
    account = await _applications.require_issuer(scope, tx, account_id)
    return account["agency_id"], account["name"]


async def find_application_scope(scope: Scope, tx: Transaction, account_id: UUID) -> Scope | None:
    """What an active service account may see and do at this moment; None if it is not active.

    For what the system does for programs by itself: `scope` is the system's.
    """
    principal = await _doors.find_account(scope, tx, account_id)
    return None if principal is None else scope_of(principal, scope.at, "api", None)


async def list_own_links(scope: Scope, tx: Transaction) -> bytes:
    """Accounts elsewhere that are linked to the asker, as JSON `{items, total, next}`."""
    if scope.person_id is None:
        return b'{"items":[],"total":0,"next":null}'
    return await _provider_store.list_links(scope, tx, scope.person_id)


async def list_program_tokens(scope: Scope, tx: Transaction) -> bytes:
    """Tokens of service accounts that the scope may configure, as JSON `{items, total, next}`."""
    return await _token_store.list_program_tokens(scope, tx)


async def rotate_token(
    scope: Scope, tx: Transaction, token_id: UUID, *, overlap: timedelta, lasts: timedelta | None
) -> CreatedToken:
    """Makes a new token beside an old one, which ends after the overlap.

    Raises:
        NotFoundError: No such token in reach, or it is over or was rotated already.
        NeedsSessionError: A token asks for it.
        BeyondOwnRightsError: It is a service account's with more rights than the scope.
    """
    token = await _tokens.find_token(scope, tx, token_id)
    if token["account_id"] is not None:
        await _applications.require_issuer(scope, tx, token["account_id"])
    return await _tokens.rotate_token(scope, tx, token, overlap=overlap, lasts=lasts)


async def list_applications(scope: Scope, tx: Transaction) -> bytes:
    """Service accounts in view with their tokens, as JSON `{items, total, next}`."""
    return await _application_store.list_applications(scope, tx)


async def find_application(scope: Scope, tx: Transaction, account_id: UUID) -> bytes | None:
    """One service account in view as JSON, or None."""
    return await _application_store.find_application_json(scope, tx, account_id)


async def find_application_id(scope: Scope, tx: Transaction, name: str) -> UUID | None:
    """Id of the one service account in view with this name."""
    return await _application_store.find_application_id(scope, tx, name)


async def find_own(scope: Scope, tx: Transaction) -> dict[str, Any] | None:
    """The asker and their agency as JSON texts `{person, agency}`."""
    return await _people_store.find_own(scope, tx)


async def set_own_language(scope: Scope, tx: Transaction, language: str) -> None:
    """The language that the asker reads from now on."""
    await _people_store.set_own_language(scope, tx, language)


async def list_demands(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """What each role in view asks of a sign-in itself, what it inherits, and what is in force."""
    return [
        one | {"in_force": in_force(one, one["inherited"])}
        for one in await _factor_store.list_demands(scope, tx)
    ]


async def list_own_factors(scope: Scope, tx: Transaction) -> bytes:
    """The asker's factors as JSON: `{totp, passkeys, recovery, has_password}`."""
    return await _factor_store.find_own(scope, tx)


async def find_demand(scope: Scope, tx: Transaction) -> Demand:
    """What the asker's roles ask of a sign-in, and which factors they have.

    Raises:
        NotFoundError: The asker is no person.
    """
    if scope.person_id is None:
        raise NotFoundError
    return await _factor_store.find_demand(scope, tx, scope.person_id)


async def find_session(scope: Scope, tx: Transaction) -> dict[str, Any] | None:
    """How the asker signed in, how strong it was, and when they last proved who they are."""
    return await _factor_store.find_session(scope, tx)


async def reset_factors(
    scope: Scope, tx: Transaction, person_id: UUID, prove_minutes: float
) -> None:
    """Removes all factors of a person who lost them, and ends their sessions.

    Raises:
        NotFoundError: No such person in reach of `person:factors`.
        BeyondOwnRightsError: The person has more rights than the scope.
        ProveItError: It is too long since the asker proved who they are.
    """
    person = await _people.require_person(scope, tx, person_id, "person:factors")
    await _factors.require_proof(scope, tx, prove_minutes)
    await _factors.reset_factors(scope, tx, person)


async def bind_person(scope: Scope, tx: Transaction, person_id: UUID, *, seats_only: bool) -> None:
    """Binds a person to the seats of the control room, or lets them sign in anywhere.

    Raises:
        NotFoundError: No such person in reach of `person:factors`.
        BeyondOwnRightsError: The person has more rights than the scope.
    """
    person = await _people.require_person(scope, tx, person_id, "person:factors")
    await _factors.bind_person(scope, tx, person, seats_only=seats_only)


def raw_json(content: bytes) -> msgspec.Raw:
    """JSON as PostgreSQL wrote it, to stand inside an answer."""
    return msgspec.Raw(content)


async def list_seats(scope: Scope, tx: Transaction) -> bytes:
    """Seats that the scope may configure, as JSON `{items, total, next}`."""
    return await _seat_store.list_seats(scope, tx)


async def tidy(scope: Scope, tx: Transaction) -> None:
    """Deletes what has long been over: tries, sessions, links."""
    await _doors.tidy(scope, tx)


__all__ = [
    "COOKIE",
    "KEPT",
    "LINK_S",
    "SAMPLE_GRANTS",
    "SAMPLE_PEOPLE",
    "SEAT_COOKIE",
    "SEAT_PASS_S",
    "Authenticator",
    "Caller",
    "CitySettings",
    "Codes",
    "CreatedToken",
    "Demand",
    "Doorkeeper",
    "Erasers",
    "Finders",
    "IdentitySettings",
    "NewAgency",
    "NewApplication",
    "NewGrant",
    "NewPerson",
    "NewRole",
    "NodeSettings",
    "OpenedSession",
    "Passkeys",
    "Passwords",
    "Prover",
    "SecondStep",
    "SingleSignOn",
    "Site",
    "Thing",
    "TokenOwnerError",
    "TokenTerms",
    "address_of",
    "bind_person",
    "challenge_seat",
    "change_agency",
    "change_application",
    "change_person",
    "change_provider",
    "change_role",
    "create_agency",
    "create_application",
    "create_application_token",
    "create_grant",
    "create_person",
    "create_provider",
    "create_role",
    "create_seat",
    "create_token",
    "end_loans",
    "end_other_sessions",
    "end_right",
    "end_session",
    "enrol_seat",
    "ensure_agencies",
    "ensure_people",
    "ensure_sample",
    "erase_person",
    "explain_right",
    "find_agency",
    "find_agency_id",
    "find_application",
    "find_application_id",
    "find_application_scope",
    "find_demand",
    "find_main_roles",
    "find_own",
    "find_person",
    "find_person_id",
    "find_provider",
    "find_role",
    "find_session",
    "known_finders",
    "lend",
    "list_agencies",
    "list_applications",
    "list_demands",
    "list_ended_sessions",
    "list_grants",
    "list_own_factors",
    "list_own_links",
    "list_people",
    "list_person_links",
    "list_program_tokens",
    "list_providers",
    "list_rights",
    "list_roles",
    "list_seats",
    "list_sessions",
    "list_shown_providers",
    "list_tokens",
    "mark_compromised",
    "moved",
    "prelink",
    "prove_for_rights",
    "raw_json",
    "renew_seat_code",
    "require_agency_id",
    "require_application_issuer",
    "require_proof",
    "reset_factors",
    "retire_role",
    "revoke_grant",
    "revoke_seat",
    "revoke_token",
    "rotate_token",
    "scope_of_person",
    "services",
    "set_own_language",
    "set_password",
    "set_right_end",
    "set_role_demand",
    "show_seat",
    "site_of",
    "system_scope",
    "tidy",
    "unlink",
    "unlink_own",
]
