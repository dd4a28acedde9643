"""The traffic of a city, second by second: streams, lights, happenings, vehicles, and the truth.

The same folder, seed and instant of beginning give the same day, to the last bit on one machine.
"""

import json
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from simcity.daylight import UTC_OFFSET_H, period_at
from simcity.drive import watchers
from simcity.drive.demand import Trees, demand_at, plan_demand
from simcity.drive.fleet import Member, make_fleet
from simcity.drive.happenings import Happening, happenings_at, hindrance
from simcity.drive.stream import Diagram, Lights, Stream
from simcity.drive.streets import Floats, Whole, read_streets
from simcity.drive.vehicles import Vehicles

TRUTH_S = 120
"""The truth of a speed is its mean over so long."""

_STEP_S = 10
_LOCAL_PLACES = 16
_REPLAN_S = 6
"""One tree of ways is found anew every so many seconds, with the speeds of now."""

_STANDING_EVERY_S = 20
_GPS_NOISE_M = 4.0
_M_PER_DEGREE = 111_195.08
_BOAT_MS = 6.0
_SERVICE_H = (5.0, 22.0)
"""When lines run; a bus in its yard has its receiver off."""


@dataclass(frozen=True, slots=True)
class Position:
    """What a receiver tells.

    Attributes:
        at_s: Seconds since 1970 UTC.
    """

    device: str
    at_s: float
    lat: float
    lon: float
    kmh: float
    bearing: float


class City:
    """A city whose traffic runs.

    Args:
        folder: Of the city: `network.json`, `places.geojson`, `cameras.geojson`.
        seed: Another one gives another day.
        start_s: Seconds since 1970 UTC at which it begins.
        background: Vehicles that are followed besides the fleet, at the peak.
        hour: The hour of the day it begins at; None is that of `start_s` (WITA).
        happens: Whether anything goes wrong.

    Attributes:
        day_speed: How many seconds of the day pass in one: demand, lines and happenings follow the
            day; vehicles and lights keep their own pace.
    """

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 1,
        start_s: float,
        background: int = 900,
        hour: float | None = None,
        happens: bool = True,
    ) -> None:
        self.streets = read_streets(folder)
        self.now_s = int(start_s)
        self.happening: list[Happening] = []
        self._seed, self._happens = seed, happens
        self._rng = np.random.default_rng(seed)
        self.day_speed = 1.0
        own = start_s / 3600.0 + UTC_OFFSET_H
        shift_s = 0.0 if hour is None else ((hour - own) % 24.0) * 3600.0
        self._day_s = self.now_s + shift_s
        self.fleet = [one for one in make_fleet(folder) if not one.sail]
        self._boats = [one for one in make_fleet(folder) if one.sail]
        self._roads = self.streets.is_main | (self.streets.kind == 5)
        self._places, stations, self._lines = self._find_places(folder)
        self._trees = Trees(self.streets, self._places)
        plan = plan_demand(self.streets, Diagram(self.streets), self._trees, self._rng)
        self.stream = Stream(self.streets, plan.shares, plan.sources)
        self.lights = Lights(self.streets, self._rng)
        self._home = stations
        self.vehicles = self._make_vehicles(background)
        self._members = len(self.fleet)
        self._wake = self._rng.uniform(0, 120, len(self.vehicles)) + self.now_s
        self._stop = np.zeros(self._members, np.int64)
        self._next_tree = 0
        busy = np.where(self.streets.is_main & (self.streets.kind != 0), self._rate(), 0.0)
        self._busy = busy
        self._sum = np.zeros(self.streets.edges)
        self._sums: deque[tuple[Floats, int]] = deque(maxlen=TRUTH_S // _STEP_S)
        self._in_sum = 0
        self.watchers = watchers.find_watchers(folder, self.streets, seed)
        self._passed_before = self.stream.passed.copy()
        self._number_of = {one.device: number for number, one in enumerate(self.fleet)}
        self._ordered: dict[int, int] = {}

    def order(self, device: str, lat: float, lon: float) -> None:
        """Has a vehicle drive to a place at once, whatever it was about, and stay until released.

        Raises:
            KeyError: No vehicle of the fleet has this device.
        """
        number = self._number_of[device]
        place = self._ordered.get(number)
        edge = self.streets.nearest(lon, lat, self._roads)
        if place is None:
            place = self._ordered[number] = self._trees.add(edge)
        self._trees.places[place] = edge
        self._trees.plan(place, self.streets.length_m / self.stream.speed_ms)
        self.vehicles.goal[number] = place
        self._wake[number] = math.inf

    def is_there(self, device: str) -> bool:
        """Whether a vehicle that was ordered somewhere has arrived."""
        number = self._number_of[device]
        place = self._ordered.get(number)
        return (
            place is not None
            and int(self.vehicles.edge[number]) == int(self._trees.places[place])
            and int(self.vehicles.goal[number]) < 0
        )

    def release(self, device: str) -> None:
        """Lets a vehicle do what it likes again."""
        self._wake[self._number_of[device]] = self.now_s

    def _rate(self) -> Floats:
        """(E) how likely something happens: after the length, more where two lanes are."""
        return self.streets.length_m * np.minimum(self.streets.lanes, 2.0)

    def _find_places(self, folder: Path) -> tuple[Whole, Whole, list[tuple[int, ...]]]:
        """Edges that are driven to; the station of each member, and its line, among them."""
        fleet, streets = self.fleet, self.streets
        named: dict[str, int] = {}
        edges: list[int] = []
        at = _place_positions(folder)
        wanted = [one.station for one in fleet] + [stop for one in fleet for stop in one.line]
        for name in wanted:
            if name not in named:
                named[name] = len(edges)
                edges.append(streets.nearest(*at[name], self._roads))
        small = np.flatnonzero(streets.kind == 5)
        edges += self._rng.choice(small, _LOCAL_PLACES, replace=False).tolist()
        lines = [tuple(named[s] for s in (*one.line, *one.line[-2:0:-1])) for one in fleet]
        return np.array(edges, np.int64), np.array([named[o.station] for o in fleet]), lines

    def _make_vehicles(self, background: int) -> Vehicles:
        choice = np.flatnonzero(self._roads)
        away = self._rng.choice(choice, background)
        edge = np.concatenate([self._places[self._home], away])
        own = [one.like.pace for one in self.fleet]
        pace = np.concatenate([own, np.ones(background)]) * self._rng.normal(1.0, 0.06, len(edge))
        return Vehicles(self.streets, self._trees, edge, np.clip(pace, 0.7, 1.4))

    @property
    def local_s(self) -> float:
        """Second of the city's day."""
        return (self._day_s + UTC_OFFSET_H * 3600.0) % 86_400.0

    def run(self, seconds: int) -> None:
        """Lets so many seconds pass."""
        for _ in range(seconds):
            self.step()

    def skip(self, seconds: int) -> None:
        """Leaves time out: everything stands still in it."""
        self.now_s += seconds
        self._day_s += seconds * self.day_speed
        self._wake += seconds

    def step(self) -> None:
        """Lets one second pass."""
        self.now_s += 1
        self._day_s += self.day_speed
        if self._happens and self.now_s % _STEP_S == 0:
            self._take_happenings()
        if self.now_s % _REPLAN_S == 0:
            self._replan()
        green = self.lights.green(self.now_s)
        speed = self.stream.step(demand_at(self.local_s), green)
        self.vehicles.step(speed, green)
        self._send_on()
        self._sum += speed
        self._in_sum += 1
        if self._in_sum == _STEP_S:
            self._sums.append((self._sum, self._in_sum))
            self._sum, self._in_sum = np.zeros(self.streets.edges), 0

    @property
    def truth_kmh(self) -> Floats:
        """(E) mean speed over the last two minutes, edges in the order of `streets.keys`."""
        parts = [*self._sums, (self._sum, self._in_sum)]
        seconds = sum(count for _, count in parts)
        if not seconds:
            return self.stream.speed_ms * 3.6
        total: Floats = np.sum([part for part, _ in parts], axis=0)
        return total / seconds * 3.6

    def _take_happenings(self) -> None:
        now = happenings_at(self.streets, self._busy, self._seed, self._day_s)
        if now != self.happening:
            self.happening = now
            self.stream.hinder(*hindrance(self.streets, now))

    def _replan(self) -> None:
        streets, which = self.streets, self._next_tree
        seconds = streets.length_m / self.stream.speed_ms
        closed = [edge for one in self.happening if one.kind == "closure" for edge in one.edges]
        seconds[closed] += 1800.0
        self._trees.plan(which, seconds * self._rng.lognormal(0.0, 0.1, streets.edges))
        self._next_tree = (which + 1) % len(self._places)

    def _send_on(self) -> None:
        """Whoever arrived stands a while; whoever stood long enough drives on."""
        vehicles, rng = self.vehicles, self._rng
        for one in np.flatnonzero(vehicles.arrived).tolist():
            vehicles.goal[one] = -1
            if not math.isinf(self._wake[one]):
                self._wake[one] = self.now_s + self._stay_s(one)
        due = np.flatnonzero((vehicles.goal < 0) & (self._wake <= self.now_s))
        demand = demand_at(self.local_s)
        for one in due.tolist():
            goal = self._next_goal(one, demand)
            if goal is None:
                self._wake[one] = self.now_s + rng.integers(60, 240)
            else:
                vehicles.goal[one] = goal

    def _stay_s(self, one: int) -> float:
        if one >= self._members:
            return float(self._rng.integers(5, 60))
        if self.fleet[one].line:
            return 25.0
        return float(self._rng.integers(60, 300))

    def _next_goal(self, one: int, demand: float) -> int | None:
        """Where a vehicle that stands drives next; None stays."""
        rng = self._rng
        if one < self._members:
            member = self.fleet[one]
            if member.line:
                if not self._in_service:
                    return None
                self._stop[one] = (self._stop[one] + 1) % len(self._lines[one])
                return self._lines[one][int(self._stop[one])]
            if member.sort != "taxi":
                return self._unit_goal(one, member)
            demand = max(demand, 0.3)
        if rng.random() > demand:
            return None
        for _ in range(4):
            goal = int(rng.integers(len(self._places)))
            if np.isfinite(self._trees.away_s[goal, self.vehicles.edge[one]]):
                return goal
        return None

    def _unit_goal(self, one: int, member: Member) -> int | None:
        home = int(self._home[one])
        if self.vehicles.edge[one] != self._places[home] and self._rng.random() < 0.7:
            return home
        if self._rng.random() > member.like.out:
            return None
        return int(self._rng.integers(len(self._places)))

    @property
    def _in_service(self) -> bool:
        return _SERVICE_H[0] <= self.local_s / 3600.0 < _SERVICE_H[1]

    def positions(self) -> Iterator[Position]:
        """What receivers tell in this second."""
        for number, member in enumerate(self.fleet):
            drives = self.vehicles.goal[number] >= 0
            if member.line and not self._in_service and not drives:
                continue
            every = member.like.every_s if drives else _STANDING_EVERY_S
            if (self.now_s + 7 * number) % every == 0:
                edge = int(self.vehicles.edge[number])
                lon, lat, course = self.streets.place(edge, self.vehicles.share(number))
                yield self._told(member, lon, lat, float(self.vehicles.kmh[number]), course)
        for number, member in enumerate(self._boats):
            if (self.now_s + 7 * number) % 10 == 0:
                yield self._told(member, *_sailed(member, self.now_s))

    def _told(self, member: Member, lon: float, lat: float, kmh: float, course: float) -> Position:
        east, north = self._rng.normal(0.0, _GPS_NOISE_M, 2) / _M_PER_DEGREE
        lon += east / math.cos(math.radians(lat))
        seen = max(0.0, kmh + float(self._rng.normal(0.0, 0.8))) if kmh else 0.0
        return Position(member.device, float(self.now_s), lat + north, lon, seen, course)

    def counts(self) -> list[dict[str, Any]]:
        """What cameras counted since the last time; to be asked every `watchers.INTERVAL_S`."""
        passed = self.stream.passed - self._passed_before
        self._passed_before = self.stream.passed.copy()
        parts = list(self._sums)[-watchers.INTERVAL_S // _STEP_S :]
        mean: Floats = np.sum([part for part, _ in parts], axis=0) / (len(parts) * _STEP_S)
        is_night = period_at(self._day_s) == "night"
        return watchers.count(self.watchers, passed, mean, self._rng, is_night=is_night)


def _sailed(member: Member, at_s: float) -> tuple[float, float, float, float]:
    """Longitude, latitude, km/h and course of a boat that goes up and down its way."""
    squeeze = math.cos(math.radians(member.lat))
    way = [*member.sail, *member.sail[-2::-1]]
    legs = [
        (_M_PER_DEGREE * math.hypot((b[0] - a[0]) * squeeze, b[1] - a[1]), a, b)
        for a, b in pairwise(way)
    ]
    left = (at_s * _BOAT_MS) % sum(length for length, _, _ in legs)
    for length, a, b in legs:
        if left < length:
            part = left / length
            course = math.degrees(math.atan2((b[0] - a[0]) * squeeze, b[1] - a[1])) % 360.0
            lon, lat = a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part
            return lon, lat, _BOAT_MS * 3.6, course
        left -= length
    return *way[0], 0.0, 0.0


def _place_positions(folder: Path) -> dict[str, tuple[float, float]]:
    features = json.loads((folder / "places.geojson").read_text("utf-8"))["features"]
    return {one["properties"]["name"]: tuple(one["geometry"]["coordinates"]) for one in features}
