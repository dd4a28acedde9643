"""Files named by the SHA-256 of what they hold: written once, never changed, checked on reading."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from warroom.kernel.errors import NotFoundError, WarRoomError
from warroom.kernel.ids import new_id


class BlobDamagedError(WarRoomError):
    """A stored file no longer holds what its name says (`digest`)."""

    code = "kernel.blob_damaged"


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file: hex SHA-256 and size in bytes."""

    digest: str
    size: int


class Blobs:
    """A folder of such files.

    Args:
        folder: Where they lie; made at the first `put`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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
            unfinished = path.with_name(f".{new_id().hex}")
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
            _sync_folder(path.parent)
        return Blob(digest, len(content))

    def get(self, digest: str) -> bytes:
        """The content again.

        Raises:
            NotFoundError: No such file.
            BlobDamagedError: The file was changed since.
        """
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise BlobDamagedError(digest=digest)
        return content

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


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
