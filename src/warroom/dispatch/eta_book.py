"""The calibration of arrivals that a process holds: read in the background, never waited for."""

from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from psycopg import sql

from warroom.dispatch.contracts import VIEW, columns_of
from warroom.dispatch.eta import Calibration, Promise, Span
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.loops import Loop
from warroom.kernel.scope import Scope

KEPT = timedelta(days=90)
EVERY_S = 600.0
"""What one arrival changes is little: it is read anew so often."""

_ARRIVALS = sql.SQL(
    """
select u.station, s.dispatched_at, s.eta_s, s.on_scene_at
from dispatch_assignment s join dispatch_task t on t.id = s.task_id join unit u on u.id = s.unit_id
where s.dispatched_at >= %(since)s and s.eta_s is not null and s.on_scene_at is not null
    and t.kind <> 'move_up' and {visible}
"""
)


class EtaBook(Loop):
    """Enters and leaves with the process.

    Args:
        db: Where arrivals are.
        clock: The time of the process.
        standing: The rights of the process.
        zone: The city's.
    """

    def __init__(self, db: Database, clock: Clock, standing: Scope, zone: tzinfo) -> None:
        self._db, self._clock, self._standing, self._zone = db, clock, standing, zone
        self._calibration = Calibration([], zone)
        super().__init__("dispatch.eta", self.step, every_s=EVERY_S)
        self.wake()

    async def step(self) -> None:
        """Reads the arrivals of the last weeks.

        Raises:
            DatabaseAwayError: The database does not answer.
        """
        now = self._clock.now()
        scope = replace(self._standing, at=now)
        async with self._db.transaction(scope) as tx:
            found = await list_arrivals(scope, tx, now - KEPT)
        self._calibration = Calibration(found, self._zone)

    def span(self, eta_s: float | None, station: str, at: datetime) -> Span | None:
        """The range of a promise made now; None where too few arrivals are known."""
        return None if eta_s is None else self._calibration.span(eta_s, station, at)


async def list_arrivals(scope: Scope, tx: Transaction, since: datetime) -> list[Promise]:
    """Promises that were followed by an arrival."""
    visible, parameters = scope.narrow(VIEW, **columns_of("t"))
    rows = await tx.execute(_ARRIVALS.format(visible=visible), parameters | {"since": since})
    return [
        Promise(row["station"], row["dispatched_at"], row["eta_s"], row["on_scene_at"])
        for row in await rows.fetchall()
    ]
