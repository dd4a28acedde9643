"""Meshes of quads, and the parts they are put together from.

Local axes: x to the right, y forward, z up, in metres; the origin is on the ground.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from simcity.scenes.camera import Floats
from simcity.scenes.light import Colour

Quad = list[list[float]]
Triple = tuple[float, float, float]
TYRE: Colour = (28, 28, 30)


class Surface(IntEnum):
    """How a face throws back light."""

    PAINT = 0
    GLASS = 1
    MATTE = 2
    HEAD = 3
    TAIL = 4


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Quads (F, 4, 3) with normals (F, 3), colours (F, 3 BGR), surfaces (F) and layers (F).

    Faces of a higher layer are drawn over those of a lower one. `rider_from` is the first quad of
    the rider of a motorcycle (0 = none); `plates` are the rear and the front number plate.
    """

    quads: Floats
    normals: Floats
    colours: Floats
    surfaces: npt.NDArray[np.int64]
    layers: npt.NDArray[np.int64]
    plates: tuple[Quad, ...]
    rider_from: int
    size_m: Floats
    lamps: tuple[tuple[Surface, Floats], ...]


@dataclass(slots=True)
class Builder:
    """Collects the parts of a mesh. `detail` below 1 gives round parts fewer faces."""

    detail: float = 1.0
    plates: tuple[Quad, ...] = ()
    rider_from: int = 0
    _quads: list[Floats] = field(default_factory=list)
    _colours: list[Floats] = field(default_factory=list)
    _surfaces: list[npt.NDArray[np.int64]] = field(default_factory=list)
    _layers: list[npt.NDArray[np.int64]] = field(default_factory=list)

    def add(
        self,
        quads: npt.ArrayLike,
        colour: Colour,
        surface: Surface = Surface.MATTE,
        layer: int = 1,
        centre: Triple | None = None,
    ) -> Self:
        """Add faces, turned outwards: away from `centre`, or from their own middle."""
        faces = np.array(quads, np.float32).reshape(-1, 4, 3)
        if len(faces) > 1 or centre is not None:
            middle = faces.mean((0, 1)) if centre is None else np.array(centre, np.float32)
            outward = faces.mean(1) - middle
            normal = np.cross(faces[:, 2] - faces[:, 0], faces[:, 3] - faces[:, 1])
            inward = (normal * outward).sum(1) < 0
            faces[inward] = faces[inward, ::-1]
        self._quads.append(faces)
        self._colours.append(np.tile(np.array(colour, np.float32), (len(faces), 1)))
        self._surfaces.append(np.full(len(faces), int(surface)))
        self._layers.append(np.full(len(faces), layer))
        return self

    def count(self) -> int:
        """Return the number of faces so far."""
        return sum(len(faces) for faces in self._quads)

    # -- parts --------------------------------------------------------------------------------
    def tube(
        self,
        start: Triple,
        end: Triple,
        radius0: float,
        radius1: float,
        colour: Colour,
        *,
        sides: int = 7,
        flat: float = 1.0,
        surface: Surface = Surface.MATTE,
    ) -> Self:
        """Add a tube between two points that narrows from one radius to the other."""
        n = max(4, int(sides * self.detail))
        a, b = np.array(start, np.float32), np.array(end, np.float32)
        along = (b - a) / (np.linalg.norm(b - a) + 1e-9)
        u = np.cross(along, [0, 1, 0] if abs(along[1]) < 0.8 else [0, 0, 1])
        u /= np.linalg.norm(u)
        v = np.cross(along, u) * flat
        angle = np.linspace(0, 2 * np.pi, n + 1)[:, None]
        ring = np.cos(angle) * u + np.sin(angle) * v
        low, high = a + radius0 * ring, b + radius1 * ring
        return self.add(np.stack([low[:-1], low[1:], high[1:], high[:-1]], 1), colour, surface)

    def ball(
        self,
        centre: Triple,
        radii: Triple,
        colour: Colour,
        faces: tuple[int, int] = (6, 10),
        surface: Surface = Surface.MATTE,
    ) -> Self:
        """Add an ellipsoid with that many faces from pole to pole and around."""
        rows = max(3, int(faces[0] * self.detail))
        around = max(4, int(faces[1] * self.detail))
        u, v = np.meshgrid(
            np.linspace(-np.pi / 2, np.pi / 2, rows + 1),
            np.linspace(0, 2 * np.pi, around + 1),
            indexing="ij",
        )
        rx, ry, rz = radii
        unit = [rx * np.cos(u) * np.cos(v), ry * np.cos(u) * np.sin(v), rz * np.sin(u)]
        p = np.stack(unit, -1) + np.array(centre, np.float32)
        quads = np.stack([p[:-1, :-1], p[:-1, 1:], p[1:, 1:], p[1:, :-1]], 2)
        return self.add(quads.reshape(-1, 4, 3), colour, surface)

    def wheels(self, half_width: float, axles: Sequence[float], radius: float) -> Self:
        """Add a pair of wheels at each axle."""
        for y in axles:
            for side in (-1, 1):
                inner, outer = sorted((side * half_width, side * (half_width - 0.2)))
                tread = box(inner, outer, y - radius * 0.8, y + radius * 0.8, 0.02, 1.8 * radius)
                self.add(tread, TYRE, layer=0)
                for share, colour, offset, layer in _WHEEL_RINGS:
                    ring = disc(side * (half_width + offset), y, radius, radius * share)
                    self.add(ring, colour, layer=layer, centre=(0, y, radius))
        return self

    def body(
        self,
        stations: Sequence[tuple[float, ...]],
        spans: str,
        colour: Colour,
        band: Colour | None = None,
    ) -> Self:
        """Add a vehicle body through cross sections from back to front.

        A station is (y, sill z, belt z, top z, half width, half width of the roof); each letter of
        `spans` fills the stretch to the next one: p paint, g side windows, w windscreen.
        """
        rings = np.array([_ring(*station) for station in stations], np.float32)
        for i, span in enumerate(spans):
            self._shell(rings[i], rings[i + 1], span, colour, band)
        middle = stations[len(stations) // 2][0]
        for ring in (rings[0], rings[-1]):
            for j in range(4):
                end = [ring[j], ring[j + 1], ring[8 - j], ring[9 - j]]
                self.add(end, colour, Surface.PAINT, centre=(0, middle, 0.6))
        return self

    def _shell(
        self, back: Floats, front_: Floats, span: str, colour: Colour, band: Colour | None
    ) -> None:
        centre = (0.0, float(back[0, 1] + front_[0, 1]) / 2, 0.9)
        for j in range(9):
            is_side, is_top = j in {2, 6}, j in {3, 4, 5}
            is_glass = (span == "g" and is_side) or (span == "w" and (is_top or is_side))
            paint = band if band and j in {1, 7} else colour
            pieces = 4 if is_glass and span == "w" else 1  # a long slope is cut for sorting
            for k in range(pieces):
                a = back + (front_ - back) * (k / pieces)
                b = back + (front_ - back) * ((k + 1) / pieces)
                self.add(
                    [a[j], b[j], b[j + 1], a[j + 1]],
                    (34, 32, 30) if is_glass else paint,
                    Surface.GLASS if is_glass else Surface.PAINT,
                    centre=centre,
                )

    def done(self) -> Mesh:
        """Return the mesh."""
        quads = np.concatenate(self._quads)
        normals = np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
        surfaces = np.concatenate(self._surfaces)
        return Mesh(
            quads=quads,
            normals=normals.astype(np.float32),
            colours=np.concatenate(self._colours),
            surfaces=surfaces,
            layers=np.concatenate(self._layers),
            plates=self.plates,
            rider_from=self.rider_from,
            size_m=quads.max((0, 1)) - quads.min((0, 1)),
            lamps=tuple(
                (kind, quads[surfaces == kind].mean(1)) for kind in (Surface.HEAD, Surface.TAIL)
            ),
        )


# share of the radius, colour, how far it stands out, layer: from the tyre to the hub
_WHEEL_RINGS: tuple[tuple[float, Colour, float, int], ...] = (
    (1.16, (22, 22, 24), 0.004, 2),
    (1.0, TYRE, 0.010, 3),
    (0.62, (150, 150, 150), 0.016, 4),
    (0.2, (60, 60, 60), 0.02, 5),
)


def _ring(y: float, sill: float, belt: float, top: float, half: float, roof: float) -> list[Triple]:
    side = [
        (half * 0.9, sill),
        (half, sill + 0.18),
        (half * 0.985, belt),
        (roof, top - (0.05 if top > belt + 0.2 else 0)),
        (roof * 0.86, top),
    ]
    return [(x, y, z) for x, z in side] + [(-x, y, z) for x, z in reversed(side)]


def disc(x: float, y: float, z: float, radius: float) -> list[Floats]:
    """Return the faces of an upright disc that looks sideways."""
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    rim = [np.full(12, x), y + radius * np.cos(angle), z + radius * np.sin(angle)]
    points = np.stack(rim, 1)
    return [points[[0, i, i + 1, i + 2]] for i in (1, 3, 5, 7, 9)]


def box(x0: float, x1: float, y0: float, y1: float, z0: float, z1: float) -> Floats:
    """Return the six faces of a box."""
    corners = [[x, y, z] for x in (x0, x1) for y in (y0, y1) for z in (z0, z1)]
    faces = [
        [0, 1, 3, 2],
        [4, 6, 7, 5],
        [0, 4, 5, 1],
        [2, 3, 7, 6],
        [1, 5, 7, 3],
        [0, 2, 6, 4],
    ]
    return np.array(corners, np.float32)[faces]


def rear(x0: float, x1: float, z0: float, z1: float, y: float) -> Quad:
    """Return an upright face that looks backwards."""
    return [[x0, y, z0], [x1, y, z0], [x1, y, z1], [x0, y, z1]]


def front(x0: float, x1: float, z0: float, z1: float, y: float) -> Quad:
    """Return an upright face that looks forwards."""
    return [[x1, y, z0], [x0, y, z0], [x0, y, z1], [x1, y, z1]]


def mirrored(side: int, near: float, far: float) -> tuple[float, float]:
    """Return the ends of a span on the right (1) or left (-1) side, in rising order."""
    low, high = sorted((side * near, side * far))
    return low, high
