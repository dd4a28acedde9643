"""Three of the scenarios in a real Chromium: what people press and read, in the running product."""

import asyncio
import re
import wave
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import (  # noqa: F401 - fixtures
    DESK,
    WAIT_MS,
    axe_source,
    browser,
    chromium,
)
from tests.browser.harness import FLAGS, axe_violations, clipped_texts
from tests.scenarios.city import (
    SENDER,
    SUPERVISOR,
    TAKER,
    City,
    Json,
    at_work,
    called,
    deed,
    work_through,
)

pytestmark = [pytest.mark.browser, pytest.mark.nightly]

AT_THE_FIRE = ("Damkar 07", "Tangki 04", "Ambulans 09", "Patroli 08")
SILENT_NUMBER = "081140008080"
MICROPHONE = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)

type Beside = Callable[[Coroutine[Any, Any, Any]], Future[Any]]


@pytest.fixture
def beside() -> Iterator[Beside]:
    """Runs what callers and crews do beside the page, in a thread with a loop of its own."""
    with ThreadPoolExecutor(4) as pool:
        yield lambda work: pool.submit(asyncio.run, work)


@pytest.fixture
def desk(
    browser: Browser,  # noqa: F811 - a fixture
    chromium: str,  # noqa: F811 - a fixture
    city: City,
    beside: Beside,
    tmp_path: Path,
) -> Iterator[Callable[[str], Page]]:
    """Opens a page at which somebody is signed in, with a microphone."""
    said = tmp_path / "said.wav"
    with wave.open(str(said), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        at = np.arange(96_000) / 48_000
        file.writeframes((4000 * np.sin(2 * np.pi * 300 * at)).astype("<i2").tobytes())
    flags = [*FLAGS, *MICROPHONE, f"--use-file-for-fake-audio-capture={said}"]
    other = browser.browser_type.launch(executable_path=chromium, args=flags)

    def open_page(title: str) -> Page:
        beside(signed_in(city)).result()
        context = other.new_context(viewport=DESK, locale="id-ID")  # type: ignore[arg-type]
        context.set_default_timeout(WAIT_MS)
        context.add_cookies(
            [
                {"name": name, "value": value, "url": city.address}
                for name, value in city.cookies[title].items()
            ]
        )
        page = context.new_page()
        page.goto(f"{city.address}/112")
        return page

    yield open_page
    other.close()


async def signed_in(city: City) -> None:
    """Everybody is signed in."""
    async with await city.person(TAKER):
        return


def asked(page: Page, address: str) -> Any:
    """What the server says to who sits there."""
    return page.evaluate("async (address) => (await fetch(address)).json()", address)


def checked(page: Page, source: str) -> None:
    assert [] == axe_violations(page, source)
    assert [] == clipped_texts(page)


def take_in(page: Page, place: str, event: str) -> None:
    """Place and event, by keys, once a call is taken."""
    page.get_by_label("Tempat", exact=True).focus()
    page.keyboard.type(place)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Kejadian", exact=True)).to_be_focused()
    page.keyboard.type(event)
    page.keyboard.press("Enter")


def test_a_fire_is_taken_and_sent_to_by_keys_alone(
    city: City,
    desk: Callable[[str], Page],
    beside: Beside,
    axe_source: str,  # noqa: F811 - a fixture
) -> None:
    beside(gone_to_work(city)).result()
    taker, sender = desk(TAKER), desk(SENDER)
    taker.get_by_role("button", name="Masuk meja").click()
    panel = taker.get_by_label("Panggilan", exact=True)
    expect(panel.get_by_text("Siap", exact=True)).to_be_visible()

    call = beside(called(city.caller("081140001001", (-5.1311, 119.4128, 18.0)), 6.0))
    expect(panel.get_by_text("Berdering di sini")).to_be_visible()
    taker.keyboard.press("F1")
    expect(panel.get_by_text("Tersambung", exact=True)).to_be_visible()
    take_in(taker, "pasar terong", "kebakaran rumah")
    expect(taker.get_by_text("Dipilih: ")).to_be_visible()
    taker.keyboard.press("F9")
    assert "talked" == call.result(60).end
    taker.keyboard.press("Escape")
    number = re.compile(r"112-\d{4}-\d{6}")
    expect(taker.get_by_role("heading", name=number).first).to_be_visible()

    ours = newest(sender, "fire_house")
    row = sender.get_by_role("button", name=re.compile(ours["number"][-6:]))
    row.first.click()
    expect(sender.get_by_text("Damkar 07").first).to_be_visible()
    checked(sender, axe_source)
    sender.keyboard.press("Control+Enter")
    expect(sender.get_by_text("Sudah dikerahkan").first).to_be_visible()
    panel.get_by_role("button", name="Darurat", exact=False).first.click()
    expect(panel.get_by_text("Menulis", exact=True)).to_have_count(0)
    beside(finished(city, ours["id"])).result()

    shown = asked(sender, f"/api/incidents/{ours['id']}")
    assert ("closed", 1) == (shown["state"], shown["calls"])
    assert ("sip", 18) in [(one["source"], one["radius_m"]) for one in shown["locations"]]


def test_the_paper_after_a_crash_is_a_pdf_with_its_hash(
    city: City, desk: Callable[[str], Page], beside: Beside
) -> None:
    ended = beside(ended_crash(city)).result()
    page = desk(SUPERVISOR)
    page.goto(f"{city.address}/api/dispatch/incidents/{ended['id']}/after-action.html")

    expect(page.get_by_text(ended["number"]).first).to_be_visible()
    expect(page.get_by_text("Patroli 08").first).to_be_visible()
    printed = page.pdf(format="A4")
    story = asked(page, f"/api/dispatch/incidents/{ended['id']}/replay")
    written = re.sub(r"\s", "", page.locator("body").inner_text())
    assert printed.startswith(b"%PDF-")
    assert len(printed) > 10_000
    assert story["sha256"] in written


def test_a_silent_caller_who_presses_one_is_seen_to_be_meant(
    city: City, desk: Callable[[str], Page], beside: Beside
) -> None:
    page = desk(TAKER)
    page.get_by_role("button", name="Masuk meja").click()
    panel = page.get_by_label("Panggilan", exact=True)
    expect(panel.get_by_text("Siap", exact=True)).to_be_visible()
    silent = city.caller(SILENT_NUMBER, presses="1")

    ended = beside(silent.call(b"", 60.0, linger_s=6.0))
    expect(panel.get_by_text("Berdering di sini")).to_be_visible()
    page.keyboard.press("F1")
    expect(panel.get_by_text("Menekan 1", exact=False)).to_be_visible()
    assert "talked" == ended.result(60).end
    expect(panel.get_by_text("Menulis", exact=True)).to_be_visible()
    panel.get_by_role("button", name="Darurat", exact=False).first.click()
    expect(panel.get_by_text("Menulis", exact=True)).to_have_count(0)

    (row,) = [
        one for one in asked(page, "/api/calls")["items"] if one["from_number"] == SILENT_NUMBER
    ]
    assert (True, "emergency") == (row["silent_confirmed"], row["class"])


async def gone_to_work(city: City) -> None:
    """The crews of the fire are there."""
    for name in AT_THE_FIRE:
        async with city.crew(name) as crew:
            await crew.duty(city.units[name])
            await crew.tell_place(city.units[name])


async def finished(city: City, incident: str) -> None:
    """They go through every step and home; the incident is ended."""
    async with at_work(city, *AT_THE_FIRE), await city.person(SENDER) as sender:
        await work_through(city, sender, incident)
        await sender.until_state(incident, "cleared")
        await sender.end(incident)


def newest(page: Page, code: str) -> Json:
    """The newest open incident of a type that was handed on."""
    items = asked(page, "/api/incidents?state=open")["items"]
    found: Json = next(one for one in items if one["type"] == code and one["number"])
    return found


async def ended_crash(city: City) -> Json:
    """A crash from its first word to its close."""
    async with (
        at_work(city, "Ambulans 09", "Patroli 08", "Dishub 02"),
        await city.person(TAKER) as taker,
        await city.person(SENDER) as sender,
    ):
        crash = await taker.draft((-5.1378, 119.4405), "Flyover Pettarani", "crash")
        await taker.do(f"/api/incidents/{crash}/send", deed())
        await sender.send(crash, (await sender.recommended(crash))["slots"])
        await work_through(city, sender, crash)
        await sender.until_state(crash, "cleared")
        await sender.end(crash)
        return await sender.incident(crash)
