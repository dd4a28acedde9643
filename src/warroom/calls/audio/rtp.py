"""Packets of RTP, and what is known of a sender from their numbers: no socket, no clock.

References:
    RFC 3550, sections 5.1 (header), 6.4.1 and A.8 (jitter), A.1 and A.3 (sequence, loss);
    RFC 5761, section 4 (telling RTCP from RTP on one port).
"""

import struct
from typing import NamedTuple

VERSION = 2
HEADER_BYTES = 12
_HEADER = struct.Struct(">BBHII")
_MARKER = 0x80

RESTART_GAP = 1000
"""A step of the sequence beyond this is a sender that began anew, not loss."""

JUMP_SAMPLES = 16_000
LATE_FRAMES_MAX = 25
"""Half a second of frames that came too late, one after the other."""

_WINDOW = 64
"""Sequence numbers behind the newest by which a packet that comes twice is known."""

_WINDOW_MASK = (1 << _WINDOW) - 1


class Packet(NamedTuple):
    """One packet of RTP without its padding, extensions and contributing sources."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def is_rtcp(datagram: bytes) -> bool:
    """Whether it is RTCP, on a port that carries both."""
    return len(datagram) >= 8 and datagram[0] >> 6 == VERSION and 192 <= datagram[1] <= 223


def parse(datagram: bytes) -> Packet | None:
    """A packet; None where the bytes are none, or RTCP."""
    end = len(datagram)
    if end < HEADER_BYTES or datagram[0] >> 6 != VERSION or 192 <= datagram[1] <= 223:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    at = HEADER_BYTES
    if first != 0x80:
        at += 4 * (first & 15)
        if first & 0x10:
            at += 4 + 4 * int.from_bytes(datagram[at + 2 : at + 4])
        if first & 0x20:
            end -= datagram[-1]
        if at > end:
            return None
    marker, payload_type = bool(second & _MARKER), second & 0x7F
    return Packet(payload_type, marker, sequence, timestamp, ssrc, datagram[at:end])


def build(packet: Packet) -> bytes:
    """The bytes of a packet; sequence and time stamp are taken modulo their width."""
    second = packet.payload_type | (_MARKER if packet.marker else 0)
    header = _HEADER.pack(
        0x80, second, packet.sequence & 0xFFFF, packet.timestamp & 0xFFFFFFFF, packet.ssrc
    )
    return header + packet.payload


def step(later: int, earlier: int, bits: int = 32) -> int:
    """How far `later` is ahead, the shorter way round; negative where it is behind."""
    half = 1 << bits - 1
    return ((later - earlier + half) & (2 * half - 1)) - half


class Reception:
    """What came of one sender: counted as RFC 3550 counts, packets that come twice only once.

    Args:
        rate_hz: Of its time stamps.
    """

    __slots__ = (
        "_base", "_expected_before", "_lost_of_former", "_rate_hz", "_received_before", "_seen",
        "_transit", "duplicates", "highest", "jitter", "received", "ssrc",
    )  # fmt: skip

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self.ssrc: int | None = None
        self.received = 0
        """Packets of the present sender, each once."""
        self.duplicates = 0
        self.jitter = 0.0
        """In units of the time stamp."""
        self.highest = 0
        """Highest sequence number, with the rounds before it (32 bits)."""
        self._lost_of_former = 0
        self._begin(0, 0)

    def _begin(self, sequence: int, kept: int) -> None:
        self._lost_of_former = kept
        self._base = self.highest = sequence
        self._seen = 0
        self._transit: float | None = None
        self._expected_before = self._received_before = 0
        self.received = 0

    @property
    def expected(self) -> int:
        """Packets that the present sender has sent, by its numbers."""
        return self.highest - self._base + 1 if self.ssrc is not None else 0

    @property
    def lost(self) -> int:
        """Packets that never came, of all senders."""
        return self._lost_of_former + max(0, self.expected - self.received)

    def take(self, packet: Packet, arrival_s: float, *, is_timed: bool = True) -> bool:
        """Counts a packet.

        Args:
            packet: As parsed.
            arrival_s: Monotonic seconds.
            is_timed: Whether its time stamp says when it was sent; that of a key does not.

        Returns:
            Whether it is new; False for one that came before.
        """
        if packet.sequence == self.highest + 1 & 0xFFFF and packet.ssrc == self.ssrc:
            # Nearly always.
            self._seen = (self._seen << 1 | 1) & _WINDOW_MASK
            self.highest += 1
            self.received += 1
            if is_timed:
                self._measure(packet.timestamp, arrival_s)
            return True
        return self._take_astray(packet, arrival_s, is_timed=is_timed)

    def _take_astray(self, packet: Packet, arrival_s: float, *, is_timed: bool) -> bool:
        """Takes a packet that is not the next one."""
        ahead = step(packet.sequence, self.highest & 0xFFFF, 16)
        if packet.ssrc != self.ssrc or abs(ahead) > RESTART_GAP:
            kept = self.lost
            self.ssrc = packet.ssrc
            self._begin(packet.sequence, kept)
            ahead = 0
        if not self._is_new(ahead):
            self.duplicates += 1
            return False
        if is_timed:
            self._measure(packet.timestamp, arrival_s)
        self.received += 1
        return True

    def _is_new(self, ahead: int) -> bool:
        if ahead > 0:
            self._seen = (self._seen << ahead | 1) & _WINDOW_MASK
            self.highest += ahead
            return True
        mark = 1 << -ahead
        if -ahead >= _WINDOW or self._seen & mark:
            return False
        self._seen |= mark
        # The first packet of a sender may be overtaken by the second.
        self._base = min(self._base, self.highest + ahead)
        return True

    def _measure(self, timestamp: int, arrival_s: float) -> None:
        transit = arrival_s * self._rate_hz - timestamp
        if self._transit is not None:
            apart = abs(transit - self._transit) % 2**32
            self.jitter += (min(apart, 2**32 - apart) - self.jitter) / 16
        self._transit = transit

    def fraction_lost(self) -> int:
        """Of 256, since this was asked last (RFC 3550, A.3)."""
        expected, received = self.expected, self.received
        due, came = expected - self._expected_before, received - self._received_before
        self._expected_before, self._received_before = expected, received
        return min(255, (due - came) * 256 // due) if due > max(came, 0) else 0


class Continuity:
    """The time stamps of one stream that is sent, whoever its sound comes from.

    A new source goes on where the last frame ended, and so does one whose clock jumps by more than
    two seconds: a listener would wait for it, or throw away what comes. Else a source keeps its own
    steps. Where it does not come in time its place is filled; what then comes all at once is left
    out, because each such moment would make the listener hear it later for the rest of the call.

    Args:
        start: First time stamp.
    """

    __slots__ = ("_filled", "_late", "_offset", "_source", "next")

    def __init__(self, start: int) -> None:
        self.next = start & 0xFFFFFFFF
        """Time stamp right behind the newest frame."""
        self._source: int | None = None
        self._offset = 0
        self._filled: int | None = None
        self._late = 0

    def place(self, rtp_time: int, source: int, samples: int) -> int | None:
        """The time stamp under which a frame is sent.

        Args:
            rtp_time: In its source's own count.
            source: Changes when the sender does.
            samples: Its length.

        Returns:
            None for a frame whose place was filled. A source that stays late has paused its clock;
            it goes on behind the last frame.
        """
        if source != self._source:
            self._source = source
            self._tie(rtp_time)
        wire = (rtp_time + self._offset) & 0xFFFFFFFF
        if abs(step(wire, self.next)) > JUMP_SAMPLES:
            wire = self._tie(rtp_time)
        elif self._filled is not None and step(wire, self._filled) < 0:
            self._late += 1
            if self._late <= LATE_FRAMES_MAX:
                return None
            wire = self._tie(rtp_time)
        self._late = 0
        if step(wire + samples, self.next) > 0:
            self.next = (wire + samples) & 0xFFFFFFFF
        return wire

    def _tie(self, rtp_time: int) -> int:
        self._offset, self._filled, self._late = self.next - rtp_time, None, 0
        return self.next

    def fill(self, samples: int) -> int:
        """The time stamp of a frame that takes the place of one that did not come."""
        wire = self.next
        self.next = self._filled = (wire + samples) & 0xFFFFFFFF
        return wire
