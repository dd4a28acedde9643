"""Agents whose voice is a tone, and what they hear: pages with a microphone and an ear of the test.

The microphone of the page is a tone made in the page itself, so that several agents can sit in one
browser; the ear is a tap on what the connection to the edge brings.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from playwright.sync_api import Page

from tests.calls.telephone import LOUDNESS, RATE_HZ, Samples, share_with

MIN_HEARD, MAX_NOT_HEARD = 0.6, 0.1

_SCRIPT = """
(() => {
  const hz = HZ, loudness = LOUDNESS;
  window.heardHere = [];
  window.heardSoFar = 0;
  if (!navigator.mediaDevices) return;
  navigator.mediaDevices.getUserMedia = async () => {
    const context = new AudioContext();
    const voice = context.createOscillator(), level = context.createGain();
    const out = context.createMediaStreamDestination();
    voice.frequency.value = hz;
    level.gain.value = loudness / 32768;
    voice.connect(level).connect(out);
    voice.start();
    return out.stream;
  };
  const context = new AudioContext({ sampleRate: 8000 });
  const Plain = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor(...words) {
      super(...words);
      this.addEventListener("track", ({ track }) => {
        // Not a worklet: the page's own policy lets no script of a test in.
        const tap = context.createScriptProcessor(1024, 1, 1);
        tap.onaudioprocess = ({ inputBuffer }) => {
          const samples = inputBuffer.getChannelData(0);
          window.heardHere.push(...samples);
          if (window.heardHere.length > 160000) window.heardHere.splice(0, 80000);
          window.heardSoFar += samples.length;
        };
        context.createMediaStreamSource(new MediaStream([track])).connect(tap);
        tap.connect(context.destination);
      });
    }
  };
})();
"""


class Ear(Protocol):
    """Somebody whose hearing is judged."""

    def heard(self, seconds: float = 1.0) -> Samples:
        """What was heard last."""

    @property
    def count(self) -> int:
        """How many samples were heard until now."""


class Agent:
    """Somebody who sits at a page, with a voice and an ear.

    Args:
        page: Theirs; not opened yet.
        hz: The tone that is their voice.
    """

    def __init__(self, page: Page, hz: float) -> None:
        self.page = page
        script = _SCRIPT.replace("HZ", str(hz), 1).replace("LOUDNESS", str(LOUDNESS), 1)
        page.add_init_script(script)

    def heard(self, seconds: float = 1.0) -> Samples:
        """What was heard last."""
        found = self.page.evaluate(
            "count => window.heardHere.slice(-count)", round(seconds * RATE_HZ)
        )
        return np.array(found, float) * 32_768

    @property
    def count(self) -> int:
        """How many samples were heard until now."""
        found: int = self.page.evaluate("() => window.heardSoFar")
        return found


def voices_in(heard: Samples, voices: dict[str, float]) -> set[str] | None:
    """Whose voices are in a sound; None where it cannot be told yet."""
    found = set()
    for name, hz in voices.items():
        share = share_with(heard, hz)
        if share >= MIN_HEARD:
            found.add(name)
        elif share > MAX_NOT_HEARD:
            return None
    return found


def seconds_of(ear: Ear, page: Page, most: int) -> Iterator[Samples]:
    """One second of what is heard after the other, each new as a whole."""
    for _ in range(most):
        begin = ear.count
        for _ in range(600):
            if ear.count - begin >= RATE_HZ:
                break
            page.wait_for_timeout(100)
        else:
            raise AssertionError("nothing is heard here at all")
        yield ear.heard()
