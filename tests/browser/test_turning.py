"""A camera that turns: moved by mouse and keys, taken over with a reason, turned to an incident."""

import json
import math
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from simcity.desk.taking import Form
from tests.browser.conftest import NewPage
from tests.browser.demo import Demo
from tests.browser.harness import axe_violations, clipped_texts

pytestmark = pytest.mark.browser

CAMERA = 2
PATIENCE_MS = 90_000
OPERATOR, SUPERVISOR = "Operator CCTV, Diskominfo", "Pengawas 112, Diskominfo"

type Enter = Callable[..., Page]


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """While the demonstration puts its fleet in place, events wait for that."""
    expect.set_options(timeout=PATIENCE_MS)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def sessions() -> dict[str, Any]:
    """Of those who signed in: their link works once."""
    return {}


@pytest.fixture
def enter(new_page: NewPage, demo: Demo, sessions: dict[str, Any]) -> Enter:
    """Signs somebody in by the one-time link of their title and agency, or goes on as them."""

    def sign_in(who: str, **options: object) -> Page:
        page = new_page(**options, storage_state=sessions.get(who))
        page.goto(demo.address if who in sessions else demo.links[who])
        page.wait_for_url(re.compile(r"/(peta|dinding|112|lalin|tugas|admin|bantuan)"))
        sessions[who] = page.context.storage_state()
        return page

    return sign_in


def head(demo: Demo, number: int = CAMERA) -> dict[str, Any]:
    """Where the simulated head looks, by its own word."""
    port = json.loads((demo.folder / "data" / "demo.json").read_text())["onvif_port"]
    told: dict[str, Any] = httpx.get(f"http://127.0.0.1:{port}/heads").json()[str(number)]
    return told


def until(page: Page, done: Callable[[], bool]) -> None:
    """Waits for something outside of the page."""
    for _ in range(300):
        if done():
            return
        page.wait_for_timeout(100)
    pytest.fail("it did not come to pass")


def checked(page: Page, axe_source: str) -> None:
    assert [] == axe_violations(page, axe_source)
    assert [] == clipped_texts(page)


def test_a_camera_is_moved_by_mouse_and_keys_and_taken_over_with_a_reason(
    enter: Enter, demo: Demo, axe_source: str
) -> None:
    page, boss = enter(OPERATOR), enter(SUPERVISOR)
    for one in (page, boss):
        one.goto(f"{demo.address}/kamera/{CAMERA}")
    controls, theirs = (one.get_by_role("region", name="Gerakkan kamera") for one in (page, boss))
    expect(controls.get_by_text("Tidak dipegang siapa pun")).to_be_visible()
    expect(controls.get_by_text(re.compile(r"Menghadap \d+°"))).to_be_visible()
    checked(page, axe_source)

    right = controls.get_by_role("button", name="Ke kanan")
    right.hover()
    page.mouse.down()
    until(page, lambda: bool(head(demo)["is_moving"]))
    expect(controls.get_by_text("Anda memegangnya")).to_be_visible()
    page.mouse.up()
    until(page, lambda: not head(demo)["is_moving"])
    assert "stop" == head(demo)["told"][-1]

    right.focus()
    page.keyboard.down("ArrowUp")
    until(page, lambda: bool(head(demo)["is_moving"]))
    page.keyboard.up("ArrowUp")
    until(page, lambda: not head(demo)["is_moving"])
    assert head(demo)["tilt_deg"] > -10

    page.keyboard.press("2")
    until(page, lambda: head(demo)["pan_deg"] == 90)

    controls.get_by_role("button", name="Pesan 10 menit").click()
    expect(theirs.get_by_text(re.compile("dipesan sampai"))).to_be_visible()
    theirs.get_by_label("Alasan mengambil alih").fill("Kebakaran di Balai Kota")
    checked(boss, axe_source)
    theirs.get_by_role("button", name="Ambil alih").click()
    expect(theirs.get_by_text("Anda memegangnya")).to_be_visible()
    # Kept, so that silence while the pages are checked does not free it.
    theirs.get_by_role("button", name="Pesan 10 menit").click()
    expect(controls.get_by_text(re.compile("Dipegang .*dipesan sampai"))).to_be_visible()

    controls.get_by_role("button", name="Ke kiri").press("Enter")
    expect(controls.get_by_text(re.compile("dengan prioritas lebih tinggi"))).to_be_visible()
    checked(page, axe_source)
    theirs.get_by_role("button", name="Lepas").click()
    expect(controls.get_by_text("Tidak dipegang siapa pun")).to_be_visible()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_near_tile_of_an_incident_turns_the_camera_to_it(
    enter: Enter, demo: Demo, axe_source: str, theme: str
) -> None:
    page = enter(SUPERVISOR)
    page.evaluate("theme => localStorage.setItem('warroom.theme', theme)", theme)
    request, headers = page.context.request, {"x-warroom": "1"}
    cameras = request.get(f"{demo.address}/api/cameras?limit=100").json()["items"]
    camera = next(one for one in cameras if one["number"] == CAMERA)
    # North-east of it, a hundred metres away.
    place = {"lat": camera["lat"] + 0.0006, "lon": camera["lon"] + 0.0006, "name": "Balai Kota"}
    incident = str(uuid.uuid4())
    typed = Form().saving(place_text="Balai Kota", place=place, type="crash")
    for method, path, body in (
        ("PUT", f"/api/incidents/drafts/{incident}", typed),
        ("POST", f"/api/incidents/{incident}/send", {"id": str(uuid.uuid4())}),
    ):
        answer = request.fetch(f"{demo.address}{path}", method=method, data=body, headers=headers)
        assert answer.ok, answer.text()

    page.goto(f"{demo.address}/112?insiden={incident}")
    near = page.get_by_role("region", name="Kamera terdekat")
    aim = near.get_by_role("button", name=re.compile("Arahkan ke kejadian: "))
    number = int(re.findall(r"\d+", aim.first.get_attribute("aria-label") or "")[-1])
    aim.first.click()

    expect(near.get_by_text("Diarahkan ke kejadian.")).to_be_visible()
    shown = next(one for one in cameras if one["number"] == number)
    expected = _bearing(shown, place) - shown["bearing_deg"]
    until(page, lambda: abs((head(demo, number)["pan_deg"] - expected + 180) % 360 - 180) < 1)
    checked(page, axe_source)
    page.set_viewport_size({"width": 390, "height": 844})
    checked(page, axe_source)
    request.fetch(
        f"{demo.address}/api/incidents/{incident}/end",
        method="POST",
        data={"id": str(uuid.uuid4()), "outcome": "handled", "reason": ""},
        headers=headers,
    )


def _bearing(camera: dict[str, Any], place: dict[str, Any]) -> float:
    east = (place["lon"] - camera["lon"]) * math.cos(math.radians(camera["lat"]))
    return math.degrees(math.atan2(east, place["lat"] - camera["lat"]))
