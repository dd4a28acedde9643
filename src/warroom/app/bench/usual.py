"""Typical speeds of an evening: what a city knows that has learnt for weeks, and nothing of today.

Played once, from evenings of tuning, and kept: the reported ones are not in it.
"""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warroom.app.bench.evening import TICK_S, Course, Evening

type Floats = NDArray[np.float64]

SEEDS = (101, 102, 103)


def usual_kmh(city: Path, work: Path, course: Course, from_s: float) -> dict[str, float]:
    """Mean speed of each edge, by its key, from a second of the evening to its end.

    Edges on which nobody drove are left out.

    Args:
        city: Folder of the city.
        work: Where it is kept.
        course: How long evenings are.
        from_s: Before it there are no engines.

    Raises:
        NoSimulatorError: It is not known yet, and SUMO is not there or broke off.
    """
    network = (city / "network.json").read_bytes()
    name = hashlib.sha256(network + repr((course, from_s, SEEDS)).encode()).hexdigest()[:16]
    path = work / "cache" / f"usual-{name}.npz"
    if not path.exists():
        keys, spent, driven = _play(city, work, course, from_s)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, keys=np.array(keys), seconds=spent, metres=driven)
    with np.load(path) as kept:
        seen = kept["seconds"] > 0
        kmh = kept["metres"][seen] / kept["seconds"][seen] * 3.6
        return dict(zip(kept["keys"][seen].tolist(), kmh.tolist(), strict=True))


def _play(
    city: Path, work: Path, course: Course, from_s: float
) -> tuple[list[str], Floats, Floats]:
    """Keys of edges, and vehicle-seconds and metres driven on each, over all seeds."""
    keys: list[str] = []
    spent = driven = np.zeros(0)
    for seed in SEEDS:
        with Evening(city, work, seed, course, 0.01) as evening:
            for _ in range(course.minutes * 60 // TICK_S):
                evening.step({}, {})
            seconds, metres, interval_s = evening.truth()
            first = int(from_s // interval_s)
            keys = evening.told["keys"]
            spent = seconds[first:].sum(axis=0) + (spent if len(spent) else 0.0)
            driven = metres[first:].sum(axis=0) + (driven if len(driven) else 0.0)
    return keys, spent, driven
