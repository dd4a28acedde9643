"""An evening in SUMO that one may look at and drive in: the truth, and what is seen of it.

Mesoscopic: queues of vehicles on pieces of 98 m, with lights and junctions where roads
are full. Capacities are those of MKJI 1997: 1,650 vehicles an hour and lane at 50 km/h.
"""

import csv
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simcity.drive.streets import Floats, Streets, read_streets
from simcity.drive.watchers import count, find_watchers
from simcity.sumo.demand import build_routes
from simcity.sumo.hearing import Heard, plan_hearing
from simcity.sumo.incidents import SURGE_VPH, Incident, plan_incidents
from simcity.sumo.net import build_net, for_cars, home

TICK_S = 10
"""Vehicles with a receiver tell where they are this often."""

COUNT_S = 30
TRUTH_S = 60
GPS_NOISE_M = 5.0
SPEED_NOISE_KMH, STANDING_NOISE_KMH = 2.0, 1.0
"""Standard deviations from 20 km/h on, and of a receiver that stands; between them in a line. (By
Doppler a receiver of today is ten times as good; a telephone in a street between houses is not.)"""

PARKS, PARKED_S = 0.5, (60.0, 600.0)
"""Part of the receivers that go on telling where they are when their trip is over, at the kerb, and
for how long: taxis at ranks, buses at their ends."""

_LOOK_S = 2
_FASTEST = 1.2
_SURGE_GOALS = 12
_M_PER_DEGREE = 111_195.08
_MESO = (
    "--mesosim", "--meso-junction-control.limited", "true",
    "--meso-tauff", "1.64", "--meso-taufj", "1.64", "--meso-interpolate-pos", "true",
    "--meso-recheck", "2",
)  # fmt: skip
_FIRE_KMH = 80.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How an evening runs; seconds of the simulation.

    Attributes:
        warm_s: Traffic alone, nothing goes wrong.
        trouble_s: Incidents begin until so long after it.
        end_s: The end.
        probes: Part of the vehicles with a receiver.
    """

    warm_s: int = 900
    trouble_s: int = 1500
    end_s: int = 3600
    probes: float = 0.2


class _At(NamedTuple):
    """Where a vehicle is: its edge, how far along it, and which edge of its way that is."""

    edge: int
    along_m: float
    step: int


@dataclass(slots=True)
class Seen:
    """What is seen of a tick.

    Attributes:
        at_s: Second of the simulation.
        probes: number, latitude, longitude, km/h, course, share (0 to 1: a receiver's place in
            the order of receivers) of each vehicle with a receiver.
        counts: What cameras counted in the last `COUNT_S`; see `drive.watchers.count`.
        speeds: Edge, vehicles and their mean km/h in this moment, of each edge that is not empty:
            nobody in the city knows them.
        engines: Key of the edge, and the part of it that is driven, of each engine under way.
        departed, arrived: Second, by engine.
        refused: Engines whose new way could not be taken.
    """

    at_s: int
    probes: list[tuple[float, ...]] = field(default_factory=list)
    counts: list[dict[str, Any]] = field(default_factory=list)
    speeds: list[tuple[int, int, float]] = field(default_factory=list)
    engines: dict[str, tuple[str, float]] = field(default_factory=dict)
    departed: dict[str, float] = field(default_factory=dict)
    arrived: dict[str, float] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


class World:
    """One evening; begins when it is made, one in a process.

    Args:
        folder: Of the city.
        cache: Where network and demand are kept.
        out: Where the truth is written.
        seed: Another one is another evening.
        plan: How it runs.

    Raises:
        NoSumoError: SUMO is not installed.
    """

    def __init__(self, folder: Path, cache: Path, out: Path, seed: int, plan: Plan) -> None:
        os.environ["SUMO_HOME"] = str(home())
        import libsumo  # noqa: PLC0415 - an extra

        self._sumo = libsumo
        whole = read_streets(folder)
        self.streets, self.plan, self.seed = for_cars(whole), plan, seed
        self._edge_at = {key: edge for edge, key in enumerate(self.streets.keys)}
        net = build_net(self.streets, folder, cache)
        routes = build_routes(self.streets, folder, cache, seed, plan.end_s)
        self.incidents = self._plan_incidents(routes)
        self.heard: list[Heard] = plan_hearing(self.streets, self.incidents, seed)
        self.watchers = find_watchers(folder, self.streets, seed)
        self._rng = np.random.default_rng([seed, 15])
        # SUMO takes a relative name as lying beside the file in which it stands.
        self._truth = out.resolve() / f"truth-{seed}.csv"
        self._receivers: dict[str, tuple[int, float]] = {}
        self._numbers: list[str] = []
        self._under_way: set[str] = set()
        self._odometers: dict[str, _At] = {}
        self._parked: list[tuple[float, tuple[float, ...]]] = []
        self._engines: set[str] = set()
        self._waiting: dict[str, tuple[str, ...]] = {}
        self._watched = sorted({edge for one in self.watchers for _, edge in one.sides})
        self._inside: dict[int, dict[str, int]] = {edge: {} for edge in self._watched}
        self._passed = np.zeros(self.streets.edges)
        self._speeds = np.zeros(self.streets.edges)
        self._slowed: set[int] = set()
        self._surged = 0
        self._ways: dict[float, list[str]] = {}
        self._at_s = 0
        libsumo.start(self._words(net, routes, out))
        libsumo.vehicletype.copy("DEFAULT_VEHTYPE", "fire")
        libsumo.vehicletype.setMaxSpeed("fire", _FIRE_KMH / 3.6)

    def _words(self, net: Path, routes: Path, out: Path) -> list[str]:
        more = out / f"more-{self.seed}.add.xml"
        more.write_text(
            f'<additional><edgeData id="truth" file="{self._truth}" period="{TRUTH_S}" '
            'excludeEmpty="true" writeAttributes="sampledSeconds speed"/></additional>',
            "utf-8",
        )
        return [
            "sumo", "-n", str(net), "-r", str(routes), "-a", str(more), "--seed", str(self.seed),
            "--no-step-log", "--no-warnings", "--output.format", "csv", "--time-to-teleport", "900",
            "--max-depart-delay", "300",
            "--step-length", "1", *_MESO,
        ]  # fmt: skip

    def _plan_incidents(self, routes: Path) -> list[Incident]:
        flow = np.zeros(self.streets.edges)
        for line in routes.read_text("utf-8").splitlines():
            if 'edges="' in line:
                way = line.split('edges="')[1].split('"')[0].split()
                flow[[self._edge_at[key] for key in way]] += 1
        begin, plan = float(self.plan.warm_s), self.plan
        return plan_incidents(
            self.streets, flow, self.seed, begin, begin + plan.trouble_s, area_km2(self.streets)
        )

    def close(self) -> None:
        """Ends it; the truth is written whole."""
        self._sumo.close()

    def send(self, engine: str, keys: Sequence[str]) -> bool:
        """An engine departs now, on a way given by the keys of its edges; false if it cannot."""
        sumo = self._sumo
        try:
            sumo.route.add(f"way-{engine}", list(keys))
            sumo.vehicle.add(engine, f"way-{engine}", "fire", departLane="best", departSpeed="0")
            if not sumo.vehicle.isRouteValid(engine):
                sumo.vehicle.remove(engine)
                return False
        except sumo.TraCIException:
            return False
        self._engines.add(engine)
        return True

    def turn(self, engine: str, keys: Sequence[str]) -> bool:
        """An engine takes another way, which begins on the edge where it is; false if it cannot."""
        try:
            if self._sumo.vehicle.getRoadID(engine) != keys[0]:
                return False
            self._sumo.vehicle.setRoute(engine, list(keys))
        except self._sumo.TraCIException:
            return False
        return True

    def step(self) -> Seen:
        """Lets a tick pass."""
        sumo = self._sumo
        seen = Seen(self._at_s + TICK_S)
        for _ in range(TICK_S // _LOOK_S):
            self._at_s += _LOOK_S
            sumo.simulationStep(self._at_s)
            self._watch()
            for one in sumo.simulation.getDepartedIDList():
                if one in self._engines:
                    # Nobody is told where engines are: they are what is being measured.
                    seen.departed[one] = float(self._at_s)
                    self._under_way.add(one)
                elif (share := float(self._rng.random())) < self.plan.probes:
                    self._receivers[one] = len(self._numbers), share
                    self._numbers.append(one)
            for one in sumo.simulation.getArrivedIDList():
                self._park(one)
                if one in self._under_way:
                    self._under_way.discard(one)
                    seen.arrived[one] = float(self._at_s)
        self._take_incidents()
        seen.probes = self._probes()
        if self._at_s % COUNT_S == 0:
            seen.counts = self._counts()
        seen.engines = self._where_engines()
        seen.speeds = self._speeds_now()
        return seen

    def _park(self, one: str) -> None:
        """The end of a trip: some receivers stand there for a while and go on telling so."""
        number, share = self._receivers.pop(one, (0, 1.0))
        at = self._odometers.get(one)
        if at is None or self._rng.random() >= PARKS:
            return
        until = self._at_s + float(self._rng.uniform(*PARKED_S))
        self._parked.append((until, self._told(number, at, 0.0, share)))

    def _speeds_now(self) -> list[tuple[int, int, float]]:
        count, speed = (
            self._sumo.edge.getLastStepVehicleNumber,
            self._sumo.edge.getLastStepMeanSpeed,
        )
        return [
            (edge, vehicles, round(speed(key) * 3.6, 2))
            for edge, key in enumerate(self.streets.keys)
            if (vehicles := count(key))
        ]

    def _take_incidents(self) -> None:
        slow: dict[int, float] = {}
        for one in self.incidents:
            if not one.begin_s <= self._at_s < one.end_s:
                continue
            if one.kind == "surge":
                self._surge(one)
                continue
            for edge in one.edges:
                slow[edge] = min(slow.get(edge, math.inf), one.kmh)
        for edge in self._slowed | slow.keys():
            kmh = slow.get(edge, float(self.streets.kmh[edge]))
            self._sumo.edge.setMaxSpeed(self.streets.keys[edge], kmh / 3.6)
        self._slowed = set(slow)

    def _surge(self, one: Incident) -> None:
        """Those who leave drive to a few parts of the city, each by the way that is quick now."""
        sumo, keys = self._sumo, self.streets.keys
        ways = self._ways.get(one.begin_s)
        if ways is None:
            goals = self._rng.choice(np.flatnonzero(self.streets.is_main), _SURGE_GOALS)
            found = [sumo.simulation.findRoute(keys[one.edges[0]], keys[g]).edges for g in goals]
            ways = []
            for edges in found:
                if len(edges):
                    ways.append(f"surge-{one.begin_s:.0f}-{len(ways)}")
                    sumo.route.add(ways[-1], edges)
            self._ways[one.begin_s] = ways
        for _ in range(round(SURGE_VPH * TICK_S / 3600) if ways else 0):
            self._surged += 1
            way = ways[self._surged % len(ways)]
            sumo.vehicle.add(f"surge-{self._surged}", way, departLane="best")

    def _watch(self) -> None:
        """Whoever left a watched edge since the last look has passed its camera.

        Its speed is that over the whole edge: mesoscopic vehicles have none at a point.
        """
        edges, streets = self._sumo.edge, self.streets
        for edge in self._watched:
            before = self._inside[edge]
            ids = edges.getLastStepVehicleIDs(streets.keys[edge])
            if not ids and not before:
                continue
            now = {one: before.get(one, self._at_s) for one in ids}
            for one in before.keys() - now.keys():
                seconds = max(self._at_s - before[one], 1)
                self._passed[edge] += 1
                self._speeds[edge] += min(
                    streets.length_m[edge] / seconds, streets.kmh[edge] / 3.6 * _FASTEST
                )
            self._inside[edge] = now

    def _counts(self) -> list[dict[str, Any]]:
        speed = np.divide(
            self._speeds, self._passed, out=np.zeros_like(self._speeds), where=self._passed > 0
        )
        rows = count(self.watchers, self._passed, speed, self._rng, is_night=False)
        self._passed, self._speeds = np.zeros_like(speed), np.zeros_like(speed)
        return rows

    def _probes(self) -> list[tuple[float, ...]]:
        """Where receivers are, and how far they came in a tick: meso knows no speed at a point."""
        vehicle = self._sumo.vehicle
        rows: list[tuple[float, ...]] = []
        odometers: dict[str, _At] = {}
        for one, (number, share) in self._receivers.items():
            edge = self._edge_at.get(vehicle.getRoadID(one), -1)
            if edge < 0:
                continue
            at = odometers[one] = _At(
                edge, vehicle.getLanePosition(one), vehicle.getRouteIndex(one)
            )
            before = self._odometers.get(one)
            if before is None:
                continue
            kmh = max(0.0, self._driven_m(one, before, at)) / TICK_S * 3.6
            rows.append(self._told(number, at, kmh, share))
        self._odometers = odometers
        self._parked = [row for row in self._parked if row[0] > self._at_s]
        return self._with_noise(rows + [row for _, row in self._parked])

    def _told(self, number: int, at: "_At", kmh: float, share: float) -> tuple[float, ...]:
        part = min(1.0, max(0.0, at.along_m / float(self.streets.length_m[at.edge])))
        lon, lat, course = self.streets.place(at.edge, part)
        return (float(number), lat, lon, kmh, course, share, at.edge)

    def _driven_m(self, one: str, before: "_At", now: "_At") -> float:
        """Between two places; SUMO's own distance of mesoscopic vehicles grows while they stand."""
        if now.step == before.step:
            return now.along_m - before.along_m
        length = self.streets.length_m
        way = self._sumo.vehicle.getRoute(one)[before.step + 1 : now.step]
        between = sum(float(length[self._edge_at[key]]) for key in way)
        return float(length[before.edge]) - before.along_m + between + now.along_m

    def _with_noise(self, rows: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
        if not rows:
            return []
        table = np.array(rows)
        count_, rng = len(table), self._rng
        squeeze = math.cos(math.radians(float(table[0, 1])))
        table[:, 1] += rng.normal(0, GPS_NOISE_M, count_) / _M_PER_DEGREE
        table[:, 2] += rng.normal(0, GPS_NOISE_M, count_) / (_M_PER_DEGREE * squeeze)
        noise = np.interp(table[:, 3], (0.0, 20.0), (STANDING_NOISE_KMH, SPEED_NOISE_KMH))
        table[:, 3] = np.maximum(0.0, table[:, 3] + rng.normal(0, 1, count_) * noise)
        table[:, 4] = (table[:, 4] + rng.normal(0, 8.0, count_)) % 360.0
        return [tuple(row) for row in table.tolist()]

    def _where_engines(self) -> dict[str, tuple[str, float]]:
        vehicle, found = self._sumo.vehicle, {}
        for one in sorted(self._under_way):
            key = vehicle.getRoadID(one)
            edge = self._edge_at.get(key)
            if edge is not None:
                part = vehicle.getLanePosition(one) / float(self.streets.length_m[edge])
                found[one] = (key, min(1.0, max(0.0, part)))
        return found

    def truth(self) -> tuple[Floats, Floats]:
        """After the end: vehicle-seconds and metres driven, (minutes, E) each, of SUMO's output."""
        return read_truth(self._truth, self._edge_at)


def read_truth(path: Path, edge_at: dict[str, int]) -> tuple[Floats, Floats]:
    """Vehicle-seconds and metres driven on each edge in each interval, (intervals, E)."""
    rows: list[tuple[int, int, float, float]] = []
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file, delimiter=";")
        names = next(lines)
        columns = [
            names.index(name)
            for name in ("interval_begin", "edge_id", "edge_sampledSeconds", "edge_speed")
        ]
        for line in lines:
            begin, key, seconds, speed = (line[at] for at in columns)
            if key in edge_at and speed:
                here_s = float(seconds)
                minute = int(float(begin)) // TRUTH_S
                rows.append((minute, edge_at[key], here_s, here_s * float(speed)))
    minutes = 1 + max((row[0] for row in rows), default=-1)
    spent, driven = np.zeros((minutes, len(edge_at))), np.zeros((minutes, len(edge_at)))
    for minute, edge, here_s, here_m in rows:
        spent[minute, edge] += here_s
        driven[minute, edge] += here_m
    return spent, driven


def area_km2(streets: Streets) -> float:
    """The part of the plane within 500 m of a road, in squares of as much."""
    lon, lat = streets.node_lonlat[np.unique(streets.tail)].T
    squeeze = math.cos(math.radians(float(lat[0])))
    east = np.floor((lon - lon.min()) * _M_PER_DEGREE * squeeze / 500.0)
    north = np.floor((lat - lat.min()) * _M_PER_DEGREE / 500.0)
    return len(np.unique(np.column_stack((east, north)), axis=0)) / 4.0
