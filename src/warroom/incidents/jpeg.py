"""A JPEG without what it tells of whoever took it: no place, no device, no time, no small copy."""

import struct
from collections.abc import Iterator

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_KEPT = frozenset({0xE0, 0xEE})
"""What decoders need of the application's segments: JFIF, and Adobe's word for the colours."""

_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length."""


def strip(content: bytes) -> tuple[bytes, int, int] | None:
    """The picture alone, its width and its height; None of what is no whole JPEG.

    Kept are the parts that a decoder needs. EXIF (place, device, preview), XMP, IPTC, profiles and
    comments go, and whatever follows the end of the picture.
    """
    end = content.rfind(b"\xff\xd9")
    if not content.startswith(b"\xff\xd8\xff") or end < 0:
        return None
    kept, size = [b"\xff\xd8"], (0, 0)
    for marker, at, segment in _segments(content, end):
        if marker in _SIZES and len(segment) >= 9:
            height, width = struct.unpack_from(">HH", segment, 5)
            size = (width, height)
        if marker == _SOS:
            return (b"".join((*kept, content[at : end + 2])), *size) if all(size) else None
        if marker != _COM and (not 0xE0 <= marker <= 0xEF or marker in _KEPT):
            kept.append(segment)
    return None


def _segments(content: bytes, end: int) -> Iterator[tuple[int, int, bytes]]:
    """The parts before the dots: what each is, where it begins, and all of it; ends at nonsense."""
    at = 2
    while at + 4 <= end and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        length = struct.unpack_from(">H", content, at + 2)[0]
        if marker in (_SOI, _EOI) or length < 2 or at + 2 + length > end:
            return
        yield marker, at, content[at : at + 2 + length]
        at += 2 + length
