"""RTP to access units: H.264 (RFC 6184: single, STAP-A, FU-A) and H.265 (RFC 7798: single, AP, FU).

The hot path of the recorder. A picture is a first fragment, some in the middle and a last one, and
`take` knows these three and the picture of one packet by five numbers of their headers; what it
does not know goes to `packet`: the first of all, losses, RTP extensions, aggregation, parameter
sets.
"""

import struct
from typing import Protocol

from warroom.recording.bits import Bits, unescape
from warroom.recording.errors import Cause, StreamError
from warroom.recording.h26x import (
    ParameterSets,
    is_recovery_point,
    read_h264,
    read_h265,
)

UNIT_LIMIT = 8 << 20
"""Bytes of one access unit; a larger one is dropped and the next key frame awaited."""
PART_LIMIT = 16_384
"""Pieces of one access unit."""
_FEW_PARTS = 128

_HEAD264 = struct.Struct(">IHHQH")
_HEAD265 = struct.Struct(">IHHQHB")
_FIRST = struct.Struct(">IB")
_FIRST265 = struct.Struct(">IH")
_RTP = struct.Struct(">BBHII")
_DOLLAR = 0x2400
_SSRC = 0xFFFFFFFF


class FrameSink(Protocol):
    """Takes what the depacketizer makes."""

    def parameters(self, sets: ParameterSets) -> None:
        """New parameter sets, in force from the next frame, which is a key frame."""
        ...

    def frame(self, stamp: int, is_key: bool, unit: bytes, now: float) -> None:  # noqa: FBT001
        """A whole access unit.

        Args:
            stamp: RTP time stamp, 32 bits.
            is_key: Whether decoding may begin here.
            unit: NAL units with 4-byte lengths.
            now: Arrival, seconds since 1970.
        """
        ...

    def lost(self, packets: int) -> None:
        """Packets are missing; frames are left out up to the next key frame."""
        ...

    def restarted(self) -> None:
        """Another source (SSRC) speaks now: its time stamps are unrelated to those before."""
        ...


class VideoReceiver:
    """State of one video track; `take` and `packet` feed it.

    Args:
        sink: Gets the access units.
        payload_type: Packets of another type are ignored.
        sets: Parameter sets announced by the SDP, if any.
    """

    __slots__ = (
        "bad_units",
        "channel",
        "dropped_frames",
        "fragment_at",
        "fragment_head",
        "is_changed",
        "is_damaged",
        "is_key",
        "is_waiting",
        "lost_packets",
        "next_seq",
        "packets",
        "parts",
        "payload_type",
        "pps",
        "sets",
        "sink",
        "sps",
        "ssrc",
        "stamp",
        "vps",
    )

    codec: str

    def __init__(self, sink: FrameSink, payload_type: int, sets: ParameterSets | None) -> None:
        self.sink = sink
        self.payload_type = payload_type
        self.channel = 0
        self.sets = sets
        self.vps = sets.vps if sets else b""
        self.sps = sets.sps if sets else b""
        self.pps: dict[int, bytes] = {}
        for nal in sets.pps if sets else ():
            self._keep_pps(nal)
        self.is_changed = sets is not None
        self.next_seq = -1
        self.ssrc = -1
        self.stamp = -1
        self.parts: list[bytes] = []
        self.is_key = False
        self.fragment_at = -1
        self.fragment_head = b""
        self.is_waiting = True
        self.is_damaged = False
        self.packets = 0
        self.lost_packets = 0
        self.dropped_frames = 0
        self.bad_units = 0

    def take(self, received: bytes, start: int, now: float) -> int:
        """Takes interleaved packets of this track from `start` on.

        Returns:
            The position of the first byte that is not a whole packet of this track.
        """
        raise NotImplementedError

    def packet(self, received: bytes, start: int, end: int, now: float) -> None:
        """Takes one RTP packet: UDP, or one that is out of the ordinary."""
        if end - start < 13:
            return
        first, second, seq, stamp, ssrc = _RTP.unpack_from(received, start)
        if first >> 6 != 2 or second & 0x7F != self.payload_type:
            return
        at = start + 12
        if first & 0x3F:
            at, end = _payload_span(received, at, end, first)
        if at < end and stamp != self.stamp and self.parts:
            self.finish(now)
        self.packets += 1
        if seq != self.next_seq or ssrc != self.ssrc:
            self._jump(seq, ssrc, is_start=at < end and self._begins_unit(received, at, end))
        self.next_seq = (seq + 1) & 0xFFFF
        if at >= end:
            return
        self.stamp = stamp
        self._payload(received, at, end)
        if len(self.parts) > _FEW_PARTS:
            self._check_size()
        if second & 0x80:
            self.finish(now)

    def _jump(self, seq: int, ssrc: int, *, is_start: bool) -> None:
        """A packet does not follow: some are missing, or another source speaks."""
        if ssrc != self.ssrc:
            if self.ssrc >= 0:
                self._drop_unit()
                self.is_waiting = True
                self.sink.restarted()
            self.ssrc = ssrc
            return
        missing = (seq - self.next_seq) & 0xFFFF
        missing = missing if missing < 0x8000 else 1
        self.lost_packets += missing
        self._drop_unit()
        self.is_waiting = True
        self.is_damaged = not is_start
        self.sink.lost(missing)

    def _drop_unit(self) -> None:
        if self.parts:
            self.dropped_frames += 1
        self.parts = []
        self.is_key = False
        self.fragment_at = -1

    def _check_size(self) -> None:
        if len(self.parts) > PART_LIMIT or sum(map(len, self.parts)) > UNIT_LIMIT:
            self._overflow()

    def _overflow(self) -> None:
        self._drop_unit()
        self.is_waiting = True
        self.is_damaged = True
        self.bad_units += 1

    def finish(self, now: float) -> None:
        """Ends the access unit that was being put together and hands it on if it can be decoded."""
        parts, is_key = self.parts, self.is_key
        self.parts = []
        self.is_key = False
        if self.is_damaged or self.fragment_at >= 0:
            self.fragment_at = -1
            self.is_damaged = False
            self.is_waiting = True
            self.dropped_frames += 1
            return
        if not parts:
            return
        if self.is_waiting:
            if not is_key:
                self.dropped_frames += 1
                return
            self.is_waiting = False
        if is_key and self.is_changed and not self._renew_sets():
            self.is_waiting = True
            self.dropped_frames += 1
            return
        self.sink.frame(self.stamp, is_key, b"".join(parts), now)

    def _renew_sets(self) -> bool:
        """Reads parameter sets that came with the stream; whether frames can be decoded now."""
        try:
            sets = self._read_sets()
        except StreamError:
            self.bad_units += 1
            return False
        self.is_changed = False
        self.sets = sets
        self.sink.parameters(sets)
        return True

    def _read_sets(self) -> ParameterSets:
        raise NotImplementedError

    def _keep_pps(self, nal: bytes) -> None:
        raise NotImplementedError

    def _payload(self, received: bytes, at: int, end: int) -> None:
        raise NotImplementedError

    def _begins_unit(self, received: bytes, at: int, end: int) -> bool:
        """Whether a packet can be the first of its access unit."""
        raise NotImplementedError

    def _unit(self, nal: bytes) -> None:
        """Adds one NAL unit."""
        self.parts.append(len(nal).to_bytes(4) + nal)

    def _end_fragments(self) -> None:
        """Puts the length before the pieces of a fragmented NAL unit."""
        at, parts, head = self.fragment_at, self.parts, self.fragment_head
        length = sum(map(len, parts[at:] if at else parts)) + len(head)
        parts[at] = length.to_bytes(4) + head
        self.fragment_at = -1

    def _aggregate(self, received: bytes, at: int, end: int) -> None:
        """Takes the NAL units of a STAP-A or AP, from after its header."""
        while at + 2 < end:
            length = int.from_bytes(received[at : at + 2])
            at += 2
            if not 0 < length <= end - at:
                self.bad_units += 1
                return
            self._nal(received[at : at + length])
            at += length

    def _nal(self, nal: bytes) -> None:
        raise NotImplementedError

    def _begin_fragments(self, head: bytes) -> None:
        if self.fragment_at >= 0:
            self.is_damaged = True
        self.fragment_at = len(self.parts)
        self.fragment_head = head
        self.parts.append(b"")


def _payload_span(received: bytes, at: int, end: int, first: int) -> tuple[int, int]:
    """Where the payload lies in a packet with sources, an extension or padding (RFC 3550, 5.1)."""
    at += 4 * (first & 15)
    if first & 0x10:
        at += 4 + 4 * int.from_bytes(received[at + 2 : at + 4]) if at + 4 <= end else end
    if first & 0x20:
        end -= received[end - 1]
    return at, end


class H264Receiver(VideoReceiver):
    """H.264 over RTP."""

    __slots__ = ()
    codec = "h264"

    def take(self, received: bytes, start: int, now: float) -> int:  # noqa: PLR0915
        """Takes interleaved packets of this track; see `VideoReceiver.take`."""
        unpack, frame = _HEAD264.unpack_from, self.sink.frame
        position, end = start, len(received)
        last = end - 18
        track = _DOLLAR | self.channel
        plain = 0x8000 | self.payload_type
        marked = plain | 0x80
        ssrc, source = self.ssrc, self.stamp << 32 | self.ssrc
        expected, parts = self.next_seq, self.parts
        is_calm = not (self.is_waiting or self.is_damaged or self.is_changed)
        middle = self._middle() if self.fragment_at >= 0 and is_calm else -1
        while position <= last:
            head, flags, seq, origin, kind = unpack(received, position)
            after = position + 4 + (head & 0xFFFF)
            if head >> 16 != track or after > end:
                break
            if seq != expected or after <= position + 18:
                pass
            elif kind == middle and origin == source and flags == plain:
                parts.append(received[position + 18 : after])
                expected = (seq + 1) & 0xFFFF
                position = after
                continue
            elif kind == middle | 0x40 and origin == source and flags == marked and middle >= 0:
                parts.append(received[position + 18 : after])
                expected = (seq + 1) & 0xFFFF
                position = after
                self._end_fragments()
                middle = -1
                self.finish(now)
                parts = self.parts
                is_calm = not (self.is_waiting or self.is_damaged or self.is_changed)
                continue
            elif is_calm and not parts and origin != source and origin & _SSRC == ssrc:
                if kind & 0x1FC0 == 0x1C80 and flags == plain:
                    parts += (b"", received[position + 18 : after])
                    self.fragment_at = 0
                    self.stamp, source = origin >> 32, origin
                    middle = kind & ~0x80
                    self.fragment_head = self._head_of(kind)
                    self.is_key = kind & 31 == 5
                    expected = (seq + 1) & 0xFFFF
                    position = after
                    continue
                if kind >> 8 & 31 == 1 and flags == marked:
                    self.stamp, source = origin >> 32, origin
                    expected = (seq + 1) & 0xFFFF
                    nal = received[position + 16 : after]
                    position = after
                    frame(self.stamp, False, len(nal).to_bytes(4) + nal, now)
                    continue
            self.next_seq = expected
            self.packet(received, position + 4, after, now)
            position = after
            parts, expected = self.parts, self.next_seq
            ssrc, source = self.ssrc, self.stamp << 32 | self.ssrc
            is_calm = not (self.is_waiting or self.is_damaged or self.is_changed)
            middle = self._middle() if self.fragment_at >= 0 and is_calm else -1
        self.next_seq = expected
        if len(parts) > _FEW_PARTS:
            self._check_size()
        return position

    def _middle(self) -> int:
        """The two bytes with which fragments in the middle of the open NAL unit begin."""
        head = self.fragment_head[0]
        return (head & 0xE0 | 28) << 8 | head & 31

    @staticmethod
    def _head_of(kind: int) -> bytes:
        return bytes((kind >> 8 & 0xE0 | kind & 31,))

    def _payload(self, received: bytes, at: int, end: int) -> None:
        kind = received[at] & 31
        if received[at] & 0x80:
            self.bad_units += 1
            self.is_damaged = True
        elif kind == 28:
            if end - at < 3:
                return
            flags = received[at + 1]
            if flags & 0x80:
                self._begin_fragments(bytes((received[at] & 0xE0 | flags & 31,)))
                if flags & 31 == 5:
                    self.is_key = True
            elif self.fragment_at < 0:
                self.is_damaged = True
                return
            self.parts.append(received[at + 2 : end])
            if flags & 0x40:
                self._end_fragments()
        elif kind == 24:
            self._aggregate(received, at + 1, end)
        elif kind < 24:
            self._nal(received[at:end])
        else:
            self.bad_units += 1

    def _nal(self, nal: bytes) -> None:
        kind = nal[0] & 31
        if kind == 1:
            self._unit(nal)
        elif kind == 7:
            if nal != self.sps:
                self.sps = nal
                self.is_changed = True
        elif kind == 8:
            self._keep_pps(nal)
        elif kind == 5:
            self.is_key = True
            self._unit(nal)
        elif kind == 6:
            if is_recovery_point(nal):
                self.is_key = True
            self._unit(nal)
        elif kind < 6 and kind:
            self._unit(nal)
        elif not 8 < kind < 24:
            self.bad_units += 1

    def _begins_unit(self, received: bytes, at: int, end: int) -> bool:
        kind = received[at] & 31
        if kind == 28 and end - at > 2:
            return received[at + 1] & 0x80 != 0 and received[at + 2] & 0x80 != 0
        if kind in (1, 5) and end - at > 1:
            return received[at + 1] & 0x80 != 0
        return kind in (6, 7, 8, 9, 24)

    def _keep_pps(self, nal: bytes) -> None:
        if nal in self.pps.values():
            return  # it comes with every key frame
        try:
            number = Bits(unescape(nal[1:8])).ue()
        except StreamError:
            self.bad_units += 1
            return
        if self.pps.get(number) != nal and number < 256:
            if len(self.pps) >= 31 and number not in self.pps:
                self.pps.clear()
            self.pps[number] = nal
            self.is_changed = True

    def _read_sets(self) -> ParameterSets:
        return read_h264(self.sps, tuple(self.pps.values()))


class H265Receiver(VideoReceiver):
    """H.265 over RTP (without DONL, which no camera announces)."""

    __slots__ = ()
    codec = "h265"

    def take(self, received: bytes, start: int, now: float) -> int:  # noqa: PLR0915
        """Takes interleaved packets of this track; see `VideoReceiver.take`."""
        unpack, frame = _HEAD265.unpack_from, self.sink.frame
        position, end = start, len(received)
        last = end - 19
        track = _DOLLAR | self.channel
        plain = 0x8000 | self.payload_type
        marked = plain | 0x80
        ssrc, source = self.ssrc, self.stamp << 32 | self.ssrc
        expected, parts = self.next_seq, self.parts
        is_calm = not (self.is_waiting or self.is_damaged or self.is_changed)
        middle = self._middle() if self.fragment_at >= 0 and is_calm else -1
        while position <= last:
            head, flags, seq, origin, kind, inner = unpack(received, position)
            kind = kind << 8 | inner
            after = position + 4 + (head & 0xFFFF)
            if head >> 16 != track or after > end:
                break
            if seq != expected or after <= position + 19:
                pass
            elif kind == middle and origin == source and flags == plain:
                parts.append(received[position + 19 : after])
                expected = (seq + 1) & 0xFFFF
                position = after
                continue
            elif kind == middle | 0x40 and origin == source and flags == marked and middle >= 0:
                parts.append(received[position + 19 : after])
                expected = (seq + 1) & 0xFFFF
                position = after
                self._end_fragments()
                middle = -1
                self.finish(now)
                parts = self.parts
                is_calm = not (self.is_waiting or self.is_damaged or self.is_changed)
                continue
            elif is_calm and not parts and origin != source and origin & _SSRC == ssrc:
                if kind & 0x7E00C0 == 0x620080 and flags == plain:
                    parts += (b"", received[position + 19 : after])
                    self.fragment_at = 0
                    self.stamp, source = origin >> 32, origin
                    middle = kind & ~0x80
                    self.fragment_head = self._head_of(kind)
                    self.is_key = 16 <= kind & 63 <= 21
                    expected = (seq + 1) & 0xFFFF
                    position = after
                    continue
                if kind >> 17 & 63 < 2 and flags == marked:
                    self.stamp, source = origin >> 32, origin
                    expected = (seq + 1) & 0xFFFF
                    nal = received[position + 16 : after]
                    position = after
                    frame(self.stamp, False, len(nal).to_bytes(4) + nal, now)
                    continue
            self.next_seq = expected
            self.packet(received, position + 4, after, now)
            position = after
            parts, expected = self.parts, self.next_seq
            ssrc, source = self.ssrc, self.stamp << 32 | self.ssrc
            is_calm = not (self.is_waiting or self.is_damaged or self.is_changed)
            middle = self._middle() if self.fragment_at >= 0 and is_calm else -1
        self.next_seq = expected
        if len(parts) > _FEW_PARTS:
            self._check_size()
        return position

    def _middle(self) -> int:
        """The three bytes with which fragments in the middle of the open NAL unit begin."""
        head = int.from_bytes(self.fragment_head)
        return (head & 0x81FF | 49 << 9) << 8 | head >> 9 & 63

    @staticmethod
    def _head_of(kind: int) -> bytes:
        return (kind >> 8 & 0x81FF | (kind & 63) << 9).to_bytes(2)

    def _payload(self, received: bytes, at: int, end: int) -> None:
        if end - at < 3:
            return
        kind = received[at] >> 1 & 63
        if kind == 49:
            flags = received[at + 2]
            if flags & 0x80:
                head = bytes((received[at] & 0x81 | (flags & 63) << 1, received[at + 1]))
                self._begin_fragments(head)
                if 16 <= flags & 63 <= 21:
                    self.is_key = True
            elif self.fragment_at < 0:
                self.is_damaged = True
                return
            self.parts.append(received[at + 3 : end])
            if flags & 0x40:
                self._end_fragments()
        elif kind == 48:
            self._aggregate(received, at + 2, end)
        elif kind < 48:
            self._nal(received[at:end])
        else:
            self.bad_units += 1

    def _nal(self, nal: bytes) -> None:
        if len(nal) < 3:
            self.bad_units += 1
            return
        kind = nal[0] >> 1 & 63
        if kind < 32:
            if 16 <= kind <= 21:
                self.is_key = True
            self._unit(nal)
        elif kind == 32:
            if nal != self.vps:
                self.vps = nal
                self.is_changed = True
        elif kind == 33:
            if nal != self.sps:
                self.sps = nal
                self.is_changed = True
        elif kind == 34:
            self._keep_pps(nal)
        elif kind in (39, 40):
            self._unit(nal)

    def _begins_unit(self, received: bytes, at: int, end: int) -> bool:
        if end - at < 4:
            return False
        kind = received[at] >> 1 & 63
        if kind == 49:
            return received[at + 2] & 0x80 != 0 and received[at + 3] & 0x80 != 0
        if kind < 32:
            return received[at + 2] & 0x80 != 0
        return kind in (32, 33, 34, 35, 39, 48)

    def _keep_pps(self, nal: bytes) -> None:
        if nal in self.pps.values():
            return  # it comes with every key frame
        try:
            number = Bits(unescape(nal[2:10])).ue()
        except StreamError:
            self.bad_units += 1
            return
        if self.pps.get(number) != nal and number < 64:
            self.pps[number] = nal
            self.is_changed = True

    def _read_sets(self) -> ParameterSets:
        return read_h265(self.vps, self.sps, tuple(self.pps.values()))


def video_receiver(
    sink: FrameSink, codec: str, payload_type: int, sets: ParameterSets | None
) -> VideoReceiver:
    """The receiver of a codec.

    Raises:
        StreamError: There is none.
    """
    if codec == "h264":
        return H264Receiver(sink, payload_type, sets)
    if codec == "h265":
        return H265Receiver(sink, payload_type, sets)
    raise StreamError(Cause.NOT_VIDEO, codec)


class Reorder:
    """Puts UDP packets back in order: holds a few, gives up on the missing after that.

    Args:
        depth: Packets held at most.
    """

    def __init__(self, depth: int = 32) -> None:
        self._depth = depth
        self._next = -1
        self._held: dict[int, bytes] = {}

    def push(self, datagram: bytes) -> list[bytes]:
        """Takes one packet; returns those that are now in order. Late ones and doubles vanish."""
        if len(datagram) < 12:
            return []
        seq = int.from_bytes(datagram[2:4])
        if self._next < 0 or (not self._held and seq == self._next):
            self._next = (seq + 1) & 0xFFFF
            return [datagram]
        ahead = (seq - self._next) & 0xFFFF
        if ahead >= 0x8000:
            if ahead < 0x10000 - 2000:
                self._held.clear()
                self._next = (seq + 1) & 0xFFFF
                return [datagram]
            return []
        self._held[seq] = datagram
        if len(self._held) > self._depth or ahead > 2000:
            self._next = min(self._held, key=lambda held: (held - self._next) & 0xFFFF)
        ready = []
        while (found := self._held.pop(self._next, None)) is not None:
            ready.append(found)
            self._next = (self._next + 1) & 0xFFFF
        return ready
