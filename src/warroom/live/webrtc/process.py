"""The WebRTC process: one connection to the recorder, one control socket, many peers."""

import asyncio
import contextlib
import faulthandler
import os
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from warroom.kernel.clock import Clock
from warroom.kernel.errors import WarRoomError
from warroom.kernel.ids import new_id
from warroom.kernel.log import logger
from warroom.live.contracts import Answered, Role
from warroom.live.errors import (
    CodecNotPlayableError,
    MediaAwayError,
    NoPictureError,
    OfferError,
    TooManyViewersError,
)
from warroom.live.hub import Hub
from warroom.live.settings import LiveSettings
from warroom.live.webrtc.feed import RtcFeed
from warroom.live.webrtc.peers import Peer
from warroom.live.webrtc.sdp import choose_video
from warroom.recording.api import sound_track

OPEN_S = 15.0
"""A peer that is not connected by then is given up."""

LOOK_S = 0.02
FROZEN_S = 10.0
DESCRIPTION_S = 4.0
LINE_MAX_BYTES = 200_000

_log = logger("live.webrtc")


class _Offer(msgspec.Struct, tag="offer", tag_field="op"):
    camera: str
    role: Role
    sdp: str


class _Close(msgspec.Struct, tag="close", tag_field="op"):
    session: str


class _Sessions(msgspec.Struct, tag="sessions", tag_field="op"):
    pass


class _Health(msgspec.Struct, tag="health", tag_field="op"):
    pass


_DECODER = msgspec.json.Decoder(_Offer | _Close | _Sessions | _Health)
_ENCODE = msgspec.json.encode


@dataclass(slots=True)
class Session:
    """One peer and what it looks at.

    Attributes:
        is_connected: Whether its browser has proved to be where it said (ICE, DTLS).
    """

    peer: Peer
    feed: RtcFeed
    since: float
    is_connected: bool = False


class Gateway:
    """Answers offers and sends frames until it is stopped.

    Args:
        media_socket: The recorder's fan-out socket.
        control_socket: Where `serve` asks.
        settings: Limits and addresses.
        clock: For durations.
        elsewhere_socket: Fan-out of the city's other nodes; None where this is the only one.
    """

    def __init__(
        self,
        media_socket: Path,
        control_socket: Path,
        settings: LiveSettings,
        clock: Clock,
        elsewhere_socket: Path | None = None,
    ) -> None:
        self._control_socket = control_socket
        self._settings = settings
        self._clock = clock
        self._hub: Hub[RtcFeed] = Hub(
            media_socket,
            settings,
            clock,
            lambda number, camera_id, role: RtcFeed(number, camera_id, role, settings.gop_bytes),
            elsewhere_socket,
        )
        self._sessions: dict[str, Session] = {}
        self._server: asyncio.Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Opens the control socket and connects to the recorder."""
        self._control_socket.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._serve, str(self._control_socket), limit=LINE_MAX_BYTES
        )
        self._control_socket.chmod(0o600)
        self._hub.start()
        self._task = asyncio.create_task(self._look_after_peers())

    async def stop(self) -> None:
        """Closes every peer before anything else ends: the library aborts otherwise."""
        for name in list(self._sessions):
            self._end(name)
        if self._server is not None:
            self._server.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._hub.stop()
        self._control_socket.unlink(missing_ok=True)

    async def answer(self, camera: str, role: Role, sdp: str) -> Answered:
        """Answers an offer; the peer is sent to as soon as it is connected.

        Raises:
            TooManyViewersError: As many are connected as may be.
            MediaAwayError: The recorder is away.
            NoPictureError: The camera is not described.
            CodecNotPlayableError: It sends no H.264.
            OfferError: The offer cannot be answered.
        """
        if not self._has_place():
            raise TooManyViewersError(limit=self._settings.webrtc_viewers_max)
        if not self._hub.is_connected:
            raise MediaAwayError
        try:
            feed = self._hub.follow(UUID(camera), role)
        except ValueError as error:
            raise OfferError from error
        if not await _until(lambda: feed.description is not None, DESCRIPTION_S):
            raise NoPictureError
        description = feed.description
        if description is None or not feed.is_playable:
            raise CodecNotPlayableError(codec=description.codec if description else "")
        video = choose_video(sdp, description.codec)
        ports = (self._settings.webrtc_port_begin, self._settings.webrtc_port_end)
        peer = Peer(sdp, video, self._settings.webrtc_bind_address, ports)
        try:
            answer = await peer.answer()
        except (TimeoutError, OfferError) as error:
            peer.close()
            raise OfferError from error
        self._make_room()
        name = str(new_id())
        self._sessions[name] = Session(peer, feed, self._clock.monotonic())
        feed.add(peer)
        sound = sound_track(description)
        return Answered(name, answer, None if sound is None else sound.mime)

    def _has_place(self) -> bool:
        """Whether one more may look; an offer is only words, so those who connected are counted."""
        connected = sum(session.is_connected for session in self._sessions.values())
        return connected < self._settings.webrtc_viewers_max

    def _make_room(self) -> None:
        """Gives up the oldest that have not connected, so that one more may try."""
        opening = [name for name, session in self._sessions.items() if not session.is_connected]
        for name in opening[: max(0, len(opening) + 1 - self._settings.webrtc_opening_max)]:
            self._end(name)

    def _end(self, name: str) -> None:
        session = self._sessions.pop(name, None)
        if session is not None:
            self._hub.leave(session.feed, session.peer)
            session.peer.close()

    async def _look_after_peers(self) -> None:
        """Polls states: what callbacks would tell, were they safe."""
        while True:
            await asyncio.sleep(LOOK_S)
            now = self._clock.monotonic()
            for name, session in list(self._sessions.items()):
                peer = session.peer
                if peer.is_over or not self._may_go_on(session, now):
                    self._end(name)
                    continue
                peer.listen()
                is_due = peer.waits_for_key or (peer.wants_key and peer.patience.allows(now))
                if is_due and peer.is_open:
                    session.feed.begin(peer, now)

    def _may_go_on(self, session: Session, now: float) -> bool:
        """Gives a peer that has connected its place; False if there is none left, or it is late."""
        if session.is_connected:
            return True
        if session.peer.is_open:
            session.is_connected = self._has_place()
            return session.is_connected
        return now - session.since <= OPEN_S

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            while line := await reader.readline():
                writer.write(_ENCODE(await self._reply(line)) + b"\n")
                await writer.drain()
        writer.close()

    async def _reply(self, line: bytes) -> dict[str, Any]:
        try:
            asked = _DECODER.decode(line)
        except msgspec.MsgspecError:
            return {"error": OfferError.code, "params": {}}
        match asked:
            case _Offer():
                try:
                    answered = await self.answer(asked.camera, asked.role, asked.sdp)
                except WarRoomError as error:
                    return {"error": error.code, "params": error.params}
                return asdict(answered)
            case _Close():
                self._end(asked.session)
                return {"closed": asked.session}
            case _Sessions():
                return {"sessions": list(self._sessions)}
        return {
            "ok": self._hub.is_connected,
            "sessions": len(self._sessions),
            "feeds": len(self._hub.channels),
        }


def run(
    media_socket: Path,
    control_socket: Path,
    settings: LiveSettings,
    clock: Clock,
    elsewhere_socket: Path | None = None,
) -> None:
    """Runs the process until SIGTERM or SIGINT; never returns."""
    gateway = Gateway(media_socket, control_socket, settings, clock, elsewhere_socket)
    asyncio.run(_run(gateway))
    # Threads of the library may still be winding down; leaving them to the destructor aborts.
    os._exit(0)


async def _run(gateway: Gateway) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await gateway.start()
    _log.info("live.webrtc_started")
    watch = asyncio.create_task(_stay_watched())
    await stopped.wait()
    watch.cancel()
    await gateway.stop()
    faulthandler.cancel_dump_traceback_later()


async def _stay_watched() -> None:
    """Puts the watchdog off every second; it runs in C, so it bites when Python stands still."""
    while True:
        faulthandler.dump_traceback_later(FROZEN_S, exit=True)
        await asyncio.sleep(1.0)


async def _until(claim: Callable[[], bool], timeout_s: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            while not claim():  # noqa: ASYNC110 - rare and short
                await asyncio.sleep(LOOK_S)
    return claim()
