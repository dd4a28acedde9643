"""Identifiers: UUID version 7, made here so that PostgreSQL 17 and 18 behave alike."""

import os
import threading
import time
from uuid import UUID

_TICKS_PER_MS = 4096
_SET_BACK = 1000 * _TICKS_PER_MS
"""A clock that goes back further than a second was set, and is followed."""


class Ticks:
    """Milliseconds of the clock with twelve bits below them, no two alike and none before its last.

    What one transaction writes has the same instant, so its order is that of its identifiers.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self, time_ns: int) -> int:
        """The tick of this time; the one after the last where that is not yet past."""
        now = time_ns * _TICKS_PER_MS // 1_000_000
        with self._lock:
            is_behind = now <= self._last < now + _SET_BACK
            self._last = self._last + 1 if is_behind else now
            return self._last


_ticks = Ticks()


def new_id() -> UUID:
    """A fresh UUIDv7: sorts by the time of its making, in one process strictly.

    References:
        RFC 9562, sections 5.7 and 6.2 (method 3).
    """
    ticks = _ticks.next(time.time_ns())
    value = (ticks // _TICKS_PER_MS & 0xFFFF_FFFF_FFFF) << 80 | (ticks % _TICKS_PER_MS) << 64
    value |= int.from_bytes(os.urandom(8), "big") & ~(0x3 << 62)
    return UUID(int=value | (0x7 << 76) | (0x2 << 62))
