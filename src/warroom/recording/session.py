"""One RTSP session with one camera, on non-blocking sockets: from the connection to the frames.

RTP comes interleaved in the RTSP connection or over UDP; one falls back to the other when the
camera answers 461. Everything the camera may send is bounded; what breaks the protocol ends this
session alone with a `StreamError`.
"""

import contextlib
import secrets
import select
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from warroom.recording.assembler import Assembler
from warroom.recording.audio import AudioReceiver
from warroom.recording.budget import Budget
from warroom.recording.depacketize import Reorder, VideoReceiver, video_receiver
from warroom.recording.errors import Cause, StreamError
from warroom.recording.rtsp import (
    Challenge,
    Credentials,
    Message,
    Transport,
    authorization,
    join_control,
    read_challenge,
    read_message,
    read_session,
    read_transport,
)
from warroom.recording.rules import Target
from warroom.recording.sdp import Description, read_sdp

READ_BYTES = 98_304
"""Read at once: several pictures of an ordinary camera; more comes with the next turn."""
BATCH_BYTES = 65_536
"""Bytes that wake a paced session before its time."""
KEY_GUARD_S = 0.025
"""A paced session listens to every packet from this long before a key frame is due."""
SEND_LIMIT = 65_536
DATAGRAMS_AT_ONCE = 128
_RECEIVE_BUFFER = 1 << 19
_UDP_BUFFER = 1 << 21
_REPORT_EVERY_S = 5.0
_DOLLAR = 0x24
_READABLE = select.EPOLLIN
_EXPECTED_STATUS = {
    400: Cause.PROTOCOL,
    401: Cause.AUTH,
    403: Cause.AUTH,
    404: Cause.NOT_FOUND,
    415: Cause.NOT_VIDEO,
    453: Cause.REFUSED,
    454: Cause.CLOSED,
    461: Cause.TRANSPORT,
    503: Cause.REFUSED,
}

type OnEvent = Callable[[int, float], None]


class Loop(Protocol):
    """The part of the engine's loop that a session needs."""

    def watch(self, handle: int, events: int, on_event: OnEvent) -> None:
        """Calls `on_event(events, now)` whenever the handle is ready."""
        ...

    def change(self, handle: int, events: int) -> None:
        """Waits for other events."""
        ...

    def forget(self, handle: int) -> None:
        """Waits no longer."""
        ...

    def call_at(self, at: float, call: Callable[[float], None]) -> None:
        """Calls `call(now)` once, soon after `at`; it cannot be taken back."""
        ...


class Owner(Protocol):
    """Who runs a session."""

    def session_ended(self, error: StreamError) -> None:
        """The session is over; its sockets are closed."""
        ...

    @property
    def budget(self) -> Budget:
        """What the camera may still send."""
        ...


@dataclass(frozen=True, slots=True)
class _Step:
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]


class _UdpPair:
    """Two neighbouring UDP ports, RTP on the even one."""

    def __init__(self, family: int) -> None:
        for _ in range(32):
            rtp = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            rtcp = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            try:
                rtp.bind(("", 0))
                self.port = rtp.getsockname()[1]
                if self.port % 2 == 0:
                    rtcp.bind(("", self.port + 1))
                    rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UDP_BUFFER)
                    self.rtp, self.rtcp = rtp, rtcp
                    return
            except OSError:
                pass
            rtp.close()
            rtcp.close()
        raise StreamError(Cause.TRANSPORT, "no free UDP ports")

    @property
    def sockets(self) -> tuple[socket.socket, socket.socket]:
        """RTP and RTCP."""
        return (self.rtp, self.rtcp)

    def close(self) -> None:
        """Gives the ports back."""
        self.rtp.close()
        self.rtcp.close()


class Session:
    """The life of one connection.

    Args:
        loop: Where its sockets are waited for.
        owner: Told when it plays and when it ends.
        assembler: Gets the frames.
        target: Where the camera is.
        login: Empty user name means none.
        transport: `tcp` or `udp`, tried first.
        now: Seconds since 1970.

    Attributes:
        wakes_at: Bytes that wait before the kernel wakes us; 1 while every packet does.
    """

    __slots__ = (
        "_aggregate",
        "_answered",
        "_assembler",
        "_audio",
        "_base",
        "_budget",
        "_challenge",
        "_channels",
        "_cseq",
        "_has_fallen_back",
        "_login",
        "_look_at",
        "_loop",
        "_next_keepalive",
        "_next_report",
        "_nonce_count",
        "_out",
        "_owner",
        "_pace_s",
        "_pairs",
        "_public",
        "_report_to",
        "_rest",
        "_round_trip_s",
        "_sent_at",
        "_server",
        "_session",
        "_socket",
        "_ssrc",
        "_step",
        "_timeout_s",
        "_transport",
        "_tries",
        "description",
        "is_connected",
        "is_over",
        "is_playing",
        "played_at",
        "started_at",
        "target",
        "video",
        "wakes_at",
    )

    def __init__(
        self,
        loop: Loop,
        owner: Owner,
        assembler: Assembler,
        target: Target,
        login: Credentials,
        transport: str,
        now: float,
    ) -> None:
        self.target = target
        self.is_connected = False
        self.is_playing = False
        self.is_over = False
        self.started_at = now
        self.played_at = 0.0
        self.video: VideoReceiver | None = None
        self.description: Description | None = None
        self._loop = loop
        self._owner = owner
        self._budget = owner.budget
        self._assembler = assembler
        self._login = login
        self._transport = transport
        self._has_fallen_back = False
        self._socket: socket.socket | None = None
        self._server = ""
        self._rest = b""
        self._out = b""
        self._cseq = 0
        self._step: _Step | None = None
        self._answered: Callable[[Message, float], None] | None = None
        self._sent_at = now
        self._round_trip_s = float("inf")
        self._challenge: Challenge | None = None
        self._nonce_count = 0
        self._tries = 0
        self._public: set[str] = set()
        self._base = target.url
        self._aggregate = target.url
        self._session = ""
        self._timeout_s = 60.0
        self._next_keepalive = float("inf")
        self._next_report = float("inf")
        self._audio: AudioReceiver | None = None
        self._channels: dict[int, str] = {}
        self._pairs: dict[str, _UdpPair] = {}
        self._ssrc = secrets.randbits(32)
        self._report_to: tuple[socket.socket, int] | None = None
        self._pace_s = 0.0
        self.wakes_at = 1
        self._look_at = 0.0

    # -- connecting

    def connect(self, family: int, address: str) -> None:
        """Begins to connect to an address that was checked.

        Raises:
            StreamError: It is refused at once.
        """
        self._server = address.partition("%")[0]
        stream = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._socket = stream
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            stream.connect((address, self.target.port))
        except BlockingIOError:
            pass
        except OSError as error:
            stream.close()
            self.is_over = True
            raise StreamError(Cause.UNREACHABLE, str(error.strerror)) from error
        self._loop.watch(stream.fileno(), select.EPOLLOUT, self._on_connected)

    def _on_connected(self, events: int, now: float) -> None:
        del events
        assert self._socket is not None  # noqa: S101 - watched only while open
        self._loop.forget(self._socket.fileno())
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            cause = Cause.REFUSED if error == 111 else Cause.UNREACHABLE
            self.fail(StreamError(cause, f"errno {error}"))
            return
        self.is_connected = True
        self._loop.watch(self._socket.fileno(), select.EPOLLIN, self._on_stream)
        try:
            self._request("OPTIONS", self.target.url, self._on_options, now)
        except StreamError as failure:
            self.fail(failure)

    # -- requests and answers

    def _request(
        self,
        method: str,
        url: str,
        answered: Callable[[Message, float], None],
        now: float,
        *headers: tuple[str, str],
    ) -> None:
        self._step = _Step(method, url, headers)
        self._answered = answered
        self._tries = 0
        self._send_step(now)

    def _send_step(self, now: float) -> None:
        step = self._step
        assert step is not None  # noqa: S101 - set by `_request`
        self._cseq += 1
        self._sent_at = now
        lines = [f"{step.method} {step.url} RTSP/1.0", f"CSeq: {self._cseq}"]
        if self._challenge is not None:
            self._nonce_count += 1
            answer = authorization(
                self._challenge,
                self._login,
                step.method,
                step.url,
                count=self._nonce_count,
                cnonce=secrets.token_hex(8),
            )
            lines.append(f"Authorization: {answer}")
        if self._session:
            lines.append(f"Session: {self._session}")
        lines += [f"{name}: {value}" for name, value in step.headers]
        lines.append("User-Agent: WarRoom")
        self._send(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace"))

    def _send(self, message: bytes) -> None:
        if self._socket is None:
            return
        if not self._out:
            try:
                sent = self._socket.send(message)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                raise StreamError(Cause.CLOSED, str(error.strerror)) from error
            message = message[sent:]
        self._out += message
        if len(self._out) > SEND_LIMIT:
            raise StreamError(Cause.PROTOCOL, "camera does not read")
        if self._out:
            self._loop.change(self._socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _flush_first(self, events: int) -> bool:
        """Sends what waits when the camera takes it; whether there is something to read too."""
        if events & select.EPOLLOUT and self._out:
            self._flush()
        return bool(events & ~select.EPOLLOUT)

    def _flush(self) -> None:
        assert self._socket is not None  # noqa: S101 - watched only while open
        try:
            sent = self._socket.send(self._out)
        except BlockingIOError:
            return
        self._out = self._out[sent:]
        if not self._out:
            self._loop.change(self._socket.fileno(), select.EPOLLIN)

    def _on_message(self, message: Message, now: float) -> None:
        if message.method:
            self._refuse_request(message)
            return
        if self._answered is None or message.cseq not in (-1, self._cseq):
            return
        self._round_trip_s = min(self._round_trip_s, now - self._sent_at)
        if message.status == 401:
            self._authenticate(message, now)
            return
        if 300 <= message.status < 400:
            # RFC 2326 section 11.3 lets a client follow; a hostile camera would choose whom we
            # connect to and record under its name.
            raise StreamError(Cause.REDIRECT, "not followed")
        answered, self._answered = self._answered, None
        answered(message, now)

    def _refuse_request(self, message: Message) -> None:
        """A camera's own request: it is told that we do not do that."""
        status = (
            "200 OK" if message.method in ("OPTIONS", "GET_PARAMETER") else "501 Not Implemented"
        )
        self._send(f"RTSP/1.0 {status}\r\nCSeq: {max(0, message.cseq)}\r\n\r\n".encode())

    def _authenticate(self, message: Message, now: float) -> None:
        if not self._login.username:
            raise StreamError(Cause.AUTH, "camera asks for a login")
        challenge = read_challenge(message.headers.get("www-authenticate", []))
        had = self._challenge
        self._tries += 1
        is_new = had is None or (
            challenge.scheme == "digest" and (challenge.is_stale or challenge.nonce != had.nonce)
        )
        if self._tries > 2 or not is_new or (self._tries == 2 and not challenge.is_stale):
            raise StreamError(Cause.AUTH, "login refused")
        self._challenge = challenge
        self._nonce_count = 0
        self._send_step(now)

    def _check(self, message: Message, what: str) -> None:
        if message.status == 200:
            return
        cause = _EXPECTED_STATUS.get(message.status, Cause.PROTOCOL)
        raise StreamError(cause, f"{what} answered {message.status}")

    # -- the hand-shake

    def _on_options(self, message: Message, now: float) -> None:
        words = ",".join(message.headers.get("public", [])).upper().split(",")
        self._public = {word.strip() for word in words}
        self._request(
            "DESCRIBE", self.target.url, self._on_described, now, ("Accept", "application/sdp")
        )

    def _on_described(self, message: Message, now: float) -> None:
        self._check(message, "DESCRIBE")
        self.description = read_sdp(message.body)
        base = message.header("content-base") or message.header("content-location")
        if base.lower().startswith("rtsp://") and len(base) < 2048:
            self._base = join_control(base, "")
        self._aggregate = join_control(self._base, self.description.control)
        track = self.description.video
        self.video = video_receiver(self._assembler, track.codec, track.payload_type, track.sets)
        if self.description.audio is not None:
            self._audio = AudioReceiver(self.description.audio)
        self._set_up("video", now)

    def _set_up(self, name: str, now: float) -> None:
        assert self.description is not None  # noqa: S101 - after DESCRIBE
        track = self.description.video if name == "video" else self.description.audio
        assert track is not None  # noqa: S101 - asked by the callers
        url = join_control(self._base, track.control)
        if self._transport == "tcp":
            first = 0 if name == "video" else 2
            value = f"RTP/AVP/TCP;unicast;interleaved={first}-{first + 1}"
        else:
            pair = self._pairs.get(name)
            if pair is None:
                assert self._socket is not None  # noqa: S101 - connected
                pair = self._pairs[name] = _UdpPair(self._socket.family)
            value = f"RTP/AVP;unicast;client_port={pair.port}-{pair.port + 1}"
        self._request(
            "SETUP",
            url,
            lambda message, at: self._on_set_up(name, message, at),
            now,
            ("Transport", value),
        )

    def _on_set_up(self, name: str, message: Message, now: float) -> None:
        if message.status == 461 and name == "video" and not self._has_fallen_back:
            self._has_fallen_back = True
            self._transport = "udp" if self._transport == "tcp" else "tcp"
            self._set_up(name, now)
            return
        if name == "video":
            self._check(message, "SETUP")
        if message.status == 200:
            if message.header("session"):
                self._session, self._timeout_s = read_session(message.header("session"))
            self._use_transport(name, read_transport(message.header("transport")))
        else:
            self._audio = None
        assert self.description is not None  # noqa: S101 - after DESCRIBE
        if name == "video" and self.description.audio is not None:
            self._set_up("audio", now)
            return
        audio = self.description.audio if self._audio is not None else None
        round_trip_s = self._round_trip_s if self._round_trip_s < 60 else 0.0
        self._assembler.begin_run(audio.format if audio else None, round_trip_s)
        self._request("PLAY", self._aggregate, self._on_play, now, ("Range", "npt=0.000-"))

    def _use_transport(self, name: str, answer: Transport) -> None:
        assert self.video is not None  # noqa: S101 - after DESCRIBE
        if self._transport == "tcp":
            default = (0, 1) if name == "video" else (2, 3)
            rtp, rtcp = answer.channels or default
            if rtp in self._channels:
                raise StreamError(Cause.PROTOCOL, "interleaved channels used twice")
            self._channels[rtp] = name
            self._channels[rtcp] = f"{name} rtcp"
            if name == "video":
                self.video.channel = rtp
            return
        self.video.channel = -1
        pair = self._pairs[name]
        reorder = Reorder()
        self._loop.watch(
            pair.rtp.fileno(),
            select.EPOLLIN,
            lambda _, now: self._on_datagrams(pair.rtp, name, reorder, now),
        )
        self._loop.watch(
            pair.rtcp.fileno(),
            select.EPOLLIN,
            lambda _, now: self._on_datagrams(pair.rtcp, f"{name} rtcp", None, now),
        )
        if answer.server_ports is not None:
            if name == "video":
                self._report_to = (pair.rtcp, answer.server_ports[1])
            for port, endpoint in zip(answer.server_ports, (pair.rtp, pair.rtcp), strict=True):
                if port:
                    with contextlib.suppress(OSError):
                        endpoint.sendto(b"\x80\0\0\0" + bytes(8), (self._server, port))

    def _on_play(self, message: Message, now: float) -> None:
        self._check(message, "PLAY")
        self.is_playing = True
        self.played_at = now
        self._next_keepalive = now + self._timeout_s / 2
        self._next_report = now + _REPORT_EVERY_S

    # -- what comes

    def _on_stream(self, events: int, now: float) -> None:
        stream = self._socket
        assert stream is not None  # noqa: S101 - watched only while open
        try:
            if events != _READABLE and not self._flush_first(events):
                return
            received = stream.recv(READ_BYTES)
            if not received:
                self.fail(StreamError(Cause.CLOSED, "end of stream"))
                return
            self._budget.spend(len(received))
            if self._rest:
                received = self._rest + received
            position = 0 if self.video is None else self.video.take(received, 0, now)
            if position != len(received):
                position = self._take(received, position, now)
            self._rest = received[position:]
            if self._pace_s:
                self._plan(now)
        except BlockingIOError:
            return
        except StreamError as error:
            self.fail(error)
        except OSError as error:
            self.fail(StreamError(Cause.CLOSED, str(error.strerror)))

    def _take(self, received: bytes, position: int, now: float) -> int:
        """Takes packets and messages; returns where the incomplete rest begins."""
        end = len(received)
        video = self.video
        while end - position >= 4:
            if received[position] != _DOLLAR:
                message, after = read_message(received, position)
                if message is None:
                    break
                position = after
                self._on_message(message, now)
                if self.is_over:
                    return end
                video = self.video
                continue
            after = position + 4 + (received[position + 2] << 8 | received[position + 3])
            if after > end:
                break
            self._on_packet(
                self._channels.get(received[position + 1], ""), received, position + 4, after, now
            )
            position = after
            if video is not None:
                position = video.take(received, position, now)
        return position

    def _on_packet(self, kind: str, received: bytes, start: int, end: int, now: float) -> None:
        if kind == "video":
            assert self.video is not None  # noqa: S101 - channels exist after SETUP
            self.video.packet(received, start, end, now)
        elif kind == "audio" and self._audio is not None:
            frames = self._audio.packet(received, start, end)
            if frames:
                self._assembler.audio(frames, now)
        elif kind.endswith("rtcp"):
            self._on_rtcp(kind, received[start:end])

    def _on_rtcp(self, kind: str, packet: bytes) -> None:
        position = 0
        while position + 8 <= len(packet):
            first, kind_number, words = struct.unpack_from(">BBH", packet, position)
            after = position + 4 + 4 * words
            if first >> 6 != 2 or after > len(packet):
                return
            if kind_number == 200 and words >= 6:
                ntp, stamp = struct.unpack_from(">QI", packet, position + 8)
                if kind.startswith("video"):
                    self._assembler.video_report(ntp, stamp)
                else:
                    self._assembler.audio_report(ntp, stamp)
            elif kind_number == 203 and kind.startswith("video"):
                raise StreamError(Cause.CLOSED, "camera said goodbye")
            position = after

    def _on_datagrams(
        self, endpoint: socket.socket, kind: str, reorder: Reorder | None, now: float
    ) -> None:
        try:
            for _ in range(DATAGRAMS_AT_ONCE):
                if self.is_over:
                    return
                datagram, address = endpoint.recvfrom(65_536)
                if address[0].partition("%")[0].removeprefix("::ffff:") != self._server:
                    continue
                self._budget.spend(len(datagram))
                if reorder is None:
                    self._on_packet(kind, datagram, 0, len(datagram), now)
                    continue
                for packet in reorder.push(datagram):
                    self._on_packet(kind, packet, 0, len(packet), now)
        except BlockingIOError:
            return
        except StreamError as error:
            self.fail(error)
        except OSError:
            return  # an ICMP answer to what we sent; the watchdog decides

    # -- time

    def pace(self, pace_s: float, now: float) -> None:
        """Takes packets in up to `pace_s` at a time where that loses nothing; 0: as they come.

        Waking costs more than taking a frame in. A kill of the recorder loses the open GOP, read
        or not; so between key frames the kernel may keep the bytes (socket(7), SO_RCVLOWAT; Linux,
        TCP only). From shortly before the next key frame is due until the GOP before it is on its
        way to the disk, every packet wakes us, and always where key frames come at no steady pace.
        An end of the stream wakes at once all the same.
        """
        if self._transport != "tcp" or self._socket is None or pace_s == self._pace_s:
            return
        self._pace_s = pace_s
        self._plan(now)

    def _plan(self, now: float) -> None:
        """Decides what wakes us next: any packet, or many bytes and a look at the clock."""
        due = self._assembler.key_due_s() if self._pace_s else None
        if due is None or now >= due - KEY_GUARD_S:
            self._wake_at(1)
            return
        self._wake_at(BATCH_BYTES)
        if self._look_at <= now:
            self._look_at = min(now + self._pace_s, due - KEY_GUARD_S)
            self._loop.call_at(self._look_at, self._look)

    def _wake_at(self, mark: int) -> None:
        if mark != self.wakes_at and self._socket is not None:
            self.wakes_at = mark
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, mark)

    def _look(self, now: float) -> None:
        """Takes in what waits below the mark."""
        if self.is_over or self.wakes_at == 1 or now < self._look_at:
            return
        self._on_stream(_READABLE, now)
        if self._look_at <= now:
            self._plan(now)

    def tick(self, now: float) -> None:
        """Called about twice a second."""
        if self._answered is not None and now >= self._next_keepalive + 30:
            self.fail(StreamError(Cause.TIMEOUT, "no answer to the keep-alive"))
            return
        try:
            if now >= self._next_keepalive and self._answered is None:
                self._next_keepalive = now + self._timeout_s / 2
                method = "GET_PARAMETER" if "GET_PARAMETER" in self._public else "OPTIONS"
                self._request(method, self._aggregate, self._on_kept_alive, now)
            if now >= self._next_report:
                self._next_report = now + _REPORT_EVERY_S
                self._report()
        except StreamError as error:
            self.fail(error)

    def _on_kept_alive(self, message: Message, now: float) -> None:
        del now
        if message.status == 454:
            raise StreamError(Cause.CLOSED, "camera forgot the session")
        if message.status in (405, 501, 551):
            self._public.discard("GET_PARAMETER")

    def _report(self) -> None:
        """An empty receiver report: some cameras end a session that sends none."""
        if self.video is None or self.video.ssrc < 0:
            return
        highest = (self.video.next_seq - 1) & 0xFFFF
        report = struct.pack(
            ">BBHIIIIIII", 0x81, 201, 7, self._ssrc, self.video.ssrc, 0, highest, 0, 0, 0
        )
        if self._transport == "tcp":
            channel = self.video.channel + 1
            self._send(struct.pack(">BBH", _DOLLAR, channel, len(report)) + report)
        elif self._report_to is not None and self._report_to[1]:
            with contextlib.suppress(OSError):
                self._report_to[0].sendto(report, (self._server, self._report_to[1]))

    # -- the end

    def owns(self, handle: int) -> bool:
        """Whether one of its sockets has this number."""
        sockets = [pair_socket for pair in self._pairs.values() for pair_socket in pair.sockets]
        if self._socket is not None:
            sockets.append(self._socket)
        return any(one.fileno() == handle for one in sockets)

    def crash(self) -> None:
        """Ends the session after a fault of ours."""
        self.fail(StreamError(Cause.PROTOCOL, "could not be understood"))

    def fail(self, error: StreamError) -> None:
        """Ends the session and tells its owner why."""
        if self.is_over:
            return
        self._close()
        self._owner.session_ended(error)

    def close(self) -> None:
        """Ends the session politely, without telling anybody but the camera."""
        if self.is_over:
            return
        if self.is_playing and self._session:
            with contextlib.suppress(StreamError, OSError):
                self._answered = None
                self._request("TEARDOWN", self._aggregate, lambda *_: None, 0.0)
        self._close()

    def _close(self) -> None:
        self.is_over = True
        self.is_playing = False
        if self._socket is not None:
            self._loop.forget(self._socket.fileno())
            self._socket.close()
            self._socket = None
        for pair in self._pairs.values():
            self._loop.forget(pair.rtp.fileno())
            self._loop.forget(pair.rtcp.fileno())
            pair.close()
        self._pairs.clear()
        self._rest = b""
