"""The whole product on a folder of its own, with simulated cameras, for as long as a block."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import psutil

HOST = "127.0.0.1"
FPS = 15
GOP = 30
FRAMES = 300
WIDTH, HEIGHT = 1280, 720
BIT_RATE = 1_000_000
BITS = 10
CELL = WIDTH // 32
READY_S = 90.0
PASSWORD = "empat kapal pinisi di Losari"  # noqa: S105 - of the bench's own node
LOGIN = "bench"


class StackError(RuntimeError):
    """The product did not come up for the bench.

    Args:
        what: What was waited for.
        seen: What was seen instead.
    """

    def __init__(self, what: str, seen: str) -> None:
        super().__init__(f"{what}: {seen}")


@dataclass(frozen=True)
class Stack:
    """A running node.

    Attributes:
        cameras: Ids of the cameras, by number.
        simulator: Address of the simulator's control door.
        processes: The node's processes by name: `serve`, `media`, `webrtc`, `calls`.
        media_socket: The recorder's fan-out socket.
    """

    port: int
    token: str
    cameras: dict[int, str]
    simulator: str
    processes: dict[str, psutil.Process]
    media_socket: Path

    @property
    def headers(self) -> dict[str, str]:
        """What a request must carry."""
        return {"authorization": f"Bearer {self.token}"}

    def cpu_s(self, name: str) -> float:
        """CPU-seconds a process has used so far."""
        times = self.processes[name].cpu_times()
        return float(times.user + times.system)

    def schedule(self) -> dict[str, Any]:
        """What the simulator says about when each picture is sent."""
        found: dict[str, Any] = httpx.get(f"{self.simulator}/cameras", timeout=10).json()
        return found


def make_clip(path: Path) -> None:
    """Twenty seconds of 720p at 1 Mbit/s; the number of each picture is a bar at the top left."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    grain = rng.integers(-9, 10, (HEIGHT, WIDTH), dtype=np.int16)
    with av.open(str(path), "w") as box:
        stream = box.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate, stream.gop_size = BIT_RATE, GOP
        stream.time_base = Fraction(1, FPS)
        kbit = BIT_RATE // 1000
        stream.options = {
            "preset": "veryfast",
            "profile": "main",
            "x264-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0:bframes=0:nal-hrd=cbr:"
            f"vbv-maxrate={kbit}:vbv-bufsize={kbit}",
        }
        for number in range(FRAMES):
            shade = (x // 5 + y // 3 + number * 3) % 256
            shifted = np.roll(grain, (number * 7, number * 13), (0, 1))
            grey = np.clip(shade + shifted, 0, 255).astype(np.uint8)
            grey[:CELL, : CELL * (BITS + 1)] = 0
            for bit in range(BITS):
                if number >> bit & 1:
                    grey[:CELL, bit * CELL : (bit + 1) * CELL] = 255
            frame = av.VideoFrame.from_ndarray(grey, format="gray")
            frame.pts = number
            box.mux(stream.encode(frame))
        box.mux(stream.encode(None))


@contextmanager
def running_stack(
    cameras: int, *, port: int = 0, sound: str | None = None, segment_s: float = 60.0
) -> Iterator[Stack]:
    """The product with `cameras` simulated cameras, all of them live.

    Args:
        cameras: How many.
        port: Port of the web server; 0 takes a free one.
        sound: What the cameras send beside the picture: `aac`, `pcma`, `pcmu` or nothing.
        segment_s: Length of a segment of footage.

    Raises:
        StackError: It did not come up.
    """
    folder = Path(tempfile.mkdtemp(prefix="warroom-bench-"))
    folder.chmod(0o755)
    port = port or _free_port()
    with contextlib.ExitStack() as ending:
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / "clips").mkdir()
        make_clip(folder / "clips" / "bench.mp4")
        rtsp_port, control_port = ending.enter_context(_simulator(folder, cameras, sound))
        (folder / "warroom.toml").write_text(
            f"[warroom]\nport = {port}\n\n[cameras]\nallow_loopback = true\n\n"
            "[recording]\nallow_loopback = true\nreserve_bytes = 0\n"
            f"segment_s = {segment_s}\n\n"
            f'[live]\nwebrtc_bind_address = "{HOST}"\n'
        )
        environment = {
            **os.environ,
            "WARROOM_DATA_DIR": str(folder / "data"),
            "WARROOM_CONFIG": str(folder / "warroom.toml"),
        }
        token = _fill(environment, folder, cameras, rtsp_port)
        node = ending.enter_context(_node(environment, folder))
        address = f"http://{HOST}:{port}"
        found = _await_live(address, token, cameras, folder)
        processes = _children(node)
        yield Stack(
            port,
            token,
            found,
            f"http://{HOST}:{control_port}",
            processes,
            folder / "data" / "run" / "media-rec-1.sock",
        )


def end(process: "subprocess.Popen[Any]", grace_s: float = 20.0) -> None:
    """Stops a process, politely first."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


@contextmanager
def _simulator(folder: Path, cameras: int, sound: str | None) -> Iterator[tuple[int, int]]:
    command = [
        sys.executable, "-m", "simcity", "rtsp", "--port", "0", "--control-port", "0",
        "--cameras", str(cameras), "--clips", str(folder / "clips"),
        "--clip-cache", str(folder / "cache"), "--period", "any",
        *(("--audio", sound) if sound else ()),
    ]  # fmt: skip
    with (folder / "simulator.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)  # noqa: S603
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        line = process.stdout.readline()
        if not line:
            raise StackError("simulator", (folder / "simulator.log").read_text()[-2000:])
        ready = json.loads(line)
        yield ready["port"], ready["control_port"]
    finally:
        end(process)


@contextmanager
def _node(environment: dict[str, str], folder: Path) -> Iterator[psutil.Process]:
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "warroom.app", "up"], env=environment, stdout=log, stderr=log
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        end(process)


def _fill(environment: dict[str, str], folder: Path, cameras: int, rtsp_port: int) -> str:
    _warroom(environment, "agency", "add", "--name", "Diskominfo", "--short", "Diskominfo",
             "--kind", "city", "--json")  # fmt: skip
    _warroom(environment, "user", "add", LOGIN, "--name", "Bench", "--agency", "Diskominfo",
             "--role", "admin_sistem", "--city", "--json")  # fmt: skip
    _warroom(environment, "user", "password", LOGIN, "--keep", given=f"{PASSWORD}\n")
    rows = ["number,name,lat,lon,owner,url"]
    rows += [
        f"{n},Kamera {n},{-5.2 + n % 100 / 1000},119.42,Diskominfo,"
        f"rtsp://{HOST}:{rtsp_port}/cam/{n}/main"
        for n in range(1, cameras + 1)
    ]
    path = folder / "cameras.csv"
    path.write_text("\n".join(rows))
    _warroom(environment, "camera", "import", str(path), "--json")
    answer = _warroom(environment, "token", "create", "--user", LOGIN, "--json")
    return str(json.loads(answer)["token"])


def _warroom(environment: dict[str, str], *words: str, given: str = "") -> str:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "warroom.app", *words],
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StackError(" ".join(words[:2]), done.stderr[-600:])
    return done.stdout


def _await_live(address: str, token: str, cameras: int, folder: Path) -> dict[int, str]:
    """Waits until every camera is live; returns their ids.

    Raises:
        StackError: They are not.
    """
    began = time.monotonic()
    problem = ""
    while time.monotonic() - began < READY_S:
        try:
            answer = httpx.get(
                f"{address}/api/cameras?limit=1000",
                headers={"authorization": f"Bearer {token}"},
                timeout=5,
            )
            problem = answer.text[:300]
            items = answer.json()["items"] if answer.status_code == 200 else []
            live = {item["number"]: item["id"] for item in items if _is_live(item)}
            if len(live) == cameras:
                return live
        except httpx.HTTPError as error:
            problem = str(error)
        time.sleep(0.3)
    logs = "".join(path.read_text()[-600:] for path in (folder / "data" / "log").glob("*.log"))
    raise StackError("not all cameras live", f"{problem}\n{logs}")


def _is_live(item: dict[str, Any]) -> bool:
    return bool(item["state"]["state"] == "live")


def _children(node: psutil.Process) -> dict[str, psutil.Process]:
    """The node's processes; of the two that may take calls, the second is the one that waits."""
    found: dict[str, psutil.Process] = {}
    for child in sorted(node.children(), key=lambda one: one.create_time()):
        name = (child.cmdline() or [""])[-1].removeprefix("warroom.app.")
        if name in ("serve", "media", "webrtc", "calls"):
            found[f"{name}-standby" if name in found else name] = child
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
