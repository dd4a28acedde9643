"""Three and more in one call: each hears the sum of those it is to hear.

Only a call with a third party comes through here; two are forwarded to each other untouched. Who is
alone to be heard passes byte by byte here as well.
"""

from collections.abc import Mapping

import numpy as np

from warroom.calls.audio import g711
from warroom.calls.audio.rtp import step
from warroom.calls.contracts import FRAME_SAMPLES, SILENCE

type Hears = Mapping[str, frozenset[str]]
"""Listener -> the parties it hears."""

DEPTH_SAMPLES = 2 * FRAME_SAMPLES
"""Sound waits so long for what comes late: 40 ms."""

DEPTH_MAX_SAMPLES = 12 * FRAME_SAMPLES
LATE_FRAMES_MAX = 3
LOOK_FRAMES = 50
"""Once a second it is looked whether less waiting would do."""

_RING_SAMPLES = 64 * FRAME_SAMPLES


class JitterBuffer:
    """One party's sound on the clock of the mixer; what is late or missing is silence.

    A party whose frames come late again and again is given its depth anew, and one that waits
    longer than it need is let go on 20 ms sooner: so a clock that drifts does no harm.
    """

    def __init__(self) -> None:
        self.late = self.restarts = 0
        self._ring = bytearray(g711.SILENCE_BYTE * _RING_SAMPLES)
        self._head = 0
        self._source: int | None = None
        self._offset = 0
        self._late_in_row = 0
        self._least_lead = _RING_SAMPLES
        self._puts = 0

    def put(self, payload: bytes, rtp_time: int, source: int) -> None:
        """Takes a frame."""
        lead = self._lead(rtp_time)
        if source != self._source or not -_RING_SAMPLES < lead <= DEPTH_MAX_SAMPLES:
            self._restart(rtp_time, source)
            lead = DEPTH_SAMPLES
        if lead < 0:
            self.late += 1
            self._late_in_row += 1
            if self._late_in_row <= LATE_FRAMES_MAX:
                return
            self._restart(rtp_time, source)
            lead = DEPTH_SAMPLES
        self._late_in_row = 0
        self._store(payload, self._head + lead)
        self._look(lead)

    def _lead(self, rtp_time: int) -> int:
        """How far ahead of what is heard now a frame lies."""
        return step(rtp_time + self._offset, self._head)

    def _restart(self, rtp_time: int, source: int) -> None:
        self.restarts += 1
        self._source, self._offset = source, self._head + DEPTH_SAMPLES - rtp_time
        self._late_in_row, self._puts, self._least_lead = 0, 0, _RING_SAMPLES

    def _store(self, payload: bytes, position: int) -> None:
        at = position % _RING_SAMPLES
        first = payload[: _RING_SAMPLES - at]
        self._ring[at : at + len(first)] = first
        rest = payload[len(first) :]
        self._ring[: len(rest)] = rest

    def _look(self, lead: int) -> None:
        self._least_lead = min(self._least_lead, lead)
        self._puts += 1
        if self._puts < LOOK_FRAMES:
            return
        if self._least_lead > DEPTH_SAMPLES + FRAME_SAMPLES:
            self._offset -= FRAME_SAMPLES
        self._puts, self._least_lead = 0, _RING_SAMPLES

    def take(self) -> bytes:
        """The next 20 ms."""
        at = self._head % _RING_SAMPLES
        frame = bytes(self._ring[at : at + FRAME_SAMPLES])
        self._ring[at : at + FRAME_SAMPLES] = SILENCE
        self._head += FRAME_SAMPLES
        return frame


class FrameMixer:
    """Implements `contracts.Mixer`.

    Args:
        hears: Who hears whom at first.
    """

    def __init__(self, hears: Hears) -> None:
        self._hears: Hears = {}
        self._buffers: dict[str, JitterBuffer] = {}
        self.set_hears(hears)

    def set_hears(self, hears: Hears) -> None:
        """Who hears whom from now on; nobody hears themselves."""
        self._hears = {party: speakers - {party} for party, speakers in hears.items()}
        parties = frozenset(hears).union(*hears.values())
        self._buffers = {party: self._buffers.get(party) or JitterBuffer() for party in parties}

    def put(self, party: str, payload: bytes, rtp_time: int, source: int) -> None:
        """Takes a frame of a party; one that is not in the call is not heard."""
        buffer = self._buffers.get(party)
        if buffer is not None:
            buffer.put(payload, rtp_time, source)

    def tick(self) -> dict[str, bytes]:
        """The next 20 ms for each listener."""
        heard = {party: buffer.take() for party, buffer in self._buffers.items()}
        return mix(heard, self._hears)


def mix(frames: Mapping[str, bytes], hears: Hears) -> dict[str, bytes]:
    """A frame for each listener.

    Args:
        frames: Of each party, of equal length.
        hears: Who hears whom.
    """
    speaking = {party: frame for party, frame in frames.items() if not g711.is_silent(frame)}
    speakers = list(speaking)
    decoded = {
        party: g711.decode(frame).astype(np.int32)
        for party, frame in speaking.items()
        if len(speakers) > 1
    }
    return {
        listener: _heard([who for who in speakers if who in wanted], speaking, decoded)
        for listener, wanted in hears.items()
    }


def _heard(
    speakers: list[str],
    speaking: Mapping[str, bytes],
    decoded: Mapping[str, np.ndarray[tuple[int], np.dtype[np.int32]]],
) -> bytes:
    if not speakers:
        return SILENCE
    if len(speakers) == 1:
        return speaking[speakers[0]]
    return g711.encode(np.sum([decoded[who] for who in speakers], axis=0))
