"""Fragmented MP4 by hand: header, one fragment per GOP, reading back, moving in time.

ISO/IEC 14496-12 for the boxes, 14496-15 for `avcC` and `hvcC`, 14496-14 for `esds`, "Encapsulation
of FLAC in ISO Base Media File Format" (Xiph.Org) for `dfLa`. A fragment is `prft` (wall time),
`moof`, `mdat`; video samples come first in the `mdat`, then those of audio.
"""

import struct
from dataclasses import dataclass, field

from warroom.recording.contracts import TIMESCALE, Init
from warroom.recording.h26x import ParameterSets

VIDEO_TRACK = 1
AUDIO_TRACK = 2
PRFT_BYTES = 32
NTP_EPOCH_S = 2_208_988_800
KEY_SAMPLE = 0x02000000
OTHER_SAMPLE = 0x01010000
ABOUT = bytes.fromhex("5741522d524f4f4da1b2c3d4e5f60718")
"""Type of our own `uuid` box, which tells whose footage a file is."""

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """The second track.

    Attributes:
        codec: RFC 6381 string, or the sample entry's name for G.711 and FLAC.
        config: `AudioSpecificConfig` of AAC, STREAMINFO of FLAC; empty for G.711.
    """

    codec: str
    rate_hz: int
    channels: int
    config: bytes = b""


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box: its length, its four letters, its content."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _empty_tables(entry: bytes) -> bytes:
    return box(
        b"stbl",
        _full(b"stsd", 0, 0, b"\0\0\0\1", entry),
        _full(b"stts", 0, 0, bytes(4)),
        _full(b"stsc", 0, 0, bytes(4)),
        _full(b"stsz", 0, 0, bytes(8)),
        _full(b"stco", 0, 0, bytes(4)),
    )


def _track(
    number: int, timescale: int, handler: bytes, media: bytes, size: tuple[int, int]
) -> bytes:
    width, height = size
    volume = 0x0100 if handler == b"soun" else 0
    header = _full(
        b"tkhd",
        0,
        3,
        struct.pack(">IIIII8xHHHH", 0, 0, number, 0, 0, 0, 0, volume, 0),
        _MATRIX,
        struct.pack(">II", width << 16, height << 16),
    )
    reference = box(b"dinf", _full(b"dref", 0, 0, b"\0\0\0\1", _full(b"url ", 0, 1)))
    kind_header = (
        _full(b"smhd", 0, 0, bytes(4)) if handler == b"soun" else _full(b"vmhd", 0, 1, bytes(8))
    )
    return box(
        b"trak",
        header,
        box(
            b"mdia",
            _full(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, timescale, 0, 0x55C4, 0)),
            _full(b"hdlr", 0, 0, bytes(4), handler, bytes(12), b"\0"),
            box(b"minf", kind_header, reference, media),
        ),
    )


def _video_entry(sets: ParameterSets) -> bytes:
    name, record = (b"avc1", b"avcC") if sets.codec == "h264" else (b"hvc1", b"hvcC")
    fixed = struct.pack(
        ">6xH16xHHIII H32sHh",
        1,
        sets.width,
        sets.height,
        0x480000,
        0x480000,
        0,
        1,
        b"",
        24,
        -1,
    )
    return box(name, fixed, box(record, sets.record))


def _descriptor(tag: int, body: bytes) -> bytes:
    return bytes((tag, 0x80, 0x80, 0x80, len(body))) + body


def _audio_entry(audio: AudioFormat) -> bytes:
    rate = audio.rate_hz if audio.rate_hz < 65536 else 0
    fixed = struct.pack(">6xH8xHHHHI", 1, audio.channels, 16, 0, 0, rate << 16)
    if not audio.config:
        return box(audio.codec.encode(), fixed)
    if audio.codec == "fLaC":
        return box(b"fLaC", fixed, _full(b"dfLa", 0, 0, b"\x80\0\0\x22", audio.config))
    decoder = _descriptor(
        4,
        struct.pack(">BBBHII", 0x40, 0x15, 0, 0, 0, 0) + _descriptor(5, audio.config),
    )
    stream = _descriptor(3, struct.pack(">HB", AUDIO_TRACK, 0) + decoder + _descriptor(6, b"\2"))
    return box(b"mp4a", fixed, _full(b"esds", 0, 0, stream))


def _movie(brand: bytes, tracks: list[bytes], extends: list[bytes], last: int) -> bytes:
    head = _full(
        b"mvhd",
        0,
        0,
        struct.pack(">IIIIIH10x", 0, 0, TIMESCALE, 0, 0x10000, 0x100),
        _MATRIX,
        bytes(24),
        struct.pack(">I", last + 1),
    )
    kind = box(b"ftyp", b"iso6\0\0\2\0iso5iso6mp41" + brand)
    return kind + box(b"moov", head, *tracks, box(b"mvex", *extends))


def _extends(track: int) -> bytes:
    return _full(b"trex", 0, 0, struct.pack(">IIIII", track, 1, 0, 0, 0))


def _sound(audio: AudioFormat) -> bytes:
    return _track(AUDIO_TRACK, audio.rate_hz, b"soun", _empty_tables(_audio_entry(audio)), (0, 0))


def build_sound(audio: AudioFormat) -> bytes:
    """The header (`ftyp` + `moov`) of sound alone."""
    return _movie(b"isom", [_sound(audio)], [_extends(AUDIO_TRACK)], AUDIO_TRACK)


def build_init(sets: ParameterSets, audio: AudioFormat | None) -> Init:
    """The header (`ftyp` + `moov`) of a run and what a decoder is told beside it."""
    tracks = [
        _track(
            VIDEO_TRACK,
            TIMESCALE,
            b"vide",
            _empty_tables(_video_entry(sets)),
            (sets.width, sets.height),
        )
    ]
    extends = [_extends(VIDEO_TRACK)]
    if audio is not None:
        tracks.append(_sound(audio))
        extends.append(_extends(AUDIO_TRACK))
    brand = b"hvc1" if sets.codec == "h265" else b"avc1"
    header = _movie(brand, tracks, extends, len(tracks))
    return Init(
        codec=sets.codec_string,
        width=sets.width,
        height=sets.height,
        audio=audio.codec if audio else None,
        audio_rate_hz=audio.rate_hz if audio else 0,
        audio_channels=audio.channels if audio else 0,
        header=header,
    )


def about_box(text: bytes) -> bytes:
    """Our `uuid` box after the header: JSON that tells whose footage the file is."""
    return box(b"uuid", ABOUT, text)


def ntp_of_ms(wall_ms: int) -> int:
    """A UTC instant as a 64-bit NTP time stamp."""
    seconds, milliseconds = divmod(wall_ms, 1000)
    return (seconds + NTP_EPOCH_S) << 32 | ((milliseconds << 32) // 1000)


def ms_of_ntp(ntp: int) -> int:
    """An NTP time stamp as ms since 1970."""
    return ((ntp >> 32) - NTP_EPOCH_S) * 1000 + round((ntp & 0xFFFFFFFF) * 1000 / (1 << 32))


def fragment_head(
    sequence: int,
    wall_ms: int,
    tfdt: int,
    samples: list[int],
    video_bytes: int,
    audio_tfdt: int = 0,
    audio_samples: list[int] | None = None,
    audio_bytes: int = 0,
) -> bytes:
    """`prft`, `moof` and the head of the `mdat`: everything before the samples themselves.

    Args:
        sequence: Number of the fragment in its file, from 1.
        wall_ms: Capture time of the first video frame.
        tfdt: Its decode time, 90 kHz.
        samples: Flat: duration, size, flags, composition offset (signed) of each video frame.
        video_bytes: Their bytes.
        audio_tfdt: Decode time of the first audio frame, in its own timescale.
        audio_samples: Flat: duration, size of each audio frame.
        audio_bytes: Their bytes.
    """
    count = len(samples) // 4
    run_length = 20 + 16 * count
    track_length = 8 + 16 + 20 + run_length
    sound = audio_samples or []
    sound_count = len(sound) // 2
    sound_run = 20 + 8 * sound_count
    sound_length = 8 + 16 + 20 + sound_run if sound_count else 0
    moof_length = 24 + track_length + sound_length
    parts = [
        struct.pack(
            ">I4sIIQQ", PRFT_BYTES, b"prft", 0x01000000, VIDEO_TRACK, ntp_of_ms(wall_ms), tfdt
        ),
        struct.pack(">I4sI4sII", moof_length, b"moof", 16, b"mfhd", 0, sequence),
        struct.pack(">I4sI4sII", track_length, b"traf", 16, b"tfhd", 0x020000, VIDEO_TRACK),
        struct.pack(">I4sIQ", 20, b"tfdt", 0x01000000, tfdt),
        struct.pack(">I4sIII", run_length, b"trun", 0x01000F01, count, moof_length + 8),
        struct.pack(">" + "IIIi" * count, *samples),
    ]
    if sound_count:
        parts += (
            struct.pack(">I4sI4sII", sound_length, b"traf", 16, b"tfhd", 0x020000, AUDIO_TRACK),
            struct.pack(">I4sIQ", 20, b"tfdt", 0x01000000, audio_tfdt),
            struct.pack(
                ">I4sIII", sound_run, b"trun", 0x000301, sound_count, moof_length + 8 + video_bytes
            ),
            struct.pack(f">{2 * sound_count}I", *sound),
        )
    parts.append(struct.pack(">I4s", video_bytes + audio_bytes + 8, b"mdat"))
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class TrackRun:
    """The samples of one track in one fragment, as read back.

    Attributes:
        tfdt_at: Position of the 64-bit decode time within the `moof`.
        offset: Position of the first sample from the beginning of the `moof`.
        samples: (duration, size, flags, composition offset) each.
    """

    track: int
    tfdt: int
    tfdt_at: int
    offset: int
    samples: list[tuple[int, int, int, int]] = field(repr=False)

    @property
    def duration(self) -> int:
        """Ticks from the first sample's decode time to the end of the last."""
        return sum(sample[0] for sample in self.samples)

    @property
    def bytes(self) -> int:
        """Bytes of all samples."""
        return sum(sample[1] for sample in self.samples)


def _children(data: bytes, start: int, end: int) -> list[tuple[bytes, int, int]]:
    found = []
    position = start
    while position + 8 <= end:
        length = int.from_bytes(data[position : position + 4])
        if length < 8 or position + length > end:
            raise ValueError("box length")
        found.append((data[position + 4 : position + 8], position + 8, position + length))
        position += length
    return found


def _read_trun(data: bytes, start: int, end: int) -> tuple[int, list[tuple[int, int, int, int]]]:
    flags, count, offset = struct.unpack_from(">III", data, start)
    flags &= 0xFFFFFF
    if flags == 0xF01 and start + 12 + 16 * count <= end:
        return offset, list(struct.iter_unpack(">IIIi", data[start + 12 : start + 12 + 16 * count]))
    if flags == 0x301 and start + 12 + 8 * count <= end:
        pairs = struct.iter_unpack(">II", data[start + 12 : start + 12 + 8 * count])
        return offset, [(duration, size, KEY_SAMPLE, 0) for duration, size in pairs]
    raise ValueError("trun")


def read_moof(data: bytes) -> list[TrackRun]:
    """The track runs of a fragment written by `fragment_head`; `data` begins at its `moof`.

    Raises:
        ValueError: It is not such a fragment.
    """
    try:
        length = int.from_bytes(data[:4])
        if data[4:8] != b"moof" or not 24 <= length <= len(data):
            raise ValueError("moof")
        runs = []
        for kind, start, end in _children(data, 8, length):
            if kind != b"traf":
                continue
            parts = {name: (first, last) for name, first, last in _children(data, start, end)}
            track = int.from_bytes(data[parts[b"tfhd"][0] + 4 : parts[b"tfhd"][0] + 8])
            tfdt_at = parts[b"tfdt"][0] + 4
            offset, samples = _read_trun(data, *parts[b"trun"])
            tfdt = int.from_bytes(data[tfdt_at : tfdt_at + 8])
            runs.append(TrackRun(track, tfdt, tfdt_at, offset, samples))
    except (KeyError, struct.error) as error:
        raise ValueError("moof") from error
    if not runs:
        raise ValueError("moof without tracks")
    return runs


def rebuild_video(
    fragment: bytes, sequence: int, video_shift: int, *, key_only: bool = False, duration: int = 0
) -> bytes:
    """The video of a fragment as a fragment of its own, moved in time for playback across segments.

    Args:
        fragment: As stored.
        sequence: Its new number.
        video_shift: Ticks added to the decode time.
        key_only: Keep only the first (key) frame, shown for the whole GOP: fast playback.
        duration: Ticks of that one frame; 0 takes the GOP's.
    """
    run = next(run for run in read_moof(fragment) if run.track == VIDEO_TRACK)
    samples = run.samples
    if key_only:
        first = samples[0]
        samples = [(duration or run.duration, first[1], first[2], first[3])]
    size = sum(sample[1] for sample in samples)
    flat = [number for sample in samples for number in sample]
    head = fragment_head(sequence, 0, max(0, run.tfdt + video_shift), flat, size)
    return head[PRFT_BYTES:] + fragment[run.offset : run.offset + size]


def video_only(init: Init) -> Init:
    """The header without its audio track, for players that cannot decode it."""
    if init.audio is None:
        return init
    header = _one_track(init.header, b"vide", VIDEO_TRACK)
    return Init(init.codec, init.width, init.height, None, 0, 0, header)


def sound_only(header: bytes) -> bytes:
    """A header written by `build_init` without its video track."""
    return _one_track(header, b"soun", AUDIO_TRACK)


def _one_track(header: bytes, handler: bytes, track: int) -> bytes:
    moov_at = int.from_bytes(header[:4])
    kept = []
    for kind, start, end in _children(header, moov_at + 8, len(header)):
        whole = header[start - 8 : end]
        if kind == b"trak" and handler not in whole:
            continue
        if kind == b"mvex":
            whole = box(b"mvex", _extends(track))
        kept.append(whole)
    return header[:moov_at] + box(b"moov", *kept)


def key_frame(fragment: bytes) -> bytes:
    """The first video sample of a fragment: one key frame with 4-byte NAL lengths."""
    run = next(run for run in read_moof(fragment) if run.track == VIDEO_TRACK)
    return fragment[run.offset : run.offset + run.samples[0][1]]
