"""Simulated call takers: answer, ask, write the form, hand on, and say what the call was.

They take no call that a person could take at once: they are never rung (they say that they pause)
and pick up what waits longer than a person at the desk would let it wait. A caller's words are no
sound to them but what the plan of the simulated city says under the caller's number; whoever is
not in that plan is left to people.
"""

import asyncio
import json
import math
import random
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from simcity import clock
from simcity.calls.day import Planned
from simcity.calls.sound import say
from simcity.calls.stories import Sort
from simcity.desk.voice import Voice
from simcity.door import Door

LOOK_S = 2.0
ALONE_S = 4.0
"""A call waits so long where nobody else is at the desk."""

BESIDE_PEOPLE_S = 25.0
"""And so long where a person is there and free."""

PACE = 1.0
"""So many times as long everything takes."""

_ASKS = "Satu satu dua, selamat datang. Apa keadaan darurat Anda, dan di mana?"
_TALKING = frozenset({"answered", "held", "transferred", "conferenced"})
_CLASSES: Mapping[Sort, str] = {"prank": "prank", "ghost": "ghost", "info": "information"}
_TYPES: Mapping[Sort, str] = {
    "fire": "fire_house", "crash": "crash", "health": "medical_unconscious", "crime": "crime",
    "flood": "flood", "other": "public_help",
}  # fmt: skip
_BY_WORD = {
    "sesak napas": "medical_cardiac", "Lorong": "fire_dense", "pohon": "tree", "ular": "animal",
}  # fmt: skip
_LONGEST_S = 180.0


@dataclass(slots=True)
class Taker:
    """One of them.

    Attributes:
        voice: None until the edge took the offer.
        call: Of which it is; empty while free.
    """

    door: Door
    voice: Voice | None = None
    call: str = ""

    @property
    def is_there(self) -> bool:
        """Whether sound can go both ways."""
        return self.voice is not None and self.voice.is_open


@dataclass(slots=True)
class Done:
    """What became of the calls that were taken."""

    taken: int = 0
    handed_on: int = 0
    merged: int = 0
    classes: dict[str, int] = field(default_factory=dict)


class Takers:
    """The simulated call takers of a city.

    Args:
        address: `http://HOST:PORT` of the product.
        tokens: Of each of them.
        plan: What is told under which number.
        seed: Another one makes others of them slow.
    """

    def __init__(
        self, address: str, tokens: Sequence[str], plan: Mapping[str, Planned], seed: int = 1
    ) -> None:
        self._takers = [Taker(Door(address, token)) for token in tokens]
        self._plan = plan
        self._rng = random.Random(seed)  # noqa: S311 - how long people take
        self._states: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._asks = b""
        self.done = Done()

    async def run(self) -> None:
        """Takes calls until cancelled."""
        self._asks = await say(_ASKS, 3)
        try:
            while True:
                try:
                    await self.look()
                except (OSError, ValueError) as error:  # away, or answers something else
                    _tell("away", error)
                await asyncio.sleep(LOOK_S)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for taker in self._takers:
                if taker.voice is not None:
                    taker.voice.close()

    async def look(self) -> None:
        """One look at the queue, and what follows from it.

        Raises:
            OSError: The server does not answer.
            ValueError: It answers something that cannot be read.
        """
        first = self._takers[0].door
        queue = await first.ask("GET", "/api/calls/queue")
        self._states = {one["id"]: one["state"] for one in queue["items"]}
        if not queue["problem"]:
            # An edge that was started anew knows nobody, whatever the sound still seems to be.
            is_known = queue["me"] is not None and queue["me"]["is_there"]
            away = [one for one in self._takers if not (is_known and one.is_there) and not one.call]
            await asyncio.gather(*map(_sign_in, away))
        waiting = [one for one in queue["items"] if self._may_wait(one)]
        free = [one for one in self._takers if not one.call and one.is_there]
        if not waiting or not free:
            return
        people = (await first.ask("GET", "/api/calls/agents"))["items"]
        patience_ms = 1000 * (BESIDE_PEOPLE_S if people else ALONE_S)
        due = [one for one in waiting if one["live"]["waits_ms"] >= patience_ms]
        for taker, call in zip(free, due, strict=False):
            taker.call = call["id"]
            task = asyncio.create_task(self._take(taker, call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _may_wait(self, call: Mapping[str, Any]) -> bool:
        taken = {one.call for one in self._takers}
        return (
            call["state"] in ("offered", "ringing")
            and call["live"] is not None
            and call["from_number"] in self._plan
            and call["id"] not in taken
        )

    async def _take(self, taker: Taker, call: Mapping[str, Any]) -> None:
        """One call from the answer to its class; what is refused on the way is left to people."""
        try:
            await taker.door.ask("POST", f"/api/calls/{call['id']}/answer")
        except OSError as error:
            _tell("not_answered", error)
            taker.call = ""
            return
        assert taker.voice is not None  # noqa: S101 - only who has one is free
        self._states[call["id"]] = "answered"
        speaking = asyncio.create_task(taker.voice.speak(self._asks))
        try:
            self.done.taken += 1
            await self._talk(taker, call, self._plan[call["from_number"]])
        except (OSError, ValueError) as error:
            _tell("not_written", error)
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            taker.call = ""

    async def _talk(self, taker: Taker, call: Mapping[str, Any], told: Planned) -> None:
        name = _CLASSES.get(told.sort, "emergency")
        await self._pause(5)
        if name == "emergency":
            await self._write(taker, call, told)
        await self._until_over(taker, call["id"])
        await taker.door.ask("POST", f"/api/calls/{call['id']}/close", {"class": name})
        self.done.classes[name] = self.done.classes.get(name, 0) + 1

    async def _write(self, taker: Taker, call: Mapping[str, Any], told: Planned) -> None:
        """The form, letter by letter as far as the product is concerned; then it is handed on."""
        ask, incident, form = taker.door.ask, str(uuid.uuid4()), Form()
        address = f"/api/incidents/drafts/{incident}"
        lat, lon, named = told.spot
        await ask("PUT", address, form.saving(place_text=named[:12]))
        began = _at((await ask("GET", f"/api/incidents/{incident}"))["opened_at"])
        await ask("POST", f"/api/incidents/{incident}/calls", {"call_id": call["id"]})
        if call.get("place"):
            where = {key: call["place"][key] for key in ("lat", "lon", "radius_m")}
            body = {"id": str(uuid.uuid4()), "source": "sip", "call_id": call["id"], **where}
            await ask("POST", f"/api/incidents/{incident}/locations", body)
        await self._pause(3)
        place = await _place_of(taker.door, named, (lat, lon))
        code = next((code for word, code in _BY_WORD.items() if word in told.says), None)
        code = code or _TYPES.get(told.sort, "public_help")
        await ask("PUT", address, form.saving(place_text=named, place=place, type=code))
        await self._pause(4)
        query = urlencode({"lat": lat, "lon": lon, "but": incident, "type": code})
        found = (await ask("GET", f"/api/incidents/similar?{query}"))["items"]
        # Two who write of the same at once: the one who began later merges, or none would hand on.
        same = [
            one for one in found
            if one["incident"]["ended_at"] is None and _at(one["incident"]["opened_at"]) < began
        ]  # fmt: skip
        typed = {"notes": told.says, "callback_number": told.number}
        await ask("PUT", address, form.saving(**typed))
        deed = {"id": str(uuid.uuid4())}
        if same:
            deed["into"] = same[0]["incident"]["id"]
            await ask("POST", f"/api/incidents/{incident}/merge", deed)
            self.done.merged += 1
        else:
            await ask("POST", f"/api/incidents/{incident}/send", deed)
            self.done.handed_on += 1

    async def _until_over(self, taker: Taker, call_id: str) -> None:
        """Until the caller hung up; hangs up on who stays too long."""
        until = clock.monotonic_s() + _LONGEST_S
        while self._states.get(call_id) in _TALKING:
            if clock.monotonic_s() > until:
                await taker.door.ask("POST", f"/api/calls/{call_id}/hang-up")
                return
            await asyncio.sleep(0.5)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(PACE * self._rng.uniform(0.6, 1.4) * seconds)


class Form:
    """One form in one tab: counts its savings."""

    def __init__(self) -> None:
        self._writer, self._revision = str(uuid.uuid4()), 0

    def saving(self, **fields: Any) -> dict[str, Any]:
        """What it sends after these fields were typed into."""
        self._revision += 1
        now = datetime.fromtimestamp(clock.wall_s(), UTC).isoformat()
        return {
            "writer": self._writer,
            "revision": self._revision,
            "sent_at": now,
            "fields": {name: {"value": value, "at": now} for name, value in fields.items()},
        }


async def _sign_in(taker: Taker) -> None:
    """Offers sound to the edge, and says that it shall not ring here."""
    if taker.voice is not None:
        taker.voice.close()
    taker.voice = None
    voice = Voice()
    offer = (await voice.offer()).encode()
    try:
        answer = await taker.door.send("POST", "/api/calls/leg", offer, "application/sdp")
        await voice.take(answer.decode())
        await taker.door.ask("PUT", "/api/calls/ready", {"ready": False})
    except BaseException:
        voice.close()
        raise
    taker.voice = voice


async def _place_of(door: Door, named: str, told: tuple[float, float]) -> dict[str, Any]:
    """The place that search finds by that name where the caller says; else that point itself."""
    found = (await door.ask("GET", f"/api/places/search?{urlencode({'q': named})}"))["items"]
    near = [
        one for one in found
        if math.hypot(one["lat"] - told[0], one["lon"] - told[1]) < _SAME_DEGREES
    ]  # fmt: skip
    if near:
        return {"lat": near[0]["lat"], "lon": near[0]["lon"], "name": near[0]["name"]}
    return {"lat": told[0], "lon": told[1], "name": named}


_SAME_DEGREES = 0.003


def _tell(what: str, error: BaseException) -> None:
    sys.stderr.write(json.dumps({"desk": what, "problem": str(error)}) + "\n")
    sys.stderr.flush()


def _at(instant: str) -> datetime:
    return datetime.fromisoformat(instant)
