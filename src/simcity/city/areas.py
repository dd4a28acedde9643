"""Land, water, islands, kecamatan, and the centres of the kelurahan."""

import random
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from simcity.city import tables
from simcity.city.geometry import (
    Point,
    Ring,
    between,
    blob,
    distance_m,
    is_inside,
    length_m,
    nearest_on,
    point,
    points,
    rows,
)

OUTSIDE = "00"  # of the city
_FIELD = 48  # sample points along each side of a kecamatan's box
_NEAR_M = 400.0  # a point this near to a kecamatan belongs to it


@dataclass(frozen=True, slots=True)
class Water:
    """A river, canal or lake along a centre line."""

    name: str
    kind: str
    width_m: float
    line: Ring


@dataclass(frozen=True, slots=True)
class Island:
    """An island; `kelurahan` is None where nobody lives."""

    name: str
    ring: Ring
    kecamatan: str
    kelurahan: str | None


@dataclass(frozen=True, slots=True)
class Kelurahan:
    """A ward with its computed centre; `code` is complete (73.71.04.1006)."""

    code: str
    name: str
    kecamatan: str
    centre: Point


@dataclass(frozen=True, slots=True)
class Kecamatan:
    """A district: its two-digit code, outline rings and office."""

    code: str
    name: str
    office: Point
    rings: list[Ring]


@dataclass(frozen=True, slots=True)
class Areas:
    """All areas of the city."""

    land: Ring
    water: list[Water]
    islands: list[Island]
    kecamatan: dict[str, Kecamatan]
    kelurahan: list[Kelurahan]

    def kecamatan_at(self, p: Point) -> str:
        """Return the code of the kecamatan at a point, or `OUTSIDE`."""
        for code, area in self.kecamatan.items():
            if any(is_inside(p, ring) for ring in area.rings):
                return code
        far, code = min((_outline_m(p, area), code) for code, area in self.kecamatan.items())
        return code if far < _NEAR_M else OUTSIDE


def make_areas() -> Areas:
    """Return the areas of the tables."""
    land = points(tables.COAST + " " + tables.LAND_CLOSE)
    islands = _islands()
    kecamatan = dict(_kecamatan(islands))
    return Areas(
        land=land,
        water=[Water(n, kind, float(w), points(p)) for n, kind, w, p in rows(tables.WATER)],
        islands=islands,
        kecamatan=kecamatan,
        kelurahan=_kelurahan(kecamatan, land),
    )


def _islands() -> list[Island]:
    rng = random.Random("pulau")  # noqa: S311 - reproducible
    return [
        Island(name, blob(point(at), float(r), rng), code, kelurahan.replace("-", "") or None)
        for name, at, r, code, kelurahan in rows(tables.ISLANDS)
    ]


def _kecamatan(islands: list[Island]) -> list[tuple[str, Kecamatan]]:
    found = []
    for code, name, office, outline in rows(tables.KECAMATAN):
        rings = [] if outline == "islands" else [points(r) for r in outline.split(";")]
        rings += [island.ring for island in islands if island.kecamatan == code]
        found.append((code, Kecamatan(code, name, point(office), rings)))
    return found


def _outline_m(p: Point, area: Kecamatan) -> float:
    return min(
        distance_m(p, nearest_on(p, a, b)[0])
        for ring in area.rings
        for a, b in zip(ring, ring[1:] + ring[:1], strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Seat:
    """Where a kelurahan of the table is to lie: `@place`, a compass word, or `island`."""

    number: str
    name: str
    sector: str


def _kelurahan(kecamatan: dict[str, Kecamatan], land: Ring) -> list[Kelurahan]:
    boats = {
        (code, kelurahan): at
        for _, at, _, code, kelurahan in reversed([*rows(tables.ISLANDS)])
        if kelurahan != "-"
    }
    found = []
    for line in tables.KELURAHAN.strip().splitlines():
        code, rest = line.split(":", 1)
        seats = [_seat(item) for item in rest.split(";")]
        ashore = _spread(kecamatan[code], land, [s for s in seats if s.sector != "island"])
        for seat in seats:
            if seat.sector == "island":
                centre = point(boats.get((code, seat.number), tables.LAKKANG))
            else:
                centre = ashore[seat.number]
            found.append(Kelurahan(f"73.71.{code}.{seat.number}", seat.name, code, centre))
    return sorted(found, key=lambda kelurahan: kelurahan.code)


def _seat(item: str) -> _Seat:
    name, _, anchor = item.partition(" @")
    number, *words = name.split()
    sector = "@" + anchor.strip() if anchor else words.pop()
    return _Seat(number, " ".join(words), sector)


def _anchors() -> dict[str, Point]:
    """Return places by name, and the middle of each road."""
    anchors = {name: point(at) for _, name, _, at in rows(tables.PLACES)}
    for name, *_, text in rows(tables.ROADS):
        line = points(text)
        half = length_m(line) / 2
        for a, b in pairwise(line):
            piece = distance_m(a, b)
            if piece >= half:
                anchors.setdefault(name, between(a, b, half / piece))
                break
            half -= piece
    return anchors


def _spread(area: Kecamatan, land: Ring, seats: list[_Seat]) -> dict[str, Point]:
    """Return centres spread evenly inside a kecamatan, each starting in its coarse sector.

    References:
        S. Lloyd, Least squares quantization in PCM, IEEE Trans. Inf. Theory 28(2), 1982.
    """
    if not seats:
        return {}
    field = _field(area.rings[0], land)
    seeds, fixed = _seeds(area.code, field, seats)
    for _ in range(12):
        groups: defaultdict[int, list[Point]] = defaultdict(list)
        for p in field:
            groups[min(range(len(seeds)), key=lambda i: distance_m(p, seeds[i]))].append(p)
        seeds = [
            seed if i in fixed or not groups[i] else _mean(groups[i])
            for i, seed in enumerate(seeds)
        ]
    return {
        seat.number: (round(seed[0], 1), round(seed[1], 1))
        for seat, seed in zip(seats, seeds, strict=True)
    }


def _mean(group: list[Point]) -> Point:
    return (sum(p[0] for p in group) / len(group), sum(p[1] for p in group) / len(group))


def _field(ring: Ring, land: Ring) -> list[Point]:
    xs, ys = [p[0] for p in ring], [p[1] for p in ring]
    x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
    samples = (
        (x0 + (x1 - x0) * (i + 0.5) / _FIELD, y0 + (y1 - y0) * (j + 0.5) / _FIELD)
        for i in range(_FIELD)
        for j in range(_FIELD)
    )
    return [p for p in samples if is_inside(p, ring) and is_inside(p, land)]


def _seeds(code: str, field: list[Point], seats: list[_Seat]) -> tuple[list[Point], set[int]]:
    """Return where the centres start, and which of them stay there."""
    anchors = _anchors()
    # the thirds of the area, not of the box, so that bent outlines keep their sectors filled
    xs, ys = sorted(p[0] for p in field), sorted(p[1] for p in field)
    rng = random.Random("sektor " + code)  # noqa: S311 - reproducible
    seeds: list[Point] = []
    fixed: set[int] = set()
    for seat in seats:
        if seat.sector[0] == "@":
            fixed.add(len(seeds))
            seeds.append(anchors[seat.sector[1:]])
            continue
        east = 0.15 if "W" in seat.sector else 0.85 if "E" in seat.sector else 0.5
        north = 0.85 if "N" in seat.sector else 0.15 if "S" in seat.sector else 0.5
        x, y = xs[int(east * (len(xs) - 1))], ys[int(north * (len(ys) - 1))]
        seeds.append((x + rng.uniform(-60, 60), y + rng.uniform(-60, 60)))
    return seeds, fixed
