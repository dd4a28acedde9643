"""The pages as people meet them: signed in by a link of the demonstration, in a real Chromium.

One demonstration with six cameras serves all tests of this file; every test fails on a request to
another host and on an error in the page that nobody caught (`conftest.py`).
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import osmium
import pytest
from playwright.sync_api import APIRequestContext, Browser, Page, Route, expect

from tests.browser.conftest import NewPage
from tests.browser.demo import Demo, running_demo
from tests.browser.harness import (
    axe_violations,
    clipped_texts,
    has_colour,
    map_pixels,
    token,
    unseen_focus,
    until,
)
from tests.browser.walk import (
    ALL_LOOKS,
    FIRST_LOOKS,
    Look,
    put_on,
    route_paths,
    settle,
    walk,
)
from warroom.roads.tiles import make_tiles

pytestmark = pytest.mark.browser

NOBODY = "nobody"
WITHOUT_ROLE = "without a role"
OFTEN = ("Administrator", WITHOUT_ROLE, NOBODY)
"""Who walks at each run: all pages are in it, and those that most people never see whole."""
ROLES = (*OFTEN, "Wali Kota", "Operator CCTV", "Admin lembaga", "Petugas PDP")
LIVE = '[data-picture="live"]'
PLAYS = """video => new Promise(done => {
  const began = video.currentTime;
  const look = () => video.currentTime > began + 0.5 ? done(true) : setTimeout(look, 50);
  look();
  setTimeout(() => done(false), 10000);
})"""

type Enter = Callable[..., Page]


@pytest.fixture(scope="module")
def demo(
    chromium: str, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """Its own: what is walked over does not depend on which files ran before."""
    del chromium
    with running_demo(repository, tmp_path_factory.mktemp("pages")) as demo:
        yield demo


@pytest.fixture(scope="module")
def sessions(browser: Browser, demo: Demo) -> Callable[[str], Any]:
    """The cookies of a role; its one-time link is used at the first call and kept."""
    kept: dict[str, Any] = {}

    def sign_in(role: str) -> Any:
        if role not in kept:
            link = next(link for title, link in demo.links.items() if title.startswith(role))
            context = browser.new_context(locale="id-ID")
            page = context.new_page()
            page.goto(link)
            page.wait_for_url(re.compile(r"/(peta|dinding|admin|bantuan)"))
            kept[role] = context.storage_state()
            context.close()
        return kept[role]

    return sign_in


@pytest.fixture
def enter(new_page: NewPage, demo: Demo, sessions: Callable[[str], Any]) -> Enter:
    """Opens a page of the demonstration as somebody, in a language, and waits until it stands."""

    def open_page(path: str, role: str = "Administrator", language: str = "id") -> Page:
        page = new_page(storage_state=sessions(role))
        page.add_init_script("try { localStorage.clear() } catch {}")
        page.goto(f"{demo.address}/{path}")
        expect(page.locator("#content")).to_be_visible()
        # The language is the person's own and was kept by the test before.
        page.get_by_role("button", name=language.upper(), exact=True).click()
        expect(page.locator("html")).to_have_attribute("lang", language)
        return page

    return open_page


@pytest.fixture(scope="session")
def message_keys(repository: Path) -> frozenset[str]:
    """All keys of texts: none of them may be read on a page."""
    path = repository / "src" / "warroom" / "locales" / "id.json"
    return frozenset(json.loads(path.read_text("utf-8")))


def sign_in_without_role(page: Page, site: str, administrator: APIRequestContext) -> None:
    """Signs in at `page` as somebody new, whom the administrator gives a login and nothing else."""
    first, own = "empat kuda di tepi kali", "lima ekor ikan terbang jauh"

    def ask(by: APIRequestContext, path: str, body: dict[str, str]) -> dict[str, Any]:
        answer = by.post(f"{site}/api/{path}", data=body, headers={"x-warroom": "1"})
        assert answer.ok, answer.text()
        answered: dict[str, Any] = answer.json() if answer.text() else {}
        return answered

    person = ask(administrator, "people", {"login": "tanpa.peran", "name": "Tanpa Peran"})
    ask(administrator, f"people/{person['id']}/password", {"password": first})
    ask(page.request, "session", {"login": "tanpa.peran", "password": first})
    change = {"password": own, "current": first}
    ask(page.request, f"people/{person['id']}/password", change)
    ask(page.request, "session", {"login": "tanpa.peran", "password": own})


@pytest.fixture(scope="module")
def without_role(browser: Browser, demo: Demo, sessions: Callable[[str], Any]) -> Any:
    """The cookies of a person who has no role at all."""
    administrator = browser.new_context(storage_state=sessions("Administrator"))
    context = browser.new_context(locale="id-ID")
    page = context.new_page()
    sign_in_without_role(page, demo.address, administrator.request)
    kept = context.storage_state()
    context.close()
    administrator.close()
    return kept


@pytest.fixture
def walk_as(
    request: pytest.FixtureRequest,
    repository: Path,
    demo: Demo,
    new_page: NewPage,
    sessions: Callable[[str], Any],
    axe_source: str,
    message_keys: frozenset[str],
) -> Callable[[str, tuple[Look, ...]], list[str]]:
    """Walks over every page as somebody, in these looks, and gives what was wrong."""

    def as_role(role: str, looks: tuple[Look, ...]) -> list[str]:
        if role == NOBODY:
            page = new_page()
        elif role == WITHOUT_ROLE:
            page = new_page(storage_state=request.getfixturevalue("without_role"))
        else:
            page = new_page(storage_state=sessions(role))
        is_bare = role == NOBODY
        paths = route_paths(repository, bare=is_bare)
        found = walk(page, demo.address, paths, looks, axe_source, message_keys)
        put_on(page, FIRST_LOOKS[0])  # the language is the person's, and others come after us
        return found

    return as_role


def test_a_stranger_is_led_to_the_sign_in_and_back(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.address}/dinding")

    expect(page).to_have_url(re.compile(r"/masuk\?ke=%2Fdinding"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_the_sign_in_has_no_violation(
    page: Page, demo: Demo, assert_no_axe_violations: Callable[[Page], None]
) -> None:
    page.goto(demo.address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    assert_no_axe_violations(page)
    assert [] == clipped_texts(page)


def test_who_has_no_right_yet_is_told_whom_to_ask(
    new_page: NewPage, demo: Demo, without_role: Any
) -> None:
    page = new_page(storage_state=without_role)
    page.goto(demo.address)

    expect(page).to_have_url(re.compile("/bantuan$"))
    expect(page.get_by_role("status").filter(has_text="belum milik sebuah lembaga")).to_be_visible()


def test_a_wrong_password_is_told_without_saying_which_was_wrong(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.address}/masuk")
    page.locator("input[name=username]").fill("nobody")
    page.locator("input[name=password]").fill("not the password")

    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).not_to_be_empty()
    expect(page.locator("input[name=password]")).to_have_value("")


def test_a_link_signs_in_once(
    new_page: NewPage, demo: Demo, sessions: Callable[[str], Any]
) -> None:
    sessions("Inspektorat")
    link = next(link for title, link in demo.links.items() if title.startswith("Inspektorat"))
    second = new_page()

    second.goto(link)

    expect(second.get_by_role("alert")).not_to_be_empty()


@pytest.mark.parametrize("role", OFTEN)
def test_every_page_of_a_role_is_sound(
    role: str, walk_as: Callable[[str, tuple[Look, ...]], list[str]]
) -> None:
    assert [] == walk_as(role, FIRST_LOOKS)


@pytest.mark.nightly
@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_a_role_is_sound_in_every_look(
    role: str, walk_as: Callable[[str, tuple[Look, ...]], list[str]]
) -> None:
    assert [] == walk_as(role, ALL_LOOKS)


def test_an_alarm_of_recording_cannot_be_missed(enter: Enter, axe_source: str) -> None:
    page = enter("bantuan")
    alarm = {
        "id": "01a2125d-ea12-7935-87b1-1341baa789bc",
        "kind": "disk_full",
        "level": "alarm",
        "since": "2026-11-24T06:00:00Z",
        "node": "rec-1",
        "disk": "disk 1",
        "camera_id": None,
        "cameras_losing": 3,
    }
    page.route("**/api/recording/alarms", lambda route: route.fulfill(json={"items": [alarm]}))
    page.reload()

    sign = page.get_by_role("button", name=re.compile("^1 alarm rekaman"))
    expect(sign).to_be_visible()
    page.keyboard.press("Alt+a")

    listed = page.get_by_role("dialog", name="Alarm", exact=True)
    expect(listed).to_contain_text("Disk 1 penuh")
    assert [] == axe_violations(page, axe_source)
    page.keyboard.press("Escape")
    expect(listed).to_have_count(0)


def test_a_second_screen_follows_what_is_selected_on_the_map(enter: Enter) -> None:
    page = enter("peta?kamera=1")
    page.locator("[data-selected-camera]").get_by_role("button", name="Tutup").focus()
    with page.expect_popup() as opened:
        page.keyboard.press("Shift+Enter")
    second = opened.value

    expect(second).to_have_url(re.compile("/kamera/1$"))
    expect(second.get_by_role("heading", level=1)).to_contain_text("001")
    expect(second.get_by_role("banner")).to_have_count(0)
    page.get_by_role("button", name=re.compile("002 Balai Kota Lobi$")).click()
    expect(second).to_have_url(re.compile("/kamera/2$"))


def test_a_page_asks_nothing_that_its_role_is_refused(enter: Enter, demo: Demo) -> None:
    page = enter("bantuan", role="Operator CCTV")
    refused: list[str] = []
    page.on(
        "response",
        lambda answer: refused.append(answer.url) if answer.status in {401, 403, 404} else None,
    )

    for path in ("peta?kamera=1", "dinding", "rekaman", "kamera/1", "bantuan"):
        page.goto(f"{demo.address}/{path}")
        settle(page)

    assert [] == refused


def test_the_wall_plays_what_is_typed(enter: Enter) -> None:
    page = enter("dinding")
    page.locator("[data-camera], [data-monitor]").first.wait_for()

    page.keyboard.type("1 2")
    page.keyboard.press("Enter")

    tile = page.locator(f'[data-monitor="1"] [data-camera="2"]{LIVE}')
    expect(tile).to_be_visible(timeout=20_000)
    assert tile.locator("video").evaluate(PLAYS)


def test_a_first_wall_fills_itself_even_where_it_was_loaded_anew_before(enter: Enter) -> None:
    page = enter("bantuan")
    page.route("**/api/cameras?*", lambda route: route.abort())
    page.goto(page.url.replace("bantuan", "dinding"))
    expect(page.locator("[data-monitor]")).to_have_count(9)
    page.unroute("**/api/cameras?*")

    page.reload()

    expect(page.locator("[data-monitor] [data-camera]")).to_have_count(6, timeout=60_000)


def test_six_tiles_play_at_once(enter: Enter) -> None:
    page = enter("dinding?l=6&m=1;2;3;9;42;57")

    expect(page.locator(LIVE)).to_have_count(6, timeout=30_000)
    assert all(video.evaluate(PLAYS) for video in page.locator(f"{LIVE} video").all())


def test_a_camera_page_shows_it_live_with_its_facts(enter: Enter) -> None:
    page = enter("kamera/1")

    expect(page.locator(f'[data-camera="1"]{LIVE}')).to_be_visible(timeout=20_000)
    expect(page.locator("#content")).to_contain_text("Balai Kota")


def recorded_instant(page: Page, demo: Demo) -> str:
    """An instant that camera 1 has footage of; waits for its first segment (a minute at most)."""
    items = page.request.get(f"{demo.address}/api/cameras").json()["items"]
    camera = next(item["id"] for item in items if item["number"] == 1)
    day = page.evaluate(
        "() => `from=${new Date(Date.now() - 43200e3).toISOString()}"
        "&to=${new Date(Date.now() + 3600e3).toISOString()}&resolution_s=1`"
    )
    for _ in range(90):
        answer = page.request.get(f"{demo.address}/api/recordings/{camera}/timeline?{day}")
        assert 200 == answer.status, answer.text()
        if answer.json()["spans"]:
            return str(answer.json()["spans"][0]["start"])
        page.wait_for_timeout(1000)
    pytest.fail("camera 1 has no footage after 90 s")


def test_what_was_recorded_is_played_back(enter: Enter, demo: Demo) -> None:
    page = enter("bantuan")
    began = recorded_instant(page, demo)

    page.goto(f"{demo.address}/rekaman?kamera=1&t={began}")

    video = page.locator("video").first
    expect(video).to_be_attached()
    assert video.evaluate(PLAYS)


def test_without_webgl_the_map_says_so_and_lists(enter: Enter, demo: Demo) -> None:
    page = enter("bantuan")
    page.add_init_script(
        "const real = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        "  return kind.startsWith('webgl') ? null : real.call(this, kind, ...more); };"
    )

    page.goto(f"{demo.address}/peta")

    expect(page.locator("#content")).to_contain_text("WebGL")
    expect(page.locator("#content")).to_contain_text("Balai Kota Gerbang Depan")


def test_the_map_is_drawn_without_the_internet(enter: Enter) -> None:
    page = enter("peta")

    expect(page.locator("canvas.maplibregl-canvas")).to_be_visible()


def test_a_page_and_a_map_on_their_way_are_said_to_be(enter: Enter, demo: Demo) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page = enter("bantuan", "Operator CCTV")
    page.route("**/assets/MapPage-*.js", hold)
    page.route("**/api/places/layers/**", hold)
    page.get_by_role("link", name="Peta", exact=True).click()
    coming = page.get_by_role("status").get_by_text("Memuat", exact=True)
    expect(coming).to_be_visible()
    expect(page.locator("#content")).to_have_attribute("aria-busy", "true")

    held.pop(0).continue_()
    expect(page.get_by_text("Peta sedang digambar")).to_be_visible()
    expect(coming).to_have_count(0)
    while held:
        held.pop().continue_()
    page.unroute("**/api/places/layers/**")
    expect(page.get_by_text("Peta sedang digambar")).to_have_count(0, timeout=60_000)


def test_houses_are_drawn_where_the_city_has_tiles_of_them(
    enter: Enter, demo: Demo, tmp_path: Path
) -> None:
    """One house, larger than the screen, at the place that is marked."""
    if shutil.which("tilemaker") is None:
        pytest.skip("tilemaker is not installed")
    lon, lat, half = 119.43, -5.14, 0.003
    corners = ((-half, -half), (half, -half), (half, half), (-half, half))
    extract = tmp_path / "house.osm.pbf"
    with osmium.SimpleWriter(str(extract)) as writer:
        for ref, (east, north) in enumerate(corners, 1):
            writer.add_node(osmium.osm.mutable.Node(id=ref, location=(lon + east, lat + north)))
        house = osmium.osm.mutable.Way(id=1, nodes=[1, 2, 3, 4, 1], tags={"building": "yes"})
        writer.add_way(house)
    city = demo.folder / "data" / "city"
    assert make_tiles(extract, city, (lon, lat, lon, lat)).outcome == "made"
    try:
        os.utime(city / "city.json")  # a pack is read again when this file changes
        page = enter("peta")
        page.goto(f"{demo.address}/peta?di={lon},{lat}")
        settle(page)
        wanted = token(page, "m-building")
        assert share_of(wanted, page) < 0.1, "single houses are noise from afar"
        for _ in range(3):
            page.keyboard.press("+")
        settle(page)

        until(page, lambda: share_of(wanted, page) > 0.3)
    finally:
        (city / "base.pmtiles").unlink()
        os.utime(city / "city.json")


def share_of(colour: str, page: Page) -> float:
    """How much of the map's middle has exactly this colour."""
    pixels = map_pixels(page)
    high, wide = pixels.shape[:2]
    middle = pixels[high // 4 : 3 * high // 4, wide // 4 : 3 * wide // 4]
    return float(has_colour(middle, colour).mean())


def test_pages_are_reached_by_keys_alone(enter: Enter) -> None:
    page = enter("peta")

    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page).to_have_url(re.compile("/dinding"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_every_stop_of_the_tab_key_can_be_seen(enter: Enter) -> None:
    page = enter("admin/kamera")
    settle(page)

    unseen = []
    for _ in range(25):
        page.keyboard.press("Tab")
        unseen += unseen_focus(page)

    assert [] == unseen


def test_another_role_finds_no_page_that_is_not_its_own(enter: Enter) -> None:
    page = enter("bantuan", role="Kepala puskesmas")

    hrefs = {link.get_attribute("href") for link in page.locator("a[href]").all()}

    assert set() == hrefs & {"/admin/kamera", "/admin/hak", "/admin/token", "/admin/audit"}
    answer = page.request.get(f"{page.url.partition('/bantuan')[0]}/api/people")
    assert 404 == answer.status


def test_signing_out_ends_the_session(browser: Browser, demo: Demo, enter: Enter) -> None:
    page = enter("bantuan", role="Operator pemadam")
    cookies = page.context.cookies()

    page.get_by_role("button", name="Keluar").first.click()

    expect(page).to_have_url(re.compile("/masuk"))
    stolen = browser.new_context()
    stolen.add_cookies(cookies)  # type: ignore[arg-type]
    assert 401 == stolen.request.get(f"{demo.address}/api/session").status
    stolen.close()


def test_footage_is_held_by_a_key_and_let_go_of_with_a_reason(
    enter: Enter, axe_source: str
) -> None:
    page = enter("rekaman?kamera=1", "Supervisor")
    expect(page.get_by_role("slider", name="Waktu putar")).to_be_visible()
    page.get_by_role("button", name="Tahan", exact=False).first.wait_for()
    page.keyboard.press("h")
    form = page.get_by_role("dialog", name="Tahan rekaman")
    form.get_by_label("Nomor perkara").fill("LP/77/XI/2026")
    form.get_by_label("Alasan").fill("Tabrak lari di simpang")
    form.get_by_label("Alasan").press("Control+Enter")

    expect(form.get_by_role("status")).to_contain_text("Ditahan. 1 rekaman")
    assert axe_violations(page, axe_source) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Semua penahanan").click()
    row = page.get_by_role("row").filter(has_text="LP/77/XI/2026")
    row.click()
    page.get_by_role("button", name="Lepas", exact=True).click()
    page.get_by_label("Alasan melepas").fill("Perkara selesai")
    page.get_by_label("Alasan melepas").press("Enter")
    expect(row).to_have_count(0)
    page.get_by_role("switch", name="Tampilkan yang dilepas").click()
    expect(row).to_contain_text("dilepas")
