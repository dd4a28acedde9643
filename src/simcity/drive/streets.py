"""The road network of a city folder as arrays: edges, the turns between them, their shapes."""

import json
import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Whole = NDArray[np.int64]
type Flags = NDArray[np.bool_]

KINDS = ("tol", "ramp", "primer", "sekunder", "tersier", "lokal", "lorong")
MAIN = (0, 2, 3, 4)
"""Kinds of road that carry traffic through the city."""

_M_PER_DEGREE = 111_195.08
_SHORTEST_M = 20.0
"""Shorter edges hold less than one vehicle a lane, which a stream cannot."""


@dataclass(frozen=True, eq=False)
class Streets:
    """E directed edges and T turns; metres, km/h, degrees.

    Attributes:
        keys: "link:from:to", numbers from 1: the edge's key in whatever reads `network.json`.
        tail, head: (E) nodes.
        length_m: (E) at least 20.
        kind: (E) index into `KINDS`.
        lanes: (E) in this direction.
        kmh: (E) free-flow speed.
        signal: (E) whether there are lights at its end.
        bearing: (E) where its end leads, degrees clockwise from north.
        shapes: Longitude and latitude of each edge's points.
        turn_from, turn_to: (T) edges, by `turn_from`.
        names: Of the roads, by edge.
        node_lonlat: (N, 2).
    """

    keys: tuple[str, ...]
    tail: Whole
    head: Whole
    length_m: Floats
    kind: Whole
    lanes: Floats
    kmh: Floats
    signal: Flags
    bearing: Floats
    shapes: tuple[Floats, ...]
    turn_from: Whole
    turn_to: Whole
    names: tuple[str, ...]
    node_lonlat: Floats

    @property
    def edges(self) -> int:
        """How many edges."""
        return len(self.tail)

    @cached_property
    def is_main(self) -> Flags:
        """(E) whether it is one of the roads through the city."""
        return np.isin(self.kind, MAIN)

    @cached_property
    def middle(self) -> Floats:
        """(E, 2) longitude and latitude half way along."""
        return np.array([_at(shape, 0.5)[:2] for shape in self.shapes])

    def place(self, edge: int, share: float) -> tuple[float, float, float]:
        """Longitude, latitude and course at a share (0 to 1) of an edge."""
        return _at(self.shapes[edge], share)

    def nearest(self, lon: float, lat: float, among: Flags) -> int:
        """The edge among these whose middle is nearest."""
        choice = np.flatnonzero(among)
        east = (self.middle[choice, 0] - lon) * math.cos(math.radians(lat))
        return int(choice[np.argmin(np.hypot(east, self.middle[choice, 1] - lat))])


def read_streets(folder: Path) -> Streets:
    """The streets of a city folder."""
    file = json.loads((folder / "network.json").read_text("utf-8"))
    ways = [dict(zip(file["way_fields"], row, strict=True)) for row in file["ways"]]
    nodes = np.array([row[:2] for row in file["nodes"]], np.float64)
    rows: list[tuple[int, int, int, int, bool]] = []
    shapes: list[Floats] = []
    for number, row in enumerate(file["links"], 1):
        link = dict(zip(file["link_fields"], row, strict=True))
        start, end, both = link["from"], link["to"], link["directions"] == 2
        between = np.array(link["shape_between"], np.float64).reshape(-1, 2)
        shape = np.vstack([nodes[start], between, nodes[end]])
        rows.append((number, start, end, link["way"], both))
        shapes.append(shape)
        if both:
            rows.append((number, end, start, link["way"], both))
            shapes.append(shape[::-1].copy())
    way = [ways[row[3]] for row in rows]
    tail, head = (np.array([row[i] for row in rows], np.int64) for i in (1, 2))
    turns = _turns(rows, {tuple(ban) for ban in file["turn_bans"]})
    lit = np.zeros(len(nodes), np.bool_)
    lit[file["signals"]] = True
    return Streets(
        keys=tuple(f"{number}:{start + 1}:{end + 1}" for number, start, end, _, _ in rows),
        tail=tail,
        head=head,
        length_m=np.array([max(_SHORTEST_M, _length(shape)) for shape in shapes]),
        kind=np.array([KINDS.index(one["class"]) for one in way], np.int64),
        lanes=np.array(
            [max(1, one["lanes"] // 2 if row[4] else one["lanes"])
             for one, row in zip(way, rows, strict=True)],
            np.float64,
        ),
        kmh=np.array([one["kmh"] for one in way], np.float64),
        signal=lit[head],
        bearing=np.array([_at(shape, 1.0)[2] for shape in shapes]),
        shapes=tuple(shapes),
        turn_from=turns[:, 0].copy(),
        turn_to=turns[:, 1].copy(),
        names=tuple(one["name"] or "" for one in way),
        node_lonlat=nodes,
    )  # fmt: skip


def _turns(rows: list[tuple[int, int, int, int, bool]], bans: set[tuple[int, ...]]) -> Whole:
    """Pairs of edges; one turns back only where there is nothing else."""
    out: dict[int, list[int]] = {}
    for edge, row in enumerate(rows):
        out.setdefault(row[1], []).append(edge)
    pairs: list[tuple[int, int]] = []
    for edge, (number, start, end, _, _) in enumerate(rows):
        onward = [one for one in out[end] if rows[one][0] != number]
        allowed = [one for one in onward if (start, end, rows[one][2]) not in bans]
        pairs += [(edge, one) for one in allowed or out[end]]
    return np.array(pairs, np.int64)


def _length(shape: Floats) -> float:
    squeeze = math.cos(math.radians(float(shape[0, 1])))
    steps = np.diff(shape, axis=0) * (_M_PER_DEGREE * squeeze, _M_PER_DEGREE)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def _at(shape: Floats, share: float) -> tuple[float, float, float]:
    """Longitude, latitude and course at a share of a line."""
    squeeze = math.cos(math.radians(float(shape[0, 1])))
    pieces = [
        (math.hypot((b[0] - a[0]) * squeeze, b[1] - a[1]), a, b)
        for a, b in pairwise(shape.tolist())
    ]
    left = share * sum(length for length, _, _ in pieces)
    number = 0
    while left > pieces[number][0] and number + 1 < len(pieces):
        left -= pieces[number][0]
        number += 1
    length, a, b = pieces[number]
    part = min(1.0, left / length) if length else 0.0
    course = math.degrees(math.atan2((b[0] - a[0]) * squeeze, b[1] - a[1])) % 360.0
    return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, course
