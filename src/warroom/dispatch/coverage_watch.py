"""Since when which station is below its minimum: looked at whenever a unit's status changes."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec

from warroom.dispatch.contracts import COVERAGE, UNITS
from warroom.dispatch.coverage_service import settle_minimums
from warroom.dispatch.settings import DispatchSettings
from warroom.kernel import leases, outbox
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database
from warroom.kernel.loops import Loop
from warroom.kernel.scope import Scope
from warroom.units.contracts import CHANGED


class CoverageWatch(Loop):
    """Follows the minima of a process; enters and leaves with it.

    Args:
        db: Where they are.
        clock: The time of the process.
        standing: The rights of the process.
        settings: Of `dispatch`.
        holder: Name of the process in leases.
    """

    def __init__(
        self, db: Database, clock: Clock, standing: Scope, settings: DispatchSettings, holder: str
    ) -> None:
        self._db, self._clock, self._standing = db, clock, standing
        self._settings, self._holder = settings, holder
        self._is_due = True
        super().__init__("dispatch.coverage", self.step, failed=self._has_failed)
        # What it was while nobody looked.
        self.wake()

    def subscribe(self) -> list[tuple[str, Callable[[outbox.Event], Awaitable[None]]]]:
        """What is to be handed on of the outbox."""
        return [(UNITS, self._hear), (CHANGED, self._hear), (COVERAGE, self._hear_written)]

    async def _hear(self, _: outbox.Event) -> None:
        self._is_due = True
        self.wake()

    async def _hear_written(self, event: outbox.Event) -> None:
        if msgspec.json.decode(event.body).get("change") == "written":
            await self._hear(event)

    def _has_failed(self) -> None:
        self._is_due = True

    async def step(self) -> None:
        """Looks, if something changed.

        Raises:
            DatabaseAwayError: The database does not answer.
        """
        if not self._is_due:
            return
        now = self._clock.now()
        scope = replace(self._standing, at=now)
        async with self._db.transaction(scope) as tx:
            if await leases.acquire(tx, "dispatch", "coverage", self._holder, 60.0) is None:
                return
            self._is_due = False
            await settle_minimums(scope, tx, self._settings, now)
