"""Claims about the figures of 112: percentiles, targets, and which rows each is about."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from warroom.calls.contracts import CallStamps
from warroom.dispatch.kpi import (
    Aim,
    Span,
    Timing,
    UnitStamps,
    judge,
    mean_of_longest,
    nearest_rank,
    share,
    timing,
)
from warroom.dispatch.kpi_report import Report, make_report, missing_of, start_of
from warroom.incidents.contracts import IncidentStamps, State

T0 = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
SECONDS = st.lists(st.integers(0, 2000).map(float), max_size=200)
PERCENT = st.integers(1, 1000).map(lambda tenths: tenths / 10)


def at(seconds: float | None) -> datetime | None:
    return None if seconds is None else T0 + timedelta(seconds=seconds)


def call(number: int, offered: float = 0, answered: float | None = None, **more: Any) -> CallStamps:
    return CallStamps(
        UUID(int=number), more.pop("direction", "in"), more.pop("class_", None),
        T0 + timedelta(seconds=offered), at(answered), at(more.pop("ended", None)),
    )  # fmt: skip


def incident(number: int = 1, *calls: int, **more: Any) -> IncidentStamps:
    seconds = {"opened": 5.0, "pending": 20.0, "ended": None, "informed": None, "cleared": None}
    told = {f"{word}_at": at(more.pop(word, value)) for word, value in seconds.items()}
    state = more.pop("state", State.PENDING)
    values: dict[str, Any] = told | more
    return IncidentStamps(
        UUID(int=number), None, "fire", state, call_ids=tuple(map(_id, calls)), **values
    )


def _id(number: int) -> UUID:
    return UUID(int=number)


def unit(
    of: int = 1, kind: str = "engine", *can: str, state: str = "cleared", **seconds: float
) -> UnitStamps:
    told: dict[str, Any] = {f"{word}_at": at(value) for word, value in seconds.items()}
    return UnitStamps(
        UUID(int=of), UUID(int=99), "A", kind, can, state, **{"dispatched_at": T0} | told
    )


def report(
    calls: list[CallStamps], incidents: list[IncidentStamps] = [], units: list[UnitStamps] = [],  # noqa: B006
    now_s: float = 0,
) -> Report:  # fmt: skip
    return make_report(
        calls, incidents, units, {one.id: one for one in calls}, T0 + timedelta(seconds=now_s), UTC
    )


def timed(made: Report, key: str) -> Timing:
    return next(one for one in made.timings if one.key == key)


def shared(made: Report, key: str) -> Any:
    return next(one for one in made.shares if one.key == key)


@given(SECONDS, PERCENT)
def test_a_percentile_is_a_row_that_enough_rows_do_not_exceed_and_no_smaller_row_is(
    values: list[float], percent: float
) -> None:
    ordered = sorted(values)

    found = nearest_rank(ordered, percent)

    if not values:
        assert found is None
        return
    assert found in values
    need = math.ceil(round(percent * len(values) / 100, 9))
    assert sum(value <= found for value in values) >= need
    assert sum(value < found for value in values) < max(1, need)


@given(SECONDS, PERCENT, st.integers(0, 2000))
def test_a_target_is_met_just_where_its_percentile_lies_within_its_time(
    values: list[float], percent: float, within_s: int
) -> None:
    judged = judge(sorted(values), Aim(percent, within_s, ""))

    if not values:
        assert (judged.reached, judged.is_met) == (None, None)
        return
    assert judged.reached is not None
    assert judged.is_met == (round(judged.reached, 9) >= percent)


@given(st.lists(st.tuples(st.none() | st.integers(0, 99), st.none() | st.integers(0, 99))))
def test_every_row_is_either_counted_or_missing(
    stamps: list[tuple[int | None, int | None]],
) -> None:
    made = timing("x", [Span(at(start), at(end)) for start, end in stamps])

    whole = [b - a for a, b in stamps if a is not None and b is not None and b >= a]
    assert (made.rows, made.n, made.missing) == (len(stamps), len(whole), len(stamps) - len(whole))
    assert made.longest_s == max(whole, default=None)


@given(SECONDS)
def test_the_longest_tenth_is_no_shorter_than_the_mean(values: list[float]) -> None:
    found = mean_of_longest(sorted(values))

    assert (found is None) == (not values)
    assert found is None or found + 1e-9 >= sum(values) / len(values)


@given(st.integers(0, 50), st.integers(0, 50))
def test_a_share_of_nothing_is_unknown_and_meets_nothing(part: int, more: int) -> None:
    made = share("x", part, part + more, aim=(98, ""))

    assert (made.percent is None) == (part + more == 0) == (made.is_met is None)


def test_nine_of_ten_within_fifteen_seconds_meet_nena_and_eight_do_not() -> None:
    nine = [call(n, 0, 15 if n < 9 else 60) for n in range(10)]
    eight = [call(n, 0, 15 if n < 8 else 60) for n in range(10)]

    met = [judged.is_met for judged in timed(report(nine), "answer").aims]
    missed = timed(report(eight), "answer").aims[0]

    assert met == [True, False, False, False, False]
    assert (missed.aim.within_s, missed.reached, missed.is_met) == (15, 80.0, False)


def test_who_gave_up_is_abandoned_and_within_five_seconds_apart() -> None:
    made = report([call(1, 0, 3), call(2, 0, ended=4.9), call(3, 0, ended=5), call(4, 0)])

    gone = shared(made, "abandon")
    assert (gone.part, gone.whole, gone.missing) == (1, 4, 1)
    assert shared(made, "short_abandon").part == 1
    assert (timed(made, "answer").n, timed(made, "answer").missing) == (1, 3)


def test_pranks_and_ghosts_are_told_of_the_answered_ones() -> None:
    calls = [
        call(1, 0, 1, class_="prank"), call(2, 0, 1, class_="ghost"),
        call(3, 0, 1, class_="emergency"), call(4, 0, 1), call(5, 0, class_="prank", ended=9),
    ]  # fmt: skip

    found = shared(report(calls), "nuisance")

    assert (found.part, found.whole, found.missing, found.is_met) == (2, 4, 1, None)


def test_processing_starts_with_the_answer_and_response_with_the_offer_of_the_first_call() -> None:
    calls = [call(1, 0, 10), call(2, -30, -20)]
    made = report(calls, [incident(1, 1, 2)], [unit(dispatched=40, en_route=60, on_scene=300)])

    assert timed(made, "processing").p90_s == 60
    assert timed(made, "response").p90_s == 330
    assert timed(made, "response").clocks == {"call": 1}


def test_an_incident_that_was_typed_by_hand_starts_with_its_opening_and_says_so() -> None:
    made = report([], [incident(1), incident(2, 7, opened=0)], [unit(dispatched=35)])

    found = timed(made, "processing")

    assert (found.n, found.missing, found.p50_s, found.clocks) == (1, 1, 30, {"opening": 2})


def test_a_call_that_we_made_starts_no_clock() -> None:
    made = start_of(incident(1, 1), {UUID(int=1): call(1, -99, -90, direction="out")})

    assert (made.clock, made.offered_at) == ("opening", at(5))


def test_what_was_scheduled_starts_when_it_was_due() -> None:
    made = start_of(incident(1, 1, is_scheduled=True, pending=600), {UUID(int=1): call(1, 0, 1)})

    assert (made.clock, made.offered_at) == ("due", at(600))


def test_an_incident_that_was_cancelled_or_handed_over_waits_for_nobody() -> None:
    gone = [incident(1, state=State.CANCELLED), incident(2, state=State.HANDED_OVER)]

    assert timed(report([], gone), "response").rows == 0


def test_turnout_is_of_each_unit_that_was_meant_to_go() -> None:
    units = [
        unit(en_route=70), unit(kind="ambulance", en_route=61), unit(state="declined"),
        unit(state="dispatched"), unit(kind="patrol", en_route=10, state="cancelled"),
    ]  # fmt: skip
    made = report([], [incident(1)], units)

    turnouts = {key: timed(made, key) for key in ("turnout", "turnout_fire", "turnout_ems")}

    assert [(3, 1), (1, 1), (1, 0)] == [(one.n, one.missing) for one in turnouts.values()]
    assert [judged.is_met for judged in turnouts["turnout_fire"].aims] == [True]
    assert [judged.is_met for judged in turnouts["turnout_ems"].aims] == [False]


def test_travel_tells_the_first_engine_the_whole_alarm_and_advanced_life_support() -> None:
    units = [
        unit(en_route=10, on_scene=250), unit(en_route=10, on_scene=500),
        unit(1, "ambulance", "als", en_route=10, on_scene=100),
        unit(1, "ambulance", en_route=10, state="cancelled"),
    ]  # fmt: skip
    made = report([], [incident(1)], units)

    keys = ("travel", "travel_first_engine", "travel_full_alarm", "travel_als")

    assert [(3, 490), (1, 240), (1, 490), (1, 90)] == [
        (timed(made, key).n, timed(made, key).longest_s) for key in keys
    ]


def test_the_first_engine_is_an_engine_and_a_defibrillator_counts_on_whatever_brings_it() -> None:
    units = [
        unit(1, "tanker", en_route=10, on_scene=60), unit(en_route=10, on_scene=300),
        unit(1, "homecare", "aed", en_route=10, on_scene=200),
        unit(1, "ambulance", "aed", en_route=10, on_scene=700),
    ]  # fmt: skip
    made = report([], [incident(1)], units)

    first, aed = (timed(made, key) for key in ("travel_first_engine", "travel_aed"))

    assert [(1, 290), (1, 190)] == [(first.n, first.longest_s), (aed.n, aed.longest_s)]
    assert [[False], [True]] == [[one.is_met for one in made.aims] for made in (first, aed)]


def test_the_whole_alarm_at_a_high_building_has_more_time_and_stands_apart() -> None:
    units = [unit(1, en_route=10, on_scene=600), unit(2, en_route=10, on_scene=600)]
    made = report([], [incident(1), incident(2, is_high_rise=True)], units)

    low, high = (timed(made, key) for key in ("travel_full_alarm", "travel_full_alarm_high"))

    assert [(1, 590), (1, 590)] == [(low.n, low.longest_s), (high.n, high.longest_s)]
    assert [[False], [True]] == [[one.is_met for one in made.aims] for made in (low, high)]


def test_an_alarm_is_not_full_while_an_engine_has_not_told_that_it_arrived() -> None:
    units = [unit(en_route=10, on_scene=250), unit(en_route=10, state="en_route")]

    found = timed(report([], [incident(1)], units), "travel_full_alarm")

    assert (found.n, found.missing) == (0, 1)


def test_response_is_missed_by_one_that_came_after_fifteen_minutes() -> None:
    incidents = [incident(n, opened=0) for n in (1, 2)]
    units = [unit(1, on_scene=900), unit(2, on_scene=901)]

    (judged,) = timed(report([], incidents, units), "response").aims

    assert (judged.reached, judged.is_met, judged.aim.source) == (50, False, "Permendagri 114/2018")


def test_a_citizen_is_to_be_told_within_a_day_and_one_whose_day_runs_waits() -> None:
    day = 86_400.0
    closed = {"state": State.CLOSED, "has_callback": True, "ended": 0.0}
    incidents = [
        incident(1, **closed, informed=day), incident(2, **closed, informed=day + 1),
        incident(3, **closed), incident(4, **closed | {"ended": 10.0}),
        incident(5, **closed | {"has_callback": False}), incident(6, state=State.CANCELLED),
    ]  # fmt: skip

    found = shared(report([], incidents, now_s=day + 5), "follow_up")

    assert (found.part, found.whole, found.missing, found.is_met) == (1, 3, 1, False)


def test_good_data_carries_every_stamp_and_what_lacks_is_named() -> None:
    closed = {"state": State.CLOSED, "ended": 900.0}
    whole = [unit(1, en_route=30, on_scene=99, ended=800), unit(2, en_route=30, ended=800)]
    made = report([], [incident(1, **closed), incident(2, **closed), incident(3, **closed)], whole)

    found = shared(made, "data_quality")

    assert (found.part, found.whole, found.parts) == (1, 2, {"on_scene": 1})
    assert found.is_met is False


def test_a_call_that_nobody_answered_is_a_stamp_that_lacks() -> None:
    start = start_of(incident(1, 1), {UUID(int=1): call(1, 0)})

    assert missing_of(incident(1, ended=9), start, []) == (
        *("answered", "notified", "en_route", "on_scene", "cleared"),
    )


def test_days_are_those_of_the_city() -> None:
    made = report([call(1, 0, 16), call(2, 64_800, 64_801, class_="prank")])

    assert [(24, 1, 0, 0), (25, 1, 1, 1)] == [
        (one.day.day, one.answered, one.within_15_s, one.nuisance) for one in made.days
    ]
