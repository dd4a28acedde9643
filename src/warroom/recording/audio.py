"""RTP to audio frames: AAC (RFC 3640, `AAC-hbr` and `AAC-lbr`) and G.711 (RFC 3551)."""

import struct

from warroom.recording.sdp import AudioTrack

AAC_SAMPLES = 1024
PACKET_FRAMES = 64
FRAME_LIMIT = 8192
_RTP = struct.Struct(">BBHII")

type AudioFrame = tuple[int, int, bytes]
"""RTP time stamp (32 bits), duration in samples, bytes."""


class AudioReceiver:
    """State of one audio track.

    Args:
        track: As announced.
    """

    def __init__(self, track: AudioTrack) -> None:
        self.track = track
        self.next_seq = -1
        self.lost_packets = 0
        self.bad_packets = 0
        self._rest = b""
        self._rest_size = 0
        self._rest_stamp = 0

    def packet(self, received: bytes, start: int, end: int) -> list[AudioFrame]:  # noqa: C901
        """The frames that are whole with this RTP packet."""
        if end - start < 13:
            return []
        first, second, seq, stamp, _ = _RTP.unpack_from(received, start)
        if first >> 6 != 2 or second & 0x7F != self.track.payload_type:
            return []
        at = start + 12 + 4 * (first & 15)
        if first & 0x10:
            if at + 4 > end:
                return []
            at += 4 + 4 * int.from_bytes(received[at + 2 : at + 4])
        if first & 0x20:
            end -= received[end - 1]
        if self.next_seq >= 0 and seq != self.next_seq:
            missing = (seq - self.next_seq) & 0xFFFF
            if missing >= 0x8000:
                return []
            self.lost_packets += missing
            self._rest = b""
        self.next_seq = (seq + 1) & 0xFFFF
        if at >= end:
            return []
        payload = received[at:end]
        if self.track.format.config:
            return self._aac(payload, stamp)
        if len(payload) > FRAME_LIMIT:
            self.bad_packets += 1
            return []
        return [(stamp, len(payload) // self.track.format.channels, payload)]

    def _aac(self, payload: bytes, stamp: int) -> list[AudioFrame]:
        header_bits = int.from_bytes(payload[:2])
        entry_bits = self.track.size_bits + self.track.index_bits
        count = header_bits // entry_bits
        at = 2 + (header_bits + 7) // 8
        if not 0 < count <= PACKET_FRAMES or at > len(payload):
            self.bad_packets += 1
            return []
        width = entry_bits // 8
        sizes = [
            int.from_bytes(payload[2 + width * k : 2 + width * (k + 1)]) >> self.track.index_bits
            for k in range(count)
        ]
        if count == 1 and sizes[0] > len(payload) - at:
            return self._fragment(payload[at:], sizes[0], stamp)
        frames: list[AudioFrame] = []
        for number, size in enumerate(sizes):
            if not 0 < size <= len(payload) - at:
                self.bad_packets += 1
                break
            when = (stamp + number * AAC_SAMPLES) & 0xFFFFFFFF
            frames.append((when, AAC_SAMPLES, payload[at : at + size]))
            at += size
        return frames

    def _fragment(self, piece: bytes, size: int, stamp: int) -> list[AudioFrame]:
        """Adds a piece of a frame that is longer than a packet."""
        if size > FRAME_LIMIT:
            self.bad_packets += 1
            return []
        if self._rest and (stamp != self._rest_stamp or size != self._rest_size):
            self._rest = b""
        self._rest, self._rest_size, self._rest_stamp = self._rest + piece, size, stamp
        if len(self._rest) < size:
            return []
        frame, self._rest = self._rest[:size], b""
        return [(stamp, AAC_SAMPLES, frame)]
