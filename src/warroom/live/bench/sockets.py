"""Viewers that are sockets: they shake hands, read and drop; some measure."""

import asyncio
import base64
import os
import struct
import time

from warroom.live.bench.stack import FPS, HOST

_TICKS = 90_000 // FPS


class CountingViewer(asyncio.BufferedProtocol):
    """Reads and counts; costs the machine as little as it can."""

    _buffer = bytearray(1 << 18)

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self.transport = transport
        transport.write(self._request)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio's name
        """One buffer for all: what is read is dropped."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Counts."""
        self.received += nbytes


class MeasuringViewer(asyncio.Protocol):
    """Reads WebSocket messages and notes when each fragment came."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._rest = bytearray()
        self._is_open = False
        self.began = 0.0
        self.first = asyncio.Event()
        self.first_ms = 0.0
        self.arrivals: list[tuple[int, float]] = []
        """Frame number on the media line, and the wall clock of its coming."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self.transport = transport
        self.began = time.monotonic()
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Cuts messages out of the stream."""
        now = time.time()  # noqa: TID251 - compared with the simulator's wall clock
        self._rest += data
        if not self._is_open:
            head = self._rest.find(b"\r\n\r\n")
            if head < 0:
                return
            self._is_open = True
            del self._rest[: head + 4]
        while (piece := self._message()) is not None:
            self._look(piece, now)

    def _message(self) -> bytes | None:
        rest = self._rest
        if len(rest) < 2:
            return None
        length, start = rest[1] & 127, 2
        if length == 126:
            length, start = int.from_bytes(rest[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(rest[2:10], "big"), 10
        if len(rest) < start + length:
            return None
        piece = bytes(rest[start : start + length])
        del rest[: start + length]
        return piece

    def _look(self, piece: bytes, now: float) -> None:
        at = piece.find(b"tfdt")
        if at < 0:
            return
        if not self.first.is_set():
            self.first_ms = (time.monotonic() - self.began) * 1000
            self.first.set()
            return
        while at >= 0:
            (placed,) = struct.unpack_from(">Q", piece, at + 8)
            self.arrivals.append((round(placed / _TICKS), now))
            at = piece.find(b"tfdt", at + 8)


def handshake(port: int, path: str, token: str) -> bytes:
    """The request that opens a viewer's socket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {token}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


def latencies_ms(
    arrivals: list[tuple[int, float]], t0: float, phase: float, fps: float
) -> list[float]:
    """How long after its sending each frame came.

    The k-th picture is sent at t0 + (k + phase) / fps. Frames count on; which k the first one is
    follows from the quickest of them, which is assumed to take less than one interval.

    Args:
        arrivals: Frame numbers on any line, and wall clocks.
        t0: The simulator's beginning.
        phase: The camera's share of an interval.
        fps: Pictures per second.
    """
    offsets = [at - t0 - (number + phase) / fps for number, at in arrivals]
    least = min(offsets)
    return [1000 * (offset - least + least % (1 / fps)) for offset in offsets]


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of all are not above."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
