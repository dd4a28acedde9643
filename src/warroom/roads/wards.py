"""Where roads of a city drawn by hand lie: districts have outlines there, wards only centres."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from warroom.roads.errors import BadExtractError

DISTRICTS, WARDS = "kecamatan.geojson", "kelurahan.geojson"

type Found = NDArray[np.float64]


def ward_finder(folder: Path) -> Callable[[Found, Found], list[str]] | None:
    """Finds the ward of positions: that of the district they lie in whose centre is the nearest.

    A position outside of all districts has none (""); a district without wards is its own.

    Returns:
        None where the pack has no districts.

    Raises:
        BadExtractError: A layer cannot be read.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415 - decision 51

    districts = _read(folder / DISTRICTS)
    if not districts:
        return None
    codes = [code for code, _, _ in districts]
    tree = shapely.STRtree([outline for _, _, outline in districts])
    wards: dict[str, list[tuple[str, Any]]] = {}
    for code, district, centre in _read(folder / WARDS):
        wards.setdefault(district, []).append((code, centre.centroid))
    trees = {
        district: (
            [code for code, _ in members],
            cKDTree([_flat(centre.x, centre.y) for _, centre in members]),
        )
        for district, members in wards.items()
    }

    def find(lon: Found, lat: Found) -> list[str]:
        found = [""] * len(lon)
        points, inside = tree.query(shapely.points(lon, lat), predicate="intersects")
        # The first outline wins where two overlap: the lower index, as for a position.
        district_of = dict(sorted(zip(points.tolist(), inside.tolist(), strict=True), reverse=True))
        for point, district in district_of.items():
            code = codes[district]
            names, near = trees.get(code, ([code], None))
            at = (
                0
                if near is None
                else int(near.query(_flat(float(lon[point]), float(lat[point])))[1])
            )
            found[point] = names[at]
        return found

    return find


def _flat(lon: float, lat: float) -> tuple[float, float]:
    return float(lon * np.cos(np.radians(lat))), float(lat)


def _read(path: Path) -> list[tuple[str, str, Any]]:
    """Code, district and geometry of each area; nothing where the pack has no such layer.

    Raises:
        BadExtractError: The layer cannot be read.
    """
    try:
        features = msgspec.json.decode(path.read_bytes())["features"]
        return [
            (
                str(item["properties"]["code"]),
                str(item["properties"].get("kecamatan", "")),
                shapely.make_valid(shape(item["geometry"])),
            )
            for item in features
        ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadExtractError(file=path.name, problem="cannot be read") from error
    except (
        msgspec.DecodeError,
        KeyError,
        TypeError,
        ValueError,
        shapely.errors.ShapelyError,
    ) as error:
        raise BadExtractError(file=path.name, problem=str(error)[:200]) from error
