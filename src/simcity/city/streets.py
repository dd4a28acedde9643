"""Invented local streets and alleys that fill the kelurahan between the named roads."""

import math
import random
from collections import defaultdict
from dataclasses import dataclass

from simcity.city.areas import Areas, Kelurahan
from simcity.city.geometry import (
    Point,
    Segments,
    crossing,
    distance_m,
    is_inside,
    nearest_on,
)
from simcity.city.roads import Road


@dataclass(frozen=True, slots=True)
class Density:
    """How closely a kelurahan is built: spacing of streets and alleys, and how far they reach."""

    street_m: int
    alley_m: int
    reach_m: int  # from the centre of the kelurahan
    road_m: int  # from a named road


_DENSE = Density(146, 94, 900, 900)
_MIDDLE = Density(215, 150, 1100, 380)
_OPEN = Density(300, 215, 1700, 310)
_DENSITY = {
    **dict.fromkeys(("01", "02", "03", "04", "05", "06", "08"), _DENSE),
    **dict.fromkeys(("07", "09", "10", "13"), _MIDDLE),
    **dict.fromkeys(("11", "12", "14"), _OPEN),
}
_BY_BOAT = {"73.71.07.1006", "73.71.04.1007"}
_CELL_M = 260


@dataclass(frozen=True, slots=True)
class Street:
    """One straight piece of a local street."""

    a: Point
    b: Point
    name: str
    kind: str
    width_m: float


@dataclass(frozen=True, slots=True)
class _Edge:
    """A corner at the edge of a neighbourhood, from which a street leads out."""

    at: Point
    code: str
    name: str
    step_m: int


def roman(number: int) -> str:
    """Return a number in Roman figures."""
    out = ""
    for value, sign in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        while number >= value:
            out, number = out + sign, number - value
    return out


def make_streets(areas: Areas, roads: list[Road]) -> list[Street]:
    """Return all local streets."""
    return _Builder(areas, roads).build()


class _Builder:
    def __init__(self, areas: Areas, roads: list[Road]) -> None:
        self._areas = areas
        self._roads: Segments[str] = Segments()
        self._water: Segments[float] = Segments()
        self._streets: list[Street] = []
        self._edges: list[_Edge] = []
        for road in roads:
            if not road.level:
                self._roads.add_line(road.line, road.id)
        for water in areas.water:
            self._water.add_line(water.line, water.width_m)

    def build(self) -> list[Street]:
        for kelurahan in self._areas.kelurahan:
            if kelurahan.kecamatan in _DENSITY and kelurahan.code not in _BY_BOAT:
                self._fill(kelurahan)
        self._lead_out()
        return self._streets

    def _crosses_water(self, a: Point, b: Point) -> bool:
        return any(crossing(a, b, c, d) for c, d, _ in self._water.around(a, b))

    def _is_dry(self, p: Point) -> bool:
        return is_inside(p, self._areas.land) and not any(
            distance_m(p, nearest_on(p, a, b)[0]) < width / 2 + 14
            for a, b, width in self._water.around(p, p, 110)
        )

    def _fill(self, kelurahan: Kelurahan) -> None:
        rng = random.Random(kelurahan.code)  # noqa: S311 - reproducible
        density = _DENSITY[kelurahan.kecamatan]
        corners = self._corners(kelurahan, density, rng)
        streets = {j: m + 1 for m, j in enumerate(sorted({j for _, j in corners}))}
        alleys = {i: m + 1 for m, i in enumerate(sorted({i for i, _ in corners}))}
        for (i, j), p in corners.items():
            for q, is_across in ((corners.get((i + 1, j)), False), (corners.get((i, j + 1)), True)):
                if q is None or self._crosses_water(p, q):
                    continue
                is_wide = is_across and i % 5 == 0
                gap_share = 0.05 if is_wide else 0.24 if is_across else 0.10
                if rng.random() < gap_share:
                    continue
                name = kelurahan.name
                if is_across and not is_wide:
                    label, kind = f"Lr. {alleys[i]} {name}", "lorong"
                    width = rng.choice((1.8, 2.0, 2.2, 2.5, 3.0))
                else:
                    main, side = f"Jl. {name} Raya {alleys[i]}", f"Jl. {name} {roman(streets[j])}"
                    label, kind = main if is_wide else side, "lokal"
                    width = rng.choice((4.0, 4.5, 5.0, 6.0))
                self._streets.append(Street(p, q, label, kind, width))
            if any((i + a, j + b) not in corners for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1))):
                step = max(density.street_m, density.alley_m)
                self._edges.append(_Edge(p, kelurahan.code, kelurahan.name, step))

    def _corners(
        self, kelurahan: Kelurahan, density: Density, rng: random.Random
    ) -> dict[tuple[int, int], Point]:
        """Return the corners of a slightly bent grid along the nearest road.

        The first index counts along a street, the second across.
        """
        centre = kelurahan.centre
        hit = self._roads.nearest(centre, 1500)
        turn = math.atan2(hit.b[1] - hit.a[1], hit.b[0] - hit.a[0]) if hit else 0.3
        turn += rng.uniform(-0.12, 0.12)
        ux, uy = math.cos(turn), math.sin(turn)
        rivals = [
            other.centre
            for other in self._areas.kelurahan
            if other.kecamatan == kelurahan.kecamatan and other.code != kelurahan.code
        ]
        along_m, across_m = density.alley_m, density.street_m
        n = int(density.reach_m / min(along_m, across_m)) + 1
        corners = {}
        for i in range(-n, n + 1):
            for j in range(-n, n + 1):
                x = i * along_m + rng.uniform(-0.13, 0.13) * along_m
                y = j * across_m + rng.uniform(-0.10, 0.10) * across_m
                p = (
                    round(centre[0] + x * ux - y * uy, 1),
                    round(centre[1] + x * uy + y * ux, 1),
                )
                if self._is_built(p, kelurahan, density, rivals):
                    corners[i, j] = p
        return corners

    def _is_built(
        self, p: Point, kelurahan: Kelurahan, density: Density, rivals: list[Point]
    ) -> bool:
        far = distance_m(p, kelurahan.centre)
        if far > density.reach_m or any(distance_m(p, rival) < far for rival in rivals):
            return False
        rings = self._areas.kecamatan[kelurahan.kecamatan].rings
        if not any(is_inside(p, ring) for ring in rings):
            return False
        road = self._roads.nearest(p, density.road_m)
        if road is None:
            return far <= 260 and self._is_dry(p)
        return road.distance_m >= 22 and self._is_dry(p)

    def _lead_out(self) -> None:
        """Lead from the edges to the named road, or across to the next neighbourhood."""
        cells: defaultdict[tuple[int, int], list[_Edge]] = defaultdict(list)
        for edge in self._edges:
            cells[int(edge.at[0] // _CELL_M), int(edge.at[1] // _CELL_M)].append(edge)
        done: set[tuple[Point, Point]] = set()
        for number, edge in enumerate(self._edges):
            rng = random.Random(f"{edge.code}/{number}")  # noqa: S311 - reproducible
            if not self._reach_road(edge, rng):
                self._reach_neighbour(edge, cells, done, rng)

    def _reach_road(self, edge: _Edge, rng: random.Random) -> bool:
        hit = self._roads.nearest(edge.at, edge.step_m * 1.15)
        if hit is None or self._crosses_water(edge.at, hit.at) or rng.random() >= 0.62:
            return False
        at = (round(hit.at[0], 1), round(hit.at[1], 1))
        width = rng.choice((4.0, 5.0))
        self._streets.append(Street(edge.at, at, f"Jl. {edge.name} Luar", "lokal", width))
        return True

    def _reach_neighbour(
        self,
        edge: _Edge,
        cells: defaultdict[tuple[int, int], list[_Edge]],
        done: set[tuple[Point, Point]],
        rng: random.Random,
    ) -> None:
        p = edge.at
        column, line = int(p[0] // _CELL_M), int(p[1] // _CELL_M)
        others = [
            (distance_m(p, other.at), other.at)
            for a in (-1, 0, 1)
            for b in (-1, 0, 1)
            for other in cells[column + a, line + b]
            if other.code != edge.code
        ]
        for far, q in sorted(others)[:2]:
            if far >= edge.step_m * 1.3 or (q, p) in done or self._crosses_water(p, q):
                continue
            if rng.random() >= 0.6:
                continue
            done.add((p, q))
            if rng.random() < 0.5:
                street = Street(p, q, f"Lr. Penghubung {edge.name}", "lorong", 2.5)
            else:
                street = Street(p, q, f"Jl. {edge.name} Penghubung", "lokal", 4.5)
            self._streets.append(street)
            return
