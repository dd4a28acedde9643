"""Files named by the SHA-256 of what they hold: written once, never changed, checked on reading."""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from warroom.kernel.errors import NotFoundError, WarRoomError
from warroom.kernel.log import logger
from warroom.kernel.sealed_files import FileSealer, cut
from warroom.kernel.secrets import SealBrokenError

_log = logger("kernel.blobs")


class BlobDamagedError(WarRoomError):
    """A stored file no longer holds what its name says (`digest`)."""

    code = "kernel.blob_damaged"


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file: hex SHA-256 and size in bytes."""

    digest: str
    size: int


class Blobs:
    """A folder of such files, each encrypted.

    Plain ones of before are read, and sealed by `SealPlain`.

    Args:
        folder: Where they lie; made at the first `put`.
        sealer: Encrypts them.
    """

    def __init__(self, folder: Path, sealer: FileSealer) -> None:
        self._folder, self._sealer = folder, sealer

    def put(self, content: bytes) -> Blob:
        """Stores `content`, durable when this returns; the same content is stored once."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if path.exists():
            # As new as any: `remove` spares it.
            path.touch()
        else:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            self._sealer.write(path, cut(content), digest.encode())
        return Blob(digest, len(content))

    def get(self, digest: str) -> bytes:
        """The content again.

        Raises:
            NotFoundError: No such file.
            BlobDamagedError: The file was changed since, or is sealed with another key.
        """
        try:
            content = b"".join(self._sealer.read(self._path(digest), digest.encode()))
        except FileNotFoundError as error:
            raise NotFoundError from error
        except SealBrokenError as error:
            raise BlobDamagedError(digest=digest) from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise BlobDamagedError(digest=digest)
        return content

    def seal(self, digest: str) -> bool:
        """Encrypts a file that is plain still; False where it is none."""
        try:
            return self._sealer.seal(self._path(digest), digest.encode())
        except FileNotFoundError:  # removed meanwhile
            return False

    def groups(self) -> Iterator[list[str]]:
        """The names of all stored files, some hundreds at a time."""
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            yield [path.name for path in folder.iterdir() if len(path.name) == 64]

    def remove(self, digest: str, before: datetime) -> bool:
        """Deletes a file that was last stored before then; False where it is younger, or gone."""
        path = self._path(digest)
        try:
            if path.stat().st_mtime >= before.timestamp():
                return False
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not all(c in "0123456789abcdef" for c in digest):
            raise NotFoundError
        return self._folder / digest[:2] / digest


class SealPlain:
    """Encrypts, once in a process's life, the files that an older version left plain."""

    def __init__(self, *folders: Blobs) -> None:
        self._folders = folders
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begins in the background."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops behind the group of files that is at work."""
        assert self._task is not None  # noqa: S101 - entered before
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        for blobs in self._folders:
            for digests in await asyncio.to_thread(lambda one: list(one.groups()), blobs):
                await asyncio.to_thread(self._seal, blobs, digests)

    def _seal(self, blobs: Blobs, digests: list[str]) -> None:
        for digest in digests:
            try:
                blobs.seal(digest)
            except OSError as error:  # a full disk: the file stays as it is, and is read as it is
                _log.error("blob_not_sealed", problem=error.strerror)
                return
