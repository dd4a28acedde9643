"""Sound, picture loss and what players leave behind: a real Chromium, the whole product."""

import importlib.util
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

if importlib.util.find_spec("playwright") is None:
    pytest.skip("playwright is not installed", allow_module_level=True)

from playwright.sync_api import Page

from warroom.kernel.clock import SystemClock
from warroom.live.bench import browser
from warroom.live.bench.stack import HOST, Stack, running_stack

pytestmark = [
    pytest.mark.browser,
    pytest.mark.nightly,
    pytest.mark.skipif(browser.find_chromium() is None, reason="no Chromium is installed"),
]

SCRIPTS = Path(__file__).parent
KEEP = """(() => {
  window.urls = new Set();
  window.links = new Set();
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (of) => {
    const url = createObjectURL.call(URL, of);
    window.urls.add(url);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    window.urls.delete(url);
    revokeObjectURL.call(URL, url);
  };
  for (const name of ["WebSocket", "RTCPeerConnection"]) {
    window[name] = class extends window[name] {
      constructor(...words) {
        super(...words);
        if (name !== "WebSocket" || String(words[0]).includes("/api/live/")) window.links.add(this);
      }
    };
  }
  const isOpen = (one) => one.readyState < 2 || one.connectionState === "connected";
  window.open_links = () => [...window.links].filter(isOpen).length;
  const make = Document.prototype.createElement;
  window.made = [];
  Document.prototype.createElement = function (name, ...rest) {
    const element = make.call(this, name, ...rest);
    if (name === "video") window.made.push(element);
    return element;
  };
})();"""
"""Remembers what players make; the element that sounds, for one, is not in the page."""

SOUNDING = """() => window.made.some((e) =>
  !e.isConnected && !e.paused && !e.muted && e.webkitAudioDecodedByteCount > 0)"""
SILENT = "() => window.made.every((e) => e.isConnected || e.paused || !e.src)"
PEAK = """async () => {
  const element = window.made.find((e) => !e.isConnected && !e.paused);
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(element.captureStream()).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let peak = 0;
  for (let i = 0; i < 60; i += 1) {
    await new Promise((done) => setTimeout(done, 50));
    analyser.getFloatTimeDomainData(samples);
    for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  }
  await context.close();
  return peak;
}"""
"""The simulated street hums, and beeps every second at three tenths of the loudest."""

SHOW = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

LOUD = 0.2


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running_stack(2, sound="aac") as running:
        yield running


@pytest.fixture(scope="module")
def page(stack: Stack) -> Iterator[Page]:
    with browser.signed_in_page(stack, autoplay=False) as page:
        page.add_init_script(KEEP)
        yield page


def open_page(page: Page, stack: Stack, path: str) -> None:
    page.goto(f"http://{HOST}:{stack.port}{path}")


def hear(page: Page) -> float:
    page.wait_for_function(SOUNDING)
    return float(page.evaluate(PEAK))


def test_live_camera_is_silent_until_its_key_is_pressed(stack: Stack, page: Page) -> None:
    open_page(page, stack, "/kamera/1")
    page.wait_for_selector("[data-picture=live]")
    before = page.evaluate(SILENT)
    page.keyboard.press("m")
    peak = hear(page)
    page.keyboard.press("m")
    page.wait_for_function(SILENT)

    assert before
    assert peak > LOUD


def test_low_latency_picture_has_sound_too(stack: Stack, page: Page) -> None:
    open_page(page, stack, "/kamera/1")
    page.wait_for_selector("[data-picture=live]")
    page.keyboard.press("b")
    page.wait_for_selector("[data-picture=live]")
    page.get_by_role("button", name="Suara").click()
    peak = hear(page)
    page.keyboard.press("b")

    assert peak > LOUD


def test_one_pane_sounds_at_a_time(stack: Stack, page: Page) -> None:
    open_page(page, stack, "/dinding?l=2&m=1;2")
    tiles = page.locator("[data-picture=live]")
    tiles.nth(1).wait_for()
    for number in (0, 1):
        tiles.nth(number).focus()
        page.keyboard.press("m")
        page.wait_for_function(SOUNDING)
    playing = page.evaluate("window.made.filter((e) => !e.muted && !e.paused).length")
    tags = page.locator("[data-camera] .tl", has_text="Suara")

    assert playing == 1
    assert tags.count() == 1


def test_replay_sounds_at_normal_speed_alone(stack: Stack, page: Page) -> None:
    at = (SystemClock().now() - timedelta(seconds=20)).isoformat()
    open_page(page, stack, f"/rekaman?kamera=1&t={at.replace('+00:00', 'Z')}")
    page.wait_for_selector("[data-showing=picture]")
    page.get_by_role("button", name="Suara").click()
    peak = hear(page)
    page.keyboard.press("<")
    page.wait_for_function(SILENT)

    assert peak > LOUD


def test_leaving_a_picture_leaves_nothing_behind(stack: Stack, page: Page) -> None:
    open_page(page, stack, "/kamera/1")
    for key in ("m", "b", "b", "m"):
        page.wait_for_selector("[data-picture=live]")
        page.keyboard.press(key)
    page.wait_for_selector("[data-picture=live]")
    held = page.evaluate("[window.open_links() > 0, window.urls.size > 0]")
    page.get_by_role("link", name="Bantuan").click()
    page.wait_for_function("() => window.open_links() === 0 && window.urls.size === 0")

    assert held == [True, True]


def test_hidden_page_takes_nothing_and_is_live_again_when_it_is_seen(
    stack: Stack, page: Page
) -> None:
    open_page(page, stack, "/kamera/1")
    page.wait_for_selector("[data-picture=live]")
    page.keyboard.press("m")
    page.wait_for_function(SOUNDING)
    page.evaluate(SHOW, "hidden")
    page.wait_for_function("() => window.open_links() === 0")
    silent = page.evaluate(SILENT)
    page.wait_for_selector("[data-picture=paused]")
    page.evaluate(SHOW, "visible")
    page.wait_for_selector("[data-picture=live]")

    assert silent
    assert page.evaluate(SILENT)


def test_chromium_that_lost_its_picture_gets_a_key_frame_at_once(stack: Stack, page: Page) -> None:
    open_page(page, stack, "/healthz")
    page.evaluate((SCRIPTS / "loss.js").read_text("utf-8"), stack.cameras[1])
    page.wait_for_function("() => window.frames_shown > 60")
    before: dict[str, Any] = page.evaluate("window.stats()")
    page.evaluate("window.lose(2)")
    page.wait_for_function("(n) => window.stats().then((s) => s.asked > n)", arg=before["asked"])
    shown = page.evaluate("window.frames_shown")
    page.wait_for_function("(n) => window.frames_shown > n + 40", arg=shown)
    after: dict[str, Any] = page.evaluate("window.stats()")

    # The 40 pictures hold one key frame or two of their own; the answer brings one more.
    assert after["keys"] >= before["keys"] + 2
    assert after["isIncreasing"]
