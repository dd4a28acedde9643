"""Starts simulator, floor, recorder and ffmpeg as processes and reads their CPU time."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil

from warroom.recording.contracts import Kind, MessageReader
from warroom.recording.index_reader import IndexReader

HOST = "127.0.0.1"
FPS = 15
WIDTH, HEIGHT = 1280, 720
GOP = 30
BIT_RATE = 1_000_000
CLIP_FRAMES = 150
FFMPEG_CAMERAS = 20
WARM_S = 6.0


def bench_media(cameras: int = 468, seconds: float = 20) -> dict[str, Any]:
    """Records simulated cameras and tells what it cost, beside the floor and ffmpeg.

    Args:
        cameras: Simulated cameras, 720p, 15 frames a second, 1 Mbit/s.
        seconds: Length of each measured window; each part takes some seconds more to start.
    """
    with tempfile.TemporaryDirectory(prefix="warroom-bench-") as name:
        folder = Path(name)
        clip_kbit_s = make_clip(folder / "clips")
        with simulator(folder, cameras) as (port, simulator_process):
            floor = measure_floor(folder, port, cameras, seconds)
            recorder = measure_recorder(folder, port, cameras, seconds, simulator_process)
            ffmpeg = measure_ffmpeg(folder, port, min(cameras, FFMPEG_CAMERAS), seconds)
    per_camera = recorder.pop("cpu_s_per_camera_minute")
    floor_per_camera = floor["cpu_s_per_camera_minute"]
    return {
        "cameras": cameras,
        "cpu_s_per_camera_minute": per_camera,
        "floor_cpu_s_per_camera_minute": floor_per_camera,
        "ratio": round(per_camera / floor_per_camera, 2) if floor_per_camera else None,
        "ratio_per_mbit": _ratio_per_mbit(per_camera, recorder["mbit_s"], floor),
        "floor": floor["kind"],
        "floor_mbit_s": floor["mbit_s"],
        "ffmpeg_cpu_s_per_camera_minute": ffmpeg,
        "ffmpeg_cameras": min(cameras, FFMPEG_CAMERAS) if ffmpeg is not None else 0,
        **recorder,
        "seconds": seconds,
        "clip_kbit_s": clip_kbit_s,
    }


def _ratio_per_mbit(per_camera: float, mbit_s: float, floor: dict[str, Any]) -> float | None:
    """The ratio at equal traffic: a busy machine starves the simulator, and not always alike."""
    if not (mbit_s and floor["mbit_s"] and floor["cpu_s_per_camera_minute"]):
        return None
    cost: float = floor["cpu_s_per_camera_minute"] / floor["mbit_s"]
    return round(per_camera / mbit_s / cost, 2)


def make_clip(folder: Path) -> float:
    """Encodes ten seconds of moving noise over a gradient, about 1 Mbit/s; returns kbit/s."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    grain = rng.integers(-9, 10, (HEIGHT, WIDTH), dtype=np.int16)
    path = folder / "bench.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate, stream.gop_size = BIT_RATE, GOP
        stream.time_base = Fraction(1, FPS)
        stream.options = {
            "preset": "veryfast",
            "profile": "main",
            "x264-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0:bframes=0:nal-hrd=cbr:"
            f"vbv-maxrate={BIT_RATE // 1000}:vbv-bufsize={BIT_RATE // 1000}",
        }
        for number in range(CLIP_FRAMES):
            shade = (x // 5 + y // 3 + number * 3) % 256
            shifted = np.roll(grain, (number * 7, number * 13), (0, 1))
            grey = np.clip(shade + shifted, 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="gray")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return round(path.stat().st_size * 8 / (CLIP_FRAMES / FPS) / 1000, 1)


@contextmanager
def simulator(folder: Path, cameras: int) -> Iterator[tuple[int, psutil.Process]]:
    """Runs the simulated cameras as long as the block; gives their RTSP port."""
    process, port = start_simulator(folder, cameras)
    try:
        yield port, psutil.Process(process.pid)
    finally:
        _end(process)


def start_simulator(
    folder: Path, cameras: int, port: int = 0
) -> "tuple[subprocess.Popen[bytes], int]":
    """Starts the simulated cameras; returns when their RTSP port, which it gives, is open.

    Raises:
        RuntimeError: It does not start.
    """
    command = [
        sys.executable, "-m", "simcity", "rtsp", "--port", str(port), "--cameras", str(cameras),
        "--clips", str(folder / "clips"), "--clip-cache", str(folder / "cache"), "--period", "any",
    ]  # fmt: skip
    with (folder / "simulator.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)  # noqa: S603
    assert process.stdout is not None  # noqa: S101 - asked for above
    line = process.stdout.readline()
    if not line:
        _end(process)
        raise RuntimeError((folder / "simulator.log").read_text()[-2000:])
    return process, int(json.loads(line)["port"])


def _end(process: "subprocess.Popen[bytes]", number: int = signal.SIGTERM) -> None:
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _cpu_s(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        times = process.cpu_times()
        total += times.user + times.system
    return total


def _per_camera_minute(cpu_s: float, cameras: int, seconds: float) -> float:
    return round(cpu_s / cameras / seconds * 60, 4)


def measure_floor(folder: Path, port: int, cameras: int, seconds: float) -> dict[str, Any]:
    """CPU of the bare loop: in C where a compiler is, else in Python."""
    out = folder / "floor"
    out.mkdir()
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    kind = "python"
    command = [sys.executable, "-m", "warroom.recording.bench.floor"]
    if compiler is not None:
        source = Path(__file__).with_name("floor.c")
        binary = folder / "floor.bin"
        built = subprocess.run(  # noqa: S603
            [compiler, "-O2", "-o", str(binary), str(source)], check=False, capture_output=True
        )
        if built.returncode == 0:
            kind, command = "c", [str(binary)]
    process = subprocess.Popen(  # noqa: S603
        [*command, HOST, str(port), "1", str(cameras), str(out)], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        process.stdout.readline()
        time.sleep(WARM_S)
        before, began = _size(out), time.monotonic()
        cpu_s = _window([psutil.Process(process.pid)], seconds)
        took_s = time.monotonic() - began
        mbit_s = (_size(out) - before) * 8e-6 / took_s
    finally:
        _end(process)
    shutil.rmtree(out)
    return {
        "kind": kind,
        "cpu_s_per_camera_minute": _per_camera_minute(cpu_s, cameras, took_s),
        "mbit_s": round(mbit_s, 1),
    }


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _window(processes: list[psutil.Process], seconds: float) -> float:
    before = _cpu_s(processes)
    time.sleep(seconds)
    return _cpu_s(processes) - before


def measure_recorder(
    folder: Path, port: int, cameras: int, seconds: float, simulated: psutil.Process
) -> dict[str, Any]:
    """CPU, memory, losses and segments of the recorder itself."""
    out, address = folder / "video", folder / "media.sock"
    command = [
        sys.executable, "-m", "warroom.recording.commands",
        "--url-pattern", f"rtsp://{HOST}:{port}/cam/{{n}}/main", "--first", "1",
        "--count", str(cameras), "--out", str(out), "--socket", str(address),
    ]  # fmt: skip
    with (folder / "recorder.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)  # noqa: S603
    try:
        live_s = _wait_live(address, cameras, seconds=60)
        time.sleep(WARM_S)
        measured = psutil.Process(process.pid)
        before = _status(address)
        simulator_before = _cpu_s([simulated])
        began = time.monotonic()
        cpu_s = _window([measured], seconds)
        took_s = time.monotonic() - began
        simulator_s = _cpu_s([simulated]) - simulator_before
        after = _status(address)
        rss = measured.memory_info().rss
    finally:
        _end(process)
    with_rows = IndexReader(out)
    segments = with_rows.db.execute("select count(*) from segment").fetchone()[0]
    with_rows.close()
    shutil.rmtree(out)
    return {
        "cpu_s_per_camera_minute": _per_camera_minute(cpu_s, cameras, took_s),
        "cores": round(cpu_s / took_s, 3),
        "rss_mb": round(rss / 1e6, 1),
        "rtp_lost": after["lost_packets"],
        "mbit_s": round((after["bytes"] - before["bytes"]) * 8e-6 / took_s, 1),
        "frames_per_s": round((after["frames"] - before["frames"]) / took_s, 1),
        "expected_frames_per_s": cameras * FPS,
        "segments": segments,
        "gaps": after["gaps"],
        "lost_gops": sum(disk["lost_gops"] for disk in after["disks"]),
        "all_live_after_s": live_s,
        "simulator_cpu_s_per_camera_minute": _per_camera_minute(simulator_s, cameras, took_s),
    }


def _wait_live(address: Path, cameras: int, seconds: float) -> float:
    """Waits until every camera is live; returns how long that took."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if address.exists() and _status(address).get("live") == cameras:
            break
        time.sleep(0.2)
    return round(time.monotonic() - began, 1)


def _status(address: Path) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        try:
            client.connect(str(address))
        except OSError:
            return {}
        client.sendall(b'{"op":"status"}\n')
        reader = MessageReader()
        while True:
            for kind, _, payload in reader.feed(client.recv(1 << 16)):
                if kind == Kind.STATUS:
                    answer: dict[str, Any] = json.loads(payload)
                    return answer


def measure_ffmpeg(folder: Path, port: int, cameras: int, seconds: float) -> float | None:
    """CPU of one ffmpeg per camera, the usual way; None where it is not installed."""
    program = shutil.which("ffmpeg")
    if program is None:
        return None
    out = folder / "ffmpeg"
    out.mkdir()
    processes = [
        subprocess.Popen(  # noqa: S603
            [
                program, "-loglevel", "quiet", "-nostdin", "-rtsp_transport", "tcp",
                "-i", f"rtsp://{HOST}:{port}/cam/{number}/main", "-c", "copy", "-f", "segment",
                "-segment_time", "60", "-reset_timestamps", "1", str(out / f"{number}-%03d.mp4"),
            ],
            stdout=subprocess.DEVNULL,
        )
        for number in range(1, cameras + 1)
    ]  # fmt: skip
    try:
        time.sleep(WARM_S * 2)
        alive = [psutil.Process(p.pid) for p in processes if p.poll() is None]
        if len(alive) < cameras:
            return None
        return _per_camera_minute(_window(alive, seconds), cameras, seconds)
    finally:
        for process in processes:
            _end(process)
