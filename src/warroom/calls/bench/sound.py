"""Sound that can be found again, and the search for it."""

import base64
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from warroom.calls.audio import g711
from warroom.calls.contracts import FRAME_SAMPLES, RATE_HZ

TAP_HZ = 48_000

type Samples = NDArray[np.float64]


def voice(seconds: float, seed: int) -> bytes:
    """A-law of noise in syllables; no second of it comes again."""
    chance = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ) // FRAME_SAMPLES * FRAME_SAMPLES
    noise = np.convolve(chance.normal(0, 1, count), np.hamming(9), "same")
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * np.arange(count) / RATE_HZ)
    return g711.encode(2500 * noise * syllables)


def write_microphone(path: Path, said: bytes) -> None:
    """The file that a browser takes for a microphone."""
    wide = np.clip(resample_poly(g711.decode(said).astype(float), 6, 1), -32_768, 32_767)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(TAP_HZ)
        file.writeframes(wide.astype("<i2").tobytes())


def find(wanted: Samples, sound: Samples) -> tuple[int, float]:
    """Where `wanted` lies in `sound`, and how like it is there; 1 is the same."""
    size = 1 << (len(wanted) + len(sound)).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(wanted, size))
    place = int(np.argmax(np.fft.irfft(spectrum, size)[: len(sound)]))
    piece = sound[place : place + len(wanted)]
    wanted = wanted[: len(piece)]
    norm = float(np.linalg.norm(piece) * np.linalg.norm(wanted))
    return place, float(piece @ wanted) / norm if norm else 0.0


def delays_ms(
    tap: dict[str, Any], said: bytes, spoken_at: list[float], wall_minus_loop_s: float
) -> tuple[list[float], float]:
    """From the caller's mouth to the tap in the browser, once for each second of the call.

    Args:
        tap: As the page gives it.
        said: What the caller said.
        spoken_at: Loop time at which each frame was sent.
        wall_minus_loop_s: Wall time minus loop time.

    Returns:
        Milliseconds, and how like the sound is in the piece that is least alike. The first second
        is left out: the browser's buffer still settles.
    """
    samples = np.frombuffer(base64.b64decode(tap["samples"]), "<f4").astype(float)
    heard = np.asarray(resample_poly(samples, 1, TAP_HZ // RATE_HZ), np.float64)
    places = np.array(tap["places"], float)
    # A piece is stamped when it is made; the median over all of them takes the jitter out.
    zero_s = float(np.median(places[:, 1] / 1000 - places[:, 0] / TAP_HZ))
    delays, alike = [], 1.0
    for begin in range(RATE_HZ, len(said) - RATE_HZ + 1, RATE_HZ):
        wanted = g711.decode(said[begin : begin + RATE_HZ]).astype(float)
        place, likeness = find(wanted, heard)
        alike = min(alike, likeness)
        ear_s = zero_s + places[0, 0] / TAP_HZ + place / RATE_HZ
        # A frame is sent when its last sample has been said.
        sent_s = spoken_at[begin // FRAME_SAMPLES]
        mouth_s = sent_s + wall_minus_loop_s - FRAME_SAMPLES / RATE_HZ
        delays.append(float(ear_s - mouth_s) * 1000)
    return delays, alike
