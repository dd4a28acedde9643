"""What events to many browser tabs cost, beside the floor: the same bytes by bare sockets."""

import asyncio
import os
import socket
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
import psutil
import psycopg

from warroom.app.bench.node import BenchNode, bench_node
from warroom.app.node import open_node
from warroom.kernel.settings import Configuration

BODY = {"id": "0" * 36, "state": {"state": "live", "since": "x" * 24, "note": "y" * 400}}


def bench_realtime(clients: int = 200, rate: int = 10, seconds: float = 10.0) -> dict[str, Any]:
    """Publishes `rate` events a second to `clients` tabs and counts the web server's CPU.

    Returns:
        `cores`: share of one core the server used; `us_per_message`; `received` of `sent`;
        `floor_us_per_message`: bare `send` of the same bytes to as many sockets.
    """
    # All tabs are one person's here.
    with bench_node(1, f"[web]\nsockets_per_person = {clients}\n") as node:
        return asyncio.run(_measure(node, clients, rate, seconds))


async def _measure(node: BenchNode, clients: int, rate: int, seconds: float) -> dict[str, Any]:
    tabs = [await Tab.open(node, node.token, ["cameras.state"]) for _ in range(clients)]
    await asyncio.sleep(1.0)
    warm = [tab.events for tab in tabs]
    cpu, began = node.cpu_s(), time.monotonic()
    sent = await asyncio.to_thread(_publish, node, rate, seconds)
    await asyncio.sleep(0.5)
    used, took = node.cpu_s() - cpu, time.monotonic() - began
    received = sum(tab.events - before for tab, before in zip(tabs, warm, strict=True))
    size = max((tab.largest for tab in tabs), default=0)
    for tab in tabs:
        tab.close()
    messages = max(received, 1)
    return {
        "clients": clients,
        "messages_per_s": clients * rate,
        "cores": round(used / took, 4),
        "us_per_message": round(used / messages * 1e6, 1),
        "floor_us_per_message": floor_us(clients, size),
        "message_bytes": size,
        "sent": sent * clients,
        "received": received,
    }


def _publish(node: BenchNode, rate: int, seconds: float) -> int:
    configuration = Configuration.read({**os.environ, **node.environment})
    dsn = open_node(configuration).connections.superuser
    count = int(rate * seconds)
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("select id, agency_id from camera limit 1").fetchone()
        assert row is not None  # noqa: S101 - the bench node has one camera
        for number in range(count):
            with connection.transaction():
                connection.execute(
                    "insert into outbox (topic, body, agency_id, object_id, at)"
                    " values ('cameras.state', %s::jsonb::text, %s, %s, now())",
                    [psycopg.types.json.Jsonb(BODY | {"n": number}), row[1], row[0]],
                )
                connection.execute("select pg_notify('warroom_outbox', '')")
            time.sleep(1 / rate)
    return count


class _Listening(Protocol):
    """What a tab must know of a node."""

    @property
    def port(self) -> int:
        """Where its web server answers."""
        ...


class Tab(asyncio.Protocol):
    """The least WebSocket client: subscribes, counts event frames, remembers the largest.

    Args:
        on_event: Hears each event frame.
    """

    def __init__(self, on_event: Callable[[bytes], None] | None = None) -> None:
        self._on_event = on_event
        self.events = 0
        self.largest = 0
        self._buffer = b""
        self._open = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(
        cls,
        node: _Listening,
        token: str,
        topics: Sequence[str],
        on_event: Callable[[bytes], None] | None = None,
    ) -> "Tab":
        """A tab that listens to topics by somebody's token.

        Raises:
            ConnectionRefusedError: The server takes no socket more.
            TimeoutError: It does not answer.
        """
        loop = asyncio.get_running_loop()
        _, tab = await loop.create_connection(lambda: cls(on_event), "127.0.0.1", node.port)
        tab._write(
            b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + b64encode(os.urandom(16))
            + f"\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )  # fmt: skip
        try:
            await asyncio.wait_for(tab._open, 10)
        except (ConnectionRefusedError, TimeoutError):
            tab.close()
            raise
        ask = msgspec.json.encode({"op": "subscribe", "topics": list(topics)})
        # A mask of zeros; one that is no longer than 125 bytes has the short head.
        head = (
            bytes((0x81, 0x80 | len(ask)))
            if len(ask) < 126
            else (bytes((0x81, 0xFE)) + len(ask).to_bytes(2, "big"))
        )
        tab._write(head + bytes(4) + ask)
        return tab

    def close(self) -> None:
        """Goes away."""
        if self._transport is not None:
            self._transport.close()

    def _write(self, content: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - set before the first write
        self._transport.write(content)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps it."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream
        self._transport = transport

    def data_received(self, content: bytes) -> None:
        """Takes whole frames out of what came."""
        self._buffer += content
        if not self._open.done():
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            self._buffer = rest
            if head.startswith(b"HTTP/1.1 101 "):
                self._open.set_result(head)
            else:
                self._open.set_exception(ConnectionRefusedError(head[:40]))
                return
        while (size := _frame_size(self._buffer)) and len(self._buffer) >= size:
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            if b'"type":"event"' in frame:
                self.events += 1
                self.largest = max(self.largest, size)
                if self._on_event is not None:
                    self._on_event(frame)


def _frame_size(content: bytes) -> int:
    """Bytes of the first frame, or 0 while that is not known."""
    if len(content) < 2:
        return 0
    length = content[1] & 0x7F
    if length < 126:
        return 2 + length
    wide = 2 if length == 126 else 8
    if len(content) < 2 + wide:
        return 0
    return 2 + wide + int.from_bytes(content[2 : 2 + wide], "big")


def floor_us(clients: int, size: int, rounds: int = 50) -> float:
    """CPU-microseconds of one bare send of `size` bytes, over `clients` socket pairs."""
    pairs = [socket.socketpair() for _ in range(clients)]
    content, process = bytes(size), psutil.Process()
    used = 0.0
    for _ in range(rounds):
        began = process.cpu_times()
        for ours, _ in pairs:
            ours.send(content)
        ended = process.cpu_times()
        used += ended.user - began.user + ended.system - began.system
        for _, theirs in pairs:
            theirs.recv(1 << 16)
    for pair in pairs:
        for end in pair:
            end.close()
    return round(used / (rounds * clients) * 1e6, 2)
