"""Reads an OpenStreetMap extract (`.osm.pbf`) with `osmium`."""

import math
import re
from collections import Counter
from pathlib import Path

import numpy as np
import osmium

from warroom.roads.contracts import CLASS_INDEX, RawNetwork, RawWay, TurnRule
from warroom.roads.errors import BadExtractError, NoRoadsError

_NUMBER = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*(m|km/h|kmh|kph|mph)?\s*$")
_MPH = 1.609344
_NO_PUBLIC = ("no", "private", "agricultural", "forestry", "military", "emergency")
_RULE = re.compile(r"(no|only)_\w+$")
_RULE_KEYS = ("restriction:motorcar", "restriction:motor_vehicle", "restriction")
"""The narrowest counts."""
_CARS = frozenset(("motorcar", "motor_vehicle", "vehicle"))
MAX_WIDTH_M, MAX_KMH = 60.0, 130.0


def read_extract(path: Path) -> RawNetwork:
    """The roads of an extract.

    Roads whose nodes lie beyond the cut of the extract are kept as far as they are known. Turn
    restrictions over a node or over ways are read, those that cars are excepted from are not
    meant; conditional ones, and those whose members cannot be understood, are counted as ignored.

    Raises:
        BadExtractError: The file is absent, no `.osm.pbf`, or ends in the middle.
        NoRoadsError: It holds no road that can be driven.
    """
    reader = _Reader()
    try:
        for item in osmium.FileProcessor(str(path)):
            reader.take(item)
    except (RuntimeError, OSError, ValueError) as error:
        raise BadExtractError(file=path.name, problem=_plain(error, path)) from error
    if not reader.ways:
        raise NoRoadsError(file=path.name)
    return reader.network()


def _plain(error: Exception, path: Path) -> str:
    return str(error).replace(str(path), path.name).replace(str(path.parent), "")[:200]


class _Reader:
    def __init__(self) -> None:
        self.nodes: dict[int, tuple[float, float]] = {}
        self.signals: set[int] = set()
        self.ways: list[RawWay] = []
        self.rules: list[TurnRule] = []
        self.ignored: Counter[str] = Counter()

    def take(self, item: object) -> None:
        if isinstance(item, osmium.osm.Node):
            if item.location.valid():
                self.nodes[item.id] = (item.location.lon, item.location.lat)
            if item.tags.get("highway") == "traffic_signals":
                self.signals.add(item.id)
        elif isinstance(item, osmium.osm.Way):
            self._take_way(item)
        elif isinstance(item, osmium.osm.Relation) and item.tags.get("type") == "restriction":
            self._take_rule(item)

    def _take_way(self, way: "osmium.osm.Way") -> None:
        tags = way.tags
        kind = tags.get("highway", "")
        if kind == "service" and tags.get("service") == "alley":
            kind = "alley"
        if kind not in CLASS_INDEX or tags.get("area") == "yes":
            return
        width = _metres(tags.get("width") or tags.get("est_width"))
        for nodes in self._known(tuple(node.ref for node in way.nodes)):
            self.ways.append(
                RawWay(
                    ref=way.id,
                    nodes=nodes,
                    road_class=CLASS_INDEX[kind],
                    name=(tags.get("name") or tags.get("ref") or "").strip()[:200],
                    oneway=_oneway(tags, kind),
                    lanes=_whole(tags.get("lanes")),
                    width_m=width,
                    kmh=_speed(tags.get("maxspeed")),
                    level=_level(tags),
                    restricted=_is_closed(tags),
                )
            )

    def _known(self, nodes: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The stretches whose nodes are in the extract; a node met twice in a row once."""
        stretches: list[list[int]] = [[]]
        for node in nodes:
            if node not in self.nodes:
                self.ignored["nodes_beyond_the_cut"] += 1
                stretches.append([])
            elif not stretches[-1] or stretches[-1][-1] != node:
                stretches[-1].append(node)
        return [tuple(stretch) for stretch in stretches if len(stretch) > 1]

    def _take_rule(self, relation: "osmium.osm.Relation") -> None:
        tags = relation.tags
        word = next((tags[key] for key in _RULE_KEYS if key in tags), None)
        if word is None:
            # Of lorries, cyclists and the like alone, or at certain times, which we do not know of.
            self.ignored["turn_restrictions_conditional"] += "restriction:conditional" in tags
            return
        if not _CARS.isdisjoint(part.strip() for part in (tags.get("except") or "").split(";")):
            return
        members = [(member.role, member.type, member.ref) for member in relation.members]
        rules = _rules(word, members)
        self.ignored["turn_restrictions"] += not rules
        self.rules += rules

    def network(self) -> RawNetwork:
        used = np.unique(np.concatenate([np.array(way.nodes, np.int64) for way in self.ways]))
        places = np.array([self.nodes[int(ref)] for ref in used], np.float64).reshape(-1, 2)
        return RawNetwork(
            node_ref=used,
            lat=places[:, 1].copy(),
            lon=places[:, 0].copy(),
            ways=self.ways,
            rules=self.rules,
            signals=frozenset(self.signals),
            ignored={kind: count for kind, count in self.ignored.items() if count},
        )


def _rules(word: str, members: list[tuple[str, str, int]]) -> list[TurnRule]:
    """What a restriction means; nothing where that cannot be said.

    `no_entry` has several ways it comes from and `no_exit` several it leads to: each is one rule.
    """
    found = _RULE.match(word)
    from_, to, via_ways = (
        [ref for role, kind, ref in members if (role, kind) == (wanted, "w")]
        for wanted in ("from", "to", "via")
    )
    via = [ref for role, kind, ref in members if (role, kind) == ("via", "n")]
    is_one_via = (len(via), bool(via_ways)) in ((1, False), (0, True))
    if found is None or not (from_ and to and is_one_via):
        return []
    is_only = found[1] == "only"
    if is_only and len(to) > 1:
        return []
    node = via[0] if via else 0
    return [
        TurnRule(node, start, end, is_only, via_ways=tuple(via_ways))
        for start in from_
        for end in to
    ]


def _oneway(tags: "osmium.osm.TagList", kind: str) -> int:
    word = tags.get("oneway", "")
    if word in ("-1", "reverse"):
        return -1
    if word in ("yes", "1", "true"):
        return 1
    if word in ("no", "0", "false"):
        return 0
    is_round = tags.get("junction") in ("roundabout", "circular")
    return 1 if is_round or kind in ("motorway", "motorway_link") else 0


def _is_closed(tags: "osmium.osm.TagList") -> bool:
    # The narrower word counts: `access=private` with `motor_vehicle=yes` is open to cars.
    for name in ("motorcar", "motor_vehicle", "vehicle", "access"):
        word = tags.get(name)
        if word is not None:
            return word in _NO_PUBLIC
    return False


def _level(tags: "osmium.osm.TagList") -> int:
    try:
        return max(-5, min(5, int(tags.get("layer") or "")))
    except ValueError:
        if tags.get("bridge") not in (None, "no"):
            return 1
        return -1 if tags.get("tunnel") not in (None, "no") else 0


def _metres(text: str | None) -> float:
    found = _NUMBER.match(text or "")
    if found is None or found[2] not in (None, "m"):
        return math.nan
    value = float(found[1].replace(",", "."))
    return value if 0 < value <= MAX_WIDTH_M else math.nan


def _speed(text: str | None) -> float:
    found = _NUMBER.match(text or "")
    if found is None or found[2] == "m":
        return math.nan
    value = float(found[1].replace(",", ".")) * (_MPH if found[2] == "mph" else 1)
    return value if 0 < value <= MAX_KMH else math.nan


def _whole(text: str | None) -> int:
    found = _NUMBER.match(text or "")
    return int(float(found[1].replace(",", "."))) if found and not found[2] else 0
