"""The harness itself: it sees a request to another host, a violation, and a text cut off."""

import pytest
from playwright.sync_api import Page

from tests.browser.harness import Watch, axe_violations, clipped_texts

pytestmark = pytest.mark.browser

GOOD = "<!doctype html><html lang=id><title>t</title><main><h1>Peta</h1><p>Jl. Sulawesi</p></main>"


def test_a_request_to_another_host_is_seen(page: Page) -> None:
    watch = Watch()
    watch._judge("https://tiles.example.org/1/2/3.png")
    watch._judge("wss://example.org/ws")
    watch._judge("http://127.0.0.1:8112/api")
    watch._judge("data:image/png;base64,AA")

    assert ["https://tiles.example.org/1/2/3.png", "wss://example.org/ws"] == watch.foreign


def test_a_page_without_fault_has_no_violation(page: Page, axe_source: str) -> None:
    page.set_content(GOOD)

    assert [] == axe_violations(page, axe_source)


def test_a_violation_is_found(page: Page, axe_source: str) -> None:
    page.set_content(GOOD + "<img src='data:,'><button></button>")

    found = axe_violations(page, axe_source)

    assert any(line.startswith("image-alt") for line in found)
    assert any(line.startswith("button-name") for line in found)


def test_a_text_that_is_cut_off_is_found(page: Page) -> None:
    style = "style='width:40px;overflow:hidden;white-space:nowrap'"
    page.set_content(f"{GOOD}<p {style}>Jalan Perintis Kemerdekaan</p>")

    assert 1 == len(clipped_texts(page))


def test_a_text_that_ends_in_an_ellipsis_is_not_cut_off(page: Page) -> None:
    style = "width:40px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis"
    page.set_content(f"{GOOD}<p style='{style}'>Jalan Perintis</p>")

    assert [] == clipped_texts(page)


def test_a_page_too_wide_for_its_window_is_found(page: Page) -> None:
    page.set_content(GOOD + "<div style='width:3000px'>x</div>")

    assert any("px wide" in line for line in clipped_texts(page))
