"""Where frames are placed: as they were spoken, whatever the network did."""

import random

from hypothesis import given
from hypothesis import strategies as st

from warroom.calls.audio.timeline import AHEAD_SAMPLES, Anchor, Timeline

FRAMES = 120


@given(
    st.randoms(use_true_random=False), st.integers(0, 2**32 - 1),
    st.sets(st.integers(1, FRAMES - 1), max_size=20), st.integers(0, 2400),
)  # fmt: skip
def test_jitter_disorder_and_loss_move_nothing(
    chance: random.Random, begin: int, lost: set[int], jitter: int
) -> None:
    line = Timeline()
    spoken = [number for number in range(FRAMES) if number not in lost]
    arrivals = sorted(
        (160 + 160 * number + (chance.randint(0, jitter) if number else 0), number)
        for number in spoken
    )
    order = sorted(arrivals, key=lambda one: (one[1] > 0, one))

    places = {
        number: line.place(7, begin + 160 * number & 0xFFFFFFFF, 160, arrived)
        for arrived, number in order
    }

    assert {number: 160 * number for number in spoken} == places


def test_packets_that_waited_three_seconds_are_where_they_belong() -> None:
    line = Timeline()
    line.place(7, 0, 160, 160)

    places = [line.place(7, 160 * k, 160, 24_160 + k) for k in range(1, 150)]

    assert [160 * k for k in range(1, 150)] == places


def test_sender_that_paused_its_clock_is_put_where_it_is_heard() -> None:
    line = Timeline()
    for k in range(10):
        line.place(7, 160 * k, 160, 160 * (k + 1))

    late = [line.place(7, 160 * k, 160, 160 * (k + 1) + 16_000) for k in range(10, 120)]

    assert 160 * 119 + 16_000 == late[-1]


def test_jump_of_the_clock_is_put_where_it_arrives() -> None:
    line = Timeline()
    line.place(7, 0, 160, 160)

    assert 1600 - 160 == line.place(7, 3_000_000, 160, 1600)
    assert line.is_moved
    assert 1600 == line.place(7, 3_000_160, 160, 1760)
    assert not line.is_moved


def test_silence_that_was_not_sent_is_left_out_of_nothing() -> None:
    line = Timeline()
    line.place(7, 0, 160, 160)

    assert 80_000 == line.place(7, 80_000, 160, 80_160)
    assert not line.is_moved


def test_another_sender_never_writes_over_what_is_there() -> None:
    line = Timeline()
    line.place(7, 0, 160, 5000)

    assert 5000 == line.place(8, 99, 160, 5000)


def test_clock_that_runs_fast_loses_nothing() -> None:
    line = Timeline()

    places = [line.place(7, 160 * k, 160, 150 * k + 160) for k in range(2000)]

    assert [160 * k for k in range(2000)] == places


def test_senders_without_end_do_not_push_the_recording_ahead_of_the_time() -> None:
    line = Timeline()

    for source in range(10_000):
        line.place(source, 0, 160, 160)

    assert line.end <= AHEAD_SAMPLES + 320


def test_frame_before_the_recording_is_left_out() -> None:
    line = Timeline(Anchor(7, 1000, 0))

    assert line.place(7, 840, 160, 160) is None
