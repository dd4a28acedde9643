"""A camera that sends exactly the pictures a test asks for, when it asks for them."""

import socket
import struct
import threading
from itertools import count
from types import TracebackType

from simcity.rtsp.clip import Clip
from simcity.rtsp.packets import packetise_unit
from simcity.rtsp.sdp import describe

TICKS = 6000
"""90 kHz ticks of a picture: 15 a second."""


class ScriptedCamera:
    """Answers one RTSP client over TCP; `send` gives it pictures."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._server = socket.create_server(("127.0.0.1", 0))
        self._client: socket.socket | None = None
        self._is_playing = threading.Event()
        self._sequence = count()
        self._sent = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self._server.getsockname()[1]}/1"

    def __enter__(self) -> "ScriptedCamera":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in (self._server, self._client):
            if one is not None:
                one.close()

    def _serve(self) -> None:
        try:
            self._client, _ = self._server.accept()
            reader = self._client.makefile("rb")
            while not self._is_playing.is_set():
                self._answer(reader.readline().split(), reader)
        except OSError:
            return  # the test is over

    def _answer(self, request: list[bytes], reader: socket.SocketIO) -> None:
        headers: dict[bytes, bytes] = {}
        while line := reader.readline().strip():
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        more, body = b"", b""
        if request[0] == b"DESCRIBE":
            body = describe(self._clip, None, "scripted").encode()
            more = b"Content-Type: application/sdp\r\nContent-Length: %d\r\n" % len(body)
        elif request[0] == b"SETUP":
            more = b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
        assert self._client is not None
        head = b"RTSP/1.0 200 OK\r\nCSeq: %b\r\n%b\r\n" % (headers[b"cseq"], more)
        self._client.sendall(head + body)
        if request[0] == b"PLAY":
            self._is_playing.set()

    def send(self, *, key: bool = False, lacking: int = 0) -> None:
        """Sends the next picture, a key frame or not, without its last `lacking` packets."""
        assert self._is_playing.wait(10)
        assert self._client is not None
        units = self._clip.units[0 if key else 1]
        payloads = packetise_unit(self._clip.codec, units)
        stamp, self._sent = self._sent * TICKS, self._sent + 1
        content = bytearray()
        for number, payload in enumerate(payloads[: len(payloads) - lacking], 1):
            second = 96 | (0x80 if number == len(payloads) else 0)
            head = struct.pack(">BBHII", 0x80, second, next(self._sequence), stamp, 77)
            content += struct.pack(">BBH", 0x24, 0, len(head + payload)) + head + payload
        self._client.sendall(content)
