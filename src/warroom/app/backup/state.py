"""What a node knows of its own backups: a small file in its data folder, `backup.json`."""

import os
from datetime import datetime
from pathlib import Path

import msgspec

STATE = "backup.json"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Where the last backup went.

    Attributes:
        folder: The folder of backups, absolute.
        last: Name of the last complete backup; empty if none.
        ended_at: When it was complete.
        kind: `base` or `dump`.
        slot: Replication slot that keeps WAL for `wal`; empty where none is received.
        wal: Folder that WAL is received into, relative to `folder`.
        reached_at: The newest moment whose WAL is known to be there.
    """

    folder: str
    last: str = ""
    ended_at: datetime | None = None
    kind: str = ""
    slot: str = ""
    wal: str = ""
    reached_at: datetime | None = None


def read_state(data: Path) -> State | None:
    """What is known, or None where no backup was ever made of this data folder."""
    try:
        return msgspec.json.decode((data / STATE).read_bytes(), type=State)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def write_state(data: Path, state: State) -> None:
    """Remembers it, whole or not at all."""
    replace(data / STATE, msgspec.json.encode(state))


def replace(path: Path, content: bytes) -> None:
    """Writes a file of mode 0600 in one step."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
