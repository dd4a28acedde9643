"""Crews of the simulated city: they serve on a vehicle and do what they are sent to do.

They use the same door as a phone: sign on, read what their unit was sent to, press accepted, set
off, arrived, what was done, cleared, and drive home. At an incident an engine puts water on it and
has it under control, an ambulance takes somebody to the hospital that has a bed. What they press is
simulated, and their names say so.
"""

import asyncio
import contextlib
import json
import math
import random
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from simcity import clock
from simcity.door import Door

LOOK_S = 8.0
_IDLE_LOOKS = 2
"""Who is sent nowhere looks only each so many times."""

_LOOKING = 8
"""So many look at their phones at a time."""

type Work = tuple[tuple[str, float], ...]
"""What is done at a place, and about how many seconds each takes."""

_JAM: Work = (("manual_control", 240),)
_FIRE: Work = (("water_on_fire", 90), ("under_control", 300))
_AT_INCIDENT: dict[str, Work] = {
    "engine": _FIRE,
    "ladder": _FIRE,
    "tanker": _FIRE,
    "fire_boat": _FIRE,
    "ambulance": (("patient_contact", 120),),
    "relief": (("other", 240),),
    "pump_truck": (("other", 300),),
    "power": (("other", 180),),
}
_TAKES_AWAY = "ambulance"

type Position = tuple[float, float]


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
        done: How much of the work at the place was done.
    """

    device: str
    unit: str
    door: Door
    due_s: float = 0.0
    assignment: str | None = None
    done: int = 0
    is_ordered: bool = False
    is_taking: bool = False
    is_homeward: bool = False
    said: list[str] = field(default_factory=list)


class Officers:
    """Runs them beside the city.

    Args:
        door: `http://HOST:PORT`.
        crews: `device`, `unit` and `token` of each.
        city: Whose vehicles they drive.
        seed: Another one makes others of them slow.
        hospitals: Where ambulances take people.
        homes: Where each vehicle is stationed, by its device; who has none drives on.
    """

    def __init__(
        self,
        door: str,
        crews: Sequence[Mapping[str, str]],
        city: Obeys,
        seed: int = 1,
        hospitals: Sequence[Position] = (),
        homes: Mapping[str, Position] | None = None,
    ) -> None:
        self._city, self._hospitals, self._homes = city, hospitals, homes or {}
        self._rng = random.Random(seed)  # noqa: S311 - how long people take
        self.officers = [
            Officer(one["device"], one["unit"], Door(door, one["token"])) for one in crews
        ]
        self._looking = asyncio.Semaphore(_LOOKING)
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
        turn = 0
        while True:
            due = [
                one for number, one in enumerate(self.officers)
                if one.assignment is not None or (turn + number) % _IDLE_LOOKS == 0
            ]  # fmt: skip
            await asyncio.gather(*map(self._glance, due))
            await asyncio.sleep(LOOK_S)
            turn += 1

    def pause_s(self, least: float, most: float) -> float:
        """How long somebody takes for something."""
        return self._rng.uniform(least, most)

    async def _glance(self, one: Officer) -> None:
        async with self._looking:
            try:
                await self.look(one)
            except (OSError, ValueError) as error:  # away, or answers something else
                sys.stderr.write(json.dumps({"officer": one.device, "away": str(error)}) + "\n")

    async def look(self, one: Officer) -> None:
        """One glance at the phone, and what follows from it.

        Raises:
            OSError: The server does not answer.
            ValueError: It answers something that cannot be read.
        """
        duty = await one.door.ask("GET", "/api/dispatch/duty")
        if duty["unit"] is None:
            await one.door.ask("PUT", "/api/dispatch/duty", {"unit_id": one.unit})
            return
        assignment = duty["assignment"]
        if assignment is None:
            await self._go_home(one, duty.get("ended"))
            return
        if one.assignment != assignment["id"]:
            one.assignment, one.done = assignment["id"], 0
            one.is_ordered = one.is_taking = one.is_homeward = False
            one.due_s = clock.wall_s() + self.pause_s(10, 25)
        if clock.wall_s() >= one.due_s:
            kind = str(duty["unit"].get("kind", ""))
            await self._go_on(one, assignment["state"], duty["task"], kind)

    async def _go_on(self, one: Officer, state: str, task: Mapping[str, Any], kind: str) -> None:
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
        else:
            await self._work(one, state, task, kind)

    async def _work(self, one: Officer, state: str, task: Mapping[str, Any], kind: str) -> None:
        """What is done at the place, and behind it."""
        is_incident = task.get("kind") == "incident"
        work = _AT_INCIDENT.get(kind, _JAM) if is_incident else _JAM
        takes = is_incident and kind == _TAKES_AWAY and bool(self._hospitals)
        if state in ("on_scene", "staged") and one.done < len(work):
            did, seconds = work[one.done]
            one.done += 1
            await self._press(one, "acted", seconds, did=did)
        elif takes and state == "on_scene":
            name = await self._take_away(one, task)
            more = {} if name is None else {"destination": name}
            await self._press(one, "transporting", 5, **more)
        elif takes and state == "transporting":
            if not one.is_taking:
                # Also who was under way there before the city was started anew.
                await self._take_away(one, task)
            elif self._city.is_there(one.device):
                await self._press(one, "at_facility", 120)
        else:
            await self._press(one, "cleared", 10, outcome="solved")

    async def _take_away(self, one: Officer, task: Mapping[str, Any]) -> str | None:
        """Orders an ambulance to the best hospital by its beds, and gives its name.

        Where nobody keeps a list, to the one that is nearest to the place by air.
        """
        lat, lon = float(task["lat"]), float(task["lon"])
        one.is_taking = True
        told = await one.door.ask("GET", "/api/dispatch/duty/facilities?kind=igd")
        if found := (told or {}).get("items"):
            self._city.order(one.device, float(found[0]["lat"]), float(found[0]["lon"]))
            return str(found[0]["name"])
        nearest = min(self._hospitals, key=lambda at: math.hypot(at[0] - lat, at[1] - lon))
        self._city.order(one.device, *nearest)
        return None

    async def _go_home(self, one: Officer, ended: Mapping[str, Any] | None) -> None:
        """Says that it drives home after a task, drives there, and says when it is there."""
        home = self._homes.get(one.device)
        if home is None or ended is None or ended["in_quarters_at"] is not None:
            if one.assignment is not None:
                self._let_go(one)
            return
        if ended["returning_at"] is None and one.assignment != ended["assignment"]:
            return  # nobody said so before the city was started anew
        one.assignment = ended["assignment"]
        if not one.is_homeward:
            one.is_homeward = True
            self._city.order(one.device, *home)
            if ended["returning_at"] is None:
                await self._press(one, "returning", 5)
        elif self._city.is_there(one.device):
            await self._press(one, "in_quarters", 5)

    def _let_go(self, one: Officer) -> None:
        one.assignment, one.is_homeward = None, False
        with contextlib.suppress(KeyError):  # it was never ordered anywhere
            self._city.release(one.device)

    async def _press(self, one: Officer, stamp: str, pause_s: float, **more: str) -> None:
        now = datetime.fromtimestamp(clock.wall_s(), UTC).isoformat()
        item = {"id": str(uuid.uuid4()), "stamp": stamp, "at": now, **more}
        path = f"/api/dispatch/assignments/{one.assignment}/stamps"
        await one.door.ask("POST", path, {"sent_at": now, "items": [item]})
        one.due_s = clock.wall_s() + self.pause_s(0.7 * pause_s, 1.4 * pause_s)
        one.said.append(stamp)
