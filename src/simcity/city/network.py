"""The routable network: everything cut at its crossings, the largest strongly connected part."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from simcity.city.geometry import Point, Segments, between, crossing, distance_m, nearest_on
from simcity.city.roads import CLASSES, Road
from simcity.city.streets import Street

Node = tuple[Point, int]  # a place and its level
_CELL_M = 8  # crossings nearer than this are one
_TOUCH_M = 4.0


@dataclass(frozen=True, slots=True)
class Way:
    """A named road (`R...`) or a generated street (`L...`) of which links are parts."""

    id: str
    name: str
    kind: str
    lanes: int
    is_oneway: bool
    kmh: int
    width_m: float
    level: int


@dataclass(frozen=True, slots=True)
class Link:
    """A part of a way between two nodes; `way` is its index."""

    shape: list[Node]
    way: int


@dataclass(frozen=True, slots=True)
class Network:
    """Nodes, links and all ways, used or not."""

    nodes: list[Node]
    links: list[Link]
    ways: list[Way]


@dataclass(frozen=True, slots=True)
class _Piece:
    a: Point
    b: Point
    way: int
    level: int
    level_a: int
    level_b: int


_Edge = tuple[Node, Node]


def make_network(roads: list[Road], streets: list[Street]) -> Network:
    """Return the network of all roads and streets."""
    ways, pieces = _pieces(roads, streets)
    edges = _cut(pieces)
    links = _joined(edges)
    kept = _strongly_connected(links, ways)
    nodes = {link.shape[end] for link in kept for end in (0, -1)}
    ordered = sorted(nodes, key=lambda node: (-node[0][1], node[0][0], node[1]))
    return Network(ordered, kept, ways)


def _pieces(roads: list[Road], streets: list[Street]) -> tuple[list[Way], list[_Piece]]:
    ways = [
        Way(r.id, r.name, r.kind, r.lanes, r.is_oneway, r.kmh, r.width_m, r.level) for r in roads
    ]
    pieces: list[_Piece] = []
    for way, road in enumerate(roads):
        last = len(road.line) - 2
        for s, (a, b) in enumerate(pairwise(road.line)):
            comes_down_a = s == 0 and 0 in road.touching
            comes_down_b = s == last and -1 in road.touching
            level_a = 1 if road.level and not comes_down_a else 0
            level_b = 1 if road.level and not comes_down_b else 0
            pieces.append(_Piece(a, b, way, road.level, level_a, level_b))
    known: dict[tuple[str, str, float], int] = {}
    for street in streets:
        key = (street.name, street.kind, street.width_m)
        if key not in known:
            known[key] = len(ways)
            ways.append(_street_way(street, len(known)))
        pieces.append(_Piece(street.a, street.b, known[key], 0, 0, 0))
    return ways, pieces


def _street_way(street: Street, number: int) -> Way:
    kmh, _ = CLASSES[street.kind]
    lanes = 1 if street.width_m < 4 else 2
    return Way(
        f"L{number:05d}",
        street.name,
        street.kind,
        lanes,
        False,
        kmh,
        street.width_m,
        0,
    )


class _Spots:
    """Makes one point of points a few metres apart."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], Point] = {}

    def at(self, p: Point) -> Point:
        column, line = int(p[0] // _CELL_M), int(p[1] // _CELL_M)
        for a in (-1, 0, 1):
            for b in (-1, 0, 1):
                q = self._cells.get((column + a, line + b))
                if q and distance_m(p, q) < _CELL_M:
                    return q
        self._cells[column, line] = p
        return p


def _cut(pieces: list[_Piece]) -> dict[_Edge, int]:
    """Return the pieces cut at crossings on the surface, each with the index of its way."""
    spots = _Spots()
    for piece in pieces:
        spots.at(piece.a)
        spots.at(piece.b)
    cuts = _find_cuts(pieces, spots)
    edges: dict[_Edge, int] = {}
    for k, piece in enumerate(pieces):
        chain: list[Node] = [
            (spots.at(piece.a), piece.level_a),
            *((p, piece.level) for _, p in sorted(cuts[k])),
            (spots.at(piece.b), piece.level_b),
        ]
        for p, q in pairwise(chain):
            if p != q and (p, q) not in edges and (q, p) not in edges:
                edges[p, q] = piece.way
    return edges


def _find_cuts(pieces: list[_Piece], spots: _Spots) -> defaultdict[int, list[tuple[float, Point]]]:
    near: Segments[int] = Segments(150)
    for k, piece in enumerate(pieces):
        if piece.level == 0:
            near.add(piece.a, piece.b, k)
    cuts: defaultdict[int, list[tuple[float, Point]]] = defaultdict(list)
    for k, piece in enumerate(pieces):
        if piece.level:
            continue
        a, b = piece.a, piece.b
        for c, d, m in near.around(a, b):
            if m <= k:
                continue
            hit = crossing(a, b, c, d)
            if hit is not None:
                p = spots.at(between(a, b, hit[0]))
                cuts[k].append((hit[0], p))
                cuts[m].append((hit[1], p))
                continue
            for p, other, start, end in ((a, m, c, d), (b, m, c, d), (c, k, a, b), (d, k, a, b)):
                q, t = nearest_on(p, start, end)  # an end that lies on the other piece
                if distance_m(p, q) < _TOUCH_M and 0 < t < 1:
                    cuts[other].append((t, spots.at(p)))
    return cuts


def _joined(edges: dict[_Edge, int]) -> list[Link]:
    """Return links: edges joined through points where nothing else meets the way."""
    touching: defaultdict[Node, list[_Edge]] = defaultdict(list)
    for edge in edges:
        for node in edge:
            touching[node].append(edge)

    def is_plain(node: Node) -> bool:
        at = touching[node]
        return len(at) == 2 and edges[at[0]] == edges[at[1]] and at[0] != at[1]

    links: list[Link] = []
    used: set[_Edge] = set()

    def walk(first: _Edge, start: Node) -> None:
        used.add(first)
        is_forward = first[0] == start
        shape = [start, first[1] if is_forward else first[0]]
        while is_plain(shape[-1]):
            following = next((edge for edge in touching[shape[-1]] if edge not in used), None)
            if following is None:
                break
            used.add(following)
            shape.append(following[1] if following[0] == shape[-1] else following[0])
        links.append(Link(shape if is_forward else shape[::-1], edges[first]))

    for edge in edges:
        for end in edge:
            if edge not in used and not is_plain(end):
                walk(edge, end)
    return links


def _strongly_connected(links: list[Link], ways: list[Way]) -> list[Link]:
    """Return the links of the part in which every node can be reached from every other."""
    onward: defaultdict[Node, list[Node]] = defaultdict(list)
    back: defaultdict[Node, list[Node]] = defaultdict(list)
    for link in links:
        a, b = link.shape[0], link.shape[-1]
        onward[a].append(b)
        back[b].append(a)
        if not ways[link.way].is_oneway:
            onward[b].append(a)
            back[a].append(b)
    nodes = sorted(set(onward) | set(back))
    hub = max(nodes, key=lambda node: len(onward[node]) + len(back[node]))
    part = _reachable(hub, onward) & _reachable(hub, back)
    return [link for link in links if link.shape[0] in part and link.shape[-1] in part]


def _reachable(start: Node, steps: defaultdict[Node, list[Node]]) -> set[Node]:
    seen, todo = {start}, [start]
    while todo:
        for node in steps[todo.pop()]:
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen
