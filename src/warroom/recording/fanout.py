"""Live frames for other processes over a Unix socket: one ingest, any number of watchers.

The wire format is in `contracts`. A watcher that does not read loses whole GOPs, never half of
one, and is told so (`jump`); its queue is bounded and ingest never waits for it. Everything runs
in the recorder's loop.
"""

import contextlib
import os
import select
import socket
from collections import deque
from pathlib import Path
from typing import Any, Protocol

import msgspec

from warroom.kernel.log import logger
from warroom.recording.contracts import (
    FLAG_AUDIO,
    FLAG_KEY,
    FRAME_ENVELOPE,
    Init,
    Kind,
    pack_init,
    pack_json,
)
from warroom.recording.session import Loop

CLIENTS = 64
CHANNELS_PER_CLIENT = 4096
COMMAND_LIMIT = 65_536
QUEUE_BASE = 4 << 20
QUEUE_PER_CHANNEL = 1 << 20
QUEUE_MOST = 64 << 20
REPLY_LIMIT = 8 << 20
_BUFFERS_AT_ONCE = 256

_log = logger("recording.fanout")


class Streams(Protocol):
    """What the fan-out asks of the engine."""

    def watch_stream(self, camera_id: str, role: str, watch: "Watch") -> bool:
        """Adds a watcher and gives it state, header and the open GOP; False: no such stream."""
        ...

    def unwatch_stream(self, watch: "Watch") -> None:
        """Removes a watcher."""
        ...

    def status(self) -> dict[str, Any]:
        """Counters of the whole node."""
        ...


class Watch:
    """One channel of one client; implements `assembler.Watcher`."""

    __slots__ = ("channel", "client", "is_skipping", "jumps", "key", "keys_only")

    def __init__(
        self, client: "Client", channel: int, key: tuple[str, str], *, keys_only: bool = False
    ) -> None:
        self.keys_only = keys_only
        self.client = client
        self.channel = channel
        self.key = key
        self.is_skipping = False
        self.jumps = 0

    def init(self, init: Init) -> None:
        """Sends the header; it is never left out."""
        self.client.push(pack_init(self.channel, init))

    def state(self, state: dict[str, Any]) -> None:
        """Sends the stream's state."""
        self.client.push(pack_json(Kind.STATE, self.channel, state))

    def frame(
        self, flags: int, dts: int, cts: int, wall_ms: int, duration: int, unit: bytes
    ) -> None:
        """Sends an access unit, unless the client is behind: then whole GOPs are left out."""
        if self.keys_only and (flags & FLAG_AUDIO or not flags & FLAG_KEY):
            return
        client = self.client
        if self.is_skipping:
            if flags & FLAG_AUDIO or not flags & FLAG_KEY or not client.has_drained:
                return
            self.is_skipping = False
            self.jumps += 1
            client.push(pack_json(Kind.STATE, self.channel, {"jump": True, "jumps": self.jumps}))
        elif client.queued > client.limit:
            self.is_skipping = True
            return
        head = FRAME_ENVELOPE.pack(
            30 + len(unit), Kind.FRAME, self.channel, flags, dts, cts, wall_ms, duration
        )
        client.push(head, unit)


class Client:
    """One connection to the socket."""

    def __init__(self, server: "Fanout", stream: socket.socket) -> None:
        self.server = server
        self.stream = stream
        self.watches: dict[int, Watch] = {}
        self.queue: deque[bytes | memoryview] = deque()
        self.queued = 0
        self.limit = QUEUE_BASE
        self.is_blocked = False
        self.is_closed = False
        self._received = b""

    @property
    def has_drained(self) -> bool:
        """Whether the queue has room for a whole GOP again."""
        return self.queued < self.limit // 4

    def push(self, *messages: bytes) -> None:
        """Queues bytes; they are sent at the end of the loop's turn."""
        if self.is_closed:
            return
        for message in messages:
            self.queue.append(message)
            self.queued += len(message)
        if not self.is_blocked:
            self.server.dirty.add(self)

    def flush(self) -> None:
        """Sends as much as the socket takes."""
        queue = self.queue
        try:
            while queue:
                batch = [queue[k] for k in range(min(len(queue), _BUFFERS_AT_ONCE))]
                sent = self.stream.sendmsg(batch)
                self.queued -= sent
                while sent and sent >= len(queue[0]):
                    sent -= len(queue.popleft())
                if sent:
                    queue[0] = memoryview(queue[0])[sent:]
        except BlockingIOError:
            if not self.is_blocked:
                self.is_blocked = True
                self.server.loop.change(self.stream.fileno(), select.EPOLLIN | select.EPOLLOUT)
            return
        except OSError:
            self.server.drop(self)
            return
        if self.is_blocked:
            self.is_blocked = False
            self.server.loop.change(self.stream.fileno(), select.EPOLLIN)

    def on_event(self, events: int, now: float) -> None:
        """The socket is ready."""
        del now
        if events & select.EPOLLOUT:
            self.flush()
        if self.is_closed or not events & ~select.EPOLLOUT:
            return
        try:
            received = self.stream.recv(COMMAND_LIMIT)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self.server.drop(self)
            return
        *lines, self._received = (self._received + received).split(b"\n")
        if len(self._received) > COMMAND_LIMIT:
            self.server.drop(self)
            return
        for line in lines:
            if self.is_closed:
                return
            self._command(line)

    def _command(self, line: bytes) -> None:
        if self.queued > self.limit + REPLY_LIMIT:
            self.server.drop(self)
            return
        try:
            command = msgspec.json.decode(line, type=dict[str, Any])
            channel = int(command.get("channel", 0))
            operation = command.get("op")
        except (msgspec.MsgspecError, ValueError, TypeError):
            self._refuse(0, "recording.bad_command")
            return
        if not 0 <= channel < 1 << 32:
            self._refuse(0, "recording.bad_command")
        elif operation == "watch":
            self._watch(
                channel,
                str(command.get("camera", "")),
                str(command.get("role", "main")),
                keys_only=command.get("keys_only") is True,
            )
        elif operation == "unwatch":
            self._unwatch(channel)
        elif operation == "status":
            self.push(pack_json(Kind.STATUS, channel, self.server.streams.status()))
        else:
            self._refuse(channel, "recording.bad_command")

    def _refuse(self, channel: int, code: str) -> None:
        self.push(pack_json(Kind.ERROR, channel, {"code": code}))

    def _watch(self, channel: int, camera_id: str, role: str, *, keys_only: bool) -> None:
        self._unwatch(channel)
        if len(self.watches) >= CHANNELS_PER_CLIENT:
            self._refuse(channel, "recording.too_many_channels")
            return
        watch = Watch(self, channel, (camera_id, role), keys_only=keys_only)
        self.watches[channel] = watch
        self._fit_limit()
        if not self.server.streams.watch_stream(camera_id, role, watch):
            del self.watches[channel]
            self._refuse(channel, "recording.no_such_stream")

    def _unwatch(self, channel: int) -> None:
        watch = self.watches.pop(channel, None)
        if watch is not None:
            self.server.streams.unwatch_stream(watch)
            self._fit_limit()

    def _fit_limit(self) -> None:
        self.limit = min(QUEUE_MOST, QUEUE_BASE + QUEUE_PER_CHANNEL * len(self.watches))


class Fanout:
    """The listening socket and its clients.

    Args:
        loop: The recorder's loop.
        streams: The engine.
        path: Where the socket is made, mode 0600.
    """

    def __init__(self, loop: Loop, streams: Streams, path: Path) -> None:
        self.loop = loop
        self.streams = streams
        self.path = path
        self.clients: set[Client] = set()
        self.dirty: set[Client] = set()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(before)
        self._listener.listen(64)
        loop.watch(self._listener.fileno(), select.EPOLLIN, self._on_connection)

    def _on_connection(self, events: int, now: float) -> None:
        del events, now
        with contextlib.suppress(BlockingIOError):
            while True:
                stream, _ = self._listener.accept()
                if len(self.clients) >= CLIENTS:
                    stream.close()
                    continue
                stream.setblocking(False)
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
                client = Client(self, stream)
                self.clients.add(client)
                self.loop.watch(stream.fileno(), select.EPOLLIN, client.on_event)

    def flush(self) -> None:
        """Sends what this turn of the loop made."""
        dirty, self.dirty = self.dirty, set()
        for client in dirty:
            if not client.is_closed and not client.is_blocked:
                client.flush()

    def drop(self, client: Client) -> None:
        """Ends a connection."""
        if client.is_closed:
            return
        client.is_closed = True
        self.loop.forget(client.stream.fileno())
        client.stream.close()
        for watch in tuple(client.watches.values()):
            self.streams.unwatch_stream(watch)
        client.watches.clear()
        client.queue.clear()
        client.queued = 0
        self.clients.discard(client)
        self.dirty.discard(client)

    def close(self) -> None:
        """Ends everything and removes the socket."""
        for client in tuple(self.clients):
            client.flush()
            self.drop(client)
        self.loop.forget(self._listener.fileno())
        self._listener.close()
        self.path.unlink(missing_ok=True)
