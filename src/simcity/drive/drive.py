"""The command that lets the city's traffic run: in real time to a door, or fast to a file."""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from simcity import clock
from simcity.drive import watchers
from simcity.drive.city import City
from simcity.drive.fleet import as_csv, make_fleet
from simcity.drive.officers import Officers
from simcity.drive.sender import Sender
from simcity.drive.wards import Wards

_TELL_S = 60
_BEHIND_S = 30
"""So far behind its clock (a laptop that slept), the city leaves the time between out."""

_NICE = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `simcity drive`."""
    parser.add_argument("--city", type=Path, required=True, help="folder of `simcity city`")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vehicles", type=int, default=900, help="besides those with a receiver")
    parser.add_argument("--hour", type=float, help="hour of the day it begins at; else that of now")
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="N",
        help="the day passes N times as fast, vehicles at their own pace",
    )  # fmt: skip
    parser.add_argument("--warm-up", type=int, default=900, metavar="S", help="driven beforehand")
    parser.add_argument("--calm", action="store_true", help="nothing goes wrong")
    parser.add_argument("--fleet", type=Path, metavar="FILE", help="only write the vehicles as CSV")
    parser.add_argument("--door", metavar="URL", help="http://HOST:PORT of the product")
    parser.add_argument(
        "--keys", type=Path, metavar="FILE", help='JSON: {"devices": {id: key}, "token": "..."}'
    )
    parser.add_argument(
        "--minutes", type=int, help="without --door: so much time, as fast as it goes"
    )
    parser.add_argument("--truth", type=Path, metavar="FILE", help="with --minutes: .npz of speeds")


def run(options: argparse.Namespace) -> int:
    """Drive; return the exit code."""
    if options.fleet:
        options.fleet.write_text(as_csv(make_fleet(options.city)), "utf-8")
        return 0
    if bool(options.door) == bool(options.minutes) or (options.door and not options.keys):
        sys.stderr.write("either --door and --keys, or --minutes\n")
        return 2
    if options.door:
        os.nice(_NICE)
        return asyncio.run(_live(options))
    return _fast(options)


def _make_city(options: argparse.Namespace) -> City:
    return City(
        options.city,
        seed=options.seed,
        start_s=clock.wall_s() - options.warm_up,
        background=options.vehicles,
        hour=options.hour,
        happens=not options.calm,
    )


def _fast(options: argparse.Namespace) -> int:
    began = time.process_time()
    city = _make_city(options)
    city.run(options.warm_up)
    city.day_speed = options.speed
    ready = time.process_time()
    moments: list[tuple[int, Any]] = []
    positions = 0
    for second in range(options.minutes * 60):
        city.step()
        positions += sum(1 for _ in city.positions())
        if second % 60 == 59:
            moments.append((city.now_s, city.truth_kmh.astype(np.float32)))
    spent = time.process_time() - ready
    if options.truth:
        at, speeds = (np.array(column) for column in zip(*moments, strict=True))
        np.savez_compressed(options.truth, keys=np.array(city.streets.keys), at_s=at, kmh=speeds)
    told = {
        "edges": city.streets.edges,
        "vehicles": len(city.vehicles),
        "with_receiver": len(city.fleet),
        "cameras": len(city.watchers),
        "minutes": options.minutes,
        "positions": positions,
        "start_cpu_s": round(ready - began, 3),
        "cpu_s_per_minute": round(spent / options.minutes, 4),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


async def _live(options: argparse.Namespace) -> int:
    keys: dict[str, Any] = json.loads(options.keys.read_text("utf-8"))
    city = await asyncio.to_thread(_make_city, options)
    await asyncio.to_thread(city.run, options.warm_up)
    city.day_speed = options.speed
    hospitals = read_hospitals(options.city)
    homes = {one.device: (one.lat, one.lon) for one in city.fleet}
    stop, parent = asyncio.Event(), os.getppid()
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    async with (
        Sender(options.door, keys["devices"], keys.get("token", "")) as sender,
        Officers(options.door, keys.get("crews", []), city, hospitals=hospitals, homes=homes),
        Wards(options.door, keys.get("beds", ""), read_named(options.city)),
    ):
        told = {"vehicles": len(city.vehicles), "with_receiver": len(keys["devices"])}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        # Whoever started it is gone: nobody would ever stop it.
        while not stop.is_set() and os.getppid() == parent:
            wall = clock.wall_s()
            if wall - city.now_s > _BEHIND_S:
                city.skip(int(wall) - city.now_s)
            while city.now_s < int(wall):
                city.step()
                for one in city.positions():
                    sender.tell(one)
                if city.now_s % watchers.INTERVAL_S == 0:
                    sender.tell_counts(float(city.now_s), watchers.INTERVAL_S, city.counts())
                if city.now_s % _TELL_S == 0:
                    _report(city, sender)
            pause = city.now_s + 1 - clock.wall_s()
            await asyncio.sleep(max(0.02, pause))
    return 0


def read_hospitals(folder: Path) -> list[tuple[float, float]]:
    """Latitude and longitude of the hospitals of a city folder."""
    return [(lat, lon) for _, lat, lon in read_named(folder)]


def read_named(folder: Path) -> list[tuple[str, float, float]]:
    """The same, each with its name."""
    features = json.loads((folder / "places.geojson").read_text("utf-8"))["features"]
    return [
        (one["properties"]["name"], lat, lon)
        for one in features
        if one["properties"]["kind"] == "rumah sakit"
        for lon, lat in [one["geometry"]["coordinates"][:2]]
    ]


def _report(city: City, sender: Sender) -> None:
    what = {
        "answers": dict(sender.answers),
        "dropped": sender.dropped,
        "happening": [one.kind for one in city.happening],
        "cpu_s": round(time.process_time(), 2),
    }
    sender.answers.clear()
    sys.stderr.write(json.dumps(what) + "\n")
    sys.stderr.flush()
