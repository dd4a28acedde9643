"""Who stands in a queue and who beside the traffic: by how they came there."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traffic.city import NOW
from warroom.traffic.contracts import NOBODY, Observations, Source
from warroom.traffic.standing import FORGET_S, STANDING_S, STANDS_KMH, Standing

FREE_KMH = np.full(6, 50.0, np.float32)
STEP_S = 10.0


def drive(*kmh: float, who: int = 1, edge: int = 0, at: float = NOW) -> Observations:
    """A vehicle that tells its speed every ten seconds."""
    rows = [(edge, one, 1.0, at + STEP_S * n, Source.GPS) for n, one in enumerate(kmh)]
    return replace(Observations.of(*rows), who=np.full(len(rows), who))


def judged(*parts: Observations) -> list[bool]:
    """Whether each of the last of these says something of the traffic, told one after the other."""
    standing = Standing(FREE_KMH)
    return [standing.judge(part).tolist() for part in parts][-1]


def test_whoever_crept_before_it_stands_is_in_a_queue() -> None:
    assert [True] * 8 == judged(drive(12, 8, 6, 9, 7, 0, 0, 1))


def test_whoever_drove_freely_until_it_stopped_is_parked() -> None:
    assert [True, True, True, False, False] == judged(drive(48, 45, 47, 0, 0))


def test_the_last_slow_metres_of_one_who_parks_are_no_queue() -> None:
    """Told every second, as it brakes and turns in."""
    kmh = [48.0] * 10 + [40.0, 30.0, 20.0, 12.0, 8.0, 6.0, 6.0] + [0.0] * 5
    rows = [(0, one, 1.0, NOW + n, Source.GPS) for n, one in enumerate(kmh)]

    told = replace(Observations.of(*rows), who=np.full(len(rows), 1))

    assert [True] * 17 + [False] * 5 == judged(told)


def test_a_vehicle_of_which_only_standing_is_known_says_nothing() -> None:
    assert [False, False] == judged(drive(0, 0))


def test_one_slow_glance_of_a_stranger_is_no_queue() -> None:
    assert [True, False, False] == judged(drive(6, 0, 0))


def test_after_some_minutes_whoever_stands_is_parked_where_it_stood_in_a_queue() -> None:
    creeping = drive(9, 7, 8, 9, 6)
    last_s = NOW + 4 * STEP_S

    assert [True] == judged(creeping, drive(0, at=last_s + STANDING_S))
    assert [False] == judged(creeping, drive(0, at=last_s + STANDING_S + 1))


def test_where_somebody_leaves_freely_nobody_stands_in_a_queue_any_more() -> None:
    queue = drive(9, 7, 8, 9, 6, 0)
    free = drive(45, 48, 46, who=2, at=NOW + 60)
    beyond = drive(47, who=2, edge=1, at=NOW + 90)
    later = drive(0, at=NOW + 100)

    assert [True] == judged(queue, later)
    assert [True] == judged(queue, free, later)
    assert [False] == judged(queue, free, beyond, later)


def test_who_was_held_up_and_leaves_fast_does_not_end_the_queue_behind_it() -> None:
    queue = drive(9, 7, 8, 9, 6, 0)
    ahead = drive(8, 6, 9, 7, 30, who=2, at=NOW + 20)
    beyond = drive(40, who=2, edge=1, at=NOW + 70)

    assert [True] == judged(queue, ahead, beyond, drive(0, at=NOW + 80))


def test_a_queue_that_forms_after_somebody_passed_is_one() -> None:
    passed = drive(45, 48, 46, who=2, at=NOW - 100)
    beyond = drive(47, who=2, edge=1, at=NOW - 60)

    assert [True] * 6 == judged(passed, beyond, drive(9, 7, 8, 9, 6, 0))


def test_whom_nobody_tells_apart_and_who_stands_says_nothing() -> None:
    told = replace(drive(9, 0), who=np.full(2, NOBODY))

    assert [True, False] == judged(told)


@pytest.mark.parametrize("source", [Source.CAMERA, Source.OFFICER, Source.CALL])
def test_what_cameras_and_people_tell_is_taken_however_slow(source: Source) -> None:
    assert [True] == judged(Observations.of((0, 0.5, 1.0, NOW, source)))


def test_whoever_was_silent_for_long_begins_anew() -> None:
    standing = Standing(FREE_KMH)
    standing.judge(drive(9, 7, 8, 9, 6))

    standing.judge(drive(30, who=2, at=NOW + FORGET_S + 100))

    assert [2] == standing._who.tolist()


VEHICLES = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 5),
        st.floats(0, 70, width=32),
        st.integers(0, 400),
    ),
    min_size=1,
    max_size=60,
)


def told(rows: list[tuple[int, int, float, int]]) -> Observations:
    seen = Observations.of(*[(e, v, 1.0, NOW + at, Source.GPS) for _, e, v, at in rows])
    return replace(seen, who=np.array([row[0] for row in rows], np.int64))


@given(VEHICLES)
def test_whoever_drives_is_always_in_the_traffic(rows: list[tuple[int, int, float, int]]) -> None:
    seen = told(rows)

    good = Standing(FREE_KMH).judge(seen)

    assert good[seen.kmh >= STANDS_KMH].all()


@given(VEHICLES)
def test_whoever_never_was_slow_is_in_no_queue(rows: list[tuple[int, int, float, int]]) -> None:
    seen = told([(who, edge, v if v < STANDS_KMH else 40.0, at) for who, edge, v, at in rows])

    good = Standing(FREE_KMH).judge(seen)

    assert not good[seen.kmh < STANDS_KMH].any()


@given(VEHICLES, st.randoms(use_true_random=False))
def test_the_order_in_which_vehicles_are_told_says_nothing(
    rows: list[tuple[int, int, float, int]], random: np.random.Generator
) -> None:
    rows = list({(row[0], row[3]): row for row in rows}.values())
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[arg-type]

    straight = Standing(FREE_KMH).judge(told(rows))
    mixed = Standing(FREE_KMH).judge(told([rows[at] for at in order]))

    assert straight[order].tolist() == mixed.tolist()


@given(VEHICLES)
def test_vehicles_do_not_know_each_other_on_different_roads(
    rows: list[tuple[int, int, float, int]],
) -> None:
    """Each stays on a road of its own: what one does is nothing to the others."""
    alone = [(who, who, kmh, at) for who, _, kmh, at in rows]
    seen = told(alone)

    together = Standing(FREE_KMH).judge(seen)

    for who in range(5):
        mine = seen.who == who
        own = told([row for row in alone if row[0] == who]) if mine.any() else Observations.of()
        assert Standing(FREE_KMH).judge(own).tolist() == together[mine].tolist()
