"""The vehicles of the city that tell where they are: engines, ambulances, patrols, buses, taxis.

Stations are of their real kind (`places.geojson`); numbers, crews and sizes are made up, in the
range of what such cities have.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FIELDS = ("name", "kind", "agency", "plate", "station", "place", "capabilities", "crew",
          "width_m", "height_m", "device", "tags", "simulated", "notes")  # fmt: skip

_TAXIS = 90


@dataclass(frozen=True, slots=True)
class Kind:
    """What vehicles of a kind are like.

    Attributes:
        pace: Speed as part of that of the others.
        out: Part of them that is under way at any time.
        every_s: Seconds between two positions when it drives.
    """

    kind: str
    agency: str
    prefix: str
    capabilities: str
    crew: int
    width_m: float
    height_m: float
    pace: float = 1.0
    out: float = 0.3
    every_s: int = 5


KINDS = {
    "engine": Kind("engine", "Damkar", "Damkar", "pump rescue", 6, 2.5, 3.2, 1.15, 0.15),
    "small_engine": Kind("engine", "Damkar", "Damkar Lorong", "pump", 4, 1.9, 2.4, 1.15, 0.15),
    "ladder": Kind("ladder", "Damkar", "Tangga", "ladder rescue", 4, 2.55, 3.6, 1.0, 0.1),
    "tanker": Kind("tanker", "Damkar", "Tangki", "water", 3, 2.5, 3.1, 0.95, 0.15),
    "ambulance": Kind("ambulance", "Dinkes", "Ambulans", "als", 3, 2.0, 2.5, 1.2, 0.4),
    "patrol": Kind("patrol", "Polrestabes", "Patroli", "traffic", 2, 1.8, 1.6, 1.05, 0.7),
    "dishub": Kind("dishub", "Dishub", "Dishub", "tow traffic", 4, 2.0, 2.2, 1.0, 0.5),
    "relief": Kind("relief", "BPBD", "BPBD", "evacuate", 6, 2.3, 3.0, 1.0, 0.2),
    "pump_truck": Kind("pump_truck", "Dinas PU", "Pompa PU", "drain", 3, 2.3, 2.8, 0.9, 0.2),
    "power": Kind("power", "PLN", "PLN", "power", 3, 2.0, 2.6, 1.0, 0.3),
    "bus": Kind("bus", "Dishub", "Trans Mamminasata", "", 2, 2.5, 3.2, 0.9, 1.0, 15),
    "petepete": Kind("petepete", "Dishub", "Pete-pete", "", 1, 1.7, 1.9, 0.95, 1.0, 15),
    "taxi": Kind("taxi", "Dishub", "Taksi", "", 1, 1.7, 1.5, 1.0, 1.0, 15),
    "fire_boat": Kind("fire_boat", "Damkar", "Kapal Damkar", "pump water", 5, 3.2, 3.0, 1, 0.5),
    "boat": Kind("boat", "Polrestabes", "Polair", "rescue water", 4, 2.6, 2.5, 1.0, 0.7),
}

LINES: dict[str, tuple[str, ...]] = {
    "Koridor 1": ("Terminal Mallengkeri", "Pasar Pa'baeng-Baeng", "Mako Damkar Jl. Dr. Ratulangi",
                  "Balai Kota Makassar", "Pasar Sentral Makassar"),
    "Koridor 2": ("Terminal Regional Daya", "RSUP Dr. Wahidin Sudirohusodo", "RS Ibnu Sina",
                  "Kantor Gubernur Sulawesi Selatan", "Balai Kota Makassar"),
    "Koridor 3": ("Terminal Mallengkeri", "DPRD Kota Makassar", "Polsek Panakkukang",
                  "Pasar Karuwisi", "Pelabuhan Soekarno-Hatta"),
    "05": ("Pasar Sentral Makassar", "Polsek Makassar", "Pasar Pa'baeng-Baeng",
           "RSUD Haji Makassar"),
    "07": ("Pasar Antang", "Pasar Toddopuli", "DPRD Kota Makassar", "Pasar Maricaya",
           "Pasar Sentral Makassar"),
    "D": ("Pasar Daya", "Polsek Tamalanrea", "RS Universitas Hasanuddin", "RS Ibnu Sina",
          "Pasar Terong", "Pasar Sentral Makassar"),
}  # fmt: skip
"""Lines by the places they pass, there and back; schematic."""

_SAILS = {
    "Pelabuhan Paotere": ((119.4198, -5.1096), (119.4000, -5.0900), (119.3600, -5.0700),
                          (119.3300, -5.0500)),
    "Dermaga Kayu Bangkoa": ((119.4064, -5.1392), (119.3980, -5.1350), (119.3900, -5.1330),
                             (119.3700, -5.1400)),
}  # fmt: skip
"""Ways over water that boats go up and down, by the pier they lie at."""


@dataclass(frozen=True, slots=True)
class Member:
    """One vehicle.

    Attributes:
        lon, lat: Its station.
        line: Names of the places that it drives to, in turn; empty goes anywhere.
        sail: Its way over water; empty drives.
    """

    name: str
    sort: str
    station: str
    place: str
    lon: float
    lat: float
    device: str
    line: tuple[str, ...] = ()
    sail: tuple[tuple[float, float], ...] = field(default=())

    @property
    def like(self) -> Kind:
        """What it is like."""
        return KINDS[self.sort]


def make_fleet(folder: Path) -> list[Member]:
    """The vehicles of a city folder, always the same."""
    features = json.loads((folder / "places.geojson").read_text("utf-8"))["features"]
    places = {one["properties"]["name"]: one for one in features}
    numbers: dict[str, int] = {}
    fleet: list[Member] = []
    for sort, station, line, sail in _wanted(features):
        numbers[sort] = numbers.get(sort, 0) + 1
        at = places[station]
        lon, lat = at["geometry"]["coordinates"]
        name = f"{KINDS[sort].prefix} {numbers[sort]:02d}"
        if line:
            name += f" ({line})"
        code = at["properties"]["kecamatan"] or "73.71"
        device = f"sim-{sort.replace('_', '-')}-{numbers[sort]:02d}"
        way = LINES[line] if line else ()
        fleet.append(Member(name, sort, station, code, lon, lat, device, way, sail))
    return fleet


type _Wanted = tuple[str, str, str, tuple[tuple[float, float], ...]]


_IN_FLOODS = (
    *(("relief", "Balai Kota Makassar"), ("relief", "Terminal Regional Daya")),
    *(("pump_truck", "Balai Kota Makassar"), ("pump_truck", "TPA Tamangapa")),
    *(("power", "PLTU Tello"), ("power", "PLTU Tello")),
)
"""Sort and station of those that a flood and a power cut need."""


def _wanted(features: list[dict[str, Any]]) -> Iterator[_Wanted]:
    """Sort, station, line and way over water of each vehicle."""
    of: dict[str, list[str]] = {}
    for one in features:
        of.setdefault(one["properties"]["kind"], []).append(one["properties"]["name"])
    yield from ((sort, station, "", ()) for sort, station in _stationed(of))
    for line, stops in LINES.items():
        sort = "bus" if line.startswith("Koridor") else "petepete"
        for number in range(8):
            yield sort, stops[number % len(stops)], line, ()
    hubs = [*of["terminal"], *of["pasar"], *of["rumah sakit"]]
    for number in range(_TAXIS):
        yield "taxi", hubs[number % len(hubs)], "", ()
    for number, (pier, sail) in enumerate(_SAILS.items()):
        yield ("boat" if number % 2 else "fire_boat"), pier, "", sail
        yield "boat", pier, "", sail[::-1]
    for sort, station in _IN_FLOODS:
        yield sort, station, "", ()


def _stationed(of: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Sort and station of those that are sent out, by places of each kind."""
    for number, station in enumerate(of["damkar"]):
        yield "engine", station
        yield ("small_engine" if number % 2 else "tanker"), station
    yield "engine", of["damkar"][0]
    yield "ladder", of["damkar"][0]
    for station in ("PSC 119 Makassar", *of["rumah sakit"][:9]):
        yield "ambulance", station
    for station in of["polisi"]:
        yield "patrol", station
    for station in ("Dinas Perhubungan Kota Makassar", *of["terminal"]):
        yield from (("dishub", station) for _ in range(3))


def as_csv(fleet: list[Member]) -> str:
    """The vehicles as rows for an import; `FIELDS` tells the columns."""
    out = io.StringIO()
    rows = csv.DictWriter(out, FIELDS, lineterminator="\n")
    rows.writeheader()
    for one in fleet:
        like = one.like
        rows.writerow(
            {
                "name": one.name, "kind": like.kind, "agency": like.agency, "plate": "",
                "station": one.station, "place": one.place, "capabilities": like.capabilities,
                "crew": like.crew, "width_m": like.width_m, "height_m": like.height_m,
                "device": one.device, "tags": "probe" if one.sort == "taxi" else "",
                "simulated": "true", "notes": "Simulasi; bukan kendaraan nyata.",
            }
        )  # fmt: skip
    return out.getvalue()
