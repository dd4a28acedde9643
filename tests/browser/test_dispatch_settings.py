"""What a city sets up for dispatch: minima of stations by the map, run cards in words by keys."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import NewPage
from tests.browser.demo import Demo
from tests.browser.harness import axe_violations, clipped_texts
from tests.browser.walk import FIRST_LOOKS, put_on, settle

pytestmark = pytest.mark.browser

OWN = {"x-warroom": "1"}
FLEET_S = 240
SAVED = "Tersimpan: Rumah atau bangunan terbakar"


@pytest.fixture(scope="module")
def state(browser: Browser, demo: Demo) -> Any:
    """Of a supervisor of 112; each link signs in once."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(next(link for title, link in demo.links.items() if title.startswith("Pengawas 112")))
    page.wait_for_url(re.compile(r"/(peta|dinding|112|lalin|tugas|admin|bantuan)"))
    kept = context.storage_state()
    context.close()
    return kept


def checked(page: Page, axe_source: str) -> None:
    for look in FIRST_LOOKS:
        put_on(page, look)
        settle(page)
        assert [] == axe_violations(page, axe_source)
        assert [] == clipped_texts(page)
    put_on(page, FIRST_LOOKS[0])


def card(page: Page, demo: Demo) -> Any:
    items = page.request.get(f"{demo.address}/api/dispatch/runcards").json()["items"]
    return next(one for one in items if one["code"] == "house")


def take(page: Page, box: Locator, typed: str) -> None:
    """Finds by name and takes the first that fits, with keys alone."""
    box.focus()
    page.keyboard.type(typed)
    page.keyboard.press("Enter")


def test_a_run_card_is_written_in_words_by_keys_and_keeps_what_nobody_knows(
    new_page: NewPage, demo: Demo, state: Any, axe_source: str
) -> None:
    page = new_page(storage_state=state)
    before = card(page, demo)
    words = {name: before[name] for name in ("name", "needs")} | {
        "version": before["version"], "types": ["fire_house", "volcano"], "places": ["99.01"],
        "least_priority": 5, "is_retired": False,
    }  # fmt: skip
    written = page.request.put(
        f"{demo.address}/api/dispatch/runcards/house", data=words, headers=OWN
    )
    assert written.status == 200, written.text()

    page.goto(f"{demo.address}/admin/kartu-pengerahan?kartu=house")
    expect(page.get_by_text("volcano (tidak dikenal)").first).to_be_visible()
    expect(page.get_by_text("99.01 (tidak dikenal)").first).to_be_visible()
    checked(page, axe_source)
    take(page, page.get_by_role("combobox", name="Jenis kejadian"), "pasar")
    take(page, page.get_by_role("combobox", name="Wilayah"), "Tallo")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(SAVED)).to_be_visible()
    after = card(page, demo)

    assert after["types"] == ["fire_house", "volcano", "fire_market"]
    assert after["places"][0] == "99.01"
    assert after["places"][1].startswith("73.71.")
    assert after["needs"] == before["needs"]


def test_where_a_unit_stands_by_is_a_click_on_the_map(
    new_page: NewPage, demo: Demo, state: Any, axe_source: str
) -> None:
    page = new_page(storage_state=state)
    for _ in range(FLEET_S):
        if page.request.get(f"{demo.address}/api/units").json()["items"]:
            break
        page.wait_for_timeout(1_000)
    page.goto(f"{demo.address}/112/cakupan")
    page.get_by_role("button", name="Batas baru").click()
    form = page.get_by_role("form", name="Batas minimum")
    checked(page, axe_source)

    picker = form.get_by_role("application")
    box = picker.bounding_box()
    assert box is not None
    picker.click(position={"x": box["width"] * 0.6, "y": box["height"] * 0.4})
    lat = form.get_by_role("textbox", name="Lintang")
    expect(lat).to_have_value(re.compile(r"^-5\.\d{6}$"))
    form.get_by_role("textbox", name="Bujur").fill("119,4500")
    form.get_by_label("Instansi").select_option(label="Damkar")
    form.get_by_label("Pos", exact=True).fill("Pos Uji")
    form.get_by_label("Jenis unit").select_option(label="Mobil pemadam")
    form.get_by_role("button", name="Simpan").click()
    expect(page.get_by_role("rowheader", name="Pos Uji")).to_be_visible()
    made = next(
        one
        for one in page.request.get(f"{demo.address}/api/dispatch/coverage").json()["items"]
        if one["station"] == "Pos Uji"
    )

    assert made["lon"] == 119.45
    assert -5.3 < made["lat"] < -5.0
