"""What a trunk speaks, translated at its wire: inside is A-law alone.

Opus is decoded and encoded only for a trunk that offers nothing else; a browser's leg is given
A-law.

References:
    RFC 3551, section 4.5.14 (PCMA, PCMU); RFC 7587, section 4 (Opus counts time at 48 kHz).
"""

from fractions import Fraction
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from warroom.calls.audio import g711
from warroom.calls.contracts import FRAME_SAMPLES, RATE_HZ

if TYPE_CHECKING:
    import av

OPUS_HZ = 48_000
_PER_SAMPLE = OPUS_HZ // RATE_HZ
_TAPS = 96
_BIT_RATE = 24_000


class Codec(Protocol):
    """Translates frames of one call; keeps what its filters remember."""

    per_sample: int
    """Steps of the wire's clock in one sample of ours."""

    def decode(self, payload: bytes) -> bytes:
        """A-law of what came; empty where it cannot be read."""
        ...

    def encode(self, alaw: bytes) -> bytes:
        """A frame of A-law as the trunk wants it."""
        ...


class Alaw:
    """PCMA: nothing is translated."""

    per_sample = 1

    def decode(self, payload: bytes) -> bytes:
        """The same bytes."""
        return payload

    def encode(self, alaw: bytes) -> bytes:
        """The same bytes."""
        return alaw


class Ulaw:
    """PCMU: each byte has its nearest on the other side."""

    per_sample = 1

    def decode(self, payload: bytes) -> bytes:
        """From mu-law."""
        return payload.translate(g711.ULAW_TO_ALAW)

    def encode(self, alaw: bytes) -> bytes:
        """To mu-law."""
        return alaw.translate(g711.ALAW_TO_ULAW)


class Opus:
    """Opus by the codec library that is there for video anyway; 20 ms each way, mono."""

    per_sample = _PER_SAMPLE

    def __init__(self) -> None:
        self._decoder = _codec("r", OPUS_HZ)
        self._encoder = _codec("w", RATE_HZ)
        self._low_pass = _low_pass()
        self._tail = np.zeros(_TAPS - 1)
        self._at = 0

    def decode(self, payload: bytes) -> bytes:
        """Decodes a packet and takes it down to 8 kHz."""
        import av  # noqa: PLC0415 - see `_codec`

        try:
            frames = self._decoder.decode(av.Packet(payload))
        except av.FFmpegError:
            return b""
        pieces = [_mono(frame) for frame in frames]
        if not pieces:
            return b""
        wide = np.concatenate((self._tail, *pieces))
        self._tail = wide[1 - _TAPS :]
        return g711.encode(np.convolve(wide, self._low_pass, "valid")[::_PER_SAMPLE])

    def encode(self, alaw: bytes) -> bytes:
        """Encodes a frame of 20 ms; empty while the encoder gathers."""
        import av  # noqa: PLC0415 - see `_codec`

        frame = av.AudioFrame.from_ndarray(g711.decode(alaw)[np.newaxis], "s16", "mono")
        frame.sample_rate, frame.pts = RATE_HZ, self._at
        frame.time_base = Fraction(1, RATE_HZ)
        self._at += frame.samples
        return b"".join(bytes(packet) for packet in self._encoder.encode(frame))


def _codec(mode: Literal["r", "w"], rate_hz: int) -> "av.AudioCodecContext":
    import av  # noqa: PLC0415 - 0.1 s of a restart in mid-call, for trunks that offer Opus alone

    context = av.CodecContext.create("libopus", mode)
    context.sample_rate, context.layout, context.format = rate_hz, "mono", "s16"
    if mode == "w":
        context.bit_rate = _BIT_RATE
        context.options = {"application": "voip", "frame_duration": "20"}
    return context


def _mono(frame: "av.AudioFrame") -> NDArray[np.float64]:
    """(n,) samples of a packed or planar frame, its channels averaged."""
    samples = frame.to_ndarray().astype(np.float64)
    if frame.format.is_planar:
        return samples.mean(axis=0)
    return samples.reshape(-1, frame.layout.nb_channels).mean(axis=1)


def _low_pass() -> NDArray[np.float64]:
    """(96,) taps of a windowed sinc that ends at 3.6 kHz, at 48 kHz."""
    at = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = np.sinc(2 * 3600 / OPUS_HZ * at) * np.hamming(_TAPS)
    return np.asarray(taps / taps.sum(), np.float64)


def choose(payload_type: int, *, is_opus: bool) -> Codec:
    """The codec of a payload type that was agreed.

    Args:
        payload_type: 8 (PCMA) or 0 (PCMU), or any that SDP names Opus.
        is_opus: Whether it does.
    """
    if is_opus:
        return Opus()
    return Ulaw() if payload_type == 0 else Alaw()


def frames(alaw: bytes) -> list[bytes]:
    """Sound in pieces of at most 20 ms, whatever the trunk's packets hold."""
    if len(alaw) <= FRAME_SAMPLES:
        return [alaw] if alaw else []
    return [alaw[at : at + FRAME_SAMPLES] for at in range(0, len(alaw), FRAME_SAMPLES)]
