"""The road graph in the city pack: written whole or not at all, read again when it is replaced."""

import os
import zipfile
from dataclasses import fields
from pathlib import Path
from threading import Lock
from typing import IO, Any

import msgspec
import numpy as np

from warroom.kernel.log import logger
from warroom.kernel.settings import NodeSettings
from warroom.roads.contracts import RoadGraph
from warroom.roads.errors import BadExtractError, NoRoadGraphError
from warroom.roads.graph import build_graph
from warroom.roads.schematic import read_network
from warroom.roads.snap import Snapper
from warroom.roads.wards import ward_finder

FILE = "roads.npz"
NETWORK = "network.json"
FORMAT = 2
_SINCE_2: dict[str, Any] = {
    "chain_at": np.zeros(1, np.uint32),
    "chain_edge": np.zeros(0, np.uint32),
}
"""What packs of format 1, which knew no forbidden chains, are read with."""
_TEXTS = ("names", "areas")


def save_graph(graph: RoadGraph, path: Path) -> None:
    """Writes the graph; a reader finds the old file or the whole new one."""
    arrays = {
        field.name: getattr(graph, field.name)
        for field in fields(graph)
        if field.name not in _TEXTS
    }
    for name in _TEXTS:
        arrays[name] = np.frombuffer(msgspec.json.encode(getattr(graph, name)), np.uint8)
    unfinished = path.with_suffix(".new")
    with unfinished.open("wb") as file:
        np.savez(file, allow_pickle=False, format=np.int64(FORMAT), **arrays)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def load_graph(path: Path) -> RoadGraph:
    """Reads a graph.

    Raises:
        NoRoadGraphError: The file is absent, damaged, or of another version.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except OSError as error:
        raise NoRoadGraphError(folder=path.parent.name, problem="absent") from error
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, msgspec.DecodeError) as error:
        raise NoRoadGraphError(folder=path.parent.name, problem="damaged") from error


def _read(file: IO[bytes]) -> RoadGraph:
    with np.load(file, allow_pickle=False) as stored:
        if int(stored["format"]) not in (1, FORMAT):
            message = f"format {stored['format']}"
            raise ValueError(message)
        names = (field.name for field in fields(RoadGraph))
        former = _SINCE_2 if int(stored["format"]) == 1 else {}
        values = {name: former[name] if name in former else stored[name] for name in names}
    for name in _TEXTS:
        values[name] = tuple(msgspec.json.decode(values[name].tobytes(), type=list[str]))
    return RoadGraph(**values)


def _drawn(path: Path) -> RoadGraph:
    return build_graph(read_network(path), ward_finder(path.parent))


class Roads:
    """The graph of the city pack, read at the first question and again when the file changes.

    A pack drawn by hand has no `roads.npz` but a `network.json`, which is turned into a graph here.

    Args:
        folder: The city pack.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: tuple[str, int, int] | None = None
        self._snapper: Snapper | None = None
        # Routing and traffic ask from threads of their own: one reading, one graph for both.
        self._reading = Lock()

    @property
    def graph(self) -> RoadGraph:
        """The graph now.

        Raises:
            NoRoadGraphError: The pack has none, or it cannot be read.
        """
        return self.snapper.graph

    @property
    def snapper(self) -> Snapper:
        """The graph with its positions; another object after the pack was replaced.

        Raises:
            NoRoadGraphError: The pack has none, or it cannot be read.
        """
        path = next((p for n in (FILE, NETWORK) if (p := self.folder / n).is_file()), None)
        if path is None:
            raise NoRoadGraphError(folder=self.folder.name, problem="absent")
        status = path.stat()
        seen = (path.name, status.st_mtime_ns, status.st_ino)
        with self._reading:
            if self._snapper is None or seen != self._seen:
                try:
                    graph = load_graph(path) if path.name == FILE else _drawn(path)
                except BadExtractError as error:
                    raise NoRoadGraphError(folder=self.folder.name, problem="damaged") from error
                self._snapper, self._seen = Snapper(graph), seen
                logger("roads.pack").info("road_graph_read", edges=graph.edges, file=path.name)
            return self._snapper


def open_roads(node: NodeSettings) -> Roads:
    """The roads of the city pack this node is set to; reads nothing yet."""
    return Roads(node.city)
