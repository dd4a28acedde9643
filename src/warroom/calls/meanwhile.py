"""Tells open pages of calls while PostgreSQL is away, through which all news comes otherwise."""

import asyncio
from typing import TYPE_CHECKING

from warroom.calls.contracts import QUEUE
from warroom.calls.edge.client import EdgeClient
from warroom.calls.errors import EdgeAwayError
from warroom.calls.home import Home
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.log import logger
from warroom.kernel.loops import keep_on
from warroom.kernel.realtime import Hub

if TYPE_CHECKING:
    from warroom.kernel.scope import Sides

LOOK_S = 1.0
_log = logger("calls.meanwhile")


class Meanwhile:
    """Lives as long as the process; says nothing while the database is there.

    Args:
        db: Whether it is away.
        client: To the edge, which knows the calls first.
        home: Whose calls these are.
    """

    def __init__(self, db: Database, client: EdgeClient, home: Home) -> None:
        self._db, self._client, self._home = db, client, home
        self._hub: Hub | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def meet(self, hub: Hub) -> None:
        """Speaks to the pages of this process."""
        self._hub = hub

    async def __aenter__(self) -> "Meanwhile":
        """Begins."""
        works = (keep_on("calls.meanwhile", work) for work in (self._follow, self._look))
        self._tasks = [asyncio.create_task(work) for work in works]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            try:
                newest = (await self._client.ask("health"))["newest"]
                async with self._client.follow(newest) as following:
                    while True:
                        await following.next()
                        if self._db.is_away:
                            await self._tell()
            except EdgeAwayError:
                await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        """Says that the database went, and that it is back."""
        was_away = False
        while True:
            await asyncio.sleep(LOOK_S)
            if self._db.is_away != was_away:
                was_away = self._db.is_away
                _log.warning("calls.stand_alone" if was_away else "calls.stored_again")
                await self._tell()

    async def _tell(self) -> None:
        try:
            agency_id = await self._home.agency_id()
        except DatabaseAwayError:  # no page of ours can show calls of an agency never found
            return
        if self._hub is None or agency_id is None:
            return
        sides: Sides = {
            "agency_id": agency_id, "place": None, "object_id": None, "tags": (), "class_": None,
        }  # fmt: skip
        self._hub.tell(QUEUE, [(sides, b"{}")])
