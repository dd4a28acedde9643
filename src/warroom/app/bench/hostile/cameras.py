"""Hostile cameras beside honest ones, on one recorder and one small disk.

A greedy one sends as fast as the line takes, others an endless header, an SDP of a megabyte,
interleaved packets nobody asked for, and messages without end. The figure of the greedy one is
how many seconds of footage the worst of the honest cameras kept.
"""

import json
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import psutil

from warroom.app.bench.hostile.field import Check, Field
from warroom.recording.contracts import Kind, MessageReader

HONEST = 4
HONEST_BYTES_S = 100_000
CEILING_KBIT_S = 24_000
BURST_S = 10.0
GREEDY_BYTES_S = 33_000_000
RSS_MOST_MB = 300
KEPT_SHARE = 0.75
_FPS = 15
_SPS, _PPS = "Z0LAHtkDxWhAAAADAEAAAAwDxYuS", "aMuMsg=="
_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\n"
    f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={_SPS},{_PPS}\r\n"
    "a=control:1\r\n"
)

type Answer = Callable[["_Camera", socket.socket, str, int], bool]


class _Camera:
    """A listening socket that answers RTSP as it is told, one thread for each connection.

    Args:
        answer: Called with the camera, the socket, the method and its CSeq; False ends.
        bytes_s: Video sent after PLAY.
    """

    def __init__(self, answer: Answer, bytes_s: int = 0) -> None:
        self.bytes_s = bytes_s
        self.sent = 0
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/1"
        self.camera_id = str(uuid5(NAMESPACE_URL, self.url))
        self._open: set[socket.socket] = set()
        self._is_over = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._is_over = True
        for one in (self._listener, *tuple(self._open)):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def send(self, stream: socket.socket, content: bytes) -> None:
        stream.sendall(content)
        self.sent += len(content)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                stream, _ = self._listener.accept()
                self._open.add(stream)
                threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream: socket.socket) -> None:
        with suppress(OSError, ValueError), stream, stream.makefile("rb") as reader:
            while not self._is_over:
                words = reader.readline().split()
                if len(words) != 3:
                    return
                sequence = 0
                while line := reader.readline().strip():
                    name, _, value = line.partition(b":")
                    if name.lower() == b"cseq":
                        sequence = int(value)
                if not self._answer(self, stream, words[0].decode(), sequence):
                    return
        self._open.discard(stream)


def _reply(camera: _Camera, stream: socket.socket, method: str, sequence: int) -> bool:
    """What an honest camera answers; after PLAY its pictures."""
    more, body = b"", b""
    if method == "DESCRIBE":
        body = _SDP.encode()
        more = b"Content-Type: application/sdp\r\nContent-Length: %d\r\n" % len(body)
    elif method == "SETUP":
        more = b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
    camera.send(stream, b"RTSP/1.0 200 OK\r\nCSeq: %d\r\n%b\r\n%b" % (sequence, more, body))
    if method == "PLAY":
        _play(camera, stream)
    return True


def _play(camera: _Camera, stream: socket.socket) -> None:
    """Pictures in time, each as large as the bit rate makes it, until the line breaks."""
    sequence, began = 0, time.monotonic()
    size = camera.bytes_s // _FPS
    for number in range(1 << 30):
        pieces: list[bytes] = []
        is_key = number % _FPS == 0
        left = size
        while left > 0:
            length = min(left, 60_000)
            left -= length
            head = struct.pack(
                ">BBHII", 0x80, 96 | (0x80 if left == 0 else 0), sequence & 0xFFFF, number * 6000, 7
            )
            sequence += 1
            # A slice as far as the recorder looks: the kind, and the first macroblock.
            first = 0x80 if not pieces else 0x40
            packet = head + bytes((0x65 if is_key else 0x41, first)) + bytes(length)
            pieces.append(struct.pack(">BBH", 0x24, 0, len(packet)) + packet)
        camera.send(stream, b"".join(pieces))
        time.sleep(max(0.0, began + (number + 1) / _FPS - time.monotonic()))


def _endless_header(camera: _Camera, stream: socket.socket, method: str, sequence: int) -> bool:
    del method
    camera.send(stream, b"RTSP/1.0 200 OK\r\nCSeq: %d\r\n" % sequence)
    while True:
        camera.send(stream, b"X-More: " + b"x" * 4000 + b"\r\n")


def _huge_sdp(camera: _Camera, stream: socket.socket, method: str, sequence: int) -> bool:
    if method != "DESCRIBE":
        return _reply(camera, stream, method, sequence)
    body = _SDP.encode() + b"a=x:" + b"y" * (1 << 20) + b"\r\n"
    head = b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Length: %d\r\n\r\n" % (sequence, len(body))
    camera.send(stream, head + body)
    return True


def _long_sdp(camera: _Camera, stream: socket.socket, method: str, sequence: int) -> bool:
    if method != "DESCRIBE":
        return _reply(camera, stream, method, sequence)
    body = b"m=video 0 RTP/AVP 96\r\n" * 2900
    head = b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Length: %d\r\n\r\n" % (sequence, len(body))
    camera.send(stream, head + body)
    return True


def _endless_packets(camera: _Camera, stream: socket.socket, method: str, sequence: int) -> bool:
    del method, sequence
    packet = struct.pack(">BBH", 0x24, 9, 65_000) + bytes(65_000)
    while True:
        camera.send(stream, packet)


def _endless_messages(camera: _Camera, stream: socket.socket, method: str, sequence: int) -> bool:
    del method, sequence
    ask = b"OPTIONS rtsp://h/1 RTSP/1.0\r\nCSeq: 1\r\nX: " + b"x" * 8000 + b"\r\n\r\n"
    while True:
        camera.send(stream, ask)


_STRANGE: dict[str, tuple[Answer, frozenset[str]]] = {
    "An endless header is refused": (_endless_header, frozenset({"too_large"})),
    "A description of a megabyte is refused": (_huge_sdp, frozenset({"too_large"})),
    "A description of thousands of tracks is refused": (
        _long_sdp,
        frozenset({"too_large", "not_video"}),
    ),
    "Packets nobody asked for end at the ceiling": (_endless_packets, frozenset({"over_ceiling"})),
    "Messages without end are bounded": (
        _endless_messages,
        frozenset({"over_ceiling", "protocol", "timeout"}),
    ),
}


def checks(field: Field) -> Iterator[Check]:
    """Attacks a recorder of its own for twelve seconds, or a minute."""
    seconds = 10.0 if field.quick else 60.0
    # Twice the honest cameras' footage of the run: alone they would lose nothing.
    quota = round(2 * HONEST * HONEST_BYTES_S * seconds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="warroom-hostile-")))
        honest = [_Camera(_reply, HONEST_BYTES_S) for _ in range(HONEST)]
        greedy = _Camera(_reply, GREEDY_BYTES_S)
        strange = {name: _Camera(answer) for name, (answer, _) in _STRANGE.items()}
        everybody = [*honest, greedy, *strange.values()]
        for camera in everybody:
            stack.callback(camera.close)
        recorder = stack.enter_context(_recorder(folder, [one.url for one in everybody], quota))
        began = time.monotonic()
        _await_footage(folder, honest)
        time.sleep(seconds)
        ran_s = time.monotonic() - began
        states = _states(folder / "m.sock", everybody)
        rss_mb = round(recorder.memory_info().rss / 1e6, 1)
        used = recorder.cpu_times()
        cores = round((used.user + used.system) / ran_s, 2)
        with closing(
            sqlite3.connect(f"file:{folder / 'video' / 'index.db'}?mode=ro", uri=True)
        ) as db:
            kept = [_kept_s(db, camera) for camera in honest]
            gaps = {cause for camera in honest for cause in _causes(db, camera)}
            causes = _causes(db, greedy)
    yield Check(
        "A greedy camera takes no footage of honest ones",
        min(kept) >= KEPT_SHARE * seconds,
        f"{min(kept):.1f} s of {ran_s:.1f} s kept by the worst honest camera",
    )
    yield Check("Honest cameras have no gap", not gaps, ", ".join(sorted(gaps)) or "none")
    yield Check(
        "A greedy camera is cut, and the time line says why",
        "over_ceiling" in causes,
        ", ".join(sorted(causes)) or "none",
    )
    most = CEILING_KBIT_S * 125 * (BURST_S + ran_s) * 1.25
    yield Check(
        "A greedy camera is taken in no faster than its ceiling allows",
        greedy.sent <= most,
        round(greedy.sent / ran_s / 1e6, 2),
    )
    for name, camera in strange.items():
        reason = states.get(camera.camera_id) or "none"
        yield Check(name, reason in _STRANGE[name][1], reason)
    yield Check("The recorder's memory stays bounded", rss_mb <= RSS_MOST_MB, rss_mb)
    yield Check("Hostile cameras take less than a core", cores < 1.0, cores)


@contextmanager
def _recorder(folder: Path, urls: list[str], quota: int) -> Iterator[psutil.Process]:
    listed = folder / "urls"
    listed.write_text("\n".join(urls))
    command = [
        sys.executable, "-m", "warroom.recording.commands", "--urls-file", str(listed),
        "--out", str(folder / "video"), "--socket", str(folder / "m.sock"), "--segment-s", "1",
        "--quota-bytes", str(quota), "--ceiling-kbit-s", str(CEILING_KBIT_S),
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _await_footage(folder: Path, honest: list[_Camera]) -> None:
    """Waits until each honest camera has a file.

    Raises:
        TimeoutError: One has none.
    """
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if all(any((folder / "video" / one.camera_id).rglob("*.mp4")) for one in honest):
            return
        time.sleep(0.1)
    raise TimeoutError((folder / "log").read_text()[-300:])


def _kept_s(db: sqlite3.Connection, camera: _Camera) -> float:
    row = db.execute(
        "select coalesce(sum(end_ms - start_ms), 0) from segment where camera_id = ?",
        (camera.camera_id,),
    ).fetchone()
    return float(row[0]) / 1000


def _causes(db: sqlite3.Connection, camera: _Camera) -> set[str]:
    rows = db.execute("select cause from gap where camera_id = ?", (camera.camera_id,))
    return {row[0] for row in rows}


def _states(address: Path, cameras: list[_Camera]) -> dict[str, str | None]:
    """Why each camera is away, as the recorder tells its watchers."""
    told: dict[str, str | None] = {}
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(address))
        for number, camera in enumerate(cameras):
            ask = {"op": "watch", "channel": number, "camera": camera.camera_id, "role": "main",
                   "keys_only": True}  # fmt: skip
            client.sendall(json.dumps(ask).encode() + b"\n")
        reader = MessageReader()
        while len(told) < len(cameras):
            for kind, channel, payload in reader.feed(client.recv(1 << 18)):
                state = json.loads(payload) if kind == Kind.STATE else {}
                if "state" in state:
                    told.setdefault(cameras[channel].camera_id, state["reason"])
    return told
