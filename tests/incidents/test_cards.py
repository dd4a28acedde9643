"""Every card can be asked, in both languages, by one key an answer."""

from dataclasses import asdict

import msgspec
import pytest

from warroom.incidents import cards
from warroom.incidents.cards import DECK, Card, Option, Question, built_in, check
from warroom.incidents.errors import BadCardError
from warroom.incidents.settings import IncidentSettings
from warroom.kernel.decks import is_said
from warroom.kernel.settings import Configuration

APCO = set(
    "911OPN ANIMAL CARDIAC CITASST CIVDIS CRIMPS DROWN DVA ENTRAP FBRUSH FMARINE FSTRU FVEH"  # noqa: SIM905
    " GASLEAK INFO MVA MVAINJY PREG PUBWKS RESP SICK SUICTHRT SUSP TRAUMA WATER WIRES".split()
)
"""Of the 196 codes of EIDO's `apco.yaml`, those that are used."""

FAMILIES = {
    *("fire", "medical", "crash", "weather", "rescue", "police", "hazmat", "service", "unknown")
}


@pytest.mark.parametrize("card", built_in(), ids=lambda card: card.code)
def test_each_card_of_the_product_is_whole(card: Card) -> None:
    assert card == check(card)
    assert 1 == card.version
    assert card.family in FAMILIES
    assert card.apco in APCO
    assert {card.lead, *card.also} <= Configuration({}, {}).section(IncidentSettings).leads.keys()
    assert is_said(card.say)


def test_there_is_a_card_for_what_makassar_calls_about() -> None:
    codes = {card.code for card in built_in()}

    assert 25 <= len(codes) == len(built_in())
    assert {"fire_dense", "medical_cardiac", "flood", "silent", "information"} <= codes


def make(version: int = 2, **more: object) -> Card:
    card = Card("flood", version, "weather", 3, "WATER", "works", {"id": "Banjir", "en": "Flood"})
    return msgspec.structs.replace(card, **more)  # type: ignore[arg-type]


def asked(key: str = "deep", *options: Option) -> Question:
    return Question(key, {"id": "Dalam?", "en": "Deep?"}, list(options))


YES = Option("yes", {"id": "Ya", "en": "Yes"}, 1)


def test_what_the_city_wrote_goes_over_what_the_product_brings() -> None:
    deck = DECK.over([make(2, priority=1)])

    assert (2, 1) == (deck["flood"].version, deck["flood"].priority)
    assert 1 == deck["tree"].version


@pytest.mark.parametrize(
    ("card", "problem"),
    [
        (make(name={"id": "Banjir", "en": ""}), "no_text:name"),
        (
            make(questions=[asked("deep", Option("yes", {"id": "", "en": "Yes"}))]),
            "no_text:options.yes",
        ),
        (make(questions=[asked("a", YES), asked("a", YES)]), "questions"),
        (make(questions=[asked(f"q{n}", YES) for n in range(13)]), "questions"),
        (make(questions=[asked("a", YES, YES)]), "options"),
        (make(questions=[asked("a")]), "options"),
        (make(priority=0), "priority"),
        (make(questions=[asked("a", Option("y", {"id": "Y", "en": "Y"}, 7))]), "priority"),
    ],
)
def test_a_card_that_cannot_be_asked_is_refused(card: Card, problem: str) -> None:
    with pytest.raises(BadCardError) as refused:
        check(card)

    assert {"problem": problem} == refused.value.params


def test_an_answer_can_only_make_it_more_urgent() -> None:
    card = make(questions=[asked("deep", YES, Option("no", {"id": "Tidak", "en": "No"}, 5))])

    assert 3 == cards.priority_by(card, {})
    assert 1 == cards.priority_by(card, {"deep": "yes"})
    assert 3 == cards.priority_by(card, {"deep": "no"})
    assert 3 == cards.priority_by(card, {"other": "yes"})
    assert asdict(Configuration({}, {}).section(IncidentSettings))["leads"]["fire"] == "Damkar"
