"""Anchored hashes of all chains, kept on disk: a year of anchors has eight million of them.

One file without a name for each chain, 40 bytes a hash. A walk asks for numbers that rise, so it
reads each file once, a block at a time, whatever its length.
"""

import struct
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from warroom.audit.contracts import Fault

_RECORD = struct.Struct(">q32s")
_BLOCK = _RECORD.size * 1024
_END = (1 << 63) - 1


class Spill:
    """Hashes of one chain by entry number, in the order of their numbers.

    Args:
        folder: Where the file is made; it has no name there and goes away with this.
    """

    def __init__(self, folder: Path) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - lives as long
        weakref.finalize(self, self._file.close)
        self._newest = 0
        self._is_sorted = True
        self.count = 0

    def add(self, seq: int, digest: bytes) -> None:
        """Adds a hash; of one number the last counts."""
        self._is_sorted &= seq > self._newest
        self._newest = max(seq, self._newest)
        self.count += 1
        self._file.write(_RECORD.pack(seq, digest))

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """(number, hash), numbers rising."""
        if not self._is_sorted:
            self._sort()
        place = 0
        self._file.flush()
        while True:
            self._file.seek(place)
            block = self._file.read(_BLOCK)
            if not block:
                return
            place += len(block)
            yield from _RECORD.iter_unpack(block)

    def _sort(self) -> None:
        """Puts numbers in order that were anchored out of it: a database was put back in between.

        Needs memory for all of them, once.
        """
        self._file.seek(0)
        known = dict(_RECORD.iter_unpack(self._file.read()))
        self._file.seek(0)
        self._file.truncate()
        for seq in sorted(known):
            self._file.write(_RECORD.pack(seq, known[seq]))
        self.count, self._is_sorted = len(known), True


class Known(Mapping[int, tuple[Fault, bytes]]):
    """What the entries of a chain must be, by number: cheap to ask in rising order.

    Args:
        before: What is known from elsewhere and gives way to the anchors (the head).
        spill: The anchors.
        over: What counts before the anchors (copies held elsewhere).
    """

    def __init__(
        self,
        before: Mapping[int, tuple[Fault, bytes]],
        spill: Spill,
        over: Mapping[int, bytes],
    ) -> None:
        self._before, self._spill, self._over = before, spill, over
        self._rest: Iterator[tuple[int, bytes]] = iter(())
        self._seq, self._digest = _END, b""
        self._asked = _END

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and (
            number in self._over or self._reach(number) or number in self._before
        )

    def __getitem__(self, number: int) -> tuple[Fault, bytes]:
        if number in self._over:
            return "anchor", self._over[number]
        return ("anchor", self._digest) if self._reach(number) else self._before[number]

    def __iter__(self) -> Iterator[int]:
        extra = {*self._before, *self._over}
        yield from sorted(extra)
        yield from (seq for seq, _ in self._spill if seq not in extra)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _reach(self, number: int) -> bool:
        """Reads on to this number, or from the beginning if it lies behind."""
        if number < self._asked:
            self._rest, self._seq = iter(self._spill), -1
        self._asked = number
        while self._seq < number:
            self._seq, self._digest = next(self._rest, (_END, b""))
        return self._seq == number
