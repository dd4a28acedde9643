"""Entries that are a transaction by themselves, committed together with those of other requests.

A commit waits for the disk; while one does, the entries that other requests hand over gather, and
go with the next one. Nobody waits for company: an entry that comes alone is written at once. Each
entry was signed by its own scope before it was handed over, and its request goes on only when the
commit is done, so nothing is shown that a crash could make unseen.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from warroom.audit import store
from warroom.kernel.db import Database, DatabaseAwayError

MOST = 500
"""Entries of one commit at most: some 20 ms, so that a bulk of one request delays no other."""


class _Handed(NamedTuple):
    """A signed entry, and who waits for its commit."""

    entry: bytes
    committed: asyncio.Future[None]


class Writer:
    """Commits what the requests of one process hand over, in the order in which they do.

    Args:
        db: Where to; one connection of it is held while something is written.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: deque[_Handed] = deque()
        self._work: asyncio.Task[None] | None = None

    async def write(self, entry: bytes) -> None:
        """Returns when the entry is committed.

        Who is cancelled while they wait leaves no entry if it was not taken up yet; else it is
        kept, for the deed was begun.

        Raises:
            DatabaseAwayError: It may not be committed; nothing must be shown.
            psycopg.Error: The database refused this very entry; others are not touched by it.
        """
        handed = _Handed(entry, asyncio.get_running_loop().create_future())
        self._waiting.append(handed)
        if self._work is None:
            self._work = asyncio.create_task(self._run())
        await handed.committed

    async def _run(self) -> None:
        batch: list[_Handed] = []
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
                await self._commit([handed for handed in batch if not handed.committed.done()])
        finally:
            # Something is left only where the process ends meanwhile.
            for handed in (*batch, *self._waiting):
                handed.committed.cancel()
            self._waiting.clear()
            self._work = None

    async def _commit(self, batch: Sequence[_Handed]) -> None:
        if not batch:
            return
        try:
            await store.append_signed(self._db, [handed.entry for handed in batch])
        except DatabaseAwayError as error:
            # Whether it was committed cannot be known; once more could write it twice.
            _tell(batch, error)
        except Exception as error:  # noqa: BLE001 - it is handed to those whose entry it is about
            if len(batch) == 1:
                _tell(batch, error)
                return
            for handed in batch:
                await self._commit([handed])
        else:
            _tell(batch, None)


def _tell(batch: Sequence[_Handed], error: Exception | None) -> None:
    for _, committed in batch:
        if committed.done():
            continue
        if error is None:
            committed.set_result(None)
        else:
            committed.set_exception(error)


def writer_of(db: Database) -> Writer:
    """The one writer of a pool, so that all domains of a process share its commits."""
    return db.remembered(Writer, lambda: Writer(db))
