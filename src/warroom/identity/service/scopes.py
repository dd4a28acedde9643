"""The only place where a `Scope` is built."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from warroom.identity.contracts import Principal
from warroom.identity.rules import rules_of
from warroom.kernel.clock import Clock
from warroom.kernel.scope import Rule, Scope


def scope_of(principal: Principal, now: datetime, door: str, address: str | None) -> Scope:
    """What a person may see and do at this moment."""
    agency = principal.agency
    return Scope(
        person_id=principal.person_id,
        agency_id=agency.id if agency else None,
        rules=rules_of(principal, now),
        at=now,
        door=door,
        session_id=principal.session_id,
        address=address,
        label=principal.name,
        agency_label=agency.short if agency else "",
        # People sign in by a name; a service account has none.
        is_program=not principal.login,
    )


def moved(scope: Scope, now: datetime, address: str | None) -> Scope:
    """The same rights at another moment.

    What the scope has worked out already is shared until a rule begins or ends; then it is judged
    anew (`Scope` sees to it).
    """
    return replace(scope, at=now, address=address)


def system_scope(
    label: str, clock: Clock, actions: Iterable[str] = ("*",), door: str = "system"
) -> Scope:
    """The scope of a service of the product itself: these actions, on everything."""
    return Scope(
        person_id=None,
        agency_id=None,
        rules=(Rule(frozenset(actions)),),
        at=clock.now(),
        door=door,
        label=label,
    )


def stranger_scope(now: datetime, address: str | None) -> Scope:
    """The scope of somebody not known (yet): it holds no rules."""
    return Scope(person_id=None, agency_id=None, rules=(), at=now, door="web", address=address)


def bare_scope(person_id: UUID, now: datetime, address: str | None) -> Scope:
    """The scope of somebody who has shown a password alone so far: their own row and no rule."""
    return Scope(person_id=person_id, agency_id=None, rules=(), at=now, door="web", address=address)
