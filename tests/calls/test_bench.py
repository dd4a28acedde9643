"""The benchmark runs, and tells what it must."""

import pytest

from warroom.calls.bench import bench_calls


@pytest.mark.nightly
def test_the_benchmark_of_calls_counts_packets_and_recordings() -> None:
    result = bench_calls(calls=4, seconds=1)

    assert ["calls", "rtp_lost", "cpu_pct_of_core_per_call", "answer_ms_p99"] == list(result)[:4]
    assert (4, 4) == (result["calls"], result["recordings_hashed"])
    assert 0 < result["caller_to_leg_ms_p50"] <= result["caller_to_leg_ms_p99"]
