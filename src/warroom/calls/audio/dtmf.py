"""Keys pressed during a call, as events in RTP: each is told once, however often it was sent.

References:
    RFC 4733, sections 2.3 (payload), 2.5.1 (sender: updates, three end packets), 3.2 (events).
"""

import struct
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from warroom.calls.contracts import FRAME_SAMPLES

KEYS = "0123456789*#ABCD"
LONG_SAMPLES = 800
"""A key that is sent lasts 100 ms."""

LAST_COPIES = 3
_END = 0x80
_LOUDNESS = 10
"""dBm0 below zero."""

_EVENT = struct.Struct(">BBH")
_REMEMBERED = 8


class KeyReader:
    """Tells a key at the first packet of it that comes; whichever are lost, one is enough."""

    def __init__(self) -> None:
        self._told: deque[tuple[int, int, int]] = deque(maxlen=_REMEMBERED)

    def take(self, payload: bytes, timestamp: int, ssrc: int) -> str | None:
        """The key, if this packet begins one; all packets of one press share a time stamp."""
        if len(payload) < _EVENT.size or payload[0] >= len(KEYS):
            return None
        press = (ssrc, timestamp, payload[0])
        if press in self._told:
            return None
        self._told.append(press)
        return KEYS[payload[0]]


class Event(NamedTuple):
    """One packet of a key that is sent; all of them carry the time stamp of the press."""

    payload: bytes
    marker: bool


def press(key: str) -> Iterator[Event]:
    """The packets of one key, one each 20 ms; the end comes three times.

    Args:
        key: One of `KEYS`.
    """
    number = KEYS.index(key)
    steps = range(FRAME_SAMPLES, LONG_SAMPLES, FRAME_SAMPLES)
    for k, duration in enumerate(steps):
        yield Event(_EVENT.pack(number, _LOUDNESS, duration), k == 0)
    for _ in range(LAST_COPIES):
        yield Event(_EVENT.pack(number, _END | _LOUDNESS, LONG_SAMPLES), marker=False)
