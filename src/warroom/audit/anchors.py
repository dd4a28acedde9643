"""The file of anchors: copies of the chains' heads outside the database, themselves a chain.

One JSON object a line: `n` (line number from 1), `at`, `heads` ({chain: [seq, hash]} of the chains
that grew), `previous` (hash of the line before), `hash` (SHA-256 of the line's canonical JSON
without `hash`). A line that a crash left unfinished is dropped at the next append. Copy the file,
or print its last hash, to a place that the database's administrator cannot write: then not even
they can shorten the past.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from warroom.audit.contracts import Head

_FIRST = hashlib.sha256(b"warroom.anchor.1").hexdigest()


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the file holds.

    Attributes:
        hashes: Anchored hash by (chain, entry number).
        anchored_at: When the last good line was written.
        lines: Number of good lines.
        last: Hash of the last good line.
        bad_line: First line that does not follow from the one before it, or None.
        content: The good lines as they stand, without their ends.
    """

    hashes: dict[tuple[int, int], bytes]
    anchored_at: datetime | None
    lines: int
    last: str
    bad_line: int | None
    content: tuple[bytes, ...] = ()

    def line(self, number: int) -> bytes | None:
        """A good line by its number (from 1)."""
        return self.content[number - 1] if 0 < number <= len(self.content) else None


class AnchorFile:
    """One file of anchors; written by one process at a time (a lock on the file).

    Args:
        path: The file; its folder is made at the first append.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Anchors:
        """All anchors up to the first line that was tampered with."""
        try:
            content = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            content = b""
        return _parse(content)

    def append(self, heads: Iterable[Head], at: datetime) -> bool:
        """Adds the heads that the file does not hold yet, durable when this returns.

        Returns:
            Whether there was anything to add.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            known = _parse(whole)
            grown = [head for head in heads if (head.chain, head.seq) not in known.hashes]
            grown = [head for head in grown if head.seq > 0]
            if not grown:
                return False
            file.truncate(len(whole))
            file.seek(len(whole))
            file.write(_line(whole.count(b"\n") + 1, at, grown, known.last))
            file.flush()
            os.fsync(file.fileno())
        return True


def _parse(content: bytes) -> Anchors:
    hashes: dict[tuple[int, int], bytes] = {}
    last, at, bad, number = _FIRST, None, None, 0
    good: list[bytes] = []
    for line in content.split(b"\n")[:-1]:
        record = read_line(line)
        if record is None or (record["n"], record["previous"]) != (number + 1, last):
            bad = number + 1
            break
        for chain, (seq, digest) in record["heads"].items():
            hashes[int(chain), seq] = bytes.fromhex(digest)
        number, last, at = number + 1, record["hash"], datetime.fromisoformat(record["at"])
        good.append(line)
    return Anchors(hashes, at, number, last, bad, tuple(good))


def read_line(line: bytes) -> dict[str, Any] | None:
    """The line's record, or None if it is not what its hash says."""
    with suppress(msgspec.DecodeError, KeyError, TypeError, ValueError):
        record: dict[str, Any] = msgspec.json.decode(line)
        stated = record.pop("hash")
        if _hash(record) == stated:
            return {**record, "hash": stated}
    return None


def loose_line(heads: Iterable[Head], at: datetime) -> bytes:
    """Heads as a line of no file (number 0): for other places while the file cannot be written."""
    return _line(0, at, [head for head in heads if head.seq > 0], "").rstrip(b"\n")


def lines_of_copy(content: bytes) -> list[dict[str, Any]]:
    """All lines of anchors in a copy: of the file, or of a collector's log that got them.

    A line that a collector cut or changed is none; each that is left is what was anchored.
    """
    found: list[dict[str, Any]] = []
    for line in content.split(b"\n"):
        begins = line.find(b'{"at":"')
        record = read_line(line[begins:].strip()) if begins >= 0 else None
        if record is not None:
            found.append(record)
    return found


def _line(number: int, at: datetime, heads: list[Head], previous: str) -> bytes:
    record = {
        "n": number,
        "at": at.isoformat(timespec="milliseconds"),
        "heads": {str(head.chain): [head.seq, head.hash.hex()] for head in heads},
        "previous": previous,
    }
    return msgspec.json.encode({**record, "hash": _hash(record)}, order="sorted") + b"\n"


def _hash(record: dict[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(record, order="sorted")).hexdigest()
