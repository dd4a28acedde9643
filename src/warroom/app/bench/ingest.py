"""What a position costs from the device's words to the database, beside reading and COPY alone."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import numpy as np
import psycopg

from warroom.app.migrate import migrate
from warroom.identity import api as identity
from warroom.kernel.clock import SystemClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections, EmbeddedPostgres
from warroom.kernel.settings import NodeSettings
from warroom.roads.api import RoadGraph, build_graph, open_roads, read_extract, save_graph
from warroom.units import api as units

_FLOOR = """
create table bench_floor (unit_id uuid, at float8, lat float8, lon float8, kmh float4,
    bearing float4, accuracy float4)
"""
_COPY = "copy bench_floor (unit_id, at, lat, lon, kmh, bearing, accuracy) from stdin"
_NOISE_DEG = 8.0 / 111_195.0


@dataclass(slots=True)
class _Spent:
    """CPU seconds of this process (judging, matching, talking) and wall seconds in all."""

    cpu_s: float
    wall_s: float

    def per_second(self, positions: int) -> dict[str, float]:
        """How many positions a second one core of this process takes, and how many it took."""
        return {
            "positions_per_core_s": round(positions / self.cpu_s),
            "positions_per_s": round(positions / self.wall_s),
            "cpu_us_per_position": round(self.cpu_s / positions * 1e6, 1),
        }


def bench_ingest(osm: Path, vehicles: int, seconds: int) -> dict[str, Any]:
    """Each second of `vehicles` positions is read, judged, matched, stored and committed in turn.

    The CPU is that of this process; PostgreSQL's is not in it, the wall time is what both took
    together, one waiting for the other. HTTP is not measured.

    Args:
        osm: The city's extract.
        vehicles: Vehicles that send one position a second.
        seconds: How many each sends; a quarter of them before anything is measured.
    """
    graph = build_graph(read_extract(osm))
    with _postgres() as (connections, folder):
        city = folder / "city"
        city.mkdir()
        save_graph(graph, city / "roads.npz")
        begin_s = SystemClock().now().timestamp() - seconds
        rounds = list(_drive(graph, vehicles, seconds, begin_s))
        warm = seconds // 4
        spent, matched = asyncio.run(_take_in(connections, folder, rounds, vehicles, warm))
        floor = _copy(connections, rounds[warm:])
    positions = (seconds - warm) * vehicles
    return {
        "vehicles": vehicles,
        "positions": positions,
        "edges": graph.edges,
        "matched_pct": round(100 * matched, 1),
        **spent.per_second(positions),
        "floor": {"parse_and_copy": floor.per_second(positions)},
    }


@contextmanager
def _postgres() -> Iterator[tuple[Connections, Path]]:
    folder = Path(tempfile.mkdtemp(prefix="wrb-", dir="/tmp"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres", folder)
    try:
        connections = server.start()
        migrate(connections.owner)
        yield connections, folder
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _take_in(
    connections: Connections, folder: Path, rounds: list[list[str]], vehicles: int, warm: int
) -> tuple[_Spent, float]:
    clock, settings = SystemClock(), units.UnitSettings()
    scope = identity.system_scope("bench", clock)
    db = Database(connections.app)
    await db.open()
    try:
        roads = open_roads(NodeSettings(data_dir=str(folder)))
        tracker = units.make_tracker(db, clock, scope, settings, roads)
        await _add_units(db, vehicles)
        known = [await tracker.device_of(f"gps-{number}") for number in range(vehicles)]
        for at, lines in enumerate(rounds):
            if at == warm:
                cpu, wall = time.process_time(), time.perf_counter()
            batch = [
                units.Told(device.unit, units.read_form(dict(parse_qsl(line)), 0.0))
                for device, line in zip(known, lines, strict=True)
                if device is not None
            ]
            waiting = asyncio.create_task(tracker.put(batch))
            await asyncio.sleep(0)
            await tracker.flush()
            await waiting
        spent = _Spent(time.process_time() - cpu, time.perf_counter() - wall)
        async with db.transaction(scope) as tx:
            row = await (
                await tx.execute("select avg((edge is not null)::int)::float as m from unit_track")
            ).fetchone()
        return spent, float(row["m"]) if row else 0.0
    finally:
        await db.close()


async def _add_units(db: Database, vehicles: int) -> None:
    scope = identity.system_scope("bench", SystemClock())
    fleet = units.Fleet(units.UnitSettings(), SystemClock())
    async with db.transaction(scope) as tx:
        new = identity.NewAgency("fire", "Damkar", "Damkar")
        agency = await identity.create_agency(scope, tx, new)
        for number in range(vehicles):
            values = {"name": f"U {number}", "agency_id": agency, "kind": "engine"}
            await units.add_unit(fleet, scope, tx, values | {"device": f"gps-{number}"})


def _copy(connections: Connections, rounds: list[list[str]]) -> _Spent:
    """The floor: the same words read, and copied into a table without keys, owner or wall."""
    with psycopg.connect(connections.superuser) as connection:
        connection.execute(_FLOOR)
        unit_id = new_id()
        cpu, wall = time.process_time(), time.perf_counter()
        for lines in rounds:
            with connection.cursor().copy(_COPY) as copy:
                for line in lines:
                    fix = units.read_form(dict(parse_qsl(line)), 0.0)
                    copy.write_row(
                        (unit_id, fix.at_s, fix.lat, fix.lon, fix.kmh, fix.bearing, fix.accuracy_m)
                    )
            connection.commit()
        return _Spent(time.process_time() - cpu, time.perf_counter() - wall)


def _drive(graph: RoadGraph, vehicles: int, seconds: int, begin_s: float) -> Iterator[list[str]]:
    """What devices send, second by second: along random roads, with 8 m of noise."""
    random = np.random.default_rng(11)
    order = np.argsort(graph.turn_from, kind="stable")
    first = np.searchsorted(graph.turn_from[order], np.arange(graph.edges + 1))
    ways = graph.turn_to[order]
    edge = random.choice(np.flatnonzero(~graph.contraflow), vehicles)
    along = np.zeros(vehicles)
    for second in range(seconds):
        along += graph.free_kmh[edge] / 3.6 * 0.7
        for car in np.flatnonzero(along > graph.length_m[edge]):
            along[car] -= graph.length_m[edge[car]]
            choice = ways[first[edge[car]] : first[edge[car] + 1]]
            edge[car] = random.choice(choice) if len(choice) else graph.twin[edge[car]]
        share = np.clip(along / graph.length_m[edge], 0.0, 1.0)[:, None]
        start = graph.shape[graph.shape_at[edge]]
        end = graph.shape[graph.shape_at[edge + np.uint32(1)].astype(np.int64) - 1]
        place = start + share * (end - start) + random.normal(0, _NOISE_DEG, (vehicles, 2))
        course = np.degrees(np.arctan2(*(end - start).T)) % 360.0
        yield [
            urlencode(
                {
                    "id": f"gps-{car}", "lat": f"{lat:.6f}", "lon": f"{lon:.6f}",
                    "timestamp": f"{begin_s + second:.0f}", "speed": "18.0",
                    "bearing": f"{bearing:.0f}", "accuracy": "8", "batt": "80",
                }
            )
            for car, ((lon, lat), bearing) in enumerate(zip(place, course, strict=True))
        ]  # fmt: skip
