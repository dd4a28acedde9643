"""A recorder dies and comes back: nothing twice, nothing said against the disks."""

import pytest

from warroom.app.bench.failover import bench_failover


@pytest.mark.nightly
def test_cameras_of_a_dead_recorder_go_on_with_the_others() -> None:
    told = bench_failover(6)

    assert told["killed_cameras"] > 0
    assert 0 == told["double_segments"]
    assert [] == told["said"]
