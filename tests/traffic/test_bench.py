"""The benchmark runs on an extract and tells what it measured."""

from pathlib import Path

import pytest

from tests.roads.maps import Pbf
from warroom.traffic import bench


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    pbf = Pbf(tmp_path / "town.osm.pbf")
    for column in range(6):
        for row in range(6):
            pbf.node(1 + column * 6 + row, column, row)
    for line in range(6):
        pbf.way(100 + line, [1 + line * 6 + row for row in range(6)], highway="primary")
        pbf.way(200 + line, [1 + column * 6 + line for column in range(6)], highway="tertiary")
    return pbf.write()


def test_a_cycle_is_measured_with_all_it_does(
    extract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "CYCLES", 4)

    told = bench.bench_cycle(extract, vehicles=20)

    assert told["edges"] == sum(told["counted"].values()) == 120
    assert told["counted"]["measured"] > 60
    assert told["jams"] >= 1
    assert 0 < told["estimate_ms"] <= told["estimate_ms_worst"]
    assert told["share_of_core_pct"] == pytest.approx(
        (told["estimate_ms"] + told["take_ms"]) / 100, abs=0.02
    )
    assert told["typical"]["slot_kb"] > 0
