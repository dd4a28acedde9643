"""One loop that reads all legs: a task or a thread for each would cost more than the sound."""

import asyncio
from typing import Protocol
from weakref import WeakKeyDictionary

from warroom.kernel.log import logger

BUSY_S = 0.005
IDLE_S = 0.02
"""While every browser rests; what they send then is found so much later, once."""

RESTS_AFTER_S = 1.0

_log = logger("calls.legs")


class Polled(Protocol):
    """What is looked at."""

    def look(self) -> None:
        """Reads what has come."""
        ...

    @property
    def silent_s(self) -> float:
        """Seconds since something came."""
        ...

    def give_up(self) -> None:
        """It cannot be read any more."""
        ...


class Poll:
    """Looks at every leg each 5 ms, each 20 ms while all of them rest."""

    def __init__(self) -> None:
        self._legs: set[Polled] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, leg: Polled) -> None:
        """Looks at a leg from now on."""
        self._legs.add(leg)
        if self._timer is None:
            self._plan(BUSY_S)

    def remove(self, leg: Polled) -> None:
        """Looks at it no more; with the last one the loop ends."""
        self._legs.discard(leg)
        if not self._legs and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _plan(self, wait_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._look)

    def _look(self) -> None:
        for leg in tuple(self._legs):
            try:
                leg.look()
            except Exception:  # noqa: BLE001 - one leg that breaks must not silence the others
                _log.exception("calls.leg_broke")
                self._legs.discard(leg)
                leg.give_up()
        self._timer = None
        if self._legs:
            rests = all(leg.silent_s > RESTS_AFTER_S for leg in self._legs)
            self._plan(IDLE_S if rests else BUSY_S)


_polls: WeakKeyDictionary[asyncio.AbstractEventLoop, Poll] = WeakKeyDictionary()


def shared_poll() -> Poll:
    """The one of this event loop."""
    return _polls.setdefault(asyncio.get_running_loop(), Poll())
