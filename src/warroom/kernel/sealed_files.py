"""Files at rest: encrypted in pieces under a key that is in no database, and read in pieces.

The form (version 1): `WRF1`, 16 random bytes, then pieces of 64 KiB, each with AES-256-GCM's tag
of 16 bytes behind it. The key of a file is HKDF-SHA256 of the key, salted with the 16 bytes; the
nonce of a piece is its number and whether it is the last, so that pieces cannot be moved, repeated
or left out, nor the end be cut (the STREAM construction). What a file is (`context`) is part of
every tag: a file that is put in another's place does not open.

Files of before, which are plain, are still read; what they hold is judged by a hash elsewhere.

References:
    RFC 5869 (HKDF); NIST SP 800-38D (GCM); Hoang, Reyhanitabar, Rogaway, Vizar: "Online
    Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance" (2015), section 7 (STREAM).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from warroom.kernel.ids import new_id
from warroom.kernel.secrets import SealBrokenError

MAGIC = b"WRF1"
PIECE_BYTES = 1 << 16
_SALT_BYTES = 16
_TAG_BYTES = 16
_HEADER_BYTES = len(MAGIC) + _SALT_BYTES


class FileSealer:
    """Writes and reads such files.

    Args:
        key: 32 bytes; `Sealer.derive` makes one for a purpose.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, path: Path, pieces: Iterator[bytes], context: bytes) -> None:
        """Puts a sealed file at `path`, in place of what is there; durable when this returns.

        Args:
            path: Where to; nothing is seen there before it is whole.
            pieces: The content, each piece but the last of `PIECE_BYTES`; an empty one ends it.
            context: What it is; the same is needed to read it.
        """
        unfinished = path.with_name(f".{new_id().hex}")
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                salt = os.urandom(_SALT_BYTES)
                cipher = self._cipher(salt)
                file.write(MAGIC + salt)
                number, piece = 0, next(pieces, b"")
                while True:
                    following = next(pieces, b"")
                    file.write(cipher.encrypt(_nonce(number, last=not following), piece, context))
                    if not following:
                        break
                    number, piece = number + 1, following
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)

    def read(self, path: Path, context: bytes) -> Iterator[bytes]:
        """The content, piece after piece; of a plain file too.

        Raises:
            FileNotFoundError: There is none.
            SealBrokenError: It was changed or cut, is another file, or of another key.
        """
        with path.open("rb") as file:
            if not _is_sealed(file):
                yield from pieces_of(file)
                return
            yield from self._opened(file, context)

    def seal(self, path: Path, context: bytes) -> bool:
        """Makes a plain file a sealed one; False where it is one already."""
        with path.open("rb") as file:
            if _is_sealed(file):
                return False
            status = os.fstat(file.fileno())
            self.write(path, pieces_of(file), context)
        # As old as it was: what sweeps goes by its age.
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return True

    def _opened(self, file: BinaryIO, context: bytes) -> Iterator[bytes]:
        cipher = self._cipher(file.read(_HEADER_BYTES)[len(MAGIC) :])
        number, sealed = 0, file.read(PIECE_BYTES + _TAG_BYTES)
        while True:
            following = file.read(PIECE_BYTES + _TAG_BYTES)
            try:
                piece = cipher.decrypt(_nonce(number, last=not following), sealed, context)
            except (InvalidTag, ValueError) as error:
                raise SealBrokenError from error
            yield piece
            if not following:
                return
            number, sealed = number + 1, following

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(HKDF(SHA256(), 32, salt, b"warroom file 1").derive(self._key))


def size_of(path: Path) -> int:
    """Bytes of a file's content, sealed or plain, without opening it."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if not _is_sealed(file):
            return size
    sealed = size - _HEADER_BYTES
    count = max(1, -(-sealed // (PIECE_BYTES + _TAG_BYTES)))
    return max(0, sealed - count * _TAG_BYTES)


def is_sealed(path: Path) -> bool:
    """Whether a file is one of these."""
    with path.open("rb") as file:
        return _is_sealed(file)


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """What is left of a file, in pieces as `FileSealer.write` takes them."""
    while piece := file.read(PIECE_BYTES):
        yield piece


def cut(content: bytes) -> Iterator[bytes]:
    """A content that is in memory, in pieces."""
    for begin in range(0, len(content), PIECE_BYTES):
        yield content[begin : begin + PIECE_BYTES]


def sync_folder(folder: Path) -> None:
    """Makes names in a folder last through a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_sealed(file: BinaryIO) -> bool:
    """Leaves the file where it begins."""
    begin = file.read(len(MAGIC))
    file.seek(0)
    return begin == MAGIC


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes((last,))
