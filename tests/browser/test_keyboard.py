"""Pages of rights without a mouse: every stop is reached by Tab, every deed done by a key."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Error, FileChooser, Locator, Page, expect

from tests.browser.conftest import NewPage
from tests.browser.demo import Demo, running_demo
from tests.browser.harness import axe_violations

pytestmark = pytest.mark.browser

MOST_STOPS = 200
PRESSES, CHOOSER_MS = 3, 7_000
OWNER = "Dinas Komunikasi dan Informatika"
IS_FOCUSED = "element => element === document.activeElement"
IS_IN_SIGHT = """() => {
  const box = document.activeElement.getBoundingClientRect();
  return box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
}"""

type Enter = Callable[[str, str], Page]


@pytest.fixture(scope="module")
def demo(
    chromium: str, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """Its own: nobody has asked for anything here yet, and the first request is lent to."""
    del chromium
    with running_demo(repository, tmp_path_factory.mktemp("keyboard")) as demo:
        yield demo


@pytest.fixture
def enter(new_page: NewPage, demo: Demo) -> Enter:
    """Signs somebody in by the one-time link of their title, and opens a page."""

    def sign_in(title: str, path: str) -> Page:
        page = new_page()
        page.goto(next(link for name, link in demo.links.items() if name.startswith(title)))
        page.wait_for_url(re.compile(r"/(peta|dinding|admin|bantuan)"))
        page.goto(f"{demo.address}/{path}")
        return page

    return sign_in


def tab_to(page: Page, target: Locator) -> None:
    """Presses Tab until the focus is there; each stop on the way must be in sight."""
    expect(target).to_be_visible()
    for _ in range(MOST_STOPS):
        if target.evaluate(IS_FOCUSED):
            assert page.evaluate(IS_IN_SIGHT)
            return
        page.keyboard.press("Tab")
    pytest.fail(f"no Tab leads to {target}")


def typed(page: Page, label: str, text: str) -> None:
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.type(text)


def ticked(page: Page, label: str) -> None:
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.press("Space")
    expect(page.get_by_label(label, exact=True)).to_be_checked()


def chooser_of(page: Page) -> FileChooser:
    """Opens the focused file field by the space bar.

    Once in many runs nothing came of a press, on a busy machine and for a reason not known; a
    person presses again.
    """
    for _ in range(PRESSES - 1):
        try:
            with page.expect_file_chooser(timeout=CHOOSER_MS) as chooser:
                page.keyboard.press("Space")
        except Error:
            continue
        return chooser.value
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    return chooser.value


def sent(page: Page) -> None:
    """Writes a request, attaches its letter and sends it."""
    expect(page.get_by_role("button", name="Permintaan baru")).to_be_enabled()
    page.keyboard.press("n")
    expect(page.get_by_label("Nomor surat")).to_be_focused()
    page.keyboard.type("B-1207/P.4.10/Eku.1/11/2026")
    tab_to(page, page.get_by_label("Dasar hukum", exact=True))
    page.keyboard.press("ArrowDown")
    typed(page, "Tujuan", "Penyidikan pencurian kendaraan")
    typed(page, "Nomor perkara", "PDM-88/MKS/2026")
    ticked(page, OWNER)
    ticked(page, "Gambar langsung")
    typed(page, "Kamera", "1, 2")
    ticked(page, "Muh. Arfah, Jaksa")
    page.keyboard.press("Control+Enter")
    letter_of = page.locator("input[type=file]")
    tab_to(page, letter_of)
    expect(letter_of).to_be_focused()
    expect(letter_of).to_be_enabled()
    letter = {"name": "surat.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 surat"}
    chooser_of(page).set_files(letter)  # type: ignore[arg-type]
    expect(page.get_by_text("surat.pdf")).to_be_visible()
    page.keyboard.press("Shift+Enter")
    expect(page.get_by_role("heading", name=re.compile(r"AKS-\d{4}-0001"))).to_be_visible()


def signed(page: Page) -> None:
    """Moves to the request in the list and signs it."""
    expect(page.get_by_role("cell", name=re.compile("AKS-"))).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("button", name="Setujui")).to_be_enabled()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Setujui")).to_have_count(0)


def test_a_request_is_sent_signed_used_and_revoked_by_keys_alone(
    enter: Enter, demo: Demo, axe_source: str
) -> None:
    prosecutor = enter("Jaksa", "admin/permohonan")
    supervisor = enter("Supervisor ruang kendali", "admin/permohonan")
    officer = enter("Petugas PDP", "admin/permohonan")
    waits = supervisor.get_by_role("link", name=re.compile("Setelan.*1 menunggu Anda"))
    expect(waits).to_have_count(0)

    sent(prosecutor)
    expect(waits).to_be_visible()
    signed(supervisor)
    expect(waits).to_have_count(0)
    signed(officer)
    expect(prosecutor.get_by_text("Berlaku", exact=True).first).to_be_visible()
    lent = prosecutor.request.get(f"{demo.address}/api/cameras").json()["total"]

    tab_to(officer, officer.get_by_role("button", name="Cabut", exact=True))
    officer.keyboard.press("Enter")
    expect(officer.get_by_label("Alasan")).to_be_focused()
    officer.keyboard.type("Perkara selesai")
    officer.keyboard.press("Enter")

    expect(officer.get_by_text("Dicabut", exact=True).first).to_be_visible()
    expect(prosecutor.get_by_text("Dicabut", exact=True).first).to_be_visible()
    assert 2 == lent
    assert 0 == prosecutor.request.get(f"{demo.address}/api/cameras").json()["total"]
    assert [] == axe_violations(officer, axe_source)


def test_why_somebody_can_or_cannot_is_asked_by_keys_alone(enter: Enter, axe_source: str) -> None:
    page = enter("Administrator sistem", "admin/hak/mengapa")
    tab_to(page, page.get_by_label("Orang", exact=True))
    page.keyboard.type("Nurdin")
    # The list of people may come after the letters.
    expect(page.get_by_role("option", name=re.compile("Nurdin")).first).to_be_visible()
    typed(page, "Benda, lembaga atau orang", "1")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Benda, lembaga atau orang")).to_have_value("Balai Kota Gerbang Depan")
    page.keyboard.press("Enter")
    may = page.get_by_role("region", name="Jawaban")

    expect(may).to_contain_text("Nurdin Patta: Gambar langsung, 1 Balai Kota Gerbang Depan")
    expect(may.get_by_text("Boleh", exact=True)).to_be_visible()
    expect(may).to_contain_text("Diberikan oleh")
    tab_to(page, page.get_by_label("Tindakan", exact=True))
    page.keyboard.type("Mengatur kamera")
    tab_to(page, page.get_by_role("button", name="Jelaskan"))
    page.keyboard.press("Enter")
    expect(may.get_by_text("Tidak boleh", exact=True)).to_be_visible()
    expect(may).to_contain_text("Yang diperlukan")
    assert [] == axe_violations(page, axe_source)


def test_a_right_is_given_by_its_level_by_keys_alone(enter: Enter) -> None:
    page = enter("Admin lembaga", "admin/hak")
    expect(page.get_by_role("button", name="Tambah")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_label("Memberi", exact=True)).to_be_focused()
    tab_to(
        page,
        page.get_by_label("Orang", exact=True).or_(page.get_by_label("Lembaga", exact=True)).first,
    )
    page.keyboard.press("ArrowRight")
    tab_to(page, page.get_by_role("combobox", name="Orang"))
    page.keyboard.type("Iptu")
    tab_to(page, page.get_by_label("Melihat", exact=True))
    page.keyboard.press("ArrowRight")
    typed(page, "Alasan", "Penjagaan malam")

    expect(page.locator(".sum")).to_contain_text(
        "Iptu Syamsul Bahri, Polrestabes boleh mengoperasikan"
    )
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("cell", name="Mengoperasikan", exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name="Kompol Fitriani", exact=True)).to_be_visible()
