"""G.711 by table: A-law is what is kept and mixed, mu-law is translated where it comes in.

Arrays are int16 samples at 8 kHz; bytes are one sample each.
"""

import numpy as np
from numpy.typing import NDArray

from warroom.kernel.g711 import expand_alaw, expand_ulaw

SILENCE_BYTE = b"\xd5"
"""Of the two bytes next to zero the one above it."""

_ZERO = 32_768


def _compressor(values: NDArray[np.int16]) -> NDArray[np.uint8]:
    """The nearest byte for each of the 65,536 values, at index value + 32,768."""
    order = np.argsort(values, kind="stable")
    steps = values[order].astype(np.int32)
    wanted = np.arange(-_ZERO, _ZERO)
    above = np.clip(np.searchsorted(steps, wanted), 1, 255)
    is_lower_nearer = wanted - steps[above - 1] <= steps[above] - wanted
    return order[np.where(is_lower_nearer, above - 1, above)].astype(np.uint8)


ALAW = np.array([expand_alaw(code) for code in range(256)], np.int16)
"""(256,) value of each byte of A-law."""

_ULAW = np.array([expand_ulaw(code) for code in range(256)], np.int16)
_TO_ALAW = _compressor(ALAW)
_TO_ULAW = _compressor(_ULAW)

ULAW_TO_ALAW = _TO_ALAW[_ULAW.astype(np.int32) + _ZERO].tobytes()
"""For `bytes.translate`."""

ALAW_TO_ULAW = _TO_ULAW[ALAW.astype(np.int32) + _ZERO].tobytes()
"""For `bytes.translate`."""


def decode(payload: bytes | bytearray | memoryview) -> NDArray[np.int16]:
    """The samples of A-law bytes."""
    return ALAW[np.frombuffer(payload, np.uint8)]


def encode(samples: NDArray[np.int16] | NDArray[np.int32] | NDArray[np.float64]) -> bytes:
    """A-law bytes of samples; what is too loud is cut off, never wrapped."""
    clipped = np.clip(samples, -_ZERO, _ZERO - 1).astype(np.int32)
    return _TO_ALAW[clipped + _ZERO].tobytes()


def is_silent(payload: bytes) -> bool:
    """Whether nothing is heard in A-law bytes: all next to zero, or none at all."""
    return not payload.strip(b"\x55\xd5")
