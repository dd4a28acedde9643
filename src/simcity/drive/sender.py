"""Sends what receivers and cameras tell to the product, over HTTP, as those of a real city do."""

import asyncio
import json
import ssl
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from simcity.drive.city import Position

KNOTS_PER_KMH = 1 / 1.852
_LINES = 48
"""An answer comes when the position is stored, a fifth of a second later: many are under way."""

_WAITING = 40
_TIMEOUT_S = 20.0
_LONGEST_PAUSE_S = 15.0
_AGAIN = frozenset({429, 500, 502, 503, 504})
_MOST_BYTES = 1 << 20


class Sender:
    """A few connections that stay open; each device always uses the same, so order is kept.

    Args:
        address: `http://HOST:PORT`.
        keys: Key of each device.
        token: What the program of the cameras shows; empty sends no counts.

    Attributes:
        answers: How often each status was answered; 0 is "no answer".
        dropped: What had to be thrown away because too much waited.
    """

    def __init__(self, address: str, keys: Mapping[str, str], token: str = "") -> None:
        parts = urlsplit(address)
        is_safe = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if is_safe else 80)
        self._tls = ssl.create_default_context() if is_safe else None
        self._keys, self._token = keys, token
        self._queues: list[asyncio.Queue[bytes]] = [
            asyncio.Queue(_WAITING) for _ in range(_LINES + 1)
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self.answers: Counter[int] = Counter()
        self.dropped = 0

    async def __aenter__(self) -> "Sender":
        """Begins to send."""
        self._tasks = [asyncio.create_task(self._carry(queue)) for queue in self._queues]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops; what waits is not sent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def tell(self, one: Position) -> None:
        """Sends a position in the OsmAnd form, if the device has a key."""
        key = self._keys.get(one.device)
        if key is None:
            return
        form = {
            "id": one.device, "lat": f"{one.lat:.6f}", "lon": f"{one.lon:.6f}",
            "timestamp": f"{one.at_s:.0f}", "speed": f"{one.kmh * KNOTS_PER_KMH:.2f}",
            "bearing": f"{one.bearing:.0f}", "accuracy": "5",
        }  # fmt: skip
        line = sum(one.device.encode()) % _LINES
        kind = "application/x-www-form-urlencoded"
        self._put(line, self._request("/osmand", key, kind, urlencode(form).encode()))

    def tell_counts(self, at_s: float, seconds: float, rows: list[dict[str, Any]]) -> None:
        """Sends what cameras counted in an interval that ended at `at_s`, if there is a token."""
        if not self._token:
            return
        content = json.dumps({"at_s": at_s, "seconds": seconds, "items": rows}).encode()
        path = "/api/traffic/counts"
        self._put(_LINES, self._request(path, self._token, "application/json", content))

    def _request(self, path: str, secret: str, kind: str, content: bytes) -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Authorization: Bearer {secret}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content

    def _put(self, line: int, request: bytes) -> None:
        queue = self._queues[line]
        if queue.full():
            queue.get_nowait()
            self.dropped += 1
        queue.put_nowait(request)

    async def _carry(self, queue: asyncio.Queue[bytes]) -> None:
        link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        pause = 0.5
        try:
            while True:
                request = await queue.get()
                while True:
                    status = 0
                    try:
                        async with asyncio.timeout(_TIMEOUT_S):
                            link = link or await self._connect()
                            link[1].write(request)
                            await link[1].drain()
                            status = await _read_status(link[0])
                    except (OSError, EOFError, ValueError):
                        # Also a connection that the other side closed while nothing was said.
                        if link is not None:
                            link[1].close()
                        link = None
                    self.answers[status] += 1
                    if status and status not in _AGAIN:
                        pause = 0.5
                        break
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE_S)
        finally:
            if link is not None:
                link[1].close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._host, self._port, ssl=self._tls)


async def _read_status(reader: asyncio.StreamReader) -> int:
    """Reads an answer whole; gives its status.

    Raises:
        ValueError: It is no answer of HTTP, or too long.
    """
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    fields = {name.lower(): value.strip() for name, _, value in pairs}
    length = int(fields.get("content-length", "0"))
    if length > _MOST_BYTES or "chunked" in fields.get("transfer-encoding", ""):
        raise ValueError(first)
    await reader.readexactly(length)
    return int(first.split()[1])
