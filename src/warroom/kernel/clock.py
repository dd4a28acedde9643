"""The only place that asks the machine for the time; everything else is given a `Clock`."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells instants (for people and records) and a monotonic count (for durations)."""

    def now(self) -> datetime:
        """The current instant, in UTC, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards; only differences mean anything."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current instant, in UTC, aware."""
        return datetime.now(UTC)  # noqa: TID251 - this is the clock

    def monotonic(self) -> float:
        """Seconds since some moment before the process started."""
        return time.monotonic()


class FixedClock:
    """A clock that stands still until it is advanced: for tests and replays.

    Args:
        at: The instant it shows; must be aware.
    """

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._monotonic_s = 0.0

    def now(self) -> datetime:
        """The instant it was set to."""
        return self._at

    def monotonic(self) -> float:
        """Seconds it has been advanced by."""
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Moves both counts forward by `seconds` (>= 0)."""
        self._at += timedelta(seconds=seconds)
        self._monotonic_s += seconds
