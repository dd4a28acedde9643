"""Service accounts: programs of an agency, with rights of their own and no person behind them.

Whoever makes one, changes it or makes a token for it must hold everything that it may do: else it
would be a ladder. Whoever only ends something need not.
"""

from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from warroom.audit import api as audit
from warroom.identity import rules
from warroom.identity.contracts import (
    CreatedToken,
    NewApplication,
    Thing,
    TokenTerms,
    finds,
    id_of,
)
from warroom.identity.errors import (
    BeyondOwnRightsError,
    ChangedMeanwhileError,
    CityReachError,
    LimitsWithGrantsError,
    NotForApplicationsError,
    TakenError,
)
from warroom.identity.service import tokens
from warroom.identity.store import agencies as agency_store
from warroom.identity.store import applications as store
from warroom.kernel import actions
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NeedsSessionError, NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope

_RIGHT = "application:configure"


async def create_application(scope: Scope, tx: Transaction, new: NewApplication) -> UUID:
    """Makes a service account, without a token yet.

    Raises:
        NeedsSessionError: A token asks for it.
        NotFoundError: The agency is not in reach.
        NotForApplicationsError: An action is not for programs (`word`).
        CityReachError: It would reach the city, and its agency is not the city's own.
        LimitsWithGrantsError: It would use its agency's grants, and be limited to some things.
        BeyondOwnRightsError: It would hold more than the scope does.
        TakenError: Another one of the agency has the name.
    """
    _refuse_token(scope)
    if not scope.allows(_RIGHT, agency_id=new.agency_id):
        raise NotFoundError
    agency = await agency_store.find_agency(scope, tx, new.agency_id, "agency:view")
    if agency is None:
        raise NotFoundError
    fields = {word: getattr(new, word) for word in NewApplication.__dataclass_fields__}
    await _judge(scope, tx, fields | {"agency_kind": agency["kind"]})
    account_id = new_id()
    try:
        await store.insert_application(scope, tx, account_id, new)
    except UniqueViolation as error:
        raise TakenError(field="name") from error
    told = {word: value for word, value in fields.items() if word not in ("agency_id", "name")}
    await _record(scope, tx, "application:created", fields | {"id": account_id}, told)
    return account_id


async def change_application(
    scope: Scope, tx: Transaction, account_id: UUID, version: int, changes: dict[str, Any]
) -> None:
    """Changes a service account; made inactive, its tokens end.

    Raises:
        NeedsSessionError: A token asks for it.
        NotFoundError: No such service account in reach.
        ChangedMeanwhileError: `version` is not the stored one.
        NotForApplicationsError: An action is not for programs (`word`).
        CityReachError: It would reach the city, and its agency is not the city's own.
        LimitsWithGrantsError: It would use its agency's grants, and be limited to some things.
        BeyondOwnRightsError: It has, or would have, more rights than the scope.
        TakenError: Another one of the agency has the name.
    """
    _refuse_token(scope)
    account = await store.find_application(scope, tx, account_id)
    if account is None:
        raise NotFoundError
    if account["version"] != version:
        raise ChangedMeanwhileError
    changed = account | changes
    if changes.keys() - {"is_active"} or changed["is_active"]:
        await _judge(scope, tx, account)
        await _judge(scope, tx, changed)
    try:
        await store.update_application(scope, tx, changed)
    except UniqueViolation as error:
        raise TakenError(field="name") from error
    if not changed["is_active"]:
        await store.end_tokens(scope, tx, account_id)
    told = {word: [account[word], value] for word, value in changes.items()}
    await _record(scope, tx, "application:changed", changed, told)


async def create_application_token(
    scope: Scope, tx: Transaction, account_id: UUID, terms: TokenTerms
) -> CreatedToken:
    """Makes a token for a service account; its secret is told this once.

    Raises:
        NeedsSessionError: A token asks for it.
        NotFoundError: No such active service account in reach.
        NotForApplicationsError: An action that the service account does not have (`word`).
        BeyondOwnRightsError: The service account has more rights than the scope.
    """
    _refuse_token(scope)
    account = await require_issuer(scope, tx, account_id)
    for word in terms.actions or ():
        if word not in account["actions"]:
            raise NotForApplicationsError(word=word)
    owner = tokens.Owner(account["agency_id"], account["name"], account_id=account_id)
    return await tokens.issue(scope, tx, owner, terms)


async def require_issuer(scope: Scope, tx: Transaction, account_id: UUID) -> dict[str, Any]:
    """The service account, if the scope may make tokens for it.

    Raises:
        NotFoundError: No such active service account in reach.
        BeyondOwnRightsError: It has more rights than the scope.
    """
    account = await store.find_application(scope, tx, account_id)
    if account is None or not account["is_active"]:
        raise NotFoundError
    await _judge(scope, tx, account)
    return account


async def _judge(scope: Scope, tx: Transaction, account: dict[str, Any]) -> None:
    for word in account["actions"]:
        if word not in actions.for_programs():
            raise NotForApplicationsError(word=word)
    if account["reach"] == "city" and account["agency_kind"] != "city":
        raise CityReachError
    limits = (account["places"], account["objects"], account["tags"])
    is_limited = account["reach"] == "city" or any(limit is not None for limit in limits)
    if account["with_grants"] and is_limited:
        raise LimitsWithGrantsError
    own = rules.rule_of_application(
        account["agency_id"], account["agency_kind"], account, account["actions"]
    )
    wanted = [own]
    if account["with_grants"]:
        granted = await store.list_granted(scope, tx, account["agency_id"])
        wanted += rules.limited(map(_rule, granted), frozenset(account["actions"]))
    if not rules.may_give(scope, wanted):
        raise BeyondOwnRightsError


def _rule(grant: dict[str, Any]) -> Rule:
    def some(word: str) -> frozenset[Any] | None:
        return None if grant[word] is None else frozenset(grant[word])

    return Rule(
        frozenset(grant["actions"]),
        agencies=some("agencies"),
        places=some("places"),
        objects=some("objects"),
        tags=some("tags"),
        starts_at=grant["starts_at"],
        ends_at=grant["ends_at"],
    )


def _refuse_token(scope: Scope) -> None:
    if scope.door == "api":
        raise NeedsSessionError


async def _record(
    scope: Scope, tx: Transaction, action: str, account: dict[str, Any], told: dict[str, Any]
) -> None:
    await audit.record(
        scope,
        tx,
        action=action,
        object_kind="application",
        object_id=account["id"],
        agency_id=account["agency_id"],
        object_label=account["name"],
        detail=told,
    )


@finds("application")
async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The service account in view with this name or id, as rights see it."""
    row = await store.see_application(scope, tx, asked, id_of(asked))
    return Thing("application", row["id"], row["name"], row["agency_id"]) if row else None
