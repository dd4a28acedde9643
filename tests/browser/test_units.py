"""An incident is handed on, one key sends two agencies, and a phone tells that it arrived."""

import hashlib
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, Route, expect

from tests.browser.conftest import NewPage
from tests.browser.demo import Demo, kill_server
from tests.browser.harness import (
    axe_violations,
    clipped_texts,
    has_colour,
    map_pixels,
    token,
    until,
)
from tests.browser.walk import settle

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
FLEET_S = 240
UNIT = "Dishub 01"
RESTART_MS = 90_000
AWAY_MS = 5_000
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


def on_slow_network(page: Page) -> CDPSession:
    """Every answer is late, as on a weak radio link: what was pressed must stand until it comes."""
    link = page.context.new_cdp_session(page)
    terms = {"offline": False, "latency": 700, "downloadThroughput": -1, "uploadThroughput": -1}
    link.send("Network.emulateNetworkConditions", terms)
    return link


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
    out_of_service(phone, desk, demo, axe_source)
    slow = on_slow_network(phone)

    made = handed_on(desk, demo, at)
    until_recommended(desk, demo, made)
    desk.goto(f"{demo.address}/112?insiden={made}")
    units = desk.get_by_role("region", name="Unit untuk insiden")
    chosen = units.get_by_role("checkbox", name=re.compile(f"{UNIT} sebagai Lalu lintas"))
    expect(chosen).to_be_checked()
    expect(units.get_by_role("checkbox", name=re.compile("sebagai Patroli"))).to_be_checked()
    checked(desk, axe_source)
    # In the call's form these keys hand the call on; here they send.
    chosen.focus()
    desk.keyboard.press("Control+Enter")

    expect(units.get_by_text("Dishub", exact=True)).to_be_visible()
    expect(units.get_by_text("Polrestabes", exact=True)).to_be_visible()
    mine = units.get_by_role("listitem").filter(has_text=UNIT).first
    expect(phone.get_by_role("heading", name="Kecelakaan lalu lintas")).to_be_visible()
    checked(phone, axe_source)
    phone.get_by_role("button", name="Terima").click()
    expect(mine.get_by_role("img", name="Diterima")).to_be_visible()
    kill_server(demo)
    phone.get_by_role("button", name="Berangkat").click()
    phone.get_by_role("button", name="Tiba", exact=True).click()

    expect(mine.get_by_role("img", name="Tiba")).to_be_visible(timeout=RESTART_MS)
    checked(desk, axe_source)
    checked(phone, axe_source)

    in_danger(phone, desk, axe_source)
    slow.detach()
    without_network(phone, axe_source)
    ended = desk.request.get(f"{demo.address}/api/dispatch/incidents/{made}/tasks").json()
    told = [one for task in ended["items"] for one in task["assignments"] if one["ended_at"]]
    assert [UNIT] == [one["unit"]["name"] for one in told]
    ago = phone.evaluate("at => (Date.now() - Date.parse(at)) / 1000", told[0]["ended_at"])
    assert ago > AWAY_MS / 1000, "it ended when it was pressed, not when it was heard"
    photos = desk.request.get(f"{demo.address}/api/incidents/{made}/photos").json()["items"]
    assert [UNIT] == [one["unit"] for one in photos]
    seen = desk.request.get(f"{demo.address}/api/incidents/photos/{photos[0]['id']}").body()
    assert hashlib.sha256(seen).hexdigest() == photos[0]["sha256"]


def out_of_service(phone: Page, desk: Page, demo: Demo, axe_source: str) -> None:
    """The crew says that its vehicle is broken; the desk reads why, and puts it back."""
    phone.get_by_role("button", name="Tidak siap dikirim").click()
    phone.get_by_label("Keterangan").fill("ban bocor")
    checked(phone, axe_source)
    phone.context.set_offline(True)
    phone.get_by_role("button", name="Kendaraan rusak").click()
    kept = phone.get_by_text("Tersimpan di ponsel ini")
    expect(kept).to_be_visible()
    expect(phone.locator("header").get_by_text("Tidak siap", exact=True)).to_be_visible()
    checked(phone, axe_source)
    phone.context.set_offline(False)
    expect(kept).to_have_count(0)
    expect(phone.get_by_text("Tidak siap: Kendaraan rusak")).to_be_visible()
    checked(phone, axe_source)

    answer = desk.request.get(f"{demo.address}/api/units/positions").json()["items"]
    unit = next(one["id"] for one in answer if one["name"] == UNIT)
    desk.goto(f"{demo.address}/peta?daftar=unit&unit={unit}")
    pane = desk.get_by_role("region", name=UNIT)
    expect(pane.get_by_text("Tidak siap: Kendaraan rusak")).to_be_visible()
    expect(pane.get_by_text("ban bocor")).to_be_visible()
    checked(desk, axe_source)
    pane.get_by_role("button", name="Siap lagi").click()

    expect(phone.get_by_role("button", name="Tidak siap dikirim")).to_be_visible()
    expect(pane.get_by_role("button", name="Tidak siap dikirim")).to_be_visible()


def without_network(phone: Page, axe_source: str) -> None:
    """The phone is opened where there is no network, shows what it knows, and keeps a press."""
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.context.set_offline(True)
    phone.reload()
    expect(phone.get_by_text("Jaringan hilang")).to_be_visible()
    expect(phone.get_by_text("Belum didengar lagi dari server")).to_be_visible()
    expect(phone.get_by_role("heading", name="Kecelakaan lalu lintas")).to_be_visible()
    picture = {"name": "tempat.png", "mimeType": "image/png", "buffer": phone.screenshot()}
    phone.get_by_label("Foto dari tempat kejadian").set_input_files(picture)
    expect(phone.get_by_text("Foto menunggu dikirim: 1")).to_be_visible()
    phone.get_by_role("button", name="Selesai", exact=True).click()
    expect(phone.get_by_text("Menunggu jaringan: 1")).to_be_visible()
    phone.reload()
    expect(phone.get_by_text("Menunggu jaringan: 1")).to_be_visible()
    checked(phone, axe_source)
    phone.wait_for_timeout(AWAY_MS)

    phone.context.set_offline(False)
    expect(phone.get_by_text("Tersambung")).to_be_visible()


def in_danger(phone: Page, desk: Page, axe_source: str) -> None:
    """A crew calls for help; every page of the desk says so until somebody answers."""
    button = phone.get_by_role("button", name=re.compile("DARURAT AWAK"))
    button.dispatch_event("pointerdown")
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


STANDS = {"id": str(uuid.uuid4()), "name": "Damkar Uji", "kind": "engine"}
STANDS_AT = {"lat": -5.1477, "lon": 119.4327, "kmh": 0}
"""Those of the demonstration drive about, and leave the way that was drawn for them."""


def told_that_it_stands(route: Route) -> None:
    """The units as the server tells them, and one more, like the first that was heard of."""
    said = route.fetch()
    units = said.json()
    like = next(one for one in units["items"] if one["position"])
    one = like | STANDS | {"position": like["position"] | STANDS_AT}
    route.fulfill(response=said, json=units | {"items": [*units["items"], one]})


class Sent:
    """The server's word of who was sent: a unit on its way into a jam."""

    def __init__(self, lat: float, lon: float) -> None:
        self.lat, self.lon = lat, lon
        self.is_told = False

    def answer(self, route: Route) -> None:
        """Answers the page."""
        route.fulfill(json={"items": [self.task()] if self.is_told else []})

    def task(self) -> dict[str, Any]:
        """A task of the unit's agency."""
        at = "2026-01-01T00:00:00Z"
        assignment = {
            "id": str(uuid.uuid4()), "state": "en_route", "since": at, "dispatched_at": at,
            "accepted_at": at, "en_route_at": at, "on_scene_at": None, "ended_at": None,
            "eta_s": 900, "role": "engine", "way": self.way(at),
            "unit": STANDS,
        }  # fmt: skip
        return {
            "id": str(uuid.uuid4()), "number": "112-2026-000099/1", "state": "open",
            "alarm_level": 1, "assignments": [assignment], "stacked": [],
            "agency": {"id": str(uuid.uuid4()), "name": "Damkar", "short": "Damkar"},
        }  # fmt: skip

    def way(self, at: str) -> dict[str, Any]:
        """A detour of a kilometre to the north, which it goes on."""
        lat, lon = STANDS_AT["lat"], STANDS_AT["lon"]
        before = [[lon, lat], [lon, self.lat + 0.01], [self.lon, self.lat]]
        return {
            "kind": "way_worse", "at": at, "was_s": 300, "now_s": 900, "closed": False,
            "road": "Jl. Uji", "state": "jam", "better_s": 400, "via": "Jl. Lain",
            "lines": {"before": before, "better": []},
        }  # fmt: skip


def test_the_way_a_unit_goes_and_a_better_one_are_drawn_beside_each_other(
    new_page: NewPage, demo: Demo, axe_source: str
) -> None:
    desk = new_page(viewport={"width": 1600, "height": 900})
    desk.goto(demo.with_new_links().links["Pengawas 112, Diskominfo"])
    desk.wait_for_url(re.compile("/(peta|112)"))
    until_fleet(desk, demo)
    at = {"lat": -5.1377, "lon": 119.4427}
    made = handed_on(desk, demo, at)
    sent = Sent(**at)
    desk.route("**/api/units?*", told_that_it_stands)
    desk.route("**/api/dispatch/incidents/*/tasks", sent.answer)
    desk.goto(f"{demo.address}/112?insiden={made}")
    expect(desk.get_by_role("region", name="Unit untuk insiden")).to_be_visible()
    settle(desk)
    colours = token(desk, "act"), token(desk, "fg-2")

    def drawn() -> list[int]:
        picture = map_pixels(desk)
        return [int(has_colour(picture, colour).sum()) for colour in colours]

    before = drawn()
    sent.is_told = True
    desk.reload()
    expect(desk.get_by_text("Jl. Uji").first).to_be_visible()

    until(desk, lambda: all(now > was + 100 for now, was in zip(drawn(), before, strict=True)))
    checked(desk, axe_source)
