"""The command that plays an evening of SUMO to a program: a line of JSON in, a line out, per tick.

The first line out tells the evening; each line in, `{"send": {engine: [keys]}, "turn": {...}}`, is
answered by what is seen after the tick (`world.Seen`). The end of the input ends the evening, and
the last line tells where the truth was written.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from simcity.sumo.cut import CENTRE, cut_city
from simcity.sumo.world import TRUTH_S, Plan, World, area_km2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `simcity sumo`."""
    parser.add_argument("--city", type=Path, required=True, help="folder of `simcity city`")
    parser.add_argument("--cache", type=Path, required=True, help="where demand and net are kept")
    parser.add_argument("--out", type=Path, required=True, help="where the truth is written")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--centre", action="store_true", help="only the inner city")
    parser.add_argument("--probes", type=float, default=0.2, help="vehicles with a receiver")
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--warm-up", type=int, default=15, metavar="MIN")
    parser.add_argument("--trouble", type=int, default=15, metavar="MIN")


def run(options: argparse.Namespace) -> int:
    """Play; return the exit code."""
    folder = options.city
    if options.centre:
        folder = cut_city(folder, options.cache, CENTRE)
    warm_s, trouble_s, end_s = options.warm_up * 60, options.trouble * 60, options.minutes * 60
    plan = Plan(warm_s, trouble_s, end_s, options.probes)
    # SUMO writes to the standard output what it thinks of things.
    answers = sys.stdout
    sys.stdout = sys.stderr
    world = World(folder, options.cache, options.out, options.seed, plan)
    _tell(answers, _begin(world, folder))
    for line in sys.stdin:
        told = json.loads(line)
        refused = [one for one, keys in told["send"].items() if not world.send(one, keys)]
        refused += [one for one, keys in told["turn"].items() if not world.turn(one, keys)]
        seen = world.step()
        seen.refused = refused
        _tell(answers, asdict(seen))
    world.close()
    seconds, metres = world.truth()
    path = options.out / f"truth-{options.seed}.npz"
    np.savez(path, seconds=seconds.astype(np.float32), metres=metres.astype(np.float32))
    _tell(answers, {"truth": str(path), "interval_s": TRUTH_S})
    return 0


def _begin(world: World, folder: Path) -> dict[str, Any]:
    keys = world.streets.keys
    return {
        "folder": str(folder),
        "keys": keys,
        "km2": area_km2(world.streets),
        "cameras": len(world.watchers),
        "camera_edges": len({edge for one in world.watchers for _, edge in one.sides}),
        "incidents": [
            asdict(one) | {"edges": [keys[edge] for edge in one.edges], "kmh": None}
            for one in world.incidents
        ],
        "heard": [
            asdict(one) | {"edges": [keys[edge] for edge in one.edges]} for one in world.heard
        ],
    }


def _tell(answers: Any, what: dict[str, Any]) -> None:
    answers.write(json.dumps(what, separators=(",", ":")) + "\n")
    answers.flush()
