"""An incident is handed on, one key sends two agencies, and a phone tells that it arrived."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.demo import Demo
from tests.browser.harness import axe_violations, clipped_texts

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
FLEET_S = 240
UNIT = "Dishub 01"
HEAD = {"x-warroom": "1"}

type Enter = Callable[..., Page]


@pytest.fixture
def enter(new_page: NewPage, demo: Demo) -> Enter:
    """Signs somebody in by the one-time link of their title and agency."""

    def sign_in(who: str, **options: object) -> Page:
        page = new_page(**options)
        page.goto(demo.links[who])
        page.wait_for_url(re.compile(r"/(peta|dinding|112|lalin|tugas|admin|bantuan)"))
        return page

    return sign_in


def checked(page: Page, axe_source: str) -> None:
    assert [] == axe_violations(page, axe_source)
    assert [] == clipped_texts(page)


def until_fleet(page: Page, demo: Demo) -> dict[str, Any]:
    """Where the unit of the phone stands, once the demo has put its vehicles in place."""
    for _ in range(FLEET_S):
        answer = page.request.get(f"{demo.address}/api/units/positions")
        items = answer.json()["items"] if answer.ok else []
        found: dict[str, Any] | None = next(
            (one["position"] for one in items if one["name"] == UNIT), None
        )
        if found is not None:
            return found
        page.wait_for_timeout(1_000)
    pytest.fail(f"{UNIT} was not heard of after {FLEET_S} s")


def until_recommended(page: Page, demo: Demo, made: str) -> None:
    """Waits until simulated crews have signed on: a patrol can be sent."""
    for _ in range(FLEET_S):
        path = f"{demo.address}/api/dispatch/incidents/{made}/recommendation"
        slots = page.request.get(path).json()["slots"]
        if any(slot["role"] == "patrol" and slot["unit"] for slot in slots):
            return
        page.wait_for_timeout(1_000)
    pytest.fail(f"no patrol has a crew after {FLEET_S} s")


def handed_on(page: Page, demo: Demo, at: dict[str, Any]) -> str:
    """A crash beside the unit of the phone, as a call taker hands it on."""
    made, now = str(uuid.uuid4()), page.evaluate("new Date().toISOString()")
    place = {"lat": at["lat"], "lon": at["lon"], "name": "Simpang tabrakan", "detail": ""}
    fields = {"place": place, "type": "crash", "event_text": "Tabrakan, dua orang luka"}
    saved = page.request.put(
        f"{demo.address}/api/incidents/drafts/{made}",
        data={
            "writer": str(uuid.uuid4()),
            "revision": 1,
            "sent_at": now,
            "fields": {name: {"value": value, "at": now} for name, value in fields.items()},
        },
        headers=HEAD,
    )
    assert saved.ok, saved.text()
    sent = page.request.post(
        f"{demo.address}/api/incidents/{made}/send", data={"id": str(uuid.uuid4())}, headers=HEAD
    )
    assert sent.ok, sent.text()
    return made


def test_one_key_sends_two_agencies_and_a_phone_arrives(
    enter: Enter, demo: Demo, axe_source: str
) -> None:
    desk = enter("Pengawas 112, Diskominfo")
    phone = enter("Petugas lapangan, Dishub", viewport=PHONE)
    at = until_fleet(desk, demo)
    phone.goto(f"{demo.address}/tugas")
    phone.get_by_label("Cari unit").fill(UNIT)
    phone.get_by_role("button", name=UNIT).click()
    expect(phone.get_by_role("heading", name="Tidak ada tugas")).to_be_visible()

    made = handed_on(desk, demo, at)
    until_recommended(desk, demo, made)
    desk.goto(f"{demo.address}/112?insiden={made}")
    units = desk.get_by_role("region", name="Unit untuk insiden")
    chosen = units.get_by_role("checkbox", name=re.compile(f"{UNIT} sebagai Lalu lintas"))
    expect(chosen).to_be_checked()
    expect(units.get_by_role("checkbox", name=re.compile("sebagai Patroli"))).to_be_checked()
    checked(desk, axe_source)
    desk.keyboard.press("Control+Enter")

    expect(units.get_by_text("Dishub", exact=True)).to_be_visible()
    expect(units.get_by_text("Polrestabes", exact=True)).to_be_visible()
    mine = units.get_by_role("listitem").filter(has_text=UNIT).first
    expect(phone.get_by_role("heading", name="Kecelakaan lalu lintas")).to_be_visible()
    checked(phone, axe_source)
    phone.get_by_role("button", name="Terima").click()
    expect(mine.get_by_text("Diterima").first).to_be_visible()
    phone.get_by_role("button", name="Berangkat").click()
    phone.get_by_role("button", name="Tiba", exact=True).click()

    head = desk.get_by_role("region", name=re.compile(r"112-\d{4}-\d{6} Kecelakaan"))
    expect(head.get_by_text("Tiba", exact=True).first).to_be_visible()
    checked(desk, axe_source)
    checked(phone, axe_source)

    in_danger(phone, desk, axe_source)


def in_danger(phone: Page, desk: Page, axe_source: str) -> None:
    """A crew calls for help; every page of the desk says so until somebody answers."""
    button = phone.get_by_role("button", name=re.compile("DARURAT AWAK"))
    button.dispatch_event("pointerdown")
    phone.wait_for_timeout(500)
    button.dispatch_event("pointerup")
    expect(phone.get_by_text("Darurat terkirim")).to_have_count(0)
    button.dispatch_event("pointerdown")
    expect(phone.get_by_text("Darurat terkirim")).to_be_visible()

    alarm = desk.get_by_role("alert").filter(has_text=f"DARURAT AWAK: {UNIT}")
    expect(alarm).to_be_visible()
    checked(desk, axe_source)
    desk.keyboard.press("Alt+Shift+d")

    expect(alarm).to_have_count(0)
    expect(phone.get_by_text("Meja menjawab darurat Anda")).to_be_visible()
    checked(phone, axe_source)
