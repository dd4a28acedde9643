"""Trips of an evening peak, with their ways, as a route file of SUMO; the same for a seed.

Trips begin on small roads and end at the places people go to, nearer ones more often; their ways
are those of `drive.demand`: chosen three times by the delays that the flows before would have. How
many there are follows from the same rule as in the demo: one main road in fifty passes 0.88 of its
capacity.
"""

import json
from pathlib import Path

import numpy as np

from simcity.drive.demand import Trees, plan_demand
from simcity.drive.stream import Diagram
from simcity.drive.streets import KINDS, Streets, Whole
from simcity.sumo.net import key_of

REACH_S = 600.0
"""A place so much farther away is chosen 1/e times as often."""

_KINDS = ("pasar", "terminal", "rumah sakit", "universitas", "belanja", "pemerintah", "pelabuhan")
_LOCAL = 24
_LEAST_EDGES = 3
SHARE = 0.8
"""Of the trips that the rule gives. With 0.7 the roads of SUMO stay as quick as they were (0.85 of
free flow), with all of them they fill up within half an hour; with this much a peak builds up: main
roads fall from 0.9 to 0.6 of free flow within 35 minutes, though nothing goes wrong (seed 100)."""


def build_routes(streets: Streets, folder: Path, cache: Path, seed: int, seconds: int) -> Path:
    """The route file of a seed; what was made before is taken again.

    Args:
        streets: What cars drive on.
        folder: Of the city.
        cache: Where it is kept.
        seed: Another one is another evening.
        seconds: Trips begin from 0 until then.
    """
    sources = (folder / "network.json", folder / "places.geojson", Path(__file__))
    path = cache / f"{key_of(*sources, seed, seconds)}.rou.xml"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{seed}.part")
        part.write_text(_routes(streets, folder, seed, seconds), "utf-8")
        part.replace(path)
    return path


def _routes(streets: Streets, folder: Path, seed: int, seconds: int) -> str:
    rng = np.random.default_rng([seed, 4])
    places = _places(streets, folder, rng)
    trees = Trees(streets, places)
    sources = plan_demand(streets, Diagram(streets), trees, rng).sources
    count = int(rng.poisson(SHARE * sources.sum() * seconds))
    depart = np.sort(rng.uniform(0, seconds, count))
    start = rng.choice(streets.edges, count, p=sources / sources.sum())
    pull = np.exp(-np.where(np.isfinite(trees.away_s), trees.away_s, np.inf) / REACH_S)
    pull *= rng.lognormal(0.0, 0.5, len(places))[:, None]
    total = np.cumsum(pull, axis=0)
    which = (total[:, start] < rng.random(count) * total[-1, start]).sum(axis=0)
    rows = []
    for number in range(count):
        way = way_of(trees, int(which[number]), int(start[number]))
        if len(way) >= _LEAST_EDGES:
            words = " ".join(streets.keys[edge] for edge in way)
            begin = f'<vehicle id="{number}" depart="{depart[number]:.1f}">'
            rows.append(f'{begin}<route edges="{words}"/></vehicle>')
    return "\n".join(["<routes>", *rows, "</routes>"])


def way_of(trees: Trees, which: int, start: int) -> list[int]:
    """The edges from one to a place; empty where there is no way."""
    place, onward = int(trees.places[which]), trees.onward[which]
    if not np.isfinite(trees.away_s[which, start]):
        return []
    way = [start]
    while way[-1] != place:
        way.append(int(onward[way[-1]]))
    return way


def _places(streets: Streets, folder: Path, rng: np.random.Generator) -> Whole:
    """Edges that are driven to: markets, hospitals, offices and the like, and homes."""
    features = json.loads((folder / "places.geojson").read_text("utf-8"))["features"]
    among = streets.kind != KINDS.index("tol")
    named = [
        streets.nearest(lon, lat, among)
        for one in features
        for lon, lat in (one["geometry"]["coordinates"],)
        if one["properties"]["kind"] in _KINDS
    ]
    homes = rng.choice(np.flatnonzero(streets.kind == KINDS.index("lokal")), _LOCAL, replace=False)
    return np.unique(np.array([*named, *homes.tolist()], np.int64))
