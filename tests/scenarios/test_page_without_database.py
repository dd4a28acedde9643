"""The desk of 112 in a real Chromium while PostgreSQL is away: nothing said or typed is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import axe_source, browser, chromium  # noqa: F401 - fixtures
from tests.scenarios.city import TAKER, City, speech
from tests.scenarios.test_in_browser import (  # noqa: F401 - fixtures
    Beside,
    asked,
    beside,
    checked,
    desk,
)

pytestmark = pytest.mark.browser

FIRST, SECOND = "081170011001", "081170011002"
AWAY = "Basis data tidak terjangkau"
SETTLED_MS = 60_000


def panel(page: Page) -> Locator:
    return page.get_by_label("Panggilan", exact=True)


def shows(page: Page, text: str) -> None:
    expect(panel(page).get_by_text(text, exact=True).first).to_be_visible(timeout=SETTLED_MS)


def sit(page: Page) -> None:
    page.get_by_role("button", name="Masuk meja").click()
    shows(page, "Siap")


def call_in(city: City, beside: Beside, number: str) -> Any:  # noqa: F811 - a fixture
    return beside(city.caller(number).call(speech(20.0), patience_s=60, linger_s=0.1))


def take(page: Page, place: str) -> None:
    """Answers what rings, and types where it is."""
    expect(panel(page).get_by_text("Berdering di sini")).to_be_visible(timeout=SETTLED_MS)
    page.keyboard.press("F1")
    shows(page, "Tersambung")
    page.get_by_label("Tempat", exact=True).focus()
    page.keyboard.type(place)


def hang_up(page: Page) -> None:
    """Ends the call and says what it was."""
    page.keyboard.press("Alt+x")
    shows(page, "Menulis")
    panel(page).get_by_role("button", name="Darurat", exact=False).first.click()
    expect(panel(page).get_by_text("Menulis", exact=True)).to_have_count(0, timeout=SETTLED_MS)


def test_calls_are_taken_and_typed_over_a_reload_and_stored_when_it_is_back(
    city: City, desk: Callable[[str], Page], beside: Beside, axe_source: str  # noqa: F811
) -> None:  # fmt: skip
    page = desk(TAKER)
    sit(page)
    with city.without_database():
        expect(panel(page).get_by_text(AWAY)).to_be_visible(timeout=SETTLED_MS)
        first = call_in(city, beside, FIRST)
        take(page, "Lorong 3 Kandea")
        checked(page, axe_source)
        hang_up(page)

        # Whoever doubts what they see presses F5.
        page.reload()
        place = page.get_by_label("Tempat", exact=True)
        expect(place).to_have_value("Lorong 3 Kandea", timeout=SETTLED_MS)
        sit(page)
        second = call_in(city, beside, SECOND)
        take(page, "Pasar Terong")
        expect(place).to_have_value("Pasar Terong", timeout=SETTLED_MS)
        hang_up(page)
        assert [one.result().end for one in (first, second)] == ["hung_up_on", "hung_up_on"]

    expect(panel(page).get_by_text(AWAY)).to_have_count(0, timeout=SETTLED_MS)
    expect(panel(page).get_by_text("menunggu di komputer ini")).to_have_count(0, timeout=SETTLED_MS)

    def joined() -> dict[str, tuple[str, int]]:
        """By the number typed into each draft: the place, and how many calls belong to it."""
        found = {}
        for one in asked(page, "/api/incidents")["items"]:
            incident = asked(page, f"/api/incidents/{one['id']}")
            typed = {name: field["value"] for name, field in incident["fields"].items()}
            found[typed.get("callback_number", "")] = (typed.get("place_text"), incident["calls"])
        return found

    def classes() -> dict[str, str]:
        return {one["from_number"]: one["class"] for one in asked(page, "/api/calls")["items"]}

    # The page brings what was typed, the edge the calls: each by itself, in no order.
    typed = {FIRST: ("Lorong 3 Kandea", 1), SECOND: ("Pasar Terong", 1)}
    said = {FIRST: "emergency", SECOND: "emergency"}
    for _ in range(60):
        if typed.items() <= joined().items() and said.items() <= classes().items():
            break
        page.wait_for_timeout(1_000)
    assert typed.items() <= joined().items()
    assert said.items() <= classes().items()
