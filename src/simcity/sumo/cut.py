"""A part of a city folder as a city folder of its own: for runs that must be short."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from simcity.sumo.net import key_of

CENTRE = (119.405, -5.170, 119.460, -5.120)
"""West, south, east, north: the inner city of the schematic Makassar, 6 by 5.5 km."""

_FILES = ("network.json", "places.geojson", "cameras.geojson")
type Box = tuple[float, float, float, float]


def cut_city(folder: Path, cache: Path, box: Box) -> Path:
    """The folder of the part in the box; what was cut before is taken again.

    Roads with both ends in the box are in it. They are numbered anew: keys of one mean nothing in
    the other.
    """
    out = cache / f"city-{key_of(*(folder / name for name in _FILES), box, Path(__file__))}"
    if out.exists():
        return out
    cache.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=cache))
    network = json.loads((folder / "network.json").read_text("utf-8"))
    (part / "network.json").write_text(json.dumps(_roads(network, box)), "utf-8")
    for name in _FILES[1:]:
        file = json.loads((folder / name).read_text("utf-8"))
        file["features"] = [
            one for one in file["features"] if _inside(one["geometry"]["coordinates"], box)
        ]
        (part / name).write_text(json.dumps(file), "utf-8")
    try:
        part.rename(out)
    except OSError:  # another process was quicker: what it made is the same
        shutil.rmtree(part)
    return out


def _roads(network: dict[str, Any], box: Box) -> dict[str, Any]:
    kept = {at for at, node in enumerate(network["nodes"]) if _inside(node, box)}
    new = {at: number for number, at in enumerate(sorted(kept))}
    start, end = (network["link_fields"].index(name) for name in ("from", "to"))
    links, joined = [], set[tuple[int, int]]()
    for row in network["links"]:
        if row[start] in kept and row[end] in kept:
            row[start], row[end] = new[row[start]], new[row[end]]
            links.append(row)
            joined |= {(row[start], row[end]), (row[end], row[start])}
    bans = [[new[at] for at in ban] for ban in network["turn_bans"] if kept.issuperset(ban)]
    return network | {
        "nodes": [network["nodes"][at] for at in sorted(kept)],
        "links": links,
        "signals": [new[at] for at in network["signals"] if at in kept],
        "turn_bans": [b for b in bans if {(b[0], b[1]), (b[1], b[2])} <= joined],
    }


def _inside(at: list[float], box: Box) -> bool:
    return box[0] <= at[0] <= box[2] and box[1] <= at[1] <= box[3]
