"""Officers of the simulated city: they serve on a vehicle and do what they are sent to do.

They use the same door as a phone: sign on, read what their unit was sent to, press accepted, set
off, arrived, what was done, cleared. What they press is simulated, and their names say so.
"""

import asyncio
import contextlib
import json
import random
import sys
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from simcity import clock

_LOOK_S = 8.0
_TIMEOUT_S = 10.0


class Obeys(Protocol):
    """A city whose vehicles can be told where to drive."""

    def order(self, device: str, lat: float, lon: float) -> None:
        """Has a vehicle drive there and stay."""
        ...

    def is_there(self, device: str) -> bool:
        """Whether it arrived."""
        ...

    def release(self, device: str) -> None:
        """Lets it go."""
        ...


@dataclass(slots=True)
class Officer:
    """Somebody on a vehicle.

    Attributes:
        due_s: Before then nothing is pressed: people take their time.
        assignment: What the vehicle was ordered for; None if nothing.
    """

    device: str
    unit: str
    token: str
    due_s: float = 0.0
    assignment: str | None = None
    has_acted: bool = False
    is_ordered: bool = False
    said: list[str] = field(default_factory=list)


class Officers:
    """Runs them beside the city.

    Args:
        door: `http://HOST:PORT`.
        crews: `device`, `unit` and `token` of each.
        city: Whose vehicles they drive.
        seed: Another one makes others of them slow.
    """

    def __init__(
        self, door: str, crews: Sequence[Mapping[str, str]], city: Obeys, seed: int = 1
    ) -> None:
        self._door, self._city = door, city
        self._rng = random.Random(seed)  # noqa: S311 - how long people take
        self.officers = [Officer(one["device"], one["unit"], one["token"]) for one in crews]
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Officers":
        """Begins."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends; nobody signs off, as at a shift that goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            for one in self.officers:
                try:
                    await self.look(one)
                except (OSError, ValueError) as error:  # away, or answers something else
                    sys.stderr.write(json.dumps({"officer": one.device, "away": str(error)}) + "\n")
            await asyncio.sleep(_LOOK_S)

    async def look(self, one: Officer) -> None:
        """One glance at the phone, and what follows from it.

        Raises:
            OSError: The server does not answer.
            ValueError: It answers something that cannot be read.
        """
        duty = await self._ask(one, "GET", "/api/dispatch/duty")
        if duty["unit"] is None:
            await self._ask(one, "PUT", "/api/dispatch/duty", {"unit_id": one.unit})
            return
        assignment = duty["assignment"]
        if assignment is None:
            if one.assignment is not None:
                self._let_go(one)
            return
        if one.assignment != assignment["id"]:
            one.assignment, one.has_acted, one.is_ordered = assignment["id"], False, False
            one.due_s = clock.wall_s() + self._rng.uniform(10, 25)
        if clock.wall_s() >= one.due_s:
            await self._go_on(one, assignment["state"], duty["task"])

    async def _go_on(self, one: Officer, state: str, task: Mapping[str, Any]) -> None:
        is_gone = task["jam_ended"] == "flows"
        if is_gone and state in ("accepted", "en_route"):
            await self._press(one, "cleared", 10, outcome="dissolved")
        elif state == "dispatched":
            await self._press(one, "accepted", 8)
        elif state in ("accepted", "en_route") and not one.is_ordered:
            # Also who set off before the city was started anew.
            one.is_ordered = True
            self._city.order(one.device, task["lat"], task["lon"])
            if state == "accepted":
                await self._press(one, "en_route", 5)
        elif state == "en_route":
            if self._city.is_there(one.device):
                await self._press(one, "on_scene", 30)
        elif not one.has_acted:
            one.has_acted = True
            await self._press(one, "acted", 240, did="manual_control")
        else:
            await self._press(one, "cleared", 10, outcome="solved")

    def _let_go(self, one: Officer) -> None:
        one.assignment = None
        with contextlib.suppress(KeyError):  # it was never ordered anywhere
            self._city.release(one.device)

    async def _press(self, one: Officer, stamp: str, pause_s: float, **more: str) -> None:
        now = datetime.fromtimestamp(clock.wall_s(), UTC).isoformat()
        item = {"id": str(uuid.uuid4()), "stamp": stamp, "at": now, **more}
        path = f"/api/dispatch/assignments/{one.assignment}/stamps"
        await self._ask(one, "POST", path, {"sent_at": now, "items": [item]})
        one.due_s = clock.wall_s() + self._rng.uniform(0.7, 1.4) * pause_s
        one.said.append(stamp)

    async def _ask(self, one: Officer, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the door we were given
            self._door + path,
            content,
            {"authorization": f"Bearer {one.token}", "content-type": "application/json"},
            method=method,
        )

        def send() -> bytes:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - ours
                told: bytes = answer.read()
                return told

        answered = await asyncio.to_thread(send)
        return json.loads(answered) if answered else None
