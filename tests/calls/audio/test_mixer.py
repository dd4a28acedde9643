"""Who hears whom: the right party hears the right party, and nothing wraps."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.audio.sound import tone, voice
from warroom.calls.audio import g711
from warroom.calls.audio.mixer import (
    DEPTH_SAMPLES,
    FrameMixer,
    JitterBuffer,
    mix,
)
from warroom.calls.contracts import SILENCE
from warroom.calls.edge.media import hearing

HZ = {"caller": 700, "agent": 1100, "supervisor": 1900}
TWO = hearing(("caller", "agent"), {})
MODES = {
    "": {"caller": "agent", "agent": "caller"},
    "listen": {"caller": "agent", "agent": "caller", "supervisor": "caller agent"},
    "whisper": {"caller": "agent", "agent": "caller supervisor", "supervisor": "caller agent"},
    "barge": {
        "caller": "agent supervisor",
        "agent": "caller supervisor",
        "supervisor": "caller agent",
    },
}


def tones_in(alaw: bytes) -> set[str]:
    spectrum = np.abs(np.fft.rfft(g711.decode(alaw).astype(float)))
    strong = spectrum > spectrum.max() / 4
    return {who for who, hz in HZ.items() if strong[round(hz * len(alaw) / 8000)]}


@pytest.mark.parametrize("mode", MODES)
def test_right_party_hears_right_party(mode: str) -> None:
    hears = hearing(("caller", "agent"), {"supervisor": mode} if mode else {})

    heard = mix({who: tone(hz) for who, hz in HZ.items()}, hears)

    assert {who: set(others.split()) for who, others in MODES[mode].items()} == {
        who: tones_in(alaw) for who, alaw in heard.items()
    }


frames = st.binary(min_size=160, max_size=160)
tables = st.dictionaries(st.sampled_from("abcde"), st.frozensets(st.sampled_from("abcde")))


@given(st.dictionaries(st.sampled_from("abcde"), frames), tables)
def test_each_hears_the_sum_of_those_it_hears_and_nothing_wraps(
    spoken: dict[str, bytes], hears: dict[str, frozenset[str]]
) -> None:
    heard = mix(spoken, hears)

    assert set(hears) == set(heard)
    for listener, wanted in hears.items():
        loud = [g711.decode(spoken[who]).astype(int) for who in wanted & set(spoken)]
        true = np.clip(np.sum(loud, axis=0) if loud else np.zeros(160), -32_256, 32_256)
        got = g711.decode(heard[listener]).astype(int)
        assert np.all(np.abs(got - true) <= 40 + np.abs(true) / 16)


@given(frames, st.sampled_from("ab"))
def test_who_speaks_alone_passes_byte_by_byte(frame: bytes, other: str) -> None:
    spoken = {"speaker": frame, "a": SILENCE, "b": b"\x55" * 160}

    heard = mix(spoken, hearing(("speaker", "a", "b"), {}))

    assert heard[other] == (SILENCE if g711.is_silent(frame) else frame)


def test_nobody_hears_themselves() -> None:
    mixer = FrameMixer({"a": frozenset("ab"), "b": frozenset("ab")})
    mixer.put("a", tone(700, 0.02), 0, 1)

    heard = [mixer.tick() for _ in range(4)]

    assert {SILENCE} == {frames["a"] for frames in heard}
    assert any(frames["b"] != SILENCE for frames in heard)


def test_third_party_comes_and_goes_without_harm() -> None:
    said = voice(1.0)
    mixer = FrameMixer(TWO)
    heard = b""
    for number in range(50):
        if number == 20:
            mixer.set_hears(hearing(TWO, {"supervisor": "listen"}))
        if number == 30:
            mixer.set_hears(TWO)
        mixer.put("caller", said[160 * number : 160 * number + 160], 160 * number, 1)
        heard += mixer.tick()["agent"]

    assert SILENCE * 2 + said[: 160 * 48] == heard


@given(st.randoms(use_true_random=False), st.sets(st.integers(1, 98), max_size=10))
def test_buffer_puts_right_what_comes_late_twice_or_not(
    chance: random.Random, lost: set[int]
) -> None:
    said, buffer, heard = voice(2.0), JitterBuffer(), b""
    due: dict[int, list[int]] = {number: [] for number in range(110)}
    for number in range(100):
        if number in lost:
            continue
        for _ in range(chance.choice((1, 1, 1, 2))):
            due[number + (chance.randint(0, 1) if number else 0)].append(number)

    for now in range(100):
        for number in due[now]:
            buffer.put(said[160 * number : 160 * number + 160], 160 * number, 5)
        heard += buffer.take()

    expected = b"".join(
        SILENCE if number in lost else said[160 * number : 160 * number + 160]
        for number in range(98)
    )
    assert SILENCE * 2 + expected == heard
    assert 1 == buffer.restarts


def test_buffer_waits_two_frames_again_for_another_sender() -> None:
    buffer = JitterBuffer()
    buffer.put(b"a" * 160, 0, 1)
    buffer.take()
    buffer.put(b"b" * 160, 900_000, 2)

    assert [SILENCE, b"a" * 160, b"b" * 160] == [buffer.take() for _ in range(3)]


@pytest.mark.parametrize("drift", [-1, 1])
def test_clock_that_drifts_costs_at_most_a_frame_now_and_then(drift: int) -> None:
    said, buffer = voice(60.0), JitterBuffer()
    heard, sent = [], 0
    for now in range(2900):
        while sent * (1000 + drift) <= now * 1000:
            buffer.put(said[160 * sent : 160 * sent + 160], 160 * sent, 5)
            sent += 1
        heard.append(buffer.take())

    assert sum(frame == SILENCE for frame in heard) <= 12
    assert buffer.restarts <= 3


def test_buffer_begins_anew_after_a_pause() -> None:
    buffer = JitterBuffer()
    buffer.put(b"a" * 160, 0, 1)
    for _ in range(1000):
        buffer.take()

    for number in range(5):
        buffer.put(bytes([65 + number]) * 160, 160 * (number + 1), 1)
        buffer.take()

    assert 2 == buffer.restarts
    assert DEPTH_SAMPLES == 320


def test_stranger_is_not_heard() -> None:
    mixer = FrameMixer(TWO)
    mixer.put("stranger", tone(700, 0.02), 0, 1)

    assert [{"caller": SILENCE, "agent": SILENCE}] * 4 == [mixer.tick() for _ in range(4)]
