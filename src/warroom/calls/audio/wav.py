"""The form of a recording: WAV with two channels of A-law, which every player knows.

References:
    Microsoft/IBM "Multimedia Programming Interface and Data Specifications 1.0" (RIFF WAVE);
    RFC 2361 (format 6, ITU-T G.711 A-law).
"""

import struct
from mmap import mmap
from typing import BinaryIO

from warroom.calls.contracts import RATE_HZ

CHANNELS = 2
HEADER_BYTES = 58
SILENT_BYTE = b"\xd5"

SAMPLES_AT = 46
"""Where the header says how many samples each channel has."""

_HEADER = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI".replace(" ", ""))
_LENGTH, _COUNTS = struct.Struct("<I"), struct.Struct("<I4sI")
_A_LAW = 6
_BEFORE_SOUND = HEADER_BYTES - 8


def header(samples: int) -> bytes:
    """The 58 bytes before the sound.

    Args:
        samples: Of each channel.
    """
    size = samples * CHANNELS
    return _HEADER.pack(
        b"RIFF", _BEFORE_SOUND + size, b"WAVE",
        b"fmt ", 18, _A_LAW, CHANNELS, RATE_HZ, RATE_HZ * CHANNELS, CHANNELS, 8, 0,
        b"fact", 4, samples,
        b"data", size,
    )  # fmt: skip


def tell(file: mmap, samples: int) -> None:
    """Says in the header of a mapped recording how much there is: with each frame."""
    size = samples * CHANNELS
    _LENGTH.pack_into(file, 4, _BEFORE_SOUND + size)
    _COUNTS.pack_into(file, SAMPLES_AT, samples, b"data", size)


def samples_said(file: BinaryIO) -> int | None:
    """Samples of each channel by the header of a recording; None if it is none of ours."""
    file.seek(0)
    begin = file.read(HEADER_BYTES)
    if len(begin) < HEADER_BYTES:
        return None
    said = int.from_bytes(begin[SAMPLES_AT : SAMPLES_AT + 4], "little")
    return said if begin[20:44] == header(said)[20:44] and begin[:4] == b"RIFF" else None
