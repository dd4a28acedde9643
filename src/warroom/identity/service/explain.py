"""Why somebody may, or may not, do something to a thing; told only of what the asker may see."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.identity.contracts import Finders, Principal, Thing, id_of
from warroom.identity.errors import UnknownWordError
from warroom.identity.explain_rules import Voice, explain
from warroom.identity.service.scopes import scope_of
from warroom.identity.store import agencies as agency_store
from warroom.identity.store import grants as grant_store
from warroom.identity.store import people as people_store
from warroom.identity.store import roles as role_store
from warroom.kernel import actions
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope

MOST_VOICES = 25


async def scope_of_person(scope: Scope, tx: Transaction, login: str) -> Scope:
    """The rights of a person in view, as they have them now; to be looked at, not to act by.

    Who is not active has none.

    Raises:
        NotFoundError: No such person in view.
    """
    person = await _find_person(scope, tx, login)
    principal = await people_store.find_principal(scope, tx, person)
    found = scope_of(principal, scope.at, scope.door, None)
    return found if person["is_active"] else replace(found, rules=())


async def explain_right(
    scope: Scope, tx: Transaction, finders: Finders, *, person: str, action: str, thing: str
) -> dict[str, Any]:
    """Whether a person may do something to a thing, by which right, and what else it would need.

    Of a person or a thing that the asker may not see nothing is told, not even that it is there;
    of a grant that they may not see, only that there is one.

    Args:
        scope: Who asks.
        tx: Transaction of the scope.
        finders: How things are found.
        person: Login or id.
        action: Action word.
        thing: What people call it (`12`, `Ambulans 3`, a login), or its id. Looked for among the
            kind of things that the action is done to, then among all others.

    Raises:
        UnknownWordError: No such action word.
        NotFoundError: No such person, or no such thing, in view.
    """
    if not actions.is_known(action) or action.endswith("*"):
        raise UnknownWordError(word=action)
    found_person = await _find_person(scope, tx, person)
    found = await _find_thing(scope, tx, finders, actions.kind_of(action), thing)
    if found is None:
        raise NotFoundError
    principal = await people_store.find_principal(scope, tx, found_person)
    judged = explain(principal, action, found, scope.at, is_active=found_person["is_active"])
    voices = judged.voices[:MOST_VOICES]
    grants = await grant_store.list_told(scope, tx, [v.grant_id for v in voices if v.grant_id])
    roles = {role["name"]: role for role in await role_store.list_assignable(scope, tx)}
    givers = await people_store.list_givers(scope, tx, found_person["id"])
    owner = None
    if found.agency_id is not None:
        owner = await agency_store.find_agency(scope, tx, found.agency_id, "agency:view")
    await audit.record(
        scope,
        tx,
        action="grant:explained",
        object_kind="person",
        object_id=found_person["id"],
        agency_id=found_person["agency_id"],
        object_label=found_person["name"],
        detail={"action": action, found.kind: str(found.id), "allowed": judged.allowed},
    )
    return {
        "person": _person(found_person, principal),
        "action": action,
        "thing": {
            "kind": found.kind,
            "id": found.id,
            "label": found.label,
            "agency": owner and {"id": owner["id"], "name": owner["name"], "short": owner["short"]},
            "place": found.place,
            "tags": found.tags,
            "class": found.class_,
        },
        "allowed": judged.allowed,
        "blocked": judged.blocked,
        "rights": [_told(voice, grants, roles, givers) for voice in voices],
        "more": len(judged.voices) - len(voices),
        "needed": None if judged.allowed else _needed(action, found, roles, judged.blocked),
    }


async def _find_person(scope: Scope, tx: Transaction, asked: str) -> dict[str, Any]:
    person_id = id_of(asked)
    if person_id is not None:
        person = await people_store.find_person(scope, tx, person_id, "person:view")
    else:
        person = await people_store.find_person_by_login(scope, tx, asked.strip().lower())
    if person is None:
        raise NotFoundError
    return person


async def _find_thing(
    scope: Scope, tx: Transaction, finders: Finders, kind: str, asked: str
) -> Thing | None:
    known = {**finders.by_kind, "agency": _find_agency, "person": _find_other_person}
    meant = known.pop(kind, None)
    for finder in (*([meant] if meant else []), *known.values()):
        thing = await finder(scope, tx, asked.strip())
        if thing is not None:
            return thing
    return None


async def _find_agency(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    agency_id = id_of(asked)
    if agency_id is not None:
        row = await agency_store.find_agency(scope, tx, agency_id, "agency:view")
    else:
        row = await agency_store.find_agency_by_short(scope, tx, asked)
    return Thing("agency", row["id"], row["name"], row["id"], row["place"]) if row else None


async def _find_other_person(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    try:
        row = await _find_person(scope, tx, asked)
    except NotFoundError:
        return None
    return Thing("person", row["id"], row["name"], row["agency_id"])


def _person(row: dict[str, Any], principal: Principal) -> dict[str, Any]:
    agency = principal.agency
    return {
        "id": row["id"],
        "login": row["login"],
        "name": row["name"],
        "agency": agency and {"id": agency.id, "name": agency.name, "short": agency.short},
    }


def _told(
    voice: Voice,
    grants: dict[UUID, dict[str, Any]],
    roles: dict[str, dict[str, Any]],
    givers: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    grant = grants.get(voice.grant_id) if voice.grant_id else None
    role = roles.get(voice.role) if voice.role else None
    return {
        "source": "role" if voice.role else "grant",
        "deny": voice.deny,
        "reaches": voice.reaches,
        "misses": voice.misses,
        "role": voice.role
        and {
            "name": voice.role,
            "label": role["label"] if role else "",
            "reach": voice.reach,
            **givers.get(voice.role, {"given_by": None, "given_at": None}),
        },
        "grant": grant,
        "hidden": voice.role is None and grant is None,
        "since": voice.since,
        "until": voice.until,
    }


def _needed(
    action: str, thing: Thing, roles: dict[str, dict[str, Any]], blocked: str | None
) -> dict[str, Any]:
    """What would let them: an active person of an agency, and a right on the owner's things."""
    return {
        "blocked": blocked,
        "action": action,
        "agency_id": thing.agency_id,
        "roles": [
            {"name": name, "label": role["label"]}
            for name, role in roles.items()
            if action in actions.words_in(role["actions"])
        ],
    }
