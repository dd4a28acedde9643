"""Finds a Chromium and watches what it does: no host but this machine, no accessibility violation.

Found in this order: `WARROOM_CHROMIUM`, a Chromium of the machine, as root one from `apt-get`, and
Playwright's own download where it can be reached. Without any, the tests are skipped and say so.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",  # the tests run as root and in containers, on pages of our own
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    # Only the map is drawn by what plays the graphics card; all else is quicker without it.
    "--disable-gpu-compositing",
    "--disable-gpu-rasterization",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-dev-shm-usage",
    # A name that slips through is not even looked up.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)
APT_S = 600
DOWNLOAD_S = 180
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOCAL_SCHEMES = frozenset({"data", "blob", "about", "chrome-error", "devtools"})


class NoChromiumError(Exception):
    """No Chromium here, and none could be had; the text is the reason to skip."""


def find_chromium() -> str:
    """Path of a Chromium.

    Raises:
        NoChromiumError: There is none and none could be installed.
    """
    found = _installed()
    if found:
        return found
    # Test workers run beside each other: one of them installs, the others wait for it.
    with (Path(tempfile.gettempdir()) / f"warroom-chromium-{os.geteuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        reasons = ["no chromium or google-chrome on the PATH"]
        for way in (_by_apt, _by_playwright):
            found = _installed() or way(reasons)
            if found:
                return found
    raise NoChromiumError("; ".join(reasons))


def _installed() -> str | None:
    named = os.environ.get("WARROOM_CHROMIUM")
    if named:
        return named
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


def _by_apt(reasons: list[str]) -> str | None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        reasons.append("apt-get needs root")
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "-q", "install", "-y", "--no-install-recommends", "chromium"]
    for command in (install, ["apt-get", "-q", "update"], install):
        try:
            subprocess.run(
                command, env=environment, capture_output=True, check=False, timeout=APT_S
            )
        except subprocess.TimeoutExpired:
            break
        found = shutil.which("chromium")
        if found:
            return found
    reasons.append("apt-get could not install it")
    return None


def _by_playwright(reasons: list[str]) -> str | None:
    """Playwright's own build; its place is asked of the same program that downloads it."""
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=DOWNLOAD_S
        )
    except subprocess.TimeoutExpired:
        reasons.append("Playwright's download did not end")
        return None
    if done.returncode:
        reasons.append("Playwright's download could not be reached")
        return None
    ask = (
        "from playwright.sync_api import sync_playwright as s\n"
        "with s() as p: print(p.chromium.executable_path)"
    )
    asked = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=False, timeout=60
    )
    path = asked.stdout.strip()
    return path if path and Path(path).exists() else None


@dataclass
class Watch:
    """What a page asked for and said while it was open."""

    foreign: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def look_at(self, page: Page) -> None:
        """Begins to listen to a page."""
        page.on("request", lambda request: self._judge(request.url))
        page.on("websocket", lambda socket: self._judge(socket.url))
        page.on("pageerror", lambda error: self.failures.append(str(error)))

    def _judge(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in LOCAL_SCHEMES and parts.hostname not in {"127.0.0.1", "localhost"}:
            self.foreign.append(url)


SETTLED = """() => document.getAnimations().every(animation => {
  const end = animation.effect?.getComputedTiming().endTime;
  return animation.playState !== 'running' || end === Infinity;
})"""


def axe_violations(page: Page, axe_source: str) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA and its best practices, a line per element.

    What fades in or out is judged when it has: half-way its colours are not those of the page.
    """
    page.wait_for_function(SETTLED)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate("() => {" + axe_source + "}")
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    result: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {node['html'][:160]} ({node['failureSummary'].splitlines()[-1]})"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


CLIPPED = """() => {
  const clipped = [];
  for (const element of document.querySelectorAll('body *')) {
    const style = getComputedStyle(element);
    const text = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!text || style.visibility === 'hidden' || !element.offsetParent) continue;
    if (element.clientWidth <= 1 || element.closest('[aria-hidden="true"], .sr-only')) continue;
    const hides = ['hidden', 'clip'].includes(style.overflowX);
    const isWider = element.scrollWidth > element.clientWidth + 1;
    const isMarked = style.textOverflow === 'ellipsis';
    if (hides && isWider && !isMarked && style.display !== 'inline')
      clipped.push(element.outerHTML.slice(0, 160));
  }
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth + 1) clipped.push(`page is ${root.scrollWidth} px wide`);
  return clipped;
}"""


def clipped_texts(page: Page) -> list[str]:
    """Elements whose text is cut off without an ellipsis that says so; a page that is too wide."""
    found: list[str] = page.evaluate(CLIPPED)
    return found


UNSEEN = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return [];
  const s = getComputedStyle(e);
  const outlined = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0;
  const parent = e.parentElement ? getComputedStyle(e.parentElement) : s;
  const around = parent.outlineStyle !== 'none' && parseFloat(parent.outlineWidth) > 0;
  const seen = outlined || around || [s, parent].some(x => x.boxShadow !== 'none');
  return seen ? [] : [e.outerHTML.slice(0, 120)];
}"""


def unseen_focus(page: Page) -> list[str]:
    """What has the focus and does not show it."""
    found: list[str] = page.evaluate(UNSEEN)
    return found


def until(page: Page, is_so: Callable[[], bool], most_s: int = 60) -> None:
    """Looks again and again, while the page goes on; for what no locator can wait for."""
    for _ in range(most_s * 4):
        if is_so():
            return
        page.wait_for_timeout(250)
    pytest.fail(f"not so after {most_s} s")


def map_pixels(page: Page) -> NDArray[np.uint8]:
    """What the map of the page shows: rows, columns, and red, green, blue."""
    picture = page.locator("canvas.maplibregl-canvas").screenshot()
    with av.open(BytesIO(picture)) as file:
        return next(file.decode(video=0)).to_ndarray(format="rgb24")


def has_colour(pixels: NDArray[np.uint8], colour: str) -> NDArray[np.bool_]:
    """Where a picture has exactly this colour, `#rrggbb`."""
    return (pixels == np.frombuffer(bytes.fromhex(colour[1:]), np.uint8)).all(axis=2)


def token(page: Page, name: str) -> str:
    """A colour of the design as the page has it now."""
    style = "getComputedStyle(document.documentElement)"
    return str(page.evaluate(f"{style}.getPropertyValue('--{name}').trim()"))
