"""How many calls the coming hours bring, by the same hour of the same weekday before. Pure.

References:
    The plain seasonal mean, by which finer methods are measured: R. J. Hyndman and
    G. Athanasopoulos, Forecasting: Principles and Practice, section 5.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

WEEKS = 8
"""So far back is looked: more would bring another season in."""

LEAST_WEEKS = 3
"""Of fewer weeks nothing is foretold."""

HOURS = 24


@dataclass(frozen=True, slots=True)
class Expected:
    """What an hour brings.

    Attributes:
        at: Its beginning, by the clock of the city.
        calls: On average in the weeks that are known; None where these are too few.
        low, high: The fewest and the most of them; None likewise.
        weeks: How many are known.
    """

    at: datetime
    calls: float | None
    low: int | None
    high: int | None
    weeks: int


def forecast(counts: Mapping[datetime, int], now: datetime, hours: int = HOURS) -> list[Expected]:
    """The coming hours, that of now first.

    An hour before the first that is known, or of a day without a single call, is no hour without
    calls: nothing was kept then. Holidays, rain and matches are not known to it.

    Args:
        counts: Calls by the beginning of their hour, by the clock of the city; hours without
            calls are left out.
        now: By the same clock.
        hours: How many.
    """
    first = min(counts, default=now)
    days = {hour.date() for hour in counts}
    begin = now.replace(minute=0, second=0, microsecond=0)
    return [_hour(counts, begin + timedelta(hours=hour), first, days) for hour in range(hours)]


def _hour(
    counts: Mapping[datetime, int], at: datetime, first: datetime, days: set[date]
) -> Expected:
    before = [at - timedelta(weeks=week) for week in range(1, WEEKS + 1)]
    seen = [counts.get(hour, 0) for hour in before if hour >= first and hour.date() in days]
    if len(seen) < LEAST_WEEKS:
        return Expected(at, None, None, None, len(seen))
    return Expected(at, sum(seen) / len(seen), min(seen), max(seen), len(seen))
