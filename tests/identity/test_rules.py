"""From roles and grants to rules; who may give what; which passwords are refused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scopes import AT, scope_of
from warroom.identity import rules
from warroom.identity.contracts import Agency, HeldGrant, HeldRole, Principal
from warroom.kernel.scope import Rule

POLICE, FIRE, CITY = UUID(int=1), UUID(int=2), UUID(int=3)
VIEWER = HeldRole("view", ["camera:view"], "own")


def principal(
    *roles: HeldRole,
    grants: tuple[HeldGrant, ...] = (),
    kind: str = "police",
    agency_id: UUID | None = POLICE,
    only: list[str] | None = None,
) -> Principal:
    agency = None if agency_id is None else Agency(agency_id, kind, "Nama", "Singkat")
    return Principal(
        UUID(int=9), "login", "Nama", "", "id", agency, list(roles), list(grants), None, only
    )


def test_a_role_reaches_the_own_agency_alone() -> None:
    (rule,) = rules.rules_of(principal(VIEWER), AT)

    assert rule == Rule(frozenset({"camera:view"}), agencies=frozenset({POLICE}))


def test_a_role_reaches_the_whole_city_only_from_an_agency_of_the_city() -> None:
    role = replace_reach(VIEWER, "city")

    of_city = rules.rules_of(principal(role, kind="city", agency_id=CITY), AT)
    of_police = rules.rules_of(principal(role), AT)

    assert of_city == (Rule(frozenset({"camera:view"})),)
    assert of_police == ()


def replace_reach(role: HeldRole, reach: str) -> HeldRole:
    return HeldRole(role.name, role.actions, reach)


def test_a_person_without_an_agency_has_no_rules_whatever_was_given_to_them() -> None:
    grant = HeldGrant(UUID(int=5), ["*"])
    person = principal(replace_reach(VIEWER, "city"), grants=(grant,), agency_id=None)

    assert rules.rules_of(person, AT) == ()


def test_people_of_an_agency_that_was_stopped_have_no_rules() -> None:
    person = principal(VIEWER)
    assert person.agency is not None
    stopped = Agency(POLICE, "police", "Nama", "Singkat", is_active=False)

    assert rules.rules_of(Principal(**{**_fields(person), "agency": stopped}), AT) == ()


def _fields(person: Principal) -> dict[str, object]:
    return {name: getattr(person, name) for name in person.__struct_fields__}


def test_a_grant_that_is_over_is_left_out_and_one_to_come_waits() -> None:
    hour = timedelta(hours=1)
    over = HeldGrant(UUID(int=5), ["live:view"], agencies=[FIRE], ends_at=AT)
    to_come = HeldGrant(UUID(int=6), ["live:view"], agencies=[FIRE], starts_at=AT + hour)

    found = rules.rules_of(principal(VIEWER, grants=(over, to_come)), AT)

    later = replace(scope_of(*found), at=AT + hour)
    assert not scope_of(*found).allows("live:view", agency_id=FIRE)
    assert later.allows("live:view", agency_id=FIRE)


def test_a_token_is_limited_to_its_actions_and_never_given_more() -> None:
    role = HeldRole("x", ["camera:*", "live:view", "audit:read"], "own")
    person = principal(role, only=["camera:view", "live:*", "person:configure"])

    scope = scope_of(*rules.rules_of(person, AT))

    assert scope.may("camera:view")
    assert scope.may("live:view")
    assert not scope.may("camera:configure")
    assert not scope.may("audit:read")
    assert not scope.may("person:configure")


def test_a_token_does_not_escape_what_was_denied() -> None:
    deny = HeldGrant(UUID(int=5), ["camera:view"], deny=True)

    scope = scope_of(*rules.rules_of(principal(VIEWER, grants=(deny,), only=["*"]), AT))

    assert not scope.allows("camera:view", agency_id=POLICE)


ACTIONS = ["camera:view", "camera:configure", "live:view", "camera:*", "*"]
AGENCIES = [POLICE, FIRE, CITY]
PLACES = ["73.71", "73.71.01", "73.71.01.1001", "73.72"]
OBJECTS = [UUID(int=100), UUID(int=101)]
TAGS = ["a", "b"]
CLASSES = ["public", "indoor"]


def some[T](items: list[T]) -> st.SearchStrategy[frozenset[T] | None]:
    return st.none() | st.frozensets(st.sampled_from(items), min_size=1)


def instants() -> st.SearchStrategy[object]:
    return st.none() | st.sampled_from([AT + timedelta(hours=h) for h in (-2, -1, 1, 2)])


RULES = st.builds(
    Rule,
    actions=st.frozensets(st.sampled_from(ACTIONS), min_size=1, max_size=2),
    agencies=some(AGENCIES),
    places=some(PLACES),
    objects=some(OBJECTS),
    tags=some(TAGS),
    classes=some(CLASSES),
    deny=st.booleans(),
    starts_at=instants(),
    ends_at=instants(),
)


@st.composite
def givers_and_gifts(draw: st.DrawFn) -> tuple[list[Rule], Rule]:
    """Rules of a giver, and a gift that is often but not always within one of them."""
    held = draw(st.lists(RULES, min_size=1, max_size=4))
    near, far = draw(st.sampled_from(held)), draw(RULES)
    chosen = {
        name: getattr(draw(st.sampled_from([near, near, near, far])), name) for name in _SIDES
    }
    return held, Rule(**chosen)


_SIDES = (
    *("actions", "agencies", "places", "objects", "tags", "classes"),
    *("starts_at", "ends_at"),
)
THINGS = st.lists(
    st.fixed_dictionaries(
        {
            "agency_id": st.sampled_from([*AGENCIES, None]),
            "place": st.sampled_from([*PLACES, None]),
            "object_id": st.sampled_from([*OBJECTS, None]),
            "tags": st.frozensets(st.sampled_from(TAGS)),
            "class_": st.sampled_from([*CLASSES, None]),
        }
    ),
    min_size=5,
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(
    pair=givers_and_gifts(),
    things=THINGS,
    action=st.sampled_from(ACTIONS[:3]),
    hours=st.sampled_from([0, 0.5, 1, 1.5, 3]),
)
def test_what_may_be_given_was_held_before_on_every_thing_at_every_time(
    pair: tuple[list[Rule], Rule],
    things: list[dict[str, Any]],
    action: str,
    hours: float,
) -> None:
    held, wanted = pair
    giver = scope_of(*held)
    moment = AT + timedelta(hours=hours)

    if rules.may_give(giver, [wanted]):
        later = replace(giver, at=moment)
        given_then = replace(scope_of(wanted), at=moment)
        for thing in things:
            assert later.allows(action, **thing) or not given_then.allows(action, **thing)


@settings(max_examples=300, deadline=None)
@given(
    held=st.lists(RULES, min_size=1, max_size=4),
    choices=st.lists(st.tuples(RULES, st.lists(st.booleans(), min_size=8, max_size=8)), max_size=6),
    things=THINGS,
    action=st.sampled_from(ACTIONS[:3]),
    hours=st.sampled_from([0, 0.5, 1, 1.5, 3]),
)
def test_no_chain_of_delegations_reaches_more_than_its_first_giver(
    held: list[Rule],
    choices: list[tuple[Rule, list[bool]]],
    things: list[dict[str, Any]],
    action: str,
    hours: float,
) -> None:
    """Each hands on what they may of what they were given, changed in some sides."""
    first = giver = scope_of(*held)
    for other, is_kept in choices:
        base = next((rule for rule in giver.rules if not rule.deny), other)
        mixed = {
            name: getattr(base if kept else other, name)
            for name, kept in zip(_SIDES, is_kept, strict=True)
        }
        gift = Rule(**mixed)
        if rules.may_give(giver, [gift]):
            giver = scope_of(gift, *(rule for rule in giver.rules if rule.deny))

    moment = AT + timedelta(hours=hours)
    last = replace(giver, at=moment)
    start = replace(first, at=moment)
    for thing in things:
        assert start.allows(action, **thing) or not last.allows(action, **thing)


def test_who_holds_an_area_gives_within_it_and_not_around_it() -> None:
    giver = scope_of(Rule(frozenset({"live:view"}), places=frozenset({"73.71.01"})))

    def may(*places: str) -> bool:
        return rules.may_give(giver, [Rule(frozenset({"live:view"}), places=frozenset(places))])

    assert may("73.71.01")
    assert may("73.71.01.1001", "73.71.01.1002")
    assert not may("73.71")
    assert not may("73.71.01", "73.71.02")
    assert not may("73.71.010")
    assert not rules.may_give(giver, [Rule(frozenset({"live:view"}))])


def test_nobody_hands_on_what_they_were_denied_not_even_inside_a_group_of_actions() -> None:
    denied = Rule(frozenset({"live:view"}), agencies=frozenset({FIRE}), deny=True)
    giver = scope_of(Rule(frozenset({"*"})), denied)

    def may(action: str, agency: UUID) -> bool:
        return rules.may_give(giver, [Rule(frozenset({action}), agencies=frozenset({agency}))])

    assert may("live:view", POLICE)
    assert may("camera:view", FIRE)
    assert not may("live:view", FIRE)
    assert not may("live:*", FIRE)
    assert not may("*", FIRE)
    assert not rules.may_give(giver, [Rule(frozenset({"live:view"}))])


def test_who_holds_everything_may_give_everything() -> None:
    giver = scope_of(Rule(frozenset({"*"})))

    assert rules.may_give(giver, [Rule(frozenset({"*"}))])
    assert rules.may_give(giver, [Rule(frozenset({"camera:*"}), agencies=frozenset({FIRE}))])


def test_an_agency_admin_gives_on_the_own_agency_and_not_on_another() -> None:
    giver = scope_of(Rule(frozenset({"camera:*"}), agencies=frozenset({POLICE})))

    assert rules.may_give(giver, [Rule(frozenset({"camera:view"}), agencies=frozenset({POLICE}))])
    assert not rules.may_give(giver, [Rule(frozenset({"camera:view"}))])
    assert not rules.may_give(
        giver, [Rule(frozenset({"camera:view"}), agencies=frozenset({POLICE, FIRE}))]
    )
    assert not rules.may_give(giver, [Rule(frozenset({"*"}), agencies=frozenset({POLICE}))])


def test_nobody_gives_for_longer_than_they_hold() -> None:
    until = AT + timedelta(days=1)
    giver = scope_of(Rule(frozenset({"camera:view"}), ends_at=until))

    assert rules.may_give(giver, [Rule(frozenset({"camera:view"}), ends_at=until)])
    assert not rules.may_give(giver, [Rule(frozenset({"camera:view"}))])


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("pendek", "short"),
        ("x" * 300, "long"),
        ("aaaaaaaaaaaaaaaaaaaa", "common"),
        ("abcdefghijklmnopqrst", "common"),
        ("12345678901234567890", "common"),
        ("passwordpassword", "common"),
        ("password1234567890!", "common"),
        ("KataSandiKataSandi", "common"),
        ("bhinnekatunggalika2026", "common"),
        ("rahmat.hidayat99", "personal"),
        ("kuda laut naik becak", None),
        ("ßtraßeßhauß", "short"),  # Compared without case it is longer than it was typed.
        ("ᨔᨘᨒᨓᨙᨔᨗ ᨔᨛᨒᨈ ᨑᨘᨄ", None),
    ],
)
def test_passwords_that_would_be_guessed_are_refused(password: str, problem: str | None) -> None:
    personal = ["rahmat.hidayat", "Rahmat", "Hidayat"]

    assert problem == rules.password_problem(password, least=15, personal=personal)


@pytest.mark.parametrize(
    "password",
    [
        "trustno1",
        "1qaz2wsx",
        "Mustang2024!!",
        "adityaaditya",
        "!!superman!!12345",
        "TRUSTNO1",
    ],
)
def test_passwords_that_leaked_often_are_refused_with_what_people_put_round_them(
    password: str,
) -> None:
    assert rules.password_problem(password, least=8, personal=[]) == "common"


def test_every_known_password_that_is_long_enough_is_refused() -> None:
    known = [word for word in rules._known() if len(word) >= 8]

    assert len(rules._known()) > 50_000
    assert len(known) > 17_000
    problems = {rules.password_problem(word, least=8, personal=[]) for word in known}
    assert problems == {"common"}


words = st.sampled_from(["kuda", "laut", "becak", "perahu", "sungai", "lontara", "kapal"])


@given(st.lists(words, min_size=4))
def test_a_sentence_of_several_words_is_not_called_known(words: list[str]) -> None:
    sentence = " ".join(words)
    expected = "long" if len(sentence) > rules.LONGEST_PASSWORD else None

    if len(set(words)) > 2:
        assert rules.password_problem(sentence, least=15, personal=[]) == expected
