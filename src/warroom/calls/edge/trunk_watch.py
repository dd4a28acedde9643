"""Whether the trunks that take our calls are there: asked before somebody needs them.

A trunk that is away costs a call-back or a conference the time until it is given up, with somebody
on the line. So each is asked by OPTIONS (RFC 3261, 11); whatever it answers, it is there. One that
is not is tried last.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from warroom.calls.edge.trunks import Line
from warroom.calls.sip.agent import UserAgent
from warroom.kernel.log import logger

AWAY = (408, 503)
"""Made by ourselves where nothing came, or said by a trunk that cannot (21.4.9, 21.5.4)."""

KNOWN_MS = 60_000
"""So long a trunk that was away is tried last without being asked again."""

_log = logger("calls.trunks")


@dataclass(slots=True)
class Presence:
    """What is known of one trunk.

    Attributes:
        is_there: None until it was asked or called for the first time.
        since_ms: Since when it is as it is, ms since 1970.
        asked_ms: When it was asked or called last.
    """

    is_there: bool | None = None
    since_ms: int = 0
    asked_ms: int = 0


class TrunkWatch:
    """The trunks that take our calls, those that are there first.

    Args:
        user: Asks.
        lines: In the order of the settings.
        sender: Our own number.
        answer_s: One that says nothing so long is away.
        now_ms: Milliseconds since 1970.
    """

    def __init__(
        self,
        user: UserAgent,
        lines: Sequence[Line],
        sender: str,
        answer_s: float,
        now_ms: Callable[[], int],
    ) -> None:
        self._user, self._lines, self._sender = user, lines, sender
        self._answer_s, self._now_ms = answer_s, now_ms
        self._known = {line.trunk.name: Presence() for line in lines}

    def in_order(self) -> list[Line]:
        """Those that are there, or may be, in the order of the settings; then the others."""
        return sorted(self._lines, key=self._is_away)

    def _is_away(self, line: Line) -> bool:
        known = self._known[line.trunk.name]
        # What is not asked any more may long be back.
        return known.is_there is False and self._now_ms() - known.asked_ms < KNOWN_MS

    def learn(self, line: Line, *, is_there: bool) -> None:
        """What a question, or a call, showed."""
        name, now_ms = line.trunk.name, self._now_ms()
        known = self._known[name]
        known.asked_ms = now_ms
        if known.is_there is is_there:
            return
        if not is_there:
            _log.warning("calls.trunk_silent", line=name)
        elif known.is_there is False:
            _log.info("calls.trunk_back", line=name, away_s=(now_ms - known.since_ms) // 1000)
        known.is_there, known.since_ms = is_there, now_ms

    async def keep_asking(self, each_s: float) -> None:
        """Asks all of them again and again; with 0 never."""
        while each_s > 0:
            await self.ask()
            await asyncio.sleep(each_s)

    async def ask(self) -> None:
        """Asks each once, all at the same time."""
        await asyncio.gather(*(self._ask(line) for line in self._lines))

    async def _ask(self, line: Line) -> None:
        try:
            status = await self._status(line)
        except Exception as error:  # noqa: BLE001 - of one trunk; the others are asked, and again
            _log.error("calls.trunk_not_asked", line=line.trunk.name, exc_info=error)
            return
        self.learn(line, is_there=status not in AWAY)

    async def _status(self, line: Line) -> int:
        host, port = line.peer
        sender = f"<sip:{self._sender}@{self._user.stack.host}>"
        try:
            async with asyncio.timeout(self._answer_s):
                flow = await self._user.stack.transports.flow(
                    line.transport, line.peer, line.trunk.certificate_names
                )
                return await self._user.ping(f"sip:{host}:{port}", flow, sender)
        except (OSError, TimeoutError):
            return AWAY[0]

    def state(self) -> list[dict[str, Any]]:
        """For people, in the order of the settings."""
        return [
            {
                "name": name,
                "is_there": known.is_there,
                "since_ms": known.since_ms,
                "asked_ms": known.asked_ms,
            }
            for name, known in self._known.items()
        ]
