"""Which areas a unit is in: entering takes its edge, leaving takes some metres beyond. Pure."""

import math
from collections.abc import Sequence
from uuid import UUID

import numpy as np
import shapely

from warroom.roads.contracts import Floats
from warroom.units.contracts import Fence

BEYOND_M = 30.0
"""A unit has left an area when it is so far outside: at its edge, noise would ring a bell each
second."""

KECAMATAN_FIXES = 3
"""A unit is in another kecamatan when so many fixes in a row say so."""

_M_PER_DEGREE = 111_195.08


class FenceIndex:
    """The fences of all agencies; each concerns the units of its own agency alone."""

    def __init__(self, fences: Sequence[Fence]) -> None:
        self.fences = {fence.id: fence for fence in fences}
        self._ids = [fence.id for fence in fences]
        lats = [lat for fence in fences for _, lat in fence.ring]
        middle = float(np.mean(lats)) if lats else 0.0
        self._scale = np.array([_M_PER_DEGREE * math.cos(math.radians(middle)), _M_PER_DEGREE])
        shapes = [
            shapely.make_valid(shapely.Polygon(np.array(fence.ring) * self._scale))
            for fence in fences
        ]
        self._inner = shapely.STRtree(shapes)
        self._outer = shapely.STRtree([shape.buffer(BEYOND_M) for shape in shapes])

    def around(
        self, lon: Floats, lat: Floats, agencies: Sequence[UUID]
    ) -> tuple[list[set[UUID]], list[set[UUID]]]:
        """The fences of its unit's agency that each position is in, and those it is near.

        To be in one is to be near it.
        """
        if not self._ids:
            return [set() for _ in agencies], [set() for _ in agencies]
        points = shapely.points(np.column_stack((lon, lat)) * self._scale)
        answers = []
        for tree in (self._inner, self._outer):
            found: list[set[UUID]] = [set() for _ in agencies]
            for at, which in zip(*tree.query(points, predicate="intersects").tolist(), strict=True):
                fence = self.fences[self._ids[which]]
                if fence.agency_id == agencies[at]:
                    found[at].add(fence.id)
            answers.append(found)
        return answers[0], answers[1]


def cross(
    before: frozenset[UUID], inside: set[UUID], near: set[UUID]
) -> tuple[frozenset[UUID], set[UUID], set[UUID]]:
    """What one position changes: the areas the unit is in now, those entered, those left."""
    entered, left = inside - before, before - near
    return (before | entered) - left, entered, set(left)


class Kecamatan:
    """In which kecamatan a unit is, with some patience at the border."""

    __slots__ = ("_asked", "_times", "now")

    def __init__(self, now: str | None) -> None:
        self.now = now
        self._asked: str | None = None
        self._times = 0

    def hear(self, told: str | None) -> str | None:
        """Takes what one fix says; the kecamatan that was left, if this fix has settled it."""
        if told is None or told == self.now:
            self._asked, self._times = None, 0
            return None
        if self.now is None:
            self.now = told
            return None
        self._times = self._times + 1 if told == self._asked else 1
        self._asked = told
        if self._times < KECAMATAN_FIXES:
            return None
        left, self.now = self.now, told
        self._asked, self._times = None, 0
        return left
