"""What the edge says to a caller."""

import wave
from pathlib import Path

import numpy as np
import pytest

from warroom.calls.audio import g711, tones
from warroom.calls.contracts import SILENCE
from warroom.calls.errors import AnnouncementError


def strongest_hz(frames: tuple[bytes, ...]) -> list[int]:
    alaw = b"".join(frames)
    spectrum = np.abs(np.fft.rfft(g711.decode(alaw).astype(float) * np.hanning(len(alaw))))
    peaks = [
        number
        for number in range(1, len(spectrum) - 1)
        if spectrum[number] > spectrum.max() / 3
        and spectrum[number] >= max(spectrum[number - 1], spectrum[number + 1])
    ]
    return [round(number * 8000 / len(alaw)) for number in peaks]


def test_ring_back_is_one_second_of_five() -> None:
    frames = tones.ring_back()

    assert 250 == len(frames)
    assert [425] == strongest_hz(frames[:50])
    assert {SILENCE} == set(frames[50:])


def test_who_is_on_hold_hears_that_the_line_is_there() -> None:
    frames = tones.hold()

    assert 500 == len(frames)
    assert 10 == sum(frame != SILENCE for frame in frames)


@pytest.mark.parametrize(
    ("key", "hz"), [("1", [697, 1209]), ("#", [941, 1477]), ("D", [941, 1633])]
)
def test_key_has_its_two_tones(key: str, hz: list[int]) -> None:
    heard = strongest_hz(tones.key(key))

    assert hz == pytest.approx(heard, abs=10)


@pytest.mark.parametrize("rate_hz", [8000, 44_100])
def test_announcement_of_the_city_becomes_frames(tmp_path: Path, rate_hz: int) -> None:
    path = tmp_path / "say.wav"
    at = np.arange(rate_hz) / rate_hz
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes((9000 * np.sin(2 * np.pi * 600 * at)).astype("<i2").tobytes())

    frames = tones.announcement(path)

    assert {160} == {len(frame) for frame in frames}
    assert 50 == pytest.approx(len(frames), abs=1)
    assert [600] == pytest.approx(strongest_hz(frames[5:45]), abs=10)


@pytest.mark.parametrize("left", [None, b"", b"no sound" * 99])
def test_what_cannot_be_played_is_refused_by_name(tmp_path: Path, left: bytes | None) -> None:
    path = tmp_path / "say.wav"
    if left is not None:
        path.write_bytes(left)

    with pytest.raises(AnnouncementError) as refused:
        tones.announcement(path)

    assert {"file": "say.wav"} == refused.value.params


def test_announcement_ends_in_a_whole_frame() -> None:
    assert (b"a" * 160, b"a" * 40 + SILENCE[:120]) == tones.in_frames(b"a" * 200)
