"""A JPEG without what it tells of whoever took it: no place, no device, no time, no small copy.

A phone may put several pictures into one file (CIPA DC-007, Multi-Picture Format): APP2 of the
first names the others, which follow its end and have EXIF of their own. Only the first is kept.

References:
    ITU-T T.81 annex B (markers), T.871 (JFIF), T.872 section 6.5.3 (Adobe), CIPA DC-007.
"""

import re
import struct

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JFIF, _ADOBE = 0xE0, 0xEE
_JFIF_BYTES = 18
"""Of the JFIF segment without the small copy that may follow in it."""

_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length."""

_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_MOST_PARTS = 5_000
"""A camera writes a few dozen; more are there to keep us busy."""


def strip(content: bytes) -> tuple[bytes, int, int] | None:
    """The picture alone, its width and its height; None of what is no whole JPEG.

    Kept are the parts that a decoder needs. EXIF (place, device, preview), XMP, IPTC, profiles and
    comments go, between the scans too, and whatever follows the first end of a picture.
    """
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    kept, size, at, has_scan = [b"\xff\xd8"], (0, 0), 2, False
    for _ in range(_MOST_PARTS):
        if at + 2 > len(content) or content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if marker == _EOI:
            kept.append(b"\xff\xd9")
            return (b"".join(kept), *size) if has_scan and all(size) else None
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        segment = _segment(content, at)
        if segment is None or marker == _SOI:
            return None
        at += len(segment)
        if marker in _SIZES and len(segment) >= 9:
            height, width = struct.unpack_from(">HH", segment, 5)
            size = (width, height)
        kept.append(_needed(marker, segment))
        if marker == _SOS:
            found = _NEXT_MARKER.search(content, at)
            if found is None:
                return None
            kept.append(content[at : found.start()])
            at, has_scan = found.start(), True
    return None


def _segment(content: bytes, at: int) -> bytes | None:
    """The marker and all of its part; None where its length leads out of the file."""
    if at + 4 > len(content):
        return None
    (length,) = struct.unpack_from(">H", content, at + 2)
    end = at + 2 + length
    return content[at:end] if length >= 2 and end <= len(content) else None


def _needed(marker: int, segment: bytes) -> bytes:
    """What a decoder needs of a part: of the application's, JFIF and Adobe's word for colours."""
    if marker == _JFIF and segment[4:9] == b"JFIF\0" and len(segment) >= _JFIF_BYTES:
        # The last two bytes are the width and height of the small copy, now none.
        return segment[:2] + b"\x00\x10" + segment[4 : _JFIF_BYTES - 2] + b"\x00\x00"
    if marker == _ADOBE and segment[4:9] == b"Adobe":
        return segment
    return b"" if marker == _COM or 0xE0 <= marker <= 0xEF else segment
