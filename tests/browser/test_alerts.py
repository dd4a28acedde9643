"""One person writes an alert, another releases it, the feed shows it, and it is cancelled.

On the map it is opened by its outline and by the keyboard; past ones are found by words.
"""

import math
import re
import uuid
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.browser.conftest import NewPage
from tests.browser.demo import Demo
from tests.browser.harness import axe_violations, clipped_texts
from warroom.alerts.cap import problems, read_alert
from warroom.alerts.feeds import read_feed

pytestmark = pytest.mark.browser

MOST_CLICKS = 30
HEADLINE = "Genangan di Manggala & sekitarnya"


@pytest.fixture(scope="module")
def sessions() -> dict[str, Any]:
    """Cookies by title and agency: a link signs in once, and the tests of this file share them."""
    return {}


@pytest.fixture
def enter(new_page: NewPage, demo: Demo, sessions: dict[str, Any]) -> Callable[..., Page]:
    """Signs somebody in by the one-time link of their title and agency."""

    def sign_in(who: str, **options: Any) -> Page:
        page = new_page(storage_state=sessions.get(who), **options)
        if who not in sessions:
            page.goto(demo.links[who])
            page.wait_for_url(re.compile(r"/(peta|dinding|112|lalin|tugas|admin|bantuan)"))
            sessions[who] = page.context.storage_state()
        page.goto(f"{demo.address}/peringatan")
        expect(page.get_by_role("heading", name="Peringatan", level=1)).to_be_attached()
        return page

    return sign_in


def checked(page: Page, axe_source: str) -> None:
    assert [] == axe_violations(page, axe_source)
    assert [] == clipped_texts(page)


def until_of(page: Page) -> str:
    """A time three hours ahead, as people of the city type it."""
    return str(
        page.evaluate(
            "() => { const at = new Date(Date.now() + 3 * 3600e3); const part = Object.fromEntries("
            "new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Makassar', dateStyle: 'short',"
            " timeStyle: 'short' }).formatToParts(at).map(({ type, value }) => [type, value]));"
            " return `${part.day}-${part.month}-${part.year} ${part.hour}.${part.minute}`; }"
        )
    )


def told(page: Page, demo: Demo) -> list[str]:
    """The links of the public feed, read without signing in."""
    answer = page.request.get(f"{demo.address}/cap/", headers={"cookie": ""})
    assert answer.ok
    feed = read_feed(answer.body(), f"{demo.address}/cap/")
    assert feed is not None
    return [one.url for one in feed.items]


def press(page: Page, name: str) -> None:
    """By the keyboard: a map beside it that is still being drawn holds up no key."""
    page.get_by_role("button", name=name, exact=True).press("Enter")


def ask_release(page: Page) -> None:
    press(page, "Minta diterbitkan")
    expect(page.get_by_text("menunggu penerbit").first).to_be_visible()


def release(page: Page, title: str) -> None:
    page.get_by_role("button", name="Tulisan kota").click()
    waiting = page.get_by_role("link").filter(has_text="menunggu penerbit")
    expect(waiting).to_have_count(1)
    expect(waiting).to_contain_text(title)
    waiting.press("Enter")
    press(page, "Terbitkan")
    page.wait_for_url(re.compile(r"peringatan=[0-9a-f-]{36}"))
    expect(page.get_by_role("heading", name=re.compile(re.escape(HEADLINE)))).to_be_visible()


def click_outline(page: Page, demo: Demo, pane: Locator) -> None:
    """Clicks on the outline of the one alert in force until its pane is open.

    The map is brought to the middle of the longest side, away from corners; what else could be
    hit there is put away.
    """
    (alert,) = page.request.get(f"{demo.address}/api/alerts").json()["items"]
    ring = alert["body"]["infos"][0]["areas"][0]["polygons"][0]
    a, b = max(pairwise(ring), key=lambda pair: math.dist(*pair))
    page.goto(f"{demo.address}/peta?di={(a[1] + b[1]) / 2},{(a[0] + b[0]) / 2}&tempat=tepi")
    canvas = page.locator("canvas.maplibregl-canvas")
    expect(canvas).to_be_visible()
    page.keyboard.press("5")
    page.keyboard.press("6")
    for _ in range(MOST_CLICKS):
        # Outlines are drawn once the map stands, which nothing on the page tells.
        canvas.click()
        try:
            pane.wait_for(timeout=1_000)
        except PlaywrightTimeoutError:
            continue
        return
    expect(pane).to_be_visible()


def count_drafts(page: Page, demo: Demo) -> int:
    return len(page.request.get(f"{demo.address}/api/alerts/drafts").json()["items"])


def made_incident(page: Page, demo: Demo) -> str:
    """An incident that was handed on, by who takes calls."""
    incident, headers = str(uuid.uuid4()), {"X-Warroom": "1"}
    at = page.evaluate("new Date().toISOString()")
    fields = {"type": "flood", "place": {"lat": -5.164, "lon": 119.478, "name": "Pasar Antang"}}
    saving = {
        "writer": str(uuid.uuid4()),
        "revision": 1,
        "sent_at": at,
        "fields": {name: {"value": value, "at": at} for name, value in fields.items()},
    }
    path = f"{demo.address}/api/incidents"
    assert page.request.put(f"{path}/drafts/{incident}", data=saving, headers=headers).ok
    sent = {"id": str(uuid.uuid4())}
    assert page.request.post(f"{path}/{incident}/send", data=sent, headers=headers).ok
    return incident


def shown_where_it_holds(page: Page, demo: Demo) -> None:
    """On the map by the keyboard from the list, then by its outline."""
    page.get_by_role("link", name="Lihat di peta").press("Enter")
    pane = page.get_by_role("heading", name=re.compile(re.escape(HEADLINE)))
    expect(pane).to_be_visible()
    page.goto(f"{demo.address}/peta?daftar=peringatan")
    expect(page.get_by_role("button", name=HEADLINE)).to_be_visible()
    page.keyboard.press("j")
    expect(pane).to_be_visible()
    page.keyboard.press("Escape")
    expect(pane).to_have_count(0)
    click_outline(page, demo, pane)
    page.get_by_role("link", name="Buka di halaman peringatan").press("Enter")
    expect(page.get_by_role("heading", name="Peringatan", level=1)).to_be_attached()


def test_an_alert_is_written_released_by_another_read_by_all_and_cancelled(
    enter: Callable[..., Page], demo: Demo, axe_source: str
) -> None:
    writer = enter("Pengendali 112, Diskominfo")
    checked(writer, axe_source)
    writer.get_by_role("button", name="Tulis peringatan").click()
    indonesian = writer.get_by_role("region", name="Bahasa Indonesia")
    indonesian.get_by_label("Keadaan").fill("Banjir")
    indonesian.get_by_label("Judul").fill(HEADLINE)
    indonesian.get_by_label("Penjelasan").fill("Air setinggi < 50 cm.")
    writer.get_by_label("Keparahan").select_option("Severe")
    writer.get_by_label("Berlaku sampai").fill(until_of(writer))
    writer.get_by_label("Manggala", exact=True).press("Space")
    checked(writer, axe_source)
    ask_release(writer)
    assert writer.get_by_role("button", name="Terbitkan", exact=True).count() == 0
    assert told(writer, demo) == []

    other = enter("Pengawas 112, Diskominfo")
    release(other, HEADLINE)
    checked(other, axe_source)
    (link,) = told(other, demo)
    alert = read_alert(other.request.get(link).body()).alert
    assert [] == problems(alert)
    assert HEADLINE == alert.infos[0].headline
    assert ("Kemendagri", "73.71.12") in alert.infos[0].areas[0].geocodes

    shown_where_it_holds(other, demo)
    checked(other, axe_source)

    board = writer
    board.goto(f"{demo.address}/112")
    line = board.get_by_role("region", name="Peringatan yang berlaku di kota")
    expect(line.get_by_role("link", name=HEADLINE)).to_be_visible()
    line.get_by_role("link", name=HEADLINE).click()
    press(board, "Batalkan")
    board.get_by_label("Alasan pembatalan").fill("Air sudah surut")
    ask_release(board)
    release(other, HEADLINE)

    cancel, first = told(other, demo)
    assert first == link
    ended = read_alert(other.request.get(cancel).body()).alert
    assert ("Cancel", (alert.reference,)) == (ended.type, ended.references)
    board.goto(f"{demo.address}/peringatan")
    expect(board.get_by_text("Tidak ada peringatan yang berlaku")).to_be_visible()
    board.get_by_role("button", name="Sudah lewat").click()
    for words, count in (("GENANGAN manggala", 2), ("surut genangan", 1), ("angin", 0)):
        board.get_by_label("Cari dalam peringatan").fill(words)
        expect(board.get_by_role("link", name=HEADLINE)).to_have_count(count)


def test_opening_the_page_from_an_incident_writes_nothing_before_the_button_is_pressed(
    enter: Callable[..., Page], demo: Demo, axe_source: str
) -> None:
    page = enter("Pengendali 112, Diskominfo")
    incident = made_incident(enter("Penerima panggilan 112, Diskominfo"), demo)
    before = count_drafts(page, demo)

    page.goto(f"{demo.address}/peringatan?insiden={incident}")
    expect(page.get_by_role("heading", name="Banjir")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Banjir")).to_be_visible()
    checked(page, axe_source)
    assert before == count_drafts(page, demo)

    offer = page.get_by_role("region", name="Tulis peringatan dari insiden ini")
    offer.get_by_role("button", name="Tulis peringatan").press("Enter")
    page.wait_for_url(re.compile(r"konsep=[0-9a-f-]{36}"))
    assert before + 1 == count_drafts(page, demo)
    page.goto(f"{demo.address}/peringatan?insiden={incident}")
    expect(page.get_by_role("link", name="Banjir, genangan, sedang ditulis")).to_be_visible()
