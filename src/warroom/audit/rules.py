"""The form that is hashed, and the judgement over a chain of such forms.

The form of an entry is its columns in order (without the hash itself), each as a signed 32-bit
length, most significant byte first, and that many bytes; -1 and no bytes for null. Numbers,
instants and UUIDs are in PostgreSQL's binary form, texts in UTF-8. It is, byte for byte, what
`copy (select ...) to stdout (format binary)` sends between the field count and the last field, so
a walk hashes slices of the stream and needs no second encoder that could err in the same way as
the first. `form_of` makes the same bytes from an `Entry`, for those who hold only an export.
"""

import hashlib
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from uuid import UUID

from warroom.audit.contracts import Entry, Fault, Finding

_HASH_BYTES = 32
_TAIL = 4 + _HASH_BYTES
_COUNT = 2
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Where the fields of fixed length stand in the form: each behind its 4 bytes of length.
_SEQ_AT, _PREVIOUS_AT, _INSTANT_AT = 10, 22, 78
_LONG = struct.Struct(">q")

MOST_FINDINGS = 100
"""A chain with more broken links than this is not walked for further ones."""

_NEAR = 64


def genesis(chain: int) -> bytes:
    """The hash before a chain's first entry."""
    return hashlib.sha256(f"warroom.audit.1/{chain}".encode()).digest()


def form_of(entry: Entry) -> bytes:
    """The bytes of an entry that its hash is taken over."""
    return b"".join(
        _field(getattr(entry, item.name), item.name)
        for item in fields(entry)
        if item.name != "hash"
    )


def _field(value: object, name: str) -> bytes:
    match value:
        case None:
            return b"\xff\xff\xff\xff"
        case bytes():
            content = value
        case str():
            content = value.encode()
        case UUID():
            content = value.bytes
        case datetime():
            content = _LONG.pack((value - _EPOCH) // _MICROSECOND)
        case int():
            content = struct.pack(">h" if name == "chain" else ">q", value)
        case _:
            raise TypeError(name)
    return struct.pack(">i", len(content)) + content


def head_of_all(hashes: Iterable[bytes]) -> str:
    """One hash (hex) over the heads of all chains in order."""
    return hashlib.sha256(b"".join(hashes)).hexdigest()


@dataclass(slots=True)
class ChainWalk:
    """Judges one chain, row after row, as PostgreSQL copies it out in binary.

    Attributes:
        chain: Number of the chain.
        anchors: Hashes known from elsewhere, by entry number, each with the fault to name if the
            entry's own differs (`anchor` or `head`).
        seq: Number of the last row judged; rows are expected from the next on.
        hash: Its hash; None takes the first row's word for what came before it.
    """

    chain: int
    anchors: Mapping[int, tuple[Fault, bytes]]
    seq: int
    hash: bytes | None
    at: datetime | None = None
    rows: int = 0
    findings: list[Finding] = field(default_factory=list)

    def feed(self, messages: list[bytes]) -> None:
        """Judges the next rows, in the order of their numbers."""
        sha256, unpack, anchors = hashlib.sha256, _LONG.unpack_from, self.anchors
        expected, seq, last = self.hash, self.seq, b""
        for place, message in enumerate(messages):
            form, stored = message[_COUNT:-_TAIL], message[-_HASH_BYTES:]
            (number,) = unpack(form, _SEQ_AT)
            if (
                number == seq + 1
                and form[_PREVIOUS_AT : _PREVIOUS_AT + _HASH_BYTES] == expected
                and sha256(form).digest() == stored
                and (number not in anchors or anchors[number][1] == stored)
            ):
                seq, expected, last = number, stored, form
                continue
            self._move(seq, expected, last)
            self._judge(number, form, stored, messages[max(0, place - _NEAR) : place + _NEAR])
            seq, expected, last = self.seq, self.hash, b""
        self._move(seq, expected, last)
        self.rows += len(messages)

    def finish(self, newest: int | None) -> None:
        """Judges the chain's end.

        Args:
            newest: Number that the chain's head gave *after* the last row was read, None if the
                chain has no head.
        """
        if newest is None:
            self._find("head", self.seq + 1)
            return
        if self.seq > newest:
            self._find("inserted", newest + 1)
        if any(number > self.seq for number in self.anchors):
            self._find("cut", self.seq + 1)

    def _move(self, seq: int, expected: bytes | None, form: bytes) -> None:
        self.seq, self.hash = seq, expected
        if form:
            self.at = _instant(form)

    def _judge(self, number: int, form: bytes, stored: bytes, near: list[bytes]) -> None:
        """Names what is wrong with a row, then goes on as if it were right."""
        previous = form[_PREVIOUS_AT : _PREVIOUS_AT + _HASH_BYTES]
        is_own = hashlib.sha256(form).digest() == stored
        if number <= self.seq:
            self._find("inserted", number, form)
            return
        if not is_own:
            moved = _is_moved(form, stored, near)
            self._find("reordered" if moved else "changed", number, form)
        elif number > self.seq + 1:
            self._find("deleted", self.seq + 1)
        elif self.hash is not None and previous != self.hash:
            # Its successor was chained to another entry than the one that stands there.
            self._find("changed", max(self.seq, 1), None if self.seq else form)
        elif number in self.anchors and self.anchors[number][1] != stored:
            self._find(self.anchors[number][0], number, form)
        self._move(number, stored, form)

    def _find(self, fault: Fault, seq: int, form: bytes | None = None) -> None:
        if len(self.findings) < MOST_FINDINGS:
            at = _instant(form) if form else self.at
            self.findings.append(Finding(fault, self.chain, seq, at))


def _instant(form: bytes) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=_LONG.unpack_from(form, _INSTANT_AT)[0])
    except (OverflowError, struct.error):
        return None


def _is_moved(form: bytes, stored: bytes, near: list[bytes]) -> bool:
    """Whether the row's hash is right for the number of one of its neighbours."""
    for other in near:
        number = other[_COUNT + _SEQ_AT : _COUNT + _SEQ_AT + 8]
        moved = form[:_SEQ_AT] + number + form[_SEQ_AT + 8 :]
        if hashlib.sha256(moved).digest() == stored:
            return True
    return False
