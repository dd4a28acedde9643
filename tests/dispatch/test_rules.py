"""The states of an assignment, whatever the order in which its stamps come."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.dispatch import rules
from warroom.dispatch.contracts import ENDS, Assignment, Event, Stamp, Status, Task, Verdict

SENT_AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def stamp(kind: Stamp, minute: float, number: int = 0) -> Event:
    at = SENT_AT + timedelta(minutes=minute)
    return Event(UUID(int=1000 * list(Stamp).index(kind) + number), kind.value, at, at)


SENT = stamp(Stamp.DISPATCHED, 0)

others = st.builds(
    stamp,
    st.sampled_from([one for one in Stamp if one is not Stamp.DISPATCHED]),
    st.integers(0, 30),
    st.integers(0, 3),
)
told = st.lists(others, max_size=12, unique_by=lambda event: event.id).map(lambda x: [SENT, *x])


def states(*events: Event) -> list[Verdict]:
    verdicts = rules.replay([SENT, *events]).verdicts
    return [verdicts[event.id] for event in events]


@given(told, st.randoms(use_true_random=False))
def test_the_order_in_which_stamps_come_changes_nothing(
    events: list[Event], chance: random.Random
) -> None:
    mixed = list(events)
    chance.shuffle(mixed)

    assert rules.replay(events) == rules.replay(mixed)


@given(told, st.data())
def test_what_is_sent_twice_is_as_if_sent_once(events: list[Event], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(events)))

    assert rules.replay(events) == rules.replay([*events, *again])


@given(told, others)
def test_what_is_over_stays_over_whatever_comes_late(events: list[Event], late: Event) -> None:
    before = rules.replay(events)
    known = {event.id for event in events}

    after = rules.replay([*events, *([late] if late.id not in known else [])])

    assert before.ended_at is None or after.ended_at is not None
    assert before.ended_at is None or after.ended_at <= before.ended_at  # type: ignore[operator]


NOTED = (Stamp.ACTED, Stamp.DURESS, Stamp.RETURNING, Stamp.IN_QUARTERS)


@given(told)
def test_the_state_is_the_last_stamp_taken_and_every_stamp_has_a_verdict(
    events: list[Event],
) -> None:
    standing = rules.replay(events)

    taken = [
        Stamp(event.kind)
        for event in rules.stamps_in_order(events)
        if standing.verdicts[event.id] is Verdict.TAKEN and event.kind not in NOTED
    ]
    assert {event.id for event in events} == set(standing.verdicts)
    assert taken[-1] is standing.state
    assert (standing.state in ENDS) is (standing.ended_at is not None)
    assert len([one for one in taken if one in ENDS]) <= 1
    # Who was held up goes on again; nothing else is ever gone back.
    onward = [
        one
        for before, one in zip([None, *taken], taken, strict=False)
        if not (before is Stamp.DELAYED and one is Stamp.EN_ROUTE)
    ]
    steps = [one for one in onward if one is not Stamp.DELAYED]
    assert steps == sorted(set(steps), key=list(Stamp).index)


@given(told)
def test_times_of_steps_never_go_backwards(events: list[Event]) -> None:
    at = rules.replay(events).at

    steps = [at[one] for one in Stamp if one in at and one not in NOTED]
    assert steps == sorted(steps)


def test_the_way_of_a_whole_task() -> None:
    way = [
        stamp(Stamp.ACCEPTED, 1),
        stamp(Stamp.EN_ROUTE, 2),
        stamp(Stamp.ON_SCENE, 9),
        stamp(Stamp.ACTED, 12, 1),
        stamp(Stamp.ACTED, 15, 2),
        stamp(Stamp.CLEARED, 20),
    ]

    assert [Verdict.TAKEN] * 6 == states(*way)
    assert Stamp.CLEARED is rules.replay([SENT, *way]).state


def test_a_step_that_nobody_pressed_has_no_time() -> None:
    standing = rules.replay([SENT, stamp(Stamp.ON_SCENE, 9)])

    assert Stamp.ON_SCENE is standing.state
    assert {"accepted_at": None, "en_route_at": None}.items() <= rules.moments_of(standing).items()


def test_a_step_pressed_before_and_sent_after_fills_its_time() -> None:
    arrived, accepted = stamp(Stamp.ON_SCENE, 9), stamp(Stamp.ACCEPTED, 1)

    standing = rules.replay([SENT, arrived, accepted])

    assert Stamp.ON_SCENE is standing.state
    assert accepted.happened_at == standing.at[Stamp.ACCEPTED]


def test_a_step_back_is_said_to_be_passed() -> None:
    assert [Verdict.TAKEN, Verdict.ALREADY] == states(
        stamp(Stamp.ON_SCENE, 5), stamp(Stamp.EN_ROUTE, 6)
    )


def test_what_was_done_asks_that_one_is_there() -> None:
    assert [Verdict.TAKEN, Verdict.NOT_YET] == states(
        stamp(Stamp.EN_ROUTE, 2), stamp(Stamp.ACTED, 3)
    )


def test_nobody_clears_what_they_did_not_accept() -> None:
    assert [Verdict.NOT_YET] == states(stamp(Stamp.CLEARED, 3))


def test_what_was_pressed_before_the_desk_cancelled_counts_though_it_comes_later() -> None:
    cancelled = stamp(Stamp.CANCELLED, 10)
    before = rules.replay([SENT, stamp(Stamp.ACCEPTED, 1), cancelled])

    after = rules.replay([SENT, stamp(Stamp.ACCEPTED, 1), cancelled, stamp(Stamp.CLEARED, 8)])

    assert (Stamp.CANCELLED, Stamp.CLEARED) == (before.state, after.state)
    assert Verdict.OVER is after.verdicts[cancelled.id]


def test_what_is_pressed_after_the_end_is_over() -> None:
    assert [Verdict.TAKEN, Verdict.OVER] == states(
        stamp(Stamp.CANCELLED, 4), stamp(Stamp.ON_SCENE, 5)
    )


@given(
    st.timedeltas(timedelta(hours=-48), timedelta(hours=48)),
    st.timedeltas(timedelta(0), timedelta(hours=3)),
    st.timedeltas(timedelta(0), timedelta(seconds=30)),
)
def test_a_wrong_clock_of_a_phone_does_not_move_a_press(
    offset: timedelta, waited: timedelta, on_the_way: timedelta
) -> None:
    """Pressed, kept for `waited`, sent; the phone's clock is wrong by `offset`."""
    pressed = SENT_AT + timedelta(hours=4)
    received = pressed + waited + on_the_way

    believed = rules.believed(pressed + offset, pressed + waited + offset, received, SENT_AT)

    assert timedelta(0) <= believed - pressed <= on_the_way


@given(
    st.timedeltas(timedelta(days=-9000), timedelta(days=9000)),
    st.timedeltas(timedelta(days=-9000), timedelta(days=9000)),
)
def test_no_press_lies_before_the_assignment_or_in_the_future(
    pressed: timedelta, sent: timedelta
) -> None:
    now = SENT_AT + timedelta(minutes=30)

    believed = rules.believed(SENT_AT + pressed, SENT_AT + sent, now, SENT_AT)

    assert SENT_AT <= believed <= now


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], "open"),
        ([Stamp.DECLINED, Stamp.CANCELLED], "open"),
        ([Stamp.DECLINED, Stamp.DISPATCHED], "dispatched"),
        ([Stamp.EN_ROUTE, Stamp.ACCEPTED], "en_route"),
        ([Stamp.DELAYED, Stamp.EN_ROUTE], "en_route"),
        ([Stamp.DELAYED, Stamp.ACCEPTED], "delayed"),
        ([Stamp.ON_SCENE, Stamp.HANDED_OVER], "on_scene"),
    ],
)
def test_a_task_stands_where_its_furthest_unit_does(states: list[Stamp], expected: str) -> None:
    assert expected == rules.state_of(states)


def test_a_unit_without_a_crew_is_unknown_and_never_free() -> None:
    assert Status.UNKNOWN is rules.status_of(None, 0)
    assert Status.AVAILABLE is rules.status_of(None, 2)
    assert Status.AVAILABLE is rules.status_of(Stamp.CLEARED, 2)
    assert Status.EN_ROUTE is rules.status_of(Stamp.EN_ROUTE, 0)


@given(told)
def test_a_unit_is_held_up_only_on_its_way_and_its_times_stay_the_first(
    events: list[Event],
) -> None:
    standing = rules.replay(events)
    without = rules.replay([one for one in events if one.kind != Stamp.DELAYED])

    if standing.state is Stamp.DELAYED:
        assert without.state is Stamp.EN_ROUTE
    else:
        assert without.state is standing.state
    assert rules.moments_of(without) == rules.moments_of(standing)


@given(told)
def test_the_way_home_is_told_only_of_what_is_over_and_leaves_it_as_it_is(
    events: list[Event],
) -> None:
    standing = rules.replay(events)
    homeward = (Stamp.RETURNING, Stamp.IN_QUARTERS)
    without = rules.replay([one for one in events if one.kind not in homeward])

    times = [standing.ended_at, *(standing.at.get(one) for one in homeward)]
    known = [one for one in times if one is not None]
    assert known == sorted(known)
    assert times[: len(known)] == known
    assert (without.state, without.since, without.ended_at) == (
        standing.state,
        standing.since,
        standing.ended_at,
    )


@given(told)
def test_each_hold_begins_on_the_way_and_ends_before_the_next(events: list[Event]) -> None:
    holds = rules.holds_of(events)

    standing = rules.replay(events)
    open_ones = [one for one in holds if one.until is None]
    assert len(open_ones) == (standing.state is Stamp.DELAYED)
    assert all(one.until is None or one.since <= one.until for one in holds)
    assert all(
        before.until is not None and before.until <= after.since
        for before, after in pairwise(holds)
    )
    assert bool(holds) is (Stamp.DELAYED in standing.at)


def test_a_unit_that_was_held_up_goes_on_and_keeps_the_time_at_which_it_left() -> None:
    way = [stamp(Stamp.EN_ROUTE, 2), stamp(Stamp.DELAYED, 4), stamp(Stamp.EN_ROUTE, 7, 1)]

    standing = rules.replay([SENT, *way])

    assert [Verdict.TAKEN] * 3 == states(*way)
    assert (Stamp.EN_ROUTE, way[2].happened_at) == (standing.state, standing.since)
    assert way[0].happened_at == rules.moments_of(standing)["en_route_at"]


def test_nobody_is_held_up_before_they_left_or_once_they_are_there() -> None:
    assert [Verdict.NOT_YET] == states(stamp(Stamp.DELAYED, 1))
    assert [Verdict.TAKEN, Verdict.ALREADY] == states(
        stamp(Stamp.ON_SCENE, 3), stamp(Stamp.DELAYED, 4)
    )


def test_nobody_drives_home_from_what_is_not_over_and_is_home_only_then() -> None:
    assert [Verdict.TAKEN, Verdict.NOT_YET] == states(
        stamp(Stamp.ON_SCENE, 3), stamp(Stamp.RETURNING, 4)
    )
    assert [Verdict.TAKEN, Verdict.NOT_YET] == states(
        stamp(Stamp.CANCELLED, 3), stamp(Stamp.IN_QUARTERS, 4)
    )


def test_a_unit_on_its_way_home_is_free_and_said_to_be_away_unless_more_is_known() -> None:
    assert Status.RETURNING is rules.status_of(None, 2, is_returning=True)
    assert Status.UNKNOWN is rules.status_of(None, 0, is_returning=True)
    assert Status.EN_ROUTE is rules.status_of(Stamp.EN_ROUTE, 2, is_returning=True)
    assert Status.OUT_OF_SERVICE is rules.status_of(None, 2, is_out=True, is_returning=True)


def test_a_task_is_over_when_the_last_unit_under_way_cleared() -> None:
    cleared = rules.replay([SENT, stamp(Stamp.ACCEPTED, 1), stamp(Stamp.CLEARED, 5)])
    declined = rules.replay([SENT, stamp(Stamp.DECLINED, 1)])
    under_way = Assignment(
        *(UUID(int=1), UUID(int=2), UUID(int=3), Stamp.EN_ROUTE),
        since=SENT_AT,
        dispatched_at=SENT_AT,
    )

    assert rules.closes([], cleared)
    assert not rules.closes([under_way], cleared)
    assert not rules.closes([], declined)


UNSEEN = timedelta(minutes=30)


def a_task(reason: str | None, ago_min: float = 60, **more: object) -> Task:
    fixed: dict[str, object] = {
        "jam_ended": reason,
        "jam_ended_at": SENT_AT - timedelta(minutes=ago_min) if reason else None,
        **more,
    }
    names = (UUID(int=1), "LL-1", UUID(int=2), "traffic", None, 0.0, 0.0, (), "open", 4, SENT_AT)
    return Task(*names, **fixed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (a_task("flows", 0), "dissolved"),
        (a_task("unknown", 30), "not_found"),
        (a_task("unknown", 29.9), None),
        (a_task("closed"), None),
        (a_task("merged"), None),
        (a_task(None), None),
        (a_task("unknown", opened_by=UUID(int=3)), None),
        (a_task("flows", opened_by=UUID(int=3)), None),
        (a_task("unknown", closed_at=SENT_AT), None),
        (a_task("unknown", incident_id=UUID(int=4)), None),
    ],
)
def test_what_opened_by_itself_ends_by_itself_and_nothing_else_does(
    task: Task, expected: str | None
) -> None:
    assert rules.ends_alone(task, SENT_AT, UNSEEN) == expected


def test_zero_minutes_keep_what_nobody_sees_any_more_open() -> None:
    assert rules.ends_alone(a_task("unknown", 10_000), SENT_AT, timedelta(0)) is None
