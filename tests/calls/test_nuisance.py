"""Claims about the score of a call: it says why, it re-orders, and it loses nobody."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from warroom.calls.nuisance import BACK_MOST_S, Past, Turn, back_s, in_turn, judge

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)

TURNS = st.lists(
    st.builds(
        Turn,
        st.uuids(),
        st.integers(0, 3600).map(lambda second: NOON + timedelta(seconds=second)),
        st.integers(0, 100),
        st.booleans(),
    ),
    unique_by=lambda turn: turn.id,
    max_size=30,
)


def turn(number: int, after_s: float, score: int = 0, *, is_meant: bool = False) -> Turn:
    return Turn(UUID(int=number), NOON + timedelta(seconds=after_s), score, is_meant)


@given(TURNS)
def test_every_call_stays_in_the_queue(turns: list[Turn]) -> None:
    ordered = in_turn(turns)

    assert sorted(one.id for one in ordered) == sorted(one.id for one in turns)


@given(TURNS)
def test_nobody_is_passed_by_a_call_that_came_more_than_a_minute_later(turns: list[Turn]) -> None:
    ordered = in_turn(turns)

    for place, one in enumerate(ordered):
        for later in ordered[place + 1 :]:
            assert one.offered_at - later.offered_at <= timedelta(seconds=BACK_MOST_S)


@given(TURNS)
def test_calls_that_are_not_flagged_keep_their_order(turns: list[Turn]) -> None:
    plain = [one for one in in_turn(turns) if one.score < 50 or one.is_meant]

    assert plain == sorted(plain, key=lambda one: (one.offered_at, one.id))


def test_a_flagged_call_waits_behind_one_that_came_just_after_it() -> None:
    prank, real = turn(1, 0, 100), turn(2, 30)

    assert [real, prank] == in_turn([prank, real])


def test_whoever_presses_1_is_back_in_turn() -> None:
    meant, other = turn(1, 0, 100, is_meant=True), turn(2, 30)

    assert [meant, other] == in_turn([other, meant])
    assert back_s(100, is_meant=True) == 0


@given(st.integers(0, 200), st.integers(0, 23), st.booleans())
def test_without_a_persons_verdict_no_call_is_flagged(
    lately: int, hour: int, is_hidden: bool
) -> None:
    assert not judge(Past(lately=lately, hour=hour, is_hidden=is_hidden)).is_flagged


def test_nine_pranks_are_flagged_and_say_so() -> None:
    judged = judge(Past(pranks=9, hour=2))

    assert (judged.score, judged.reasons) == (100, ("pranks:9", "night:2"))


def test_a_call_that_was_real_speaks_for_its_number() -> None:
    before, after = judge(Past(pranks=3)), judge(Past(pranks=3, real=1))

    assert (before.is_flagged, after.is_flagged) == (True, False)
    assert "real:1" in after.reasons


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_a_score_lies_between_0_and_100(pranks: int, ghosts: int, real: int, lately: int) -> None:
    assert 0 <= judge(Past(pranks, ghosts, real, lately)).score <= 100
