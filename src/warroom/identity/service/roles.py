"""An agency's own roles: made, changed, copied and retired by those who hold what is in them.

Changing a role changes its people's rights with the commit, so whoever changes it must hold both
what it gave and what it will give, as far as it reaches for any of its people.
"""

from dataclasses import replace
from typing import Any

from psycopg.errors import UniqueViolation

from warroom.audit import api as audit
from warroom.identity import rules
from warroom.identity.contracts import NewRole
from warroom.identity.errors import (
    BeyondOwnRightsError,
    ChangedMeanwhileError,
    NoActionsError,
    TakenError,
    UnknownWordError,
)
from warroom.identity.store import agencies as agency_store
from warroom.identity.store import roles as store
from warroom.kernel import actions
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope

_RIGHT = "role:configure"


async def create_role(
    scope: Scope, tx: Transaction, new: NewRole, copy_of: str | None = None
) -> str:
    """Makes an own role of an agency; with `copy_of`, holding what that role holds.

    Raises:
        NotFoundError: The agency, or the role to copy, is not in reach.
        NoActionsError: It has no name, or would hold nothing.
        UnknownWordError: No such action word.
        BeyondOwnRightsError: It would hold more than its maker does.
        TakenError: The agency has a role of this name.
    """
    if not scope.allows(_RIGHT, agency_id=new.agency_id):
        raise NotFoundError
    if not await agency_store.is_there(scope, tx, new.agency_id):
        raise NotFoundError
    if copy_of is not None:
        template = await store.find_template(scope, tx, copy_of)
        if template is None:
            raise NotFoundError
        asked = (*template["asks_with"], template["name"])
        new = replace(new, actions=tuple(template["actions"]), asks_with=asked)
    new = replace(new, actions=_checked(new.label, new.actions))
    _require_may_give(scope, Rule(frozenset(new.actions), agencies=frozenset({new.agency_id})))
    name = str(new_id())
    try:
        await store.insert_role(scope, tx, name, new)
    except UniqueViolation as error:
        raise TakenError(field="label") from error
    role = {"name": name, "agency_id": new.agency_id, "label": new.label}
    detail = {"actions": list(new.actions)} | ({"copy_of": copy_of} if copy_of else {})
    await _record(scope, tx, "role:created", role, detail)
    return name


async def change_role(
    scope: Scope, tx: Transaction, name: str, version: int, changes: dict[str, Any]
) -> None:
    """Changes an own role's label, note or actions, and with it the rights of all who hold it.

    Raises:
        NotFoundError: No such own role in reach; presets are nobody's to change.
        ChangedMeanwhileError: `version` is not the stored one.
        NoActionsError: It would have no name or hold nothing.
        UnknownWordError: No such action word.
        BeyondOwnRightsError: It holds, or would hold, more than the scope does.
        TakenError: The agency has another role of this name.
    """
    role, holders = await _take(scope, tx, name)
    if role["version"] != version:
        raise ChangedMeanwhileError
    changed = role | changes
    changed["actions"] = list(_checked(changed["label"], tuple(changed["actions"])))
    _require_may_give(scope, _reach(changed, holders))
    try:
        await store.update_role(scope, tx, changed)
    except UniqueViolation as error:
        raise TakenError(field="label") from error
    before, after = set(role["actions"]), set(changed["actions"])
    detail: dict[str, Any] = {
        "added": sorted(after - before),
        "taken": sorted(before - after),
        "people": [holder["name"] for holder in holders],
    }
    if changed["label"] != role["label"]:
        detail["label"] = [role["label"], changed["label"]]
    await _record(scope, tx, "role:changed", changed, detail)


async def retire_role(scope: Scope, tx: Transaction, name: str) -> None:
    """Ends an own role for good: nobody holds it from now on, and nobody can be given it.

    Raises:
        NotFoundError: No such own role in reach.
        BeyondOwnRightsError: It holds more than the scope does.
    """
    role, holders = await _take(scope, tx, name)
    await store.retire_role(scope, tx, name)
    detail = {"actions": role["actions"], "people": [str(holder["id"]) for holder in holders]}
    await _record(scope, tx, "role:retired", role, detail)


async def _take(
    scope: Scope, tx: Transaction, name: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    role = await store.find_role(scope, tx, name)
    if role is None:
        raise NotFoundError
    holders = await store.list_holders(scope, tx, name)
    _require_may_give(scope, _reach(role, holders))
    return role, holders


def _reach(role: dict[str, Any], holders: list[dict[str, Any]]) -> Rule:
    """What the role gives to the one of its people for whom it reaches farthest."""
    is_citywide = any(holder["reach"] == "city" for holder in holders)
    agencies = None if is_citywide else frozenset({role["agency_id"]})
    return Rule(frozenset(role["actions"]), agencies=agencies)


def _checked(label: str, words: tuple[str, ...]) -> tuple[str, ...]:
    if not label.strip() or not words:
        raise NoActionsError
    for word in words:
        if not actions.is_known(word):
            raise UnknownWordError(word=word)
    return tuple(sorted(set(words)))


def _require_may_give(scope: Scope, wanted: Rule) -> None:
    if not rules.may_give(scope, [wanted]):
        raise BeyondOwnRightsError


async def _record(
    scope: Scope, tx: Transaction, action: str, role: dict[str, Any], detail: dict[str, Any]
) -> None:
    await audit.record(
        scope,
        tx,
        action=action,
        object_kind="role",
        object_id=role["name"],
        agency_id=role["agency_id"],
        object_label=role["label"],
        detail=detail,
    )
