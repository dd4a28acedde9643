"""Jams: raised after two cycles, cleared with hysteresis, one for adjacent roads, with one id."""

import numpy as np
import pytest

from tests.traffic.city import NOW, east, ground, nothing, seen, sums_of, town
from warroom.traffic.contracts import Colour, How, JamEvent, Observations, Source, State
from warroom.traffic.estimate import estimate
from warroom.traffic.jams import FORGET_S, Alarm, queue_of


def state_at(
    now: float, ratios: dict[int, float], weight: float = 10, source: int = Source.GPS
) -> State:
    rows = [
        (edge, float(town().free_kmh[edge]) * ratio, weight, now, source)
        for edge, ratio in ratios.items()
    ]
    return estimate(ground(), sums_of(Observations.of(*rows), now=now), now)


def jam_over(*pieces: int, ratio: float = 0.2) -> dict[int, float]:
    return {east(piece): ratio for piece in pieces}


def told(events: list[JamEvent]) -> list[str]:
    return [event.change for event in events]


@pytest.fixture
def alarm() -> Alarm:
    return Alarm(ground())


def run(alarm: Alarm, *ratios: dict[int, float], begin: float = NOW) -> list[list[str]]:
    return [
        told(alarm.update(state_at(begin + 10 * cycle, one))) for cycle, one in enumerate(ratios)
    ]


def test_a_jam_is_raised_in_the_second_cycle(alarm: Alarm) -> None:
    assert [[], ["raised"], []] == run(alarm, *[jam_over(3)] * 3)


def test_one_slow_cycle_is_none(alarm: Alarm) -> None:
    assert [[], [], []] == run(alarm, jam_over(3), jam_over(3, ratio=0.9), jam_over(3))


def test_too_few_vehicles_are_none(alarm: Alarm) -> None:
    states = [state_at(NOW + 10 * cycle, jam_over(3), weight=1) for cycle in range(3)]

    assert [] == [event for state in states for event in alarm.update(state)]


def test_what_is_only_typical_is_none(alarm: Alarm) -> None:
    slow = nothing()
    slow[east(3)] = 3.0
    states = [estimate(ground(), sums_of(), NOW + 10 * cycle, slow) for cycle in range(3)]

    assert [] == [event for state in states for event in alarm.update(state)]


def test_what_an_officer_reports_is_one_at_once(alarm: Alarm) -> None:
    (event,) = alarm.update(state_at(NOW, jam_over(3), source=Source.OFFICER), {east(3): "flood"})

    assert ("raised", "reported", "flood") == (event.change, event.jam.how, event.jam.cause)


def test_between_the_bounds_it_lasts_and_above_it_ends(alarm: Alarm) -> None:
    run(alarm, jam_over(3), jam_over(3))

    assert [[], ["cleared"]] == run(
        alarm, jam_over(3, ratio=0.55), jam_over(3, ratio=0.65), begin=NOW + 20
    )
    assert {} == alarm.jams


def test_adjacent_roads_are_one_jam_and_others_another(alarm: Alarm) -> None:
    run(alarm, *[jam_over(2, 3, 4, 8)] * 2)

    jams = sorted(alarm.jams.values(), key=lambda jam: -jam.length_m)

    assert [3, 1] == [len(jam.edges) for jam in jams]
    assert float(town().length_m[[east(2), east(3), east(4)]].sum()) == pytest.approx(
        jams[0].length_m
    )
    assert jams[0].queue_m == pytest.approx(jams[0].length_m)
    assert ("Jl. Panjang",) == jams[0].roads
    assert jams[0].delay_s > 60
    assert 0.2 == pytest.approx(jams[0].ratio, abs=0.01)


def test_the_two_sides_of_a_road_are_two_jams(alarm: Alarm) -> None:
    back = int(town().twin[east(3)])
    run(alarm, *[jam_over(3) | {back: 0.2}] * 2)

    assert 2 == len(alarm.jams)


def test_its_head_is_where_it_begins_to_flow_again(alarm: Alarm) -> None:
    run(alarm, *[jam_over(2, 3, 4)] * 2)

    (jam,) = alarm.jams.values()

    assert (0.0, 119.404) == pytest.approx((jam.lat, jam.lon))


def test_a_jam_that_moves_keeps_its_id_and_its_beginning(alarm: Alarm) -> None:
    run(alarm, *[jam_over(5, 6)] * 2)
    (first,) = alarm.jams.values()
    moved = jam_over(3, 4, 5) | jam_over(6, ratio=0.9)

    changes = run(alarm, *[moved] * 2, begin=NOW + 20)

    (second,) = alarm.jams.values()
    assert [["changed"], ["changed"]] == changes
    assert (first.id, first.began_at) == (second.id, second.began_at)
    assert {east(3), east(4), east(5)} == set(second.edges)


def test_two_jams_that_meet_are_the_one_that_was_longer(alarm: Alarm) -> None:
    run(alarm, *[jam_over(2, 3, 5)] * 2)
    longer = max(alarm.jams.values(), key=lambda jam: jam.length_m)

    events = [
        alarm.update(state_at(NOW + 20 + 10 * cycle, jam_over(2, 3, 4, 5))) for cycle in range(2)
    ]

    assert {longer.id} == set(alarm.jams)
    assert ["merged"] == [e.reason for e in events[1] if e.change == "cleared"]


def test_a_jam_that_parts_is_the_longer_part_and_a_new_one(alarm: Alarm) -> None:
    run(alarm, *[jam_over(2, 3, 4, 5)] * 2)
    (was,) = alarm.jams.values()

    events = alarm.update(state_at(NOW + 20, jam_over(2, 3, 5) | jam_over(4, ratio=0.9)))

    assert ["changed", "raised"] == sorted(told(events))
    assert {east(2), east(3)} == set(alarm.jams[was.id].edges)


def test_growing_is_told(alarm: Alarm) -> None:
    run(alarm, *[jam_over(5)] * 2, *[jam_over(4, 5)] * 2)

    (jam,) = alarm.jams.values()
    assert "growing" == jam.trend


def test_a_cause_that_was_said_stays(alarm: Alarm) -> None:
    run(alarm, *[jam_over(5)] * 2)

    (event,) = alarm.update(state_at(NOW + 20, jam_over(5)), {east(5): "accident"})
    alarm.update(state_at(NOW + 30, jam_over(5)))

    assert ("changed", "accident") == (event.change, event.jam.cause)
    assert ["accident"] == [jam.cause for jam in alarm.jams.values()]


def test_what_nobody_sees_any_more_ends_as_unknown(alarm: Alarm) -> None:
    run(alarm, *[jam_over(5)] * 2)
    later = NOW + 10 + FORGET_S

    assert [] == alarm.update(state_at(later, {}))
    (event,) = alarm.update(state_at(later + 10, {}))

    assert ("cleared", "unknown") == (event.change, event.reason)


def test_a_jam_that_nobody_sees_is_as_slow_as_it_was_when_somebody_did(alarm: Alarm) -> None:
    run(alarm, jam_over(3), jam_over(3))
    (seen,) = alarm.jams.values()

    alarm.update(state_at(NOW + 20, {}))
    (unseen,) = alarm.jams.values()

    assert (unseen.kmh, unseen.ratio) == pytest.approx((seen.kmh, 0.2))
    assert unseen.delay_s == pytest.approx(seen.delay_s)


def test_a_closed_road_has_no_jam(alarm: Alarm) -> None:
    run(alarm, *[jam_over(5)] * 2)
    closed = np.zeros(town().edges, np.bool_)
    closed[east(5)] = True

    (event,) = alarm.update(estimate(ground(), sums_of(), NOW + 20, closed=closed))

    assert ("cleared", "closed") == (event.change, event.reason)


def test_the_queue_of_a_branch_is_the_longer_way_back() -> None:
    into = next(e for e in range(town().edges) if town().key_of(e) == "200:20:6")
    edges = np.array([east(4), east(5), east(6), into])

    head, metres = queue_of(ground(), edges)

    assert east(6) == head
    assert float(town().length_m[[east(4), east(5), east(6)]].sum()) == pytest.approx(metres)


def test_a_jam_as_json_holds_all_a_list_shows(alarm: Alarm) -> None:
    run(alarm, *[jam_over(5)] * 2)

    (jam,) = (jam.as_json() for jam in alarm.jams.values())

    assert {"id", "roads", "queue_m", "began_at", "cause", "trend", "how"} <= jam.keys()
    assert jam["cause"] is None


def test_who_reads_the_jams_meanwhile_keeps_those_of_the_cycle_before(alarm: Alarm) -> None:
    run(alarm, *[jam_over(5)] * 2)
    read = alarm.jams

    run(alarm, *[jam_over(2) | jam_over(5, ratio=0.9)] * 2, begin=NOW + 20)

    assert 1 == len(read)
    assert read.keys().isdisjoint(alarm.jams)


def test_a_jam_that_nobody_sees_keeps_its_speed_as_an_estimate_until_it_is_forgotten(
    alarm: Alarm,
) -> None:
    run(alarm, jam_over(3), jam_over(3))
    last_s = NOW + 10

    held = estimate(
        ground(), sums_of(), last_s + 400, nothing(), remembered=alarm.remembered(last_s + 400)
    )

    assert (held.how[east(3)], held.colour[east(3)]) == (How.NEIGHBOURS, Colour.JAM)
    assert held.ratio[east(3)] == pytest.approx(0.2, abs=0.01)
    assert held.how[east(7)] == How.FREE_FLOW
    assert np.isnan(alarm.remembered(last_s + FORGET_S + 1)).all()


def test_what_is_seen_now_counts_more_than_what_is_remembered(alarm: Alarm) -> None:
    run(alarm, jam_over(3), jam_over(3))
    told_now = sums_of(seen(east(3), 45.0, weight=10, at=NOW + 30), now=NOW + 30)

    state = estimate(ground(), told_now, NOW + 30, remembered=alarm.remembered(NOW + 30))

    assert state.how[east(3)] == How.MEASURED
    assert state.kmh[east(3)] == pytest.approx(45.0)
