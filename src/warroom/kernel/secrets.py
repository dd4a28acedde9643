"""Secrets at rest: sealed with AES-256-GCM under a key that is not in the database."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from warroom.kernel.errors import WarRoomError

_VERSION = b"\x01"
_NONCE_BYTES = 12


class SealBrokenError(WarRoomError):
    """A sealed value was changed, moved to another thing, or sealed with another key."""

    code = "kernel.seal_broken"


def key_at(path: Path) -> bytes:
    """The 32 bytes of a key file, made (mode 0600) where none is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(AESGCM.generate_key(256))
        file.flush()
        os.fsync(file.fileno())
    return path.read_bytes()


class Sealer:
    """Seals and opens small secrets (camera passwords, connector tokens).

    Args:
        key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(key)

    @classmethod
    def at(cls, path: Path) -> "Sealer":
        """Reads the key file, or makes one (mode 0600) where none is."""
        return cls(key_at(path))

    def derive(self, purpose: bytes) -> bytes:
        """32 bytes for another purpose: they tell nothing of this key (RFC 5869)."""
        return HKDF(SHA256(), 32, None, b"warroom " + purpose).derive(self._key)

    def seal(self, secret: bytes, context: bytes) -> bytes:
        """The secret, unreadable and bound to `context` (the id of the thing it belongs to)."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, secret, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The secret again.

        Raises:
            SealBrokenError: It was changed, or belongs to another thing or key.
        """
        body = bytes(sealed)
        if body[:1] != _VERSION or len(body) <= 1 + _NONCE_BYTES:
            raise SealBrokenError
        nonce, rest = body[1 : 1 + _NONCE_BYTES], body[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, rest, context)
        except InvalidTag as error:
            raise SealBrokenError from error
