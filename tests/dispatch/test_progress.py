"""Claims about where an incident stands by its units, and which of their steps are late."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scopes import AT
from warroom.dispatch.contracts import Assignment, Stamp
from warroom.dispatch.progress import Limits, Told, due_of, late_ones, steps_of
from warroom.incidents.contracts import State

LIMITS = Limits(60.0, 120.0, 1.5, 20.0)
ONE, OTHER = UUID(int=1), UUID(int=2)


def told(
    number: int, minute: float, stamp: Stamp, unit: UUID = ONE, did: str | None = None
) -> Told:
    return Told(UUID(int=100 + number), unit, stamp.value, AT + timedelta(minutes=minute), did)


STORY = [
    told(1, 0, Stamp.DISPATCHED),
    told(2, 1, Stamp.ACCEPTED),
    told(3, 2, Stamp.EN_ROUTE),
    told(4, 2.5, Stamp.DISPATCHED, OTHER),
    told(5, 8, Stamp.ON_SCENE),
    told(6, 9, Stamp.ACTED, did="under_control"),
    told(7, 10, Stamp.CANCELLED, OTHER),
    told(8, 20, Stamp.CLEARED),
]


def test_an_incident_stands_where_its_furthest_unit_stands() -> None:
    assert [state for _, state, _ in steps_of(STORY)] == [
        State.DISPATCHED,
        State.ACKNOWLEDGED,
        State.EN_ROUTE,
        State.ON_SCENE,
        State.UNDER_CONTROL,
        State.CLEARED,
    ]


@given(st.permutations(STORY), st.lists(st.sampled_from(STORY), max_size=3))
def test_late_and_in_any_order_it_comes_to_the_same(story: list[Told], again: list[Told]) -> None:
    unique = list({one.id: one for one in (*story, *again)}.values())

    assert steps_of(unique) == steps_of(STORY)


def test_if_everybody_is_taken_back_before_they_arrive_it_waits_again() -> None:
    steps = steps_of([told(1, 0, Stamp.DISPATCHED), told(2, 1, Stamp.DECLINED)])

    assert [state for _, state, _ in steps] == [State.DISPATCHED, State.PENDING]


def test_a_unit_that_drives_a_patient_keeps_the_incident_on_scene() -> None:
    story = [*STORY[:3], told(5, 8, Stamp.ON_SCENE), told(6, 9, Stamp.TRANSPORTING)]

    assert steps_of(story)[-1][1] is State.ON_SCENE


def test_another_unit_after_the_last_left_begins_anew() -> None:
    story = [*STORY, told(9, 30, Stamp.DISPATCHED, UUID(int=3))]

    assert [state for _, state, _ in steps_of(story)][-2:] == [State.CLEARED, State.DISPATCHED]


def sent(state: Stamp, ago_s: float, eta_s: float | None = 100.0) -> Assignment:
    at = AT - timedelta(seconds=ago_s)
    ended = at if state is Stamp.CLEARED else None
    return Assignment(ONE, OTHER, ONE, state, at, at, ended_at=ended, eta_s=eta_s)


@pytest.mark.parametrize(
    ("state", "after_s", "what"),
    [
        (Stamp.DISPATCHED, 60, "answer"),
        (Stamp.ACCEPTED, 120, "turnout"),
        (Stamp.EN_ROUTE, 220, "travel"),  # At least two minutes more than was promised.
        (Stamp.DELAYED, 0, "held"),  # Told at once: somebody may want to send another.
        (Stamp.ON_SCENE, 1200, "check"),
    ],
)
def test_a_step_is_late_once_its_time_is_over(state: Stamp, after_s: int, what: str) -> None:
    assert late_ones([sent(state, after_s)], LIMITS, AT) == []
    assert [one[1] for one in late_ones([sent(state, after_s + 1)], LIMITS, AT)] == [what]


def test_nothing_is_awaited_of_who_is_done_staged_or_of_unknown_travel_time() -> None:
    assert due_of(sent(Stamp.CLEARED, 9999), LIMITS) is None
    assert due_of(sent(Stamp.STAGED, 9999), LIMITS) is None
    assert due_of(sent(Stamp.EN_ROUTE, 9999, None), LIMITS) is None


def test_a_long_way_is_late_by_its_share() -> None:
    due = due_of(sent(Stamp.EN_ROUTE, 0, 1000.0), LIMITS)

    assert due == ("travel", AT + timedelta(seconds=1500))


def test_what_was_promised_does_not_move_because_something_held_the_unit_up() -> None:
    gone_on = replace(sent(Stamp.EN_ROUTE, 10), en_route_at=AT - timedelta(seconds=221))

    assert [one[1] for one in late_ones([gone_on], LIMITS, AT)] == ["travel"]


def test_a_unit_that_is_held_up_leaves_the_incident_on_its_way() -> None:
    story = [*STORY[:3], told(4, 3, Stamp.DELAYED), told(5, 5, Stamp.EN_ROUTE)]

    assert steps_of(story)[-1][1] is State.EN_ROUTE
    assert len(steps_of(story)) == 3
