"""Making and changing people.

Whoever changes a person must hold, within their own reach, every right that the person has before
and will have after: else a password set for somebody mightier would be a ladder.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from warroom.audit import api as audit
from warroom.identity import factor_rules, rules
from warroom.identity.contracts import HeldRole, NewPerson, Principal
from warroom.identity.errors import (
    BeyondOwnRightsError,
    ChangedMeanwhileError,
    CityReachError,
    ErasedError,
    ForeignRoleError,
    TakenError,
    UnknownWordError,
    WeakPasswordError,
    WrongCurrentPasswordError,
)
from warroom.identity.service.factors import require_proof
from warroom.identity.service.passwords import Passwords
from warroom.identity.store import agencies as agency_store
from warroom.identity.store import factors as factor_store
from warroom.identity.store import people as store
from warroom.identity.store import roles as role_store
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NeedsSessionError, NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope

_RIGHT = "person:configure"


async def create_person(scope: Scope, tx: Transaction, new: NewPerson) -> UUID:
    """Makes a person with roles.

    Raises:
        NotFoundError: The agency is not in reach.
        BeyondOwnRightsError: A role holds more than the scope does.
        TakenError: The login is another's.
    """
    await _require_agency(scope, tx, new.agency_id)
    new = replace(new, login=new.login.strip().lower())
    person_id = new_id()
    try:
        await store.insert_person(scope, tx, person_id, new)
    except UniqueViolation as error:
        raise TakenError(field="login") from error
    person = {"id": person_id, **{word: getattr(new, word) for word in _WORDS}}
    await _set_roles(scope, tx, person, new.roles)
    await _record(scope, tx, "person:created", person, {"roles": new.roles})
    return person_id


_WORDS = ("login", "name", "title", "language", "agency_id")
_NAMES = ("login", "name", "title")


async def change_person(
    scope: Scope,
    tx: Transaction,
    person_id: UUID,
    version: int,
    changes: dict[str, Any],
    roles: dict[str, str] | None,
) -> None:
    """Changes a person's fields, and their roles if `roles` is given.

    Raises:
        NotFoundError: No such person, or agency, in reach.
        ChangedMeanwhileError: `version` is not the stored one.
        BeyondOwnRightsError: The person has, or would have, more rights than the scope.
        ErasedError: The account was erased.
        TakenError: The login is another's.
    """
    person = await _take(scope, tx, person_id)
    if person["version"] != version:
        raise ChangedMeanwhileError
    if "login" in changes:
        changes = changes | {"login": changes["login"].strip().lower()}
    changed = person | changes
    if changed["agency_id"] != person["agency_id"]:
        await _require_agency(scope, tx, changed["agency_id"])
    try:
        await store.update_person(scope, tx, changed)
    except UniqueViolation as error:
        raise TakenError(field="login") from error
    if roles is None:
        if changed["agency_id"] != person["agency_id"]:
            await role_store.drop_foreign(scope, tx, person_id)
        await _require_may_give(scope, await store.find_principal(scope, tx, changed))
    else:
        await _set_roles(scope, tx, changed, roles)
    if not changed["is_active"]:
        await store.end_sessions(scope, tx, person_id)
        await store.end_tokens(scope, tx, person_id)
    # What a person is called can be erased, an entry cannot: it says that it was changed.
    detail: dict[str, Any] = {
        word: True if word in _NAMES else [person[word], value] for word, value in changes.items()
    }
    await _record(
        scope, tx, "person:changed", changed, detail | ({"roles": roles} if roles else {})
    )


async def set_password(
    scope: Scope,
    tx: Transaction,
    person_id: UUID,
    password: str,
    passwords: Passwords,
    least: int,
    *,
    shown: str | None = None,
    least_with_factor: int | None = None,
    must_change: bool = True,
) -> None:
    """Sets a person's password and ends their other sessions.

    Args:
        scope: Who asks.
        tx: Their transaction.
        person_id: Whose.
        password: The new one.
        passwords: Makes the hash.
        least: Characters at least where the password is the only factor.
        shown: The password that the asker has now, as `Prover.require_password` has let it pass;
            for their own.
        least_with_factor: Characters at least beside a second factor.
        must_change: Whether another person's next sign-in by it leads to its change alone.

    Raises:
        NotFoundError: No such person in reach.
        NeedsSessionError: A token asks for it.
        WrongCurrentPasswordError: It is the asker's own, and they have not shown the one before.
        BeyondOwnRightsError: The person has more rights than the scope.
        WeakPasswordError: It would be guessed, or is the one before.
    """
    if scope.door == "api":
        raise NeedsSessionError
    is_own = person_id == scope.person_id
    person = await _take_own(scope, tx) if is_own else await _take(scope, tx, person_id)
    if is_own and shown is None:
        raise WrongCurrentPasswordError
    personal = [person["login"], *person["name"].split(), "warroom"]
    demand = await factor_store.find_demand(scope, tx, person_id)
    alone, least = least, factor_rules.least_length(demand, least, least_with_factor or least)
    problem = rules.password_problem(password, least=least, personal=personal)
    if shown is not None and rules.normalized(shown) == rules.normalized(password):
        problem = "same"
    if problem is not None:
        raise WeakPasswordError(problem=problem, least=least)
    is_long = len(rules.normalized(password)) >= alone
    hash_ = await passwords.hash(password)
    is_lent = must_change and not is_own
    await store.set_password(scope, tx, person_id, hash_, is_long=is_long, must_change=is_lent)
    await store.end_sessions(scope, tx, person_id, but=scope.session_id)
    await _record(scope, tx, "person:password_set", person, {"must_change": is_lent})


async def mark_compromised(
    scope: Scope, tx: Transaction, person_id: UUID, prove_minutes: float
) -> None:
    """Says that somebody else knows a person's password: they must change it, and sign in anew.

    Raises:
        NotFoundError: No such person in reach of `person:factors`, or they have no password.
        BeyondOwnRightsError: The person has more rights than the scope.
        ProveItError: It is too long since the asker proved who they are.

    References:
        NIST SP 800-63B-4, section 3.1.1.2 (a change is forced on evidence of compromise alone).
    """
    person = await _take(scope, tx, person_id, "person:factors")
    await require_proof(scope, tx, prove_minutes)
    if not await store.mark_compromised(scope, tx, person_id):
        raise NotFoundError
    await store.end_sessions(scope, tx, person_id)
    await _record(scope, tx, "person:password_compromised", person, {})


async def require_person(
    scope: Scope, tx: Transaction, person_id: UUID, right: str = _RIGHT
) -> dict[str, Any]:
    """A person on whom the scope has this right, and who holds no more than the scope does."""
    return await _take(scope, tx, person_id, right)


async def ensure_people(scope: Scope, tx: Transaction, wanted: list[NewPerson]) -> dict[str, UUID]:
    """Makes the people that are missing (by login); returns all ids by login."""
    ids: dict[str, UUID] = {}
    for new in wanted:
        known = await store.find_person_by_login(scope, tx, new.login)
        ids[new.login] = known["id"] if known else await create_person(scope, tx, new)
    return ids


async def _take(
    scope: Scope, tx: Transaction, person_id: UUID, right: str = _RIGHT
) -> dict[str, Any]:
    person = await store.find_person(scope, tx, person_id, right)
    if person is None:
        raise NotFoundError
    if person["erased_at"] is not None:
        raise ErasedError
    await _require_may_give(scope, await store.find_principal(scope, tx, person))
    return person


async def _take_own(scope: Scope, tx: Transaction) -> dict[str, Any]:
    person = await store.find_own_row(scope, tx)
    if person is None:
        raise NotFoundError
    return person


async def _require_agency(scope: Scope, tx: Transaction, agency_id: UUID | None) -> None:
    if not scope.allows(_RIGHT, agency_id=agency_id):
        raise NotFoundError
    if agency_id is not None and not await agency_store.is_there(scope, tx, agency_id):
        raise NotFoundError


async def _require_may_give(scope: Scope, principal: Principal) -> None:
    if not rules.may_give(scope, _rights(principal, scope)):
        raise BeyondOwnRightsError


def _rights(principal: Principal, scope: Scope) -> Iterable[Rule]:
    """All that the person could come to do; whether they or their agency are active or not."""
    return rules.rules_of(principal, scope.at)


async def _set_roles(
    scope: Scope, tx: Transaction, person: dict[str, Any], roles: dict[str, str]
) -> None:
    found = await role_store.list_assignable(scope, tx)
    known = {role["name"]: role["actions"] for role in found}
    for name, reach in roles.items():
        if name not in known or reach not in ("own", "city"):
            raise UnknownWordError(word=name)
    if any(r["name"] in roles and r["agency_id"] not in (None, person["agency_id"]) for r in found):
        raise ForeignRoleError
    await store.set_roles(scope, tx, person["id"], roles)
    principal = await store.find_principal(scope, tx, person)
    agency = principal.agency
    if "city" in roles.values() and (agency is None or agency.kind != "city"):
        raise CityReachError
    held = [HeldRole(name, known[name], reach) for name, reach in roles.items()]
    if agency is None and held:
        # Nothing follows from these roles today, but all of them would from an agency.
        await _require_citywide(scope, held)
    await _require_may_give(scope, principal)


async def _require_citywide(scope: Scope, held: list[HeldRole]) -> None:
    everywhere = [Rule(frozenset(role.actions)) for role in held]
    if not rules.may_give(scope, everywhere):
        raise BeyondOwnRightsError


async def _record(
    scope: Scope, tx: Transaction, action: str, person: dict[str, Any], detail: dict[str, Any]
) -> None:
    await audit.record(
        scope,
        tx,
        action=action,
        object_kind="person",
        object_id=person["id"],
        agency_id=person["agency_id"],
        object_label=person["name"],
        detail=detail,
    )
