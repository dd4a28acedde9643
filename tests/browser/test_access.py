"""Access across agencies as people live it: letter, two approvals, looking, report; emergencies."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.demo import Demo
from tests.browser.harness import axe_violations, clipped_texts

pytestmark = pytest.mark.browser

OWNER = "Dinas Komunikasi dan Informatika"

DRAWN_S = 240

type Enter = Callable[[str], Page]


@pytest.fixture
def enter(new_page: NewPage, demo: Demo) -> Enter:
    """Signs somebody in by the one-time link of their title."""

    def sign_in(title: str) -> Page:
        page = new_page()
        page.goto(next(link for name, link in demo.links.items() if name.startswith(title)))
        page.wait_for_url(re.compile(r"/(peta|dinding|admin|bantuan)"))
        return page

    return sign_in


def written(page: Page, demo: Demo) -> None:
    """Writes and sends a request for the city's cameras: the area is drawn, the letter attached."""
    page.goto(f"{demo.address}/admin/permohonan")
    expect(page.get_by_role("button", name="Permintaan baru")).to_be_enabled()
    page.keyboard.press("n")
    page.get_by_label("Nomor surat").fill("B-1207/P.4.10/Eku.1/11/2026")
    page.get_by_label("Dasar hukum").select_option(index=1)
    page.get_by_label("Tujuan").fill("Penyidikan pencurian kendaraan")
    page.get_by_label("Nomor perkara").fill("PDM-88/MKS/2026")
    page.get_by_label(OWNER, exact=True).check()
    page.get_by_label("Gambar langsung").check()
    page.get_by_label("Muh. Arfah").check()
    canvas = page.locator("canvas.maplibregl-canvas")
    expect(canvas).to_be_visible()
    page.get_by_role("button", name="Gambar wilayah").click()
    box = canvas.bounding_box()
    assert box is not None
    for x, y in ((0.15, 0.15), (0.9, 0.15), (0.9, 0.9), (0.15, 0.9)):
        page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
        page.wait_for_timeout(300)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Wilayah 1:")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Kirim")).to_be_visible()
    letter = {"name": "surat.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 surat"}
    page.locator("input[type=file]").set_input_files(letter)  # type: ignore[arg-type]
    expect(page.get_by_text("surat.pdf")).to_be_visible()
    page.keyboard.press("Shift+Enter")
    expect(page.get_by_role("heading", name=re.compile(r"AKS-\d{4}-0001"))).to_be_visible()


def approved(page: Page, demo: Demo) -> None:
    """Approves the request as it stands, by keyboard."""
    page.goto(f"{demo.address}/admin/permohonan")
    page.get_by_role("cell", name=re.compile(r"AKS-")).first.click()
    expect(page.get_by_role("button", name="Setujui")).to_be_enabled()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Setujui")).to_have_count(0)


def until_drawn(page: Page, demo: Demo) -> None:
    """Waits until the demo's first camera is seen to be live."""
    for _ in range(DRAWN_S):
        cameras = page.request.get(f"{demo.address}/api/cameras").json()["items"]
        if any(one["number"] == 1 and one["state"]["state"] == "live" for one in cameras):
            return
        page.wait_for_timeout(1_000)
    pytest.fail(f"the first camera shows nothing after {DRAWN_S} s")


def test_a_request_goes_from_the_letter_over_two_approvals_to_the_report(
    enter: Enter, demo: Demo, axe_source: str
) -> None:
    prosecutor = enter("Jaksa")
    before = prosecutor.request.get(f"{demo.address}/api/cameras").json()["total"]
    written(prosecutor, demo)
    approved(enter("Supervisor ruang kendali"), demo)
    officer = enter("Petugas PDP")
    approved(officer, demo)
    expect(prosecutor.get_by_text("Berlaku", exact=True).first).to_be_visible()

    until_drawn(prosecutor, demo)
    prosecutor.goto(f"{demo.address}/kamera/1")
    live = prosecutor.locator('[data-camera="1"][data-picture="live"]')
    expect(live).to_be_visible(timeout=30_000)
    prosecutor.goto(f"{demo.address}/bantuan")
    officer.keyboard.press("r")

    expect(officer.get_by_role("cell", name="Muh. Arfah, Kejari").first).to_be_visible()
    assert 0 == before
    assert [] == axe_violations(officer, axe_source)
    assert [] == clipped_texts(officer)


def test_an_emergency_is_seen_above_every_page_of_the_owner(
    enter: Enter, demo: Demo, axe_source: str
) -> None:
    officer = enter("Kepala Dinas Perhubungan")
    admin = enter("Administrator sistem")
    officer.goto(f"{demo.address}/admin/darurat")
    expect(officer.get_by_role("button", name="Buka akses darurat")).to_be_enabled()
    officer.keyboard.press("n")
    officer.get_by_label("Pemilik").select_option(label=OWNER)
    officer.get_by_label("Alasan").fill("Kebakaran pasar, jalur evakuasi")
    officer.get_by_label("Kamera", exact=True).press_sequentially("1, 2")
    violations = axe_violations(officer, axe_source)
    officer.keyboard.press("Control+Enter")
    expect(officer.get_by_role("heading", name=re.compile(r"DRT-\d{4}-0001"))).to_be_visible()

    mark = admin.get_by_role("link", name=re.compile("DARURAT"))
    expect(mark).to_be_visible()
    mark.click()
    admin.get_by_role("cell", name=re.compile(r"DRT-")).first.click()
    admin.get_by_label("Hasil tinjauan").select_option("misuse")
    admin.keyboard.press("Control+Enter")

    expect(admin.get_by_text("Penyalahgunaan").first).to_be_visible()
    assert [] == violations
    assert [] == axe_violations(admin, axe_source)


def test_rights_are_confirmed_by_keyboard(enter: Enter, demo: Demo, axe_source: str) -> None:
    head = enter("Kepala Kejari")
    agency = head.request.get(f"{demo.address}/api/session").json()["agency"]["id"]
    made = head.request.post(
        f"{demo.address}/api/reviews", data={"agency_id": agency}, headers={"x-warroom": "1"}
    )
    assert 201 == made.status, made.text()
    head.goto(f"{demo.address}/admin/tinjauan")
    expect(head.get_by_role("cell", name="Muh. Arfah", exact=True)).to_be_visible()

    head.keyboard.press("Shift+X")
    head.keyboard.press("t")

    expect(head.get_by_role("cell", name="Ditetapkan", exact=True)).to_have_count(1)
    expect(head.get_by_role("cell", name=re.compile("Hak Anda sendiri"))).to_have_count(1)
    assert [] == axe_violations(head, axe_source)
    assert [] == clipped_texts(head)
