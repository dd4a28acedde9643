"""Why somebody may do something to a thing: every right of theirs that speaks of it, and how."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from warroom.identity.contracts import Principal, Thing
from warroom.identity.rules import rule_of_grant, rule_of_role
from warroom.kernel.scope import Rule

type Blocked = Literal["inactive", "no_agency", "agency_stopped"]
type Miss = Literal["ended", "not_begun", "agency", "place", "object", "tags", "class"]


@dataclass(frozen=True, slots=True)
class Voice:
    """One right that speaks of the action, and whether it reaches the thing.

    Attributes:
        role: Name of the role that it comes from; None for a grant.
        grant_id: The grant or denial that it comes from; None for a role.
        misses: By what it does not reach the thing; empty if it does.
        until: When it ends by itself; None is never.
    """

    role: str | None
    reach: str | None
    grant_id: UUID | None
    deny: bool
    misses: tuple[Miss, ...]
    since: datetime | None
    until: datetime | None

    @property
    def reaches(self) -> bool:
        """Whether it speaks of the very thing, now."""
        return not self.misses


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found: whether it is allowed, what keeps everything from holding, and the voices."""

    allowed: bool
    blocked: Blocked | None
    voices: tuple[Voice, ...]


def explain(
    principal: Principal, action: str, thing: Thing, now: datetime, *, is_active: bool = True
) -> Judgement:
    """The judgement of `Scope.allows`, with every right that took part; the nearest ones first.

    A right that speaks of another action says nothing here.
    """
    voices = sorted(
        _voices(principal, action, thing, now), key=lambda v: (len(v.misses), not v.deny)
    )
    blocked = _blocked(principal, is_active=is_active)
    reaching = [voice for voice in voices if voice.reaches]
    allowed = not blocked and bool(reaching) and not any(voice.deny for voice in reaching)
    return Judgement(allowed, blocked, tuple(voices))


def _blocked(principal: Principal, *, is_active: bool) -> Blocked | None:
    if not is_active:
        return "inactive"
    if principal.agency is None:
        return "no_agency"
    return None if principal.agency.is_active else "agency_stopped"


def _voices(principal: Principal, action: str, thing: Thing, now: datetime) -> Iterator[Voice]:
    agency = principal.agency
    for role in principal.roles if agency else ():
        rule = rule_of_role(role, principal)
        if rule.covers(action) and (role.reach == "own" or (agency and agency.kind == "city")):
            misses = tuple(_misses(rule, thing, now))
            yield Voice(role.name, role.reach, None, deny=False, misses=misses, since=None,
                        until=rule.ends_at)  # fmt: skip
    for grant in principal.grants:
        rule = rule_of_grant(grant)
        if rule.covers(action):
            misses = tuple(_misses(rule, thing, now))
            yield Voice(None, None, grant.id, deny=rule.deny, misses=misses, since=rule.starts_at,
                        until=rule.ends_at)  # fmt: skip


def _misses(rule: Rule, thing: Thing, now: datetime) -> Iterator[Miss]:
    """By what the rule fails the thing; each side is asked alone."""
    if rule.ends_at is not None and rule.ends_at <= now:
        yield "ended"
    if rule.starts_at is not None and rule.starts_at > now:
        yield "not_begun"
    words: frozenset[str] = frozenset()
    sides: tuple[tuple[Miss, Rule], ...] = (
        ("agency", Rule(words, agencies=rule.agencies)),
        ("place", Rule(words, places=rule.places)),
        ("object", Rule(words, objects=rule.objects)),
        ("tags", Rule(words, tags=rule.tags)),
        ("class", Rule(words, classes=rule.classes)),
    )
    if thing.of_city:
        yield from _misses_in_city(rule, thing)
        return
    for word, side in sides:
        if not side.matches(thing.agency_id, thing.place, thing.id, thing.tags, thing.class_):
            yield word


def _misses_in_city(rule: Rule, thing: Thing) -> Iterator[Miss]:
    """What is no agency's is reached by rights on any agency's things (`Scope.allows_in_city`)."""
    if rule.deny and rule.agencies is not None:
        yield "agency"
    if rule.objects is not None:
        yield "object"
    if rule.tags is not None:
        yield "tags"
    if rule.classes is not None:
        yield "class"
    place = Rule(frozenset(), places=rule.places)
    is_known = thing.place is not None
    if (is_known or rule.deny) and not place.matches(None, thing.place, None, None, None):
        yield "place"
