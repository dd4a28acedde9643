import hashlib
import json
import math
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcity.__main__ import main
from simcity.city import geometry
from simcity.city.streets import roman
from simcity.city.write import Streams, write_city

# The tables give these bytes; a change of either is meant to be seen.
DIGESTS = {
    "base.geojson": "3d1a007835d0a209e8197faf1262cb9b",
    "cameras.geojson": "8b296033c89cd4fb10b4ecbc600b32f5",
    "kecamatan.geojson": "2636506c8be513438bf6197b04bc0f34",
    "kelurahan.geojson": "c5a39b9fbd03ce5421335cf4fa92459d",
    "network.json": "8e50498466e9167968491046b605b948",
    "places.geojson": "d83eeb7a4b12f9ffdcc2423dad950d99",
    "premises.geojson": "016b53852987cf287d75fe84a4e4e127",
    "roads.geojson": "c280f35556fc7a11ff31974a8c6ace30",
}
POINT = st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    write_city(folder)
    return folder


def features(folder: Path, name: str) -> list[dict[str, Any]]:
    collection: dict[str, Any] = json.loads((folder / f"{name}.geojson").read_text())
    found: list[dict[str, Any]] = collection["features"]
    return found


def properties(folder: Path, name: str) -> list[dict[str, Any]]:
    return [feature["properties"] for feature in features(folder, name)]


@pytest.mark.parametrize("name", DIGESTS)
def test_same_tables_give_the_same_bytes(city: Path, name: str) -> None:
    written = (city / name).read_bytes()

    assert DIGESTS[name] == hashlib.md5(written, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("kecamatan", 15),
        ("kelurahan", 153),
        ("roads", 172),
        ("places", 173),
        ("cameras", 468),
        ("premises", 18),
    ],
)
def test_layers_are_complete(city: Path, name: str, count: int) -> None:
    assert count == len(features(city, name))


def test_every_layer_says_that_it_is_schematic(city: Path) -> None:
    for path in city.glob("*.geojson"):
        collection = json.loads(path.read_text())
        assert "bukan hasil survei" in collection["note"]
        assert "Apache-2.0" == collection["licence"]


def test_cameras_are_numbered_and_named_apart(city: Path) -> None:
    cameras = properties(city, "cameras")

    assert list(range(1, 469)) == [camera["number"] for camera in cameras]
    assert 468 == len({camera["name"] for camera in cameras})


def test_cameras_have_owners_of_many_agencies(city: Path) -> None:
    owners = Counter(camera["owner"] for camera in properties(city, "cameras"))

    assert 161 == owners["Diskominfo"]
    assert 145 == owners["Dishub"]
    assert 100 == owners["Polrestabes"]
    assert 47 == owners["Dinkes"]
    assert 15 == sum(owner.startswith("Kecamatan ") for owner in owners)


def test_every_kecamatan_has_a_camera_in_a_kelurahan_of_its_own(city: Path) -> None:
    cameras = properties(city, "cameras")

    assert {k["code"] for k in properties(city, "kecamatan")} == {c["kecamatan"] for c in cameras}
    assert all(camera["kelurahan"].startswith(camera["kecamatan"]) for camera in cameras)


def test_camera_properties_are_plausible(city: Path) -> None:
    for camera in properties(city, "cameras"):
        assert 0 <= camera["bearing"] < 360
        assert 50 <= camera["fov"] <= 110
        assert 4 <= camera["height_m"] <= 14
        assert camera["range_m"] <= (3000 if camera["ptz"] else 150)


def test_cameras_are_in_the_city(city: Path) -> None:
    west, south, east, north = json.loads((city / "city.json").read_text())["extent"]
    for camera in features(city, "cameras"):
        lon, lat = camera["geometry"]["coordinates"]
        # a site may stand up to 400 m outside the coarse outlines
        assert west - 0.004 <= lon <= east + 0.004
        assert south - 0.004 <= lat <= north + 0.004


def test_description_is_what_the_product_asks_for(city: Path) -> None:
    described = json.loads((city / "city.json").read_text())

    assert ("Makassar", "Asia/Makassar", "WITA") == (
        described["name"],
        described["zone"],
        described["zone_label"],
    )
    assert described["schematic"] is True
    assert "skematik" == described["label"]
    west, south, east, north = described["bounds"]
    lon, lat = described["center"]
    assert west < lon < east
    assert south < lat < north


def test_network_is_one_strongly_connected_part(city: Path) -> None:
    network = json.loads((city / "network.json").read_text())
    onward, back = defaultdict(list), defaultdict(list)
    for start, end, _, _, directions, _ in network["links"]:
        onward[start].append(end)
        back[end].append(start)
        if directions == 2:
            onward[end].append(start)
            back[start].append(end)

    assert 14_530 == network["directed_edges"] == sum(map(len, onward.values()))
    assert 4_701 == len(network["nodes"]) == len(reached(onward)) == len(reached(back))


def reached(steps: dict[int, list[int]]) -> set[int]:
    seen, todo = {0}, [0]
    while todo:
        new = set(steps[todo.pop()]) - seen
        seen |= new
        todo += new
    return seen


def test_links_are_as_long_as_their_shape(city: Path) -> None:
    network = json.loads((city / "network.json").read_text())
    for start, end, _, length, _, shape in network["links"][::50]:
        between = zip(shape[::2], shape[1::2], strict=True)
        line = [network["nodes"][start][:2], *between, network["nodes"][end][:2]]
        metres = sum(
            math.hypot((bx - ax) * 110_870, (by - ay) * 110_580)
            for (ax, ay), (bx, by) in pairwise(line)
        )
        assert length == pytest.approx(metres, abs=2 + len(line))


def test_elevated_roads_meet_the_surface_only_at_their_ends(city: Path) -> None:
    levels = {road["name"]: road["level"] for road in properties(city, "roads")}

    assert 1 == levels["Tol Layang A.P. Pettarani"]
    assert 0 == levels["Jl. A.P. Pettarani"]


def test_streams_are_added_when_asked_for(tmp_path: Path) -> None:
    streams = Streams("rtsp://127.0.0.1:8554/", "demo", "rahasia", "tcp", has_sub=True)

    write_city(tmp_path, streams)

    camera = properties(tmp_path, "cameras")[1]
    assert "rtsp://127.0.0.1:8554/cam/2/main" == camera["url"]
    assert "rtsp://127.0.0.1:8554/cam/2/sub" == camera["sub_url"]
    assert ("demo", "rahasia", "tcp") == (
        camera["username"],
        camera["password"],
        camera["transport"],
    )
    assert ["kantor", "ptz"] == camera["tags"]
    assert camera["simulated"] is True


def test_command_writes_the_city(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--cameras-rtsp", "rtsp://127.0.0.1:1", "--hevc", "7,9"]
    code = main(["city", "--out", str(tmp_path), *where])

    assert 0 == code
    assert "468 camera sites" in capsys.readouterr().out
    assert "rtsp://127.0.0.1:1/cam/468/main" == properties(tmp_path, "cameras")[467]["url"]
    assert "username" not in properties(tmp_path, "cameras")[0]
    assert [7, 9] == [c["number"] for c in properties(tmp_path, "cameras") if "sub_url" in c]


def test_table_points_are_longitude_and_latitude() -> None:
    assert [119.4086, -5.1338] == geometry.lonlat(geometry.point("4086,1338"))


@given(POINT, POINT, POINT)
def test_nearest_point_is_no_farther_than_the_ends(
    p: geometry.Point, a: geometry.Point, b: geometry.Point
) -> None:
    nearest, share = geometry.nearest_on(p, a, b)

    ends = min(geometry.distance_m(p, a), geometry.distance_m(p, b))
    assert geometry.distance_m(p, nearest) <= ends + 1e-6
    assert 0 <= share <= 1


@given(POINT, POINT, POINT, POINT)
def test_crossing_lies_on_both_segments(
    a: geometry.Point, b: geometry.Point, c: geometry.Point, d: geometry.Point
) -> None:
    hit = geometry.crossing(a, b, c, d)

    if hit is not None:
        on_first, on_second = geometry.between(a, b, hit[0]), geometry.between(c, d, hit[1])
        assert geometry.distance_m(on_first, on_second) < 1


@given(st.lists(st.tuples(POINT, POINT), min_size=1, max_size=30), POINT)
def test_index_finds_the_nearest_segment(
    segments: list[tuple[geometry.Point, geometry.Point]], p: geometry.Point
) -> None:
    index: geometry.Segments[int] = geometry.Segments()
    short = [
        (a, geometry.between(a, b, min(1.0, 500 / (1 + geometry.distance_m(a, b)))))
        for a, b in segments
    ]
    for number, (a, b) in enumerate(short):
        index.add(a, b, number)

    found = index.nearest(p, 3000)

    least = min(geometry.distance_m(p, geometry.nearest_on(p, a, b)[0]) for a, b in short)
    assert (None if least > 3000 else pytest.approx(least)) == (found and found.distance_m)


@pytest.mark.parametrize(("number", "figures"), [(1, "I"), (4, "IV"), (9, "IX"), (28, "XXVIII")])
def test_streets_are_numbered_in_roman_figures(number: int, figures: str) -> None:
    assert figures == roman(number)


def test_lights_stand_where_main_roads_meet_and_medians_forbid_turns_elsewhere(city: Path) -> None:
    network = json.loads((city / "network.json").read_text())
    signals, bans = set(network["signals"]), network["turn_bans"]
    beside: dict[int, set[int]] = {}
    for start, end, *_ in network["links"]:
        beside.setdefault(start, set()).add(end)
        beside.setdefault(end, set()).add(start)

    assert 40 < len(signals) < 400
    assert len(bans) > 500
    assert not signals & {via for _, via, _ in bans}
    assert all(start in beside[via] and end in beside[via] for start, via, end in bans)
    # Whoever comes to such a junction can always go on.
    forbidden = {tuple(ban) for ban in bans}
    for start, via, _ in bans:
        assert any((start, via, end) not in forbidden for end in beside[via] - {start})


def test_the_median_is_open_beside_lights(city: Path) -> None:
    network = json.loads((city / "network.json").read_text())
    fields = network["way_fields"]
    signals, vias = set(network["signals"]), {via for _, via, _ in network["turn_bans"]}
    scale = 111_195 * math.cos(math.radians(5.14)), 111_195

    def place(node: int) -> tuple[float, float]:
        lon, lat, _ = network["nodes"][node]
        return lon * scale[0], lat * scale[1]

    beside = []
    for start, end, number, *_ in network["links"]:
        way = dict(zip(fields, network["ways"][number], strict=True))
        for one, other in ((start, end), (end, start)):
            is_short = math.dist(place(one), place(other)) < 25
            is_wide = way["class"] in ("primer", "sekunder") and way["lanes"] >= 4
            if other in signals and one not in signals and is_short and is_wide:
                beside.append(one)

    assert beside
    assert not vias & set(beside)
