"""The run cards of the city: read by who sends, written by who configures."""

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import msgspec

from warroom.audit import api as audit
from warroom.dispatch import runcard_store
from warroom.dispatch.contracts import CONFIGURE
from warroom.dispatch.errors import BadRunCardError, RunCardChangedError
from warroom.dispatch.runcards import RunCard, check, in_force
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope


async def list_cards(scope: Scope, tx: Transaction) -> list[RunCard]:
    """The cards in force, retired ones among them, by code."""
    cards = in_force(await runcard_store.list_newest(scope, tx))
    return [cards[code] for code in sorted(cards)]


async def write_card(scope: Scope, tx: Transaction, content: Any, now: datetime) -> RunCard:
    """Writes the next version of a card, or the first of a new one; older ones stay.

    Args:
        scope: Who asks: somebody who configures this for the whole city.
        tx: Its transaction.
        content: The card; `version` is the one that it was made from, 0 for a new one.
        now: By our clock.

    Raises:
        NotFoundError: The asker does not configure this for the whole city.
        BadRunCardError: It cannot be used.
        RunCardChangedError: Somebody else wrote a version meanwhile.
    """
    if not scope.allows(CONFIGURE, agency_id=None):
        raise NotFoundError
    try:
        told = msgspec.convert(content, RunCard)
    except msgspec.ValidationError as error:
        raise BadRunCardError(problem=str(error)) from error
    before = in_force(await runcard_store.list_newest(scope, tx)).get(told.code)
    if told.version != (before.version if before else 0):
        raise RunCardChangedError(version=before.version if before else 0)
    card = check(msgspec.structs.replace(told, version=told.version + 1))
    if not await runcard_store.insert_card(scope, tx, card, now):
        raise RunCardChangedError(version=card.version)
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
