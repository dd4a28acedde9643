"""Claims about the measure by which tests tell voices apart: it must be able to fail."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from tests.calls.audio.sound import share_found, voice
from warroom.calls.audio import g711


def sound(seed: int) -> NDArray[np.float64]:
    return g711.decode(voice(4.0, seed)).astype(float)


def cleaned(said: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a browser does to a voice: other phases, another level."""
    return 0.4 * sosfilt(butter(2, 120, "highpass", fs=8000, output="sos"), said)


def stretched(said: NDArray[np.float64]) -> NDArray[np.float64]:
    """10 ms repeated each 400 ms."""
    parts = [said[at : at + 3200] for at in range(0, len(said), 3200)]
    return np.concatenate([piece for part in parts for piece in (part, part[-80:])])


def gappy(said: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each second frame is lost."""
    return np.where(np.arange(len(said)) // 160 % 2, 0, said)


@pytest.mark.parametrize("change", [np.copy, cleaned, stretched])
def test_a_voice_is_found_however_a_browser_treated_it(change) -> None:  # type: ignore[no-untyped-def]
    assert share_found(change(sound(1)), sound(1)) > 0.9


@pytest.mark.parametrize(
    "heard", [sound(2), sound(1)[::-1], gappy(sound(1)), np.zeros(32_000), np.zeros(100)]
)
def test_another_voice_silence_and_sound_in_rags_are_not_found(heard: NDArray[np.float64]) -> None:
    assert share_found(heard, sound(1)) == 0.0


def test_half_a_voice_is_found_by_half() -> None:
    heard = sound(1)
    heard[16_000:] = 0

    assert 0.4 < share_found(heard, sound(1)) < 0.6
