"""A real Chromium against a real server: `browser`, `page`, and the demonstration to look at."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.demo import Demo, running_demo
from tests.browser.harness import (
    FLAGS,
    NoChromiumError,
    Watch,
    axe_violations,
    find_chromium,
)

DESK = {"width": 1366, "height": 768}
WAIT_MS = 20_000

# Two browsers and two demonstrations share the cores of a build machine.
expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; without one the test is skipped, with the reason."""
    try:
        return find_chromium()
    except NoChromiumError as error:
        pytest.skip(f"no Chromium: {error}")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for the tests of a file.

    Not for the session: Playwright keeps an event loop running in this thread while it is open,
    and no `async` test of another file could run in its own.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def shared_demo(
    chromium: str, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """The demonstration with six cameras, which the files of this folder use one after another."""
    del chromium
    with running_demo(repository, tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture(scope="module")
def demo(shared_demo: Demo) -> Demo:
    """The shared demonstration with sign-in links of this file's own; each is used once.

    What a file makes is there for those after it: a file looks for its own things by their names
    and numbers, and leaves people as it found them (language, duty).
    """
    return shared_demo.with_new_links()


type NewPage = Callable[..., Page]


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Opens pages in contexts of their own; afterwards none may have asked another host."""
    contexts: list[BrowserContext] = []
    watch = Watch()

    def open_page(**options: object) -> Page:
        settings = {"viewport": DESK, "locale": "id-ID", **options}
        context = browser.new_context(**settings)  # type: ignore[arg-type]
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        watch.look_at(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [] == watch.foreign, "the page asked for something that is not on this machine"
    assert [] == watch.failures, "an error in the page that nobody caught"


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page at which nobody is signed in."""
    return new_page()


@pytest.fixture(scope="session")
def axe_source(repository: Path) -> str:
    """The text of axe-core, which the web's development packages bring."""
    path = repository / "web" / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.skip("axe-core is not installed (web/node_modules)")
    return path.read_text("utf-8")


@pytest.fixture
def assert_no_axe_violations(axe_source: str) -> Callable[[Page], None]:
    """Fails on any violation of WCAG 2.2 A or AA that axe finds on the page."""

    def check(page: Page) -> None:
        assert [] == axe_violations(page, axe_source)

    return check
