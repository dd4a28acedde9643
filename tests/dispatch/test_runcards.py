"""Claims about run cards: which one speaks of an incident, and what it asks for."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.dispatch.errors import BadRunCardError
from warroom.dispatch.runcards import DECK, Need, RunCard, built_in, check, choose
from warroom.incidents.cards import built_in as question_cards

PUMP = Need("engine", "fire", 2, kinds=("engine",))


def card(code: str = "a", **more: Any) -> RunCard:
    values: dict[str, Any] = {
        "version": 1,
        "name": {"id": "Api", "en": "Fire"},
        "types": ("fire_house",),
        "needs": (PUMP,),
    }
    return RunCard(code, **values | more)


def chosen(cards: list[RunCard], **more: Any) -> str | None:
    asked: dict[str, Any] = {
        "type_code": "fire_house", "family": "fire", "priority": 2, "place": "73.71.04.1006",
    }  # fmt: skip
    found = choose(cards, **asked | more)
    return found.code if found else None


def test_a_card_for_the_type_goes_before_its_family_and_that_before_all() -> None:
    cards = [card("any", types=("*",)), card("family", types=("family:fire",)), card("type")]

    assert chosen(cards) == "type"
    assert chosen(cards[:2]) == "family"
    assert chosen(cards, type_code="fire_boat") == "family"
    assert chosen(cards, type_code=None, family="medical") == "any"


def test_the_smaller_area_wins_and_an_area_elsewhere_does_not_count() -> None:
    cards = [
        card("city"),
        card("district", places=("73.71.04",)),
        card("other", places=("73.71.05",)),
    ]

    assert chosen(cards) == "district"
    assert chosen(cards, place="73.71.06") == "city"
    assert chosen([cards[2]]) is None
    # A code that merely begins alike is another area.
    assert chosen(cards, place="73.71.041") == "city"


def test_a_card_for_urgent_ones_leaves_the_others_to_the_next() -> None:
    cards = [card("urgent", least_priority=1), card("all")]

    assert (chosen(cards, priority=1), chosen(cards, priority=2)) == ("urgent", "all")


def test_a_retired_card_is_offered_no_more() -> None:
    assert chosen([card(is_retired=True)]) is None


@given(st.permutations([card("b"), card("a"), card("c", types=("*",))]))
def test_the_order_of_the_cards_does_not_matter(cards: list[RunCard]) -> None:
    assert chosen(cards) == "a"


def test_a_level_adds_to_those_below_it() -> None:
    more = card(needs=(PUMP, Need("ladder", "fire", kinds=("ladder",), level=2)))

    assert [need.role for need in more.needs_at(1)] == ["engine"]
    assert [need.role for need in more.needs_at(2)] == ["engine", "ladder"]
    assert more.levels == 2


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"name": {"id": "", "en": "Fire"}}, "name"),
        ({"types": ()}, "types"),
        ({"needs": ()}, "needs"),
        ({"least_priority": 0}, "least_priority"),
        ({"needs": (Need("", "fire", kinds=("engine",)),)}, "needs.role"),
        ({"needs": (Need("engine", "fire", 0, kinds=("engine",)),)}, "needs.count"),
        ({"needs": (Need("engine", "fire", level=6, kinds=("engine",)),)}, "needs.level"),
        ({"needs": (Need("engine", "fire"),)}, "needs.kinds"),
    ],
)
def test_a_card_that_cannot_be_used_says_which_part(more: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadRunCardError) as error:
        check(card(**more))

    assert error.value.params == {"problem": problem}


def test_every_type_of_the_product_has_a_card_whose_agencies_the_city_knows() -> None:
    leads = {word for one in question_cards() for word in (one.lead, *one.also)}

    for type_ in question_cards():
        found = choose(
            built_in(),
            type_code=type_.code,
            family=type_.family,
            priority=type_.priority,
            place=None,
        )
        assert found is not None, type_.code
        assert {need.lead for need in found.needs} <= leads


def test_the_citys_version_goes_before_the_products() -> None:
    own = msgspec.structs.replace(built_in()[0], version=2)

    assert DECK.over([own])[own.code] is own
    assert DECK.over([])[own.code] == built_in()[0]
