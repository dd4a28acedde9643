"""Periodic street traffic: car following on straight lanes, a two-phase signal, rule-breakers.

Ordinary traffic repeats with the clip, so that a clip loops without a jump; scripted actors do not
and are kept away from its ends. Deterministic by seed.

References:
    M. Treiber, A. Hennecke, D. Helbing, Congested traffic states in empirical observations and
    microscopic simulations, Phys. Rev. E 62 (2000), the Intelligent Driver Model.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from typing import Literal

import numpy as np

Kind = Literal["car", "van", "bus", "truck", "motorcycle", "person"]
Layout = Literal["junction", "road"]
Colour = Literal["green", "yellow", "red"]
Script = Callable[[float], float | None]

STOP_Y_M, JUNCTION_Y_M, CROSS_HALF_M = 8.0, 17.0, 7.0
LENGTH_M: dict[Kind, float] = {
    "car": 4.3,
    "van": 3.9,
    "bus": 9.1,
    "truck": 6.0,
    "motorcycle": 2.1,
}
SPEED_M_S: dict[Kind, float] = {"car": 11.5, "van": 10, "bus": 9, "truck": 9, "motorcycle": 11}
_STEP_S = 0.1
_WARM_CYCLES = 4  # until positions repeat
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_MIXED: tuple[Kind, ...] = ("car", "car", "car", "van", "van", "truck", "bus")
_LIGHT: tuple[Kind, ...] = ("car", "car", "car", "van")
_TWO_WHEELS: tuple[Kind, ...] = ("motorcycle",)


@dataclass(frozen=True, slots=True)
class Lane:
    """A straight lane from (x, y) along the unit vector (dx, dy).

    `stop_m` is how far along the stop line is (None without one), `group` the signal phase.
    """

    x: float
    y: float
    dx: float
    dy: float
    stop_m: float | None = None
    group: str = "A"
    kinds: tuple[Kind, ...] = ()
    per_cycle: int = 0
    length_m: float = 130.0


@dataclass(slots=True, eq=False)
class Actor:
    """Something that moves: where it is along its lane at each time of the clip.

    `look` seeds its colour and shape; `event` names the rule it breaks.
    """

    id: int
    kind: Kind
    lane: Lane
    look: int
    plate: str
    script: Script | None = None
    event: str | None = None
    share: float = 1.0  # of the usual speed
    times: list[float] = field(default_factory=list)
    ways: list[float] = field(default_factory=list)

    def along_m(self, t: float) -> float | None:
        """Return how far along its lane the actor is at a time, or None when it is not there."""
        if self.script is not None:
            return self.script(t)
        if not self.times or t < self.times[0] - 1e-6 or t > self.times[-1] + 1e-6:
            return None
        return float(np.interp(t, self.times, self.ways))

    def at(self, t: float) -> tuple[float, float] | None:
        """Return the place of the actor at a time."""
        along = self.along_m(t)
        if along is None:
            return None
        return self.lane.x + self.lane.dx * along, self.lane.y + self.lane.dy * along


@dataclass(frozen=True, slots=True)
class Signal:
    """A two-phase signal: group A has the first half of the cycle, B the second."""

    cycle_s: float
    is_on: bool = True

    def colour(self, group: str, t: float) -> Colour:
        """Return what a group sees at a time."""
        if not self.is_on:
            return "green"
        half = self.cycle_s / 2
        phase = (t - (half if group == "B" else 0)) % self.cycle_s
        if phase < half - 3.5:
            return "green"
        return "yellow" if phase < half - 1 else "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What goes on in a clip. Times are seconds from its beginning.

    `busy` is the number of vehicles per lane and cycle; `runner_s` is when a vehicle of
    `runner_kind` passes the stop line on red, `wrong_way_s` when a motorcycle comes the wrong way.
    """

    layout: Layout = "junction"
    busy: int = 2
    walkers: int = 6
    runner_s: float | None = None
    runner_kind: Kind = "motorcycle"
    wrong_way_s: float | None = None
    has_parked: bool = False


def plate_text(rng: np.random.Generator) -> str:
    """Return a number plate of South Sulawesi (DD)."""
    number = rng.integers(1000, 9999)
    return f"DD {number} {_LETTERS[rng.integers(23)]}{_LETTERS[rng.integers(23)]}"


def acceleration_m_s2(speed: float, wanted: float, gap_m: float, closing: float) -> float:
    """Return what a driver does who follows another at `gap_m`, nearing it at `closing` m/s."""
    distance = 1.8 + max(0.0, speed * 1.1 + speed * closing / (2 * sqrt(1.6 * 2.2)))
    return 1.6 * (1 - (speed / wanted) ** 4 - (distance / max(gap_m, 0.3)) ** 2)


def make_lanes(layout: Layout, busy: int) -> list[Lane]:
    """Return the lanes of a street with or without a crossing; `busy` vehicles each per cycle."""
    up, down = 50 + STOP_Y_M, 110 - (2 * JUNCTION_Y_M - STOP_Y_M)
    n, more = busy, busy + 1
    lanes = [
        Lane(-5.0, -50, 0, 1, up, "A", _MIXED, n),
        Lane(-1.8, -50, 0, 1, up, "A", _LIGHT, n),
        Lane(-7.0, -50, 0, 1, up, "A", _TWO_WHEELS, more),
        Lane(-3.4, -50, 0, 1, up + 1, "A", _TWO_WHEELS, n),
        Lane(5.0, 110, 0, -1, down, "A", _MIXED, n),
        Lane(1.8, 110, 0, -1, down, "A", ("car", "car", "van"), n),
        Lane(7.0, 110, 0, -1, down, "A", _TWO_WHEELS, more),
        Lane(3.4, 110, 0, -1, down, "A", _TWO_WHEELS, n),
    ]
    if layout == "road":
        return [Lane(v.x, v.y, v.dx, v.dy, None, v.group, v.kinds, v.per_cycle, 165) for v in lanes]
    y, across = JUNCTION_Y_M, 70 - 9.5
    return [
        *lanes,
        Lane(-70, y + 2.6, 1, 0, across, "B", _MIXED, n),
        Lane(-70, y + 5.2, 1, 0, across, "B", _TWO_WHEELS, n),
        Lane(70, y - 2.6, -1, 0, across, "B", _MIXED, n),
        Lane(70, y - 5.2, -1, 0, across, "B", _TWO_WHEELS, n),
    ]


def simulate(seed: int, seconds: float, plan: Plan) -> tuple[Signal, list[Actor]]:
    """Return the signal and all actors of a clip."""
    rng = np.random.default_rng(seed)
    signal = Signal(seconds, plan.layout == "junction")
    # A four-wheeled red-light runner has its lane for itself.
    is_cleared = plan.runner_s is not None and plan.runner_kind != "motorcycle"
    crowd: list[Actor] = []
    for lane in make_lanes(plan.layout, plan.busy):
        if not (is_cleared and lane.x == -1.8 and lane.dy == 1):
            crowd += _LaneRun(lane, signal, seconds, rng).run()
    for number, actor in enumerate(crowd, 1):
        actor.id = number
    return signal, crowd + _Scripts(rng, seconds).write(plan)


@dataclass(frozen=True, slots=True)
class _Entry:
    """When a vehicle enters its lane, and which."""

    at_s: float
    kind: Kind
    look: int
    plate: str
    share: float


class _LaneRun:
    """Simulates one lane for four cycles and records the fifth."""

    def __init__(
        self, lane: Lane, signal: Signal, cycle_s: float, rng: np.random.Generator
    ) -> None:
        self._lane, self._signal, self._cycle_s = lane, signal, cycle_s
        self._next_id = 0
        self._motion: dict[int, tuple[float, float]] = {}  # id -> way, speed
        self._active: list[Actor] = []
        self._all: list[Actor] = []
        entries = [
            _Entry(
                float(at),
                lane.kinds[rng.integers(len(lane.kinds))],
                int(rng.integers(1 << 30)),
                plate_text(rng),
                float(rng.uniform(0.85, 1.1)),
            )
            for at in np.sort(rng.uniform(0, cycle_s, lane.per_cycle))
        ]
        self._queue = [
            _Entry(round(e.at_s, 1) + k * cycle_s - 1e-6, e.kind, e.look, e.plate, e.share)
            for k in range(_WARM_CYCLES + 2)
            for e in entries
        ]

    def run(self) -> list[Actor]:
        warm_s = _WARM_CYCLES * self._cycle_s
        for tick in range(round((warm_s + self._cycle_s) / _STEP_S) + 1):
            t = tick * _STEP_S
            while self._queue and self._queue[0].at_s <= t and self._has_room():
                self._enter(self._queue.pop(0))
            self._move(t)
            if t + _STEP_S >= warm_s - 1e-6:
                for actor in self._active:
                    actor.times.append(t + _STEP_S - warm_s)
                    actor.ways.append(self._motion[actor.id][0])
            self._active = [
                actor for actor in self._active if self._motion[actor.id][0] < self._lane.length_m
            ]
        return [actor for actor in self._all if actor.times]

    def _has_room(self) -> bool:
        if not self._active:
            return True
        last = self._active[-1]
        length = (LENGTH_M[self._queue[0].kind] + LENGTH_M[last.kind]) / 2
        return self._motion[last.id][0] >= length + 3

    def _enter(self, entry: _Entry) -> None:
        self._next_id += 1
        actor = Actor(
            self._next_id, entry.kind, self._lane, entry.look, entry.plate, share=entry.share
        )
        speed = SPEED_M_S[entry.kind] * entry.share
        if self._active:
            speed = min(speed, self._motion[self._active[-1].id][1] + 2)
        self._motion[actor.id] = (0.0, speed)
        self._active.append(actor)
        self._all.append(actor)

    def _move(self, t: float) -> None:
        leader: Actor | None = None
        for actor in self._active:
            way, speed = self._motion[actor.id]
            gap_m, closing = 1e3, 0.0
            if leader is not None:
                ahead, ahead_speed = self._motion[leader.id]
                gap_m = ahead - way - (LENGTH_M[actor.kind] + LENGTH_M[leader.kind]) / 2
                closing = speed - ahead_speed
            to_line = self._to_red_line(actor, way, speed, t)
            if to_line is not None and to_line < gap_m:
                gap_m, closing = to_line + 1.2, speed
            wanted = SPEED_M_S[actor.kind] * actor.share
            change = max(acceleration_m_s2(speed, wanted, gap_m, closing), -7)
            faster = max(0.0, speed + change * _STEP_S)
            self._motion[actor.id] = (way + (speed + faster) / 2 * _STEP_S, faster)
            leader = actor

    def _to_red_line(self, actor: Actor, way: float, speed: float, t: float) -> float | None:
        """Return the distance to the stop line if the driver must and can stop there."""
        if self._lane.stop_m is None or self._signal.colour(self._lane.group, t) == "green":
            return None
        left = self._lane.stop_m - way - LENGTH_M[actor.kind] / 2
        can_stop = left > -0.3 and speed * speed / (2 * max(left, 0.1)) < 4.0
        return left if can_stop else None


def _steady(start_m: float, speed: float) -> Script:
    return lambda t: start_m + speed * t


class _Scripts:
    """Actors that follow a script: rule-breakers and people on foot."""

    def __init__(self, rng: np.random.Generator, seconds: float) -> None:
        self._rng, self._seconds = rng, seconds
        self._actors: list[Actor] = []

    def write(self, plan: Plan) -> list[Actor]:
        if plan.runner_s is not None:
            self._run_red_light(plan.runner_s, plan.runner_kind)
        if plan.wrong_way_s is not None:
            self._go_wrong_way(plan.wrong_way_s)
        if plan.has_parked:
            self._add("car", Lane(-7.9, 34, 0, 1), lambda _: 0.0, event="parked")
        for i in range(plan.walkers):
            self._walk((-1, 1)[i % 2])
        if plan.layout == "junction":
            for i in range(4):
                self._cross(i)
        return self._actors

    def _add(
        self,
        kind: Kind,
        lane: Lane,
        script: Script,
        *,
        look: int | None = None,
        event: str | None = None,
    ) -> None:
        seed = int(self._rng.integers(1 << 30)) if look is None else look
        number, plate = 9000 + len(self._actors), plate_text(self._rng)
        self._actors.append(Actor(number, kind, lane, seed, plate, script, event))

    def _run_red_light(self, at_s: float, kind: Kind) -> None:
        # a motorcycle goes along the centre line, past the queue
        x = -0.4 if kind == "motorcycle" else -1.8
        line = 50 + STOP_Y_M - LENGTH_M[kind] / 2

        def script(t: float) -> float | None:
            return line + 10.5 * (t - at_s) if abs(t - at_s) < 8 else None

        self._add(kind, Lane(x, -50, 0, 1), script, event="red_light")

    def _go_wrong_way(self, at_s: float) -> None:
        def script(t: float) -> float | None:
            return 30 + 7.0 * (t - at_s - 2) if abs(t - at_s) < 9 else None

        self._add("motorcycle", Lane(-8.0, 70, 0, -1), script, event="wrong_way")

    def _walk(self, side: int) -> None:
        """Walk along a footpath, a whole loop per clip."""
        rng = self._rng
        is_up, speed = bool(rng.integers(2)), float(rng.uniform(0.9, 1.5))
        look, x = int(rng.integers(1 << 30)), side * float(rng.uniform(9.6, 11.2))
        loop_m = speed * self._seconds
        start = float(rng.uniform(0, loop_m))
        lane = Lane(x, 4 if is_up else 74, 0, 1 if is_up else -1)
        for k in range(int(70 / loop_m) + 1):
            self._add("person", lane, _steady(start + k * loop_m, speed), look=look)

    def _cross(self, i: int) -> None:
        """Walk over the zebra while group A has red."""
        begin, speed = self._seconds / 2 + 0.5 + 0.6 * i, float(self._rng.uniform(1.5, 2.0))
        sign = 1 if i % 2 else -1

        def script(t: float) -> float | None:
            way = speed * (t - begin)
            return way if 0 <= way < 18 else None

        self._add("person", Lane(-9 * sign, STOP_Y_M + 1.5 + 0.35 * i, sign, 0), script)
