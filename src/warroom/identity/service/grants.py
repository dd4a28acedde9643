"""Giving actions to people and agencies, and taking them away, for a reason and a time."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.identity import rules
from warroom.identity.contracts import NewGrant
from warroom.identity.errors import (
    BeyondOwnRightsError,
    GrantTargetError,
    NoActionsError,
    UnknownWordError,
)
from warroom.identity.store import agencies as agency_store
from warroom.identity.store import grants as store
from warroom.identity.store import people as people_store
from warroom.kernel import actions
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope

_RIGHT = "grant:configure"
_SIDES = ("actions", "places", "objects", "tags", "classes")


async def create_grant(scope: Scope, tx: Transaction, new: NewGrant) -> UUID:
    """Gives, or with `deny` takes away.

    Who gives must hold what they give on each of the agencies it is given on, and the right to
    give there; without agencies it is given on all, for which the whole city must be in reach.
    Who takes away must have the right to give over the one it is taken from, or over the things.

    Raises:
        GrantTargetError: Not exactly one taker, or no time between its begin and its end.
        NoActionsError: It would give nothing.
        UnknownWordError: No such action word.
        NotFoundError: The taker is not in view.
        BeyondOwnRightsError: More would be given than is held.
    """
    if (new.person_id is None) == (new.to_agency_id is None) or not new.reason.strip():
        raise GrantTargetError
    if not new.actions:
        raise NoActionsError
    begins = new.starts_at or scope.at
    if new.ends_at is not None and new.ends_at <= begins:
        raise GrantTargetError
    for word in new.actions:
        if not actions.is_known(word):
            raise UnknownWordError(word=word)
    taker_agency, label = await _taker(scope, tx, new)
    _require_right(scope, new, taker_agency)
    grant_id = new_id()
    await store.insert_grant(scope, tx, grant_id, new, taker_agency)
    action = "grant:denied" if new.deny else "grant:given"
    await _record(scope, tx, action, grant_id, taker_agency, label, new.agencies, _told(new))
    return grant_id


async def lend(
    scope: Scope,
    tx: Transaction,
    new: NewGrant,
    taker_agency: UUID,
    *,
    people: Iterable[UUID] = (),
    roles: Iterable[str] = (),
) -> list[UUID]:
    """Gives for a purpose and a time what others have decided to lend.

    To each of the people, and to whoever of the agency holds one of the roles; gives the ids.

    The giver need not hold it: the caller has judged that whoever owns the things agreed (two
    approvers), or that an emergency is answered for afterwards. What is lent cannot be handed on.

    Raises:
        GrantTargetError: It has no purpose, no end, no owner, or is no gift.
    """
    if not new.purpose or new.ends_at is None or not new.agencies or new.deny:
        raise GrantTargetError
    to_people = [replace(new, person_id=person_id) for person_id in people]
    to_roles = [replace(new, to_agency_id=taker_agency, to_role=role) for role in roles]
    ids = []
    for one in (*to_people, *to_roles):
        grant_id = new_id()
        await store.insert_grant(scope, tx, grant_id, one, taker_agency)
        told = _told(new) | {"purpose": new.purpose, "to": one.person_id or one.to_role}
        await _record(scope, tx, "grant:lent", grant_id, taker_agency, None, new.agencies, told)
        ids.append(grant_id)
    return ids


async def end_loans(scope: Scope, tx: Transaction, grants: Iterable[UUID]) -> None:
    """Ends what was lent, now; what is over already stays as it was."""
    for grant_id in grants:
        owners = await store.end_loan(scope, tx, grant_id)
        if owners is not None:
            await _record(scope, tx, "grant:revoked", grant_id, None, None, owners, {})


async def revoke_grant(scope: Scope, tx: Transaction, grant_id: UUID) -> None:
    """Ends a grant now.

    A grant that takes away is ended only by who made it, or by who reaches the whole city: ending
    it gives.

    Raises:
        NotFoundError: No such grant in reach.
        BeyondOwnRightsError: It takes away, and was made by somebody else.
    """
    grant = await store.find_grant(scope, tx, grant_id, _RIGHT)
    if grant is None or grant["revoked_at"] is not None:
        raise NotFoundError
    is_own = grant["created_by"] is not None and grant["created_by"] == scope.person_id
    if grant["deny"] and not is_own and not rules.is_citywide(scope, _RIGHT):
        raise BeyondOwnRightsError
    if grant["deny"] and not rules.may_give(scope, [_rule(grant, deny=False)]):
        raise BeyondOwnRightsError
    await store.revoke_grant(scope, tx, grant_id)
    owners = grant["agencies"]
    await _record(scope, tx, "grant:revoked", grant_id, grant["agency_id"], None, owners, {})


async def _taker(scope: Scope, tx: Transaction, new: NewGrant) -> tuple[UUID | None, str | None]:
    """Agency of who gets it, and its name where the agency itself does.

    Raises:
        NotFoundError: There is none such in view.
    """
    if new.person_id is not None:
        person = await people_store.find_person(scope, tx, new.person_id, "person:view")
        if person is None:
            raise NotFoundError
        return person["agency_id"], None
    assert new.to_agency_id is not None  # noqa: S101 - asked by the caller
    agency = await agency_store.find_agency(scope, tx, new.to_agency_id, "agency:view")
    if agency is None:
        raise NotFoundError
    return agency["id"], agency["name"]


def _require_right(scope: Scope, new: NewGrant, taker_agency: UUID | None) -> None:
    owners: list[UUID | None] = [None] if new.agencies is None else list(new.agencies)
    over_things = bool(owners) and all(scope.allows(_RIGHT, agency_id=one) for one in owners)
    if new.deny:
        if not over_things and not scope.allows(_RIGHT, agency_id=taker_agency):
            raise BeyondOwnRightsError
        return
    wanted = _rule({word: getattr(new, word) for word in NewGrant.__dataclass_fields__}, deny=False)
    if not over_things or not rules.may_give(scope, [wanted]):
        raise BeyondOwnRightsError


def _rule(grant: dict[str, Any], *, deny: bool) -> Rule:
    def some(word: str) -> frozenset[Any] | None:
        return None if grant[word] is None else frozenset(grant[word])

    return Rule(
        frozenset(grant["actions"]),
        agencies=some("agencies"),
        places=some("places"),
        objects=some("objects"),
        tags=some("tags"),
        classes=some("classes"),
        deny=deny,
        starts_at=grant["starts_at"],
        ends_at=grant["ends_at"],
    )


def _told(new: NewGrant) -> dict[str, Any]:
    # Who gets it stands there by their id: a name could not be taken out of an entry again.
    person = {} if new.person_id is None else {"person": str(new.person_id)}
    return person | {
        word: value
        for word in (*_SIDES, "starts_at", "ends_at", "letter")
        if (value := getattr(new, word)) is not None
    }


async def _record(
    scope: Scope,
    tx: Transaction,
    action: str,
    grant_id: UUID,
    taker_agency: UUID | None,
    label: str | None,
    owners: "list[UUID] | tuple[UUID, ...] | None",
    detail: dict[str, Any],
) -> None:
    """One entry for each agency whose things are given, so that each one's auditors read it."""
    told: list[UUID | None] = [*owners] if owners else [taker_agency]
    for owner in told:
        await audit.record(
            scope,
            tx,
            action=action,
            object_kind="grant",
            object_id=grant_id,
            agency_id=owner,
            object_label=label,
            detail=detail,
        )
