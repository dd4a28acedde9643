"""An extract and the city's boundaries become a city pack, whole or not at all."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import msgspec
import shapely
import tzfpy
from shapely.geometry import mapping, shape

from warroom.kernel import profile
from warroom.roads.bans import place_on
from warroom.roads.contracts import BuildReport, Floats, RawNetwork, RoadGraph
from warroom.roads.errors import BadBoundariesError, NotEmptyError
from warroom.roads.graph import AreaFinder, build_graph, count_length_km
from warroom.roads.layers import Drawn, Feature, draw_roads, feature, read_drawn
from warroom.roads.osm import read_extract
from warroom.roads.pack import FILE, save_graph
from warroom.roads.tiles import Bounds, make_tiles

ATTRIBUTION = "© OpenStreetMap contributors"
"""To be shown on every map (ODbL 1.0, 4.3)."""

_CODES = ("code", "kode", "kelurahan_code")
_NAMES = ("name", "nama", "kelurahan")
_DISTRICT_CODES = ("district_code", "kecamatan_code")
_DISTRICTS = ("district", "kecamatan")

type Said = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CityPlan:
    """What a pack is made of.

    Attributes:
        osm: OpenStreetMap extract, `.osm.pbf`.
        boundaries: GeoJSON of kelurahan (code, name, outline); None where there is none.
        out: Folder of the pack; a pack that is there is replaced.
        name: What the city is called; empty: as its profile says.
        zone: IANA time zone; empty: that of the middle of the map.
        tiles: Whether land use, water and buildings are made into tiles where that can be.
    """

    osm: Path
    boundaries: Path | None
    out: Path
    name: str
    zone: str
    tiles: bool = False


@dataclass(frozen=True, slots=True)
class _Ward:
    code: str
    name: str
    kecamatan: str
    kecamatan_name: str
    outline: shapely.Geometry


def build_city(plan: CityPlan, say: Said = lambda _: None) -> BuildReport:
    """Builds the pack beside its place and moves it there when it is whole.

    Args:
        plan: From what, and where to.
        say: Told what is being done.

    Raises:
        BadExtractError: The extract is absent, damaged, or cut off.
        NoRoadsError: It holds no road.
        BadBoundariesError: The boundaries are not outlines with codes and names.
        NotEmptyError: `out` holds something that is no city pack.
    """
    if plan.out.exists() and any(plan.out.iterdir()) and not (plan.out / "city.json").is_file():
        raise NotEmptyError(folder=plan.out.name)
    wards = _read_wards(plan.boundaries) if plan.boundaries else []
    say("reading")
    raw = read_extract(plan.osm)
    drawn = read_drawn(plan.osm)
    say("joining")
    graph = build_graph(raw, _finder(wards))
    plan.out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = plan.out.parent / f".{plan.out.name}.{uuid4().hex[:8]}"
    unfinished.mkdir()
    try:
        say("writing")
        _write(plan, unfinished, graph, drawn, wards)
        report = _report(graph, raw)
        if plan.tiles:
            say("tiling")
            report = replace(report, tiles=make_tiles(plan.osm, unfinished, _bounds(graph)))
        (unfinished / "report.json").write_bytes(msgspec.json.encode(report.as_json()))
        _put(unfinished, plan.out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return report


def _put(made: Path, out: Path) -> None:
    former = made.with_name(made.name + ".old")
    if out.exists():
        out.rename(former)
    made.rename(out)
    shutil.rmtree(former, ignore_errors=True)


def _report(graph: RoadGraph, raw: RawNetwork) -> BuildReport:
    unplaced = place_on(graph, raw.rules).unplaced
    ignored = raw.ignored | ({"turn_restrictions_unplaced": unplaced} if unplaced else {})
    return BuildReport(
        junctions=graph.junctions,
        edges=int((~graph.contraflow).sum()),
        turns=len(graph.turn_from),
        banned_turns=int(graph.turn_banned.sum()),
        banned_chains=len(graph.chains),
        length_km=round(count_length_km(graph), 1),
        named_roads=len(graph.names) - 1,
        ignored=ignored,
    )


def _write(
    plan: CityPlan, folder: Path, graph: RoadGraph, drawn: Drawn, wards: list[_Ward]
) -> None:
    save_graph(graph, folder / FILE)
    layers: dict[str, list[Feature]] = {
        "base": drawn.base,
        "places": drawn.places,
        "roads": draw_roads(graph),
    }
    if wards:
        land = shapely.union_all([ward.outline for ward in wards])
        layers["base"].insert(0, feature(*_geometry(land), kind="land", name=_name(plan)))
        layers["kelurahan"] = [
            feature(*_geometry(w.outline), code=w.code, name=w.name, kecamatan=w.kecamatan)
            for w in wards
        ]
        layers["kecamatan"] = _districts(wards)
    for name, features in layers.items():
        collection = {"type": "FeatureCollection", "name": name, "features": features}
        (folder / f"{name}.geojson").write_bytes(msgspec.json.encode(collection))
    (folder / "city.json").write_bytes(msgspec.json.encode(_facts(plan, graph)))


def _bounds(graph: RoadGraph) -> Bounds:
    lon, lat = graph.node_lon, graph.node_lat
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _facts(plan: CityPlan, graph: RoadGraph) -> dict[str, Any]:
    west, south, east, north = _bounds(graph)
    zone = plan.zone or zone_at((south + north) / 2, (west + east) / 2)
    return {
        "name": _name(plan),
        "zone": zone,
        "zone_label": _zone_label(zone),
        "schematic": False,
        "bounds": [west, south, east, north],
        "center": [(west + east) / 2, (south + north) / 2],
        "label": ATTRIBUTION,
    }


def zone_at(lat: float, lon: float) -> str:
    """The IANA time zone of a position, by the outlines of all zones."""
    return tzfpy.get_tz(lon, lat) or "UTC"


def _name(plan: CityPlan) -> str:
    return plan.name or str(profile.current().sections.get("city", {}).get("name", ""))


def _zone_label(zone: str) -> str:
    """The profile's word for its own zone; another is called as its clocks say."""
    own = profile.current().sections.get("city", {})
    return str(own.get("zone_label", "")) if own.get("zone") == zone else ""


def _geometry(geometry: shapely.Geometry) -> tuple[str, object]:
    found: dict[str, Any] = mapping(cast("Any", geometry))
    return found["type"], found["coordinates"]


def _districts(wards: list[_Ward]) -> list[Feature]:
    members: dict[str, list[_Ward]] = {}
    for ward in wards:
        members.setdefault(ward.kecamatan, []).append(ward)
    return [
        feature(
            *_geometry(shapely.union_all([ward.outline for ward in group])),
            code=code,
            name=group[0].kecamatan_name,
        )
        for code, group in sorted(members.items())
    ]


def _read_wards(path: Path) -> list[_Ward]:
    try:
        collection = msgspec.json.decode(path.read_bytes())
        wards = [_ward(item) for item in collection["features"]]
    except OSError as error:
        raise BadBoundariesError(file=path.name, problem="cannot be read") from error
    except msgspec.DecodeError as error:
        raise BadBoundariesError(file=path.name, problem="not JSON") from error
    except (KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as error:
        raise BadBoundariesError(file=path.name, problem=str(error)[:200]) from error
    if not wards:
        raise BadBoundariesError(file=path.name, problem="empty")
    return wards


def _ward(item: dict[str, Any]) -> _Ward:
    properties = item["properties"]
    code, name = _said(properties, _CODES), _said(properties, _NAMES)
    if code is None or name is None:
        message = f"no {'code' if code is None else 'name'}"
        raise ValueError(message)
    outline = shapely.make_valid(shape(item["geometry"]))
    if outline.is_empty or not outline.area:
        message = f"{code}: no outline"
        raise ValueError(message)
    district = _said(properties, _DISTRICT_CODES) or code.rpartition(".")[0] or code
    return _Ward(code, name, district, _said(properties, _DISTRICTS) or district, outline)


def _said(properties: dict[str, Any], words: tuple[str, ...]) -> str | None:
    return next((str(properties[word]) for word in words if properties.get(word)), None)


def _finder(wards: list[_Ward]) -> AreaFinder | None:
    if not wards:
        return None
    tree = shapely.STRtree([ward.outline for ward in wards])

    def find(lon: Floats, lat: Floats) -> list[str]:
        codes = [""] * len(lon)
        points, inside = tree.query(shapely.points(lon, lat), predicate="intersects")
        # The first outline wins where two overlap: the lower index, as for a position.
        for point, ward in sorted(zip(points.tolist(), inside.tolist(), strict=True), reverse=True):
            codes[point] = wards[ward].code
        return codes

    return find
