"""The question cards of the city: read by who takes in, written by who configures."""

from datetime import datetime
from typing import Any
from uuid import uuid5

from warroom.audit import api as audit
from warroom.incidents.cards import DECK, Card
from warroom.incidents.errors import NoTypeError
from warroom.incidents.life import SYSTEM
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope


async def list_cards(scope: Scope, tx: Transaction) -> list[Card]:
    """The cards in force, retired ones among them: open incidents may carry them."""
    cards = await DECK.in_force(scope, tx)
    return sorted(cards.values(), key=lambda card: (card.priority, card.code))


async def list_versions(scope: Scope, tx: Transaction, code: str) -> list[dict[str, Any]]:
    """Every version of a card that was asked or written, the newest first; the product's with it.

    Raises:
        NoTypeError: There is no such card.
    """
    versions = await DECK.versions(scope, tx, code)
    if not versions:
        raise NoTypeError(type=code)
    return versions


async def write_card(scope: Scope, tx: Transaction, content: Any, now: datetime) -> Card:
    """Writes the next version of a card, or the first of a new type; older ones stay.

    Args:
        scope: Who asks: a person who configures this for the whole city.
        tx: Its transaction.
        content: The card; `version` is the one that it was made from, 0 for a new type.
        now: By our clock.

    Raises:
        NotFoundError: The asker does not configure this for the whole city.
        BadCardError: It cannot be used.
        CardChangedError: Somebody else wrote a version meanwhile.
    """
    card = await DECK.write(scope, tx, content, now)
    await audit.record(
        scope,
        tx,
        action="incident:card_written",
        object_kind="card",
        object_id=uuid5(SYSTEM, card.code),
        object_label=card.code,
        agency_id=scope.agency_id,
        detail={"version": card.version},
    )
    return card
