"""One RTSP connection: what it said, what is still to be sent to it, where its packets go."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from simcity.rtsp.login import Door
from simcity.rtsp.stream import Batch, Stream

BACKLOG_BYTES = 2_000_000  # a viewer that does not read loses pictures beyond this
REQUEST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Interleaved:
    """Packets go into the RTSP connection on `channel`, reports on the one after it."""

    channel: int


@dataclass(frozen=True, slots=True)
class Datagrams:
    """Packets go to these UDP addresses."""

    rtp: tuple[str, int]
    rtcp: tuple[str, int]


Transport = Interleaved | Datagrams


@dataclass(frozen=True, slots=True)
class Outlets:
    """The UDP sockets that all cameras send from; None where UDP is not offered."""

    rtp: socket.socket | None
    rtcp: socket.socket | None


@dataclass(frozen=True, slots=True)
class Request:
    """An RTSP request; header names are in lower case."""

    method: str
    url: str
    headers: dict[str, str]


class BadRequestError(Exception):
    """What arrived is not RTSP."""


@dataclass(slots=True, eq=False)
class Viewer:
    """State of one connection.

    `rate_bytes_s` above 0 drips the output; `supply` gives more output whenever the socket takes
    it (an answer without end); `closing` closes the connection once all is sent.
    """

    sock: socket.socket
    peer: str
    outlets: Outlets
    touched_s: float
    want_write: "Callable[[Viewer, bool], None]"
    door: Door = field(default_factory=Door)
    session: str = ""
    stream: Stream | None = None
    playing: bool = False
    video: Transport | None = None
    audio: Transport | None = None
    reported: bool = False
    rate_bytes_s: float = 0.0
    supply: Iterator[bytes] | None = None
    closing: bool = False
    dead: bool = False
    dropped: int = 0
    _inbox: bytes = b""
    _outbox: bytes = b""

    @property
    def backlog(self) -> int:
        """Bytes that wait for the socket."""
        return len(self._outbox)

    # -- output ---------------------------------------------------------------------------------
    def say(self, answer: bytes) -> None:
        """Send an answer; it is never dropped."""
        self._send(answer)

    def deliver(self, video: Batch, sound: Batch | None, reports: tuple[bytes, bytes]) -> None:
        """Send one picture, the sound during it and the sender reports (empty when not due)."""
        where = self.video
        if type(where) is Interleaved and where.channel == 0 and sound is None and not reports[0]:
            self._send_media(video.buffer)
            return
        inline = self._through(self.video, video, reports[0])
        if sound is not None:
            inline += self._through(self.audio, sound, reports[1])
        if inline:
            self._send_media(inline)

    def _through(self, where: Transport | None, packets: Batch, report: bytes) -> bytes:
        """Return what belongs into the connection; datagrams are sent at once."""
        if where is None:
            return b""
        if isinstance(where, Datagrams):
            self._send_datagrams(where, packets, report)
            return b""
        head = b""
        if report:
            head = bytes([0x24, where.channel + 1]) + len(report).to_bytes(2, "big") + report
        body = bytearray(packets.buffer)
        if where.channel:
            for start, _ in packets.spans:
                body[start - 3] = where.channel
        return head + bytes(body)

    def _send_datagrams(self, where: Datagrams, packets: Batch, report: bytes) -> None:
        if self.outlets.rtp is None or self.outlets.rtcp is None:
            return
        view = memoryview(packets.buffer)
        try:
            if report:
                self.outlets.rtcp.sendto(report, where.rtcp)
            for start, end in packets.spans:
                self.outlets.rtp.sendto(view[start:end], where.rtp)
        except OSError:  # full buffer or unreachable port: datagrams get lost, as they do
            self.dropped += 1

    def _send_media(self, media: bytes | bytearray) -> None:
        if self.supply is not None or len(self._outbox) > BACKLOG_BYTES:
            self.dropped += 1
            return
        self._send(media)

    def _send(self, output: bytes | bytearray) -> None:
        if self.dead:
            return
        if self._outbox or self.rate_bytes_s:
            self._outbox += output
            return
        sent = self._try_send(output)
        if sent < len(output):
            self._outbox = bytes(output[sent:])
            self.want_write(self, True)

    def _try_send(self, output: bytes | bytearray) -> int:
        try:
            return self.sock.send(output)
        except BlockingIOError:
            return 0
        except OSError:
            self.dead = True
            return len(output)

    def writable(self) -> None:
        """Send more of what waits."""
        if self.rate_bytes_s:
            self.want_write(self, False)
            return
        if not self._outbox and self.supply is not None:
            self._outbox = next(self.supply, b"")
            if not self._outbox:
                self.supply, self.closing = None, True
        self._outbox = self._outbox[self._try_send(self._outbox) :]
        if not self._outbox and self.supply is None:
            self.want_write(self, False)
            self.dead = self.dead or self.closing

    def pour(self, chunks: Iterator[bytes]) -> None:
        """Answer with all chunks, as fast as the viewer takes them, then close."""
        self.supply = chunks
        self.want_write(self, True)

    def drip(self, seconds: float) -> None:
        """Send what a slow camera sends in that many seconds."""
        allowed = max(1, int(self.rate_bytes_s * seconds))
        if self._outbox:
            sent = self._try_send(self._outbox[:allowed])
            self._outbox = self._outbox[sent:]
        self.dead = self.dead or (self.closing and not self._outbox)

    def hasten(self) -> None:
        """Stop dripping; what has waited goes out as fast as it can."""
        self.rate_bytes_s = 0.0
        if self._outbox:
            self.want_write(self, True)

    # -- input ----------------------------------------------------------------------------------
    def requests(self, received: bytes) -> Iterator[Request | None]:
        """Yield the requests that are complete now; None stands for an RTCP packet.

        Raises:
            BadRequestError: what arrived is not RTSP, or a request of more than 64 KiB.
        """
        self._inbox += received
        while self._inbox:
            if self._inbox[0] == 0x24:
                if len(self._inbox) < 4:
                    return
                end = 4 + int.from_bytes(self._inbox[2:4], "big")
                if len(self._inbox) < end:
                    return
                self._inbox = self._inbox[end:]
                yield None
                continue
            end = self._inbox.find(b"\r\n\r\n")
            if end < 0:
                if len(self._inbox) > REQUEST_BYTES:
                    raise BadRequestError
                return
            request = parse_request(self._inbox[:end].decode("latin-1"))
            body = request.headers.get("content-length", "0")
            if not body.isdecimal() or int(body) > REQUEST_BYTES:
                raise BadRequestError
            if len(self._inbox) < end + 4 + int(body):
                return
            self._inbox = self._inbox[end + 4 + int(body) :]
            yield request


def parse_request(text: str) -> Request:
    """Return the request of a header block.

    Raises:
        BadRequestError: the first line is not that of an RTSP request.
    """
    first, *lines = text.split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("RTSP/"):
        raise BadRequestError
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Request(words[0], words[1], headers)
