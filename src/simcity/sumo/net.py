"""The city's roads as a network of SUMO: edges keep their keys, turns are those of the city.

Written as plain XML and built by `netconvert` of the `sumo` wheel, once for each `network.json`.
"""

import hashlib
import os
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from simcity.drive.streets import KINDS, Streets, Whole

BUILD_S = 300
_PRIORITY = {"tol": 9, "ramp": 8, "primer": 7, "sekunder": 6, "tersier": 5, "lokal": 3, "lorong": 1}
"""Who waits where no light stands: the smaller road."""

_OPTIONS = (
    "--lefthand", "--no-internal-links", "--tls.cycle.time", "90",
    "--offset.disable-normalization", "--junctions.corner-detail", "0", "--no-warnings",
)  # fmt: skip
_M_PER_DEGREE = 111_195.08


class NoSumoError(RuntimeError):
    """The extra `sim` is not installed: there is no SUMO."""


def home() -> Path:
    """The folder of the SUMO wheel.

    Raises:
        NoSumoError: It is not installed.
    """
    try:
        import libsumo  # noqa: F401, PLC0415 - an extra
        import sumo  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise NoSumoError(str(error)) from error
    return Path(sumo.__file__).parent


def key_of(*parts: object) -> str:
    """A name in the cache for what is made of these; paths stand for what is in them."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else repr(part).encode())
    return digest.hexdigest()[:16]


def for_cars(streets: Streets) -> Streets:
    """The streets without alleys, which are too narrow for cars, as far as all reach each other."""
    wide = _chosen(streets, np.flatnonzero(streets.kind != KINDS.index("lorong")))
    graph = csr_array(
        (np.ones(len(wide.turn_from)), (wide.turn_from, wide.turn_to)), shape=(wide.edges,) * 2
    )
    _, part = connected_components(graph, directed=True, connection="strong")
    return _chosen(wide, np.flatnonzero(part == np.argmax(np.bincount(part))))


def _chosen(streets: Streets, good: Whole) -> Streets:
    new = np.full(streets.edges, -1, np.int64)
    new[good] = np.arange(len(good))
    ends = np.column_stack((new[streets.turn_from], new[streets.turn_to]))
    ends = ends[(ends >= 0).all(axis=1)]
    keys = tuple(streets.keys[edge] for edge in good.tolist())
    whole = np.vstack((ends, _ways_back(keys, ends)))
    whole = whole[np.lexsort((whole[:, 1], whole[:, 0]))]
    arrays = ("tail", "head", "length_m", "kind", "lanes", "kmh", "signal", "bearing")
    return replace(
        streets,
        keys=keys,
        shapes=tuple(streets.shapes[edge] for edge in good.tolist()),
        names=tuple(streets.names[edge] for edge in good.tolist()),
        turn_from=whole[:, 0].copy(),
        turn_to=whole[:, 1].copy(),
        **{name: getattr(streets, name)[good] for name in arrays},
    )


def _ways_back(keys: tuple[str, ...], turns: Whole) -> Whole:
    """Where an edge led to alleys alone: one turns back there."""
    leads_on = set(turns[:, 0].tolist())
    pairs = [pair for pair in backs(keys) if pair[0] not in leads_on]
    return np.array(pairs, np.int64).reshape(-1, 2)


def backs(keys: tuple[str, ...]) -> list[tuple[int, int]]:
    """Each edge and that of the other direction of its road, where there is one."""
    edge_at = {key: edge for edge, key in enumerate(keys)}
    pairs = []
    for edge, key in enumerate(keys):
        link, start, end = key.split(":")
        if (back := edge_at.get(f"{link}:{end}:{start}")) is not None:
            pairs.append((edge, back))
    return pairs


def build_net(streets: Streets, folder: Path, cache: Path) -> Path:
    """The network of streets for cars of a city folder; what was built before is taken again.

    Raises:
        NoSumoError: SUMO is not installed.
        subprocess.CalledProcessError: `netconvert` refused it.
    """
    tool = home() / "bin" / "netconvert"
    name = key_of(folder / "network.json", _OPTIONS, Path(__file__))
    net = cache / f"{name}.net.xml"
    if net.exists():
        return net
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as place:
        words = [str(tool), *_OPTIONS, "--output-file", f"{place}/net.xml"]
        for kind, content in (
            ("node", _nodes(streets)),
            ("edge", _edges(streets)),
            ("connection", _connections(streets)),
        ):
            path = Path(place) / f"{kind}.xml"
            path.write_text(content, "utf-8")
            words += [f"--{kind}-files", str(path)]
        environment = {**os.environ, "SUMO_HOME": str(home())}
        subprocess.run(  # noqa: S603 - fixed words
            words, check=True, capture_output=True, timeout=BUILD_S, env=environment
        )
        (Path(place) / "net.xml").replace(net)
    return net


def metres(streets: Streets) -> np.ndarray:
    """(N, 2) nodes on a plane, metres from the first of them."""
    squeeze = np.cos(np.radians(streets.node_lonlat[0, 1]))
    scale = np.array([squeeze, 1.0]) * _M_PER_DEGREE
    return np.asarray((streets.node_lonlat - streets.node_lonlat[0]) * scale)


def _nodes(streets: Streets) -> str:
    lit = np.zeros(len(streets.node_lonlat), np.bool_)
    lit[streets.head[streets.signal]] = True
    rows = [
        f'<node id="{node}" x="{x:.2f}" y="{y:.2f}" '
        f'type="{"traffic_light" if lit[node] else "priority"}"/>'
        for node, (x, y) in enumerate(metres(streets).tolist())
    ]
    return "\n".join(["<nodes>", *rows, "</nodes>"])


def _edges(streets: Streets) -> str:
    rows = []
    for edge in range(streets.edges):
        kind = KINDS[streets.kind[edge]]
        rows.append(
            f"<edge id={quoteattr(streets.keys[edge])} "
            f'from="{streets.tail[edge]}" to="{streets.head[edge]}" '
            f'numLanes="{int(streets.lanes[edge])}" speed="{streets.kmh[edge] / 3.6:.3f}" '
            f'priority="{_PRIORITY[kind]}" length="{streets.length_m[edge]:.2f}" type="{kind}"/>'
        )
    return "\n".join(["<edges>", *rows, "</edges>"])


def _connections(streets: Streets) -> str:
    """The turns of the city, and everywhere the way back: engines turn round in any junction."""
    turns = zip(streets.turn_from.tolist(), streets.turn_to.tolist(), strict=True)
    rows = [
        f"<connection from={quoteattr(streets.keys[a])} to={quoteattr(streets.keys[b])}/>"
        for a, b in sorted({*turns, *backs(streets.keys)})
    ]
    return "\n".join(["<connections>", *rows, "</connections>"])
