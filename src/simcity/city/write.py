"""Write the city as GeoJSON (RFC 7946), a routable network and a description."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simcity.city import tables
from simcity.city.areas import OUTSIDE, Areas, make_areas
from simcity.city.geometry import Ring, length_m, lonlat, point, points, rows
from simcity.city.network import Link, Network, Node, make_network
from simcity.city.roads import Road, make_roads
from simcity.city.signs import make_signs
from simcity.city.sites import Site, make_sites
from simcity.city.streets import make_streets

LICENCE = "Apache-2.0"
NOTE = "Skematik buatan tangan; posisi perkiraan, bukan hasil survei."
_ISLANDS = "15"  # Kepulauan Sangkarrang
_LOSARI_BEACH = "4062,1405 4073,1430 4078,1460 4075,1485"
Feature = dict[str, Any]


@dataclass(frozen=True, slots=True)
class City:
    """Everything computed from the tables."""

    areas: Areas
    roads: list[Road]
    network: Network
    sites: list[Site]


@dataclass(frozen=True, slots=True)
class Streams:
    """Where the cameras of the sites can be seen; `url` is the start of every address."""

    url: str
    username: str | None = None
    password: str | None = None
    transport: str = "tcp"
    has_sub: bool = False
    with_sub: frozenset[int] = frozenset()  # cameras that have one although others have none
    onvif: str | None = None  # where those that turn are asked to


def make_city() -> City:
    """Return the city; takes about a second."""
    areas, roads = make_areas(), make_roads()
    network = make_network(roads, make_streets(areas, roads))
    return City(areas, roads, network, make_sites(areas, roads, network))


def write_city(folder: Path, streams: Streams | None = None) -> City:
    """Write all files of the city into a folder; camera sites get their streams when given."""
    city = make_city()
    folder.mkdir(parents=True, exist_ok=True)
    layers = {
        "base": ("Pantai, pulau, sungai, kanal", _base(city.areas)),
        "kecamatan": ("15 kecamatan, batas kasar", _kecamatan(city.areas)),
        "kelurahan": ("153 kelurahan, titik tengah perkiraan", _kelurahan(city.areas)),
        "roads": ("Jalan bernama", _roads(city.roads)),
        "places": ("Tempat penting dan puskesmas", _places()),
        "cameras": ("468 titik kamera", _cameras(city.sites, streams)),
        "premises": ("Tempat dengan bahaya dan akses, karangan", _premises()),
    }
    for name, (title, features) in layers.items():
        (folder / f"{name}.geojson").write_text(_collection(name, title, features), "utf-8")
    (folder / "network.json").write_text(_network(city.network), encoding="utf-8")
    description = json.dumps(describe(city), ensure_ascii=False, indent=1)
    (folder / "city.json").write_text(description + "\n", encoding="utf-8")
    return city


def describe(city: City) -> dict[str, Any]:
    """Return name, time zone and extent of the city.

    `bounds` (west, south, east, north) are those of the mainland, which a map shows at first;
    `extent` takes in the islands far out.
    """
    areas = city.areas.kecamatan.values()
    mainland = [ring for area in areas if area.code != _ISLANDS for ring in area.rings]
    return {
        "name": "Makassar",
        "zone": "Asia/Makassar",
        "zone_label": "WITA",
        "domain": "makassar.simcity.invalid",
        "schematic": True,
        "label": "skematik",
        "bounds": _box(mainland),
        "extent": _box([ring for area in areas for ring in area.rings]),
        "center": lonlat(point("4250,1480")),
    }


def _box(rings: list[Ring]) -> list[float]:
    corners = [lonlat(p) for ring in rings for p in ring]
    lons, lats = [lon for lon, _ in corners], [lat for _, lat in corners]
    return [min(lons), min(lats), max(lons), max(lats)]


def _feature(geometry: str, coordinates: object, **properties: object) -> Feature:
    return {
        "type": "Feature",
        "geometry": {"type": geometry, "coordinates": coordinates},
        "properties": properties,
    }


def _collection(name: str, title: str, features: list[Feature]) -> str:
    """Return a FeatureCollection with one feature a line, so that differences can be read."""
    head = {
        "type": "FeatureCollection",
        "name": name,
        "title": title,
        "note": NOTE,
        "licence": LICENCE,
    }
    body = ",\n".join(_compact(feature) for feature in features)
    return json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [\n' + body + "\n]}\n"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _line(line: Ring) -> list[list[float]]:
    return [lonlat(p) for p in line]


def _closed(ring: Ring) -> list[list[float]]:
    return _line(ring + ring[:1])


def _code(kecamatan: str) -> str | None:
    return None if kecamatan == OUTSIDE else f"73.71.{kecamatan}"


def _base(areas: Areas) -> list[Feature]:
    features = [
        _feature("Polygon", [_closed(areas.land)], kind="land", name="Daratan"),
        _feature("LineString", _line(points(tables.COAST)), kind="coast", name="Garis pantai"),
        _feature("Point", lonlat(point("3700,1400")), kind="sea", name="Selat Makassar"),
        _feature("LineString", _line(points(_LOSARI_BEACH)), kind="beach", name="Pantai Losari"),
    ]
    for island in areas.islands:
        kecamatan = _code(island.kecamatan)
        features.append(
            _feature(
                "Polygon",
                [_closed(island.ring)],
                kind="island",
                name=island.name,
                kecamatan=kecamatan,
                kelurahan=f"{kecamatan}.{island.kelurahan}" if island.kelurahan else None,
            )
        )
    features += [
        _feature("LineString", _line(w.line), kind=w.kind, name=w.name, width_m=w.width_m)
        for w in areas.water
    ]
    return features


def _kecamatan(areas: Areas) -> list[Feature]:
    return [
        _feature(
            "MultiPolygon",
            [[_closed(ring)] for ring in area.rings],
            code=_code(area.code),
            name=area.name,
            office=lonlat(area.office),
        )
        for area in areas.kecamatan.values()
    ]


def _kelurahan(areas: Areas) -> list[Feature]:
    return [
        _feature("Point", lonlat(k.centre), code=k.code, name=k.name, kecamatan=_code(k.kecamatan))
        for k in areas.kelurahan
    ]


def _roads(roads: list[Road]) -> list[Feature]:
    return [
        _feature(
            "LineString",
            _line(road.line),
            id=road.id,
            name=road.name,
            **{"class": road.kind},
            lanes=road.lanes,
            oneway=road.is_oneway,
            kmh=road.kmh,
            width_m=road.width_m,
            level=road.level,
        )
        for road in roads
    ]


def _places() -> list[Feature]:
    features = [
        _feature(
            "Point", lonlat(point(at)), id=f"P{i:03d}", kind=kind, name=name, kecamatan=_code(k)
        )
        for i, (kind, name, k, at) in enumerate(rows(tables.PLACES), 1)
    ]
    for i, (k, name, at) in enumerate(rows(tables.PUSKESMAS), 1):
        label = f"Puskesmas {name}"
        where = lonlat(point(at))
        features.append(
            _feature(
                "Point", where, id=f"PKM{i:02d}", kind="puskesmas", name=label, kecamatan=_code(k)
            )
        )
    return features


def _premises() -> list[Feature]:
    """What a list of premises holds, in the words that people head its columns with."""
    return [
        _feature(
            "Point",
            lonlat(point(at)),
            jenis=kind,
            nama=name,
            alias=aliases,
            bahaya=dangers,
            keterangan_bahaya=hazards,
            akses=access,
            hidran=water,
        )
        for kind, name, aliases, at, dangers, hazards, access, water in rows(tables.PREMISES)
    ]


def _cameras(sites: list[Site], streams: Streams | None) -> list[Feature]:
    return [
        _feature(
            "Point",
            lonlat(site.at),
            number=number,
            name=site.name,
            kind=site.kind,
            owner=site.owner,
            ptz=site.is_ptz,
            bearing=site.bearing_deg,
            fov=site.fov_deg,
            range_m=site.range_m,
            height_m=site.height_m,
            kecamatan=_code(site.kecamatan),
            kelurahan=site.kelurahan,
            **_stream_properties(number, site, streams),
        )
        for number, site in enumerate(sites, 1)
    ]


def _stream_properties(number: int, site: Site, streams: Streams | None) -> dict[str, Any]:
    if streams is None:
        return {}
    url = f"{streams.url.rstrip('/')}/cam/{number}"
    properties: dict[str, Any] = {"url": f"{url}/main"}
    if streams.has_sub or number in streams.with_sub:
        properties["sub_url"] = f"{url}/sub"
    properties["transport"] = streams.transport
    if streams.username is not None:
        properties |= {"username": streams.username, "password": streams.password or ""}
    if streams.onvif and site.is_ptz:
        onvif = f"{streams.onvif.rstrip('/')}/cam/{number}/onvif/device_service"
        properties["control_url"] = onvif
    tags = [site.kind, *(["ptz"] if site.is_ptz else [])]
    return {**properties, "tags": tags, "simulated": True}


def _network(network: Network) -> str:
    index = {node: i for i, node in enumerate(network.nodes)}
    used = sorted({link.way for link in network.links})
    ways = {way: i for i, way in enumerate(used)}

    def order(link: Link) -> tuple[int, int, int]:
        return index[link.shape[0]], index[link.shape[-1]], link.way

    links: list[list[Any]] = []
    directed = 0
    for link in sorted(network.links, key=order):
        directions = 1 if network.ways[link.way].is_oneway else 2
        directed += directions
        start, *middle, end = link.shape
        between = [number for p, _ in middle for number in lonlat(p)]
        length = round(length_m([p for p, _ in link.shape]), 1)
        links.append([index[start], index[end], ways[link.way], length, directions, between])
    signs = make_signs(network)
    head = {
        "title": "Jaringan jalan skematik",
        "note": NOTE,
        "licence": LICENCE,
        "directed_edges": directed,
        "way_fields": ["id", "name", "class", "lanes", "kmh", "width_m", "level"],
        "link_fields": ["from", "to", "way", "length_m", "directions", "shape_between"],
    }
    blocks: list[tuple[str, list[Any]]] = [
        ("nodes", [_node_row(node) for node in network.nodes]),
        ("ways", [_way_row(network, way) for way in used]),
        ("links", links),
        ("signals", signs.signals),
        ("turn_bans", [list(ban) for ban in signs.turn_bans]),
    ]
    text = ",\n".join(
        f'"{name}": [\n' + ",\n".join(_compact(row) for row in lines) + "]"
        for name, lines in blocks
    )
    return json.dumps(head, ensure_ascii=False)[:-1] + ",\n" + text + "}\n"


def _node_row(node: Node) -> list[float]:
    return [*lonlat(node[0]), node[1]]


def _way_row(network: Network, index: int) -> list[object]:
    way = network.ways[index]
    return [way.id, way.name, way.kind, way.lanes, way.kmh, way.width_m, way.level]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `simcity city`."""
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument(
        "--cameras-rtsp", metavar="URL", help="rtsp://host:port of the simulated cameras"
    )
    parser.add_argument(
        "--cameras-onvif", metavar="URL", help="http://host:port where those that turn are asked"
    )
    parser.add_argument("--login", metavar="NAME:PASSWORD", help="of all cameras")
    parser.add_argument("--transport", choices=("tcp", "udp"), default="tcp")
    parser.add_argument("--sub", action="store_true", help="cameras have a sub-stream too")
    parser.add_argument("--hevc", default="", metavar="N,N", help="only these have one (H.264)")


def run(options: argparse.Namespace) -> int:
    """Write the city; return the exit code."""
    streams = None
    if options.cameras_rtsp:
        name, _, password = (options.login or "").partition(":")
        with_sub = frozenset(int(word) for word in options.hevc.split(",") if word.strip())
        streams = Streams(
            options.cameras_rtsp,
            name or None,
            password or None,
            options.transport,
            options.sub,
            with_sub,
            options.cameras_onvif,
        )
    city = write_city(options.out, streams)
    sys.stdout.write(
        f"{options.out}: {len(city.sites)} camera sites, {len(city.roads)} named roads, "
        f"{len(city.network.nodes)} crossings\n"
    )
    return 0
