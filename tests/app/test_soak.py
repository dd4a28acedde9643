"""Processes that are used for long do not grow."""

import pytest

from warroom.app.bench.soak import bench_soak, lows, slope

SLOPE_MB_H = 2.0


@pytest.mark.nightly
def test_no_process_of_a_node_in_use_grows() -> None:
    told = bench_soak(60)

    assert {"media", "serve", "webrtc", "calls"} <= {one["name"] for one in told["processes"]}
    assert 1000 < told["uses"]
    assert 0 == told["unexplained_gaps"]
    assert [] == [one for one in told["processes"] if one["slope_mb_h"] > SLOPE_MB_H]


def test_what_is_at_work_for_a_moment_is_no_growth() -> None:
    at_s = [5.0 * number for number in range(120)]
    rss_mb = [100.0 + (64.0 if number % 5 == 4 else 0.0) for number in range(120)]
    grown = [rss + at / 60 for at, rss in zip(at_s, rss_mb, strict=True)]

    assert 0.0 == slope(lows(at_s, rss_mb))
    assert pytest.approx(60.0, abs=1.0) == 3600 * slope(lows(at_s, grown))
    assert [] == lows([], [])


@pytest.mark.parametrize(
    ("points", "rises"),
    [
        ([], 0.0),
        ([(1.0, 5.0)], 0.0),
        ([(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)], 2.0),
        ([(0.0, 1.0), (1.0, 2.0), (2.0, 0.0), (3.0, 1.0)], -0.2),
        ([(1.0, 1.0), (1.0, 2.0)], 0.0),
    ],
)
def test_growth_is_the_slope_of_the_least_squares(
    points: list[tuple[float, float]], rises: float
) -> None:
    assert rises == pytest.approx(slope(points))
