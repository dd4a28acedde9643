"""Claims about the states of a call, and who is rung."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.calls.errors import CallStateError
from warroom.calls.rules import (
    MOVES,
    NOTES,
    CallState,
    Free,
    advance,
    is_short,
    state_of,
    to_ring,
)


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ("offered ringing answered ended closed", CallState.CLOSED),
        ("offered answered held resumed ended", CallState.WRAP_UP),
        ("offered answered conferenced parted ended closed", CallState.CLOSED),
        ("offered answered conferenced transferred ended", CallState.WRAP_UP),
        ("offered ringing abandoned callback_due not_reached reached closed", CallState.CLOSED),
        ("offered ringing answered agent_lost ringing answered ended", CallState.WRAP_UP),
        ("offered answered agent_lost ringing ended", CallState.WRAP_UP),
    ],
)
def test_calls_go_the_ways_that_they_may(kinds: str, state: CallState) -> None:
    assert state == state_of(kinds.split())


@pytest.mark.parametrize(
    "kinds",
    [
        "answered",
        "offered held",
        "offered abandoned answered",
        "offered answered abandoned",
        "offered answered closed",
        "offered answered ended closed closed",
        "offered answered transferred held",
    ],
)
def test_calls_go_no_other_way(kinds: str) -> None:
    with pytest.raises(CallStateError):
        state_of(kinds.split())


@given(st.lists(st.sampled_from(sorted({*MOVES, *NOTES, "unheard"})), max_size=30))
def test_a_closed_call_stays_closed(kinds: list[str]) -> None:
    state = CallState.NEW
    for kind in kinds:
        try:
            after = advance(state, kind)
        except CallStateError:
            continue
        assert state is not CallState.CLOSED or after is CallState.CLOSED
        state = after


FREE = [Free("b", 10.0), Free("a", 5.0), Free("c", 20.0)]


def test_who_waits_longest_is_rung_and_those_who_did_not_answer_come_last() -> None:
    assert ["a"] == to_ring("longest_idle", FREE, frozenset())
    assert ["b"] == to_ring("longest_idle", FREE, frozenset({"a"}))
    assert ["a"] == to_ring("longest_idle", FREE, frozenset({"a", "b", "c"}))
    assert ["a", "b", "c"] == to_ring("ring_all", FREE, frozenset())
    assert [] == to_ring("longest_idle", [], frozenset())


def test_a_call_given_up_at_once_counts_apart() -> None:
    assert is_short(100.0, 104.9, 5.0)
    assert not is_short(100.0, 105.0, 5.0)
