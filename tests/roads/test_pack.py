"""The pack: whole or not at all, read again when it changes."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import numpy as np
import pytest

from tests.roads.maps import Pbf, cross
from warroom.app.cli import main
from warroom.places.atlas import Atlas
from warroom.roads import pack
from warroom.roads.api import Roads, load_graph, save_graph
from warroom.roads.build import ATTRIBUTION, CityPlan, build_city
from warroom.roads.contracts import OnRoad, RoadGraph
from warroom.roads.errors import (
    BadBoundariesError,
    BadExtractError,
    NoRoadGraphError,
    NotEmptyError,
    OffRoadError,
)
from warroom.roads.graph import build_graph
from warroom.roads.snap import Snapper


def a_city(folder: Path) -> Path:
    """An extract of two roads, a hospital and a river."""
    return (
        Pbf(folder / "city.osm.pbf")
        .node(1, 0, 1).node(2, 1, 1).node(3, 2, 1).node(4, 1, 2).node(5, 1, 0)
        .node(8, 1.4, 1.4, amenity="hospital", name="RS Labuang Baji")
        .node(9, 0, 0).node(10, 2, 0)
        .way(10, [1, 2, 3], highway="primary", name="Jl. Sungai Saddang")
        .way(20, [5, 2, 4], highway="residential", name="Lorong 3")
        .way(30, [9, 10], waterway="river", name="Sungai Tallo")
        .write()
    )  # fmt: skip


def wards(folder: Path, *codes: str) -> Path:
    """Wards beside each other from west to east, each two steps wide."""
    features = [
        {
            "type": "Feature",
            "properties": {"kode": code, "nama": f"Kel {code}"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[x, -0.01], [x + 0.0018, -0.01], [x + 0.0018, 0.01], [x, 0.01], [x, -0.01]]
                ],
            },
        }
        for x, code in zip((119.399, 119.4008, 119.4026), codes, strict=False)
    ]
    path = folder / "wards.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def plan(folder: Path, *, tiles: bool = False, **given: Path | None) -> CityPlan:
    files = {"osm": a_city(folder), "boundaries": wards(folder, "73.71.01.1001", "73.71.02.1001")}
    return CityPlan(
        **{**files, "out": folder / "pack", **given}, name="Kota", zone="Asia/Makassar", tiles=tiles
    )  # type: ignore[arg-type]


def test_a_graph_is_read_as_it_was_written(tmp_path: Path) -> None:
    graph = build_graph(cross())

    save_graph(graph, tmp_path / "roads.npz")
    read = load_graph(tmp_path / "roads.npz")

    for field in fields(RoadGraph):
        written, found = getattr(graph, field.name), getattr(read, field.name)
        assert np.array_equal(written, found), field.name
    assert [path.name for path in tmp_path.iterdir()] == ["roads.npz"]


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_a_damaged_graph_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "roads.npz").write_bytes(content)

    with pytest.raises(NoRoadGraphError):
        load_graph(tmp_path / "roads.npz")


def test_a_graph_of_another_version_is_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "roads.npz", format=np.int64(99))

    with pytest.raises(NoRoadGraphError):
        load_graph(tmp_path / "roads.npz")


def test_a_pack_is_built_and_answers_every_question(tmp_path: Path) -> None:
    report = build_city(plan(tmp_path))

    assert (report.edges, report.junctions, report.named_roads) == (8, 5, 2)
    graph = Roads(tmp_path / "pack").graph
    assert graph.areas == ("", "73.71.01.1001", "73.71.02.1001")
    atlas = Atlas(tmp_path / "pack")
    facts = atlas.city()
    assert facts is not None
    assert (facts.name, facts.zone_label, facts.schematic, facts.label) == (
        "Kota",
        "WITA",
        False,
        ATTRIBUTION,
    )
    area = atlas.area_of(0.001, 119.4001)
    assert area is not None
    assert area.kelurahan is not None
    assert (area.kelurahan.code, area.how_known) == ("73.71.01.1001", "polygon")
    assert [place.kind for place in atlas.search("labuang baji")][:1] == ["rumah sakit"]
    assert [(place.kind, place.detail) for place in atlas.search("lorong 3")] == [
        ("jalan", "Kel. Kel 73.71.02.1001, Kec. 73.71.02")
    ]
    # A road of two wards is found in both.
    assert {place.detail for place in atlas.search("sungai saddang")} == {
        "Kel. Kel 73.71.01.1001, Kec. 73.71.01",
        "Kel. Kel 73.71.02.1001, Kec. 73.71.02",
    }
    kinds = {f["properties"]["kind"] for f in json.loads(atlas.layer("base").content)["features"]}
    assert kinds == {"land", "river"}


def test_a_city_without_boundaries_has_roads_and_no_areas(tmp_path: Path) -> None:
    build_city(plan(tmp_path, boundaries=None))

    assert Roads(tmp_path / "pack").graph.areas == ("",)
    assert Atlas(tmp_path / "pack").area_of(0.001, 119.4) is None


def test_a_pack_is_replaced_whole(tmp_path: Path) -> None:
    build_city(plan(tmp_path))
    (tmp_path / "pack" / "old.txt").write_text("of the former pack")

    build_city(plan(tmp_path))

    assert not (tmp_path / "pack" / "old.txt").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["city.osm.pbf", "pack", "wards.geojson"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "thesis.txt").write_text("years of work")

    with pytest.raises(NotEmptyError):
        build_city(plan(tmp_path))

    assert (tmp_path / "pack" / "thesis.txt").read_text() == "years of work"


def test_half_an_extract_leaves_the_pack_that_was_there(tmp_path: Path) -> None:
    build_city(plan(tmp_path))
    before = (tmp_path / "pack" / "roads.npz").read_bytes()
    half = tmp_path / "half.osm.pbf"
    half.write_bytes(a_city(tmp_path).read_bytes()[:-40])

    with pytest.raises(BadExtractError):
        build_city(plan(tmp_path, osm=half))

    assert (tmp_path / "pack" / "roads.npz").read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"features": []}',
        '{"features": [{"properties": {"name": "A"}, "geometry": null}]}',
        '{"features": [{"properties": {"code": "1", "name": "A"},'
        ' "geometry": {"type": "Point", "coordinates": [1, 2]}}]}',
    ],
)
def test_boundaries_that_are_none_are_refused(tmp_path: Path, content: str) -> None:
    bad = tmp_path / "bad.geojson"
    bad.write_text(content)

    with pytest.raises(BadBoundariesError):
        build_city(plan(tmp_path, boundaries=bad))

    assert not (tmp_path / "pack").exists()


def test_threads_that_ask_at_once_have_one_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two graphs of one pack make whoever compares them begin anew, and forget what it told."""
    build_city(plan(tmp_path))
    roads, both = Roads(tmp_path / "pack"), Barrier(2, timeout=1.0)
    reading = pack.load_graph

    def slowly(path: Path) -> RoadGraph:
        # The second never comes as long as one alone may read.
        with suppress(BrokenBarrierError):
            both.wait()
        return reading(path)

    monkeypatch.setattr(pack, "load_graph", slowly)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: roads.graph, range(2))

    assert first is second


def test_roads_are_read_again_when_the_pack_is_replaced(tmp_path: Path) -> None:
    build_city(plan(tmp_path))
    roads = Roads(tmp_path / "pack")
    before = roads.snapper
    assert roads.snapper is before

    path = tmp_path / "pack" / "roads.npz"
    save_graph(build_graph(cross()), path)
    os.utime(path, ns=(1, 1))

    assert roads.snapper is not before
    assert "Jl. Utara" in roads.graph.names


def test_a_pack_without_roads_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoRoadGraphError):
        _ = Roads(tmp_path).graph


@pytest.mark.parametrize("text", ["{}", "no json", '{"nodes": [[0,0,0]], "links": [[0]]}'])
def test_a_broken_network_drawn_by_hand_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "network.json").write_text(text)

    with pytest.raises(NoRoadGraphError):
        _ = Roads(tmp_path).graph


def test_a_position_is_put_on_the_nearest_road_in_both_directions() -> None:
    snapper = Snapper(build_graph(cross()))

    found = snapper.near(0.00103, 119.4003)

    graph = snapper.graph
    assert [graph.name_of(on.edge) for on in found] == ["Jl. Barat", "Jl. Barat"]
    assert sorted(round(on.fraction, 2) for on in found) == [0.3, 0.7]
    assert found[0].distance_m == pytest.approx(0.00003 * 111_195, rel=0.01)
    lat, lon = snapper.point_at(found[0].edge, found[0].fraction)
    assert (lat, lon) == pytest.approx((0.001, 119.4003), abs=1e-6)


def test_only_usable_roads_count() -> None:
    snapper = Snapper(build_graph(cross()))
    graph = snapper.graph
    usable = np.array([graph.name_of(edge) == "Jl. Utara" for edge in range(graph.edges)])

    found = snapper.near(0.001, 119.4003, usable)

    assert {graph.name_of(on.edge) for on in found} == {"Jl. Utara"}


@pytest.mark.parametrize(("lat", "lon"), [(1.0, 119.4), (float("nan"), 119.4), (0.0, float("inf"))])
def test_a_position_in_the_sea_is_on_no_road(lat: float, lon: float) -> None:
    with pytest.raises(OffRoadError):
        Snapper(build_graph(cross())).near(lat, lon)


def test_many_positions_are_put_where_each_is_put_alone() -> None:
    snapper = Snapper(build_graph(cross()))
    every = np.ones(snapper.graph.edges, np.bool_)
    chance = np.random.default_rng(7)
    spots = [
        (float(lat), float(lon))
        for lat, lon in chance.uniform((-0.004, 119.396), (0.006, 119.406), (200, 2))
    ]
    spots += [(1.0, 119.4), (float("nan"), 119.4), (0.0, float("inf"))]

    def alone(spot: tuple[float, float]) -> list[OnRoad]:
        try:
            return snapper.near(*spot, every)
        except OffRoadError:
            return []

    assert [alone(spot) for spot in spots] == snapper.near_many(spots, every)
    assert [] == snapper.near_many([], every)


def test_only_usable_roads_count_for_many() -> None:
    snapper = Snapper(build_graph(cross()))
    graph = snapper.graph
    usable = np.array([graph.name_of(edge) == "Jl. Utara" for edge in range(graph.edges)])

    (found,) = snapper.near_many([(0.001, 119.4003)], usable)

    assert {"Jl. Utara"} == {graph.name_of(on.edge) for on in found}


def test_the_command_builds_a_pack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "pack"

    code = main(["city", "build", "--osm", str(a_city(tmp_path)), "--out", str(out), "--json"])

    assert code == 0
    assert json.loads(capsys.readouterr().out)["edges"] == 8
    assert (out / "roads.npz").is_file()


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.osm.pbf"
    bad.write_bytes(b"no map")

    code = main(["city", "build", "--osm", str(bad), "--out", str(tmp_path / "pack")])

    assert code == 1
    assert "bad.osm.pbf" in capsys.readouterr().err
    assert not (tmp_path / "pack").exists()


def test_a_road_in_pieces_is_drawn_and_found_once(tmp_path: Path) -> None:
    split = (
        Pbf(tmp_path / "split.osm.pbf")
        .node(1, 0, 1).node(2, 1, 1).node(3, 2, 1).node(4, 1, 2).node(5, 4, 1).node(6, 6, 1)
        .way(10, [1, 2, 3], highway="primary", name="Jl. Veteran")
        .way(11, [5, 6], highway="primary", name="Jl. Veteran")
        .way(20, [2, 4], highway="residential")
        .write()
    )  # fmt: skip

    build_city(plan(tmp_path, osm=split, boundaries=None))

    atlas = Atlas(tmp_path / "pack")
    roads = json.loads(atlas.layer("roads").content)["features"]
    assert [(f["geometry"]["type"], f["properties"]["name"]) for f in roads] == [
        ("MultiLineString", "Jl. Veteran"),
        ("LineString", ""),
    ]
    assert len(roads[0]["geometry"]["coordinates"]) == 2
    (found,) = atlas.search("veteran")
    # Half way along the longest piece.
    assert found.lat == pytest.approx(0.001, abs=1e-5)


def test_a_real_country_becomes_a_pack(tmp_path: Path, test_data: Path) -> None:
    report = build_city(
        plan(tmp_path, osm=test_data / "city/liechtenstein.osm.pbf", boundaries=None)
    )

    atlas = Atlas(tmp_path / "pack")
    assert report.edges > 7000
    assert report.ignored == {}
    assert any(place.kind == "jalan" for place in atlas.search("landstrasse"))
    assert {place.kind for place in atlas.search("landesspital")} == {"rumah sakit"}
