"""Seals the keys of a node for its backup: they never lie open beside the data they protect.

The key that opens them is a passphrase that a person gives, or 32 random bytes in a file that lies
outside the backups. AES-256-GCM; a passphrase is stretched by scrypt (RFC 7914) with 32 MiB.
"""

import base64
import hashlib
import io
import os
import tarfile
from collections.abc import Iterable
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from warroom.app.backup.errors import BackupKeyError, BackupKeyMissingError, KeyBesideBackupError
from warroom.app.backup.settings import BackupSettings

_CONTEXT = b"warroom.backup.keys.1"
_SCRYPT = {"n": 1 << 15, "r": 8, "p": 1}


class Sealed(msgspec.Struct, frozen=True):
    """What lies in `keys.sealed`: how the key is made, and the sealed archive."""

    by: str
    salt: bytes
    nonce: bytes
    body: bytes


class Opener(msgspec.Struct, frozen=True):
    """What a person has to seal and open with: a passphrase, or a key file's content.

    Attributes:
        file: The key file, for sentences; empty with a passphrase.
        is_new: Whether the key file was made just now.
    """

    passphrase: str = ""
    key: bytes = b""
    file: str = ""
    is_new: bool = False

    @property
    def by(self) -> str:
        """`passphrase` or `key_file`."""
        return "passphrase" if self.passphrase else "key_file"

    def derive(self, salt: bytes) -> bytes:
        """The 32 bytes that seal one backup."""
        if self.passphrase:
            return Scrypt(salt=salt, length=32, **_SCRYPT).derive(self.passphrase.encode())
        return hashlib.sha256(_CONTEXT + salt + self.key).digest()


def key_path(settings: BackupSettings, given: Path | None) -> Path:
    """Where the key file is looked for."""
    if given is not None:
        return given.absolute()
    if settings.key_file:
        return Path(settings.key_file).absolute()
    base = os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser()
    return Path(base).absolute() / "warroom" / "backup.key"


def opener(
    settings: BackupSettings, given: Path | None, *, make_outside: tuple[Path, ...] = ()
) -> Opener:
    """The passphrase of the settings, or the key file.

    Args:
        settings: Of backups.
        given: The key file that the command names; it goes before everything.
        make_outside: A key file that is missing is made, but in none of these folders; without
            any it must be there.

    Raises:
        BackupKeyMissingError: There is no key file, and none is to be made; or it is none.
        KeyBesideBackupError: It lies, or would lie, in one of `make_outside`.
    """
    if settings.passphrase and given is None:
        return Opener(passphrase=settings.passphrase)
    path = key_path(settings, given)
    if any(path.is_relative_to(folder.absolute()) for folder in make_outside):
        raise KeyBesideBackupError(file=str(path))
    is_new = False
    if make_outside and not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(os.urandom(32)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        is_new = True
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except (FileNotFoundError, ValueError) as error:
        raise BackupKeyMissingError(file=str(path)) from error
    if len(key) != 32:
        raise BackupKeyMissingError(file=str(path))
    return Opener(key=key, file=str(path), is_new=is_new)


def seal(files: Iterable[tuple[str, Path]], by: Opener) -> tuple[bytes, bytes]:
    """The sealed archive of (name, file), and the key it was sealed with."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, path in files:
            archive.add(path, name, recursive=False)
    salt, nonce = os.urandom(16), os.urandom(12)
    key = by.derive(salt)
    body = AESGCM(key).encrypt(nonce, packed.getvalue(), _CONTEXT)
    return msgspec.json.encode(Sealed(by.by, salt, nonce, body)), key


def unseal(content: bytes, by: Opener) -> tuple[dict[str, bytes], bytes]:
    """The files of a sealed archive by name, and the key that opened it.

    Raises:
        BackupKeyError: The key is another, or the archive was changed.
    """
    try:
        sealed = msgspec.json.decode(content, type=Sealed)
        key = by.derive(sealed.salt)
        packed = AESGCM(key).decrypt(sealed.nonce, sealed.body, _CONTEXT)
    except (InvalidTag, msgspec.MsgspecError, ValueError) as error:
        raise BackupKeyError(file=by.file or "passphrase") from error
    files = {}
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive.getmembers():
            taken = archive.extractfile(member)
            if taken is not None:
                files[member.name] = taken.read()
    return files, key
