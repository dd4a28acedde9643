"""Names of the real city: every ward is found as itself, and what sounds alike is told apart."""

import csv
import json
from pathlib import Path

import pytest

from tests.cameras.world import CITY
from warroom.places.atlas import Atlas


def feature(geometry: object, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def point(lon: float, lat: float) -> dict[str, object]:
    return {"type": "Point", "coordinates": [lon, lat]}


PLACES = [
    feature(point(119.4180, -5.1290), id="a", kind="ibadah", name="Masjid Raya Makassar"),
    feature(point(119.4090, -5.1440), id="b", kind="ibadah", name="Masjid Nurul Iman"),
    feature(point(119.4700, -5.1450), id="c", kind="ibadah", name="Masjid Nurul Iman"),
    feature(point(119.4200, -5.1300), id="d", kind="sekolah", name="SMAN 1 Makassar"),
    feature(point(119.4620, -5.1430), id="e", kind="sekolah", name="SMAN 5 Makassar"),
    feature(point(119.4130, -5.1335), id="f", kind="wisata", name="Lapangan Karebosi"),
    feature(point(119.4189, -5.1246), id="g", kind="jalan", name="Lorong 5 Kandea"),
    feature(point(119.4191, -5.1249), id="h", kind="jalan", name="Lorong 15 Kandea"),
]


@pytest.fixture(scope="module")
def city(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """The outlines of all 153 wards (BIG), with places of our own choice in them."""
    source = test_data / "city"
    if not (source / "makassar-kelurahan.geojson").exists():
        pytest.skip("no outlines of Makassar")
    wards = json.loads((source / "makassar-kelurahan.geojson").read_text())["features"]
    with (source / "makassar-kecamatan.csv").open() as table:
        rows = list(csv.DictReader(table))
    layers = {
        "kelurahan": [
            feature(
                one["geometry"],
                code=one["properties"]["kode"],
                name=one["properties"]["nama"],
                kecamatan=one["properties"]["kode"][:8],
            )
            for one in wards
        ],
        "kecamatan": [
            feature(
                _around(float(row["lng"]), float(row["lat"])), code=row["kode"], name=row["nama"]
            )
            for row in rows
        ],
        "base": [],
        "roads": [],
        "places": PLACES,
    }
    folder = tmp_path_factory.mktemp("makassar")
    for name, features in layers.items():
        told = {"type": "FeatureCollection", "features": features}
        (folder / f"{name}.geojson").write_text(json.dumps(told))
    (folder / "city.json").write_text(json.dumps(CITY))
    return Atlas(folder)


def _around(lon: float, lat: float) -> dict[str, object]:
    """A square round the middle of a kecamatan: its outline is not in the data."""
    d = 0.002
    ring = [[lon - d, lat - d], [lon + d, lat - d], [lon + d, lat + d], [lon - d, lat + d]]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def test_every_ward_is_found_first_by_its_own_name_with_its_kecamatan(
    city: Atlas, test_data: Path
) -> None:
    wards = json.loads((test_data / "city" / "makassar-kelurahan.geojson").read_text())["features"]
    names = [one["properties"]["nama"] for one in wards]

    lost = [name for name in names if city.search(f"kel {name}")[0].name != name]

    assert 153 == len(names)
    assert [] == lost
    assert all(city.search(f"kel {name}")[0].detail.startswith("Kec. ") for name in names)


def test_wards_that_sound_alike_are_told_apart(city: Atlas) -> None:
    found = {place.name: place.detail for place in city.search("malimongan", 5)}

    assert {"Malimongan", "Malimongan Baru", "Malimongan Tua"} <= found.keys()
    assert len({found["Malimongan Baru"], found["Malimongan"]}) == 2


def test_two_mosques_of_one_name_are_told_by_their_ward(city: Atlas) -> None:
    twins = [place for place in city.search("mesjid nurul iman", 5) if "Nurul" in place.name]

    assert 2 == len(twins)
    assert 2 == len({place.detail for place in twins})
    assert all("Kel. " in place.detail for place in twins)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("sma negeri 1", "SMAN 1 Makassar"),
        ("sman 5", "SMAN 5 Makassar"),
        ("msjd raya", "Masjid Raya Makassar"),
        ("lap karebosi", "Lapangan Karebosi"),
        ("karebosi", "Lapangan Karebosi"),
        ("lr 5 kandea", "Lorong 5 Kandea"),
        ("lrg. 15 kandea", "Lorong 15 Kandea"),
        ("lorong 5", "Lorong 5 Kandea"),
    ],
)
def test_what_callers_say_is_found(city: Atlas, typed: str, first: str) -> None:
    assert first == city.search(typed)[0].name


def test_a_lane_that_is_not_known_is_no_school_of_that_number(city: Atlas) -> None:
    assert [] == [place.name for place in city.search("lorong 7")]
    assert [] == [place.name for place in city.search("gang 5")]
