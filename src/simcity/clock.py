"""The one place where the simulated city reads a clock."""

import time


def wall_s() -> float:
    """Return seconds since 1970-01-01 UTC."""
    return time.time()  # noqa: TID251 - this module is the clock of simcity


def monotonic_s() -> float:
    """Return seconds that never run backwards, from an arbitrary zero."""
    return time.monotonic()
