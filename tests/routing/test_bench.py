from pathlib import Path

from warroom.routing.bench import bench_routing


def test_the_benchmark_checks_every_route(test_data: Path) -> None:
    told = bench_routing(test_data / "city/munchen.osm.pbf", "police", routes=60)

    assert told["oracle_checked"] == told["oracle_equal"] == 60
    assert told["arcs"] > 1000
    assert told["route_ms_p50"] > 0
    assert told["customize_ms"] > 0
