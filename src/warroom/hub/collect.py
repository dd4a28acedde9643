"""From the outbox to deliveries: who subscribed to an event, and may see what it is about."""

from collections import Counter
from uuid import UUID

from warroom.hub import store
from warroom.hub.contracts import KINDS, Kind
from warroom.hub.rules import MOST_PENDING
from warroom.identity import api as identity
from warroom.kernel import outbox
from warroom.kernel.db import Database, Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.outbox import Event
from warroom.kernel.scope import Scope

_BY_TOPIC = {kind.topic: kind for kind in KINDS}
_AT_A_TIME = 500


async def collect(scope: Scope, db: Database) -> int:
    """Reads on in the outbox and lets what was subscribed to wait; how many events were read.

    How far was read, and what waits, are written in one transaction: nothing is lost or doubled
    by a process that dies. The first time begins with what happens from now on.

    Args:
        scope: The system's, at this instant.
        db: Where the outbox is.
    """
    async with db.transaction(scope) as tx:
        position = await store.read_position(scope, tx)
        if position is None:
            await store.write_position(scope, tx, await outbox.end_of(tx))
            return 0
        events = await outbox.read(tx, position, _AT_A_TIME)
        if not events:
            return 0
        told = [(event, kind) for event in events if (kind := _BY_TOPIC.get(event.topic))]
        if told:
            await _share_out(scope, tx, told)
        await store.write_position(scope, tx, events[-1].position)
    return len(events)


async def _share_out(scope: Scope, tx: Transaction, told: list[tuple[Event, Kind]]) -> None:
    lost: Counter[UUID] = Counter()
    for webhook in await store.list_subscribed(scope, tx):
        wanted = [(event, kind) for event, kind in told if kind.name in webhook["kinds"]]
        if not wanted:
            continue
        asker = await identity.find_application_scope(scope, tx, webhook["account_id"])
        room = MOST_PENDING - webhook["pending"]
        for event, kind in wanted:
            if asker is None or not may_hear(asker, kind, event):
                continue
            if room <= 0:
                lost[webhook["id"]] += 1
                continue
            room -= 1
            await store.insert_delivery(scope, tx, webhook["id"], new_id(), kind.name, event)
    for webhook_id, number in lost.items():
        await store.count_lost(scope, tx, webhook_id, number)


def may_hear(asker: Scope, kind: Kind, event: Event) -> bool:
    """Whether a service account may hear of what this event is about."""
    if kind.is_common:
        return asker.allows_in_city(kind.action, event.place)
    return asker.allows(kind.action, **event.sides)
