"""What the map draws beside the roads: water, and places with a name, from the same extract."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import osmium
import shapely

from warroom.roads.contracts import CLASS_INDEX, RoadGraph
from warroom.roads.errors import BadExtractError
from warroom.roads.schematic import KIND_OF_CLASS

type Feature = dict[str, Any]

_KIND_OF_AMENITY = {
    "hospital": "rumah sakit",
    "clinic": "klinik",
    "police": "polisi",
    "fire_station": "damkar",
    "marketplace": "pasar",
    "university": "universitas",
    "college": "universitas",
    "school": "sekolah",
    "place_of_worship": "ibadah",
    "townhall": "pemerintah",
    "bus_station": "terminal",
    "ferry_terminal": "pelabuhan",
}
_WATERWAYS = {"river": "river", "canal": "canal"}
_DRAWN = {
    **KIND_OF_CLASS,
    **{
        CLASS_INDEX[name]: kind
        for name, kind in (
            ("trunk", "primer"), ("trunk_link", "ramp"), ("primary_link", "ramp"),
            ("secondary_link", "ramp"), ("tertiary_link", "ramp"), ("unclassified", "lokal"),
            ("living_street", "lokal"), ("service", "lokal"), ("road", "lokal"),
        )
    },
}  # fmt: skip


class Drawn(NamedTuple):
    """Features of the layers `base` and `places`."""

    base: list[Feature]
    places: list[Feature]


def read_drawn(path: Path) -> Drawn:
    """Water and named places of an extract.

    Raises:
        BadExtractError: It cannot be read.
    """
    drawn = Drawn([], [])
    keys = osmium.filter.KeyFilter("amenity", "natural", "waterway")
    try:
        for item in osmium.FileProcessor(str(path)).with_locations().with_filter(keys):
            _take(item, drawn)
    except (RuntimeError, OSError, ValueError) as error:
        raise BadExtractError(file=path.name, problem=str(error).replace(str(path), "")) from error
    return drawn


def _take(item: Any, drawn: Drawn) -> None:
    if isinstance(item, osmium.osm.Node):
        if item.location.valid():
            _take_place(item, [(item.location.lon, item.location.lat)], drawn)
        return
    if not isinstance(item, osmium.osm.Way):
        return
    line = [(n.location.lon, n.location.lat) for n in item.nodes if n.location.valid()]
    if len(line) < 2:
        return
    _take_place(item, line, drawn)
    name, is_ring = item.tags.get("name", ""), line[0] == line[-1] and len(line) > 3
    if item.tags.get("natural") == "water" and is_ring:
        drawn.base.append(feature("Polygon", [rounded(line)], kind="lake", name=name))
    elif item.tags.get("natural") == "coastline":
        drawn.base.append(feature("LineString", rounded(line), kind="coast", name=name))
    elif (kind := _WATERWAYS.get(item.tags.get("waterway") or "")) is not None:
        drawn.base.append(
            feature(
                "LineString",
                rounded(line),
                kind=kind,
                name=name,
                width_m=12 if kind == "river" else 6,
            )
        )


def _take_place(item: Any, line: list[tuple[float, float]], drawn: Drawn) -> None:
    name = (item.tags.get("name") or "").strip()
    kind = _KIND_OF_AMENITY.get(item.tags.get("amenity", ""))
    if not name or kind is None:
        return
    if kind == "klinik" and "puskesmas" in name.casefold():
        kind = "puskesmas"
    middle = (sum(lon for lon, _ in line) / len(line), sum(lat for _, lat in line) / len(line))
    id_ = f"{'n' if isinstance(item, osmium.osm.Node) else 'w'}{item.id}"
    drawn.places.append(feature("Point", rounded([middle])[0], id=id_, kind=kind, name=name[:200]))


def draw_roads(graph: RoadGraph) -> list[Feature]:
    """One feature for each road of a name in each area, its pieces joined; both directions once.

    A road that passes several kelurahan is found in each of them, and twins of one name are told
    apart by where they are. Roads without a name are drawn together, by area and class.
    """
    alike: dict[tuple[Any, ...], list[int]] = {}
    for edge in np.flatnonzero(np.arange(graph.edges) < graph.twin).tolist():
        twin = int(graph.twin[edge])
        is_oneway = bool(graph.contraflow[edge] | graph.contraflow[twin])
        look = (
            graph.name_of(edge),
            int(graph.area[edge]),
            _DRAWN[int(graph.road_class[edge])],
            int(graph.lanes[edge]) * (1 if is_oneway else 2),
            is_oneway,
            round(float(graph.free_kmh[edge])),
            round(float(graph.width_m[edge]), 1),
            max(0, int(graph.level[edge])),
        )
        alike.setdefault(look, []).append(edge)
    return [_drawn_road(graph, look, edges) for look, edges in alike.items()]


def _drawn_road(graph: RoadGraph, look: tuple[Any, ...], edges: list[int]) -> Feature:
    name, _, kind, lanes, is_oneway, kmh, width_m, level = look
    pieces: Any = [shapely.linestrings(graph.points(edge)) for edge in edges]
    joined = shapely.line_merge(shapely.multilinestrings(pieces))
    lines = [rounded(shapely.get_coordinates(line).tolist()) for line in shapely.get_parts(joined)]
    return feature(
        "MultiLineString" if len(lines) > 1 else "LineString",
        lines if len(lines) > 1 else lines[0],
        id=graph.key_of(edges[0]),
        name=name,
        **{"class": kind},
        lanes=lanes,
        oneway=is_oneway,
        kmh=kmh,
        width_m=width_m,
        level=level,
    )


def feature(geometry: str, coordinates: object, **properties: object) -> Feature:
    """A GeoJSON feature (RFC 7946)."""
    return {
        "type": "Feature",
        "geometry": {"type": geometry, "coordinates": coordinates},
        "properties": properties,
    }


def rounded(line: Iterable[Any]) -> list[list[float]]:
    """Positions to a tenth of a metre."""
    return [[round(lon, 6), round(lat, 6)] for lon, lat in line]
