"""Claims about what the parts of `calls` hand each other."""

from warroom.calls.contracts import FRAME_MS, FRAME_SAMPLES, RATE_HZ, SILENCE


def test_a_frame_of_silence_lasts_as_long_as_a_frame() -> None:
    assert FRAME_MS == len(SILENCE) * 1000 // RATE_HZ
    assert FRAME_SAMPLES == len(SILENCE)
