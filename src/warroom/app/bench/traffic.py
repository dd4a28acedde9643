"""The state of the roads, and the way of fire engines by it, against SUMO's truth.

One evening per seed. What the product knows of it comes in by its own doors: positions of some of
the vehicles, with noise, through the matcher of `units`; counts of the city's cameras, with misses
and wrong speeds, through the sights of `traffic`; calls, officers and closures, late. Engines drive
inside SUMO, as vehicles among the others: for each trip one by the way that is quickest on free
roads, one for each share of probes by what is known then, turned on the way where `routing` says
that it is worth it, and one for each oracle of `guides`, which show what could be saved at most.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from warroom.app.bench import traffic_scores as scores
from warroom.app.bench.evening import COUNT_S, TICK_S, Course, Evening
from warroom.app.bench.guides import ORACLES, Guide, Truth
from warroom.app.bench.traffic_summary import HEADLINE, summed_up
from warroom.app.bench.usual import usual_kmh
from warroom.kernel import log
from warroom.kernel.settings import NodeSettings
from warroom.roads.api import MAIN_CLASSES, OnRoad, RoadGraph, Snapper, open_roads
from warroom.routing.api import PROFILES, Router, make_routers
from warroom.routing.api import Path as Way
from warroom.traffic import api as traffic
from warroom.units import api as units

type Floats = NDArray[np.float64]

SHARES = (0.05, 0.10, 0.20)
SEEDS, QUICK_SEEDS = (1, 2, 3, 4, 5, 6, 7, 8), (1, 2, 3)
"""Reported; everything was tuned on seeds from 100 on."""

COURSE = Course(warm_up=8, trouble=10, minutes=52)
SEND_AFTER_S, SEND_FOR_S = 600, 900
"""Engines are sent from so long after the first incident may be, and for so long."""

TRIPS, QUICK_TRIPS = 100, 50
LEAST_TRIP_M = 2000.0
TURN_EVERY_S = 60
AFTER_MIN = 20
"""Nobody sets out any more, and the evening goes on for so long at most until engines arrived."""

BEGIN = 1_795_500_000.0
ACCURACY_M = 5.0


@dataclass(slots=True)
class Trip:
    """An engine's errand: from a post to a road, at a second of the evening."""

    name: str
    at_s: int
    start: int
    end: int
    static: list[int]


@dataclass(slots=True, eq=False)
class Knowledge:
    """What the product knows with one share of probes, and what came of it."""

    share: float
    estimator: traffic.Estimator
    guide: Guide
    alarmed: list[NDArray[np.bool_]] = field(default_factory=list)
    raised: list[tuple[float, tuple[int, ...]]] = field(default_factory=list)
    minutes: list[tuple[int, Floats, NDArray[np.uint8]]] = field(default_factory=list)
    cycle_ms: list[float] = field(default_factory=list)

    def cycle(self, at_s: int) -> traffic.State:
        """The next state, jams told, and the speeds that routes are found by."""
        done = self.estimator.cycle(BEGIN + at_s)
        state = done.state
        self.cycle_ms.append(done.took_ms)
        for event in done.jams:
            if event.change == "raised":
                self.raised.append((float(at_s), event.jam.edges))
        # A closed road is told as well.
        row = state.how == traffic.How.CLOSED
        for jam in self.estimator.alarm.jams.values():
            row[list(jam.edges)] = True
        self.alarmed.append(row)
        if at_s % 60 == 0:
            self.minutes.append((at_s, state.kmh.astype(np.float64), state.how.copy()))
        self.guide.learn(state.kmh, np.flatnonzero(state.how == traffic.How.CLOSED).tolist())
        return state


def bench_traffic(
    work: Path,
    *,
    quick: bool = False,
    whole: bool = False,
    seeds: Sequence[int] = (),
    workers: int | None = None,
) -> dict[str, Any]:
    """All seeds, some at a time; see docs/traffic.md.

    Args:
        work: Folder for demand and networks, which are kept, and for the truth.
        quick: Three seeds, fewer trips, one share of probes, for less than a minute.
        whole: The whole city in place of its inner part.
        seeds: Others than those that are reported.
        workers: Evenings at a time; None is one more than processors.
    """
    began = time.perf_counter()
    work.mkdir(parents=True, exist_ok=True)
    city = _draw_city(work)
    chosen = list(seeds or (QUICK_SEEDS if quick else SEEDS))
    course = replace(COURSE, centre=not whole)
    # Played once for all seeds, before any of them asks.
    usual_kmh(city, work, course, _send_from_s(course))
    trips = QUICK_TRIPS if quick else TRIPS
    # An evening and its simulator wait for each other: one more than processors fills these.
    at_a_time = min(len(chosen), workers or (os.cpu_count() or 1) + 1)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_a_time, mp_context=context) as pool:
        shares = (HEADLINE,) if quick else SHARES
        futures = [
            pool.submit(run_seed, city, work, seed, course, trips, shares) for seed in chosen
        ]
        runs = [future.result() for future in futures]
    return {
        **summed_up(runs),
        "city": "whole" if whole else "centre",
        "simulator": "SUMO, mesoscopic",
        "wall_s": round(time.perf_counter() - began, 1),
        "runs": [{k: v for k, v in run.items() if not k.startswith("_")} for run in runs],
    }


def _send_from_s(course: Course) -> int:
    """From when on engines are sent."""
    return course.warm_up * 60 + SEND_AFTER_S


def _draw_city(work: Path) -> Path:
    folder = work / "city"
    if not (folder / "network.json").exists():
        command = [sys.executable, "-m", "simcity", "city", "--out", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - fixed words
    return folder


def run_seed(
    city: Path, work: Path, seed: int, course: Course, trips: int, shares: Sequence[float]
) -> dict[str, Any]:
    """One evening; figures by share, and of each trip the seconds (`_trips`)."""
    log.configure(level="warning")
    cpu = time.process_time()
    with Evening(city, work, seed, course, max(shares)) as evening:
        usual = usual_kmh(city, work, course, _send_from_s(course))
        run = _Run(evening, seed, course, trips, shares, usual)
        end_s, last_s = course.minutes * 60, (course.minutes + AFTER_MIN) * 60
        for at_s in range(TICK_S, last_s + 1, TICK_S):
            if at_s > end_s and run.is_over:
                break
            run.tick(at_s)
        seconds, metres, interval_s = evening.truth()
    result = run.scored(seconds, metres, interval_s)
    return result | {"cpu_s": round(time.process_time() - cpu, 1)}


class _Run:
    """An evening as it goes."""

    def __init__(
        self,
        evening: Evening,
        seed: int,
        course: Course,
        trips: int,
        shares: Sequence[float],
        usual: dict[str, float],
    ) -> None:
        self.evening, self.seed, self.course = evening, seed, course
        folder = Path(evening.told["folder"])
        roads = open_roads(NodeSettings(city_dir=str(folder)))
        self.snapper, self.graph = roads.snapper, roads.graph
        edge_of = {self.graph.key_of(edge): edge for edge in range(self.graph.edges)}
        self.edges = np.array([edge_of[key] for key in evening.told["keys"]], np.int64)
        self.keys = {edge: self.graph.key_of(edge) for edge in self.edges.tolist()}
        self.static = self._router(None)
        self.knowledge = [
            Knowledge(share, traffic.Estimator(self.graph), self._guide(f"{round(share * 100)}"))
            for share in shares
        ]
        for one in self.knowledge:
            one.estimator.prepare()
            one.estimator.set_said(*_said(evening.told["heard"]))
        self.truth = Truth(self.edges, self.graph.free_kmh.astype(np.float64), TICK_S)
        self.oracles = {name: self._guide(name) for name in ORACLES}
        self.usual = self._guide("usual")
        typical = self.graph.free_kmh.copy()
        for edge, key in self.keys.items():
            typical[edge] = usual.get(key, typical[edge])
        self.usual.learn(typical)
        self.guides = [*(one.guide for one in self.knowledge), *self.oracles.values()]
        self.is_main = np.isin(self.graph.road_class, list(MAIN_CLASSES))
        self.sights = _sights(folder, self.snapper)
        self.matcher = units.Matcher(units.RoadIndex(self.graph))
        self.slots: dict[float, int] = {}
        self.drove_at = np.full(1 << 16, -np.inf)
        self.end_s = 0
        self.trips = self._plan(folder, trips)
        self.departed: dict[str, float] = {}
        self.arrived: dict[str, float] = {}
        self.refused: list[str] = []
        self.matched = np.zeros(2, np.int64)
        self.seen: dict[str, Any] = {"engines": {}}

    def _guide(self, label: str) -> Guide:
        return Guide(label, self._router(self.static))

    def _router(self, alike: Router | None) -> Router:
        # SUMO's engines may not take the turns that real ones take by their priority.
        profile = replace(PROFILES["fire"], may_banned_turns=False)
        known = {"fire": alike} if alike else None
        router = make_routers(self.graph, [profile], known)["fire"]
        driven = np.zeros(self.graph.edges, np.bool_)
        driven[self.edges] = True
        router.close(np.flatnonzero(~driven & ~self.graph.contraflow).tolist())
        return router

    def _plan(self, folder: Path, count: int) -> list[Trip]:
        random = np.random.default_rng([self.seed, 112])
        usable = np.intersect1d(self.edges, np.flatnonzero(self.static.usable))
        flags = np.zeros(self.graph.edges, np.bool_)
        flags[usable] = True
        posts = [
            self.snapper.near(lat, lon, usable=flags)[0].edge for lat, lon in _fire_posts(folder)
        ]
        weight = self.graph.length_m[usable] / self.graph.length_m[usable].sum(dtype=np.float64)
        begin = _send_from_s(self.course)
        trips: list[Trip] = []
        while len(trips) < count:
            start, end = int(random.choice(posts)), int(random.choice(usable, p=weight))
            way = self._way(self.static, OnRoad(start, 0.0, 0.0), end)
            if way is None or _apart_m(self.graph, start, end) < LEAST_TRIP_M:
                continue
            at_s = begin + len(trips) * SEND_FOR_S // count
            name = f"engine-{len(trips)}"
            trips.append(Trip(name, at_s // TICK_S * TICK_S, start, end, way.edges))
        return trips

    @staticmethod
    def _way(router: Router, start: OnRoad, end: int) -> Way | None:
        return router.path([start], [OnRoad(end, 1.0, 0.0)])

    @property
    def is_over(self) -> bool:
        """Whether no engine is under way any more."""
        return self.departed.keys() <= self.arrived.keys()

    def tick(self, at_s: int) -> None:
        """Engines by what is known, ten seconds of SUMO, and what is known then."""
        self.end_s = at_s
        seen = self.evening.step(self._sent(at_s - TICK_S), self._turned(at_s - TICK_S))
        self.seen = seen
        self.departed |= seen["departed"]
        self.arrived |= seen["arrived"]
        self.refused += seen["refused"]
        observations, shares = self._observed(seen, at_s)
        counted = self._counted(seen["counts"], at_s)
        for one in self.knowledge:
            now = BEGIN + at_s
            mine = shares < one.share
            one.estimator.add(_chosen(observations, mine), now)
            if counted is not None:
                one.estimator.count(counted[0], now)
                one.estimator.add(counted[1], now)
            state = one.cycle(at_s)
            if one.share == HEADLINE:
                self._tell_oracles(seen["speeds"], state)

    def _tell_oracles(self, speeds: list[tuple[int, int, float]], state: traffic.State) -> None:
        self.truth.take(speeds)
        late = self.truth.late()
        is_seen = np.isin(state.how, (traffic.How.MEASURED, traffic.How.REPORTED))
        self.oracles["present"].learn(self.truth.present())
        self.oracles["late"].learn(late)
        self.oracles["seen"].learn(np.where(is_seen, late, state.kmh))

    def _sent(self, at_s: int) -> dict[str, list[str]]:
        send: dict[str, list[str]] = {}
        for number, trip in enumerate(self.trips):
            if trip.at_s != at_s:
                continue
            ways = [(f"{trip.name}-static", trip.static)]
            for guide in (*self.guides, self.usual):
                edges = guide.lead(trip.name, trip.start, trip.end, trip.static)
                ways.append((guide.name_of(trip.name), edges))
            # They leave one after the other: none is always the first.
            turn = number % len(ways)
            for name, edges in ways[turn:] + ways[:turn]:
                send[name] = [self.keys[edge] for edge in edges]
        return send

    def _turned(self, at_s: int) -> dict[str, list[str]]:
        turn: dict[str, list[str]] = {}
        edge_of = self.knowledge[0].estimator.ground.edge_of_key
        for number, trip in enumerate(self.trips):
            if trip.at_s >= at_s or (at_s // TICK_S + number) % (TURN_EVERY_S // TICK_S):
                continue
            for guide in self.guides:
                name = guide.name_of(trip.name)
                if name not in self.seen["engines"]:
                    continue
                key, part = self.seen["engines"][name]
                new = guide.turn(name, OnRoad(edge_of[key], part, 0.0), trip.end)
                if new is not None:
                    turn[name] = [self.keys[edge] for edge in new]
        return turn

    def _observed(self, seen: dict[str, Any], at_s: int) -> tuple[traffic.Observations, Floats]:
        rows = np.array(seen["probes"], np.float64).reshape(-1, 7)
        number, lat, lon, kmh, course, share, truth = rows.T
        slot = np.array([self.slots.setdefault(one, len(self.slots)) for one in number], np.int64)
        at = np.full(len(rows), BEGIN + at_s)
        accuracy = np.full(len(rows), ACCURACY_M)
        found = self.matcher.match(units.Fixes(slot, at, lat, lon, kmh, course, accuracy))
        right = found.edge == self.edges[truth.astype(np.int64)]
        drives = kmh >= units.DRIVING_KMH
        self.drove_at[slot[drives]] = at_s
        good = (found.edge >= 0) & found.is_sure & (at_s - self.drove_at[slot] <= units.STANDING_S)
        self.matched += (int(right[good].sum()), int(good.sum()))
        observed = traffic.Observations(
            found.edge[good].astype(np.int64),
            kmh[good].astype(np.float32),
            np.ones(int(good.sum()), np.float32),
            at[good],
            np.full(int(good.sum()), traffic.Source.GPS, np.uint8),
            slot[good],
        )
        return observed, share[good]

    def _counted(
        self, rows: list[dict[str, Any]], at_s: int
    ) -> tuple[traffic.Counts, traffic.Observations] | None:
        counts: list[tuple[int, int, int, int]] = []
        speeds: list[tuple[int, float, float]] = []
        for row in rows:
            for edge in self.sights.get(row["camera"], {}).get(row["side"], []):
                vehicles = row["motorcycles"] + row["light"] + row["heavy"]
                counts.append((edge, row["motorcycles"], row["light"], row["heavy"]))
                if "kmh" in row and vehicles:
                    speeds.append((edge, row["kmh"], float(vehicles)))
        return traffic.camera_arrays(BEGIN + at_s, COUNT_S, counts, speeds) if counts else None

    def scored(self, seconds: Floats, metres: Floats, interval_s: int) -> dict[str, Any]:
        """The figures of this evening."""
        graph, minutes = self.graph, self.course.minutes
        whole = np.zeros((2, minutes, graph.edges))
        whole[0][:, self.edges], whole[1][:, self.edges] = seconds[:minutes], metres[:minutes]
        free = graph.free_kmh.astype(np.float64)
        ratio = scores.true_ratios(whole[0], whole[1], free, interval_s)
        onward = self.knowledge[0].estimator.ground.onward.tocoo()
        pairs = onward.row.astype(np.int64), onward.col.astype(np.int64)
        jams = scores.true_jams(
            ratio, interval_s, graph.length_m.astype(np.float64), graph.name, pairs
        )
        from_s = float(self.course.warm_up * 60)
        jams = [jam for jam in jams if jam.begin_s >= from_s]
        told = self.evening.told
        spent, driven = (
            values[self.course.warm_up : minutes].sum() for values in (seconds, metres)
        )
        return {
            "seed": self.seed,
            "edges": len(self.edges),
            "km2": told["km2"],
            "cameras": told["cameras"],
            "camera_edges": told["camera_edges"],
            "incidents": len(told["incidents"]),
            "vehicles": round(float(spent) / (minutes - self.course.warm_up) / 60),
            "mean_kmh": round(float(driven / spent) * 3.6, 1),
            "jams": len(jams),
            "probes_matched_right_pct": round(
                100.0 * int(self.matched[0]) / int(self.matched[1]), 1
            ),
            "reports": len(told["heard"]),
            "engines_refused": len(self.refused),
            "engines_off_way": sum(guide.off_way for guide in self.guides),
            "minutes": round(self.end_s / 60, 1),
            "_oracles": {name: self._driven(guide) for name, guide in self.oracles.items()},
            "_usual": self._driven(self.usual),
            "_free_s": self._free_s(),
            "_by_share": {
                one.share: self._scored(one, jams, ratio, interval_s) for one in self.knowledge
            },
        }

    def _scored(
        self, one: Knowledge, jams: list[scores.TrueJam], ratio: Floats, interval_s: int
    ) -> dict[str, Any]:
        from_s = float(self.course.warm_up * 60)
        found = scores.detect(jams, np.array(one.alarmed), TICK_S)
        end_s = float(self.course.minutes * 60)
        raised = [row for row in one.raised if from_s <= row[0] <= end_s]
        free = self.graph.free_kmh.astype(np.float64)
        errors: dict[str, list[float]] = {}
        for at_s, kmh, how in one.minutes:
            if from_s <= at_s <= end_s:
                known = how != traffic.How.FREE_FLOW
                # The truth of the two minutes before, and of the one that begins.
                row = ratio[min(at_s // interval_s - 1, len(ratio) - 1)]
                for name, (total, count) in scores.speed_errors(kmh, known, row, free).items():
                    sums = errors.setdefault(name, [0.0, 0.0])
                    sums[0] += total
                    sums[1] += count
        return {
            "errors": errors,
            "found": found,
            "on_main": [bool(self.is_main[list(jam.edges)].any()) for jam in jams],
            "false": scores.false_alarms(raised, ratio, interval_s),
            "far": scores.false_alarms(self._beside(raised), ratio, interval_s),
            "raised": len(raised),
            "hours": (end_s - from_s) / 3600.0,
            "trips": self._driven(one.guide),
            "turned": one.guide.turned,
            "cycle_ms": float(np.median(one.cycle_ms)),
        }

    def _beside(
        self, raised: list[tuple[float, tuple[int, ...]]]
    ) -> list[tuple[float, tuple[int, ...]]]:
        """The same with the edges before, after and against each."""
        near = self.knowledge[0].estimator.ground.adjacency
        twin = self.graph.twin
        return [
            (at_s, tuple({*near[list(e)].indices.tolist(), *twin[list(e)].tolist(), *e}))
            for at_s, e in raised
        ]

    def _driven(self, guide: Guide) -> dict[str, Any]:
        """The trips that both engines began, and who had not arrived at the end.

        A row is the seconds of the static engine and of this one, whether this one had another way,
        and what it expected when it left.
        """
        rows, unfinished = [], [0, 0]
        for trip in self.trips:
            name = guide.name_of(trip.name)
            pair = (f"{trip.name}-static", name)
            if not all(one in self.departed for one in pair):
                continue
            times = []
            for at, one in enumerate(pair):
                unfinished[at] += one not in self.arrived
                times.append(self.arrived.get(one, float(self.end_s)) - trip.at_s)
            is_other = float(guide.ways[name] != trip.static)
            rows.append((*times, is_other, guide.expected_s.get(name, times[1])))
        return {"rows": rows, "unfinished": unfinished, "missing": len(self.trips) - len(rows)}

    def _free_s(self) -> list[float]:
        """Seconds that the static ways would take on free roads."""
        return [self.static.cost(Way(0, one.static, 0.0, 1.0)) / 1000.0 for one in self.trips]


def _said(heard: list[dict[str, Any]]) -> tuple[list[traffic.Said], list[traffic.Said]]:
    """Closures and reports, as the product keeps what people say."""
    closures: list[traffic.Said] = []
    reports: list[traffic.Said] = []
    for number, word in enumerate(heard):
        begin, end = (
            datetime.fromtimestamp(BEGIN + word[name], UTC) for name in ("begin_s", "end_s")
        )
        is_closure = word["kind"] == "closure"
        said = traffic.Said(
            id=UUID(int=number),
            agency_id=UUID(int=0),
            place=None,
            keys=tuple(word["edges"]),
            starts_at=begin,
            ends_at=end,
            source=traffic.Source.CALL if word["kind"] == "call" else traffic.Source.OFFICER,
            level=None if is_closure else "jam",
        )
        (closures if is_closure else reports).append(said)
    return closures, reports


def _sights(folder: Path, snapper: Snapper) -> dict[int, dict[traffic.Side, list[int]]]:
    """The edges of each camera, by number, as `traffic` finds them."""
    sites = json.loads((folder / "cameras.geojson").read_text("utf-8"))["features"]
    found = {}
    for site in sites:
        lon, lat = site["geometry"]["coordinates"]
        about = site["properties"]
        at = traffic.Look(lat, lon, float(about["bearing"]), float(about["range_m"]))
        found[int(about["number"])] = traffic.look(snapper, at)
    return found


def _fire_posts(folder: Path) -> list[tuple[float, float]]:
    features = json.loads((folder / "places.geojson").read_text("utf-8"))["features"]
    posts = [one for one in features if one["properties"]["kind"] == "damkar"]
    return [(lat, lon) for lon, lat in (one["geometry"]["coordinates"] for one in posts)]


def _apart_m(graph: RoadGraph, start: int, end: int) -> float:
    lon, lat = graph.points(start)[0]
    there_lon, there_lat = graph.points(end)[-1]
    east = (there_lon - lon) * np.cos(np.radians(lat))
    return float(np.hypot(east, there_lat - lat) * 111_195.08)


def _chosen(seen: traffic.Observations, which: NDArray[np.bool_]) -> traffic.Observations:
    return traffic.Observations(
        seen.edge[which],
        seen.kmh[which],
        seen.weight[which],
        seen.at[which],
        seen.source[which],
        seen.who[which],
    )
