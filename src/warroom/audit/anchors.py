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
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from warroom.audit.contracts import Head

_BLOCK = 1 << 16
_FIRST = hashlib.sha256(b"warroom.anchor.1").hexdigest()


TAIL_LINES = 200
"""Lines of the file's end that are kept in mind: some hours."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the file says, and its end.

    Attributes:
        hashes: Anchored hash by (chain, entry number), of `content`.
        anchored_at: When the last good line was written.
        lines: Number of good lines of the whole file.
        last: Hash of the last good line.
        bad_line: First line that does not follow from the one before it, or None.
        content: The last good lines as they stand, without their ends.
        before: Newest anchored number of each chain in the lines before `content`.
    """

    hashes: dict[tuple[int, int], bytes]
    anchored_at: datetime | None
    lines: int
    last: str
    bad_line: int | None
    content: tuple[bytes, ...] = ()
    before: Mapping[int, int] = field(default_factory=dict)

    def line(self, number: int) -> bytes | None:
        """A good line by its number (from 1), if it is in `content`."""
        at = number - 1 - (self.lines - len(self.content))
        return self.content[at] if 0 <= at < len(self.content) else None

    def reach_back_to(self, ends: Mapping[int, int]) -> bool:
        """Whether every anchor of entries after these numbers, by chain, is in `content`."""
        return all(seq <= ends.get(chain, 0) for chain, seq in self.before.items())


@dataclass(frozen=True, slots=True)
class Line:
    """One good line: its number, as it stands, its hash, and the heads it holds by chain."""

    number: int
    content: bytes
    hash: str
    at: datetime
    heads: dict[int, tuple[int, bytes]]


class _Reading:
    """Follows a file of anchors line by line.

    Args:
        most: Lines that are kept, the newest.
    """

    def __init__(self, most: int) -> None:
        self.offset = 0
        self.lines = 0
        self.last = _FIRST
        self.anchored_at: datetime | None = None
        self.bad_line: int | None = None
        self.newest: dict[int, int] = {}
        self._kept: deque[tuple[bytes, dict[int, tuple[int, bytes]]]] = deque()
        self._before: dict[int, int] = {}
        self._most = most

    def follow(self, file: BinaryIO) -> None:
        """Reads on from where it ended, up to a line that is bad or not finished."""
        for _ in self.each(file):
            pass

    def each(self, file: BinaryIO) -> Iterator[Line]:
        """The same, line by line."""
        file.seek(self.offset)
        for ended in file:
            if self.bad_line is not None or not ended.endswith(b"\n"):
                return
            line = self._take(ended.rstrip(b"\n"))
            if line is None:
                return
            self.offset += len(ended)
            yield line

    def stands_in(self, file: BinaryIO) -> bool:
        """Whether the last line that was read is still where it was."""
        if not self._kept:
            return self.offset == 0
        line = self._kept[-1][0] + b"\n"
        file.seek(self.offset - len(line))
        return file.read(len(line)) == line

    def seen(self) -> Anchors:
        """What was read."""
        return Anchors(
            {(chain, seq): digest for _, heads in self._kept
             for chain, (seq, digest) in heads.items()},
            self.anchored_at,
            self.lines,
            self.last,
            self.bad_line,
            tuple(line for line, _ in self._kept),
            dict(self._before),
        )  # fmt: skip

    def _take(self, content: bytes) -> Line | None:
        record = read_line(content)
        if record is None or (record["n"], record["previous"]) != (self.lines + 1, self.last):
            self.bad_line = self.lines + 1
            return None
        heads = {
            int(chain): (seq, bytes.fromhex(digest))
            for chain, (seq, digest) in record["heads"].items()
        }
        self.lines, self.last = self.lines + 1, record["hash"]
        self.anchored_at = datetime.fromisoformat(record["at"])
        self.newest |= {chain: seq for chain, (seq, _) in heads.items()}
        self._kept.append((content, heads))
        if len(self._kept) > self._most:
            _, dropped = self._kept.popleft()
            self._before |= {chain: seq for chain, (seq, _) in dropped.items()}
        return Line(self.lines, content, record["hash"], self.anchored_at, heads)


class AnchorFile:
    """One file of anchors; written by one process at a time (a lock on the file).

    The end of what was read is kept in mind, so that each append reads what is new and no more; a
    file that is not the one it was is read from its beginning. `read` and `walk` read all of
    it, and hold no more of it than its end.

    Args:
        path: The file; its folder is made at the first append.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end = _Reading(TAIL_LINES)

    def read(self) -> Anchors:
        """What the whole file says up to the first line that was tampered with, and its end."""
        return self.walk(lambda _: None)

    def walk(self, see: Callable[[Line], None]) -> Anchors:
        """Shows each good line in turn, whatever the file's length; gives what `read` gives.

        Args:
            see: Is called with each.
        """
        reading = _Reading(TAIL_LINES)
        with suppress(FileNotFoundError, NotADirectoryError), self.path.open("rb") as file:
            for line in reading.each(file):
                see(line)
        return reading.seen()

    def read_end(self) -> Anchors:
        """The last lines; of those before them only what was read when they were new."""
        try:
            with self.path.open("rb") as file:
                self._follow(file)
        except (FileNotFoundError, NotADirectoryError):
            self._end = _Reading(TAIL_LINES)
        return self._end.seen()

    def append(self, heads: Iterable[Head], at: datetime) -> bool:
        """Adds the heads that the file does not end with yet, durable when this returns.

        After a line that was tampered with nothing can follow, but it stays, to be found.

        Returns:
            Whether there was anything to add.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._follow(file)
            known = self._end
            grown = [head for head in heads if 0 < head.seq != known.newest.get(head.chain)]
            if not grown:
                return False
            whole = _end_of_whole_lines(file)
            number = known.lines + 1 if known.bad_line is None else _count(file) + 1
            file.truncate(whole)
            file.seek(whole)
            file.write(_line(number, at, grown, known.last))
            file.flush()
            os.fsync(file.fileno())
        return True

    def _follow(self, file: BinaryIO) -> None:
        if self._end.bad_line is not None or not self._end.stands_in(file):
            self._end = _Reading(TAIL_LINES)
        self._end.follow(file)


def _end_of_whole_lines(file: BinaryIO) -> int:
    """Where the last finished line ends; what follows was left by a crash."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        begin = max(0, end - _BLOCK)
        file.seek(begin)
        found = file.read(end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _count(file: BinaryIO) -> int:
    """Finished lines, whatever they say."""
    file.seek(0)
    return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))


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
