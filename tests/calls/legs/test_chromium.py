"""The leg of the product's page in a real Chromium: voice both ways, silence between calls."""

import asyncio
import importlib.util
import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

if importlib.util.find_spec("playwright") is None:
    pytest.skip("playwright is not installed", allow_module_level=True)

from playwright.async_api import Page, Route, async_playwright
from scipy.signal import resample_poly

from tests.browser.harness import FLAGS, NoChromiumError, find_chromium
from tests.calls.audio.sound import HOST, channels, share_found, until, voice
from warroom.calls.audio import g711
from warroom.calls.audio.recorder import TwoChannelRecorder
from warroom.calls.contracts import AGENT, CALLER
from warroom.calls.legs.browser import BrowserLeg

pytestmark = pytest.mark.browser

PAGE = Path(__file__).with_name("page.js")
ORIGIN = "http://127.0.0.1/"
SECONDS = 4.0
BUILD = """
import { build } from "rolldown";
await build({ input: "src/calls/leg.ts", output: { file: process.argv[1], format: "es" } });
"""


@pytest.fixture
def script(repository: Path, tmp_path: Path) -> str:
    """The page's own module, built."""
    web, built = repository / "web", tmp_path / "leg.js"
    node = shutil.which("node")
    if node is None or not (web / "node_modules" / "rolldown").exists():
        pytest.skip("Node and the packages of web/ are not installed")
    command = [node, "--input-type=module", "-e", BUILD, str(built)]
    subprocess.run(command, cwd=web, check=True, capture_output=True)
    return built.read_text("utf-8")


@pytest.fixture
def microphone(tmp_path: Path) -> Path:
    """What the agent says, as the file that Chromium takes for a microphone."""
    path = tmp_path / "agent.wav"
    said = resample_poly(g711.decode(voice(6.0, seed=2)).astype(float), 6, 1)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(np.clip(said, -32_768, 32_767).astype("<i2").tobytes())
    return path


async def opened(page: Page, script: str, leg: BrowserLeg) -> None:
    async def serve(route: Route) -> None:
        files = {"leg.js": script, "page.js": PAGE.read_text("utf-8")}
        name = route.request.url.removeprefix(ORIGIN)
        kind = "text/javascript" if name in files else "text/html"
        await route.fulfill(body=files.get(name, "<!doctype html>"), content_type=kind)

    await page.route("**/*", serve)
    await page.expose_function("exchange", leg.answer)
    await page.goto(ORIGIN)
    await page.evaluate("""async () => {
      const { AgentLeg } = await import("/leg.js");
      const { openLeg } = await import("/page.js");
      await openLeg(AgentLeg, window.exchange);
    }""")


async def talk(leg: BrowserLeg, said: bytes, recording: TwoChannelRecorder) -> None:
    """The caller speaks; both are recorded."""
    leg.on_rtp = lambda payload, at, source: recording.write(AGENT, at, payload, source)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for at in range(0, len(said), 160):
        await asyncio.sleep(max(0.0, begun + at / 8000 - loop.time()))
        frame = said[at : at + 160]
        recording.write(CALLER, at, frame, 5)
        leg.send(frame, at, 5)
    leg.on_rtp = None


def of(seed: int) -> NDArray[np.float64]:
    """A voice that says the same again and again, as the microphone does."""
    return np.tile(g711.decode(voice(6.0, seed)).astype(float), 2)


async def test_voice_goes_both_ways_and_nothing_is_sent_between_calls(
    script: str, microphone: Path, tmp_path: Path
) -> None:
    try:
        program = find_chromium()
    except NoChromiumError as error:
        pytest.skip(f"no Chromium: {error}")
    flags = [
        *FLAGS,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}",
        "--allow-loopback-in-peer-connection",
        "--disable-features=WebRtcHideLocalIpsWithMdns",
    ]
    leg, said = BrowserLeg(HOST), voice(SECONDS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=flags)
        try:
            page = await browser.new_page()
            await opened(page, script, leg)
            await until(lambda: leg.is_open)
            await page.wait_for_function("window.leg.state === 'ready'")
            before = leg.received_packets
            await page.evaluate("window.leg.begin()")
            await until(lambda: leg.received_packets > before)
            recording = TwoChannelRecorder.create(tmp_path / "call.wav")

            await talk(leg, said, recording)

            await page.evaluate("window.leg.rest()")
            heard = np.array(await page.evaluate("window.heard"), float)
            states = await page.evaluate("window.states")
            await until(lambda: leg.silent_s > 0.5)
            recording.close()
        finally:
            await browser.close()
            await leg.close()
    caller, agent = (
        g711.decode(side).astype(float) for side in channels((tmp_path / "call.wav").read_bytes())
    )

    assert before == 0
    assert ["opening", "ready", "talking", "ready"] == states
    assert said in channels((tmp_path / "call.wav").read_bytes())[0]
    # Without the second in which a browser begins; under load its player stretches and fills.
    spoken, played = agent[8000:], heard[8000:]
    assert share_found(spoken, of(seed=2)) > 0.8
    assert share_found(played, caller) > 0.5
    for stranger in (spoken, played):
        assert share_found(stranger, of(seed=9)) < 0.05
    assert leg.lost_packets == 0
