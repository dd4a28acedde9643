"""The run cards of the city: read by who sends, written by who configures."""

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from warroom.audit import api as audit
from warroom.dispatch.runcards import DECK, RunCard
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope


async def list_cards(scope: Scope, tx: Transaction) -> list[RunCard]:
    """The cards in force, retired ones among them, by code."""
    cards = await DECK.in_force(scope, tx)
    return [cards[code] for code in sorted(cards)]


async def list_card_versions(scope: Scope, tx: Transaction, code: str) -> list[dict[str, Any]]:
    """Every version of a run card that the city wrote, and the product's own, the newest first."""
    return await DECK.versions(scope, tx, code)


async def write_card(scope: Scope, tx: Transaction, content: Any, now: datetime) -> RunCard:
    """Writes the next version of a card, or the first of a new one; older ones stay.

    Args:
        scope: Who asks: a person who configures this for the whole city.
        tx: Its transaction.
        content: The card; `version` is the one that it was made from, 0 for a new one.
        now: By our clock.

    Raises:
        NotFoundError: The asker does not configure this for the whole city.
        BadRunCardError: It cannot be used.
        RunCardChangedError: Somebody else wrote a version meanwhile.
    """
    card = await DECK.write(scope, tx, content, now)
    await audit.record(
        scope,
        tx,
        action="dispatch:runcard_written",
        object_kind="runcard",
        object_id=uuid5(NAMESPACE_OID, f"runcard {card.code}"),
        object_label=card.code,
        agency_id=scope.agency_id,
        detail={"version": card.version},
    )
    return card
