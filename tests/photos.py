"""A JPEG made by hand: small, whole, and with what a phone writes into it."""

import struct


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def photo(
    secret: bytes = b"Exif\0\0GPS -5.13 119.41", width: int = 640, height: int = 480
) -> bytes:
    """A photo with EXIF, a profile and a comment; its dots are no picture."""
    size = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            segment(0xE1, secret),
            segment(0xE2, b"ICC_PROFILE"),
            segment(0xFE, b"a comment"),
            segment(0xDB, bytes(65)),
            segment(0xC0, size),
            segment(0xC4, bytes(20)),
            segment(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
            b"\x12\xff\x00\x34",
            b"\xff\xd9",
            b"what follows the end",
        )
    )
