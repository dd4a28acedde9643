"""A small blocking RTSP client for the tests of the simulated cameras."""

import re
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from simcity.rtsp import nal
from simcity.rtsp.login import Login, digest_response
from simcity.rtsp.packets import depacketise


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Packet:
    channel: int
    raw: bytes

    @property
    def marker(self) -> bool:
        return bool(self.raw[1] & 0x80)

    @property
    def sequence(self) -> int:
        return int(struct.unpack_from(">H", self.raw, 2)[0])

    @property
    def timestamp(self) -> int:
        return int(struct.unpack_from(">I", self.raw, 4)[0])

    @property
    def payload(self) -> bytes:
        return self.raw[12:]


@dataclass
class RtspClient:
    url: str
    timeout: float = 10.0
    session: str = ""
    _cseq: int = 0
    _inbox: bytes = b""
    sock: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        self.sock = socket.create_connection((parts.hostname, parts.port), self.timeout)

    def __enter__(self) -> "RtspClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def ask(self, method: str, url: str | None = None, **headers: str) -> Answer:
        self._cseq += 1
        lines = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self._cseq}"]
        if self.session:
            lines.append(f"Session: {self.session}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = self._answer()
        if answer.headers.get("session"):
            self.session = answer.headers["session"].partition(";")[0]
        return answer

    def _more(self) -> None:
        received = self.sock.recv(65536)
        if not received:
            raise ConnectionResetError
        self._inbox += received

    def _answer(self) -> Answer:
        while True:
            if self._inbox[:1] == b"$":
                self.packet()
                continue
            end = self._inbox.find(b"\r\n\r\n")
            if end >= 0:
                break
            self._more()
        first, *lines = self._inbox[:end].decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
        self._inbox = self._inbox[end + 4 :]
        length = int(headers.get("content-length", 0))
        while len(self._inbox) < length:
            self._more()
        body, self._inbox = self._inbox[:length].decode(), self._inbox[length:]
        return Answer(int(first.split(" ")[1]), headers, body)

    def packet(self) -> Packet:
        """The next interleaved packet."""
        while len(self._inbox) < 4 or len(self._inbox) < 4 + self._length():
            self._more()
        if self._inbox[:1] != b"$":
            raise ValueError(self._inbox[:40])
        length = self._length()
        packet = Packet(self._inbox[1], self._inbox[4 : 4 + length])
        self._inbox = self._inbox[4 + length :]
        return packet

    def _length(self) -> int:
        return int.from_bytes(self._inbox[2:4], "big")

    def play(self, *, audio: bool = False, channel: int = 0) -> str:
        """Describe, set up, play; return the session description."""
        described = self.ask("DESCRIBE")
        assert described.status == 200, described
        self.setup(0, channel)
        if audio:
            self.setup(1, channel + 2)
        assert self.ask("PLAY").status == 200
        return described.body

    def setup(self, track: int, channel: int) -> Answer:
        transport = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
        return self.ask("SETUP", f"{self.url}/trackID={track}", Transport=transport)

    def pictures(self, count: int, channel: int = 0) -> list[list[Packet]]:
        """The packets of the next whole pictures."""
        taken: list[list[Packet]] = [[]]
        while len(taken) <= count:
            packet = self.packet()
            if packet.channel != channel:
                continue
            taken[-1].append(packet)
            if packet.marker:
                taken.append([])
        return taken[:count]

    def report(self, channel: int = 1) -> tuple[float, int]:
        """NTP time (as seconds since 1970) and RTP timestamp of the next sender report."""
        while True:
            packet = self.packet()
            if packet.channel == channel:
                whole, part, stamp = struct.unpack_from(">III", packet.raw, 8)
                return whole - 2_208_988_800 + part / 2**32, stamp

    def is_closed(self, within: float = 5.0) -> bool:
        self.sock.settimeout(0.2)
        until = time.monotonic() + within
        while time.monotonic() < until:
            try:
                if not self.sock.recv(65536):
                    return True
            except TimeoutError:
                continue
            except OSError:
                return True
        return False


def units_of(codec: nal.Codec, picture: list[Packet]) -> list[bytes]:
    return depacketise(codec, [packet.payload for packet in picture])


def authorization(login: Login, method: str, uri: str, challenge: str, count: int = 1) -> str:
    """The `Authorization` header that answers a Digest challenge."""
    offered: dict[str, Any] = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    given = {
        "username": login.username,
        "realm": offered["realm"],
        "nonce": offered["nonce"],
        "uri": uri,
        "algorithm": offered["algorithm"],
        "qop": "auth",
        "nc": f"{count:08x}",
        "cnonce": "abc",
    }
    given["response"] = digest_response(login, method, given)
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in given.items())
