"""The wards of a city drawn by hand."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from warroom.roads.errors import BadExtractError
from warroom.roads.wards import DISTRICTS, WARDS, ward_finder


def square(west: float, code: str) -> dict[str, Any]:
    ring = [[west, 0.0], [west + 0.1, 0.0], [west + 0.1, 0.1], [west, 0.1], [west, 0.0]]
    return feature({"type": "Polygon", "coordinates": [ring]}, code=code, name=f"Kec. {code}")


def centre(lon: float, code: str, district: str) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [lon, 0.05]}
    return feature(point, code=code, name=f"Kel. {code}", kecamatan=district)


def feature(geometry: dict[str, Any], **properties: str) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def write(folder: Path, name: str, features: list[dict[str, Any]]) -> None:
    (folder / name).write_bytes(msgspec.json.encode({"features": features}))


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    write(tmp_path, DISTRICTS, [square(119.4, "73.01"), square(119.5, "73.02")])
    write(
        tmp_path,
        WARDS,
        [
            centre(119.42, "73.01.1001", "73.01"),
            # The nearest to the border from the other side: of another district, and so not meant.
            centre(119.5001, "73.02.1001", "73.02"),
        ],
    )
    return tmp_path


def test_a_road_is_in_the_nearest_ward_of_the_district_it_lies_in(pack: Path) -> None:
    find = ward_finder(pack)
    assert find is not None

    codes = find(np.array([119.499, 119.55, 119.7]), np.array([0.05, 0.05, 0.05]))

    assert ["73.01.1001", "73.02.1001", ""] == codes


def test_a_district_without_wards_is_its_own(pack: Path) -> None:
    (pack / WARDS).unlink()
    find = ward_finder(pack)
    assert find is not None

    assert ["73.01"] == find(np.array([119.45]), np.array([0.05]))


def test_a_pack_without_districts_knows_no_areas(tmp_path: Path) -> None:
    assert ward_finder(tmp_path) is None


def test_a_layer_that_is_none_is_said_to_be_none(pack: Path) -> None:
    (pack / WARDS).write_text('{"features": [{"properties": {}}]}')

    with pytest.raises(BadExtractError):
        ward_finder(pack)
