"""What the cycle costs over a real city: CPU of a core, with everything that a cycle does."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from warroom.roads.api import RoadGraph, build_graph, read_extract
from warroom.traffic.contracts import Observations, Source
from warroom.traffic.drawing import draw
from warroom.traffic.estimate import Ground
from warroom.traffic.estimator import Estimator
from warroom.traffic.typical import Slot, packed_keys

CYCLE_S, CYCLES = 10.0, 30
VEHICLES = 2000
"""Positions a second: a city's fleet at 1 Hz."""

JAMS = 40
BEGIN = 1_795_500_000.0


def bench_cycle(osm: Path, vehicles: int = VEHICLES) -> dict[str, Any]:
    """Cycles of a city with a fleet of vehicles and some tens of jams.

    `estimate_ms` is CPU of one cycle (median, worst); the share is of one core at a cycle every
    ten seconds. Taking in the positions (`take_ms`, of ten seconds) is part of the share; matching
    them to roads is not, `units` does it. The floor is one pass over as many numbers.

    Args:
        osm: The city's extract.
        vehicles: Positions a second.
    """
    graph = build_graph(read_extract(osm))
    began = time.process_time()
    estimator = Estimator(graph)
    estimator.prepare()
    prepare_s = time.process_time() - began
    random = np.random.default_rng(7)
    ratios = _ratios(graph, estimator.ground, random)
    drivable = np.flatnonzero(~graph.contraflow)
    take, cycle, jams, changed = [], [], [], []
    for index in range(CYCLES):
        now = BEGIN + index * CYCLE_S
        seen = _positions(graph, drivable, ratios, random, int(vehicles * CYCLE_S), now)
        began = time.process_time()
        estimator.add(seen, now)
        take.append((time.process_time() - began) * 1000)
        began = time.process_time()
        done = estimator.cycle(now)
        cycle.append((time.process_time() - began) * 1000)
        jams.append(len(estimator.alarm.jams))
        changed.append(len(done.changed))
    state = estimator.state
    assert state is not None  # noqa: S101 - cycles were made
    median = float(np.median(cycle[CYCLES // 2 :]))
    took = float(np.median(take))
    return {
        "edges": graph.edges,
        "vehicles_per_s": vehicles,
        "prepare_s": round(prepare_s, 2),
        "take_ms": round(took, 2),
        "estimate_ms": round(median, 1),
        "estimate_ms_worst": round(max(cycle), 1),
        "cycle_s": CYCLE_S,
        "share_of_core_pct": round((median + took) / CYCLE_S / 10, 2),
        "jams": int(np.median(jams[CYCLES // 2 :])),
        "changed_edges": int(np.median(changed[CYCLES // 2 :])),
        "counted": state.counted(),
        "typical": _typical(graph, state.kmh.astype(np.float64)),
        "layer_mb": round(len(draw(graph)) / 1e6, 1),
        "floor_ms": _floor(graph.edges),
    }


def _ratios(graph: RoadGraph, ground: Ground, random: np.random.Generator) -> np.ndarray:
    """Speeds of a busy hour, with jams of six edges or so along the roads."""
    ratios = random.uniform(0.65, 1.1, graph.edges)
    for start in random.choice(np.flatnonzero(~graph.contraflow), JAMS):
        edge = int(start)
        for _ in range(6):
            ratios[edge] = 0.15
            onward = ground.onward[[edge]].indices
            if not len(onward):
                break
            edge = int(onward[0])
    return ratios


def _positions(
    graph: RoadGraph,
    drivable: np.ndarray,
    ratios: np.ndarray,
    random: np.random.Generator,
    count: int,
    now: float,
) -> Observations:
    share = graph.length_m[drivable].astype(np.float64) / np.maximum(ratios[drivable], 0.1)
    edge = random.choice(drivable, count, p=share / share.sum())
    kmh = graph.free_kmh[edge] * ratios[edge] * random.normal(1.0, 0.15, count).clip(0.3, 1.7)
    return Observations(
        edge.astype(np.int64),
        kmh.astype(np.float32),
        np.ones(count, np.float32),
        now - random.uniform(0, CYCLE_S, count),
        np.full(count, Source.GPS, np.uint8),
        random.integers(0, VEHICLES, count),
    )


def _typical(graph: RoadGraph, kmh: np.ndarray) -> dict[str, Any]:
    """What a slot of a city in which every edge was learnt costs, once in five minutes."""
    began = time.process_time()
    slot = Slot.empty(graph.edges).learn(kmh)
    content = slot.packed()
    learn_ms = (time.process_time() - began) * 1000
    began = time.process_time()
    _ = Slot.unpacked(content).kmh
    read_ms = (time.process_time() - began) * 1000
    return {
        "slot_kb": round(len(content) / 1000, 1),
        "week_mb": round(len(content) * 2016 / 1e6),
        "keys_kb": round(len(packed_keys(graph)) / 1000, 1),
        "learn_ms": round(learn_ms, 2),
        "read_ms": round(read_ms, 2),
    }


def _floor(edges: int) -> float:
    """Copying one quantity of all edges: less no state can cost."""
    values = np.ones(edges, np.float32)
    began = time.process_time()
    for _ in range(100):
        values = values + np.float32(1.0)
    return round((time.process_time() - began) * 10, 4)
