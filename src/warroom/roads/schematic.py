"""Reads `network.json`, the routable network of a city drawn by hand."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from warroom.roads.contracts import CLASS_INDEX, RawNetwork, RawWay, TurnRule
from warroom.roads.errors import BadExtractError

_KINDS = {
    "tol": "motorway",
    "ramp": "motorway_link",
    "primer": "primary",
    "sekunder": "secondary",
    "tersier": "tertiary",
    "lokal": "residential",
    "lorong": "alley",
}
CLASS_OF_KIND = {kind: CLASS_INDEX[name] for kind, name in _KINDS.items()}
KIND_OF_CLASS = {CLASS_INDEX[name]: kind for kind, name in _KINDS.items()}

_SHAPE_REF = 1 << 40
"""Numbers of points between junctions begin here; those of junctions below."""


class _File(msgspec.Struct):
    way_fields: list[str]
    link_fields: list[str]
    nodes: list[tuple[float, float, int]]
    ways: list[list[Any]]
    links: list[list[Any]]
    signals: list[int] = []
    turn_bans: list[tuple[int, int, int]] = []


def read_network(path: Path) -> RawNetwork:
    """The roads of a `network.json`.

    A link is one road of the graph; its number, from 1, is the `way` of the edge's key.

    Raises:
        BadExtractError: The file is absent or not what it should be.
    """
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
        return _network(file)
    except OSError as error:
        raise BadExtractError(file=path.name, problem="cannot be read") from error
    except (msgspec.DecodeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise BadExtractError(file=path.name, problem=str(error)[:200]) from error


def _network(file: _File) -> RawNetwork:
    places = [(lon, lat) for lon, lat, _ in file.nodes]
    refs = list(range(1, len(places) + 1))
    ways: list[RawWay] = []
    link_between: dict[tuple[int, int], int] = {}
    for number, values in enumerate(file.links, 1):
        link = dict(zip(file.link_fields, values, strict=True))
        way = dict(zip(file.way_fields, file.ways[link["way"]], strict=True))
        start, end, flat = link["from"] + 1, link["to"] + 1, link["shape_between"]
        between = range(_SHAPE_REF + len(refs), _SHAPE_REF + len(refs) + len(flat) // 2)
        refs.extend(between)
        places.extend(zip(flat[::2], flat[1::2], strict=True))
        link_between[start, end] = link_between[end, start] = number
        ways.append(
            RawWay(
                ref=number,
                nodes=(start, *between, end),
                road_class=CLASS_OF_KIND[way["class"]],
                name=way["name"] or "",
                oneway=1 if link["directions"] == 1 else 0,
                lanes=way["lanes"],
                width_m=way["width_m"],
                kmh=way["kmh"],
                level=way["level"],
            )
        )
    rules = [
        TurnRule(
            via + 1, link_between[start + 1, via + 1], link_between[via + 1, end + 1],
            is_only=False, from_node=start + 1, to_node=end + 1,
        )
        for start, via, end in file.turn_bans
    ]  # fmt: skip
    lons, lats = np.array(places, np.float64).reshape(-1, 2).T
    signals = frozenset(node + 1 for node in file.signals)
    ref = np.array(refs, np.int64)
    return RawNetwork(ref, lats.copy(), lons.copy(), ways, rules, signals, {})
