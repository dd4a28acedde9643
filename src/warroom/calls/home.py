"""Whose calls the edge of this node takes: the agency that the settings name, found once."""

from dataclasses import replace
from uuid import UUID

from warroom.identity.api import find_agency_id
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.scope import Scope

FRESH_S = 15.0


class Home:
    """The agency of a node's calls.

    Args:
        db: Where agencies are.
        clock: For how long what was found is trusted.
        standing: The rights of the process: agents need not see agencies to sit here.
        short: Short name of the agency; empty where none is set.
    """

    def __init__(self, db: Database, clock: Clock, standing: Scope, short: str) -> None:
        self._db, self._clock, self._standing, self._short = db, clock, standing, short
        self._found: UUID | None = None
        self._asked_at = float("-inf")

    async def agency_id(self) -> UUID | None:
        """The agency; None where none is set, or none is called so.

        While the database is away it is the one that was found before.

        Raises:
            DatabaseAwayError: It is away, and was when this was asked before.
        """
        if not self._short:
            return None
        now = self._clock.monotonic()
        if self._found is None or now - self._asked_at >= FRESH_S:
            try:
                self._found = await self._db.soon(self._find())
            except DatabaseAwayError:
                if self._found is None:
                    raise
            else:
                self._asked_at = now
        return self._found

    async def _find(self) -> UUID | None:
        standing = replace(self._standing, at=self._clock.now())
        async with self._db.transaction(standing) as tx:
            return await find_agency_id(standing, tx, self._short)
