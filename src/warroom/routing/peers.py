"""Two engines of others, measured beside ours where they are installed: Valhalla and OSRM.

Neither is a dependency: `pip install pyvalhalla osrm-bindings` in the environment of the benchmark.
Both do more for each route (they find the road at a position, and write JSON), and neither was told
of turn costs as ours was; the figures say what a route costs, not that one way is the other.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

type LonLat = tuple[float, float]
type Trip = tuple[LonLat, LonLat]

RUN_S = 600


def measure_peers(osm: Path, trips: Sequence[Trip]) -> dict[str, Any]:
    """Milliseconds of a route by each, p50 and p99, and seconds to prepare; None if not installed.

    Args:
        osm: The extract.
        trips: From where to where.
    """
    return {
        "valhalla": _measure("valhalla", _open_valhalla, osm, trips),
        "osrm": _measure("osrm", _open_osrm, osm, trips),
    }


def _measure(
    module: str,
    open_: Callable[[Path, Path], Callable[[Trip], object]],
    osm: Path,
    trips: Sequence[Trip],
) -> dict[str, Any] | None:
    if importlib.util.find_spec(module) is None:
        return None
    with tempfile.TemporaryDirectory(prefix="warroom-peer-") as folder:
        began = time.perf_counter()
        ask = open_(osm, Path(folder))
        prepare_s = time.perf_counter() - began
        times, failed = [], 0
        for trip in trips:
            began = time.perf_counter()
            try:
                ask(trip)
            except RuntimeError:  # no way there, by their reading of the map
                failed += 1
                continue
            times.append((time.perf_counter() - began) * 1000)
    if not times:
        return {"problem": "no route"}
    return {
        "prepare_s": round(prepare_s, 1),
        "route_ms_p50": round(float(np.percentile(times, 50)), 3),
        "route_ms_p99": round(float(np.percentile(times, 99)), 3),
        "failed": failed,
    }


def _open_osrm(osm: Path, folder: Path) -> Callable[[Trip], object]:
    import osrm  # noqa: PLC0415 - only where it is installed

    here = Path(osrm.__file__).parent
    shutil.copy(osm, folder / "city.osm.pbf")
    profile = str(here / "share/profiles/car.lua")
    for name, *arguments in (
        ("osrm-extract", "-p", profile, "city.osm.pbf"),
        ("osrm-partition", "city.osrm"),
        ("osrm-customize", "city.osrm"),
    ):
        _run([str(here / "bin" / name), *arguments], folder)
    engine = osrm.OSRM(
        algorithm="MLD", storage_config=str(folder / "city.osrm"), use_shared_memory=False
    )
    return lambda trip: engine.Route(osrm.RouteParameters(coordinates=list(trip)))


def _open_valhalla(osm: Path, folder: Path) -> Callable[[Trip], object]:
    import valhalla  # noqa: PLC0415 - only where it is installed

    tiles = folder / "tiles"
    tiles.mkdir()
    (folder / "tiles.tar").touch()
    settings = valhalla.get_config(tile_extract=folder / "tiles.tar", tile_dir=tiles)
    settings["mjolnir"].pop("tile_extract", None)
    settings["mjolnir"]["id_table_size"] = 1_000_000
    (folder / "valhalla.json").write_text(json.dumps(settings))
    build = str(Path(sys.executable).with_name("valhalla_build_tiles"))
    _run([build, "-c", str(folder / "valhalla.json"), str(osm)], folder)
    actor = valhalla.Actor(str(folder / "valhalla.json"))

    def ask(trip: Trip) -> object:
        places = [{"lon": lon, "lat": lat} for lon, lat in trip]
        return actor.route(json.dumps({"locations": places, "costing": "auto"}))

    return ask


def _run(command: list[str], folder: Path) -> None:
    # Their scripts look for one another on the path.
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    subprocess.run(  # noqa: S603 - fixed words
        command,
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=RUN_S,
        env={**os.environ, "PATH": path},
    )
