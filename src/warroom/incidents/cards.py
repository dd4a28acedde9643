"""Question cards: what is asked for each type of event, what is read aloud, who leads.

The product brings a card for each type (`cards.json`, own wording); a city writes newer versions
over them, and none is ever lost: an incident keeps which version was asked.
"""

from functools import cache

import msgspec

from warroom.incidents.contracts import CONFIGURE
from warroom.incidents.errors import BadCardError, CardChangedError
from warroom.kernel import decks, profile
from warroom.kernel.decks import Deck
from warroom.kernel.decks import Text as Said
from warroom.kernel.profile import Profile

MOST_QUESTIONS = 12


class Option(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One answer; `priority` is what it makes of the incident, at least."""

    key: str
    text: Said
    priority: int | None = None


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question and the answers that can be given by one key."""

    key: str
    text: Said
    options: list[Option]


class Card(decks.Card, frozen=True, forbid_unknown_fields=True):
    """One version of the card of a type of event; its code is that of the type.

    Attributes:
        family: What kind of event; duplicates are looked for within it.
        priority: 1 (life) to 5 (note), where no answer says more.
        apco: Code of the type in APCO's common incident types, for EIDO.
        lead: Which kind of agency is answerable: a word of the setting `leads`.
        also: Which kinds are usually needed too.
        words: What people type to find it, beside its name.
        say: What is read aloud to the caller.
        caution: What is pinned for those who go there.
        is_retired: Whether it is offered no more.
    """

    family: str
    priority: int
    apco: str
    lead: str
    name: Said
    also: list[str] = msgspec.field(default_factory=list)
    words: str = ""
    questions: list[Question] = msgspec.field(default_factory=list)
    say: Said = msgspec.field(default_factory=dict)
    caution: Said = msgspec.field(default_factory=dict)
    is_retired: bool = False


def built_in() -> tuple[Card, ...]:
    """The cards of the city's profile, else of the product, each its version 1."""
    return _built_in(profile.current())


@cache
def _built_in(_: Profile) -> tuple[Card, ...]:
    return decks.brought(Card, "warroom.incidents", "cards.json")


def check(card: Card) -> Card:
    """The card, if it can be asked.

    Raises:
        BadCardError: It names nothing in one of the languages, asks too much, or asks what nobody
            can answer.
    """
    said = [("name", card.name), *((f"questions.{q.key}", q.text) for q in card.questions)]
    said += [(f"options.{o.key}", o.text) for q in card.questions for o in q.options]
    for name, text in said:
        if not decks.is_said(text):
            raise BadCardError(problem=f"no_text:{name}")
    keys = [question.key for question in card.questions]
    if len(set(keys)) != len(keys) or len(keys) > MOST_QUESTIONS:
        raise BadCardError(problem="questions")
    priorities = [card.priority, *(o.priority or 1 for q in card.questions for o in q.options)]
    if not all(1 <= one <= 5 for one in priorities):
        raise BadCardError(problem="priority")
    if any(len({o.key for o in q.options}) != len(q.options) or not q.options
           for q in card.questions):  # fmt: skip
        raise BadCardError(problem="options")
    return card


def priority_by(card: Card, answers: dict[str, str]) -> int:
    """What the card makes of the answers: the most urgent of its own and theirs."""
    found = [card.priority]
    for question in card.questions:
        found += [
            option.priority
            for option in question.options
            if option.priority is not None and answers.get(question.key) == option.key
        ]
    return min(found)


DECK = Deck("incident_card", Card, built_in, check, CONFIGURE, BadCardError, CardChangedError)
