"""The question cards of the city: read by who takes in, written by who configures."""

from datetime import datetime
from typing import Any
from uuid import uuid5

import msgspec

from warroom.audit import api as audit
from warroom.incidents import card_store
from warroom.incidents.cards import Card, Deck, built_in, check
from warroom.incidents.contracts import CONFIGURE
from warroom.incidents.errors import BadCardError, CardChangedError, NoTypeError
from warroom.incidents.intake import Intake
from warroom.incidents.life import SYSTEM
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope


async def list_cards(intake: Intake, scope: Scope, tx: Transaction) -> list[Card]:
    """The cards in force, retired ones among them: open incidents may carry them."""
    deck: Deck = await intake.deck(scope, tx)
    return sorted(deck.cards.values(), key=lambda card: (card.priority, card.code))


async def list_versions(scope: Scope, tx: Transaction, code: str) -> list[dict[str, Any]]:
    """Every version of a card that was asked or written, the newest first; the product's with it.

    Raises:
        NoTypeError: There is no such card.
    """
    kept: list[dict[str, Any]] = msgspec.json.decode(
        await card_store.list_versions(scope, tx, code)
    )
    known = {one["version"] for one in kept}
    for card in built_in():
        if card.code == code and card.version not in known:
            own = {"version": card.version, "written_at": None, "written_by": None, "card": card}
            kept.append(own)
    if not kept:
        raise NoTypeError(type=code)
    return kept


async def write_card(
    intake: Intake, scope: Scope, tx: Transaction, content: Any, now: datetime
) -> Card:
    """Writes the next version of a card, or the first of a new type; older ones stay.

    Args:
        intake: What taking in works with.
        scope: Who asks: somebody who configures this for the whole city.
        tx: Its transaction.
        content: The card; `version` is the one that it was made from, 0 for a new type.
        now: By our clock.

    Raises:
        NotFoundError: The asker does not configure this for the whole city.
        BadCardError: It cannot be used.
        CardChangedError: Somebody else wrote a version meanwhile.
    """
    if not scope.allows(CONFIGURE, agency_id=None):
        raise NotFoundError
    try:
        told = msgspec.convert(content, Card)
    except msgspec.ValidationError as error:
        raise BadCardError(problem=str(error)) from error
    before = (await intake.deck(scope, tx)).find(told.code)
    if told.version != (before.version if before else 0):
        raise CardChangedError(version=before.version if before else 0)
    if before is not None and before in built_in():
        await card_store.keep_built_in(scope, tx, before, now)
    card = check(msgspec.structs.replace(told, version=told.version + 1))
    if not await card_store.insert_card(scope, tx, card, now):
        raise CardChangedError(version=card.version)
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
