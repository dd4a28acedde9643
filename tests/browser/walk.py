"""Walks over every page of the app and every part of it that a click leads to, in several looks.

Which pages there are is read from the app's own table of routes, and the parts of a page are found
on it: its tabs, the form behind `N`, and what opens with the first row of its list. So a new page
is walked over without anybody thinking of it here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.harness import axe_violations, clipped_texts, unseen_focus

ROUTE = re.compile(r'^  \{ path: "(/[^"]*)"(.*)$', re.MULTILINE)
KEY = re.compile(r"\b[a-z_]+(?:\.[a-z0-9_]+)+\b")
PARAMETERS = {":number": "1", ":token": "used-up"}
HEIGHT = 844
REFUSED = "401 (Unauthorized)"
"""What Chromium writes of the question who is signed in, when nobody is."""
NOT_YET = re.compile(r"503 \(Service Unavailable\).* at \S+/api/live/[^/]+/snapshot\.jpg\b")
"""What it writes of the picture of a camera that a new demo has not drawn yet; the page says so."""
QUIET_MS = 300
LOADED_MS = 8_000
QUIET = """([quiet, most]) => new Promise(done => {
  const began = performance.now();
  const look = () => {
    const ends = performance.getEntriesByType('resource').map(one => one.responseEnd);
    const isQuiet = performance.now() - Math.max(began, ...ends) > quiet;
    isQuiet || performance.now() - began > most ? done() : setTimeout(look, 50);
  };
  look();
})"""


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at."""

    language: str
    theme: str
    width: int


FIRST_LOOKS = (Look("id", "dark", 1280), Look("en", "light", 390))
ALL_LOOKS = tuple(
    Look(language, theme, width)
    for width in (1280, 1920, 390)
    for language in ("id", "en")
    for theme in ("dark", "light")
)


def route_paths(repository: Path, *, bare: bool) -> list[str]:
    """Paths of the app's table of routes, their changing parts filled in.

    Args:
        repository: Where the table lies.
        bare: Those that stand without a session, in place of those behind one.
    """
    table = (repository / "web" / "src" / "app" / "routes.ts").read_text("utf-8")
    found = ROUTE.findall(table)
    assert len(found) == table.count('{ path: "'), "a route is written in another way"
    return [
        "/".join(PARAMETERS.get(part, part) for part in path.split("/"))
        for path, more in found
        if ("bare: true" in more) == bare
    ]


def settle(page: Page) -> None:
    """Waits until the page stands and nothing has come for a moment; live pictures go on.

    A page's program can take longer to run than the moment: Chromium has its bytes, and the
    processor is another's.
    """
    expect(page.locator('#content[aria-busy="true"]')).to_have_count(0)
    page.evaluate(QUIET, [QUIET_MS, LOADED_MS])


def put_on(page: Page, look: Look) -> None:
    """Shows the page that is open in another language, theme and width."""
    page.evaluate("theme => (document.documentElement.dataset.theme = theme)", look.theme)
    if page.locator("html").get_attribute("lang") != look.language:
        # On a phone the language is chosen on the account's page.
        page.set_viewport_size({"width": 1280, "height": HEIGHT})
        page.locator(f'[role="group"] button[lang="{look.language}"]').first.click()
        expect(page.locator("html")).to_have_attribute("lang", look.language)
    page.set_viewport_size({"width": look.width, "height": HEIGHT})


def faults_in(page: Page, axe_source: str, message_keys: frozenset[str]) -> list[str]:
    """What is wrong with the page as it stands, a line each."""
    found = [*axe_violations(page, axe_source), *clipped_texts(page)]
    words = page.locator("body").inner_text()
    found += [f"untranslated: {key}" for key in message_keys.intersection(KEY.findall(words))]
    headings = page.get_by_role("heading", level=1).count()
    return found if headings == 1 else [*found, f"{headings} headings of level 1"]


def parts_of(page: Page) -> Iterator[str]:
    """Opens the page's parts one after the other; gives the address of each that is shown."""
    seen: set[str] = set()
    base = page.url
    tabs = page.locator("#content nav.tabs button")
    for at in range(max(1, tabs.count())):
        if at > 0:
            tabs.nth(at).click()
            settle(page)
        tab = page.url
        for opener in ("", "new", "row"):
            if opener:
                opened = page.locator(
                    '#content button:has(kbd:text-is("N"))' if opener == "new" else "tbody tr"
                )
                if not opened.count() or not opened.first.is_visible():
                    continue
                opened.first.click()
                settle(page)
            if page.url not in seen or page.url == base:
                seen.add(page.url)
                yield urlsplit(page.url)._replace(scheme="", netloc="").geturl()
            if page.url != tab:
                page.goto(tab)
                settle(page)


def walk(
    page: Page, address: str, paths: list[str], looks: tuple[Look, ...], axe_source: str,
    message_keys: frozenset[str],
) -> list[str]:  # fmt: skip
    """What is wrong with any part of any page in any look, each line with where it was seen."""
    found: list[str] = []
    said: list[str] = []
    is_out = not page.context.cookies()
    page.on(
        "console",
        lambda line: (
            said.append(f"{line.text} at {line.location['url']}") if line.type == "error" else None
        ),
    )
    for path in paths:
        page.set_viewport_size({"width": 1280, "height": HEIGHT})
        page.goto(f"{address}{path}")
        expect(page.locator("main")).to_be_visible()
        settle(page)
        page.keyboard.press("Tab")
        found += [f"{path}: no focus to be seen at {where}" for where in unseen_focus(page)]
        for part in parts_of(page):
            for look in looks:
                put_on(page, look)
                found += [
                    f"{part} {look.language} {look.theme} {look.width}: {fault}"
                    for fault in faults_in(page, axe_source, message_keys)
                ]
            page.set_viewport_size({"width": 1280, "height": HEIGHT})
        found += [
            f"{path}: console: {line}"
            for line in said
            if not NOT_YET.search(line) and not (is_out and REFUSED in line)
        ]
        said.clear()
    return found
