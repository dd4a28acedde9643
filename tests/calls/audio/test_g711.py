"""G.711: every byte survives, and what is too loud is cut off."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.calls.audio import codecs, g711
from warroom.kernel.g711 import expand_alaw, expand_ulaw

EVERY_BYTE = bytes(range(256))


def test_every_byte_of_alaw_is_the_same_after_it_was_decoded() -> None:
    assert g711.encode(g711.decode(EVERY_BYTE)) == EVERY_BYTE


@pytest.mark.parametrize(
    ("code", "value"), [(0xD5, 8), (0x55, -8), (0xAA, 32_256), (0x2A, -32_256)]
)
def test_alaw_means_what_the_standard_says(code: int, value: int) -> None:
    assert value == expand_alaw(code)


@pytest.mark.parametrize(("code", "value"), [(0xFF, 0), (0x7F, 0), (0x80, 32_124), (0x00, -32_124)])
def test_ulaw_means_what_the_standard_says(code: int, value: int) -> None:
    assert value == expand_ulaw(code)


def test_translation_keeps_each_value_within_half_a_step() -> None:
    there = EVERY_BYTE.translate(g711.ULAW_TO_ALAW)
    before = np.array([expand_ulaw(code) for code in EVERY_BYTE])

    apart = np.abs(g711.decode(there) - before)

    assert np.all(apart <= 8 + np.abs(before) / 32)


def test_translation_does_not_drift_when_it_is_done_again() -> None:
    once = EVERY_BYTE.translate(g711.ULAW_TO_ALAW)
    again = once.translate(g711.ALAW_TO_ULAW).translate(g711.ULAW_TO_ALAW)

    assert np.all(np.abs(g711.decode(once) - g711.decode(again)) <= 16)


@given(st.integers(-2_000_000, 2_000_000).filter(lambda value: abs(value) > 8))
def test_what_is_too_loud_is_cut_off_and_keeps_its_sign(value: int) -> None:
    heard = int(g711.decode(g711.encode(np.array([value], np.int32)))[0])

    assert (heard > 0) is (value > 0)
    assert abs(heard) <= 32_256


def test_silence_is_told_from_sound() -> None:
    assert g711.is_silent(b"\xd5\x55" * 80)
    assert g711.is_silent(b"")
    assert not g711.is_silent(b"\xd5" * 159 + b"\xd4")


def test_opus_carries_a_tone_both_ways() -> None:
    codec, other = codecs.Opus(), codecs.Opus()
    at = np.arange(8000) / 8000
    spoken = g711.encode(8000 * np.sin(2 * np.pi * 600 * at))
    frames = codecs.frames(spoken)

    heard = b"".join(other.decode(codec.encode(frame)) for frame in frames)

    told, got = g711.decode(spoken).astype(float), g711.decode(heard)[800:].astype(float)
    alike = np.correlate(told, got[:2000]).max()
    assert len(spoken) == len(heard)
    assert alike / np.linalg.norm(got[:2000]) / np.linalg.norm(told[:2000]) > 0.99


def test_torn_opus_is_no_sound() -> None:
    assert codecs.Opus().decode(b"\xff\xff\xff") == b""


@pytest.mark.parametrize(
    ("length", "pieces"), [(0, []), (80, [80]), (160, [160]), (240, [160, 80])]
)
def test_packets_of_any_length_become_frames(length: int, pieces: list[int]) -> None:
    assert pieces == [len(frame) for frame in codecs.frames(bytes(length))]
