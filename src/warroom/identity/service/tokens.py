"""API tokens: secrets by which scripts act for a person, with no more than that person's rights."""

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.identity import rules
from warroom.identity.contracts import CreatedToken
from warroom.identity.errors import NeedsSessionError, UnknownWordError
from warroom.identity.service.sessions import TOKEN_PREFIX, digest_of
from warroom.identity.store import people as people_store
from warroom.identity.store import tokens as store
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope


async def create_token(
    scope: Scope,
    tx: Transaction,
    *,
    login: str | None,
    name: str,
    actions: list[str] | None,
    days: int,
) -> CreatedToken:
    """Makes a token for the asker or, from the command line, for another person.

    Raises:
        NeedsSessionError: A token asks for a token.
        UnknownWordError: No such action word.
        NotFoundError: No such person in view.
    """
    if scope.door == "api":
        raise NeedsSessionError
    for word in actions or ():
        if not rules.is_known_action(word):
            raise UnknownWordError(word=word)
    person = await _person(scope, tx, login)
    secret, token_id = TOKEN_PREFIX + secrets.token_urlsafe(32), new_id()
    expires_at = scope.at + timedelta(days=days)
    await store.insert_token(
        scope,
        tx,
        token_id=token_id,
        token_hash=digest_of(secret),
        person_id=person["id"],
        name=name,
        actions=actions,
        expires_at=expires_at,
    )
    detail = {"actions": actions, "days": days}
    await _record(scope, tx, "token:created", token_id, person["agency_id"], name, detail)
    return CreatedToken(token_id, secret, expires_at)


async def revoke_token(scope: Scope, tx: Transaction, token_id: UUID) -> None:
    """Ends a token now: an own one, or one of a person that the scope may configure.

    Raises:
        NotFoundError: No such token in reach.
    """
    token = await store.find_token(scope, tx, token_id)
    if token is None:
        raise NotFoundError
    await store.end_token(scope, tx, token_id)
    await _record(scope, tx, "token:revoked", token_id, token["agency_id"], token["name"], {})


async def _person(scope: Scope, tx: Transaction, login: str | None) -> dict[str, Any]:
    person = (
        await people_store.find_own_row(scope, tx)
        if login is None
        else await people_store.find_person_by_login(scope, tx, login.strip().lower())
    )
    if person is None:
        raise NotFoundError
    return person


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
