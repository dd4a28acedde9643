"""What goes out of a port: one stream without a break, whoever its sound comes from."""

import secrets
from collections import deque

from warroom.calls.audio import codecs, dtmf, rtp
from warroom.calls.contracts import FRAME_SAMPLES, Json, RtpPeer

KEY_PAUSE_FRAMES = 5
"""Frames between two keys, so that they are told apart."""


class Outbound:
    """Makes the packets of one stream.

    Args:
        state: As `state()` gave it, to go on with; None begins at random (RFC 3550, 5.1).
        gone_frames: Frames that would have been sent since then.
    """

    def __init__(self, state: Json | None = None, gone_frames: int = 0) -> None:
        begun = state or {
            "ssrc": secrets.randbits(32),
            "sequence": secrets.randbits(16),
            "time": secrets.randbits(32),
        }
        self.ssrc: int = begun["ssrc"]
        self.time = rtp.Continuity(begun["time"] + gone_frames * FRAME_SAMPLES)
        self.packets = self.payload_bytes = 0
        self._sequence: int = begun["sequence"] + gone_frames & 0xFFFF
        self._peer: RtpPeer | None = None
        self._codec: codecs.Codec = codecs.Alaw()
        self._is_marked = True
        self._to_press: deque[dtmf.Event | None] = deque()
        self._press_time: int | None = None

    def start(self, peer: RtpPeer, codec: codecs.Codec) -> None:
        """Follows an SDP from now on."""
        self._peer, self._codec, self._is_marked = peer, codec, True

    def state(self) -> Json:
        """Where the stream stands."""
        return {"ssrc": self.ssrc, "sequence": self._sequence, "time": self.time.next}

    @property
    def wire_time(self) -> int:
        """Time stamp behind the newest frame, as the wire counts."""
        return self.time.next * self._codec.per_sample & 0xFFFFFFFF

    def frame(self, payload: bytes, rtp_time: int, source: int) -> tuple[int | None, bytes | None]:
        """A frame of sound.

        Returns:
            Its time, None if its place was filled; and its packet, None while nobody listens or a
            key is sent in its place.
        """
        at = self.time.place(rtp_time, source, len(payload))
        return at, None if at is None else self._sound(payload, at)

    def fill(self, payload: bytes) -> tuple[int, bytes | None]:
        """A frame in the place of one that did not come: its time and its packet."""
        at = self.time.fill(len(payload))
        return at, self._sound(payload, at)

    def _sound(self, payload: bytes, at: int) -> bytes | None:
        peer = self._peer
        if peer is None or not peer.receives or self._press_time is not None:
            return None
        sound = self._codec.encode(payload)
        if not sound:
            return None
        is_marked, self._is_marked = self._is_marked, False
        return self._packet(peer.payload_type, sound, at, is_marked=is_marked)

    def queue_key(self, key: str) -> bool:
        """Has a key sent after those that wait; False if the peer cannot read it."""
        peer = self._peer
        can = peer is not None and peer.receives and peer.event_type is not None
        if not can or key not in dtmf.KEYS:
            return False
        self._to_press += [*dtmf.press(key), *[None] * KEY_PAUSE_FRAMES]
        return True

    def next_of_keys(self) -> tuple[bool, bytes | None]:
        """The next 20 ms of the keys that wait: whether there are more, and a packet."""
        peer = self._peer
        if not self._to_press or peer is None or peer.event_type is None:
            self._to_press.clear()
            self._press_time = None
            return False, None
        event = self._to_press.popleft()
        if event is None:
            self._press_time = None
            return True, None
        if event.marker or self._press_time is None:
            self._press_time = self.time.next
        return True, self._packet(
            peer.event_type, event.payload, self._press_time, is_marked=event.marker
        )

    def _packet(self, payload_type: int, payload: bytes, at: int, *, is_marked: bool) -> bytes:
        self._sequence = self._sequence + 1 & 0xFFFF
        self.packets += 1
        self.payload_bytes += len(payload)
        stamp = at * self._codec.per_sample
        return rtp.build(
            rtp.Packet(payload_type, is_marked, self._sequence, stamp, self.ssrc, payload)
        )
