"""What the edge itself says to a caller: tones by rule, and announcements that the city gives.

References:
    ITU-T E.180 Supplement 2 (tones of national networks): 425 Hz; ring-back 1 s and a
    pause of 4 s. ITU-T Q.23 (keys are two tones each). ITU-T E.180, 7 (pauses that say "wait").
"""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warroom.calls.audio import g711
from warroom.calls.contracts import FRAME_SAMPLES, RATE_HZ, SILENCE
from warroom.calls.errors import AnnouncementError

TONE_HZ = 425
LOUDNESS = 3000.0
"""Amplitude, of 32,767: about -21 dBm0."""

ANNOUNCEMENT_MAX_S = 300

_ROWS = (697, 770, 852, 941)
_COLUMNS = (1209, 1336, 1477, 1633)
_PAD = ("123A", "456B", "789C", "*0#D")

type Frames = tuple[bytes, ...]
"""Frames of 20 ms; frame n of something that repeats is `frames[n % len(frames)]`."""


def _tone(seconds: float, *parts_hz: int) -> NDArray[np.float64]:
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    waves = [np.sin(2 * np.pi * hz * at) for hz in parts_hz]
    return np.asarray(LOUDNESS * np.sum(waves, axis=0), np.float64)


def in_frames(alaw: bytes) -> Frames:
    """Sound in whole frames; the last is filled up with silence."""
    filled = alaw + SILENCE[: -len(alaw) % FRAME_SAMPLES]
    return tuple(filled[at : at + FRAME_SAMPLES] for at in range(0, len(filled), FRAME_SAMPLES))


@cache
def ring_back() -> Frames:
    """What a caller hears while it rings: five seconds that repeat."""
    return in_frames(g711.encode(_tone(1.0, TONE_HZ))) + (SILENCE,) * 200


@cache
def hold() -> Frames:
    """What tells a caller on hold that the line is there: a short tone each ten seconds."""
    return in_frames(g711.encode(_tone(0.2, TONE_HZ) / 2)) + (SILENCE,) * 490


@cache
def key(pressed: str) -> Frames:
    """The two tones of a key for 100 ms, for the ear of who pressed it.

    Args:
        pressed: One of `0-9 * # A-D`.
    """
    row = next(number for number, keys in enumerate(_PAD) if pressed in keys)
    column = _PAD[row].index(pressed)
    return in_frames(g711.encode(_tone(0.1, _ROWS[row], _COLUMNS[column])))


def announcement(path: Path) -> Frames:
    """A file of sound as frames of A-law, whatever its format is.

    Args:
        path: Chosen by the city.

    Raises:
        AnnouncementError: It cannot be read, holds no sound, or is longer than five minutes.
    """
    import av  # noqa: PLC0415 - 0.1 s of a restart in mid-call, for those who play a file

    resampler = av.AudioResampler("s16", "mono", RATE_HZ)
    pieces: list[NDArray[np.int16]] = []
    length = 0
    try:
        with av.open(str(path)) as file:
            for frame in file.decode(audio=0):
                for piece in resampler.resample(frame):
                    pieces.append(piece.to_ndarray()[0])
                    length += piece.samples
                if length > ANNOUNCEMENT_MAX_S * RATE_HZ:
                    raise AnnouncementError(file=path.name)
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    except (OSError, ValueError, IndexError, av.FFmpegError) as error:
        raise AnnouncementError(file=path.name) from error
    if not length:
        raise AnnouncementError(file=path.name)
    return in_frames(g711.encode(np.concatenate(pieces)))
