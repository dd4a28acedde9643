"""The report of 112 is read in both languages and themes, on a desk and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.demo import Demo
from tests.browser.harness import axe_violations, clipped_texts
from tests.browser.walk import FIRST_LOOKS, put_on, settle

pytestmark = pytest.mark.browser


def test_the_report_tells_each_figure_with_its_rows_and_its_targets(
    new_page: NewPage, demo: Demo, axe_source: str
) -> None:
    page = new_page()
    page.goto(next(link for who, link in demo.links.items() if who.startswith("Pengawas 112")))
    page.wait_for_url(re.compile(r"/(peta|dinding|112|lalin|tugas|admin|bantuan)"))
    page.goto(f"{demo.address}/112/laporan")

    expect(page.get_by_role("heading", name="Laporan 112", level=2)).to_be_visible()
    expect(page.get_by_text("NENA-STA-020.1-2020").first).to_be_visible()
    expect(page.get_by_text("Belum diketahui").first).to_be_visible()
    for look in FIRST_LOOKS:
        put_on(page, look)
        settle(page)
        assert [] == axe_violations(page, axe_source)
        assert [] == clipped_texts(page)
    put_on(page, FIRST_LOOKS[0])  # the language is the person's, and others come after us
