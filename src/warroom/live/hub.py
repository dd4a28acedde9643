"""The one connection to the recorder's fan-out socket, and the channels that hang on it.

However many look at a camera, the recorder is asked for it once. When the recorder restarts, the
viewers stay: they are told, and go on with the next key frame.
"""

import asyncio
import contextlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import msgspec

from warroom.kernel.clock import Clock
from warroom.kernel.log import logger
from warroom.live.contracts import Json, Role
from warroom.live.feeds import Feed
from warroom.live.settings import LiveSettings
from warroom.recording.contracts import Kind, MessageReader, unpack_frame, unpack_init

RETRY_S = 0.5
SWEEP_S = 1.0
NO_SUCH_STREAM = "recording.no_such_stream"
MOVED = "elsewhere"
"""Reason in the last STATE of a stream that changed over to another recorder."""

_log = logger("live")


class Hub[F: Feed[Any]]:
    """Follows streams for viewers, one connection and one watch per stream.

    Args:
        socket_path: The recorder's fan-out socket.
        settings: Limits.
        clock: Tells how long a channel has been idle.
        make: Makes the channel of a stream from its number, camera and role.
        elsewhere_path: Socket behind which the streams of the city's other nodes are; None where
            this is the only one. A stream that one socket does not have is asked of the other.
    """

    def __init__(
        self,
        socket_path: Path,
        settings: LiveSettings,
        clock: Clock,
        make: Callable[[int, UUID, Role], F],
        elsewhere_path: Path | None = None,
    ) -> None:
        self._make = make
        self._elsewhere_path = elsewhere_path
        self._socket_path = socket_path
        self._settings = settings
        self._clock = clock
        self._by_stream: dict[tuple[UUID, Role], F] = {}
        self._by_number: dict[int, F] = {}
        self._numbers = 0
        self._link: _Link | None = None
        self._elsewhere: _Link | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._listeners: dict[int, set[asyncio.Event]] = {}

    @property
    def viewers(self) -> int:
        """Those who look or listen, over all channels."""
        return sum(channel.watchers for channel in self._by_stream.values())

    @property
    def channels(self) -> list[F]:
        """Streams that are followed or still held."""
        return list(self._by_stream.values())

    @property
    def is_connected(self) -> bool:
        """Whether the recorder is there."""
        return self._link is not None

    def start(self) -> None:
        """Begins to connect; returns at once."""
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self._tasks = [
                loop.create_task(self._stay_connected()),
                loop.create_task(self._sweep_for_ever()),
            ]
            if self._elsewhere_path is not None:
                self._tasks.append(loop.create_task(self._stay_connected_elsewhere()))

    async def stop(self) -> None:
        """Closes the connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for link in (self._link, self._elsewhere):
            if link is not None:
                link.transport.close()
        self._link = self._elsewhere = None

    def leave(self, channel: F, viewer: Any) -> None:
        """Takes a viewer away; the stream is let go `linger_s` after the last one."""
        channel.leave(viewer, self._clock.monotonic())

    def follow(self, camera_id: UUID, role: Role, *, keys_only: bool = False) -> F:
        """The channel of a stream, followed at least `linger_s` from now on.

        Args:
            camera_id: The camera.
            role: Which stream of it.
            keys_only: Key frames are enough (snapshots), which costs a thirtieth.
        """
        now = self._clock.monotonic()
        channel = self._by_stream.get((camera_id, role))
        if channel is None:
            self._numbers += 1
            channel = self._make(self._numbers, camera_id, role)
            channel.keys_only = keys_only
            self._by_stream[camera_id, role] = channel
            self._by_number[channel.number] = channel
            if self._link_of(channel) is None:
                channel.state = _away()
        elif channel.keys_only and not keys_only:
            self._follow_anew(channel, keys_only=False)
        elif (
            keys_only
            and not (channel.keys_only or channel.is_watched)
            and now - channel.left_at > self._settings.linger_s
        ):
            self._follow_anew(channel, keys_only=True)
        if not channel.is_watched:
            channel.idle_since = now
        self._watch(channel)
        return channel

    async def wait_for_key(self, channel: F, timeout_s: float) -> bool:
        """Waits until the channel holds a key frame; False if none came in time."""
        if channel.key is not None and channel.is_followed:
            return True
        event = asyncio.Event()
        self._listeners.setdefault(channel.number, set()).add(event)
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._listeners[channel.number].discard(event)
            if not self._listeners[channel.number]:
                del self._listeners[channel.number]

    def sweep(self) -> None:
        """Lets go of the streams nobody has looked at for `linger_s`."""
        now = self._clock.monotonic()
        for channel in list(self._by_stream.values()):
            idle = channel.idle_since
            if idle is not None and now - idle >= self._settings.linger_s:
                self._unwatch(channel)
                del self._by_stream[channel.camera_id, channel.role]
                del self._by_number[channel.number]

    def receive(self, kind: int, number: int, payload: bytes) -> None:
        """Takes one message of the recorder."""
        channel = self._by_number.get(number)
        if channel is None:
            return
        if kind == Kind.FRAME:
            frame = unpack_frame(payload)
            channel.add_frame(frame)
            if frame.is_key and number in self._listeners:
                for event in self._listeners[number]:
                    event.set()
        elif kind == Kind.INIT:
            channel.describe(unpack_init(payload))
        elif kind == Kind.STATE:
            self._take_state(channel, _object(payload))
        elif kind == Kind.ERROR:
            self._take_error(channel, str(_object(payload).get("code", "unknown")))

    def _take_state(self, channel: F, state: Json) -> None:
        if "jump" in state:
            channel.jump()
        elif state.get("reason") == MOVED and self._elsewhere_path is not None:
            self._look_elsewhere(channel)
        else:
            channel.change_state(state)

    def _take_error(self, channel: F, code: str) -> None:
        channel.is_followed = False
        channel.change_state(_offline(code))
        if code == NO_SUCH_STREAM and self._elsewhere_path is not None:
            channel.is_elsewhere = not channel.is_elsewhere
            # Asked back and forth once a second at the most.
            if channel.is_elsewhere:
                self._watch(channel)

    def _look_elsewhere(self, channel: F) -> None:
        """The stream changed over to another node: it goes on with a new run."""
        self._unwatch(channel)
        channel.is_elsewhere = True
        channel.lose(_away())
        self._watch(channel)

    def _link_of(self, channel: F) -> "_Link | None":
        """Where a channel is asked for; of the others, while our own recorder is away."""
        if channel.is_elsewhere or self._link is None:
            return self._elsewhere
        return self._link

    def _unwatch(self, channel: F) -> None:
        link = self._link_of(channel)
        if link is not None and channel.is_followed:
            link.send(_request("unwatch", channel=channel.number))
        channel.is_followed = False

    def _watch(self, channel: F) -> None:
        link = self._link_of(channel)
        if link is None or channel.is_followed:
            return
        channel.is_elsewhere = link is self._elsewhere
        channel.is_followed = True
        more = {"keys_only": True} if channel.keys_only else {}
        link.send(
            _request(
                "watch",
                channel=channel.number,
                camera=str(channel.camera_id),
                role=channel.role,
                **more,
            )
        )

    def _follow_anew(self, channel: F, *, keys_only: bool) -> None:
        self._unwatch(channel)
        channel.keys_only = keys_only

    async def _stay_connected(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(OSError):
                _, link = await loop.create_unix_connection(
                    lambda: _Link(self.receive), str(self._socket_path)
                )
                self._link = link
                _log.info("live.media_connected")
                for channel in self._by_stream.values():
                    self._watch(channel)
                await link.closed
                self._link = None
                _log.warning("live.media_away")
                for channel in self._by_stream.values():
                    if not channel.is_elsewhere:
                        channel.lose(_away())
            await asyncio.sleep(RETRY_S)

    async def _stay_connected_elsewhere(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(OSError):
                _, link = await loop.create_unix_connection(
                    lambda: _Link(self.receive), str(self._elsewhere_path)
                )
                self._elsewhere = link
                await link.closed
                self._elsewhere = None
                for channel in self._by_stream.values():
                    if channel.is_elsewhere:
                        channel.is_elsewhere = False
                        channel.lose(_away())
            await asyncio.sleep(RETRY_S)

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep()
            for channel in self._by_stream.values():
                self._watch(channel)
                channel.second()


class _Link(asyncio.Protocol):
    """The open connection."""

    transport: asyncio.Transport

    def __init__(self, receive: Callable[[int, int, bytes], None]) -> None:
        self._reader = MessageReader()
        self._receive = receive
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's, so this cannot be asserted.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            for kind, channel, payload in self._reader.feed(data):
                self._receive(kind, channel, payload)
        except (ValueError, KeyError, struct.error):
            _log.error("live.media_protocol")
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio.Protocol
        if not self.closed.done():
            self.closed.set_result(None)

    def send(self, line: bytes) -> None:
        self.transport.write(line)


def _away() -> Json:
    return {"state": "late", "reason": "live.media_away"}


def _offline(reason: str) -> Json:
    return {"state": "offline", "reason": reason}


def _request(op: str, **words: object) -> bytes:
    return msgspec.json.encode({"op": op, **words}) + b"\n"


def _object(payload: bytes) -> Json:
    return msgspec.json.decode(payload, type=dict[str, Any])
