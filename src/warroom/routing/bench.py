"""What routes cost on a real city, beside scipy's Dijkstra, which also checks every one of them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from warroom.roads.api import OnRoad, RoadGraph, Snapper, build_graph, read_extract
from warroom.routing.contracts import PROFILES
from warroom.routing.engines import Dijkstra
from warroom.routing.peers import Trip, measure_peers
from warroom.routing.router import Router, make_routers

ROUTES, MATRICES, CUSTOMIZED, JAMS = 1000, 200, 20, 50
ENGINES = 20
JAM = 10.0
"""A jam makes a road so many times slower."""


def bench_routing(osm: Path, profile: str = "fire", routes: int = ROUTES) -> dict[str, Any]:
    """Routes between random positions of a city, with turns, from both sides of the road.

    All times are wall milliseconds of one thread, `customize_ms` CPU milliseconds.
    `jam_to_avoid_ms` is from the report that the middle third of a route is jammed to the new one.

    Args:
        osm: The city's extract.
        profile: The vehicle.
        routes: How many.
    """
    began = time.process_time()
    graph = build_graph(read_extract(osm))
    read_s = time.process_time() - began
    began = time.process_time()
    router = make_routers(graph, [PROFILES[profile]])[profile]
    prepare_s = time.process_time() - began
    random = np.random.default_rng(7)
    pairs = _pairs(graph, router, random, routes)
    router.path(*pairs[0])
    route_ms = [_ms(lambda pair=pair: router.path(*pair)) for pair in pairs]  # type: ignore[misc]
    groups = [[pairs[at][0] for at in random.integers(0, routes, ENGINES)] for _ in range(MATRICES)]
    matrix_ms = [
        _ms(lambda some=some, end=pair[1]: router.matrix(some, [end]))  # type: ignore[misc]
        for some, pair in zip(groups, pairs, strict=False)
    ]
    customize_ms = [_customize_ms(router, graph, random) for _ in range(CUSTOMIZED)]
    router.update(graph.free_kmh)
    jam_ms, avoided = _jams(router, graph, pairs)
    checked, equal, oracle_ms = _against_oracle(graph, router, profile, pairs)
    return {
        "nodes": graph.junctions,
        "arcs": int((~graph.contraflow).sum()),
        "searched_vertices": router.topology.vertices,
        "searched_arcs": len(router.topology.tail),
        "read_s": round(read_s, 2),
        "prepare_s": round(prepare_s, 2),
        "route_ms_p50": _percentile(route_ms, 50),
        "route_ms_p99": _percentile(route_ms, 99),
        "matrix_20x1_ms": _percentile(matrix_ms, 50),
        "matrix_20x1_ms_p99": _percentile(matrix_ms, 99),
        "customize_ms": _percentile(customize_ms, 50),
        "jam_to_avoid_ms": _percentile(jam_ms, 50),
        "jams_avoided": f"{avoided} of {len(jam_ms)}",
        "oracle_checked": checked,
        "oracle_equal": equal,
        "peers": {
            "scipy_dijkstra_route_ms_p50": oracle_ms,
            **measure_peers(osm, _trips(graph, pairs)),
        },
    }


type Pair = tuple[list[OnRoad], list[OnRoad]]


def _pairs(
    graph: RoadGraph, router: Router, random: np.random.Generator, routes: int
) -> list[Pair]:
    usable = np.flatnonzero(router.usable)

    def position() -> list[OnRoad]:
        edge, fraction = int(random.choice(usable)), float(random.random())
        return [OnRoad(edge, fraction, 0.0), OnRoad(int(graph.twin[edge]), 1.0 - fraction, 0.0)]

    return [(position(), position()) for _ in range(routes)]


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _customize_ms(router: Router, graph: RoadGraph, random: np.random.Generator) -> float:
    speeds = (graph.free_kmh * random.uniform(0.2, 1.0, graph.edges)).astype(np.float32)
    began = time.process_time()
    router.update(speeds)
    return (time.process_time() - began) * 1000


def _jams(router: Router, graph: RoadGraph, pairs: list[Pair]) -> tuple[list[float], int]:
    times, avoided = [], 0
    for pair in pairs:
        before = router.path(*pair)
        if before is None or len(before.edges) < 30:
            continue
        third = len(before.edges) // 3
        jammed = before.edges[third : 2 * third]
        began = time.perf_counter()
        router.change(jammed, (graph.free_kmh[jammed] / JAM).tolist())
        after = router.path(*pair)
        times.append((time.perf_counter() - began) * 1000)
        avoided += after is not None and len(set(after.edges) & set(jammed)) < len(jammed)
        router.change(jammed, graph.free_kmh[jammed].tolist())
        if len(times) == JAMS:
            break
    return times, avoided


def _against_oracle(
    graph: RoadGraph, router: Router, profile: str, pairs: list[Pair]
) -> tuple[int, int, float]:
    oracle = make_routers(graph, [PROFILES[profile]], make_engine=Dijkstra)[profile]
    equal, times = 0, []
    for pair in pairs:
        ours = router.path(*pair)
        began = time.perf_counter()
        theirs = oracle.path(*pair)
        times.append((time.perf_counter() - began) * 1000)
        same_cost = (ours and ours.cost_ms) == (theirs and theirs.cost_ms)
        # The way must cost what the search says, edge by edge and turn by turn.
        equal += same_cost and (ours is None or router.cost(ours) == ours.cost_ms)
    return len(pairs), equal, _percentile(times, 50)


def _percentile(values: list[float], percent: float) -> float:
    return round(float(np.percentile(values, percent)), 4) if values else float("nan")


def _trips(graph: RoadGraph, pairs: list[Pair]) -> list[Trip]:
    snapper = Snapper(graph)

    def place(positions: list[OnRoad]) -> tuple[float, float]:
        lat, lon = snapper.point_at(positions[0].edge, positions[0].fraction)
        return lon, lat

    return [(place(start), place(end)) for start, end in pairs]
