"""Pure decisions: rules that follow from roles and grants, who may give what, how long to wait."""

import gzip
import unicodedata
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import pairwise
from typing import Any
from uuid import UUID

from warroom.identity.contracts import HeldGrant, HeldRole, Principal
from warroom.identity.factor_rules import may_only_enrol
from warroom.kernel import actions
from warroom.kernel.scope import Rule, Scope

FREE_TRIES = 5
MOST_WAIT_S = 300
FREE_TRIES_OF_ADDRESS = 50
MOST_WAIT_OF_ADDRESS_S = 60
LONGEST_PASSWORD = 256


def rules_of(principal: Principal, now: datetime) -> tuple[Rule, ...]:
    """The rules that a person's roles and grants come to; none for a person without an agency.

    Grants that are over are left out; those that begin later carry their limits with them. A
    session that shows less than its person's roles ask for has no rule either: it may enrol. Nor
    has one by a password that somebody else knows: it may change it.
    """
    agency = principal.agency
    if agency is None or not agency.is_active:
        return ()
    if principal.must_change or may_only_enrol(principal, now):
        return ()
    rules = [
        rule_of_role(role, principal)
        for role in principal.roles
        if role.reach == "own" or agency.kind == "city"
    ]
    rules += [
        rule_of_grant(grant)
        for grant in principal.grants
        if grant.ends_at is None or grant.ends_at > now
    ]
    if principal.only_actions is None:
        return tuple(rules)
    return tuple(limited(rules, frozenset(principal.only_actions)))


def rule_of_role(role: HeldRole, principal: Principal) -> Rule:
    """What a role gives to a person who is of an agency."""
    assert principal.agency is not None  # noqa: S101 - asked by the caller
    agencies = None if role.reach == "city" else frozenset({principal.agency.id})
    return Rule(frozenset(role.actions), agencies=agencies, ends_at=role.lapses_at)


def rule_of_grant(grant: HeldGrant) -> Rule:
    """What a grant gives, or takes."""
    return Rule(
        frozenset(grant.actions),
        agencies=_set(grant.agencies),
        places=_set(grant.places),
        objects=_set(grant.objects),
        tags=_set(grant.tags),
        classes=_set(grant.classes),
        deny=grant.deny,
        starts_at=grant.starts_at,
        ends_at=grant.ends_at,
        purpose=grant.purpose,
        footage_from=grant.footage_from,
        footage_to=grant.footage_to,
    )


def _set[T](items: Iterable[T] | None) -> frozenset[T] | None:
    return None if items is None else frozenset(items)


def limited(rules: Iterable[Rule], words: frozenset[str]) -> Iterable[Rule]:
    """The rules, cut down to some actions; rules that deny stay whole."""
    asked = Rule(words)
    for rule in rules:
        both = {word for word in words if rule.covers(word)}
        both |= {word for word in rule.actions if asked.covers(word)}
        if rule.deny:
            yield rule
        elif both:
            yield replace(rule, actions=frozenset(both))


def known_actions(scope: Scope) -> list[str]:
    """The action words that the scope may use on something."""
    return [action.word for action in actions.known() if scope.may(action.word)]


def may_give(scope: Scope, wanted: Iterable[Rule]) -> bool:
    """Whether everything that these rules allow is allowed by the scope too.

    Cautious: it says no where it cannot be shown simply. Each action on each agency must be
    covered by one rule of the scope, and no rule that denies may touch it.
    """
    return all(
        _holds(scope, replace(rule, actions=frozenset({action}), agencies=agencies))
        for rule in wanted
        if not rule.deny
        for action in rule.actions
        for agencies in (
            [None] if rule.agencies is None else [frozenset({one}) for one in rule.agencies]
        )
    )


def _holds(scope: Scope, wanted: Rule) -> bool:
    (action,) = wanted.actions
    held = any(
        not rule.deny
        # What was lent for a purpose is not handed on.
        and rule.purpose is None
        and rule.covers(action)
        and _within(wanted.agencies, rule.agencies)
        and _within(wanted.objects, rule.objects)
        and _within(wanted.tags, rule.tags)
        and _within(wanted.classes, rule.classes)
        and _lies_within(wanted.places, rule.places)
        and _lasts_within(wanted, rule, scope.at)
        for rule in scope.rules
    )
    denied = any(
        rule.deny
        and (rule.covers(action) or not rule.actions.isdisjoint(_below(action)))
        and _may_meet(wanted.agencies, rule.agencies)
        and (rule.ends_at is None or rule.ends_at > scope.at)
        for rule in scope.rules
    )
    return held and not denied


def _below(action: str) -> set[str]:
    """The words that a group of actions stands for, and their groups."""
    words = actions.words_in([action])
    return {*words, *map(actions.group_of, words)}


def _within[T](inner: frozenset[T] | None, outer: frozenset[T] | None) -> bool:
    return outer is None or (inner is not None and inner <= outer)


def _may_meet[T](one: frozenset[T] | None, other: frozenset[T] | None) -> bool:
    return one is None or other is None or not one.isdisjoint(other)


def _lies_within(inner: frozenset[str] | None, outer: frozenset[str] | None) -> bool:
    if outer is None:
        return True
    return inner is not None and all(
        any(place == area or place.startswith(f"{area}.") for area in outer) for place in inner
    )


def _lasts_within(wanted: Rule, rule: Rule, now: datetime) -> bool:
    begins = wanted.starts_at or now
    began = rule.starts_at is None or rule.starts_at <= begins
    ends = rule.ends_at is None or (wanted.ends_at is not None and wanted.ends_at <= rule.ends_at)
    return began and ends


def is_citywide(scope: Scope, action: str) -> bool:
    """Whether the action is allowed on every agency, those not yet made among them."""
    return scope.allows(action, agency_id=None)


def normalized(password: str) -> str:
    """The password as it is hashed: the same for every keyboard (NFKC).

    References:
        NIST SP 800-63B-4, section 3.1.1.2 (Unicode normalization).
    """
    return unicodedata.normalize("NFKC", password)


_COMMON = frozenset(
    line.strip()
    for line in files("warroom.identity").joinpath("common_passwords.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
)


@cache
def _known() -> frozenset[str]:
    """Passwords that were found in breaches most often, and names: 50,000 words of four letters up.

    Made by `tools/password_list.py`; read at the first use and kept (some 5 MB).
    """
    content = files("warroom.identity").joinpath("known_passwords.txt.gz").read_bytes()
    lines = gzip.decompress(content).decode().splitlines()
    return _COMMON.union(line for line in lines if not line.startswith("#"))


def password_problem(password: str, *, least: int, personal: Iterable[str]) -> str | None:
    """Why the password would be guessed, or None: `short`, `long`, `common` or `personal`.

    Length counts and nothing else is composed: no digits, signs or capitals are asked for.

    Args:
        password: As typed.
        least: Characters at least.
        personal: Login, name, agency: words that are no secret.

    References:
        NIST SP 800-63B-4, section 3.1.1.2 (length, blocklist, no composition rules).
    """
    typed = normalized(password)
    if len(typed) < least:
        return "short"
    if len(typed) > LONGEST_PASSWORD:
        return "long"
    word = typed.casefold()
    rest = word
    for known in sorted((part.casefold() for part in personal), key=len, reverse=True):
        if len(known) >= 4:
            rest = rest.replace(known, "")
    if len(rest) < least // 2:
        return "personal"
    is_known = word in _known() or _core(word) in _known()
    if len(set(word)) < 5 or _is_run(word) or is_known:
        return "common"
    return None


def _core(word: str) -> str:
    """The letters, without digits and signs around them, and without repetition."""
    letters = word.strip("0123456789!@#$%^&*()-_=+.,?;:'\" ")
    for size in range(1, len(letters) // 2 + 1):
        if len(letters) % size == 0 and letters == letters[:size] * (len(letters) // size):
            return letters[:size]
    return letters


def _is_run(word: str) -> bool:
    """Whether nearly every character is the neighbour of the one before (`abcdefgh`, `987654`)."""
    steps = [ord(after) - ord(before) for before, after in pairwise(word)]
    return sum(abs(step) <= 1 for step in steps) >= 0.8 * len(steps)


def read_address(text: str | None) -> IPv4Address | IPv6Address | None:
    """The network address that a connection came from; an IPv4 one inside of IPv6 as itself."""
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def read_networks(texts: Iterable[str]) -> list[IPv4Network | IPv6Network] | str:
    """Networks as people write them (`10.20.0.0/16`, `10.20.4.17`), or the one that is none."""
    found = []
    for text in texts:
        try:
            found.append(ip_network(text.strip()))
        except ValueError:
            return text
    return found


def is_among(address: str | None, networks: Iterable[str]) -> bool:
    """Whether an address lies in one of these networks; in no network lies every address."""
    listed = [ip_network(text) for text in networks]
    own = read_address(address)
    return not listed or (own is not None and any(own in network for network in listed))


def rule_of_application(
    agency_id: UUID, agency_kind: str, fields: Mapping[str, Any], actions: Iterable[str]
) -> Rule:
    """What a service account may do by itself, without what was granted to its agency."""
    is_city = fields["reach"] == "city" and agency_kind == "city"
    return Rule(
        frozenset(actions),
        agencies=None if is_city else frozenset({agency_id}),
        places=_set(fields["places"]),
        objects=_set(fields["objects"]),
        tags=_set(fields["tags"]),
    )


class Meter:
    """How often each token asked, as a bucket that fills again at a steady pace.

    Kept as one number a token: the moment at which its bucket will be full again (the generic
    cell rate algorithm, ITU-T I.371, annex A). Not shared between processes; each takes the
    share of the limit that it is told.
    """

    BURST_S = 10.0
    """A full bucket holds what may be asked in this time."""
    MOST = 20_000

    def __init__(self) -> None:
        self._full_at: dict[Hashable, float] = {}

    def take(self, key: Hashable, per_minute: float, now: float) -> float | None:
        """Counts one request; None if it may go on, else the seconds to wait (it is not counted).

        Args:
            key: Whose request.
            per_minute: Requests a minute at a steady pace; above 0.
            now: Seconds of a monotonic clock.
        """
        pace_s = 60.0 / per_minute
        burst_s = max(self.BURST_S, pace_s)
        full_at = max(self._full_at.get(key, now), now) + pace_s
        wait_s = full_at - now - burst_s
        if wait_s > 1e-9:
            return wait_s
        if key not in self._full_at and len(self._full_at) >= self.MOST:
            self._full_at = {k: v for k, v in self._full_at.items() if v > now}
        self._full_at[key] = full_at
        return None
