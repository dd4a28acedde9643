"""The benchmark runs, and tells what it must."""

import json
import subprocess
import sys

import pytest

from warroom.calls.bench import bench_calls


@pytest.mark.nightly
def test_the_benchmark_of_calls_counts_packets_and_recordings() -> None:
    result = bench_calls(calls=4, seconds=1)

    assert ["calls", "rtp_lost", "cpu_pct_of_core_per_call", "answer_ms_p99"] == list(result)[:4]
    assert (4, 4) == (result["calls"], result["recordings_hashed"])
    assert 0 < result["caller_to_leg_ms_p50"] <= result["caller_to_leg_ms_p99"]


@pytest.mark.nightly
@pytest.mark.browser
def test_with_legs_in_a_browser_nothing_but_its_figures_is_printed() -> None:
    words = ["bench", "calls", "--legs", "2", "--seconds", "6", "--json"]
    run = subprocess.run(
        [sys.executable, "-m", "warroom.app", *words], capture_output=True, check=True, text=True
    )

    (line,) = run.stdout.splitlines()
    told = json.loads(line)
    assert (2, 2) == (told["legs"], told["callers_recorded_byte_by_byte"])
    assert 0 < told["cpu_s_per_call_minute"]
