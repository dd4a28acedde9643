"""A simulated dispatcher: sends what is recommended where nobody did, and closes what is over.

A person at the desk always wins: an incident to which somebody sent a unit, or that somebody ended,
is never touched, and before that it waits long enough for a person to choose.
"""

import asyncio
import json
import sys
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simcity import clock
from simcity.door import Door

LOOK_S = 5.0
WAITS_S = 30.0
"""So long an incident that was handed on is left to people."""

AGAIN_S = 60.0
"""After so long what could not be done is tried again."""

OVER_S = 60.0
"""So long after its last unit an incident is closed."""


class Dispatcher:
    """One of them.

    Args:
        address: `http://HOST:PORT` of the product.
        token: Of the simulated person.

    Attributes:
        sent: Units that were sent.
        closed: Incidents that were closed.
    """

    def __init__(self, address: str, token: str) -> None:
        self._door = Door(address, token)
        self._again_at: dict[tuple[str, str], float] = {}
        self.sent = self.closed = 0

    async def run(self) -> None:
        """Looks at the open incidents until cancelled."""
        while True:
            try:
                await self.look()
            except (OSError, ValueError) as error:  # away, or answers something else
                _tell(error)
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """One look at what is open.

        Raises:
            OSError: The server does not answer, or refuses.
            ValueError: It answers something that cannot be read.
        """
        now = clock.wall_s()
        items = (await self._door.ask("GET", "/api/incidents?state=open"))["items"]
        steps = {(one["id"], one["state"]): one for one in items}
        self._again_at = {step: at for step, at in self._again_at.items() if step in steps}
        for step, one in steps.items():
            if now < self._again_at.get(step, 0.0):
                continue
            try:
                if one["state"] == "pending" and now - _at(one["pending_at"]) >= WAITS_S:
                    self._again_at[step] = now + AGAIN_S
                    await self._send(one)
                elif one["state"] == "cleared" and now - _at(one["since"]) >= OVER_S:
                    self._again_at[step] = now + AGAIN_S
                    await self._close(one)
            except OSError as error:  # a person was faster, or this one cannot be: the next
                _tell(error)

    async def _send(self, incident: Mapping[str, Any]) -> None:
        """Sends the unit of each need, with the role that it is for."""
        address = f"/api/dispatch/incidents/{incident['id']}"
        found = await self._door.ask("GET", f"{address}/recommendation")
        units = [
            {"unit_id": slot["unit"]["id"], "role": slot["role"]}
            for slot in found["slots"]
            if slot["unit"] is not None
        ]
        # A person may have been faster since the list was read.
        if not units or any(slot["sent"] for slot in found["slots"]):
            return
        body = {"level": found["level"], "units": units}
        items = (await self._door.ask("POST", f"{address}/assignments", body))["items"]
        self.sent += sum(one["refused"] is None for one in items)

    async def _close(self, incident: Mapping[str, Any]) -> None:
        address = f"/api/incidents/{incident['id']}"
        deed = {"id": str(uuid.uuid4()), "outcome": "handled", "reason": "Simulasi: selesai"}
        await self._door.ask("POST", f"{address}/end", deed)
        await self._door.ask("POST", f"{address}/informed", {"id": str(uuid.uuid4())})
        self.closed += 1


def _at(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


def _tell(error: BaseException) -> None:
    sys.stderr.write(json.dumps({"dispatcher": str(error)}) + "\n")
    sys.stderr.flush()
