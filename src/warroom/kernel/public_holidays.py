"""Days on which the city does not work: those of its country and those of its own profile."""

from datetime import date
from functools import lru_cache

import holidays

from warroom.kernel import profile


def public_holidays(first: date, last: date) -> dict[date, str]:
    """Names of the days off from `first` to `last`, by day; empty where no country is known."""
    city = profile.current()
    return {
        day: name
        for day, name in sorted(
            (_of(city.country, city.region, first.year, last.year) | city.own_holidays).items()
        )
        if first <= day <= last
    }


@lru_cache(16)
def _of(country: str, region: str, first: int, last: int) -> dict[date, str]:
    if country not in holidays.list_supported_countries():
        return {}
    known = holidays.country_holidays(country, subdiv=region or None, years=range(first, last + 1))
    return dict(known)
