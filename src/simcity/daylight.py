"""Which light a camera sees at a time of day."""

from typing import Literal

Period = Literal["day", "dusk", "night"]
PERIODS: tuple[Period, ...] = ("day", "dusk", "night")
UTC_OFFSET_H = 8  # Asia/Makassar (WITA) has no summer time


def period_at(wall_s: float) -> Period:
    """Return the light at an instant (seconds since 1970 UTC) in Makassar.

    Near the equator the sun rises and sets within half an hour of six all the year round.
    """
    hour = (wall_s / 3600 + UTC_OFFSET_H) % 24
    if 6 <= hour < 17.5:
        return "day"
    if 5.25 <= hour < 6 or 17.5 <= hour < 18.5:
        return "dusk"
    return "night"
