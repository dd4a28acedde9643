import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcity.daylight import period_at
from simcity.scenes import traffic
from simcity.scenes.traffic import LENGTH_M, STOP_Y_M, Plan, simulate

CYCLE_S = 20


def front_y(actor: traffic.Actor, t: float) -> float:
    place = actor.at(t)
    assert place is not None
    return place[1] + actor.lane.dy * LENGTH_M[actor.kind] / 2


@pytest.mark.parametrize("layout", ["junction", "road"])
def test_positions_at_the_end_are_those_of_the_beginning(layout: traffic.Layout) -> None:
    _, actors = simulate(3, CYCLE_S, Plan(layout=layout, walkers=0))
    ordinary = [actor for actor in actors if actor.script is None]

    def places(t: float) -> list[tuple[float, float]]:
        return sorted(place for actor in ordinary if (place := actor.at(t)) is not None)

    first, last = np.array(places(0.0)), np.array(places(CYCLE_S))
    assert first == pytest.approx(last, abs=0.1)
    assert len(first) > 8


def test_same_seed_gives_the_same_traffic() -> None:
    first, second = (simulate(5, CYCLE_S, Plan())[1] for _ in range(2))

    assert [(a.id, a.plate, a.at(7.0)) for a in first] == [
        (a.id, a.plate, a.at(7.0)) for a in second
    ]
    assert [a.plate for a in first] != [a.plate for a in simulate(6, CYCLE_S, Plan())[1]]


def test_actors_have_numbers_of_their_own() -> None:
    _, actors = simulate(1, CYCLE_S, Plan(runner_s=14, wrong_way_s=9, has_parked=True))

    assert 1 == max(Counter(actor.id for actor in actors).values())


@pytest.mark.parametrize("seed", range(4))
def test_nobody_drives_into_the_vehicle_ahead(seed: int) -> None:
    _, actors = simulate(seed, CYCLE_S, Plan(busy=3, walkers=0))
    ordinary = [a for a in actors if a.script is None]
    for t in np.arange(0.2, CYCLE_S, 0.5):
        for _, queue in itertools.groupby(ordinary, key=lambda a: (a.lane.x, a.lane.y)):
            there = sorted(
                (along, a.kind) for a in queue if (along := a.along_m(float(t))) is not None
            )
            for (behind, kind), (ahead, other) in itertools.pairwise(there):
                assert ahead - behind > (LENGTH_M[kind] + LENGTH_M[other]) / 2


@pytest.mark.parametrize("seed", range(4))
def test_ordinary_vehicles_do_not_pass_the_line_on_red(seed: int) -> None:
    signal, actors = simulate(seed, CYCLE_S, Plan(busy=3, walkers=0))
    for actor in actors:
        if actor.script is None and actor.lane.dy == 1:
            for t in np.arange(0.1, CYCLE_S - 0.1, 0.1):
                before, after = actor.at(float(t)), actor.at(float(t) + 0.1)
                if before and after and actor.lane.x != -3.4:  # that lane stops a metre farther on
                    crossed = front_y(actor, float(t)) < STOP_Y_M <= front_y(actor, float(t) + 0.1)
                    assert not (crossed and signal.colour("A", float(t)) == "red")


@pytest.mark.parametrize("kind", ["car", "van", "motorcycle"])
def test_red_light_runner_passes_the_line_when_it_was_ordered(kind: traffic.Kind) -> None:
    signal, actors = simulate(1, CYCLE_S, Plan(runner_s=14, runner_kind=kind))
    [runner] = [actor for actor in actors if actor.event == "red_light"]

    assert STOP_Y_M == pytest.approx(front_y(runner, 14.0))
    assert "red" == signal.colour("A", 14.0)
    assert kind == runner.kind


def test_wrong_way_rider_comes_towards_the_others() -> None:
    _, actors = simulate(1, CYCLE_S, Plan(wrong_way_s=9))
    [rider] = [actor for actor in actors if actor.event == "wrong_way"]

    first, later = rider.at(5.0), rider.at(9.0)
    assert first
    assert later
    assert first[1] > later[1]
    assert first[0] < 0  # on the side where all others go ahead
    assert rider.at(19.0) is None


def test_parked_car_stays() -> None:
    _, actors = simulate(1, CYCLE_S, Plan(layout="road", has_parked=True))
    [parked] = [actor for actor in actors if actor.event == "parked"]

    assert parked.at(0.0) == parked.at(19.0)


def test_people_cross_while_the_street_has_red() -> None:
    signal, actors = simulate(1, CYCLE_S, Plan(walkers=0))
    people = [actor for actor in actors if actor.kind == "person"]
    times = [t for t in np.arange(0, CYCLE_S, 0.5) if any(p.at(float(t)) for p in people)]

    assert 4 == len(people)
    assert {"red"} == {signal.colour("A", float(t)) for t in times if t < CYCLE_S}


@given(st.floats(0, 100))
def test_groups_never_have_green_together(t: float) -> None:
    signal = traffic.Signal(CYCLE_S)

    assert "red" in {signal.colour("A", t), signal.colour("B", t)}


def test_road_without_a_signal_is_always_green() -> None:
    assert "green" == traffic.Signal(CYCLE_S, is_on=False).colour("A", 15)


@given(st.floats(0, 15), st.floats(0.1, 100), st.floats(-10, 15))
def test_drivers_brake_harder_the_nearer_the_vehicle_ahead(
    speed: float, gap_m: float, closing: float
) -> None:
    near = traffic.acceleration_m_s2(speed, 11, gap_m, closing)
    far = traffic.acceleration_m_s2(speed, 11, gap_m * 2, closing)

    assert near <= far + 1e-9
    assert far <= 1.6


@pytest.mark.parametrize(
    ("hour_utc", "period"),
    [(4.0, "day"), (9.4, "day"), (9.6, "dusk"), (10.6, "night"), (21.5, "dusk"), (22.1, "day")],
)
def test_light_follows_the_clock_of_makassar(hour_utc: float, period: str) -> None:
    assert period == period_at(1_795_478_400 + hour_utc * 3600)
