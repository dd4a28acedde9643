"""What a caller's voice is: Indonesian by `espeak-ng`, or tones in the rhythm of syllables.

Sound is A-law at 8 kHz, as a trunk carries it.
"""

import asyncio
import io
import shutil
import wave
import zlib

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
FRAME_SAMPLES = 160
SILENCE = 0xD5
_SYLLABLE_S = 0.18
_PAUSE_S = 0.06
_SPEAKER = "espeak-ng"

type Samples = NDArray[np.int16]


def has_speech() -> bool:
    """Whether callers speak here; else they hum tones."""
    return shutil.which(_SPEAKER) is not None


async def say(text: str, voice: int = 0) -> bytes:
    """Whole frames of A-law in which the text is said; of no text none.

    Args:
        text: Indonesian.
        voice: Another number is another person.

    Raises:
        OSError: `espeak-ng` is there and did not speak.
    """
    if not text:
        return b""
    program = shutil.which(_SPEAKER)
    if program is None:
        return encode(tones(text, voice))
    pitch, pace = str(30 + voice * 13 % 45), str(150 + voice * 7 % 40)
    speaking = await asyncio.create_subprocess_exec(
        program, "-v", "id", "-p", pitch, "-s", pace, "--stdout", text,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    spoken, _ = await speaking.communicate()
    if speaking.returncode:
        raise OSError(speaking.returncode, _SPEAKER)
    return encode(read_wave(spoken))


def read_wave(content: bytes) -> Samples:
    """Samples at 8 kHz of a mono WAV of 16 bits.

    Raises:
        wave.Error: It is none.
    """
    with wave.open(io.BytesIO(content)) as file:
        rate = file.getframerate()
        # A program that writes to a pipe does not know the length before: read what is there.
        raw = file.readframes(len(content) // 2)
    samples = np.frombuffer(raw, "<i2").astype(np.float64)
    times = np.arange(int(len(samples) * RATE_HZ / rate)) * (rate / RATE_HZ)
    # A mean over what falls into one sample of ours keeps most of what would alias out.
    width = max(1, rate // RATE_HZ)
    smooth = np.convolve(samples, np.ones(width) / width, "same")
    heard: Samples = np.interp(times, np.arange(len(smooth)), smooth).astype(np.int16)
    return heard


def tones(text: str, voice: int = 0) -> Samples:
    """A melody that stands for a text: a tone for each syllable, always the same for the same."""
    chance = np.random.default_rng([zlib.crc32(text.encode()), voice])
    syllables = max(1, sum(text.lower().count(vowel) for vowel in "aeiou"))
    hz = chance.choice(np.array([220.0, 262.0, 294.0, 330.0, 392.0, 440.0]), syllables)
    at = np.arange(int(_SYLLABLE_S * RATE_HZ)) / RATE_HZ
    swell = np.sin(np.pi * at / _SYLLABLE_S)
    gap = np.zeros(int(_PAUSE_S * RATE_HZ))
    parts = [np.concatenate([6000 * swell * np.sin(2 * np.pi * one * at), gap]) for one in hz]
    return np.concatenate(parts).astype(np.int16)


def encode(samples: Samples) -> bytes:
    """A-law (ITU-T G.711), filled up with silence to whole frames."""
    value = samples.astype(np.int32) >> 3
    is_negative = value < 0
    size = np.where(is_negative, -value - 1, value)
    segment = np.zeros(len(size), np.int32)
    for bound in (0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF):
        segment += size > bound
    step = np.maximum(segment, 1)
    code = (segment << 4) | ((size >> step) & 0x0F)
    coded = (code ^ np.where(is_negative, 0x55, 0xD5)).astype(np.uint8).tobytes()
    return coded + bytes([SILENCE]) * (-len(coded) % FRAME_SAMPLES)
