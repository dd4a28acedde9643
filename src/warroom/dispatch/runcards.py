"""Run cards: which units an incident of a type needs, level by level, and where other ones.

The product brings cards (`runcards.json`, own wording); a city writes newer versions over them. A
level adds to those below it: the second alarm sends what the first did not.
"""

from collections.abc import Iterable, Iterator
from functools import cache

import msgspec

from warroom.dispatch.contracts import CONFIGURE
from warroom.dispatch.errors import BadRunCardError, RunCardChangedError
from warroom.kernel import decks, profile
from warroom.kernel.decks import Card, Deck, Text
from warroom.kernel.profile import Profile

MOST_LEVELS = 5
MOST_UNITS = 20
ANY = "*"


class Need(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Units of one sort.

    Attributes:
        role: What they are there for, a stable word: `engine`, `tanker`, `ambulance`.
        lead: Which kind of agency sends them, a word of the setting `leads` of `incidents`.
        count: How many.
        level: From which alarm level on.
        kinds: Kinds of vehicles, any of them; empty is any.
        capability: What they must be able to do; empty is nothing special.
        seats: How many people they must bring at least.
    """

    role: str
    lead: str
    count: int = 1
    level: int = 1
    kinds: tuple[str, ...] = ()
    capability: str = ""
    seats: int = 0


class RunCard(Card, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One version of a card.

    Attributes:
        name: What people call it.
        types: Codes of types, `family:fire` for a whole family, or `*`.
        least_priority: It holds for this priority (1 to 5) and more urgent ones.
        places: Area codes that it holds for, with all below them; empty is the city.
        needs: By level; the order is that in which people read them.
        is_retired: Whether it is offered no more.
    """

    name: Text
    types: tuple[str, ...]
    needs: tuple[Need, ...]
    least_priority: int = 5
    places: tuple[str, ...] = ()
    is_retired: bool = False

    @property
    def levels(self) -> int:
        """The highest alarm level that it tells of."""
        return max((need.level for need in self.needs), default=1)

    def needs_at(self, level: int) -> list[Need]:
        """What is needed at an alarm level: everything of the levels up to it."""
        return [need for need in self.needs if need.level <= level]


def choose(
    cards: Iterable[RunCard],
    *,
    type_code: str | None,
    family: str,
    priority: int,
    place: str | None,
) -> RunCard | None:
    """The card for an incident: the one that speaks of it most exactly; None where none does.

    A card for the type goes before one for its family, that before one for all; then the smaller
    area, then the narrower priority, then the code.
    """
    fitting = [
        ((exactness, _depth(card, place), -card.least_priority), card)
        for card in cards
        if not card.is_retired
        and priority <= card.least_priority
        and (exactness := _exactness(card, type_code, family)) > 0
        and (not card.places or _depth(card, place) > 0)
    ]
    # Of equal ones the first by code, whatever the order in which they came.
    return (
        min(fitting, key=lambda one: (*(-x for x in one[0]), one[1].code))[1] if fitting else None
    )


def _exactness(card: RunCard, type_code: str | None, family: str) -> int:
    if type_code is not None and type_code in card.types:
        return 3
    return 2 if f"family:{family}" in card.types else int(ANY in card.types)


def _depth(card: RunCard, place: str | None) -> int:
    """How small the smallest area is that the card names and the place lies in; 0 is none."""
    inside = [
        len(area)
        for area in card.places
        if place and (place == area or place[: len(area) + 1] == f"{area}.")
    ]
    return max(inside, default=0)


def check(card: RunCard) -> RunCard:
    """The card as it is, if it can be used.

    Raises:
        BadRunCardError: `problem` says which part of it cannot.
    """
    problem = next(_problems(card), None)
    if problem is not None:
        raise BadRunCardError(problem=problem)
    return card


def _problems(card: RunCard) -> Iterator[str]:
    if not decks.is_said(card.name):
        yield "name"
    if not card.types:
        yield "types"
    if not 1 <= card.least_priority <= 5:
        yield "least_priority"
    if not card.needs:
        yield "needs"
    for need in card.needs:
        if not need.role.strip() or not need.lead.strip():
            yield "needs.role"
        if not 1 <= need.count <= MOST_UNITS:
            yield "needs.count"
        if not 1 <= need.level <= MOST_LEVELS:
            yield "needs.level"
        if not need.kinds and not need.capability:
            yield "needs.kinds"


def built_in() -> tuple[RunCard, ...]:
    """The cards of the city's profile, else of the product."""
    return _built_in(profile.current())


@cache
def _built_in(_: Profile) -> tuple[RunCard, ...]:
    return decks.brought(RunCard, "warroom.dispatch", "runcards.json")


DECK = Deck(
    "dispatch_runcard", RunCard, built_in, check, CONFIGURE, BadRunCardError, RunCardChangedError
)
