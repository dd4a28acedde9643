"""Who hears of a call: those who see it, and the agents whose call it is."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from warroom.calls.contracts import MINE, QUEUE
from warroom.kernel import outbox
from warroom.kernel.db import Transaction


async def tell(
    tx: Transaction,
    call: UUID,
    agency_id: UUID,
    kind: str,
    state: str,
    people: Iterable[UUID | None],
    now: datetime,
) -> None:
    """Tells that something happened to a call.

    Args:
        tx: The transaction that it happened in.
        call: Which.
        agency_id: Whose.
        kind: Of the event.
        state: The state after it.
        people: Agents who are told by themselves; None is nobody.
        now: The instant.
    """
    body = {"call": str(call), "kind": kind, "state": state}
    await outbox.publish(tx, QUEUE, body, agency_id=agency_id, now=now, object_id=call)
    for person in {one for one in people if one is not None}:
        await outbox.publish(tx, MINE, body, agency_id=agency_id, now=now, object_id=person)
