"""The state of an incident is read from its whole log, whatever order it came in."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.incidents.contracts import PROGRESS, Deed, Event, State, Verdict
from warroom.incidents.rules import BACKDATED, Standing, is_open, replay, when

AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
OTHER = UUID(int=99)


def deed(number: int, kind: Deed, minute: float = 0, **detail: Any) -> Event:
    at = AT + timedelta(minutes=minute)
    corrects = detail.pop("corrects", None)
    return Event(UUID(int=number), kind, at, at, detail=detail, corrects=corrects)


def log(*deeds: tuple[Deed, dict[str, Any]]) -> list[Event]:
    return [deed(n + 1, kind, n, **detail) for n, (kind, detail) in enumerate(deeds)]


def state_after(*deeds: tuple[Deed, dict[str, Any]]) -> State:
    return replay(log(*deeds)).state


SENT: tuple[Deed, dict[str, Any]] = (Deed.SENT, {})
DRAFTED: tuple[Deed, dict[str, Any]] = (Deed.DRAFTED, {})
CLOSED: tuple[Deed, dict[str, Any]] = (Deed.CLOSED, {"disposition": "handled"})
REOPENED: tuple[Deed, dict[str, Any]] = (Deed.REOPENED, {})
MERGED: tuple[Deed, dict[str, Any]] = (Deed.MERGED, {"into": str(OTHER)})
SPLIT: tuple[Deed, dict[str, Any]] = (Deed.SPLIT, {})
ON_SCENE: tuple[Deed, dict[str, Any]] = (Deed.PROGRESSED, {"state": "on_scene"})


@pytest.mark.parametrize(
    ("deeds", "expected"),
    [
        ([], State.DRAFT),
        ([DRAFTED], State.DRAFT),
        ([DRAFTED, SENT], State.PENDING),
        ([DRAFTED, (Deed.SCHEDULED, {"due_at": AT.isoformat()})], State.SCHEDULED),
        ([DRAFTED, (Deed.SCHEDULED, {"due_at": AT.isoformat()}), SENT], State.PENDING),
        ([DRAFTED, SENT, ON_SCENE], State.ON_SCENE),
        ([DRAFTED, SENT, ON_SCENE, (Deed.PROGRESSED, {"state": "pending"})], State.PENDING),
        ([DRAFTED, ON_SCENE], State.DRAFT),
        ([DRAFTED, SENT, CLOSED], State.CLOSED),
        ([DRAFTED, (Deed.CANCELLED, {})], State.CANCELLED),
        ([DRAFTED, SENT, (Deed.UNFOUNDED, {})], State.UNFOUNDED),
        ([DRAFTED, SENT, (Deed.HANDED_OVER, {})], State.HANDED_OVER),
        ([DRAFTED, SENT, CLOSED, ON_SCENE], State.CLOSED),
        ([DRAFTED, SENT, CLOSED, (Deed.CANCELLED, {})], State.CLOSED),
        ([DRAFTED, SENT, CLOSED, REOPENED], State.PENDING),
        ([DRAFTED, SENT, ON_SCENE, CLOSED, REOPENED], State.ON_SCENE),
        ([DRAFTED, CLOSED, REOPENED], State.PENDING),
        ([DRAFTED, SENT, REOPENED], State.PENDING),
        ([DRAFTED, SENT, MERGED], State.MERGED),
        ([DRAFTED, SENT, MERGED, SPLIT], State.PENDING),
        ([DRAFTED, SENT, ON_SCENE, MERGED, SPLIT], State.ON_SCENE),
        ([DRAFTED, MERGED, SPLIT], State.DRAFT),
        ([DRAFTED, SENT, CLOSED, MERGED, SPLIT], State.CLOSED),
        ([DRAFTED, SENT, SPLIT], State.PENDING),
    ],
)
def test_a_log_leads_to_one_state(
    deeds: list[tuple[Deed, dict[str, Any]]], expected: State
) -> None:
    assert expected is state_after(*deeds)


deeds_of_any_kind = st.lists(
    st.sampled_from(
        [
            *(SENT, DRAFTED, CLOSED, REOPENED, MERGED, SPLIT, ON_SCENE),
            (Deed.SCHEDULED, {"due_at": AT.isoformat()}),
            (Deed.CANCELLED, {}),
            (Deed.PROGRESSED, {"state": "cleared"}),
            (Deed.CORRECTED, {"corrects": UUID(int=2)}),
            (
                Deed.CORRECTED,
                {"corrects": UUID(int=3), "at": (AT + timedelta(hours=1)).isoformat()},
            ),
        ]
    ),
    max_size=12,
)


def _plain(standing: Standing) -> tuple[Any, ...]:
    return (
        standing.state,
        standing.since,
        standing.pending_at,
        standing.ended_at,
        standing.disposition,
        standing.merged_into,
        standing.verdicts,
    )


@given(deeds_of_any_kind, st.randoms(use_true_random=False))
def test_late_and_repeated_deeds_in_any_order_come_to_the_same(
    deeds: list[tuple[Deed, dict[str, Any]]], random: Any
) -> None:
    events = log(*deeds)
    mixed = [*events, *random.sample(events, len(events) // 2)]
    random.shuffle(mixed)

    assert _plain(replay(events)) == _plain(replay(mixed))


@given(deeds_of_any_kind)
def test_what_has_ended_says_when_and_what_is_open_does_not(
    deeds: list[tuple[Deed, dict[str, Any]]],
) -> None:
    standing = replay(log(*deeds))

    assert (standing.end is None) == (standing.ended_at is None)
    assert (standing.progress in PROGRESS) == (standing.pending_at is not None) or any(
        kind is Deed.REOPENED for kind, _ in deeds
    )
    assert set(standing.verdicts) == {event.id for event in log(*deeds)}


def test_each_deed_is_told_what_it_came_to() -> None:
    standing = replay(log(DRAFTED, ON_SCENE, SENT, SENT, CLOSED, CLOSED, ON_SCENE, REOPENED))

    assert [
        Verdict.TAKEN,
        Verdict.NOT_YET,
        Verdict.TAKEN,
        Verdict.ALREADY,
        Verdict.TAKEN,
        Verdict.ALREADY,
        Verdict.OVER,
        Verdict.TAKEN,
    ] == [standing.verdicts[UUID(int=n)] for n in range(1, 9)]


def test_merged_twice_into_the_same_is_merged_once_and_into_another_goes_on() -> None:
    once = replay(log(DRAFTED, MERGED, MERGED))
    again = replay(log(DRAFTED, MERGED, (Deed.MERGED, {"into": str(UUID(int=98))})))

    assert Verdict.ALREADY is once.verdicts[UUID(int=3)]
    assert UUID(int=98) == again.merged_into


def test_a_correction_takes_back_what_it_names() -> None:
    events = [*log(DRAFTED, SENT, CLOSED), deed(9, Deed.CORRECTED, 9, corrects=UUID(int=3))]

    standing = replay(events)

    assert State.PENDING is standing.state
    assert Verdict.WRONG is standing.verdicts[UUID(int=3)]


def test_a_correction_can_say_when_it_really_was() -> None:
    early = (AT + timedelta(seconds=30)).isoformat()
    events = [
        *log(DRAFTED, SENT),
        deed(9, Deed.CORRECTED, 9, corrects=UUID(int=2), at=early),
    ]

    assert AT + timedelta(seconds=30) == replay(events).pending_at


def test_the_later_correction_holds_whichever_came_first() -> None:
    back = deed(8, Deed.CORRECTED, 8, corrects=UUID(int=3))
    restored = deed(9, Deed.CORRECTED, 9, corrects=UUID(int=3), at=AT.isoformat())
    events = log(DRAFTED, SENT, CLOSED)

    for order in ([back, restored], [restored, back]):
        assert Verdict.WRONG is not replay([*events, *order]).verdicts[UUID(int=3)]


def test_what_else_stands_in_the_log_moves_nothing() -> None:
    changed = Event(UUID(int=50), "changed", AT, AT)

    assert State.PENDING is replay([*log(DRAFTED, SENT), changed]).state


@pytest.mark.parametrize(
    ("ago", "is_backdated"), [(0, False), (30, False), (59, False), (61, True), (7200, True)]
)
def test_what_is_told_afterwards_is_marked(ago: float, is_backdated: bool) -> None:
    said = AT - timedelta(seconds=ago)

    assert (said, is_backdated) == when(said, AT)
    assert timedelta(seconds=60) == BACKDATED


def test_nothing_happens_in_the_future_or_before_it_can_have() -> None:
    later, floor = AT + timedelta(hours=1), AT - timedelta(minutes=5)

    assert (AT, False) == when(later, AT)
    assert (AT, False) == when(None, AT)
    assert (floor, True) == when(AT - timedelta(hours=9), AT, floor)


def test_there_is_work_left_on_what_neither_ended_nor_was_merged() -> None:
    assert {
        *PROGRESS,
        State.DRAFT,
        State.SCHEDULED,
    } == {state for state in State if is_open(state)}
