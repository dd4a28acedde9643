"""Nine tiles of the whole product in a real Chromium: they play, and their pictures move on.

How old the pictures are is measured by `warroom bench live --browser`, not asserted here.
"""

import importlib.util

import pytest

if importlib.util.find_spec("playwright") is None:
    pytest.skip("playwright is not installed", allow_module_level=True)

from warroom.live.bench import browser
from warroom.live.bench.stack import running_stack

pytestmark = [
    pytest.mark.browser,
    pytest.mark.nightly,
    pytest.mark.skipif(browser.find_chromium() is None, reason="no Chromium is installed"),
]


def test_nine_tiles_play_over_both_ways_and_their_numbers_advance() -> None:
    with running_stack(browser.TILES) as stack, browser.signed_in_page(stack) as page:
        for way in ("mse", "webrtc"):
            notes, problems = browser.watch_tiles(page, stack, way, 4)

            assert problems == []
            for number in stack.cameras:
                seen = [note["number"] for note in notes if note["camera"] == number]
                assert len(seen) >= 5
                assert len(set(seen)) >= 5
