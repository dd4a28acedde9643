"""Nine tiles in a real Chromium: how old each picture is when it is shown."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from warroom.live.bench.sockets import percentile
from warroom.live.bench.stack import BITS, CELL, HOST, LOGIN, PASSWORD, Stack

TILES = 9
TILE_PX = 320
SETTLE_S = 6.0
AUTOPLAY = "--autoplay-policy=no-user-gesture-required"
FLAGS = [
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--mute-audio",
    "--no-sandbox",
]

Note = dict[str, Any]


def find_chromium() -> str | None:
    """An installed Chromium, if there is one."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return None


def measure_browser(stack: Stack, seconds: float) -> dict[str, Any]:
    """Latency and first frame of nine tiles, over MSE and over WebRTC."""
    result: dict[str, Any] = {}
    with signed_in_page(stack) as page:
        for way in ("mse", "webrtc"):
            notes, problems = watch_tiles(page, stack, way, seconds)
            late = latencies_ms(notes, stack.schedule())
            result |= {
                f"browser_{way}_tiles": len({note["camera"] for note in notes}),
                f"browser_{way}_latency_ms_p50": percentile(late, 0.5) if late else None,
                f"browser_{way}_latency_ms_p95": percentile(late, 0.95) if late else None,
                f"browser_{way}_first_frame_ms_p95": percentile(
                    [note["first"] for note in notes if note["shown"] == 1], 0.95
                )
                if notes
                else None,
                f"browser_{way}_problems": problems[:3],
            }
    return result


@contextmanager
def signed_in_page(stack: Stack, *, autoplay: bool = True) -> Iterator[Page]:
    """A page of the product, signed in.

    Args:
        stack: Where.
        autoplay: Play before anybody has clicked, sound as well; no browser of a user does.
    """
    flags = [*FLAGS, AUTOPLAY] if autoplay else FLAGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=flags)
        try:
            context = browser.new_context(viewport={"width": 1000, "height": 620})
            address = f"http://{HOST}:{stack.port}"
            answer = context.request.post(
                f"{address}/api/session",
                data={"login": LOGIN, "password": PASSWORD},
                headers={"x-warroom": "1"},
            )
            assert answer.ok, answer.text()  # noqa: S101 - the bench's own account
            page = context.new_page()
            page.goto(f"{address}/healthz")
            yield page
        finally:
            browser.close()


def watch_tiles(page: Page, stack: Stack, way: str, seconds: float) -> tuple[list[Note], list[str]]:
    """Shows the tiles for a while; returns what was seen after they settled, and problems.

    The first picture of each tile is kept too: it tells how long one had to wait.
    """
    cameras = [{"number": n, "id": stack.cameras[n]} for n in sorted(stack.cameras)[:TILES]]
    script = Path(__file__).with_name("page.js").read_text("utf-8")
    page.evaluate(
        script, {"cameras": cameras, "way": way, "width": TILE_PX, "cell": CELL, "bits": BITS}
    )
    page.wait_for_timeout(SETTLE_S * 1000)
    settled_ms = time.time() * 1000  # noqa: TID251 - compared with the browser's wall clock
    page.wait_for_timeout(seconds * 1000)
    notes: list[Note] = page.evaluate("window.notes")
    problems: list[str] = page.evaluate("window.problems")
    page.evaluate("window.sessions.forEach((end) => end())")
    return [n for n in notes if n["now"] >= settled_ms or n["shown"] == 1], problems


def latencies_ms(notes: list[Note], schedule: dict[str, Any]) -> list[float]:
    """Age of each picture when it was shown: its number tells when it was sent."""
    rows = {row["camera"]: row for row in schedule["cameras"] if row["role"] == "main"}
    found = []
    for note in notes:
        if note["shown"] == 1:
            continue
        row = rows[note["camera"]]
        fps = row["fps"][0] / row["fps"][1]
        since_s = note["now"] / 1000 - schedule["t0"] - row["phase"] / fps
        newest = int(since_s * fps)
        back = (newest + row["offset"] - note["number"]) % row["frames"]
        found.append(1000 * (since_s - (newest - back) / fps))
    return found
