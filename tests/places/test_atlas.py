"""The city pack: areas, names typed badly, layers, and packs that are absent or broken."""

import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cameras.world import CITY, write_pack
from warroom.places import rules
from warroom.places.atlas import Atlas
from warroom.places.contracts import LAYERS
from warroom.places.errors import NoCityPackError, NoLayerError


@pytest.fixture
def atlas(tmp_path: Path) -> Atlas:
    return Atlas(write_pack(tmp_path))


def found(atlas: Atlas, query: str) -> list[str]:
    return [place.name for place in atlas.search(query)]


def test_a_position_inside_an_outline_is_in_that_kecamatan(atlas: Atlas) -> None:
    area = atlas.area_of(-5.15, 119.58)

    assert area is not None
    assert (area.kecamatan.code, area.kecamatan.name) == ("73.71.02", "Ujung Pandang")


def test_a_ward_known_by_its_centre_alone_is_said_to_be_the_nearest(atlas: Atlas) -> None:
    area = atlas.area_of(-5.15, 119.499)

    assert area is not None
    # Baru of the other district is nearer, and lies behind the border.
    assert area.kelurahan is not None
    assert area.kelurahan.code == "73.71.01.1002"
    assert area.how_known == "nearest_centre"


def test_wards_are_told_with_the_place_that_stands_for_them(atlas: Atlas, tmp_path: Path) -> None:
    wards = atlas.wards()

    assert [ward.area.code for ward in wards] == sorted(ward.area.code for ward in wards)
    assert {(ward.area.name, ward.kecamatan.name) for ward in wards} >= {("Baru", "Ujung Pandang")}
    for ward in wards:
        area = atlas.area_of(ward.lat, ward.lon)
        assert area is not None
        assert area.kecamatan == ward.kecamatan
    assert Atlas(tmp_path / "none").wards() == []


def test_a_ward_known_by_its_outline_is_known_by_it(tmp_path: Path) -> None:
    folder = write_pack(tmp_path)
    collection = json.loads((folder / "kecamatan.geojson").read_text())
    for feature in collection["features"]:
        feature["properties"] = {
            "code": feature["properties"]["code"] + ".1001",
            "name": "Satu",
            "kecamatan": feature["properties"]["code"],
        }
    (folder / "kelurahan.geojson").write_text(json.dumps(collection))

    area = Atlas(folder).area_of(-5.15, 119.45)

    assert area is not None
    assert area.how_known == "polygon"


def test_the_sea_belongs_to_the_nearest_kecamatan_and_the_far_sea_to_none(atlas: Atlas) -> None:
    near = atlas.area_of(-5.15, 119.39)

    assert near is not None
    assert (near.kecamatan.code, near.how_known) == ("73.71.01", "nearest_centre")
    assert atlas.area_of(-5.15, 118.0) is None
    assert atlas.area_of(float("nan"), 119.4) is None


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_any_position_has_an_area_or_none(lat: float, lon: float) -> None:
    area = SHARED.area_of(lat, lon)

    assert area is None or area.kecamatan.code in ("73.71.01", "73.71.02")


@pytest.mark.parametrize(
    "query",
    [
        "pettarani",
        "petarani",
        "jl pettarani",
        "Jln. A.P. Petarani",
        "pangeran petarani",
        "pettar",
        "PETTARANI jalan",
    ],
)
def test_a_road_is_found_however_it_is_typed(atlas: Atlas, query: str) -> None:
    assert found(atlas, query)[0] == "Jalan Andi Pangeran Pettarani"


@pytest.mark.parametrize("query", ["puskesmas kassi", "pkm kasi kasi", "kassikassi", "kassi-kasi"])
def test_a_puskesmas_is_found_with_and_without_its_kind(atlas: Atlas, query: str) -> None:
    assert "Puskesmas Kassi-Kassi" in found(atlas, query)


def test_twins_are_told_apart_by_their_kecamatan(atlas: Atlas) -> None:
    twins = [place for place in atlas.search("kel baru") if place.kind == "kelurahan"]

    assert {place.detail for place in twins} == {"Kec. Mariso", "Kec. Ujung Pandang"}
    assert atlas.search("baru ujung pandang")[0].detail == "Kec. Ujung Pandang"
    assert atlas.find_kelurahan("Baru") is None
    in_second = atlas.find_kelurahan("baru", "73.71.02")
    assert in_second is not None
    assert in_second.code == "73.71.02.1001"


def test_an_exact_name_comes_before_a_similar_one(atlas: Atlas) -> None:
    assert found(atlas, "mariso")[0] == "Mariso"


@pytest.mark.parametrize("query", ["", "   ", "!!!", "zzzzzz", "\N{CJK UNIFIED IDEOGRAPH-4E2D}"])
def test_nothing_is_found_where_nothing_fits(atlas: Atlas, query: str) -> None:
    assert found(atlas, query) == []


@given(st.text(max_size=60))
def test_any_text_may_be_searched_for(query: str) -> None:
    places = SHARED.search(query)

    assert all(0 < place.score <= 1 for place in places)
    assert places == sorted(places, key=lambda place: -place.score)


@given(st.text("abcdefghij ", min_size=4, max_size=20), st.integers(0, 19))
def test_one_wrong_letter_is_forgiven_in_a_long_word(text: str, at: int) -> None:
    words = rules.fold(text)
    if len(words) != 1 or len(words[0]) < 5:
        return
    word = words[0]
    at %= len(word)
    typed = (word[:at] + "z" + word[at + 1 :],)

    assert rules.score(words, words) == 1.0
    assert 0 < rules.score(typed, words) < 1.0


def test_layers_are_the_files_with_a_tag_of_their_content(atlas: Atlas) -> None:
    for name in LAYERS:
        layer = atlas.layer(name)
        content = (atlas.folder / f"{name}.geojson").read_bytes()
        assert layer.content == content
        assert gzip.decompress(layer.compressed) == content
    assert len({atlas.layer(name).etag for name in LAYERS}) == len(LAYERS)


def test_the_city_is_described_for_the_pages(atlas: Atlas) -> None:
    city = atlas.city()

    assert city is not None
    assert (city.name, city.zone_label, city.schematic) == ("Makassar", "WITA", True)
    assert city.bounds == (119.4, -5.2, 119.6, -5.1)


def test_without_a_pack_everything_is_empty_and_says_why(tmp_path: Path) -> None:
    atlas = Atlas(tmp_path / "none")

    assert (atlas.city(), atlas.area_of(-5.15, 119.42), atlas.search("baru")) == (None, None, [])
    assert atlas.find_kecamatan("Mariso") is None
    with pytest.raises(NoCityPackError) as caught:
        atlas.layer("base")
    assert caught.value.params == {"folder": "none", "problem": "absent"}


def test_a_pack_that_comes_later_or_changes_is_read_then(tmp_path: Path) -> None:
    atlas = Atlas(tmp_path / "city")
    before = atlas.city()
    write_pack(tmp_path / "city")
    first = atlas.city()
    (tmp_path / "city" / "city.json").write_text(json.dumps({**CITY, "name": "Gowa"}))
    os.utime(tmp_path / "city" / "city.json", (1, 1))
    second = atlas.city()

    assert before is None
    assert first is not None
    assert second is not None
    assert (first.name, second.name) == ("Makassar", "Gowa")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("city.json", "{"),
        ("city.json", '{"name": "x"}'),
        ("city.json", "\x00"),
        ("kecamatan.geojson", "[]"),
        ("kecamatan.geojson", '{"features": [1]}'),
        ("kecamatan.geojson", '{"features": [{"properties": {"code": "1", "name": "x"}}]}'),
        (
            "kecamatan.geojson",
            '{"features": [{"properties": {"code": 1}, "geometry":'
            ' {"type": "Point", "coordinates": [1, 2]}}]}',
        ),
        (
            "kelurahan.geojson",
            '{"features": [{"properties": {"code": "1", "name": "x"}, "geometry":'
            ' {"type": "Polygon", "coordinates": []}}]}',
        ),
        (
            "places.geojson",
            '{"features": [{"properties": {}, "geometry":'
            ' {"type": "Point", "coordinates": ["a", "b"]}}]}',
        ),
        ("roads.geojson", "not json"),
        ("base.pmtiles", "<html>"),
        ("base.pmtiles", ""),
    ],
)
def test_a_broken_pack_is_named_and_breaks_nothing_else(
    tmp_path: Path, file: str, content: str
) -> None:
    folder = write_pack(tmp_path)
    (folder / file).write_text(content)
    atlas = Atlas(folder)

    assert atlas.city() is None
    assert atlas.search("baru") == []
    with pytest.raises(NoCityPackError) as caught:
        atlas.layer("base")
    assert caught.value.params["problem"] != "absent"


def test_a_layer_that_the_pack_lacks_is_not_found(tmp_path: Path) -> None:
    folder = write_pack(tmp_path)
    (folder / "roads.geojson").unlink()
    atlas = Atlas(folder)

    assert atlas.city() is not None
    for name in ("roads", "../city", "secret"):
        with pytest.raises(NoLayerError):
            atlas.layer(name)


def _shared() -> Atlas:
    import tempfile

    # Hypothesis runs a test many times; one pack serves all of them.
    folder = Path(tempfile.mkdtemp(prefix="wrt-"))
    atlas = Atlas(write_pack(folder))
    atlas.city()
    atlas._current = lambda: pack  # type: ignore[method-assign]
    pack = Atlas(folder)._current()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    return atlas


SHARED = _shared()
