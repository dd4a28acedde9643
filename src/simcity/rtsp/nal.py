"""NAL units of H.264 (ITU-T H.264 clause 7.3.1) and H.265 (ITU-T H.265 clause 7.3.1)."""

from collections.abc import Iterable
from typing import Literal

Codec = Literal["h264", "h265"]

START_CODE = b"\x00\x00\x00\x01"
H264_IDR, H264_SEI, H264_SPS, H264_PPS, H264_AUD = 5, 6, 7, 8, 9
H265_VPS, H265_SPS, H265_PPS, H265_AUD = 32, 33, 34, 35
H265_PREFIX_SEI = 39
H265_KEYS = range(16, 24)  # intra random access pictures: BLA, IDR, CRA


def nal_type(codec: Codec, nal: bytes) -> int:
    """Return the NAL unit type of a unit without its start code."""
    return nal[0] & 31 if codec == "h264" else nal[0] >> 1 & 63


def split_annexb(stream: bytes) -> list[bytes]:
    """Return the NAL units of an Annex-B byte stream, without start codes and trailing zeros."""
    units: list[bytes] = []
    start = stream.find(b"\x00\x00\x01")
    while start >= 0:
        after = stream.find(b"\x00\x00\x01", start + 3)
        unit = stream[start + 3 : after if after >= 0 else len(stream)].rstrip(b"\x00")
        if unit:
            units.append(unit)
        start = after
    return units


def join_annexb(units: Iterable[bytes]) -> bytes:
    """Return the Annex-B byte stream of NAL units."""
    return b"".join(START_CODE + unit for unit in units)


def is_picture(codec: Codec, nal: bytes) -> bool:
    """Tell whether the unit carries a slice of a picture."""
    kind = nal_type(codec, nal)
    return 1 <= kind <= 5 if codec == "h264" else kind < 32


def is_key(codec: Codec, nal: bytes) -> bool:
    """Tell whether decoding can begin with the picture of this unit."""
    kind = nal_type(codec, nal)
    return kind == H264_IDR if codec == "h264" else kind in H265_KEYS


def is_delimiter(codec: Codec, nal: bytes) -> bool:
    """Tell whether the unit is an access unit delimiter, which RTP does not need."""
    return nal_type(codec, nal) == (H264_AUD if codec == "h264" else H265_AUD)


def _starts_picture(codec: Codec, nal: bytes) -> bool:
    # first_mb_in_slice is 0 when its Exp-Golomb code begins with a 1; H.265 has a flag of its own.
    head = 1 if codec == "h264" else 2
    return len(nal) > head and bool(nal[head] & 0x80)


def _opens_unit(codec: Codec, nal: bytes) -> bool:
    kind = nal_type(codec, nal)
    if codec == "h264":
        return kind in {H264_SEI, H264_SPS, H264_PPS, H264_AUD} or 14 <= kind <= 18
    return kind in {H265_VPS, H265_SPS, H265_PPS, H265_AUD, H265_PREFIX_SEI}


def access_units(codec: Codec, units: Iterable[bytes]) -> list[tuple[bytes, ...]]:
    """Group NAL units into access units, one picture each, without delimiters.

    Units after the last picture that open a further access unit are dropped with it.
    """
    grouped: list[tuple[bytes, ...]] = []
    current: list[bytes] = []
    has_picture = False
    for unit in units:
        slice_ = is_picture(codec, unit)
        opens = _starts_picture(codec, unit) if slice_ else _opens_unit(codec, unit)
        if has_picture and opens:
            grouped.append(tuple(current))
            current, has_picture = [], False
        has_picture = has_picture or slice_
        if not is_delimiter(codec, unit):
            current.append(unit)
    if has_picture:
        grouped.append(tuple(current))
    return grouped
