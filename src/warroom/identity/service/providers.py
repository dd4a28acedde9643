"""OpenID Providers as they are configured, and accounts linked to people by administrators.

A provider speaks for its agencies' people: whoever runs it can be any of them. So providers are
configured by those alone who reach the whole city; and whoever links somebody's account must hold
all of that person's rights, as for setting their password.
"""

import re
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from warroom.audit import api as audit
from warroom.identity import rules
from warroom.identity.errors import (
    ChangedMeanwhileError,
    LastWayInError,
    ProviderMapError,
    TakenError,
    UnknownWordError,
)
from warroom.identity.service import people
from warroom.identity.service.single_sign_on import link_subject
from warroom.identity.store import agencies as agency_store
from warroom.identity.store import people as people_store
from warroom.identity.store import providers as store
from warroom.identity.store import roles as role_store
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NeedsSessionError, NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.outbound import Outbound
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer

_RIGHT = "provider:configure"
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")


async def create_provider(
    scope: Scope,
    tx: Transaction,
    fields: dict[str, Any],
    secret: str | None,
    *,
    sealer: Sealer,
    outbound: Outbound,
) -> UUID:
    """Makes a provider.

    Raises:
        NotFoundError: The scope does not reach the whole city.
        NeedsSessionError: A token asks for it.
        ProviderMapError: A mapped agency is not among its own, or several have no claim.
        UnknownWordError: No such role, or the word is none for an address.
        TakenError: Another one has the word.
        TargetInvalidError: The issuer is no address.
        ForbiddenTargetError: The issuer may not be asked from here.
    """
    if scope.door == "api":
        raise NeedsSessionError
    if not rules.is_citywide(scope, _RIGHT):
        raise NotFoundError
    if _SLUG.fullmatch(fields["slug"]) is None:
        raise UnknownWordError(word=fields["slug"])
    await _judge(scope, tx, fields, outbound)
    provider_id = new_id()
    sealed = None if secret is None else sealer.seal(secret.encode(), provider_id.bytes)
    row = fields | {"id": provider_id, "secret": sealed, "is_active": True}
    await _save(scope, tx, row, is_new=True)
    await _record(scope, tx, "provider:created", row, _told(fields))
    return provider_id


async def change_provider(
    scope: Scope,
    tx: Transaction,
    provider_id: UUID,
    version: int,
    changes: dict[str, Any],
    secret: str | None,
    *,
    sealer: Sealer,
    outbound: Outbound,
) -> None:
    """Changes a provider; made inactive, the sessions that it opened end.

    Raises:
        NotFoundError: No such provider, or the scope does not reach the whole city.
        NeedsSessionError: A token asks for it.
        ChangedMeanwhileError: `version` is not the stored one.
        ProviderMapError: A mapped agency is not among its own, or several have no claim.
        UnknownWordError: No such role.
        TakenError: Another one has the word.
        TargetInvalidError: The issuer is no address.
        ForbiddenTargetError: The issuer may not be asked from here.
    """
    if scope.door == "api":
        raise NeedsSessionError
    row = await store.find_provider_row(scope, tx, provider_id)
    if row is None or not rules.is_citywide(scope, _RIGHT):
        raise NotFoundError
    if row["version"] != version:
        raise ChangedMeanwhileError
    changed = row | changes
    await _judge(scope, tx, changed, outbound)
    if secret is not None:
        changed["secret"] = sealer.seal(secret.encode(), provider_id.bytes) if secret else None
    await _save(scope, tx, changed, is_new=False)
    if not changed["is_active"]:
        await store.end_sessions(scope, tx, row["slug"])
    told = _told(changes) | ({"secret": "changed"} if secret is not None else {})
    await _record(scope, tx, "provider:changed", changed, told)


async def prelink(
    scope: Scope,
    tx: Transaction,
    person_id: UUID,
    slug: str,
    *,
    subject: str | None,
    email: str | None,
) -> None:
    """Links a person to an account elsewhere: by its subject, or by the verified address it has.

    Raises:
        NeedsSessionError: A token asks for it.
        NotFoundError: No such person in reach, or no such provider for their agency.
        BeyondOwnRightsError: The person has more rights than the scope.
        LinkTakenError: The account is another's, or the person has one there already.
    """
    if scope.door == "api":
        raise NeedsSessionError
    person = await people.require_person(scope, tx, person_id)
    provider = await store.find_provider(scope, tx, slug)
    if provider is None or person["agency_id"] not in provider.agencies:
        raise NotFoundError
    address = None if email is None else email.strip().lower()
    await link_subject(scope, tx, provider, person, subject, address)


async def list_person_links(scope: Scope, tx: Transaction, person_id: UUID) -> bytes:
    """Links of a person whom the scope may configure, as JSON `{items, total, next}`.

    Raises:
        NotFoundError: No such person in reach.
    """
    if await people_store.find_person(scope, tx, person_id, "person:configure") is None:
        raise NotFoundError
    return await store.list_links(scope, tx, person_id)


async def unlink(scope: Scope, tx: Transaction, person_id: UUID, link_id: UUID) -> None:
    """Takes a person's link away.

    Raises:
        NeedsSessionError: A token asks for it.
        NotFoundError: No such person or link in reach.
        BeyondOwnRightsError: The person has more rights than the scope.
    """
    if scope.door == "api":
        raise NeedsSessionError
    person = await people.require_person(scope, tx, person_id)
    if await store.take_link(scope, tx, person_id, link_id) is None:
        raise NotFoundError
    await _record_unlinked(scope, tx, person)


async def unlink_own(scope: Scope, tx: Transaction, link_id: UUID) -> None:
    """Takes an own link away.

    Raises:
        NeedsSessionError: A token asks for it.
        NotFoundError: The asker has no such link.
        LastWayInError: They could never sign in again.
    """
    if scope.door == "api":
        raise NeedsSessionError
    person = await people_store.find_own_row(scope, tx)
    if person is None or await store.take_link(scope, tx, person["id"], link_id) is None:
        raise NotFoundError
    if not await store.has_other_way(scope, tx, person["id"]):
        raise LastWayInError
    await _record_unlinked(scope, tx, person)


async def _judge(scope: Scope, tx: Transaction, fields: dict[str, Any], outbound: Outbound) -> None:
    outbound.require_allowed(fields["issuer"])
    agencies = {str(agency) for agency in fields["agencies"]}
    for agency in fields["agencies"]:
        if not await agency_store.is_there(scope, tx, agency):
            raise ProviderMapError(word=str(agency))
    for agency in fields["agency_map"].values():
        if str(agency) not in agencies:
            raise ProviderMapError(word=str(agency))
    if fields["creates"] and len(agencies) > 1 and not fields["agency_claim"]:
        raise ProviderMapError(word="agency_claim")
    # Presets alone: one map may serve several agencies.
    found = await role_store.list_assignable(scope, tx)
    known = {role["name"] for role in found if role["agency_id"] is None}
    for role in (*fields["role_map"].values(), *filter(None, [fields["default_role"]])):
        if role not in known:
            raise UnknownWordError(word=role)


async def _save(scope: Scope, tx: Transaction, row: dict[str, Any], *, is_new: bool) -> None:
    try:
        await store.save_provider(scope, tx, row, is_new=is_new)
    except UniqueViolation as error:
        raise TakenError(field="slug") from error


def _told(fields: dict[str, Any]) -> dict[str, Any]:
    return {word: value for word, value in fields.items() if word != "client_id"}


async def _record(
    scope: Scope, tx: Transaction, action: str, row: dict[str, Any], told: dict[str, Any]
) -> None:
    await audit.record(
        scope,
        tx,
        action=action,
        object_kind="provider",
        object_id=row["id"],
        agency_id=scope.agency_id,
        object_label=row["name"],
        detail=told,
    )


async def _record_unlinked(scope: Scope, tx: Transaction, person: dict[str, Any]) -> None:
    await audit.record(
        scope,
        tx,
        action="person:unlinked",
        object_kind="person",
        object_id=person["id"],
        agency_id=person["agency_id"],
        object_label=person["name"],
    )
