"""RTP to access units: H.264 (RFC 6184: single, STAP-A, FU-A) and H.265 (RFC 7798: single, AP, FU).

The hot path of the recorder: `take` looks at each packet once, slices its payload out and appends
it to a list; nothing is joined before a GOP is written or a frame is watched. Everything unusual
(RTP extensions, aggregation, parameter sets) leaves the fast path.
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

_HEAD264 = struct.Struct(">BBHBBHIIBB")
_HEAD265 = struct.Struct(">BBHBBHIIBBB")
_RTP = struct.Struct(">BBHII")
_DOLLAR = 0x24


class FrameSink(Protocol):
    """Takes what the depacketizer makes."""

    def parameters(self, sets: ParameterSets) -> None:
        """New parameter sets, in force from the next frame, which is a key frame."""
        ...

    def frame(self, stamp: int, is_key: bool, size: int, parts: list[bytes], now: float) -> None:  # noqa: FBT001
        """A whole access unit.

        Args:
            stamp: RTP time stamp, 32 bits.
            is_key: Whether decoding may begin here.
            size: Bytes of all parts.
            parts: NAL units with 4-byte lengths, in pieces.
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
        self.size = 0
        self.is_key = False
        self.fragment_at = -1
        self.fragment_from = 0
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
        at = start + 12 + 4 * (first & 15)
        if first & 0x10:
            if at + 4 > end:
                return
            at += 4 + 4 * int.from_bytes(received[at + 2 : at + 4])
        if first & 0x20:
            end -= received[end - 1]
        if at >= end:
            self._follow(seq, ssrc, is_start=False)
            return
        if stamp != self.stamp and self.parts:
            self.finish(now)
        self._follow(seq, ssrc, is_start=self._begins_unit(received, at, end))
        self.stamp = stamp
        self._payload(received, at, end)
        if self.size > UNIT_LIMIT or len(self.parts) > PART_LIMIT:
            self._overflow()
        if second & 0x80:
            self.finish(now)

    def _follow(self, seq: int, ssrc: int, *, is_start: bool) -> None:
        """Checks that a packet follows the one before."""
        self.packets += 1
        if ssrc != self.ssrc:
            if self.ssrc >= 0:
                self._drop_unit()
                self.is_waiting = True
                self.sink.restarted()
            self.ssrc = ssrc
        elif seq != self.next_seq:
            missing = (seq - self.next_seq) & 0xFFFF
            self.lost_packets += missing if missing < 0x8000 else 1
            self._drop_unit()
            self.is_waiting = True
            self.is_damaged = not is_start
            self.sink.lost(missing if missing < 0x8000 else 1)
        self.next_seq = (seq + 1) & 0xFFFF

    def _drop_unit(self) -> None:
        if self.parts:
            self.dropped_frames += 1
        self.parts = []
        self.size = 0
        self.is_key = False
        self.fragment_at = -1

    def _overflow(self) -> None:
        self._drop_unit()
        self.is_waiting = True
        self.is_damaged = True
        self.bad_units += 1

    def finish(self, now: float) -> None:
        """Ends the access unit that was being put together and hands it on if it can be decoded."""
        parts, size, is_key = self.parts, self.size, self.is_key
        self.parts = []
        self.size = 0
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
        self.sink.frame(self.stamp, is_key, size, parts, now)

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
        self.size += len(nal) + 4

    def _end_fragments(self) -> None:
        """Puts the length before the pieces of a fragmented NAL unit."""
        length = self.size - self.fragment_from
        self.parts[self.fragment_at] = length.to_bytes(4) + self.fragment_head
        self.size += 4
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
        self.fragment_from = self.size
        self.fragment_head = head
        self.parts.append(b"")
        self.size += len(head)


class H264Receiver(VideoReceiver):
    """H.264 over RTP."""

    codec = "h264"

    def take(self, received: bytes, start: int, now: float) -> int:
        """Takes interleaved packets of this track; see `VideoReceiver.take`."""
        unpack = _HEAD264.unpack_from
        position, last = start, len(received) - 18
        channel, plain = self.channel, self.payload_type
        marked = plain | 0x80
        parts, size = self.parts, self.size
        expected, stamp, packets = self.next_seq, self.stamp, 0
        while position <= last:
            magic, on, length, first, second, seq, ts, ssrc, n0, n1 = unpack(received, position)
            after = position + 4 + length
            if magic != _DOLLAR or on != channel or after > last + 18:
                break
            kind = n0 & 31
            if (
                first == 0x80
                and length > 14
                and seq == expected
                and ts == stamp
                and ssrc == self.ssrc
                and kind == 28
                and (second == plain or second == marked)
                and self.fragment_at >= 0
                and n1 < 0x80
            ):
                parts.append(received[position + 18 : after])
                size += length - 14
                expected = (seq + 1) & 0xFFFF
                packets += 1
                if n1 >= 0x40:
                    self.size = size
                    self._end_fragments()
                    size = self.size
                if second == marked:
                    self.size = size
                    self.finish(now)
                    parts, size = self.parts, 0
            else:
                self.size, self.next_seq = size, expected
                self.packet(received, position + 4, after, now)
                parts, size = self.parts, self.size
                expected, stamp = self.next_seq, self.stamp
            position = after
        self.size, self.next_seq = size, expected
        self.packets += packets
        if size > UNIT_LIMIT or len(parts) > PART_LIMIT:
            self._overflow()
        return position

    def _payload(self, received: bytes, at: int, end: int) -> None:
        kind = received[at] & 31
        if kind == 28:
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
            self.size += end - at - 2
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
        elif kind not in (9, 10, 11, 12):
            self._unit(nal)

    def _begins_unit(self, received: bytes, at: int, end: int) -> bool:
        kind = received[at] & 31
        if kind == 28 and end - at > 2:
            return received[at + 1] & 0x80 != 0 and received[at + 2] & 0x80 != 0
        if kind in (1, 5) and end - at > 1:
            return received[at + 1] & 0x80 != 0
        return kind in (6, 7, 8, 9, 24)

    def _keep_pps(self, nal: bytes) -> None:
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

    codec = "h265"

    def take(self, received: bytes, start: int, now: float) -> int:
        """Takes interleaved packets of this track; see `VideoReceiver.take`."""
        unpack = _HEAD265.unpack_from
        position, last = start, len(received) - 19
        channel, plain = self.channel, self.payload_type
        marked = plain | 0x80
        parts, size = self.parts, self.size
        expected, stamp, packets = self.next_seq, self.stamp, 0
        while position <= last:
            magic, on, length, first, second, seq, ts, ssrc, n0, _, n2 = unpack(received, position)
            after = position + 4 + length
            if magic != _DOLLAR or on != channel or after > last + 19:
                break
            if (
                first == 0x80
                and length > 15
                and seq == expected
                and ts == stamp
                and ssrc == self.ssrc
                and n0 & 0x7E == 98
                and (second == plain or second == marked)
                and self.fragment_at >= 0
                and n2 < 0x80
            ):
                parts.append(received[position + 19 : after])
                size += length - 15
                expected = (seq + 1) & 0xFFFF
                packets += 1
                if n2 >= 0x40:
                    self.size = size
                    self._end_fragments()
                    size = self.size
                if second == marked:
                    self.size = size
                    self.finish(now)
                    parts, size = self.parts, 0
            else:
                self.size, self.next_seq = size, expected
                self.packet(received, position + 4, after, now)
                parts, size = self.parts, self.size
                expected, stamp = self.next_seq, self.stamp
            position = after
        self.size, self.next_seq = size, expected
        self.packets += packets
        if size > UNIT_LIMIT or len(parts) > PART_LIMIT:
            self._overflow()
        return position

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
            self.size += end - at - 3
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
        if self._next < 0 or not self._held and seq == self._next:
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
