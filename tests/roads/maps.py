"""Small maps made by hand, as an extract would tell them."""

from pathlib import Path

import numpy as np
import osmium

from warroom.roads.contracts import CLASS_INDEX, RawNetwork, RawWay, TurnRule

STEP = 0.001  # degrees, about 111 m


def raw(
    nodes: dict[int, tuple[int, int]],
    ways: list[RawWay],
    rules: tuple[TurnRule, ...] = (),
    signals: tuple[int, ...] = (),
) -> RawNetwork:
    """Nodes by number at (column, row) of a grid near the equator."""
    refs = np.array(sorted(nodes), np.int64)
    lon = np.array([119.4 + nodes[int(ref)][0] * STEP for ref in refs])
    lat = np.array([nodes[int(ref)][1] * STEP for ref in refs])
    return RawNetwork(refs, lat, lon, ways, list(rules), frozenset(signals), {})


def way(ref: int, *nodes: int, kind: str = "residential", **given: object) -> RawWay:
    return RawWay(ref, nodes, CLASS_INDEX[kind], **given)  # type: ignore[arg-type]


CROSS = {1: (0, 1), 2: (1, 1), 3: (2, 1), 4: (1, 2), 5: (1, 0)}
"""Node 2 in the middle; 1 west, 3 east, 4 north, 5 south."""


def cross(*rules: TurnRule, kind: str = "residential", **given: object) -> RawNetwork:
    """Two roads that cross: 10 from west to east (in two ways 10, 11), 20 from south to north."""
    ways = [
        way(10, 1, 2, kind=kind, name="Jl. Barat", **given),
        way(11, 2, 3, kind=kind, name="Jl. Timur", **given),
        way(20, 5, 2, kind=kind, name="Jl. Selatan"),
        way(21, 2, 4, kind=kind, name="Jl. Utara"),
    ]
    return raw(CROSS, ways, rules)


class Pbf:
    """Writes an `.osm.pbf` with real tags."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._items: list[object] = []

    def node(self, ref: int, column: float, row: float, **tags: str) -> "Pbf":
        place = (119.4 + column * STEP, row * STEP)
        self._items.append(osmium.osm.mutable.Node(id=ref, location=place, tags=_tags(tags)))
        return self

    def way(self, ref: int, nodes: list[int], **tags: str) -> "Pbf":
        self._items.append(osmium.osm.mutable.Way(id=ref, nodes=nodes, tags=_tags(tags)))
        return self

    def rule(
        self,
        ref: int,
        word: str,
        members: list[tuple[str, int, str]],
        tags: dict[str, str] | None = None,
    ) -> "Pbf":
        told = {"type": "restriction", **({"restriction": word} if tags is None else tags)}
        self._items.append(osmium.osm.mutable.Relation(id=ref, members=members, tags=told))
        return self

    def write(self) -> Path:
        with osmium.SimpleWriter(str(self.path), overwrite=True) as writer:
            for item in self._items:
                writer.add(item)
        return self.path


def _tags(tags: dict[str, str]) -> dict[str, str]:
    return {name.replace("__", ":"): value for name, value in tags.items()}
