"""CPU cost of serving many cameras, to a client that reads and throws away."""

import argparse
import json
import multiprocessing
import os
import resource
import selectors
import socket
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from simcity import clock
from simcity.rtsp.server import RtspServer
from simcity.rtsp.stream import Camera
from simcity.rtsp.testclip import make_clip

_WARM_S = 2.0


@dataclass(frozen=True, slots=True)
class Load:
    """What is served: pictures per second, bits per second, size of the picture."""

    cameras: int
    fps: int
    bitrate: int
    width: int
    height: int


def _watch_all(port: int, cameras: int, ready: Connection) -> None:
    """Play every camera and read until the parent closes the pipe."""
    selector = selectors.DefaultSelector()
    for number in range(1, cameras + 1):
        viewer = socket.create_connection(("127.0.0.1", port))
        url = f"rtsp://127.0.0.1:{port}/cam/{number}/main"
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        _ask(viewer, f"SETUP {url}/trackID=0 RTSP/1.0\r\nCSeq: 1\r\n{transport}\r\n")
        session = _session(viewer)
        _ask(viewer, f"PLAY {url} RTSP/1.0\r\nCSeq: 2\r\nSession: {session}\r\n\r\n")
        viewer.setblocking(False)
        selector.register(viewer, selectors.EVENT_READ)
    ready.send("playing")
    scratch = bytearray(1 << 18)
    received = 0
    while not ready.poll():
        for key, _ in selector.select(0.5):
            sock = key.fileobj
            if isinstance(sock, socket.socket):
                received += sock.recv_into(scratch)
        time.sleep(0.01)  # reading in larger pieces leaves the core to the server
    ready.send(received)


def _ask(viewer: socket.socket, request: str) -> None:
    viewer.sendall(request.encode())


def _session(viewer: socket.socket) -> str:
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += viewer.recv(4096)
    line = next(line for line in answer.decode().split("\r\n") if line.startswith("Session:"))
    return line.split(":")[1].split(";")[0].strip()


def measure(load: Load, seconds: float) -> dict[str, Any]:
    """Return the cost of serving a load for that long; the client runs in another process."""
    clip = make_clip(
        "h264",
        load.width,
        load.height,
        load.fps,
        load.fps * 10,
        load.fps * 2,
        bitrate=load.bitrate,
    )
    cameras = [Camera(number=n, main=clip) for n in range(1, load.cameras + 1)]
    mine, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    with RtspServer(cameras) as server:
        client = context.Process(target=_watch_all, args=(server.port, load.cameras, theirs))
        client.start()
        mine.recv()
        time.sleep(_WARM_S)
        before, sent, begun = _cpu_s(), server.pictures_sent, clock.monotonic_s()
        time.sleep(seconds)
        used, elapsed = _cpu_s() - before, clock.monotonic_s() - begun
        pictures = server.pictures_sent - sent
        dropped = sum(row["dropped"] for row in server.state()["cameras"])
        mine.send("stop")
        mine.recv()
        client.join()
    expected = load.cameras * load.fps * elapsed
    return {
        "cameras": load.cameras,
        "fps": load.fps,
        "kbit_s": round(8 * len(clip.annexb()) / 10 / 1000),
        "seconds": round(elapsed, 1),
        "cpu_s_per_camera_minute": round(used / load.cameras / elapsed * 60, 4),
        "cores": round(used / elapsed, 3),
        "pictures_share": round(pictures / expected, 4),
        "dropped": dropped,
        "rss_mb": _rss_mb(),
        "load_average": round(os.getloadavg()[0], 1),
    }


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _rss_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as pages:  # noqa: PTH123 - not a real file
        resident = int(pages.read().split()[1])
    return round(resident * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `simcity bench`."""
    parser.add_argument("--cameras", type=int, default=468)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--bitrate", type=int, default=1_000_000)
    parser.add_argument("--size", default="1280x720", metavar="WxH")


def run(options: argparse.Namespace) -> int:
    """Measure and write one JSON object; return the exit code."""
    width, height = (int(side) for side in options.size.split("x"))
    load = Load(options.cameras, options.fps, options.bitrate, width, height)
    sys.stdout.write(json.dumps(measure(load, options.seconds)) + "\n")
    return 0
