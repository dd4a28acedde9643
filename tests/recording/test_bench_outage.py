"""The bench of an outage: what it tells, and that it reads it from the disk."""

import pytest

from warroom.recording.bench.outage import bench_outage, tell


def test_figures_are_those_of_the_cameras_that_came_back_and_the_others_are_missing() -> None:
    told = tell([1.0, 2.0, 3.0, 6.0], cameras=5)

    assert told == {
        "recorded_again_s_p50": 2.5,
        "recorded_again_s_p95": 5.55,
        "recorded_again_s_max": 6.0,
        "within_5_s": 3,
        "missing": 1,
    }


@pytest.mark.parametrize(
    ("again", "p50", "most", "missing"), [([], None, None, 3), ([1.25], 1.25, 1.25, 2)]
)
def test_few_cameras_or_none_are_told_as_they_are(
    again: list[float], p50: float | None, most: float | None, missing: int
) -> None:
    told = tell(again, cameras=3)

    assert (told["recorded_again_s_p50"], told["recorded_again_s_max"]) == (p50, most)
    assert told["missing"] == missing


@pytest.mark.nightly
def test_an_outage_of_a_few_cameras_is_measured_from_their_index() -> None:

    told = bench_outage(cameras=4, outage_s=1.0)

    assert told["missing"] == 0
    assert told["recording_before"] == 4
    assert told["away_s"] >= 1.0
    assert 0 < told["recorded_again_s_p50"] <= told["recorded_again_s_max"]
    assert sum(told["gap_causes"].values()) == 4
