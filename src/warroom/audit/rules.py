"""The forms that are hashed, and the judgement over a chain of them.

The *content* of an entry is its columns from `id` to `detail` as PostgreSQL sends a record: a
count, then for each column its type's number, a signed 32-bit length (-1 for null) and the bytes;
all numbers most significant byte first, texts in UTF-8. A walk takes it from the database as it
is; `content_of` makes the same bytes from an `Entry`, for those who hold only an export.

The content of form 3 has two columns more: the thing's tags, as JSON, and its class.

Forms 2 and 3 hash a link: the words `warroom.audit.2`, chain (2 bytes), number (8), hash of the
entry before (32) and SHA-256 of the content (32). So a link can be shown without its content. Form
1, the oldest, hashes all columns at once, each as its length and its bytes.
"""

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from uuid import UUID

from warroom.audit.contracts import Entry, Fault, Finding

_HASH_BYTES = 32
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Where things stand in a row as the walk gets it: chain, seq, previous, form, content, hash, each
# behind its 4 bytes of length, the whole behind a count of 2.
_CHAIN, _SEQ, _PREVIOUS = slice(6, 8), slice(12, 20), slice(24, 56)
_FORM, _CONTENT, _HASH = slice(60, 62), slice(66, -36), slice(-32, None)
_LINK_BEGINS, _LINK_ENDS = 2, 56
_INSTANT_AT = 36
_LONG, _SHORT = struct.Struct(">q"), struct.Struct(">h")
_FORM_1 = b"\x00\x01"
_LINKED = frozenset({b"\x00\x02", b"\x00\x03"})
"""Forms whose hash is over the link and a digest of the content."""

_NULL = b"\xff\xff\xff\xff"

_LINK = b"warroom.audit.2"
_UUID, _INSTANT, _BYTES = 2950, 1184, 17
_TYPES = {"at": _INSTANT, "recorded_at": _INSTANT} | dict.fromkeys(
    ("id", "person_id", "agency_id", "owner_agency_id", "session_id"), _UUID
)
_SIDES = ("thing_tags", "thing_class")
_BESIDE_CONTENT = frozenset({"chain", "seq", "previous", "hash", "form", *_SIDES})
CONTENT = tuple(item.name for item in fields(Entry) if item.name not in _BESIDE_CONTENT)
"""Names of the columns that are an entry's content before form 3, in their order."""

MOST_FINDINGS = 100
"""A chain with more broken links than this is not walked for further ones."""

_NEAR = 64
_CHAINS = 64


def genesis(chain: int) -> bytes:
    """The hash before a chain's first entry."""
    return hashlib.sha256(f"warroom.audit.1/{chain}".encode()).digest()


def content_of(entry: Entry) -> bytes:
    """The bytes of an entry's content."""
    names = CONTENT if entry.form < 3 else (*CONTENT, *_SIDES)
    parts = [struct.pack(">i", len(names))]
    for name in names:
        number = struct.pack(">I", _TYPES.get(name, _BYTES))
        parts += [number, _field(getattr(entry, name))]
    return b"".join(parts)


def link_hash(chain: int, seq: int, previous: bytes, digest: bytes) -> bytes:
    """The hash of a link of form 2 or 3, from SHA-256 of its content."""
    link = _SHORT.pack(chain) + _LONG.pack(seq) + previous + digest
    return hashlib.sha256(_LINK + link).digest()


def hash_of(entry: Entry) -> bytes:
    """The hash that an entry must have, by its form."""
    content = content_of(entry)
    if entry.form == 1:
        return hashlib.sha256(_form_1(_link_fields(entry), content)).digest()
    return link_hash(entry.chain, entry.seq, entry.previous, hashlib.sha256(content).digest())


def _link_fields(entry: Entry) -> bytes:
    chain, seq = _SHORT.pack(entry.chain), _LONG.pack(entry.seq)
    return b"".join(_field(value) for value in (chain, seq, entry.previous))


def _field(value: object) -> bytes:
    match value:
        case None:
            return _NULL
        case bytes():
            content = value
        case str():
            content = value.encode()
        case UUID():
            content = value.bytes
        case list():  # As `array_to_json` writes texts.
            content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        case datetime():
            content = _LONG.pack((value - _EPOCH) // _MICROSECOND)
        case _:
            raise TypeError(value)
    return struct.pack(">i", len(content)) + content


def _form_1(link: bytes, content: bytes) -> bytes:
    """The bytes that form 1 hashes: the fields of the link, and the content without types."""
    parts, place = [link], 4
    while place < len(content):
        (length,) = struct.unpack_from(">i", content, place + 4)
        end = place + 8 + max(length, 0)
        parts.append(content[place + 4 : end])
        place = end
    return b"".join(parts)


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
        chain = _SHORT.pack(self.chain)
        for place, message in enumerate(messages):
            (number,) = unpack(message, 12)
            stored, previous = message[_HASH], message[_PREVIOUS]
            if (
                number == seq + 1
                and previous == expected
                and message[_FORM] in _LINKED
                and sha256(
                    _LINK + chain + message[_SEQ] + previous + sha256(message[_CONTENT]).digest()
                ).digest()
                == stored
                and (number not in anchors or anchors[number][1] == stored)
            ):
                seq, expected, last = number, stored, message
                continue
            self._move(seq, expected, last)
            self._judge(number, message, messages[max(0, place - _NEAR) : place + _NEAR])
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

    def _move(self, seq: int, expected: bytes | None, row: bytes) -> None:
        self.seq, self.hash = seq, expected
        if row:
            self.at = _instant(row)

    def _judge(self, number: int, row: bytes, near: list[bytes]) -> None:
        """Names what is wrong with a row, if anything, then goes on as if it were right."""
        stored, previous = row[_HASH], row[_PREVIOUS]
        if number <= self.seq:
            self._find("inserted", number, row)
            return
        if _hash_of_row(row) != stored:
            moved = _is_moved(row, near)
            self._find("reordered" if moved else "changed", number, row)
        elif number > self.seq + 1:
            self._find("deleted", self.seq + 1)
        elif self.hash is not None and previous != self.hash:
            # Its successor was chained to another entry than the one that stands there.
            self._find("changed", max(self.seq, 1), None if self.seq else row)
        elif number in self.anchors and self.anchors[number][1] != stored:
            self._find(self.anchors[number][0], number, row)
        self._move(number, stored, row)

    def _find(self, fault: Fault, seq: int, row: bytes | None = None) -> None:
        if len(self.findings) < MOST_FINDINGS:
            at = _instant(row) if row else self.at
            self.findings.append(Finding(fault, self.chain, seq, at))


def _hash_of_row(row: bytes, chain: bytes = b"", seq: bytes = b"") -> bytes | None:
    """The hash a row should have, at its own place or another; None if it has no known form."""
    chain, seq = chain or row[_CHAIN], seq or row[_SEQ]
    if row[_FORM] in _LINKED:
        digest = hashlib.sha256(row[_CONTENT]).digest()
        return hashlib.sha256(_LINK + chain + seq + row[_PREVIOUS] + digest).digest()
    if row[_FORM] == _FORM_1:
        link = row[_LINK_BEGINS : _CHAIN.start] + chain + row[_CHAIN.stop : _SEQ.start] + seq
        link += row[_SEQ.stop : _LINK_ENDS]
        try:
            return hashlib.sha256(_form_1(link, row[_CONTENT])).digest()
        except struct.error:
            return None  # Lengths that lead nowhere: the row was changed.
    return None


def _instant(row: bytes) -> datetime | None:
    try:
        (micros,) = _LONG.unpack_from(row[_CONTENT], _INSTANT_AT)
        return _EPOCH + timedelta(microseconds=micros)
    except (OverflowError, struct.error):
        return None


def _is_moved(row: bytes, near: list[bytes]) -> bool:
    """Whether the row's hash is right for the number of a neighbour, or for another chain."""
    numbers = [other[_SEQ] for other in near]
    chains = [_SHORT.pack(chain) for chain in range(_CHAINS)]
    return any(_hash_of_row(row, seq=number) == row[_HASH] for number in numbers) or any(
        _hash_of_row(row, chain=chain) == row[_HASH] for chain in chains
    )
