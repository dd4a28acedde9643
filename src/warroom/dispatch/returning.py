"""Units that drive home after a task: who is seen at its own station is in quarters."""

from datetime import datetime, timedelta
from uuid import uuid5

from warroom.dispatch import returning_store, service, store
from warroom.dispatch.contracts import RETURN_MOST, SEND, Event, Stamp
from warroom.dispatch.settings import DispatchSettings
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

WITHIN_M = 150.0
"""So near its station a vehicle is there."""


async def note_home(
    scope: Scope, tx: Transaction, settings: DispatchSettings, now: datetime
) -> int:
    """Writes down which units came home without saying so; tells how many.

    The scope must be the system's. A crew that has both hands full forgets to press; its position
    does not.
    """
    fresh = now - timedelta(seconds=settings.silent_after_s)
    home = await returning_store.list_home(scope, tx, now - RETURN_MOST, fresh, WITHIN_M)
    for assignment_id in home:
        found = await store.find_sent(scope, tx, assignment_id, SEND)
        if found is not None:
            made = uuid5(assignment_id, Stamp.IN_QUARTERS)
            event = Event(made, Stamp.IN_QUARTERS.value, now, now, None, "auto")
            await service.take_stamps(scope, tx, *found, [event], now)
    return len(home)
