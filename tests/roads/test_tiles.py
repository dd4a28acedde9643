"""The ground under the roads: made by tilemaker where it is, and a whole pack in any case."""

import json
import shutil
from pathlib import Path

import pytest

from tests.roads.maps import Pbf
from tests.roads.test_pack import a_city, plan
from warroom.app.cli import main
from warroom.places.atlas import Atlas
from warroom.roads import tiles
from warroom.roads.build import build_city
from warroom.roads.contracts import TilesReport
from warroom.roads.errors import BadExtractError
from warroom.roads.tiles import make_tiles

BOUNDS = (119.39, -0.01, 119.41, 0.01)
needs_tilemaker = pytest.mark.skipif(
    shutil.which("tilemaker") is None, reason="tilemaker is not installed"
)


def a_green_city(folder: Path) -> Path:
    """Two roads, a park, a lake in it, and a house."""
    corners = {11: (-9, -9), 12: (9, -9), 13: (9, 9), 14: (-9, 9)}
    lake = {21: (-3, -3), 22: (3, -3), 23: (3, 3), 24: (-3, 3)}
    house = {31: (5, 5), 32: (6, 5), 33: (6, 6), 34: (5, 6)}
    pbf = Pbf(folder / "green.osm.pbf").node(1, 0, 1).node(2, 1, 1).node(3, 2, 1)
    for ref, place in {**corners, **lake, **house}.items():
        pbf.node(ref, *place)
    return (
        pbf.way(10, [1, 2, 3], highway="primary", name="Jl. Sungai Saddang")
        .way(20, [11, 12, 13, 14, 11], leisure="park", name="Taman")
        .way(30, [21, 22, 23, 24, 21], natural="water")
        .way(40, [31, 32, 33, 34, 31], building="yes")
        .write()
    )


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tilemaker of the test's own, the only program on the PATH; the test writes it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder / "tilemaker"


def written(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


OUTPUT = 'while [ "$1" != --output ]; do shift; done'
"""Shell that leaves the place of the tiles in `$2`."""


@needs_tilemaker
def test_land_use_water_and_buildings_become_tiles_of_the_pack(tmp_path: Path) -> None:
    report = build_city(plan(tmp_path, osm=a_green_city(tmp_path), boundaries=None, tiles=True))

    made = Atlas(tmp_path / "pack").tiles()
    assert made is not None
    assert report.tiles == TilesReport("made", size_bytes=len(made.content))
    told = json.loads((tmp_path / "pack" / "report.json").read_bytes())["tiles"]
    assert told["outcome"] == "made"


@needs_tilemaker
def test_a_real_city_becomes_tiles(tmp_path: Path, test_data: Path) -> None:
    report = make_tiles(test_data / "city/porto.osm.pbf", tmp_path, (-8.63, 41.12, -8.59, 41.16))

    assert report.outcome == "made"
    assert 100_000 < report.size_bytes < 1_000_000


@needs_tilemaker
def test_an_extract_of_roads_alone_has_nothing_to_draw(tmp_path: Path) -> None:
    report = build_city(plan(tmp_path, tiles=True))

    assert report.tiles == TilesReport("empty")
    assert Atlas(tmp_path / "pack").tiles() is None


@needs_tilemaker
def test_what_tilemaker_cannot_read_leaves_no_tiles_and_its_reason(tmp_path: Path) -> None:
    cut = tmp_path / "cut.osm.pbf"
    cut.write_bytes(a_city(tmp_path).read_bytes()[:100])

    report = make_tiles(cut, tmp_path, BOUNDS)

    assert (report.outcome, report.problem) == ("failed", "readBlob: unexpected eof")
    assert not (tmp_path / "base.pmtiles").exists()


def test_half_an_extract_is_no_city_whatever_the_tiles(tmp_path: Path) -> None:
    half = tmp_path / "half.osm.pbf"
    half.write_bytes(a_city(tmp_path).read_bytes()[:-40])

    with pytest.raises(BadExtractError):
        build_city(plan(tmp_path, osm=half, tiles=True))

    assert not (tmp_path / "pack").exists()


def test_without_the_program_the_pack_is_whole_and_says_so(
    tmp_path: Path, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["city", "build", "--osm", str(a_city(tmp_path)), "--out", str(tmp_path / "pack")]

    code = main(words)

    assert not program.exists()
    assert code == 0
    assert "apt install tilemaker" in capsys.readouterr().out
    assert (tmp_path / "pack" / "roads.geojson").is_file()
    assert Atlas(tmp_path / "pack").tiles() is None


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo 'terminate called' >&2; echo '  what():  no memory' >&2; exit 134", "no memory"),
        ("exit 3", "code 3"),
        ("kill -9 $$", "code -9"),
        ("exit 0", "no PMTiles"),
        (f"{OUTPUT}; echo half > $2", "no PMTiles"),
    ],
)
def test_a_program_that_fails_leaves_a_whole_pack_without_tiles(
    tmp_path: Path, program: Path, script: str, expected: str
) -> None:
    written(program, script)

    report = build_city(plan(tmp_path, tiles=True))

    assert report.tiles == TilesReport("failed", expected)
    assert Atlas(tmp_path / "pack").layer("roads").content
    assert not (tmp_path / "pack" / "base.pmtiles").exists()


def test_a_failure_is_told_in_a_sentence(
    tmp_path: Path, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(program, "echo 'what():  unknown layer' >&2; exit 1")

    code = main(["city", "build", "--osm", str(a_city(tmp_path)), "--out", str(tmp_path / "pack")])

    assert code == 0
    assert "tilemaker" in (said := capsys.readouterr().out)
    assert "unknown layer" in said


def test_tiles_are_not_made_where_nobody_asked(tmp_path: Path, program: Path) -> None:
    written(program, "exit 3")

    assert build_city(plan(tmp_path)).tiles == TilesReport("unasked")


def test_a_program_that_does_not_end_is_stopped(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(
        program, f"{OUTPUT}; echo half > $2; exec {shutil.which('sleep', path='/usr/bin:/bin')} 600"
    )
    monkeypatch.setattr(tiles, "LIMIT_S", 0.3)

    report = make_tiles(a_city(tmp_path), tmp_path, BOUNDS)

    assert report.outcome == "too_slow"
    assert not (tmp_path / "base.pmtiles").exists()


def test_the_memory_of_the_program_is_bounded(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It answers with its own bound (in KB), told as a reason.
    written(program, "while [ $(ulimit -v) = unlimited ]; do :; done; ulimit -v >&2; exit 1")
    monkeypatch.setattr(tiles, "LIMIT_BYTES", 1 << 30)

    report = make_tiles(a_city(tmp_path), tmp_path, BOUNDS)

    assert report.problem == str((1 << 30) // 1024)


def test_tiles_larger_than_a_pack_may_be_are_left_out(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(program, f"{OUTPUT}; echo 0123456789 > $2")
    monkeypatch.setattr(tiles, "MOST_BYTES", 10)

    report = make_tiles(a_city(tmp_path), tmp_path, BOUNDS)

    assert report.outcome == "too_large"
    assert not (tmp_path / "base.pmtiles").exists()


def test_a_path_is_never_read_as_a_command(tmp_path: Path, program: Path) -> None:
    written(program, 'echo "$2" >&2; exit 1')
    osm = a_city(tmp_path).rename(tmp_path / "a $(touch hurt); b.osm.pbf")

    report = make_tiles(osm, tmp_path, BOUNDS)

    assert report.problem.endswith("a $(touch hurt); b.osm.pbf")
    assert not (tmp_path / "hurt").exists()
