"""`warroom bench soak`: a node in earnest use, and whether its processes grow.

Cameras that are recorded and now and then away; people who sign in, watch for some seconds, look
back, take pictures and listen to events, and go again. Growth is the slope of the least squares
through the lows of each process's resident memory after a warm-up.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psutil

from warroom.app.bench.realtime import Tab
from warroom.live.bench import (
    HOST,
    LOGIN,
    PASSWORD,
    CountingViewer,
    Stack,
    handshake,
    running_stack,
)

SAMPLE_S = 5.0
WINDOW_S = 60.0
WARM_SHARE = 1 / 3
"""Share of the run in which caches fill; it is not counted."""
PEOPLE = 6
THUMBNAILS = 6
"""Pictures that somebody who moves along a time line sees."""
SIGN_OUT_SHARE = 0.5
"""The others close the page and leave their session to its end."""
AWAY_EVERY_S = 15.0
TOPICS = ("cameras.state", "cameras.changed", "recording.alarm")


@dataclass(slots=True)
class _Track:
    """What a process was seen to have, sample by sample."""

    name: str
    process: psutil.Process
    at_s: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    fds: int = 0
    threads: int = 0

    def sample(self, at_s: float) -> None:
        with self.process.oneshot():
            rss = self.process.memory_info().rss
            self.fds, self.threads = self.process.num_fds(), self.process.num_threads()
        self.at_s.append(at_s)
        self.rss_mb.append(rss / 1e6)

    def told(self) -> dict[str, Any]:
        after_s = self.at_s[-1] * WARM_SHARE
        counted = [pair for pair in lows(self.at_s, self.rss_mb) if pair[0] >= after_s]
        return {
            "name": self.name,
            "rss_mb_start": round(counted[0][1], 1),
            "rss_mb_end": round(counted[-1][1], 1),
            "slope_mb_h": round(slope(counted) * 3600, 2),
            "fds": self.fds,
            "threads": self.threads,
        }


def lows(at_s: list[float], rss_mb: list[float]) -> list[tuple[float, float]]:
    """The least of each window of time: what is at work for a moment is no growth.

    A sign-in takes 64 MB for a fifth of a second (argon2id).
    """
    length_s = at_s[-1] if at_s else 0.0
    width_s = min(WINDOW_S, length_s / 12) or WINDOW_S
    last = max(0, int(length_s / width_s) - 1)
    found: dict[int, tuple[float, float]] = {}
    for at, rss in zip(at_s, rss_mb, strict=True):
        window = min(last, int(at / width_s))
        if window not in found or rss < found[window][1]:
            found[window] = (at, rss)
    return list(found.values())


def slope(points: list[tuple[float, float]]) -> float:
    """The slope of the line of least squares through points (x, y); 0 for fewer than two."""
    if len(points) < 2:
        return 0.0
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0


def bench_soak(
    minutes: float = 60, *, cameras: int = 24, segment_s: float = 60.0
) -> dict[str, Any]:
    """Runs a node in use and tells how each of its processes grew.

    Args:
        minutes: How long it is watched; the first third warms it up.
        cameras: Simulated cameras, 720p at 1 Mbit/s.
        segment_s: Length of a segment; short ones make many rows in little time.

    Returns:
        `processes`: `{name, rss_mb_start, rss_mb_end, slope_mb_h, fds, threads}` each, the
        database's own processes apart; `unexplained_gaps`: stretches of any camera during the run
        without footage and without a cause; `uses` and `failed`: what people did, and what of
        that failed.
    """
    with running_stack(cameras, segment_s=segment_s) as stack:
        return asyncio.run(_Soak(stack).run(minutes * 60))


class _Soak:
    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._address = f"http://{HOST}:{stack.port}"
        self._random = random.Random(1)  # noqa: S311 - the same run each time
        self._uses = 0
        self._failed: dict[str, int] = {}

    async def run(self, seconds: float) -> dict[str, Any]:
        began, began_at = time.monotonic(), datetime.now(UTC)  # noqa: TID251 - a bench's own
        tracks = [_Track(name, process) for name, process in self._stack.processes.items()]
        async with httpx.AsyncClient(base_url=self._address, timeout=20) as client:
            people = [asyncio.create_task(self._person(client)) for _ in range(PEOPLE)]
            people.append(asyncio.create_task(self._break_cameras(client)))
            while (passed_s := time.monotonic() - began) < seconds:
                for track in tracks:
                    track.sample(passed_s)
                await asyncio.sleep(min(SAMPLE_S, seconds / 20))
            for task in people:
                task.cancel()
            await asyncio.gather(*people, return_exceptions=True)
            gaps = await self._unexplained(client, began_at)
        return {
            "processes": [track.told() for track in sorted(tracks, key=lambda one: one.name)],
            "unexplained_gaps": gaps,
            "uses": self._uses,
            "failed": self._failed,
            "cameras": len(self._stack.cameras),
            "seconds": round(seconds),
        }

    async def _person(self, client: httpx.AsyncClient) -> None:
        """Does one thing after the other for as long as the run."""
        doings = (self._watch, self._look_back, self._listen, self._sign_in, self._picture)
        while True:
            doing: Callable[[httpx.AsyncClient], Awaitable[None]] = self._random.choice(doings)
            try:
                await doing(client)
            except (httpx.HTTPError, OSError, TimeoutError) as error:
                name = f"{doing.__name__.strip('_')}: {type(error).__name__}"
                self._failed[name] = self._failed.get(name, 0) + 1
            self._uses += 1
            await asyncio.sleep(self._random.uniform(0.2, 1.0))

    def _camera(self) -> str:
        return self._random.choice(list(self._stack.cameras.values()))

    async def _get(self, client: httpx.AsyncClient, path: str, **query: str) -> httpx.Response:
        answer = await client.get(path, params=query, headers=self._stack.headers)
        if answer.status_code not in (200, 404):
            answer.raise_for_status()
        return answer

    async def _watch(self, client: httpx.AsyncClient) -> None:  # noqa: ARG002 - as the others
        ask = handshake(self._stack.port, f"/api/live/{self._camera()}/mse", self._stack.token)
        transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: CountingViewer(ask), HOST, self._stack.port
        )
        await asyncio.sleep(self._random.uniform(1, 6))
        transport.close()

    async def _look_back(self, client: httpx.AsyncClient) -> None:
        camera, now = self._camera(), datetime.now(UTC)  # noqa: TID251 - a bench's own
        span = {"from": _text(now - timedelta(seconds=40)), "to": _text(now)}
        await self._get(client, f"/api/recording/{camera}/timeline", **span)
        span["to"] = _text(now - timedelta(seconds=30))
        await self._get(client, f"/api/recording/{camera}/media", **span)
        for seconds in range(12, 12 + 4 * THUMBNAILS, 4):
            at = _text(now - timedelta(seconds=seconds))
            await self._get(client, f"/api/recording/{camera}/thumbnail.jpg", at=at)

    async def _picture(self, client: httpx.AsyncClient) -> None:
        await self._get(client, f"/api/live/{self._camera()}/snapshot.jpg")
        await self._get(client, "/api/cameras", limit="200")

    async def _listen(self, client: httpx.AsyncClient) -> None:  # noqa: ARG002 - as the others
        tab = await Tab.open(self._stack, self._stack.token, TOPICS)
        await asyncio.sleep(self._random.uniform(1, 6))
        tab.close()

    async def _sign_in(self, client: httpx.AsyncClient) -> None:  # noqa: ARG002 - as the others
        body = {"login": LOGIN, "password": PASSWORD}
        from_page = {"x-warroom": "1"}
        async with httpx.AsyncClient(
            base_url=self._address, timeout=20, headers=from_page
        ) as person:
            (await person.post("/api/session", json=body)).raise_for_status()
            (await person.get("/api/session")).raise_for_status()
            if self._random.random() < SIGN_OUT_SHARE:
                (await person.delete("/api/session")).raise_for_status()

    async def _break_cameras(self, client: httpx.AsyncClient) -> None:
        """Has one camera refuse for a while, then another."""
        numbers = list(self._stack.cameras)
        while True:
            number = self._random.choice(numbers)
            for fault in ("offline", None):
                ask = {"camera": number, "fault": fault}
                await client.post(f"{self._stack.simulator}/faults", json=ask)
                await asyncio.sleep(AWAY_EVERY_S / 3 if fault else AWAY_EVERY_S * 2 / 3)

    async def _unexplained(self, client: httpx.AsyncClient, began: datetime) -> int:
        found = 0
        ended = datetime.now(UTC)  # noqa: TID251 - a bench's own
        span = {"from": _text(began), "to": _text(ended)}
        for camera in self._stack.cameras.values():
            with contextlib.suppress(KeyError):
                line = (await self._get(client, f"/api/recording/{camera}/timeline", **span)).json()
                found += sum(gap["cause"] == "unknown" for gap in line["gaps"])
        return found


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
