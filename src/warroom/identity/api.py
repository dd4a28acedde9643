"""What other domains, and the composition root, call of `identity`."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from warroom.identity.contracts import (
    ACTIONS,
    AGENCY_KINDS,
    CreatedToken,
    NewAgency,
    NewApplication,
    NewGrant,
    NewPerson,
    OpenedSession,
    TokenTerms,
)
from warroom.identity.errors import TokenOwnerError
from warroom.identity.sample import PEOPLE as SAMPLE_PEOPLE
from warroom.identity.service import agencies as _agencies
from warroom.identity.service import applications as _applications
from warroom.identity.service import grants as _grants
from warroom.identity.service import people as _people
from warroom.identity.service import tokens as _tokens
from warroom.identity.service.passwords import Passwords
from warroom.identity.service.sample import ensure_sample
from warroom.identity.service.scopes import system_scope
from warroom.identity.service.sessions import COOKIE, Authenticator, address_of
from warroom.identity.service.sign_in import LINK_S, Doorkeeper
from warroom.identity.settings import CitySettings, IdentitySettings
from warroom.identity.store import agencies as _agency_store
from warroom.identity.store import applications as _application_store
from warroom.identity.store import doors as _doors
from warroom.identity.store import grants as _grant_store
from warroom.identity.store import people as _people_store
from warroom.identity.store import tokens as _token_store
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.scope import Scope
from warroom.kernel.settings import Configuration, NodeSettings

create_agency = _agencies.create_agency
change_agency = _agencies.change_agency
ensure_agencies = _agencies.ensure_agencies
create_person = _people.create_person
change_person = _people.change_person
ensure_people = _people.ensure_people
set_password = _people.set_password
create_grant = _grants.create_grant
revoke_grant = _grants.revoke_grant
lend = _grants.lend
end_loans = _grants.end_loans
create_token = _tokens.create_token
revoke_token = _tokens.revoke_token
create_application = _applications.create_application
change_application = _applications.change_application
create_application_token = _applications.create_application_token


def services(configuration: Configuration, db: Database, clock: Clock) -> dict[type, Any]:
    """What the routes and commands of `identity` use, by type; made once a process.

    `Authenticator` is also the application's authenticator.
    """
    settings = configuration.section(IdentitySettings)
    node = configuration.section(NodeSettings)
    passwords = Passwords(settings.hash_threads)
    return {
        IdentitySettings: settings,
        CitySettings: configuration.section(CitySettings),
        NodeSettings: node,
        Passwords: passwords,
        Authenticator: Authenticator(db, clock, settings),
        Doorkeeper: Doorkeeper(db, clock, settings, passwords, node.demo),
    }


async def find_agency_id(scope: Scope, tx: Transaction, short: str) -> UUID | None:
    """Id of the agency in view with this short name (`Dishub`), large and small letters alike."""
    agency = await _agency_store.find_agency_by_short(scope, tx, short)
    return agency["id"] if agency else None


async def list_agencies(scope: Scope, tx: Transaction) -> bytes:
    """Agencies in view as JSON `{items, total, next}`."""
    return await _agency_store.list_agencies(scope, tx)


async def find_agency(scope: Scope, tx: Transaction, agency_id: UUID) -> bytes | None:
    """One agency in view as JSON, or None."""
    return await _agency_store.find_agency_json(scope, tx, agency_id)


async def list_roles(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Roles with their actions."""
    return await _agency_store.list_roles(scope, tx)


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


async def tidy(scope: Scope, tx: Transaction) -> None:
    """Deletes what has long been over: tries, sessions, links."""
    await _doors.tidy(scope, tx)


__all__ = [
    "ACTIONS",
    "AGENCY_KINDS",
    "COOKIE",
    "LINK_S",
    "SAMPLE_PEOPLE",
    "Authenticator",
    "CitySettings",
    "CreatedToken",
    "Doorkeeper",
    "IdentitySettings",
    "NewAgency",
    "NewApplication",
    "NewGrant",
    "NewPerson",
    "NodeSettings",
    "OpenedSession",
    "Passwords",
    "TokenOwnerError",
    "TokenTerms",
    "address_of",
    "change_agency",
    "change_application",
    "change_person",
    "create_agency",
    "create_application",
    "create_application_token",
    "create_grant",
    "create_person",
    "create_token",
    "end_loans",
    "ensure_agencies",
    "ensure_people",
    "ensure_sample",
    "find_agency",
    "find_agency_id",
    "find_application",
    "find_application_id",
    "find_own",
    "find_person",
    "find_person_id",
    "lend",
    "list_agencies",
    "list_applications",
    "list_grants",
    "list_people",
    "list_program_tokens",
    "list_roles",
    "list_tokens",
    "revoke_grant",
    "revoke_token",
    "rotate_token",
    "services",
    "set_own_language",
    "set_password",
    "system_scope",
    "tidy",
]
