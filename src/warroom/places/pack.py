"""One reading of the files of a city pack: areas, names and layers."""

import gzip
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from shapely import STRtree
from shapely.errors import ShapelyError
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from warroom.kernel import profile
from warroom.places import rules
from warroom.places.contracts import (
    LAYERS,
    TILES,
    Area,
    AreaName,
    CityFacts,
    HowKnown,
    Layer,
    Place,
    Tiles,
)
from warroom.places.errors import BadPackError

MAX_FILE_BYTES = 256 << 20
NEAREST_KM = 20.0
"""Further than this from every outline, a position has no kecamatan."""

_KM_PER_DEGREE = 111.32


@dataclass(frozen=True, slots=True)
class _Ward:
    area: AreaName
    kecamatan: str
    outline: BaseGeometry | None
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class _Named:
    place: Place
    words: tuple[tuple[str, ...], ...]
    rank: int


class Pack:
    """One reading of the files; never changes afterwards."""

    def __init__(
        self, facts: CityFacts, collections: dict[str, "_File"], tiles: Tiles | None = None
    ) -> None:
        self.facts, self.tiles = facts, tiles
        self.layers = {name: file.layer for name, file in collections.items()}
        districts = collections["kecamatan"].features if "kecamatan" in collections else []
        self.kecamatan = [AreaName(*_code_and_name(f, "kecamatan")) for f in districts]
        self.kecamatan_by_word = {
            rules.key_of(word): area for area in self.kecamatan for word in (area.code, area.name)
        }
        self._outlines = [_geometry(f, "kecamatan") for f in districts]
        self._tree = STRtree(self._outlines)
        kelurahan = collections["kelurahan"].features if "kelurahan" in collections else []
        self.wards = [_ward(feature) for feature in kelurahan]
        self._wards_of: dict[str, list[_Ward]] = {}
        for ward in self.wards:
            self._wards_of.setdefault(ward.kecamatan, []).append(ward)
        self.named = self._names(collections)

    def area_of(self, lat: float, lon: float) -> Area | None:
        """As `Atlas.area_of`."""
        if not self._outlines or not (math.isfinite(lat) and math.isfinite(lon)):
            return None
        point = Point(lon, lat)
        inside = self._tree.query(point, predicate="intersects")
        how_known: HowKnown = "polygon"
        if len(inside):
            index = int(min(inside))
        else:
            nearest = self._tree.nearest(point)
            index, how_known = int(nearest), "nearest_centre"
            if self._outlines[index].distance(point) * _KM_PER_DEGREE > NEAREST_KM:
                return None
        district = self.kecamatan[index]
        ward, by_outline = self._ward_at(point, district.code)
        if ward is not None and not by_outline:
            how_known = "nearest_centre"
        return Area(district, ward.area if ward else None, how_known)

    def _ward_at(self, point: Point, kecamatan: str) -> tuple[_Ward | None, bool]:
        wards = self._wards_of.get(kecamatan, [])
        for ward in wards:
            if ward.outline is not None and ward.outline.intersects(point):
                return ward, True
        squeeze = math.cos(math.radians(point.y))

        def distance(ward: _Ward) -> float:
            return math.hypot((ward.lon - point.x) * squeeze, ward.lat - point.y)

        return (min(wards, key=distance), False) if wards else (None, False)

    def _names(self, collections: dict[str, "_File"]) -> list[_Named]:
        named = [
            _named(f"kecamatan:{area.code}", "kecamatan", area.name, self.facts.name, geometry, 0)
            for area, geometry in zip(self.kecamatan, self._outlines, strict=True)
        ]
        by_code = {area.code: area.name for area in self.kecamatan}
        for ward in self.wards:
            detail = _marked(0, by_code.get(ward.kecamatan, ward.kecamatan))
            point = Point(ward.lon, ward.lat)
            id_ = f"kelurahan:{ward.area.code}"
            named.append(_named(id_, "kelurahan", ward.area.name, detail, point, 1))
        for layer, rank in (("places", 2), ("roads", 3)):
            features = collections[layer].features if layer in collections else []
            found = [self._named_feature(layer, feature, rank) for feature in features]
            named.extend(one for one in found if one.place.name)
        return named

    def _named_feature(self, layer: str, feature: dict[str, Any], rank: int) -> _Named:
        properties = feature["properties"]
        geometry = _geometry(feature, layer)
        point = _middle(geometry) if layer == "roads" else geometry
        area = self.area_of(point.centroid.y, point.centroid.x)
        parts = []
        # A road is long: only an outline tells which ward its middle lies in.
        if area and area.kelurahan and (layer == "places" or area.how_known == "polygon"):
            parts.append(_marked(1, area.kelurahan.name))
        if area:
            parts.append(_marked(0, area.kecamatan.name))
        kind = "jalan" if layer == "roads" else str(properties.get("kind", "tempat"))
        id_ = f"{layer}:{properties.get('id', '')}"
        return _named(id_, kind, str(properties.get("name", "")), ", ".join(parts), point, rank)


def _marked(level: int, name: str) -> str:
    """A name behind the mark of its level: "Kec. Ujung Pandang" where the profile says so."""
    return f"{profile.current().area_marks[level]} {name}".strip()


def _unmarked(detail: str) -> str:
    for mark in filter(None, profile.current().area_marks):
        detail = detail.replace(mark, "")
    return detail


@dataclass(frozen=True, slots=True)
class _File:
    features: list[dict[str, Any]]
    layer: Layer


def _named(
    id_: str, kind: str, name: str, detail: str, geometry: BaseGeometry, rank: int
) -> _Named:
    centre = geometry.representative_point() if geometry.area else geometry.centroid
    words = rules.fold(name)
    # "Baru Ujung Pandang" must find the ward of that name in that district, and a kind typed in
    # front ("puskesmas kassi") must not hide it.
    alike: tuple[tuple[str, ...], ...] = (
        words,
        words + rules.fold(_unmarked(detail)),
    )
    alike += ((*rules.fold(kind), *words), ("".join(words[-2:]),))
    place = Place(id_, kind, name, detail, round(centre.y, 6), round(centre.x, 6), 0.0)
    return _Named(place, alike, rank)


def read_pack(folder: Path) -> Pack:
    """Reads a city pack.

    Raises:
        BadPackError: A file is missing, too large or not what it should be.
    """
    facts = _read_facts(folder / "city.json")
    collections = {
        name: _read_layer(folder / f"{name}.geojson")
        for name in LAYERS
        if (folder / f"{name}.geojson").is_file()
    }
    return Pack(facts, collections, _read_tiles(folder / f"{TILES}.pmtiles"))


def _read_facts(path: Path) -> CityFacts:
    try:
        return msgspec.json.decode(_read(path), type=CityFacts)
    except msgspec.ValidationError as error:
        raise BadPackError(file=path.name, problem=str(error)) from error
    except msgspec.DecodeError as error:
        raise BadPackError(file=path.name, problem="not JSON") from error


def _read_layer(path: Path) -> _File:
    content = _read(path)
    try:
        collection = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise BadPackError(file=path.name, problem="not JSON") from error
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or not all(
        isinstance(feature, dict) and isinstance(feature.get("properties"), dict)
        for feature in features
    ):
        raise BadPackError(file=path.name, problem="not a FeatureCollection")
    etag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    return _File(features, Layer(content, gzip.compress(content, 6, mtime=0), etag))


def _read_tiles(path: Path) -> Tiles | None:
    if not path.is_file():
        return None
    content = _read(path)
    if not content.startswith(b"PMTiles\x03"):
        raise BadPackError(file=path.name, problem="not PMTiles")
    # Strong, and of the content: parts of two packs are never put together, on whichever node.
    return Tiles(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadPackError(file=path.name, problem="too large")
        return path.read_bytes()
    except OSError as error:
        raise BadPackError(file=path.name, problem="cannot be read") from error


def _geometry(feature: dict[str, Any], name: str) -> BaseGeometry:
    try:
        geometry = shape(feature["geometry"])
    except (ShapelyError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise BadPackError(file=f"{name}.geojson", problem="geometry") from error
    if geometry.is_empty:
        raise BadPackError(file=f"{name}.geojson", problem="empty geometry")
    return geometry


def _middle(geometry: BaseGeometry) -> BaseGeometry:
    """A point half way along a road; of one in several pieces, along the longest."""
    longest = max(getattr(geometry, "geoms", (geometry,)), key=lambda line: float(line.length))
    return longest.interpolate(0.5, normalized=True)


def _code_and_name(feature: dict[str, Any], name: str) -> tuple[str, str]:
    properties = feature["properties"]
    code, label = properties.get("code"), properties.get("name")
    if not isinstance(code, str) or not isinstance(label, str):
        raise BadPackError(file=f"{name}.geojson", problem="code and name")
    return code, label


def _ward(feature: dict[str, Any]) -> _Ward:
    code, name = _code_and_name(feature, "kelurahan")
    geometry = _geometry(feature, "kelurahan")
    kecamatan = str(feature["properties"].get("kecamatan") or code.rpartition(".")[0])
    centre = geometry.centroid
    outline = geometry if geometry.area else None
    return _Ward(AreaName(code, name), kecamatan, outline, centre.y, centre.x)
