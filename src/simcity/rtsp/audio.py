"""A synthesised sound track: street hum with a beep each second, as AAC or G.711."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av
import numpy as np

from simcity.rtsp.clip import WireFrame, wire_frame
from simcity.rtsp.packets import aac_payload

AudioCodec = Literal["aac", "pcma", "pcmu"]
_RATES = {"aac": 16_000, "pcma": 8_000, "pcmu": 8_000}
_PAYLOAD_TYPES = {"aac": 97, "pcma": 8, "pcmu": 0}
_ENCODERS = {"aac": "aac", "pcma": "pcm_alaw", "pcmu": "pcm_mulaw"}
_SAMPLES = {"aac": 1024, "pcma": 320, "pcmu": 320}
SECONDS = 8


@dataclass(frozen=True, slots=True, eq=False)
class AudioTrack:
    """Encoded sound that repeats without end; every frame covers `samples` of `rate_hz`."""

    codec: AudioCodec
    rate_hz: int
    samples: int
    payload_type: int
    config: bytes
    wire: tuple[WireFrame, ...]

    def due(self, since_s: Fraction, until_s: Fraction) -> range:
        """Return the numbers of the frames that begin in this span of media time."""
        per_s = Fraction(self.rate_hz, self.samples)
        return range(-(-since_s * per_s // 1), -(-until_s * per_s // 1))


def make_track(codec: AudioCodec) -> AudioTrack:
    """Return a mono sound track of eight seconds."""
    rate = _RATES[codec]
    samples = _SAMPLES[codec]
    count = SECONDS * rate // samples * samples
    seconds = np.arange(count) / rate
    beep = np.sin(2 * np.pi * 880 * seconds) * (seconds % 1 < 0.08) * 0.3
    hum = np.random.default_rng(1).normal(0, 0.02, count) + 0.05 * np.sin(2 * np.pi * 60 * seconds)
    wave = (np.clip(beep + hum, -1, 1) * 32_000).astype(np.int16)
    frames, config = _encode(codec, wave, rate, samples)
    payload_type = _PAYLOAD_TYPES[codec]
    payloads = [aac_payload(frame) if codec == "aac" else frame for frame in frames]
    return AudioTrack(
        codec=codec,
        rate_hz=rate,
        samples=samples,
        payload_type=payload_type,
        config=config,
        wire=tuple(wire_frame([payload], payload_type) for payload in payloads),
    )


def _encode(
    codec: AudioCodec, wave: np.ndarray[tuple[int], np.dtype[np.int16]], rate: int, samples: int
) -> tuple[list[bytes], bytes]:
    context = av.AudioCodecContext.create(_ENCODERS[codec], "w")
    if not isinstance(context, av.AudioCodecContext):
        raise TypeError(codec)
    context.sample_rate, context.layout = rate, "mono"
    context.format = "fltp" if codec == "aac" else "s16"
    context.bit_rate = 24_000 if codec == "aac" else 64_000
    frames: list[bytes] = []
    for at in range(0, len(wave), samples):
        piece = wave[at : at + samples][np.newaxis, :]
        if codec == "aac":
            sound = av.AudioFrame.from_ndarray(
                (piece / 32_768).astype(np.float32), format="fltp", layout="mono"
            )
        else:
            sound = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = rate, at, Fraction(1, rate)
        frames += [bytes(packet) for packet in context.encode(sound)]
    config = bytes(context.extradata or b"")[:2]  # without the optional SBR extension
    if codec != "aac":
        frames += [bytes(packet) for packet in context.encode(None)]
    return frames, config
