"""`warroom bench calls --legs N`: what an agent's leg costs, and how late the caller is heard.

The whole edge runs as a process of its own and is measured alone: callers with real sockets on one
side, a real Chromium with a leg for each agent on the other, recording on. A microphone that is a
file and a tap in the page tell the delay.
"""

import asyncio
import contextlib
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from warroom.calls.audio import g711
from warroom.calls.bench import sound
from warroom.calls.bench.caller import HOST, Caller
from warroom.calls.bench.figures import nearest_rank
from warroom.calls.edge.client import EdgeClient
from warroom.calls.errors import BenchBrowserError, EdgeAwayError
from warroom.calls.sealed_recordings import read_recording, sealer_of_recordings
from warroom.kernel.secrets import Sealer

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

AIM_CPU_S = 0.3
AIM_DELAY_MS = 100.0
IDLE_S = 4.0
APART_S = 0.1
READY_S = 30.0
ORIGIN = "http://127.0.0.1/"
PAGE = Path(__file__).with_name("page.js")
FLAGS = (
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)
EDGE = """
import sys
from pathlib import Path
from warroom.calls.edge.process import run
from warroom.calls.settings import CallSettings, Trunk
from warroom.kernel import log
from warroom.kernel.clock import SystemClock
from warroom.kernel.secrets import Sealer
log.configure(level="warning")
folder = Path(sys.argv[1])
trunks = [Trunk(name="bench", addresses=["127.0.0.0/8"])]
settings = CallSettings(port=int(sys.argv[2]), trunks=trunks, wrap_up_s=0.0)
run(settings, Sealer(bytes(32)), folder, folder / "edge.sock", SystemClock())
"""


def bench_legs(legs: int = 30, seconds: float = 12.5) -> dict[str, Any]:
    """Measures `legs` calls of `seconds` at once.

    Args:
        legs: Agents, each with a leg and a call.
        seconds: How long each call lasts; at least five.

    Raises:
        BenchBrowserError: There is no Chromium here.
    """
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), legs, seconds))


@dataclass(frozen=True, slots=True)
class Running:
    """The edge and the agents' page."""

    edge: psutil.Process
    client: EdgeClient
    page: "Page"
    address: tuple[str, int]
    folder: Path

    def cpu_s(self) -> float:
        """What the edge has used."""
        used = self.edge.cpu_times()
        return used.user + used.system


async def _measure(folder: Path, legs: int, seconds: float) -> dict[str, Any]:
    said = [sound.voice(seconds, seed) for seed in range(legs)]
    answer = sound.voice(20.0, seed=1000)
    sound.write_microphone(folder / "microphone.wav", answer)
    async with _running(folder, legs) as running:
        idle_core = await _used(running, asyncio.sleep(IDLE_S)) / IDLE_S
        await running.page.evaluate("window.talk(true)")
        callers = [Caller(number, running.address) for number in range(legs)]
        used_s = await _used(running, _call(running, callers, said))
        await running.page.evaluate("window.talk(false)")
        tap = await running.page.evaluate("window.takeTap()")
        rss = running.edge.memory_info().rss
        health = await running.client.ask("health")
    wall_minus_loop_s = time.time_ns() / 1e9 - time.monotonic()
    late_ms, alike = sound.delays_ms(tap, said[0], callers[0].spoken_at, wall_minus_loop_s)
    late_ms.sort()
    return {
        "legs": legs,
        "call_s": seconds,
        "cpu_s_per_call_minute": round(used_s / (legs * seconds / 60), 3),
        "aim_cpu_s_per_call_minute": AIM_CPU_S,
        "idle_core": round(idle_core, 4),
        "caller_to_ear_ms_p50": round(nearest_rank(late_ms, 50), 1),
        "caller_to_ear_ms_p99": round(nearest_rank(late_ms, 99), 1),
        "aim_caller_to_ear_ms": AIM_DELAY_MS,
        "caller_to_ear_likeness": round(alike, 4),
        "frames_said": sum(len(caller.spoken_at) for caller in callers),
        "packets_to_callers": sum(caller.heard_packets for caller in callers),
        "rss_mb": rss >> 20,
        "worst_late_ms": health["worst_late_ms"],
        **_recorded(folder, said, answer),
    }


async def _used(running: Running, work: Any) -> float:
    before = running.cpu_s()
    await work
    return running.cpu_s() - before


async def _call(running: Running, callers: list[Caller], said: list[bytes]) -> None:
    """Everybody calls; agents answer what rings."""
    answering = asyncio.ensure_future(_answer(running.client, len(callers)))
    calls = []
    for caller, words in zip(callers, said, strict=True):
        calls.append(asyncio.ensure_future(caller.talk(words)))
        await asyncio.sleep(APART_S)
    await asyncio.gather(*calls)
    answering.cancel()


async def _answer(client: EdgeClient, legs: int) -> None:
    answered: set[str] = set()
    async with client.follow(0) as following:
        while len(answered) < legs:
            event = await following.next()
            if event.kind == "ringing" and event.call not in answered:
                answered.add(event.call)
                await client.ask("answer", call=event.call, agent=event.body["agent"])


def _recorded(folder: Path, said: list[bytes], answer: bytes) -> dict[str, Any]:
    """What of both sides is in the recordings."""
    sealer = sealer_of_recordings(Sealer(bytes(32)))
    paths = folder.rglob("recordings/**/*.wav")
    files = [b"".join(read_recording(path, sealer))[58:] for path in paths]
    callers = [file[0::2] for file in files]
    spoken = g711.decode(answer * 2).astype(float)
    alike = []
    for file in files:
        agent = g711.decode(file[1::2]).astype(float)
        pieces = [agent[at : at + 8000] for at in range(16_000, len(agent) - 16_000, 16_000)]
        alike.append(float(np.median([sound.find(piece, spoken)[1] for piece in pieces])))
    return {
        "callers_recorded_byte_by_byte": sum(
            any(words in caller for caller in callers) for words in said
        ),
        "agent_channel_likeness": round(min(alike, default=0.0), 4),
    }


@contextlib.asynccontextmanager
async def _running(folder: Path, legs: int) -> AsyncIterator[Running]:
    """The edge as a process, and a page with a leg for each agent.

    Raises:
        BenchBrowserError: There is no Chromium here.
    """
    # A package of developers: the other measurement of calls does without it.
    from playwright.async_api import Error, async_playwright  # noqa: PLC0415

    port = _free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", EDGE, folder, str(port))
    client = EdgeClient(folder / "edge.sock")
    try:
        await _until_ready(client)
        async with async_playwright() as playwright:
            microphone = f"--use-file-for-fake-audio-capture={folder / 'microphone.wav'}"
            try:
                browser = await playwright.chromium.launch(
                    executable_path=_chromium(), args=[*FLAGS, microphone]
                )
            except Error as error:
                raise BenchBrowserError from error
            page = await browser.new_page()
            await _open_legs(page, client, legs)
            yield Running(psutil.Process(process.pid), client, page, (HOST, port), folder)
            await browser.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _open_legs(page: "Page", client: EdgeClient, legs: int) -> None:
    async def exchange(agent: str, offer: str) -> str:
        answer = await client.ask("leg", agent=agent, offer=offer)
        return str(answer)

    async def serve(route: "Route") -> None:
        is_script = route.request.url.endswith(".js")
        body = PAGE.read_text("utf-8") if is_script else '<script src="page.js"></script>'
        kind = "text/javascript" if is_script else "text/html"
        await route.fulfill(body=body, content_type=kind)

    await page.route("**/*", serve)
    await page.expose_function("exchange", exchange)
    await page.goto(ORIGIN)
    await page.evaluate("count => window.openLegs(count)", legs)


async def _until_ready(client: EdgeClient) -> None:
    async with asyncio.timeout(READY_S):
        while True:
            with contextlib.suppress(EdgeAwayError):
                await client.ask("health")
                return
            await asyncio.sleep(0.1)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _chromium() -> str | None:
    """An installed Chromium; None lets Playwright take its own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)
