"""Claims about how far off promised arrivals were, and the range that follows: pure."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from warroom.dispatch.eta import LEAST, Calibration, Promise, errors_of, tell_errors

AT = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


def promise(
    actual_s: float | None,
    eta_s: float | None = 100.0,
    station: str = "Pos",
    hour: int = 8,
    *,
    went: bool = True,
) -> Promise:
    at = AT.replace(hour=hour)
    return Promise(
        station, at, eta_s, None if actual_s is None else at + timedelta(seconds=actual_s), went
    )


def test_a_range_is_of_the_station_at_this_hour_where_enough_arrivals_are_known() -> None:
    here = [promise(100 + at) for at in range(LEAST)]
    elsewhere = [promise(1000, station="Lain", hour=9) for _ in range(LEAST)]

    span = Calibration(here + elsewhere, UTC).span(200, "Pos", AT)

    assert span is not None
    assert (span.low_s, span.high_s, span.n, span.by) == (202, 234, LEAST, "station_hour")


def test_with_too_few_of_them_the_station_the_hour_and_then_all_are_asked() -> None:
    known = [promise(150) for _ in range(LEAST - 1)] + [promise(150, hour=9)]
    book = Calibration(known, UTC)

    by_station, other = book.span(100, "Pos", AT), book.span(100, "Lain", AT.replace(hour=3))

    assert by_station is not None
    assert other is not None
    assert (by_station.by, other.by) == ("station", "city")


def test_no_range_is_told_of_too_few_arrivals() -> None:
    assert Calibration([promise(150)] * (LEAST - 1), UTC).span(100, "Pos", AT) is None


def test_who_turned_round_who_said_nothing_and_who_stood_beside_it_calibrate_nothing() -> None:
    silent = [promise(None)] * LEAST + [promise(150, None)] * LEAST + [promise(150, 5)] * LEAST
    gone = [promise(150, went=False)] * LEAST

    assert Calibration(silent + gone, UTC).span(100, "Pos", AT) is None


def test_a_station_without_a_name_is_no_station() -> None:
    span = Calibration([promise(150, station="")] * LEAST, UTC).span(100, "", AT)

    assert span is not None
    assert span.by == "hour"


def test_errors_tell_what_is_missing_beside_what_they_are_of() -> None:
    found = errors_of(
        [
            promise(90),
            promise(110),
            promise(300),
            promise(None),
            promise(100, None),
            promise(1, went=False),
        ]
    )

    assert (found.rows, found.n, found.no_promise, found.no_arrival) == (5, 3, 1, 1)
    assert (found.p10_s, found.p50_s, found.p90_s) == (-10, 10, 200)
    assert found.median_percent == 10
    assert found.within_percent is not None
    assert round(found.within_percent) == 67


def test_no_row_is_unknown_and_not_perfect() -> None:
    found = errors_of([promise(None)])

    assert (found.p50_s, found.median_percent, found.within_percent) == (None, None, None)


def test_errors_are_told_of_all_then_by_hour_then_by_station() -> None:
    told = tell_errors([promise(90, hour=9), promise(90, station="A"), promise(90)], UTC)

    assert [(one.station, one.hour, one.n) for one in told] == [
        (None, None, 3), (None, 8, 2), (None, 9, 1), ("A", None, 1), ("Pos", None, 2),
    ]  # fmt: skip


@given(st.lists(st.floats(30, 5000), min_size=LEAST, max_size=60), st.floats(30, 3000))
def test_four_of_five_known_arrivals_lie_in_their_own_range(
    actual: list[float], eta_s: float
) -> None:
    span = Calibration([promise(one, 100) for one in actual], UTC).span(100, "Pos", AT)

    assert span is not None
    inside = sum(span.low_s - 1e-3 <= one <= span.high_s + 1e-3 for one in actual)
    assert inside >= 0.8 * len(actual)
