"""What is said of a jam after a task: only what was seen, and "after", never "because"."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from warroom.dispatch.contracts import MOMENTS, Measure, Moment
from warroom.dispatch.impact import Impact, judge

AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def look(moment: Moment, length_m: float | None, **more: Any) -> Measure:
    values: dict[str, Any] = {"jam_factor": 6.0, "delay_s": 90.0, "known_share": 1.0}
    if length_m is None:
        values |= {"jam_factor": None, "delay_s": None, "known_share": 0.2}
    return Measure(moment, AT, AT, length_m, **values | more)


def finding(*looks: Measure) -> str:
    return judge(looks).finding


def test_it_waits_until_the_first_look_after_the_task() -> None:
    assert Impact("waiting") == judge([look("sent", 400), look("arrived", 400)])
    assert "unknown" == judge([look("sent", 400)], is_over=True).finding


def test_a_jam_that_is_shorter_afterwards_fell() -> None:
    told = judge([look("arrived", 400), look("after_5", 300), look("after_15", 90, jam_factor=3.0)])

    assert ("fell", 15) == (told.finding, told.minutes)
    assert told.before is not None
    assert told.before.moment == "arrived"


def test_a_jam_that_shrank_before_anybody_came_says_so() -> None:
    assert "was_shrinking" == finding(look("sent", 600), look("arrived", 400), look("after_5", 90))
    assert "was_shrinking" == finding(look("arrived", 400, trend="shrinking"), look("after_5", 90))


def test_a_jam_that_was_gone_before_anybody_came_is_nobodys_doing() -> None:
    told = judge([look("sent", 183), look("cleared", 0), look("after_5", 0)])

    assert ("nobody_there", 5) == (told.finding, told.minutes)


def test_a_shorter_jam_on_which_everything_stands_is_no_success() -> None:
    assert "mixed" == finding(look("arrived", 183), look("after_5", 0, jam_factor=9.9))
    assert "mixed" == finding(look("arrived", 100), look("after_5", 300, jam_factor=2.0))


def test_a_few_metres_are_no_change() -> None:
    assert "same" == finding(look("arrived", 100), look("after_5", 75))
    assert "grew" == finding(look("arrived", 100), look("after_5", 160, jam_factor=8.0))


def test_what_was_not_seen_is_unknown() -> None:
    assert "unknown" == finding(look("arrived", None), look("after_5", 90))
    assert "unknown" == finding(look("arrived", 400), look("after_5", None))


def test_a_look_that_came_too_late_is_none() -> None:
    late = Measure("arrived", AT, AT + timedelta(minutes=9), 400.0, 6.0, 90.0, 1.0)

    assert "unknown" == finding(late, look("after_5", 90))


measures = st.lists(
    st.builds(
        look,
        st.sampled_from(MOMENTS),
        st.none() | st.floats(0, 5000),
        trend=st.sampled_from([None, "shrinking", "growing", "steady"]),
    ),
    unique_by=lambda one: one.moment,
)


@given(measures, st.booleans())
def test_a_change_is_claimed_only_between_two_moments_that_were_seen(
    looks: list[Measure], is_over: bool
) -> None:
    told = judge(looks, is_over=is_over)

    is_claim = told.finding not in ("unknown", "waiting")
    compared = [one for one in (told.before, told.after) if one is not None]
    assert not is_claim or [None, None] != [one.length_m for one in compared]
    assert not is_claim or 2 == len([one for one in compared if one.length_m is not None])
    assert is_claim is (told.minutes is not None)
