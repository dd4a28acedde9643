"""What a backup holds, file by file, and whether it still does."""

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from warroom.app.backup.errors import BackupDamagedError, NoBackupError
from warroom.app.backup.state import replace, sync_folder

MANIFEST, MAC = "manifest.json", "manifest.mac"
NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
FORMAT = 1


class Entry(msgspec.Struct, frozen=True):
    """A file: bytes, hex SHA-256, and the time of its last change (ns), to know it again by."""

    size: int
    sha256: str
    mtime_ns: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a backup.

    Attributes:
        kind: `base` can be brought to any moment its WAL reaches; `dump` is one moment.
        began_at: When it began.
        ended_at: The database is as it was at this moment, or later.
        node: Name of the node.
        postgres: Version of the server, as `server_version_num`.
        schema: Step of the schema.
        wal: Folder of the WAL that follows, relative to the folder of backups; empty if none.
        wal_start: First segment that this backup needs of it.
        disks: Folders of the recorder's disks, in the order of `disks/<n>`.
        footage: Whether footage is in it.
        tables: Rows of each table, in one snapshot taken just before the copy (of a dump: in the
            very snapshot of the dump).
        chain_ok: Whether every audit chain held then.
        files: By path inside the backup.
    """

    format: int
    kind: Literal["base", "dump"]
    began_at: datetime
    ended_at: datetime
    node: str
    postgres: int
    schema: str
    wal: str
    wal_start: str
    disks: list[str]
    footage: bool
    tables: dict[str, int]
    chain_ok: bool
    files: dict[str, Entry]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(self.tables.values())

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files.values())


def write(folder: Path, manifest: Manifest, key: bytes) -> None:
    """Writes the manifest and its keyed digest."""
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    replace(folder / MAC, _mac(key, content).encode())
    replace(folder / MANIFEST, content)
    sync_folder(folder)


def read(folder: Path) -> Manifest:
    """The manifest of a backup.

    Raises:
        BackupDamagedError: It cannot be read.
        NoBackupError: There is none.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise NoBackupError(folder=str(folder)) from error
    except msgspec.MsgspecError as error:
        raise BackupDamagedError(file=MANIFEST, count=1) from error
    if any(Path(path).is_absolute() or ".." in Path(path).parts for path in manifest.files):
        raise BackupDamagedError(file=MANIFEST, count=1)
    return manifest


def check_mac(folder: Path, key: bytes) -> None:
    """Refuses a manifest that was changed by somebody without the key.

    Raises:
        BackupDamagedError: It was.
    """
    try:
        stated = (folder / MAC).read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BackupDamagedError(file=MAC, count=1) from error
    if not hmac.compare_digest(_mac(key, (folder / MANIFEST).read_bytes()), stated):
        raise BackupDamagedError(file=MANIFEST, count=1)


def _mac(key: bytes, content: bytes) -> str:
    return hmac.new(key, b"warroom.backup.manifest\0" + content, hashlib.sha256).hexdigest()


def list_backups(folder: Path) -> list[Path]:
    """Complete backups in a folder, oldest first."""
    if not folder.is_dir():
        return []
    named = (path for path in folder.iterdir() if NAME.fullmatch(path.name))
    return sorted(path for path in named if (path / MANIFEST).exists())


def damaged(folder: Path, files: Mapping[str, Entry]) -> list[str]:
    """Files that are gone, or hold something else than when they were copied."""
    return [path for path, entry in files.items() if not _is_whole(folder / path, entry)]


def check(folder: Path, files: Mapping[str, Entry]) -> None:
    """Refuses a backup with a damaged file.

    Raises:
        BackupDamagedError: One is.
    """
    bad = damaged(folder, files)
    if bad:
        raise BackupDamagedError(file=bad[0], count=len(bad))


def _is_whole(path: Path, entry: Entry) -> bool:
    try:
        if path.is_symlink() or path.stat().st_size != entry.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256
    except OSError:
        return False


def entries_below(folder: Path, places: Iterable[str]) -> dict[str, Entry]:
    """Entries of all files below some places of a backup that is being made."""
    found = {}
    for place in places:
        for root, _, names in os.walk(folder / place):
            for name in names:
                path = Path(root) / name
                found[str(path.relative_to(folder))] = entry_of(path)
    return found


def entry_of(path: Path) -> Entry:
    """The entry of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        status = os.fstat(file.fileno())
    return Entry(status.st_size, digest, status.st_mtime_ns)
