"""The 468 camera sites: offices, markets, clinics, crossings, then along the named roads."""

import math
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from simcity.city import tables
from simcity.city.areas import OUTSIDE, Areas
from simcity.city.geometry import (
    Point,
    Segments,
    bearing_deg,
    distance_m,
    point,
    points,
    rows,
)
from simcity.city.network import Network, Node
from simcity.city.roads import Road

COUNT = 468
_AT_CROSSINGS = 372  # sites when crossings are done; the rest stand along the roads
_RANK = {"primer": 4, "sekunder": 2, "tersier": 1}
_LARGE = 14  # the ranks of the arms of a crossing that gets two cameras
_PTZ_SHARE = 0.44
_BALAI_KOTA = (
    "Gerbang Depan",
    "Lobi",
    "Halaman Timur",
    "Parkir",
    "Gerbang Belakang",
    "Menara",
    "Pos Jaga",
    "Halaman Barat",
)
_LOSARI = "4070,1405 4076,1420 4080,1433 4082,1446 4084,1458 4086,1470 4087,1480 4088,1488"
# least distance to another camera, and the classes of road along which cameras stand
_ROUNDS = (
    (420, ("primer",)),
    (520, ("sekunder",)),
    (250, ("primer",)),
    (300, ("sekunder",)),
    (400, ("tersier",)),
    (200, ("primer", "sekunder")),
)
_EVERY_M = 60


@dataclass(frozen=True, slots=True)
class Site:
    """A camera site. `kind` is what it looks at; `kecamatan` has two digits."""

    name: str
    at: Point
    bearing_deg: int
    owner: str
    is_ptz: bool
    kind: str
    fov_deg: int
    range_m: int
    height_m: float
    kecamatan: str
    kelurahan: str


@dataclass(frozen=True, slots=True)
class _Crossing:
    rank: int
    at: Node
    names: list[str]
    arms: list[tuple[int, int]]  # bearing, way


def make_sites(areas: Areas, roads: list[Road], network: Network) -> list[Site]:
    """Return all camera sites, in the order of their numbers."""
    return _Placer(areas, roads, network).place()


class _Placer:
    def __init__(self, areas: Areas, roads: list[Road], network: Network) -> None:
        self._areas, self._roads, self._network = areas, roads, network
        self._rng = random.Random("kamera")  # noqa: S311 - reproducible
        self._sites: list[Site] = []
        self._surface: Segments[str] = Segments()
        for road in roads:
            if road.level == 0:
                self._surface.add_line(road.line, road.id)

    def place(self) -> list[Site]:
        self._at_offices()
        self._at_places()
        self._at_crossings()
        self._along_roads()
        return _with_own_names(self._sites)

    def _add(
        self,
        name: str,
        at: Point,
        bearing: float,
        owner: str,
        kind: str = "jalan",
        *,
        is_ptz: bool | None = None,
        kecamatan: str | None = None,
    ) -> None:
        rng = self._rng
        ptz = rng.random() < _PTZ_SHARE if is_ptz is None else is_ptz
        code = kecamatan or self._areas.kecamatan_at(at)
        if code == OUTSIDE:
            return
        own = [k for k in self._areas.kelurahan if k.kecamatan == code]
        kelurahan = min(own, key=lambda k: distance_m(at, k.centre))
        fov = rng.choice((58, 62, 66)) if ptz else rng.choice((72, 84, 90, 102))
        reach = rng.choice((500, 800, 1000, 1500, 3000) if ptz else (60, 80, 100, 120, 150))
        height = round(rng.uniform(8, 14), 1) if ptz else round(rng.uniform(4.5, 7), 1)
        self._sites.append(
            Site(
                name=name,
                at=at,
                bearing_deg=round(bearing) % 360,
                owner=owner,
                is_ptz=ptz,
                kind=kind,
                fov_deg=fov,
                range_m=reach,
                height_m=height,
                kecamatan=code,
                kelurahan=kelurahan.code,
            )
        )

    def _road_bearing(self, p: Point) -> int:
        hit = self._surface.nearest(p, 700)
        return bearing_deg(hit.a, hit.b) if hit else 0

    def _ring(
        self,
        name: str,
        centre: Point,
        owner: str,
        radius_m: float,
        labels: tuple[str, ...],
        kecamatan: str,
    ) -> None:
        for i, label in enumerate(labels):
            angle = 2 * math.pi * i / len(labels)
            at = (centre[0] + radius_m * math.cos(angle), centre[1] + radius_m * math.sin(angle))
            bearing = 360 * self._rng.random()
            self._add(f"{name} {label}", at, bearing, owner, "kantor", kecamatan=kecamatan)

    def _at_offices(self) -> None:
        spot = {name: point(at) for _, name, _, at in rows(tables.PLACES)}
        city_hall, police = spot["Balai Kota Makassar"], spot["Polrestabes Makassar"]
        self._ring("Balai Kota", city_hall, "Diskominfo", 45, _BALAI_KOTA, "04")
        self._ring("Polrestabes", police, "Polrestabes", 30, ("Gerbang", "Halaman"), "05")
        for i, p in enumerate(points(_LOSARI)):
            name, bearing = f"Anjungan Losari {i + 1}", (170, 350)[i % 2]
            is_ptz = i % 2 == 0
            self._add(name, p, bearing, "Diskominfo", "wisata", is_ptz=is_ptz, kecamatan="04")
        field = spot["Lapangan Karebosi"]
        sides = ("Timur", "Utara", "Barat", "Selatan")
        self._ring("Lapangan Karebosi", field, "Diskominfo", 110, sides, "04")

    def _at_places(self) -> None:
        for kind, name, code, text in rows(tables.PLACES):
            if code != OUTSIDE and kind in {"pasar", "pelabuhan", "terminal"}:
                at, owner = point(text), "Dishub" if kind == "terminal" else "Diskominfo"
                self._add(name, at, self._road_bearing(at), owner, kind, kecamatan=code)
        for code, area in self._areas.kecamatan.items():
            self._add(
                f"Kantor Kecamatan {area.name}",
                area.office,
                self._road_bearing(area.office),
                f"Kecamatan {area.name}",
                "kantor",
                is_ptz=False,
                kecamatan=code,
            )
        for code, name, text in rows(tables.PUSKESMAS):
            at = point(text)
            bearing = (self._road_bearing(at) + 90) % 360
            label = f"Puskesmas {name}, pintu masuk"
            self._add(label, at, bearing, "Dinkes", "puskesmas", is_ptz=False, kecamatan=code)

    def _crossings(self) -> list[_Crossing]:
        """Return the crossings of different named roads, largest first."""
        ways = self._network.ways
        arms: defaultdict[Node, list[tuple[int, int]]] = defaultdict(list)
        for link in self._network.links:
            shape = link.shape
            for node, beside in ((shape[0], shape[1]), (shape[-1], shape[-2])):
                if node[1] == 0 and ways[link.way].kind in _RANK:
                    arms[node].append((bearing_deg(node[0], beside[0]), link.way))
        found = []
        for node, at in arms.items():
            names = sorted({ways[way].name for _, way in at})
            if len(at) >= 3 and len(names) >= 2:
                rank = sum(_RANK[ways[way].kind] for _, way in at)
                found.append(_Crossing(rank, node, names, at))
        return sorted(found, key=lambda c: (-c.rank, c.at[0], c.at, c.names, c.arms))

    def _at_crossings(self) -> None:
        taken: list[Point] = []
        for crossing in self._crossings():
            if len(self._sites) >= _AT_CROSSINGS:
                break
            at = crossing.at[0]
            if any(distance_m(at, other) < 90 for other in taken):
                continue
            taken.append(at)
            bearing = min(crossing.arms, key=lambda arm: (-self._rank(arm[1]), arm[0]))[0]
            owner = self._rng.choice(("Dishub", "Dishub", "Polrestabes", "Diskominfo"))
            label = self._label(crossing)
            self._add(label, at, bearing, owner, "simpang")
            if crossing.rank >= _LARGE and len(self._sites) < _AT_CROSSINGS:
                self._add(f"{label} 2", at, (bearing + 180) % 360, "Polrestabes", "simpang")

    def _rank(self, way: int) -> int:
        return _RANK[self._network.ways[way].kind]

    def _label(self, crossing: _Crossing) -> str:
        if "Fly Over Urip Sumoharjo" in crossing.names:
            return "Ujung Fly Over Urip Sumoharjo"
        # a name that two classes of road carry counts as what the last arm is
        ranks = {self._network.ways[way].name: self._rank(way) for _, way in crossing.arms}
        first, second, *_ = sorted(ranks, key=lambda name: (-ranks[name], name))
        return f"Simpang {first} - {second.removeprefix('Jl. ')}"

    def _along_roads(self) -> None:
        for gap_m, kinds in _ROUNDS:
            for road in self._roads:
                if road.kind in kinds:
                    for km, at, bearing in _milestones(road):
                        if len(self._sites) >= COUNT:
                            return
                        if all(distance_m(at, site.at) > gap_m for site in self._sites):
                            label = f"{road.name} km " + f"{km:.1f}".replace(".", ",")
                            owners = ("Diskominfo", "Diskominfo", "Dishub", "Polrestabes")
                            self._add(label, at, bearing, self._rng.choice(owners))


def _milestones(road: Road) -> Iterator[tuple[float, Point, int]]:
    """Yield kilometre, point and bearing every 60 m of each piece of a road."""
    run_m = 0.0
    for a, b in pairwise(road.line):
        length = distance_m(a, b)
        for t in range(1, int(length // _EVERY_M) + 1):
            at = (
                a[0] + (b[0] - a[0]) * t * _EVERY_M / length,
                a[1] + (b[1] - a[1]) * t * _EVERY_M / length,
            )
            yield (run_m + t * _EVERY_M) / 1000, at, bearing_deg(a, b)
        run_m += length


def _with_own_names(sites: list[Site]) -> list[Site]:
    """Return the sites with numbered names where two would carry the same."""
    seen: defaultdict[str, int] = defaultdict(int)
    own = []
    for site in sites:
        seen[site.name] += 1
        count = seen[site.name]
        own.append(replace(site, name=f"{site.name} ({count})") if count > 1 else site)
    return own
