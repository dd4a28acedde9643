"""Copies the files of a running node: whole, each hashed on the way, unchanged ones by a link."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from warroom.app.backup.manifest import Entry

_BLOCK = 1 << 20
_SQLITE = b"SQLite format 3\0"
_BESIDE_SQLITE = ("-wal", "-shm", "-journal")


class Copier:
    """Copies files into a backup that is being made.

    Args:
        target: Its folder.
        before: The folder of the backup before, for what has not changed since; None: no such.
        known: The files of that one.
    """

    def __init__(self, target: Path, before: Path | None, known: dict[str, Entry]) -> None:
        self._target, self._before, self._known = target, before, known
        self.files: dict[str, Entry] = {}
        self.gone = 0

    def take(self, source: Path, name: str) -> None:
        """Copies one file; one that was removed meanwhile, or is none, is passed over."""
        target = self._target / name
        try:
            if not source.is_file() or source.is_symlink():
                return
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_sqlite(source):
                self.files[name] = _copy_sqlite(source, target)
            else:
                self.files[name] = self._link(source, name) or _copy(source, target)
        except FileNotFoundError:
            self.gone += 1
            target.unlink(missing_ok=True)

    def take_tree(self, source: Path, name: str, without: tuple[Path, ...] = ()) -> None:
        """Copies a folder with all below it, but for some folders."""
        for path in files_below(source, without):
            self.take(path, f"{name}/{path.relative_to(source)}")

    def _link(self, source: Path, name: str) -> Entry | None:
        """Another name for the copy that the backup before has, where it is of the same file."""
        known = self._known.get(name)
        if known is None or self._before is None:
            return None
        status = source.stat()
        if (status.st_size, status.st_mtime_ns) != (known.size, known.mtime_ns):
            return None
        try:
            os.link(self._before / name, self._target / name)
        except OSError:  # gone, or a file system without links: it is copied
            return None
        return known


def files_below(folder: Path, without: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Files below a folder, but for what is unfinished, or belongs to a SQLite file."""
    for root, folders, names in os.walk(folder):
        place = Path(root)
        folders[:] = [name for name in folders if place / name not in without]
        for name in names:
            path = place / name
            is_unfinished = name.startswith(".") or name.endswith((".part", ".tmp"))
            if not is_unfinished and path not in without and not _is_beside_sqlite(path):
                yield path


def _is_beside_sqlite(path: Path) -> bool:
    return any(
        path.name.endswith(end) and path.with_name(path.name.removesuffix(end)).exists()
        for end in _BESIDE_SQLITE
    )


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _copy_sqlite(source: Path, target: Path) -> Entry:
    """A consistent copy of a SQLite file in use (https://www.sqlite.org/backup.html)."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as read,
        closing(sqlite3.connect(target)) as written,
    ):
        read.backup(written)
        # One file: the copy is not in use.
        written.execute("pragma journal_mode = delete")
    target.chmod(0o600)
    with target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    status = target.stat()
    return Entry(status.st_size, digest, status.st_mtime_ns)


def _copy(source: Path, target: Path) -> Entry:
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as read, target.open("xb") as written:
        status = os.fstat(read.fileno())
        while block := read.read(_BLOCK):
            digest.update(block)
            written.write(block)
            size += len(block)
        written.flush()
        os.fsync(written.fileno())
    os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))
    shutil.copymode(source, target)
    return Entry(size, digest.hexdigest(), status.st_mtime_ns)
