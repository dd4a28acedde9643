"""`warroom bench dispatch`: units recommended, a letter typed, and when the others see it.

A node of its own with the schematic city, 200 units of five agencies with crews, and 100 operators
on real WebSockets. Call takers type into drafts of their own, as the form does; each saving is
timed to its answer, and from its sending to every screen that hears of it. Beside them stand the
floors: the smallest authenticated answer under the same load, and the bare send of the same bytes.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from warroom.app.bench.control_room import ControlRoom, spots
from warroom.app.bench.node import BenchNode, BenchStoppedError, bench_node
from warroom.app.bench.realtime import Tab, floor_us
from warroom.kernel.clock import SystemClock

AGENCY_LEVEL = 3
TAKERS = 10
TYPED_EVERY_S = 0.4
"""The form saves 0.35 s after the last key."""

INCIDENTS = 20
WARM, COUNTED = 20, 200
TOPICS = ("incidents.changed", "incidents.drafts", "dispatch.tasks", "dispatch.units")
SECTIONS = "[dispatch]\nsilent_after_s = 7200.0\n"
"""Nobody moves the units while it is measured."""

_MARK = re.compile(rb"ketik-(\d+)-(\d+)-")


def bench_dispatch(units: int = 200, operators: int = 100, seconds: float = 20) -> dict[str, Any]:
    """Measures it over real HTTP and WebSockets.

    Args:
        units: Of five agencies.
        operators: On WebSockets.
        seconds: How long call takers type.

    Raises:
        BenchStoppedError: The node did not come up, or refused something.
    """
    room = ControlRoom(units, operators)
    with bench_node(0, SECTIONS, room.fill) as node:
        return asyncio.run(_Measure(node, room).run(seconds))


@dataclass
class _Measure:
    """One measurement.

    Attributes:
        sent: When each saving was sent, by taker and number.
        seen_ms: From there to each screen.
        saved_ms: From there to its answer.
    """

    node: BenchNode
    room: ControlRoom
    sent: dict[tuple[int, int], float] = field(default_factory=dict)
    seen_ms: list[float] = field(default_factory=list)
    saved_ms: list[float] = field(default_factory=list)

    async def run(self, seconds: float) -> dict[str, Any]:
        tabs = [
            await Tab.open(self.node, token, TOPICS, self._screen()) for token in self.room.tokens
        ]
        async with self._client(self.room.tokens[0]) as client:
            incidents = [await self._incident(client, at) for at in spots(INCIDENTS, 2)]
            ways = [f"/api/dispatch/incidents/{one}/recommendation" for one in incidents]
            recommend = self._asking(client, [f"{way}?level={AGENCY_LEVEL}" for way in ways])
            slots = await self._slots(client, ways[0])
            await _times(recommend, WARM)
            cpu = self.node.cpu_s()
            quiet = await _times(recommend, COUNTED)
            cpu_ms = (self.node.cpu_s() - cpu) / COUNTED * 1000
            session = self._asking(client, ["/api/session"])
            loaded, empty, used = await self._loaded(seconds, recommend, session)
        size = max((tab.largest for tab in tabs), default=0)
        for tab in tabs:
            tab.close()
        return {
            "units": self.room.count,
            "operators": self.room.operators,
            "slots": slots,
            **_quantiles("recommend_ms", quiet),
            "recommend_cpu_ms": round(cpu_ms, 2),
            **_quantiles("recommend_under_load_ms", loaded),
            **_quantiles("event_to_screen_ms", self.seen_ms),
            **_quantiles("intake_ms", self.saved_ms),
            **_quantiles("floor_empty_answer_ms", empty),
            "floor_us_per_message": floor_us(self.room.operators, size),
            "savings": len(self.saved_ms),
            "screens_told": len(self.seen_ms),
            "screens_expected": len(self.saved_ms) * self.room.operators,
            "server_cores": round(used / seconds, 3),
        }

    def _screen(self) -> Callable[[bytes], None]:
        """Notes the first time at which one operator's screen hears of each saving."""
        heard: set[tuple[int, int]] = set()

        def hear(frame: bytes) -> None:
            now = time.monotonic()
            found = _MARK.search(frame)
            if found is not None:
                which = (int(found[1]), int(found[2]))
                if which not in heard:
                    heard.add(which)
                    self.seen_ms.append((now - self.sent[which]) * 1000)

        return hear

    def _client(self, token: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.node.address, headers={"authorization": f"Bearer {token}"}, timeout=30
        )

    async def _incident(self, client: httpx.AsyncClient, at: tuple[float, float]) -> str:
        incident = str(uuid4())
        place = {"lat": at[0], "lon": at[1], "name": "Titik ukur"}
        await _put(client, incident, 1, {"type": "fire_market", "place": place})
        answer = await client.post(f"/api/incidents/{incident}/send", json={"id": str(uuid4())})
        _check(answer)
        return incident

    async def _slots(self, client: httpx.AsyncClient, way: str) -> dict[str, int]:
        """How many needs there are and how many have a unit: that there is something to ask."""
        answer = _check(await client.get(f"{way}?level={AGENCY_LEVEL}")).json()
        filled = sum(slot["unit"] is not None for slot in answer["slots"])
        return {"needed": len(answer["slots"]), "filled": filled}

    @staticmethod
    def _asking(client: httpx.AsyncClient, paths: list[str]) -> Callable[[], Awaitable[None]]:
        asked = 0

        async def ask() -> None:
            nonlocal asked
            asked += 1
            _check(await client.get(paths[asked % len(paths)]))

        return ask

    async def _loaded(
        self,
        seconds: float,
        recommend: Callable[[], Awaitable[None]],
        session: Callable[[], Awaitable[None]],
    ) -> tuple[list[float], list[float], float]:
        """Milliseconds of both beside the takers who type, and CPU-seconds of the server."""
        cpu = self.node.cpu_s()
        async with asyncio.TaskGroup() as group:
            loaded = group.create_task(_times_for(recommend, seconds, 0.5))
            empty = group.create_task(_times_for(session, seconds, 0.2))
            for number in range(TAKERS):
                group.create_task(self._type(number, seconds))
        used = self.node.cpu_s() - cpu
        await asyncio.sleep(1.0)
        return loaded.result(), empty.result(), used

    async def _type(self, taker: int, seconds: float) -> None:
        """One call taker: a draft of their own, a saving each time the form would send one."""
        draft, number = str(uuid4()), 0
        async with self._client(self.room.tokens[taker % len(self.room.tokens)]) as client:
            await _put(client, draft, 0, {"type": "fire_house"})
            await asyncio.sleep(taker * TYPED_EVERY_S / TAKERS)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                number += 1
                began = self.sent[(taker, number)] = time.monotonic()
                await _put(client, draft, number, {"event_text": f"ketik-{taker}-{number}- api"})
                took = time.monotonic() - began
                self.saved_ms.append(took * 1000)
                await asyncio.sleep(max(0.0, TYPED_EVERY_S - took))


async def _put(
    client: httpx.AsyncClient, draft: str, revision: int, fields: dict[str, Any]
) -> None:
    now = SystemClock().now().isoformat()
    body = {
        "writer": draft, "revision": revision, "sent_at": now,
        "fields": {name: {"value": value, "at": now} for name, value in fields.items()},
    }  # fmt: skip
    _check(await client.put(f"/api/incidents/drafts/{draft}", json=body))


def _check(answer: httpx.Response) -> httpx.Response:
    """Gives the answer back.

    Raises:
        BenchStoppedError: It is a refusal.
    """
    if answer.is_error:
        raise BenchStoppedError(problem=f"{answer.url.path} {answer.status_code} {answer.text}")
    return answer


async def _times(ask: Callable[[], Awaitable[None]], count: int) -> list[float]:
    took = []
    for _ in range(count):
        began = time.monotonic()
        await ask()
        took.append((time.monotonic() - began) * 1000)
    return took


async def _times_for(
    ask: Callable[[], Awaitable[None]], seconds: float, every_s: float
) -> list[float]:
    took, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        took += await _times(ask, 1)
        await asyncio.sleep(every_s)
    return took


def _quantiles(name: str, values: list[float]) -> dict[str, float]:
    """By nearest rank; of nothing, nothing.

    Raises:
        BenchStoppedError: There is nothing to tell of.
    """
    if not values:
        raise BenchStoppedError(problem=f"{name}: nothing was measured")
    ordered = sorted(values)
    return {
        f"{name}_p{share}": round(ordered[min(len(ordered) - 1, len(ordered) * share // 100)], 2)
        for share in (50, 99)
    }
