"""A call of 112 is taken in with the keyboard alone, seen by others as it is typed, and merged."""

import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewPage
from tests.browser.demo import Demo
from tests.browser.harness import axe_violations, clipped_texts

pytestmark = pytest.mark.browser

type Enter = Callable[..., Page]


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


def checked(page: Page, axe_source: str) -> None:
    assert [] == axe_violations(page, axe_source)
    assert [] == clipped_texts(page)


def take_in(page: Page, place: str, event: str) -> None:
    """Place and event, from an empty form, by keys."""
    expect(page.get_by_label("Tempat", exact=True)).to_be_focused()
    page.keyboard.type(place)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Kejadian", exact=True)).to_be_focused()
    page.keyboard.type(event)
    page.keyboard.press("Enter")


def number_of(page: Page) -> str:
    """The last digits of the incident that was just handed on."""
    head = page.get_by_role("heading", name=re.compile(r"112-\d{4}-\d{6}")).first
    expect(head).to_be_visible()
    number = re.search(r"\d{6}\b", head.inner_text())
    assert number is not None
    return number[0]


def pin(watcher: Page, taker: Page, text: str) -> None:
    """A caution that one pins is read by the other beside the place."""
    watcher.get_by_label("Peringatan di tempat ini").fill(text)
    watcher.keyboard.press("Enter")
    around = taker.get_by_label("Di sekitar tempat ini")
    expect(around.get_by_text(text).first).to_be_visible()


def neighbour_calls(watcher: Page, axe_source: str) -> None:
    """The form says that it is the same before they have finished, and one key makes it one."""
    watcher.keyboard.press("Alt+n")
    take_in(watcher, "karebosi", "kebakaran rumah")
    expect(watcher.get_by_text("0 m, ").first).to_be_visible()
    watcher.keyboard.press("F4")
    watcher.keyboard.type("Api sudah sampai tetangga")
    checked(watcher, axe_source)
    watcher.keyboard.press("F8")
    expect(watcher.get_by_text("Digabung ke ").first).to_be_visible()


def written_on_paper(watcher: Page, demo: Demo, axe_source: str) -> None:
    """A fire of two hours ago that was on paper: its unit's run has its own times."""
    watcher.goto(f"{demo.address}/112/kertas")
    heard = watcher.get_by_label("Diterima")
    expect(heard).to_be_focused()
    now = datetime.fromtimestamp(watcher.evaluate("Date.now()") / 1000, ZoneInfo("Asia/Makassar"))
    begun = now - timedelta(hours=2)
    heard.fill(begun.strftime("%d-%m-%Y %H.%M"))
    place = watcher.get_by_role("combobox", name="Tempat")
    place.fill("depan pasar terong")
    option = watcher.get_by_role("option").first
    expect(option).to_contain_text("Bontoala")
    expect(option).to_contain_text("Gas, Banyak orang")
    place.press("Enter")
    expect(place).to_have_value("depan Pasar Terong")
    expect(watcher.get_by_text(re.compile("tabung elpiji"))).to_be_visible()
    watcher.get_by_label("Kejadian").select_option(label="Kebakaran, permukiman padat")
    watcher.keyboard.press("Alt+u")
    unit = watcher.get_by_label("Unit", exact=True)
    unit.select_option(index=1)
    for label, minutes in (("Dikirim", 2), ("Tiba", 11), ("Selesai", 55)):
        at = begun + timedelta(minutes=minutes)
        watcher.get_by_label(label, exact=True).fill(at.strftime("%H.%M"))
    checked(watcher, axe_source)
    watcher.keyboard.press("F9")

    watcher.wait_for_url(re.compile(r"/112\?insiden="))
    expect(watcher.get_by_text("ditulis belakangan").first).to_be_visible()
    arrived = (begun + timedelta(minutes=11)).strftime("%H.%M")
    expect(watcher.get_by_text(arrived).first).to_be_visible()


def in_own_words(watcher: Page, demo: Demo, axe_source: str) -> None:
    """A question card is written anew by the city; its earlier words can be taken again."""
    watcher.goto(f"{demo.address}/admin/kartu?kartu=fire_dense")
    aloud = watcher.get_by_label("Dibacakan ke penelepon (Bahasa Indonesia)")
    expect(aloud).to_have_value(re.compile("Keluar sekarang"))
    own = "Keluar sekarang lewat pintu terdekat."
    aloud.fill(own)
    checked(watcher, axe_source)
    watcher.keyboard.press("Control+Enter")
    versions = watcher.get_by_role("region", name="Semua versi")
    expect(versions.get_by_role("listitem")).to_have_count(2)
    expect(versions.get_by_text("Berlaku")).to_be_visible()
    expect(versions.get_by_text("Bawaan")).to_be_visible()
    watcher.reload()
    expect(aloud).to_have_value(own)
    expect(watcher.get_by_role("row", name=re.compile("fire_|medical_"))).to_have_count(0)
    expect(watcher.get_by_role("cell", name="Pemadam kebakaran").first).to_be_visible()
    watcher.goto(f"{demo.address}/admin/kartu-pengerahan?kartu=dense")
    kinds = watcher.get_by_role("list", name="Jenis kejadian")
    expect(kinds).to_contain_text("Kebakaran, permukiman padat")
    checked(watcher, axe_source)


PREMISES = b"""nama;jenis;lintang;bujur;bahaya
Pasar Uji Pagi;pasar;-5.1401;119.4201;listrik
Pasar Salah;pasar;utara;119.42;
"""


def test_what_is_kept_of_a_place_is_found_by_what_the_caller_says(
    enter: Enter, demo: Demo, axe_source: str
) -> None:
    keeper, taker = enter("Pengawas 112, Diskominfo"), enter("Penerima panggilan 112, Diskominfo")
    keeper.goto(f"{demo.address}/admin/tempat?baru=1")
    keeper.get_by_label("Nama", exact=True).fill("Masjid Uji Hijau")
    keeper.keyboard.press("Control+Enter")
    expect(keeper.get_by_text("Klik peta, atau tulis derajat desimal.").first).to_be_visible()
    keeper.get_by_role("application").click(position={"x": 200, "y": 100})
    expect(keeper.get_by_label("Lintang", exact=True)).to_have_value(re.compile(r"^-5\.\d+$"))
    keeper.get_by_label("Sebutan lain").fill("masjid bambu")
    keeper.get_by_label("Gas", exact=True).check()
    checked(keeper, axe_source)
    keeper.keyboard.press("Control+Enter")
    versions = keeper.get_by_role("region", name="Semua versi")
    expect(versions.get_by_role("listitem")).to_have_count(1)
    keeper.get_by_label("Air terdekat").fill("Hidran di gerbang")
    keeper.keyboard.press("Control+Enter")
    expect(versions.get_by_role("listitem")).to_have_count(2)
    row = keeper.get_by_role("row", name=re.compile("Masjid Uji Hijau"))
    expect(row).to_contain_text(re.compile(r"Gas"))

    keeper.goto(f"{demo.address}/admin/tempat?impor=1")
    file = {"name": "pasar.csv", "mimeType": "text/csv", "buffer": PREMISES}
    keeper.get_by_label("Pilih berkas CSV atau GeoJSON").set_input_files(file)  # type: ignore[arg-type]
    expect(keeper.get_by_role("cell", name="utara")).to_be_visible()
    checked(keeper, axe_source)
    keeper.get_by_role("button", name="Impor 1 baris").click()
    expect(keeper.get_by_role("row", name=re.compile("Pasar Uji Pagi"))).to_be_visible()

    taker.goto(f"{demo.address}/112?baru=1")
    taker.get_by_label("Tempat", exact=True).fill("depan mesjid bambu")
    choice = taker.get_by_role("option").first
    expect(choice).to_contain_text("Masjid Uji Hijau")
    expect(choice).to_contain_text("Gas")
    taker.get_by_label("Tempat", exact=True).press("Enter")
    expect(taker.get_by_label("Tempat", exact=True)).to_have_value("depan Masjid Uji Hijau")
    checked(taker, axe_source)


def test_a_call_is_taken_in_by_keyboard_alone(enter: Enter, demo: Demo, axe_source: str) -> None:
    taker = enter("Penerima panggilan 112, Diskominfo")
    watcher = enter("Pengawas 112, Diskominfo")
    watcher.goto(f"{demo.address}/112")
    taker.goto(f"{demo.address}/bantuan")
    expect(taker.get_by_role("heading", level=1)).to_be_visible()
    taker.keyboard.press("g")
    taker.keyboard.press("1")
    expect(taker).to_have_url(re.compile(r"/112$"))
    expect(taker.get_by_label("Tempat", exact=True)).to_be_focused()

    taker.keyboard.type("karebosi")
    rows = watcher.get_by_label("Insiden", exact=True)
    expect(rows.get_by_text("karebosi", exact=True)).to_be_visible()
    expect(rows.get_by_text("Draf").first).to_be_visible()
    taker.keyboard.press("Control+a")
    take_in(taker, "karebosi", "kebakaran padat")
    expect(taker.get_by_text("Dipilih: ")).to_be_visible()
    expect(taker.get_by_text("Keluar sekarang, jangan ambil barang.")).to_be_visible()
    expect(taker.get_by_role("region", name="Kamera terdekat").locator("li").first).to_be_visible()
    inside = taker.get_by_role("group", name="Ada orang di dalam?")
    inside.get_by_role("button", name="Ya").focus()
    taker.keyboard.press("Space")
    expect(inside.get_by_role("button", name="Ya")).to_have_attribute("aria-pressed", "true")
    taker.keyboard.press("F4")
    taker.keyboard.type("Ibu dan dua anak di lantai dua")
    taker.keyboard.press("F5")
    taker.keyboard.type("Ibu Hasnah")
    taker.keyboard.press("Tab")
    taker.keyboard.type("0811 422")
    checked(taker, axe_source)
    taker.keyboard.press("F9")

    event = f"{number_of(taker)} Kebakaran, permukiman padat"
    mine = watcher.get_by_role("button", name=re.compile(event))
    expect(mine).to_be_visible()
    mine.click()
    told = watcher.get_by_role("list").filter(has_text="Ibu dan dua anak di lantai dua")
    expect(told.last).to_be_visible()
    expect(watcher.get_by_text("Ibu Hasnah")).to_be_visible()
    checked(watcher, axe_source)
    checked(taker, axe_source)

    pin(watcher, taker, "Tangga belakang rapuh")
    neighbour_calls(watcher, axe_source)
    expect(taker.get_by_text("Menerima gabungan").first).to_be_visible()

    taker.keyboard.press("Alt+n")
    expect(taker.get_by_label("Tempat", exact=True)).to_be_focused()
    taker.keyboard.type("tanya jadwal")
    taker.keyboard.press("F10")
    expect(taker.get_by_text("Ditutup sebagai informasi")).to_be_visible()
    written_on_paper(watcher, demo, axe_source)
    in_own_words(watcher, demo, axe_source)


def test_what_was_typed_without_network_outlives_a_reload(enter: Enter, demo: Demo) -> None:
    page = enter("Supervisor ruang kendali, Diskominfo")
    page.goto(f"{demo.address}/112")
    expect(page.get_by_label("Tempat", exact=True)).to_be_focused()
    page.keyboard.type("pasar terong")
    expect(page.get_by_text("Tersimpan ")).to_be_visible()

    page.route("**/api/incidents/drafts/*", lambda route: route.abort())
    page.keyboard.press("F4")
    page.keyboard.type("asap dari kios")
    expect(page.get_by_text("Tersimpan ")).to_have_count(0)
    page.reload()

    expect(page.get_by_role("textbox", name="Catatan")).to_have_value("asap dari kios")
    # Only now: what is saved before the reload belongs to a draft in the list, not to this form.
    page.unroute("**/api/incidents/drafts/*")
    expect(page.get_by_text("Tersimpan ")).to_be_visible()


def post(page: Page, demo: Demo, path: str, **body: object) -> Any:
    """Asks the server as who sits there."""
    told = {"id": str(uuid.uuid4()), **body}
    answer = page.request.post(
        f"{demo.address}/api/incidents/{path}", data=told, headers={"x-warroom": "1"}
    )
    assert answer.ok, answer.text()
    return answer.json() if answer.status != 204 else None


def handed_on(page: Page, demo: Demo, event: str) -> tuple[str, str]:
    """Id and number of an incident that was typed and handed on elsewhere."""
    incident, at = str(uuid.uuid4()), "2026-01-01T00:00:00Z"
    place = {"lat": -5.1338, "lon": 119.4134, "name": "Karebosi", "detail": ""}
    typed = {"place": place, "type": event, "event_text": event}
    answer = page.request.put(
        f"{demo.address}/api/incidents/drafts/{incident}",
        data={
            "writer": str(uuid.uuid4()),
            "revision": 1,
            "sent_at": at,
            "fields": {name: {"value": value, "at": at} for name, value in typed.items()},
        },
        headers={"x-warroom": "1"},
    )
    assert answer.ok, answer.text()
    return incident, str(post(page, demo, f"{incident}/send")["number"])


def correct_a_note(page: Page, panel: Locator) -> None:
    """A note is wrong: another takes its place, and it stays to be read."""
    panel.get_by_label("Tulis catatan").fill("Air setinggi lutut")
    page.keyboard.press("Enter")
    panel.get_by_role("button", name="Betulkan: Air setinggi lutut").press("Enter")
    expect(panel.get_by_label("Catatan yang benar")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Air setinggi pinggang")
    panel.get_by_role("button", name="Betulkan", exact=True).press("Enter")
    expect(panel.locator("s").filter(has_text="Air setinggi lutut")).to_be_visible()
    expect(panel.get_by_text("dibetulkan")).to_be_visible()


def test_an_incident_is_joined_linked_corrected_ended_and_opened_again_by_keys(
    enter: Enter, demo: Demo, axe_source: str
) -> None:
    page = enter("Supervisor ruang kendali, Diskominfo")
    incident, number = handed_on(page, demo, "flood")
    other, other_number = handed_on(page, demo, "tree")
    post(page, demo, f"{other}/end", outcome="handled")
    page.goto(f"{demo.address}/112?insiden={incident}")
    panel = page.get_by_role("region", name=re.compile(f"^{number}"))
    page.get_by_role("button", name=re.compile(f"^Prioritas . {number[-6:]}")).focus()

    page.keyboard.press("i")
    page.keyboard.press("a")
    expect(panel.get_by_role("combobox", name="Lembaga")).to_be_focused()
    page.keyboard.type("Polrestabes")
    expect(panel.get_by_role("option", name=re.compile("Polrestabes"))).to_be_visible()
    page.keyboard.press("Enter")
    panel.get_by_role("button", name="Libatkan lembaga").last.press("Enter")
    expect(panel.get_by_text("Lembaga ikut: Polrestabes")).to_be_visible()

    page.get_by_role("button", name=re.compile(f"^Prioritas . {number[-6:]}")).focus()
    page.keyboard.press("i")
    page.keyboard.press("l")
    expect(panel.get_by_role("combobox", name="Kejadian")).to_be_focused()
    page.keyboard.type(other_number[-6:])
    page.keyboard.press("Enter")
    panel.get_by_text("Induk", exact=True).click()
    checked(page, axe_source)
    panel.get_by_role("button", name="Tautkan").last.press("Enter")
    ties = panel.get_by_role("list", name="Kaitan")
    expect(ties.get_by_text("Induk")).to_be_visible()
    ties.get_by_role("button", name="Lepas").press("Enter")
    expect(ties).to_have_count(0)

    correct_a_note(page, panel)
    checked(page, axe_source)

    post(page, demo, f"{incident}/end", outcome="handled")
    reopen = panel.get_by_role("button", name="Buka kembali")
    expect(reopen).to_be_visible()
    page.get_by_role("button", name="Tutup").last.focus()
    page.keyboard.press("i")
    page.keyboard.press("k")
    page.keyboard.type("lewat telepon")
    page.keyboard.press("Enter")
    expect(ties.get_by_text("Pelapor diberi kabar")).to_be_visible()
    reopen.press("Enter")
    page.keyboard.type("Air naik lagi")
    page.keyboard.press("Enter")
    expect(panel.get_by_text("Dibuka kembali: Air naik lagi")).to_be_visible()


def test_a_newer_position_is_offered_and_a_person_chooses_it(
    enter: Enter, demo: Demo, axe_source: str
) -> None:
    page = enter("Supervisor ruang kendali, Diskominfo")
    incident, number = handed_on(page, demo, "flood")
    page.goto(f"{demo.address}/112?insiden={incident}")
    panel = page.get_by_role("region", name=re.compile(f"^{number}"))
    told = panel.get_by_label("Posisi penelepon")
    expect(told.get_by_text("Operator", exact=True)).to_be_visible()

    place = {"lat": -5.1345, "lon": 119.4145, "radius_m": 18}
    post(page, demo, f"{incident}/locations", source="aml", **place)

    expect(told.get_by_text("Posisi lebih baru: AML (ponsel) ± 18 m")).to_be_visible()
    shown = page.request.get(f"{demo.address}/api/incidents/{incident}").json()
    assert -5.1338 == shown["lat"]
    checked(page, axe_source)
    told.get_by_role("button", name="Pakai", exact=True).press("Enter")
    expect(told.get_by_text("Posisi lebih baru")).to_have_count(0)
    expect(
        told.get_by_role("listitem").filter(has_text="AML").get_by_text("dipilih")
    ).to_be_visible()
    expect(told.get_by_text(re.compile(r"Dipilih .+ \(AML \(ponsel\)\)"))).to_be_visible()
    shown = page.request.get(f"{demo.address}/api/incidents/{incident}").json()
    assert -5.1345 == shown["lat"]


def test_another_agency_sees_what_it_leads_and_has_no_form(
    enter: Enter, demo: Demo, axe_source: str
) -> None:
    page = enter("Operator pemadam, Damkar")
    page.goto(f"{demo.address}/112")

    expect(page.get_by_role("heading", name="Insiden")).to_be_visible()
    expect(page.get_by_label("Tempat", exact=True)).to_have_count(0)
    checked(page, axe_source)


@pytest.mark.parametrize(
    ("path", "asked", "region"),
    [
        ("/112", r"/api/incidents(\?|$)", "Insiden"),
        ("/112/panggilan", r"/api/calls(\?|$)", "Daftar panggilan"),
        ("/112/pengawas", r"/api/calls/(queue|board)", "Antrean"),
        ("/112/serah-terima", r"/api/dispatch/handovers", "Serah terima piket"),
        ("/112/cakupan", r"/api/dispatch/coverage", "Cakupan pos"),
    ],
)
def test_a_list_that_cannot_be_read_says_so_and_is_not_counted_as_empty(
    enter: Enter, demo: Demo, path: str, asked: str, region: str
) -> None:
    page = enter("Pengawas 112, Diskominfo")
    page.route(
        re.compile(asked),
        lambda route: route.fulfill(
            status=500, content_type="application/problem+json", body='{"code":"internal"}'
        ),
    )

    page.goto(f"{demo.address}{path}")

    shown = page.get_by_role("region", name=region, exact=True).first
    expect(shown.get_by_role("alert").first).to_be_visible()
    expect(shown.get_by_text("?", exact=True).first).to_be_visible()
