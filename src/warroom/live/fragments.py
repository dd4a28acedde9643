"""fMP4 for a browser: one fragment per frame, and an initialisation segment with the picture only.

References:
    ISO/IEC 14496-12, sections 8.8 (movie fragments) and 8.16; ISO BMFF byte stream format for MSE.
"""

import struct
from collections.abc import Iterator

_KEY_FLAGS = 0x02000000
_DELTA_FLAGS = 0x01010000

_HEAD = struct.Struct(">I4s I4sII I4s I4sII I4sIQ I4sIIi IIIi I4s".replace(" ", ""))
_MOOF_BYTES = _HEAD.size - 8
_TRAF_BYTES = _MOOF_BYTES - 24
_TRUN_BYTES = 36


def fragment(
    sequence: int,
    tfdt: int,
    duration: int,
    cts: int,
    sample: bytes,
    *,
    is_key: bool,
    track: int = 1,
) -> bytes:
    """One frame as moof + mdat.

    Args:
        sequence: Number of the fragment (mfhd).
        tfdt: Decoding time in ticks of the track.
        duration: Ticks the frame is shown for.
        cts: Presentation minus decoding time.
        sample: The access unit with lengths before its NAL units.
        is_key: Whether a decoder can begin here.
        track: Track number of the initialisation segment.
    """
    size = len(sample)
    head = _HEAD.pack(
        _MOOF_BYTES, b"moof",
        16, b"mfhd", 0, sequence & 0xFFFFFFFF,
        _TRAF_BYTES, b"traf",
        16, b"tfhd", 0x020000, track,
        20, b"tfdt", 0x01000000, tfdt,
        _TRUN_BYTES, b"trun", 0x01000F01, 1, _MOOF_BYTES + 8,
        duration, size, _KEY_FLAGS if is_key else _DELTA_FLAGS, cts,
        8 + size, b"mdat",
    )  # fmt: skip
    return head + sample


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Yields (type, start, end) of the boxes in a range; stops at the first that is torn."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > end:
            return
        yield kind, start, start + size
        start += size


def find(data: bytes, *path: bytes, start: int = 0, end: int | None = None) -> tuple[int, int]:
    """Content of the first box at a path (`moov`, `trak`, ...).

    Raises:
        LookupError: There is none.
    """
    end = len(data) if end is None else end
    for step in path:
        for kind, first, last in boxes(data, start, end):
            if kind == step:
                start, end = first + 8, last
                break
        else:
            raise LookupError(step)
    return start, end


def picture_only(init: bytes) -> tuple[bytes, int]:
    """Takes every track but the first picture out of an initialisation segment.

    A browser waits for data of every track that was announced, so a track of sound that is not
    sent would hold the picture back for ever.

    Returns:
        The segment and the picture's track number.

    Raises:
        LookupError: There is no picture in it.
    """
    first, last = find(init, b"moov")
    chosen, track = None, 0
    for kind, start, end in boxes(init, first, last):
        if kind == b"trak" and chosen is None and _media_kind(init, start + 8, end) == b"vide":
            chosen, track = start, _track_number(init, start + 8, end)
    if chosen is None:
        raise LookupError(b"vide")
    kept = b"".join(
        _only_track(init, start, end, track) if kind == b"mvex" else init[start:end]
        for kind, start, end in boxes(init, first, last)
        if kind != b"trak" or start == chosen
    )
    moov = struct.pack(">I4s", 8 + len(kept), b"moov") + kept
    return init[: first - 8] + moov + init[last:], track


def decoder_setup(init: bytes) -> tuple[str, bytes]:
    """Codec name for a decoder (`h264`, `hevc`) and its configuration record.

    Raises:
        LookupError: The segment holds neither avcC nor hvcC.
    """
    only, _ = picture_only(init)
    start, end = find(only, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    for kind, first, last in boxes(only, start + 8, end):
        for inner, inner_first, inner_last in boxes(only, first + 86, last):
            if inner in (b"avcC", b"hvcC"):
                name = "h264" if inner == b"avcC" else "hevc"
                return name, only[inner_first + 8 : inner_last]
        raise LookupError(kind)
    raise LookupError(b"stsd")


def _media_kind(init: bytes, start: int, end: int) -> bytes:
    first, _ = find(init, b"mdia", b"hdlr", start=start, end=end)
    return init[first + 8 : first + 12]


def _track_number(init: bytes, start: int, end: int) -> int:
    first, _ = find(init, b"tkhd", start=start, end=end)
    place = first + (20 if init[first] == 1 else 12)
    return int.from_bytes(init[place : place + 4], "big")


def _only_track(init: bytes, start: int, end: int, track: int) -> bytes:
    kept = b"".join(
        init[first:last]
        for kind, first, last in boxes(init, start + 8, end)
        if kind != b"trex" or int.from_bytes(init[first + 12 : first + 16], "big") == track
    )
    return struct.pack(">I4s", 8 + len(kept), b"mvex") + kept
