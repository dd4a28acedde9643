"""Scopes for tests, built by hand."""

from datetime import UTC, datetime
from uuid import UUID

from warroom.kernel.scope import Rule, Scope

AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def scope_of(*rules: Rule, agency_id: UUID | None = None, person_id: UUID | None = None) -> Scope:
    """A scope with just these rules."""
    return Scope(person_id=person_id, agency_id=agency_id, rules=rules, at=AT, door="test")


EVERYTHING = scope_of(Rule(frozenset({"*"})))
"""Reaches all things with all actions."""
