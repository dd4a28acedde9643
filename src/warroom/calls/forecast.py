"""How many calls the coming hours bring, by the same hour of the same weekday before. Pure.

References:
    The plain seasonal mean, by which finer methods are measured: R. J. Hyndman and
    G. Athanasopoulos, Forecasting: Principles and Practice, section 5.2.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

WEEKS = 8
"""So far back is looked: more would bring another season in."""

LEAST_WEEKS = 3
"""Of fewer weeks nothing is foretold."""

HOURS = 24
_SUNDAY = 6


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


def forecast(
    counts: Mapping[datetime, int],
    now: datetime,
    hours: int = HOURS,
    holidays: Container[date] = (),
) -> list[Expected]:
    """The coming hours, that of now first.

    An hour before the first that is known, or of a day without a single call, is no hour without
    calls: nothing was kept then. A holiday is foretold by Sundays, and foretells no other day. Rain
    and matches are not known to it.

    Args:
        counts: Calls by the beginning of their hour, by the clock of the city; hours without
            calls are left out.
        now: By the same clock.
        hours: How many.
        holidays: Days on which the city does not work.
    """
    begin = now.replace(minute=0, second=0, microsecond=0)
    days = {hour.date() for hour in counts}
    past = _Past(counts, min(counts, default=now), begin, days, holidays)
    return [_hour(past, begin + timedelta(hours=hour)) for hour in range(hours)]


@dataclass(frozen=True, slots=True)
class _Past:
    counts: Mapping[datetime, int]
    first: datetime
    until: datetime
    days: set[date]
    holidays: Container[date]

    def tells(self, hour: datetime) -> bool:
        """Whether calls were kept in an hour, and it was like others of its weekday."""
        is_kept = self.first <= hour < self.until and hour.date() in self.days
        return is_kept and (hour.weekday() == _SUNDAY or hour.date() not in self.holidays)


def _hour(past: _Past, at: datetime) -> Expected:
    is_off = at.date() in past.holidays
    alike = at - timedelta(days=(at.weekday() - _SUNDAY) % 7) if is_off else at
    before = [alike - timedelta(weeks=week) for week in range(WEEKS + 1)]
    seen = [past.counts.get(hour, 0) for hour in before if past.tells(hour)][:WEEKS]
    if len(seen) < LEAST_WEEKS:
        return Expected(at, None, None, None, len(seen))
    return Expected(at, sum(seen) / len(seen), min(seen), max(seen), len(seen))
