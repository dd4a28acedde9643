"""A call by a real trunk is taken at the desk: sipp calls, an agent in Chromium answers.

The whole product runs: the edge takes the call and records both sides, the journal brings it into
the database, the page shows it, and the form that is typed becomes its incident.
"""

import re
import subprocess
import time
import tomllib
import uuid
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from scipy.signal import resample_poly

from tests.browser.conftest import DESK, WAIT_MS, NewPage
from tests.browser.demo import Demo
from tests.browser.harness import FLAGS, axe_violations, clipped_texts
from tests.calls.audio.sound import channels, share_found, voice
from tests.calls.edge.scenarios import document, location, needs_sipp, talk
from warroom.calls.audio import g711
from warroom.calls.sealed_recordings import read_recording, sealer_of_recordings
from warroom.kernel.secrets import Sealer

pytestmark = [pytest.mark.browser, needs_sipp]

SPEAKS_S = 10.0


@pytest.fixture(scope="module")
def sip(demo: Demo) -> int:
    """Port at which the demonstration takes calls."""
    port: int = tomllib.loads((demo.folder / "data" / "warroom.toml").read_text())["calls"]["port"]
    return port


@pytest.fixture
def agent(browser: Browser, chromium: str, tmp_path: Path) -> Iterator[Page]:
    """A page whose microphone says what is in a file."""
    said = tmp_path / "agent.wav"
    _write_microphone(said)
    flags = [
        *FLAGS,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={said}",
        "--allow-loopback-in-peer-connection",
        "--disable-features=WebRtcHideLocalIpsWithMdns",
    ]
    other = browser.browser_type.launch(executable_path=chromium, args=flags)
    context = other.new_context(viewport=DESK, locale="id-ID")  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    other.close()


def _write_microphone(path: Path) -> None:
    said = resample_poly(g711.decode(voice(6.0, seed=2)).astype(float), 6, 1)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(np.clip(said, -32_768, 32_767).astype("<i2").tobytes())


@pytest.fixture
def call(tmp_path: Path, sip: int) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Calls 112 from a trunk, with a place in the INVITE; speaks once answered."""
    (tmp_path / "voice.raw").write_bytes(voice(SPEAKS_S))
    scenario = tmp_path / "called.xml"
    scenario.write_text(document("called", location(18) + talk(round(SPEAKS_S * 1000) + 500)))
    running: list[subprocess.Popen[bytes]] = []

    def begin() -> "subprocess.Popen[bytes]":
        words = ["sipp", f"127.0.0.1:{sip}", "-sf", str(scenario), "-m", "1"]
        words += ["-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin", "-timeout", "90"]
        running.append(subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()


def asked(page: Page, address: str) -> Any:
    """What the server says to who sits there."""
    return page.evaluate("async (address) => (await fetch(address)).json()", address)


def test_a_call_is_answered_recorded_classed_and_joined_to_its_incident(
    demo: Demo,
    agent: Page,
    call: Callable[[], "subprocess.Popen[bytes]"],
    axe_source: str,
) -> None:
    agent.goto(demo.links["Penerima panggilan 112, Diskominfo"])
    agent.wait_for_url(re.compile(r"/(peta|112)"))
    agent.goto(f"{demo.address}/112")
    agent.get_by_role("button", name="Masuk meja").click()
    panel = agent.get_by_label("Panggilan", exact=True)
    expect(panel.get_by_text("Siap", exact=True)).to_be_visible()

    caller = call()
    expect(panel.get_by_text("Berdering di sini")).to_be_visible()
    assert [] == axe_violations(agent, axe_source)
    agent.keyboard.press("F1")
    expect(panel.get_by_text("Tersambung", exact=True)).to_be_visible()
    assert [] == axe_violations(agent, axe_source)
    assert [] == clipped_texts(agent)

    agent.get_by_label("Tempat", exact=True).focus()
    agent.keyboard.type("karebosi")
    expect(panel.get_by_text("Terkait dengan formulir ini")).to_be_visible()
    panel.get_by_role("button", name="Ulang 30 dtk").click()
    expect(panel.locator("audio")).to_have_attribute("src", re.compile("^blob:"))
    expect(panel.get_by_text("Menulis", exact=True)).to_be_visible()
    assert caller.wait(90) == 0
    panel.get_by_role("button", name="Darurat", exact=False).first.click()
    expect(panel.get_by_text("Menulis", exact=True)).to_have_count(0)

    (taken,) = asked(agent, "/api/calls")["items"]
    shown = asked(agent, f"/api/calls/{taken['id']}")
    incidents = asked(agent, "/api/incidents")["items"]
    incident = asked(agent, f"/api/incidents/{incidents[0]['id']}")
    assert ("closed", "emergency") == (taken["state"], taken["class"])
    assert taken["answered_at"]
    assert taken["from_number"]
    assert {"offered", "location", "ringing", "answered", "ended", "recorded", "closed"} <= {
        event["kind"] for event in shown["events"]
    }
    assert [taken["id"]] == incident["call_ids"]
    assert [("sip", 18)] == [(one["source"], one["radius_m"]) for one in incident["locations"]]
    _assert_both_were_recorded(demo)


def test_the_incident_is_replayed_with_its_call_heard_on_one_clock(
    demo: Demo,
    agent: Page,
    call: Callable[[], "subprocess.Popen[bytes]"],
    axe_source: str,
) -> None:
    page, incident = agent, taken_and_ended(demo, agent, call)
    page.get_by_role("link", name="Putar ulang").click()
    expect(page).to_have_url(f"{demo.address}/112/kejadian/{incident}/putar")
    head = page.get_by_role("slider", name="Saat yang ditampilkan")
    heard = page.get_by_label("Panggilan", exact=True)
    expect(head).to_be_visible()
    expect(heard.get_by_text("Suara mati.")).to_be_visible()
    begin = int(head.get_attribute("aria-valuenow") or 0)
    assert begin == int(head.get_attribute("aria-valuemin") or 0)

    page.keyboard.press("m")
    page.keyboard.press("Space")
    expect(heard.get_by_text("Terdengar: panggilan pukul")).to_be_visible()
    page.wait_for_function("() => document.querySelector('audio').currentTime > 3")
    # Sound that strayed is led back; on a busy machine it may be away at the moment one looks.
    page.wait_for_function(f"() => Math.abs(({STRAY})().stray_s) < 1.5")
    strays = page.evaluate(STRAY)
    assert strays["isPitchKept"]
    assert not strays["isPaused"]

    for _ in range(3):
        page.keyboard.press("]")
    expect(heard.get_by_text("Tanpa suara pada 10x.")).to_be_visible()
    assert page.evaluate("() => document.querySelector('audio').paused")
    expect(page.get_by_role("button", name="Putar", exact=True)).to_be_visible()
    assert [] == axe_violations(page, axe_source)
    assert [] == clipped_texts(page)

    page.keyboard.press("Home")
    expect(head).to_have_attribute("aria-valuenow", str(begin))
    page.keyboard.press("ArrowDown")
    expect(head).not_to_have_attribute("aria-valuenow", str(begin))
    page.get_by_role("button", name=re.compile("Panggilan dijawab")).click()
    answered = int(head.get_attribute("aria-valuenow") or 0)
    assert begin < answered < int(head.get_attribute("aria-valuemax") or 0)
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{demo.address}/112?insiden={incident}")


STRAY = """() => {
  const audio = document.querySelector('audio');
  const head = document.querySelector('[role=slider]');
  const shown = +head.getAttribute('aria-valuenow') - +head.getAttribute('aria-valuemin');
  return {
    stray_s: audio.currentTime - shown, isPitchKept: audio.preservesPitch, isPaused: audio.paused,
  };
}"""
"""How far the sound is from the clock, whose second is cut; the call is the first of all stamps."""


def taken_and_ended(demo: Demo, page: Page, call: Callable[[], "subprocess.Popen[bytes]"]) -> str:
    """Id of a fire that somebody calls about, handed on while they speak, and ended."""
    page.goto(demo.links["Supervisor ruang kendali, Diskominfo"])
    page.wait_for_url(re.compile(r"/(peta|112|dinding)"))
    page.goto(f"{demo.address}/112")
    page.get_by_role("button", name="Masuk meja").click()
    panel = page.get_by_label("Panggilan", exact=True)
    expect(panel.get_by_text("Siap", exact=True)).to_be_visible()
    caller = call()
    expect(panel.get_by_text("Berdering di sini")).to_be_visible()
    page.keyboard.press("F1")
    expect(panel.get_by_text("Tersambung", exact=True)).to_be_visible()
    page.keyboard.press("F2")
    expect(page.get_by_label("Tempat", exact=True)).to_be_focused()
    page.keyboard.type("karebosi")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Kejadian", exact=True)).to_be_focused()
    page.keyboard.type("kebakaran padat")
    page.keyboard.press("Enter")
    expect(panel.get_by_text("Terkait dengan formulir ini")).to_be_visible()
    page.keyboard.press("F9")
    expect(page).to_have_url(re.compile("insiden="))
    assert caller.wait(90) == 0
    panel.get_by_role("button", name="Darurat", exact=False).first.click()
    expect(panel.get_by_text("Menulis", exact=True)).to_have_count(0)
    incident = page.url.rpartition("insiden=")[2]
    ended = page.request.post(
        f"{demo.address}/api/incidents/{incident}/end",
        data={"id": str(uuid.uuid4()), "outcome": "handled"},
        headers={"x-warroom": "1"},
    )
    assert ended.ok, ended.text()
    return incident


def _assert_both_were_recorded(demo: Demo) -> None:
    (path,) = (demo.folder / "data" / "calls" / "recordings").rglob("*.wav")
    until = time.monotonic() + 10
    while not path.stat().st_size and time.monotonic() < until:
        time.sleep(0.1)
    key = Sealer.at(demo.folder / "data" / "keys" / "seal.key")
    sealer = sealer_of_recordings(key)
    caller, spoken = channels(b"".join(read_recording(path, sealer)))

    assert voice(SPEAKS_S)[8000:64_000] in caller
    # Without the second until the browser's voice has settled, and without what came after it.
    heard = g711.decode(spoken).astype(float)[16_000:64_000]
    ours, strangers = (
        share_found(heard, np.tile(g711.decode(voice(6.0, seed)).astype(float), 3))
        for seed in (2, 9)
    )
    assert ours > 0.5
    assert strangers < 0.05


def test_the_board_shows_the_room_and_how_many_people_a_load_needs(
    demo: Demo, new_page: NewPage, axe_source: str
) -> None:
    page = new_page()
    page.goto(demo.links["Pengawas 112, Diskominfo"])
    page.wait_for_url(re.compile(r"/(peta|112)"))
    page.goto(f"{demo.address}/112/pengawas")

    expect(page.get_by_text("3 petugas untuk 90 % dalam 15 dtk")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^2 78,8 %"))).to_be_visible()
    expect(page.get_by_text("Dijawab dalam 15 dtk", exact=True)).to_be_visible()
    assert [] == axe_violations(page, axe_source)
    assert [] == clipped_texts(page)
