"""The sound of a run as browsers play it: AAC as it was sent, G.711 as FLAC.

Sound always travels on its own, beside the picture: a browser holds the picture back for as long as
sound that was announced does not come. No browser plays G.711 in MP4 and all of them play FLAC,
whose frames may hold their samples as they are ("verbatim"): so nothing is encoded or lost, each
byte becomes the 16-bit value that it stands for.

References:
    ITU-T G.711; RFC 9639 (FLAC), sections 8.2, 9.1, 9.2.3 and 9.3; "Encapsulation of FLAC in ISO
    Base Media File Format" (Xiph.Org), section 3.3.2; ISO/IEC 14496-12, section 8.8.
"""

import struct
from dataclasses import dataclass, field
from functools import cache

from warroom.kernel.g711 import expand_alaw, expand_ulaw
from warroom.recording.contracts import TIMESCALE, Init
from warroom.recording.fmp4 import AUDIO_TRACK, AudioFormat, build_sound, read_moof, sound_only

LONGEST_BLOCK = 8192
NEAR_S = 0.05
"""Frames that begin so near to the end of the last follow it without a hole."""

_TRAF = struct.Struct(">I4sI4sII I4sI4sII I4sIQ I4sIII".replace(" ", ""))


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """A track of sound alone.

    Attributes:
        mime: Its type for Media Source Extensions.
        header: `ftyp` + `moov`.
        rate_hz: Sample rate, and its timescale.
    """

    mime: str
    header: bytes = field(repr=False)
    rate_hz: int
    channels: int
    _codec: str

    def duration(self, unit: bytes, told_90k: int) -> int:
        """Samples of a frame: counted where bytes are samples, else as told."""
        if self._codec in ("alaw", "ulaw"):
            return len(unit) // self.channels
        return round(told_90k * self.rate_hz / TIMESCALE)

    def sample(self, unit: bytes, at: int) -> bytes:
        """A frame as it is put into the file.

        Args:
            unit: As the camera sent it.
            at: Its decoding time, in samples.
        """
        if self._codec in ("alaw", "ulaw"):
            return flac_frame(unit, self._codec, self.channels, at)
        return unit

    def fragment(self, number: int, at: int, duration: int, unit: bytes) -> bytes:
        """One frame as a fragment of its own, for live sound."""
        sample = self.sample(unit, at)
        return sound_fragment(number, at, [duration, len(sample)], sample)

    def follow(self, at: int, expected: int | None) -> int:
        """Where a frame is placed: right behind the last one, if it begins about there."""
        if expected is not None and abs(at - expected) <= NEAR_S * self.rate_hz:
            return expected
        return at


def sound_track(init: Init) -> SoundTrack | None:
    """The sound that a run has; None where it has none."""
    if init.audio is None:
        return None
    rate, channels = init.audio_rate_hz, init.audio_channels
    if init.audio in ("alaw", "ulaw"):
        header = build_sound(AudioFormat("fLaC", rate, channels, stream_info(rate, channels)))
        return SoundTrack('audio/mp4; codecs="flac"', header, rate, channels, init.audio)
    mime = f'audio/mp4; codecs="{init.audio}"'
    return SoundTrack(mime, sound_only(init.header), rate, channels, "aac")


class SoundCutter:
    """Takes the sound out of stored fragments, one after the other, without holes between them.

    Args:
        track: As found for the run.
    """

    def __init__(self, track: SoundTrack) -> None:
        self._track = track
        self._expected: int | None = None
        self._number = 0

    def cut(self, fragment: bytes, video_shift: int) -> bytes:
        """The sound of a stored fragment, moved in time; empty where it has none.

        Args:
            fragment: `moof` + `mdat` as stored.
            video_shift: Ticks of 90 kHz added to its decode times.

        Raises:
            ValueError: It is not such a fragment.
        """
        track = self._track
        run = next((run for run in read_moof(fragment) if run.track == AUDIO_TRACK), None)
        if run is None:
            return b""
        begin = max(0, run.tfdt + round(video_shift * track.rate_hz / TIMESCALE))
        at = begin = track.follow(begin, self._expected)
        samples: list[bytes] = []
        sizes: list[int] = []
        place = run.offset
        for duration, size, _, _ in run.samples:
            samples.append(track.sample(fragment[place : place + size], at))
            sizes += (duration, len(samples[-1]))
            place += size
            at += duration
        self._expected = at
        self._number += 1
        return sound_fragment(self._number, begin, sizes, b"".join(samples))


def sound_fragment(sequence: int, tfdt: int, sizes: list[int], body: bytes) -> bytes:
    """A fragment of sound alone.

    Args:
        sequence: Its number.
        tfdt: Decoding time of the first frame, in samples.
        sizes: Flat: duration and size of each frame.
        body: The frames.
    """
    count = len(sizes) // 2
    run_bytes = 20 + 8 * count
    traf_bytes = 44 + run_bytes
    moof_bytes = 24 + traf_bytes
    return b"".join((
        _TRAF.pack(
            moof_bytes, b"moof", 16, b"mfhd", 0, sequence,
            traf_bytes, b"traf", 16, b"tfhd", 0x020000, AUDIO_TRACK,
            20, b"tfdt", 0x01000000, tfdt,
            run_bytes, b"trun", 0x000301, count, moof_bytes + 8,
        ),
        struct.pack(f">{2 * count}I", *sizes),
        struct.pack(">I4s", 8 + len(body), b"mdat"),
        body,
    ))  # fmt: skip


def stream_info(rate_hz: int, channels: int) -> bytes:
    """STREAMINFO of 16-bit sound in blocks of any length (RFC 9639, section 8.2)."""
    packed = rate_hz << 44 | (channels - 1) << 41 | 15 << 36
    return struct.pack(">HH6xQ16x", 16, LONGEST_BLOCK, packed)


def flac_frame(unit: bytes, codec: str, channels: int, first: int) -> bytes:
    """One packet of G.711 as a FLAC frame.

    Args:
        unit: Its bytes, channels interleaved.
        codec: `alaw` or `ulaw`.
        channels: 1 or 2.
        first: Number of its first sample.
    """
    high, low = _tables(codec)
    count = len(unit) // channels
    header = b"\xff\xf9\x70" + bytes(((channels - 1) << 4 | 0x08,)) + _coded(first)
    header += struct.pack(">H", count - 1)
    parts = [header, bytes((_crc8(header),))]
    for channel in range(channels):
        own = unit[channel : count * channels : channels]
        samples = bytearray(2 * count)
        samples[0::2], samples[1::2] = own.translate(high), own.translate(low)
        parts += (b"\x02", bytes(samples))
    frame = b"".join(parts)
    return frame + struct.pack(">H", _crc16(frame))


def _coded(number: int) -> bytes:
    """A number in the manner of UTF-8 (RFC 9639, section 9.1.5).

    It begins anew after 31 bits: FFmpeg, and with it Chromium, reads no more, and the place in
    time is told by the fragment anyway.
    """
    number &= (1 << 31) - 1
    if number < 0x80:
        return bytes((number,))
    more = 1
    while number >> (6 * more + 6 - more):
        more += 1
    lead = (0xFF << (7 - more)) & 0xFF
    tail = [0x80 | number >> 6 * place & 0x3F for place in reversed(range(more))]
    return bytes((lead | number >> 6 * more, *tail))


@cache
def _tables(codec: str) -> tuple[bytes, bytes]:
    expand = expand_alaw if codec == "alaw" else expand_ulaw
    words = [expand(code) & 0xFFFF for code in range(256)]
    return bytes(word >> 8 for word in words), bytes(word & 0xFF for word in words)


@cache
def _crc_table(width: int, polynomial: int) -> tuple[int, ...]:
    top, mask = 1 << width - 1, (1 << width) - 1
    table = []
    for byte in range(256):
        crc = byte << width - 8
        for _ in range(8):
            crc = (crc << 1 ^ polynomial if crc & top else crc << 1) & mask
        table.append(crc)
    return tuple(table)


def _crc8(message: bytes) -> int:
    table, crc = _crc_table(8, 0x07), 0
    for byte in message:
        crc = table[crc ^ byte]
    return crc


def _crc16(message: bytes) -> int:
    table, crc = _crc_table(16, 0x8005), 0
    for byte in message:
        crc = (crc << 8 & 0xFFFF) ^ table[crc >> 8 ^ byte]
    return crc
