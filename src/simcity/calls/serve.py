"""The command that places calls, a day's load in real time or a burst; who answers may be there."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

from simcity import clock
from simcity.calls.caller import Caller
from simcity.calls.day import A_DAY, Planned, Spot, plan_burst, plan_day
from simcity.calls.sound import has_speech, say

UTC_OFFSET_H = 8
_DAY_S = 86_400.0
_NICE = 10
_VOICES = 24
_LINGER_S = 2.0
_ASKED_S = 20.0
"""So long a caller who needs help stays on the line where somebody asks."""

type Burst = Literal["kandea", "flood", "crowd"]

BURSTS: dict[Burst, tuple[str, int, float]] = {
    "kandea": ("7 callers in 4 minutes on one fire at Jl. Kandea", 7, 240.0),
    "flood": ("60 calls in 10 minutes about water in Manggala and Biringkanaya", 60, 600.0),
    "crowd": ("500 calls in 10 minutes on one fire", 500, 600.0),
}
KANDEA: Spot = (-5.1246, 119.4189, "Lorong 5 Jalan Kandea")
_FLOODED = ("73.71.11", "73.71.12")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `simcity calls`."""
    parser.add_argument("--city", type=Path, required=True, help="folder of `simcity city`")
    parser.add_argument("--edge", default="127.0.0.1:5060", help="HOST:PORT where SIP is taken")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-day", type=int, default=A_DAY, help="calls a day, by the hour")
    parser.add_argument("--at-once", type=int, default=600, help="more callers wait outside")
    parser.add_argument(
        "--burst", choices=sorted(BURSTS),
        help="; ".join(f"{name}: {what}" for name, (what, _, _) in BURSTS.items()),
    )  # fmt: skip
    parser.add_argument("--speed", type=float, default=1.0, help="times as fast they come")
    parser.add_argument(
        "--door", metavar="URL", help="with --desk: http://HOST:PORT of the product"
    )
    parser.add_argument(
        "--desk", type=Path, metavar="FILE",
        help='JSON: {"takers": [token], "dispatcher": token}; simulated people answer and send',
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Place calls until all were placed, or until stopped; return the exit code."""
    if bool(options.door) != bool(options.desk):
        sys.stderr.write("--door and --desk go together\n")
        return 2
    os.nice(_NICE)
    if not has_speech():
        sys.stderr.write("espeak-ng is not installed: callers hum tones instead of speaking\n")
    return asyncio.run(_place(options))


async def _place(options: argparse.Namespace) -> int:
    stop, parent = asyncio.Event(), os.getppid()
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    host, _, port = options.edge.rpartition(":")
    room = Crowd((host, int(port)), options.at_once, _ASKED_S if options.desk else _LINGER_S)
    day = plan_day(read_spots(options.city), options.seed, options.per_day)
    bursts = {name: burst_of(name, options.city, options.seed) for name in BURSTS}
    plan = bursts[options.burst] if options.burst else _from_now(day)
    began = clock.monotonic_s()
    async with _answered(options, [*day, *(one for burst in bursts.values() for one in burst)]):
        await _ring(room, plan, options.speed, began, stop, parent)
    sys.stdout.write(json.dumps(room.told()) + "\n")
    return 0


async def _ring(
    room: "Crowd",
    plan: Sequence[Planned],
    speed: float,
    began: float,
    stop: asyncio.Event,
    parent: int,
) -> None:
    for one in plan:
        while not stop.is_set() and os.getppid() == parent:
            left = one.at_s / speed - (clock.monotonic_s() - began)
            if left <= 0:
                break
            await asyncio.sleep(min(left, 1.0))
        if stop.is_set() or os.getppid() != parent:
            break
        await room.begin(one)
    await room.end(at_once=stop.is_set())


@contextlib.asynccontextmanager
async def _answered(options: argparse.Namespace, told: Sequence[Planned]) -> AsyncIterator[None]:
    """Simulated people at the desk, where there are tokens for them."""
    if not options.desk:
        yield
        return
    from simcity.desk.staff import staffed  # noqa: PLC0415 - brings WebRTC

    tokens = json.loads(options.desk.read_text("utf-8"))
    async with staffed(options.door, tokens, {one.number: one for one in told}):
        yield


class Crowd:
    """Callers who are on the line.

    Args:
        edge: Where SIP is taken.
        at_once: More than so many wait until one of them is done.
        linger_s: How long who needs help stays on the line after they spoke.
        host: Own address.

    Attributes:
        ends: How the calls went.
    """

    def __init__(
        self,
        edge: tuple[str, int],
        at_once: int,
        linger_s: float = _LINGER_S,
        host: str = "127.0.0.1",
    ) -> None:
        self._edge, self._linger_s, self._host = edge, linger_s, host
        self._room = asyncio.Semaphore(at_once)
        self._calls: set[asyncio.Task[None]] = set()
        self._voices: dict[tuple[str, int], bytes] = {}
        self.ends: Counter[str] = Counter()
        self.call_ids: list[str] = []

    async def begin(self, one: Planned) -> None:
        """One calls; waits while there is no room."""
        await self._room.acquire()
        task = asyncio.create_task(self._call(one))
        self._calls.add(task)
        task.add_done_callback(self._done)

    async def end(self, *, at_once: bool = False) -> None:
        """Waits for those on the line; `at_once` takes them off it."""
        for task in self._calls if at_once else ():
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def told(self) -> dict[str, int]:
        """How many calls ended how."""
        return {"calls": len(self.call_ids), **self.ends}

    async def _call(self, one: Planned) -> None:
        voice = sum(one.number.encode()) % _VOICES
        key = (one.says, voice)
        if key not in self._voices:
            self._voices[key] = await say(one.says, voice)
        caller = Caller(self._edge, one.number, one.place, self._host)
        linger_s = _LINGER_S if one.is_nuisance else self._linger_s
        ended = await caller.call(self._voices[key], one.patience_s, linger_s)
        self.ends[ended.end] += 1
        self.call_ids.append(ended.call_id)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._room.release()
        self._calls.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.ends["failed"] += 1
            sys.stderr.write(json.dumps({"caller": type(error).__name__}) + "\n")


def burst_of(which: Burst, folder: Path, seed: int) -> list[Planned]:
    """The calls of a burst in a city folder, in order."""
    _, calls, seconds = BURSTS[which]
    if which == "flood":
        return plan_burst(read_spots(folder, _FLOODED), "flood", calls, seconds, seed, 400.0)
    return plan_burst([KANDEA], "fire", calls, seconds, seed)


def _from_now(day: Sequence[Planned]) -> list[Planned]:
    """What is left of today's calls, by the clock of the city; seconds from now on."""
    now_s = (clock.wall_s() + UTC_OFFSET_H * 3600.0) % _DAY_S
    return [_later(one, -now_s) for one in day if one.at_s >= now_s] + [
        _later(one, _DAY_S - now_s) for one in day if one.at_s < now_s
    ]


def _later(one: Planned, by_s: float) -> Planned:
    return Planned(
        one.at_s + by_s, one.number, one.sort, one.says, one.spot, one.place, one.patience_s
    )


def read_spots(folder: Path, areas: Sequence[str] = ()) -> list[Spot]:
    """The places of a city folder that one calls from: where, and how people call it.

    Args:
        folder: Of `simcity city`.
        areas: Codes of kecamatan; of all where empty.
    """
    features = json.loads((folder / "places.geojson").read_text("utf-8"))["features"]
    return [
        (lat, lon, str(one["properties"]["name"]))
        for one in features
        for lon, lat in [one["geometry"]["coordinates"][:2]]
        if not areas or one["properties"]["kecamatan"] in areas
    ]
