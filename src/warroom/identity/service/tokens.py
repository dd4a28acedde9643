"""API tokens: secrets by which scripts act for a person, or programs for their agency.

A person's token holds no more than the person, a service account's no more than the account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.identity import rules
from warroom.identity.contracts import CreatedToken, TokenTerms
from warroom.identity.credentials import TokenSecret
from warroom.identity.errors import NetworkError, UnknownWordError
from warroom.identity.store import people as people_store
from warroom.identity.store import tokens as store
from warroom.kernel import actions
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NeedsSessionError, NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope


@dataclass(frozen=True, slots=True)
class Owner:
    """For whom a token is made: a person or a service account, of which agency, and its name."""

    agency_id: UUID | None
    name: str
    person_id: UUID | None = None
    account_id: UUID | None = None


async def create_token(
    scope: Scope, tx: Transaction, *, login: str | None, terms: TokenTerms
) -> CreatedToken:
    """Makes a token for the asker or, from the command line, for another person.

    Raises:
        NeedsSessionError: A token asks for a token.
        UnknownWordError: No such action word.
        NetworkError: A network cannot be read.
        NotFoundError: No such person in view.
    """
    if scope.door == "api":
        raise NeedsSessionError
    for word in terms.actions or ():
        if not actions.is_known(word):
            raise UnknownWordError(word=word)
    person = await _person(scope, tx, login)
    owner = Owner(person["agency_id"], person["name"], person_id=person["id"])
    return await issue(scope, tx, owner, terms)


async def issue(scope: Scope, tx: Transaction, owner: Owner, terms: TokenTerms) -> CreatedToken:
    """Makes a token for an owner whom the caller has judged.

    Raises:
        NetworkError: A network cannot be read.
    """
    networks = rules.read_networks(terms.networks)
    if isinstance(networks, str):
        raise NetworkError(word=networks)
    row = {
        "person_id": owner.person_id,
        "account_id": owner.account_id,
        "name": terms.name,
        "actions": None if terms.actions is None else list(terms.actions),
        "networks": networks,
        "per_minute": terms.per_minute,
    }
    made = await _insert(scope, tx, row, scope.at + timedelta(days=terms.days))
    detail = {
        **({"person": str(owner.person_id)} if owner.person_id else {"owner": owner.name}),
        "actions": terms.actions,
        "days": terms.days,
        "networks": [str(network) for network in networks],
    }
    await _record(scope, tx, "token:created", made.id, owner.agency_id, terms.name, detail)
    return made


async def rotate_token(
    scope: Scope,
    tx: Transaction,
    token: dict[str, Any],
    *,
    overlap: timedelta,
    lasts: timedelta | None,
) -> CreatedToken:
    """Makes a new token of the same terms beside an old one, which ends after the overlap.

    Args:
        scope: Who asks; the caller has judged whether they may.
        tx: The transaction.
        token: The old one, as `find_token` gave it.
        overlap: How long both are in force, at most to the old one's own end; zero ends it now.
        lasts: How long the new one lasts; as long as the old one did, if not given.

    Raises:
        NeedsSessionError: A token asks for it.
        NotFoundError: The old one was rotated already, or is over.
    """
    if scope.door == "api":
        raise NeedsSessionError
    if token["replaced_by"] is not None or token["expires_at"] <= scope.at:
        raise NotFoundError
    lifetime = lasts or token["expires_at"] - token["created_at"]
    made = await _insert(scope, tx, token, scope.at + lifetime)
    ends_at = min(token["expires_at"], scope.at + overlap)
    await store.replace_token(scope, tx, token["id"], made.id, ends_at)
    detail = {"new": made.id, "old_ends_at": ends_at}
    await _record(scope, tx, "token:rotated", token["id"], *_told(token), detail)
    return made


async def find_token(scope: Scope, tx: Transaction, token_id: UUID) -> dict[str, Any]:
    """A token that is the asker's own, or of a person or program that they may configure.

    Raises:
        NotFoundError: No such token in reach.
    """
    token = await store.find_token(scope, tx, token_id)
    if token is None:
        raise NotFoundError
    return token


async def revoke_token(scope: Scope, tx: Transaction, token_id: UUID) -> None:
    """Ends a token now: an own one, or one of a person or program that the scope may configure.

    Raises:
        NotFoundError: No such token in reach.
    """
    token = await find_token(scope, tx, token_id)
    await store.end_token(scope, tx, token_id)
    await _record(scope, tx, "token:revoked", token_id, *_told(token), {})


async def _insert(
    scope: Scope, tx: Transaction, row: dict[str, Any], expires_at: datetime
) -> CreatedToken:
    secret, token_id = TokenSecret.new(), new_id()
    await store.insert_token(scope, tx, secret, row | {"id": token_id, "expires_at": expires_at})
    return CreatedToken(token_id, secret.text, expires_at)


async def _person(scope: Scope, tx: Transaction, login: str | None) -> dict[str, Any]:
    person = (
        await people_store.find_own_row(scope, tx)
        if login is None
        else await people_store.find_person_by_login(scope, tx, login.strip().lower())
    )
    if person is None:
        raise NotFoundError
    return person


def _told(token: dict[str, Any]) -> tuple[UUID | None, str]:
    return token["agency_id"], token["name"]


async def _record(
    scope: Scope,
    tx: Transaction,
    action: str,
    token_id: UUID,
    agency_id: UUID | None,
    name: str,
    detail: dict[str, Any],
) -> None:
    await audit.record(
        scope,
        tx,
        action=action,
        object_kind="token",
        object_id=token_id,
        agency_id=agency_id,
        object_label=name,
        detail=detail,
    )
