"""The newest head of each chain on a disk of the node: written within moments, not each minute.

A line of anchors each minute leaves a minute in which whoever rules the database can cut the newest
entries, and set the heads back, unseen. This file holds one head a chain, in a place of 64 bytes
that is written over, so it never grows; each place is in one sector of a disk, which is written as
a whole. A head is noted after its commit, so a crash in between leaves a file that is behind, and
never one that knows of what is not there.
"""

import asyncio
import fcntl
import hashlib
import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from warroom.audit import store
from warroom.audit.contracts import Head
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.log import logger
from warroom.kernel.scope import Scope

EVERY_S = 0.25
"""How long an entry is in the database alone, at most, beside the time of one `fdatasync`."""

_AWAY_S = 1.0
_HEAD = struct.Struct(">hq32s")
_PLACE_BYTES = 64
_CHECK_BYTES = _PLACE_BYTES - _HEAD.size
_log = logger("audit.head_file")


class HeadFile:
    """The file; any number of processes of a node write it.

    Args:
        path: Where it lies; its folder is made at the first `note`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, heads: Iterable[Head]) -> None:
        """Writes the heads that are newer than what is noted; durable when this returns.

        Raises:
            OSError: It cannot be written.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            noted, _ = _read(os.pread(handle, 1 << 16, 0))
            for head in heads:
                if head.seq > noted.get(head.chain, (0, b""))[0]:
                    os.pwrite(handle, _place(head), head.chain * _PLACE_BYTES)
            os.fdatasync(handle)
        finally:
            os.close(handle)

    def read(self) -> tuple[dict[tuple[int, int], bytes], bool]:
        """Hash by (chain, entry number), and whether every place is as it was written."""
        try:
            content = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return {}, True
        noted, is_whole = _read(content)
        return {(chain, seq): digest for chain, (seq, digest) in noted.items()}, is_whole


class HeadWatch:
    """Notes the heads of a database while a process lives; no writer of entries waits for it.

    Args:
        db: The database.
        scope: The system's.
        file: Where to.
    """

    def __init__(self, db: Database, scope: Scope, file: HeadFile) -> None:
        self._db, self._scope, self._file = db, scope, file
        self._noted: list[Head] = []
        self._problem: str | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begins."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends."""
        assert self._task is not None  # noqa: S101 - entered before
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> bool:
        """Notes what has grown since the last look; False where nothing has, or it cannot be.

        Raises:
            DatabaseAwayError: The database is away.
        """
        async with self._db.transaction(self._scope) as tx:
            heads = await store.list_heads(self._scope, tx)
        if heads == self._noted:
            return False
        try:
            await asyncio.to_thread(self._file.note, heads)
        except OSError as error:
            if error.strerror != self._problem:
                self._problem = error.strerror
                _log.error("audit_heads_not_noted", problem=error.strerror)
            return False
        self._noted, self._problem = heads, None
        return True

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except DatabaseAwayError:
                await asyncio.sleep(_AWAY_S)
            await asyncio.sleep(EVERY_S)


def _place(head: Head) -> bytes:
    record = _HEAD.pack(head.chain, head.seq, head.hash)
    return record + hashlib.sha256(record).digest()[:_CHECK_BYTES]


def _read(content: bytes) -> tuple[dict[int, tuple[int, bytes]], bool]:
    """(number, hash) by chain, and whether nothing else is in it."""
    noted: dict[int, tuple[int, bytes]] = {}
    is_whole = len(content) % _PLACE_BYTES == 0
    for chain, at in enumerate(range(0, len(content), _PLACE_BYTES)):
        place = content[at : at + _PLACE_BYTES]
        if not any(place):
            continue
        if len(place) < _PLACE_BYTES:
            return noted, False
        said, seq, digest = _HEAD.unpack_from(place)
        if said == chain and place == _place(Head(chain, seq, digest)):
            noted[chain] = (seq, digest)
        else:
            is_whole = False
    return noted, is_whole
