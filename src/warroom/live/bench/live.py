"""The measurements."""

import asyncio
import json
import subprocess
import sys
import time
from typing import Any

import psutil

from warroom.live.bench.sockets import (
    CountingViewer,
    MeasuringViewer,
    handshake,
    latencies_ms,
    percentile,
)
from warroom.live.bench.stack import FPS, HOST, Stack, end, running_stack

CAMERAS = 9
WEBRTC_VIEWERS = 30
FIRST_FRAMES = 20
WARM_S = 2.0


def bench_live(viewers: int = 100, seconds: float = 15, *, browser: bool = False) -> dict[str, Any]:
    """Looks at one camera with many viewers, and tells what each costs.

    Args:
        viewers: Viewers over MSE; a third as many, at most 30, over WebRTC.
        seconds: Length of each measured window.
        browser: Also nine tiles in a real browser, over both.
    """
    with running_stack(CAMERAS) as stack:
        mse = asyncio.run(_measure_mse(stack, viewers, seconds))
        floor = _measure_floor(stack, viewers, seconds)
        webrtc = _measure_webrtc(stack, min(WEBRTC_VIEWERS, max(1, viewers // 3)), seconds)
        seen = {}
        if browser:
            from warroom.live.bench.browser import measure_browser  # noqa: PLC0415 - a dev tool

            seen = measure_browser(stack, seconds)
    return {
        "viewers": viewers,
        **mse,
        "floor_cpu_s_per_viewer_minute": floor,
        "ratio": round(mse["cpu_s_per_viewer_minute"] / floor, 2) if floor else None,
        **webrtc,
        **seen,
        "seconds": seconds,
    }


async def _measure_mse(stack: Stack, viewers: int, seconds: float) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    path = f"/api/live/{stack.cameras[1]}/mse"

    def ask() -> bytes:
        return handshake(stack.port, path, stack.token)

    idle_s = await _window(stack, "serve", min(5.0, seconds))
    _, keeper = await loop.create_connection(lambda: MeasuringViewer(ask()), HOST, stack.port)
    await asyncio.wait_for(keeper.first.wait(), 15)
    firsts = []
    for _ in range(FIRST_FRAMES):
        transport, one = await loop.create_connection(
            lambda: MeasuringViewer(ask()), HOST, stack.port
        )
        await asyncio.wait_for(one.first.wait(), 15)
        firsts.append(one.first_ms)
        transport.close()
    crowd = [
        await loop.create_connection(lambda: CountingViewer(ask()), HOST, stack.port)
        for _ in range(viewers - 1)
    ]
    await asyncio.sleep(WARM_S)
    keeper.arrivals.clear()
    before = sum(one.received for _, one in crowd)
    used_s = await _window(stack, "serve", seconds)
    received = sum(one.received for _, one in crowd) - before
    arrivals = list(keeper.arrivals)
    starved = sum(one.received == 0 for _, one in crowd)
    for transport, _ in crowd:
        transport.close()
    keeper.transport.close()
    schedule = stack.schedule()
    row = next(one for one in schedule["cameras"] if one["camera"] == 1 and one["role"] == "main")
    late = latencies_ms(arrivals, schedule["t0"], row["phase"], row["fps"][0] / row["fps"][1])
    return {
        "cpu_s_per_viewer_minute": round(used_s * 60 / viewers, 4),
        "idle_cpu_s_per_minute": round(idle_s * 60, 3),
        "mbit_s_per_viewer": round(received * 8 / seconds / max(1, viewers - 1) / 1e6, 2),
        "starved_viewers": starved,
        "first_frame_ms_p50": percentile(firsts, 0.5),
        "first_frame_ms_p95": percentile(firsts, 0.95),
        "socket_latency_ms_p50": percentile(late, 0.5),
        "socket_latency_ms_p95": percentile(late, 0.95),
        "frames_per_s": round(len(arrivals) / seconds, 1),
        "expected_frames_per_s": FPS,
    }


async def _window(stack: Stack, name: str, seconds: float) -> float:
    """CPU-seconds per second of a process over a window."""
    before, began = stack.cpu_s(name), time.monotonic()
    await asyncio.sleep(seconds)
    return (stack.cpu_s(name) - before) / (time.monotonic() - began)


def _measure_floor(stack: Stack, viewers: int, seconds: float) -> float:
    process = subprocess.Popen(  # noqa: S603 - our own module
        [
            sys.executable, "-m", "warroom.live.bench.floor", str(stack.media_socket),
            stack.cameras[1], str(viewers),
        ],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        port = int(process.stdout.readline())
        return asyncio.run(_drain(port, viewers, seconds, psutil.Process(process.pid)))
    finally:
        end(process, 2)


async def _drain(port: int, viewers: int, seconds: float, measured: psutil.Process) -> float:
    loop = asyncio.get_running_loop()
    crowd = [
        await loop.create_connection(lambda: CountingViewer(b""), HOST, port)
        for _ in range(viewers)
    ]
    await asyncio.sleep(WARM_S)
    before = sum(measured.cpu_times()[:2])
    began = time.monotonic()
    await asyncio.sleep(seconds)
    used_s = sum(measured.cpu_times()[:2]) - before
    took_s = time.monotonic() - began
    for transport, _ in crowd:
        transport.close()
    return round(used_s / took_s * 60 / viewers, 4)


def _measure_webrtc(stack: Stack, viewers: int, seconds: float) -> dict[str, Any]:
    process = subprocess.Popen(  # noqa: S603 - our own module
        [
            sys.executable, "-m", "warroom.live.bench.peers", f"http://{HOST}:{stack.port}",
            stack.token, stack.cameras[1], str(viewers), str(seconds),
        ],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        if process.stdout.readline() != b"open\n":
            return {"webrtc_cpu_s_per_viewer_minute": None, "webrtc_viewers": viewers}
        before, began = stack.cpu_s("webrtc"), time.monotonic()
        counted = json.loads(process.stdout.readline())
        took_s = time.monotonic() - began
        used_s = stack.cpu_s("webrtc") - before
    finally:
        end(process, 5)
    return {
        "webrtc_viewers": viewers,
        "webrtc_cpu_s_per_viewer_minute": round(used_s / took_s * 60 / viewers, 4),
        "webrtc_mbit_s_per_viewer": round(counted["bytes"] * 8 / took_s / viewers / 1e6, 2),
        "webrtc_starved_viewers": counted["starved"],
    }
