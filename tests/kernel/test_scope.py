"""A scope is default deny, and a rule that denies beats all that allow."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tests.scopes import AT, scope_of
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Rule

POLICE, FIRE = UUID(int=1), UUID(int=2)
VIEW = frozenset({"camera:view"})


def test_nobody_sees_anything_by_default() -> None:
    scope = scope_of()

    assert not scope.may("camera:view")
    assert not scope.allows("camera:view", agency_id=POLICE)
    with pytest.raises(NotFoundError):
        scope.require("camera:view")


def test_a_rule_gives_its_action_on_its_agency_alone() -> None:
    scope = scope_of(Rule(VIEW, agencies=frozenset({POLICE})))

    assert scope.allows("camera:view", agency_id=POLICE)
    assert not scope.allows("camera:view", agency_id=FIRE)
    assert not scope.allows("camera:configure", agency_id=POLICE)
    assert not scope.allows("camera:view", agency_id=None)


def test_denying_beats_allowing_whatever_the_order() -> None:
    allow, deny = Rule(VIEW), Rule(VIEW, agencies=frozenset({FIRE}), deny=True)

    for rules in ((allow, deny), (deny, allow)):
        scope = scope_of(*rules)
        assert scope.allows("camera:view", agency_id=POLICE)
        assert not scope.allows("camera:view", agency_id=FIRE)


def test_a_star_stands_for_every_word_of_a_domain() -> None:
    scope = scope_of(Rule(frozenset({"camera:*"})))

    assert scope.may("camera:configure")
    assert not scope.may("cameras:configure")
    assert not scope.may("live:view")


def test_a_place_stands_for_what_lies_in_it_and_nothing_that_is_merely_spelled_alike() -> None:
    scope = scope_of(Rule(VIEW, places=frozenset({"73.71.04"})))

    assert scope.allows("camera:view", agency_id=None, place="73.71.04")
    assert scope.allows("camera:view", agency_id=None, place="73.71.04.1006")
    assert not scope.allows("camera:view", agency_id=None, place="73.71.041")
    assert not scope.allows("camera:view", agency_id=None, place=None)


def test_a_rule_holds_from_its_first_instant_to_before_its_last() -> None:
    hour = timedelta(hours=1)

    assert scope_of(Rule(VIEW, starts_at=AT, ends_at=AT + hour)).may("camera:view")
    assert not scope_of(Rule(VIEW, starts_at=AT - hour, ends_at=AT)).may("camera:view")
    assert not scope_of(Rule(VIEW, starts_at=AT + hour)).may("camera:view")


def test_the_second_wall_is_told_only_agencies_that_some_rule_allows() -> None:
    narrow = scope_of(
        Rule(VIEW, agencies=frozenset({POLICE})), Rule(VIEW, agencies=frozenset({FIRE}), deny=True)
    )

    assert narrow.database_settings()["warroom.agencies"] == f'{{"{POLICE}"}}'
    assert scope_of(Rule(VIEW)).database_settings()["warroom.agencies"] == "*"
    assert scope_of().database_settings()["warroom.agencies"] == "{}"


def test_a_right_lent_for_a_purpose_says_so_unless_it_is_held_anyway() -> None:
    lent = Rule(VIEW, agencies=frozenset({FIRE}), purpose="Perkara 12")
    own = Rule(VIEW, agencies=frozenset({FIRE}), objects=frozenset({UUID(int=7)}))
    scope = scope_of(lent, own)

    assert scope.purpose_of("camera:view", agency_id=FIRE) == "Perkara 12"
    assert scope.purpose_of("camera:view", agency_id=FIRE, object_id=UUID(int=7)) is None
    assert scope.purpose_of("camera:view", agency_id=POLICE) is None


def test_footage_is_limited_only_where_every_right_to_it_is() -> None:
    first, last = AT - timedelta(hours=2), AT - timedelta(hours=1)
    lent = Rule(VIEW, agencies=frozenset({FIRE}), footage_from=first, footage_to=last)
    own = Rule(VIEW, agencies=frozenset({FIRE}), objects=frozenset({UUID(int=7)}))
    scope = scope_of(lent, own)

    assert scope.footage_of("camera:view", agency_id=FIRE) == ((first, last),)
    assert scope.footage_of("camera:view", agency_id=FIRE, object_id=UUID(int=7)) is None


IN_CITY = frozenset({"traffic:view"})


@pytest.mark.parametrize(
    ("rules", "place", "may"),
    [
        ([], None, False),
        ([Rule(VIEW)], None, False),
        ([Rule(IN_CITY)], "73.71.01", True),
        ([Rule(IN_CITY, agencies=frozenset({POLICE}))], "73.71.01", True),
        ([Rule(IN_CITY, places=frozenset({"73.71.01"}))], "73.71.01.1001", True),
        ([Rule(IN_CITY, places=frozenset({"73.71.01"}))], "73.71.02", False),
        ([Rule(IN_CITY, places=frozenset({"73.71.01"}))], None, True),
        ([Rule(IN_CITY, objects=frozenset({UUID(int=9)}))], None, False),
        ([Rule(IN_CITY, tags=frozenset({"x"}))], None, False),
        ([Rule(IN_CITY, classes=frozenset({"x"}))], None, False),
        ([Rule(IN_CITY), Rule(IN_CITY, deny=True)], None, False),
        ([Rule(IN_CITY), Rule(IN_CITY, agencies=frozenset({FIRE}), deny=True)], None, True),
        ([Rule(IN_CITY), Rule(IN_CITY, places=frozenset({"73"}), deny=True)], "73.71", False),
        ([Rule(IN_CITY), Rule(IN_CITY, places=frozenset({"73"}), deny=True)], "74", True),
        ([Rule(IN_CITY), Rule(IN_CITY, places=frozenset({"73"}), deny=True)], None, True),
        ([Rule(IN_CITY, ends_at=AT - timedelta(seconds=1))], None, False),
    ],
)
def test_what_belongs_to_nobody_is_judged_by_word_and_place(
    rules: list[Rule],
    place: str | None,
    may: bool,
) -> None:
    assert may is scope_of(*rules).allows_in_city("traffic:view", place)


def test_what_is_taken_away_everywhere_is_allowed_nowhere() -> None:
    everything, of_one = Rule(frozenset({"*"})), Rule(VIEW, agencies=frozenset({POLICE}))
    denied = Rule(VIEW, deny=True)

    assert not scope_of(everything, of_one, denied).may("camera:view")
    assert scope_of(everything, denied).may("live:view")
    assert scope_of(everything, replace(of_one, deny=True)).may("camera:view")


def test_a_scope_with_other_rules_or_at_another_moment_judges_anew() -> None:
    hour = timedelta(hours=1)
    ending = Rule(frozenset({"camera:view"}), ends_at=AT + hour)
    coming = Rule(frozenset({"live:view"}), starts_at=AT + hour)
    scope = scope_of(ending, coming)
    assert (scope.may("camera:view"), scope.may("live:view")) == (True, False)

    later = replace(scope, at=AT + hour)
    bare = replace(scope, rules=())
    earlier = replace(later, at=AT)

    assert (later.may("camera:view"), later.may("live:view")) == (False, True)
    assert (bare.may("camera:view"), bare.database_settings()["warroom.agencies"]) == (False, "{}")
    assert (earlier.may("camera:view"), earlier.may("live:view")) == (True, False)


def test_a_scope_moved_within_the_same_rules_keeps_what_it_worked_out() -> None:
    scope = scope_of(Rule(frozenset({"camera:view"}), ends_at=AT + timedelta(hours=1)))
    assert scope.may("camera:view")
    worked_out = []

    def work() -> str:
        worked_out.append(1)
        return "once"

    moved = replace(scope, at=AT + timedelta(minutes=59), address="10.0.0.1")

    assert [scope.remembered("x", work), moved.remembered("x", work)] == ["once", "once"]
    assert len(worked_out) == 1
    another = replace(scope, person_id=UUID(int=7))
    assert (another.remembered("x", work), len(worked_out)) == ("once", 2)
