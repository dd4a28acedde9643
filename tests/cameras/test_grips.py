"""Who may turn a camera: one at a time, by rank, by silence and by patience."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from warroom.cameras.contracts import Grip
from warroom.cameras.grips import (
    PATIENCE_S,
    RESERVE_S,
    SILENCE_S,
    TELL_AGAIN_S,
    Asker,
    ask,
    free_at,
    is_to_be_told,
    may_take_over,
    may_wait,
)

NOW = datetime(2026, 11, 24, 6, 17, tzinfo=UTC)
ANI, BUDI, CITRA = (UUID(int=n) for n in (1, 2, 3))


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def held(rank: int = 1, *, reserves: bool = False) -> Grip:
    return ask(None, Asker(ANI, rank, reserves=reserves), NOW).grip


def test_a_camera_that_nobody_has_is_taken() -> None:
    verdict = ask(None, Asker(ANI, 1), NOW)

    assert ("taken", ANI, NOW) == (verdict.became, verdict.grip.person_id, verdict.grip.seen_at)


def test_an_equal_is_refused_until_the_holder_has_been_silent() -> None:
    grip = held()

    assert "held" == ask(grip, Asker(BUDI, 1, takes_over=True), after(SILENCE_S - 0.1)).became
    assert "taken" == ask(grip, Asker(BUDI, 1), after(SILENCE_S)).became


def test_who_moves_it_keeps_it() -> None:
    grip = ask(held(), Asker(ANI, 1), after(10)).grip

    assert "held" == ask(grip, Asker(BUDI, 1), after(20)).became
    assert after(25) == free_at(grip)


@pytest.mark.parametrize(("rank", "other"), [(1, 2), (1, 3), (2, 3)])
def test_a_higher_rank_takes_it_by_saying_so_and_not_by_mistake(rank: int, other: int) -> None:
    grip = held(rank)

    assert "held" == ask(grip, Asker(BUDI, other), after(1)).became
    assert "taken_over" == ask(grip, Asker(BUDI, other, takes_over=True), after(1)).became
    assert may_take_over(grip, other, BUDI, after(1))


@pytest.mark.parametrize(("rank", "other"), [(2, 1), (3, 2)])
def test_a_lower_rank_waits_for_silence(rank: int, other: int) -> None:
    asker = Asker(BUDI, other, takes_over=True)

    assert "outranked" == ask(held(rank), asker, after(SILENCE_S - 1)).became
    assert "taken" == ask(held(rank), asker, after(SILENCE_S)).became
    assert not may_take_over(held(rank), other, BUDI, after(1))


def test_equals_alone_stand_in_line() -> None:
    assert [False, True, False] == [may_wait(held(2), rank, BUDI, after(1)) for rank in (1, 2, 3)]
    assert not may_wait(held(2), 2, ANI, after(1))
    assert not may_wait(held(2), 2, BUDI, after(SILENCE_S))
    assert not may_wait(None, 1, BUDI, NOW)


def test_a_reservation_stands_against_silence_and_ends_by_itself() -> None:
    grip = held(reserves=True)

    assert "held" == ask(grip, Asker(BUDI, 1), after(RESERVE_S - 1)).became
    assert "taken" == ask(grip, Asker(BUDI, 1), after(RESERVE_S)).became
    assert "taken_over" == ask(grip, Asker(BUDI, 2, takes_over=True), after(1)).became


def test_a_reservation_is_not_renewed_while_somebody_waits() -> None:
    grip = ask(held(reserves=True), Asker(BUDI, 1), after(1)).grip
    renewed = ask(grip, Asker(ANI, 1, reserves=True), after(2)).grip

    assert grip.reserved_until == renewed.reserved_until


def test_an_equal_who_has_waited_long_enough_has_it_though_it_is_being_moved() -> None:
    grip = ask(held(), Asker(BUDI, 1), after(0)).grip
    for second in range(0, int(PATIENCE_S) + 1, 5):
        grip = ask(grip, Asker(ANI, 1), after(second)).grip

    assert "held" == ask(grip, Asker(CITRA, 1), after(PATIENCE_S)).became
    verdict = ask(grip, Asker(BUDI, 1), after(PATIENCE_S))
    assert ("taken_over", BUDI) == (verdict.became, verdict.grip.person_id)
    # Whoever lost it stands behind them, as everybody does.
    assert "held" == ask(verdict.grip, Asker(ANI, 1), after(PATIENCE_S + 1)).became


def test_moving_is_told_when_it_begins_and_again_after_a_while() -> None:
    grip = held()

    assert is_to_be_told(grip, NOW)
    told = Grip(ANI, 1, NOW, NOW, told_at=NOW)
    assert not is_to_be_told(told, after(TELL_AGAIN_S - 1))
    assert is_to_be_told(told, after(TELL_AGAIN_S))


PEOPLE = st.builds(UUID, int=st.integers(1, 4))


@settings(max_examples=100, stateful_step_count=40)
class Arbitration(RuleBasedStateMachine):
    """Four people press keys; the clock goes on; one camera."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.grip: Grip | None = None

    @initialize()
    def begin(self) -> None:
        self.grip = None

    @rule(seconds=st.floats(0, 30))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(
        who=PEOPLE,
        rank=st.integers(1, 3),
        takes_over=st.booleans(),
        reserves=st.booleans(),
    )
    def somebody_asks(self, who: UUID, rank: int, takes_over: bool, reserves: bool) -> None:
        before = self.grip
        was_held = before is not None and free_at(before) > self.now
        verdict = ask(before, Asker(who, rank, takes_over, reserves), self.now)
        self.grip = verdict.grip

        assert verdict.is_granted == (verdict.grip.person_id == who)
        if not was_held:
            assert verdict.became == "taken"
            return
        assert before is not None
        if verdict.became == "taken_over":
            assert rank >= before.rank
            assert rank > before.rank or before.waiter_id == who
        if before.person_id == who:
            assert verdict.became == "renewed"
        if not verdict.is_granted:
            assert verdict.grip.person_id == before.person_id
            assert free_at(verdict.grip) == free_at(before)

    @precondition(lambda self: self.grip is not None)
    @rule()
    def the_holder_lets_go(self) -> None:
        self.grip = None

    @invariant()
    def nobody_can_have_it_for_longer_than_a_reservation_without_a_word(self) -> None:
        if self.grip is not None:
            longest = max(SILENCE_S, RESERVE_S)
            assert free_at(self.grip) <= max(self.now, self.grip.seen_at) + timedelta(
                seconds=longest
            )

    @invariant()
    def nobody_waits_for_themselves(self) -> None:
        if self.grip is not None:
            assert self.grip.waiter_id != self.grip.person_id


TestArbitration = Arbitration.TestCase


@given(
    presses=st.lists(st.tuples(st.floats(0.1, 14), st.booleans()), min_size=1, max_size=400),
    rank=st.integers(1, 3),
)
def test_no_equal_starves_however_a_holder_clings_to_it(
    presses: list[tuple[float, bool]], rank: int
) -> None:
    """Ani never lets go and reserves when she likes; Budi asks now and then, and gets it."""
    now = NOW
    grip = ask(None, Asker(ANI, rank, reserves=True), now).grip
    grip = ask(grip, Asker(BUDI, rank), now).grip
    asked_since = now
    for seconds, reserves in presses:
        now += timedelta(seconds=seconds)
        grip = ask(grip, Asker(ANI, rank, reserves=reserves), now).grip
        verdict = ask(grip, Asker(BUDI, rank), now)
        grip = verdict.grip
        if verdict.is_granted:
            return
    assert now < asked_since + timedelta(seconds=RESERVE_S + PATIENCE_S)
