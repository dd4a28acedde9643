"""Claims about how many calls the coming hours bring."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from warroom.calls.forecast import HOURS, LEAST_WEEKS, WEEKS, forecast

NOW = datetime(2026, 11, 24, 14, 25)  # noqa: DTZ001 - by the clock of the city
HOUR = datetime(2026, 11, 24, 14)  # noqa: DTZ001 - likewise


def weeks(*calls: int) -> dict[datetime, int]:
    """Calls of this hour, one number for each week, the last one first."""
    return {HOUR - timedelta(weeks=week + 1): count for week, count in enumerate(calls)}


def test_an_hour_brings_what_the_same_hour_of_the_same_weekday_brought_on_average() -> None:
    now = forecast(weeks(20, 30, 22, 28), NOW)[0]

    assert (now.at, now.calls, now.low, now.high, now.weeks) == (HOUR, 25, 20, 30, 4)


def test_of_too_few_weeks_nothing_is_foretold() -> None:
    now = forecast(weeks(20, 30), NOW)[0]

    assert (now.calls, now.low, now.high, now.weeks) == (None, None, None, 2)


def test_another_weekday_or_hour_is_no_matter() -> None:
    other = {HOUR - timedelta(days=day, hours=1): 99 for day in range(1, 50)}

    assert forecast(weeks(*[4] * WEEKS) | other, NOW)[0].calls == 4


def test_an_hour_without_calls_on_a_day_with_some_had_none() -> None:
    day = HOUR - timedelta(weeks=4)
    quiet = weeks(6, 6, 6) | {day.replace(hour=9): 3, day.replace(day=1, hour=0): 1}

    now = forecast(quiet, NOW)[0]

    assert (now.calls, now.low, now.weeks) == (4.5, 0, 4)


def test_a_day_on_which_nothing_was_kept_is_unknown_and_not_quiet() -> None:
    kept = weeks(6, 6, 6) | {HOUR - timedelta(weeks=6): 6}

    now = forecast(kept, NOW)[0]

    assert (now.calls, now.weeks) == (6, 4)


def test_what_was_before_the_first_call_is_unknown() -> None:
    begun = weeks(6, 6, 6) | {HOUR - timedelta(weeks=4, hours=-2): 1}

    assert forecast(begun, NOW)[0].weeks == 3


def test_without_any_calls_nothing_is_known_of_any_hour() -> None:
    found = forecast({}, NOW)

    assert len(found) == HOURS
    assert {(one.calls, one.weeks) for one in found} == {(None, 0)}


@given(st.dictionaries(st.integers(0, 24 * 7 * WEEKS), st.integers(1, 900), max_size=200))
def test_what_is_foretold_lies_between_what_was(ago: dict[int, int]) -> None:
    counts = {HOUR - timedelta(hours=hours): calls for hours, calls in ago.items()}

    for one in forecast(counts, NOW):
        known = (one.calls is not None, one.low is not None, one.high is not None)
        assert known == (one.weeks >= LEAST_WEEKS,) * 3
        assert (one.low or 0) <= (one.calls or 0) <= (one.high or 0)


def test_a_holiday_is_foretold_by_sundays_and_foretells_no_other_day() -> None:
    sundays = {HOUR - timedelta(days=2, weeks=week): 8 for week in range(5)}
    tuesdays = weeks(20, 20, 20, 90, 20)
    feast = (HOUR - timedelta(weeks=4)).date()

    off = forecast(sundays | tuesdays, NOW, holidays={HOUR.date()})[0]
    on = forecast(sundays | tuesdays, NOW, holidays={feast})[0]

    assert (8, 5) == (off.calls, off.weeks)
    assert (20, 20, 4) == (on.calls, on.high, on.weeks)
