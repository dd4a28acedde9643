"""Who leads engines: by what was learnt last, round what is closed, and oracles by the truth."""

import math
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from tests.traffic.city import east, town
from warroom.app.bench import usual
from warroom.app.bench.evening import Course
from warroom.app.bench.guides import FADE_S, PRESENT_S, WINDOW_S, Guide, Truth
from warroom.app.bench.traffic import SEEDS
from warroom.roads.api import OnRoad
from warroom.routing.api import PROFILES, make_routers


@pytest.fixture
def guide() -> Guide:
    return Guide("x", make_routers(town(), [PROFILES["fire"]])["fire"])


def truth_of(*rows: list[tuple[int, int, float]]) -> Truth:
    truth = Truth(np.arange(town().edges), town().free_kmh.astype(np.float64), 10.0)
    for row in rows:
        truth.take(row)
    return truth


def test_an_engine_is_led_by_the_speeds_that_were_learnt_last(guide: Guide) -> None:
    way = guide.lead("t", east(1), east(4), [])
    quick = guide.expected_s["t-x"]
    guide.learn(town().free_kmh / 4)
    guide.lead("t", east(1), east(4), [])

    assert way == [east(piece) for piece in (1, 2, 3, 4)]
    assert guide.expected_s["t-x"] == pytest.approx(4 * quick, rel=0.1)


def test_where_no_way_is_open_it_takes_the_usual_one_and_opens_again(guide: Guide) -> None:
    usual = [east(piece) for piece in (1, 2, 3, 4)]
    guide.learn(town().free_kmh, closed=[east(2)])

    assert guide.lead("t", east(1), east(4), usual) == usual
    assert "t-x" not in guide.expected_s
    guide.learn(town().free_kmh)
    guide.lead("t", east(1), east(4), [])
    assert "t-x" in guide.expected_s


def test_an_engine_beside_its_way_is_counted_and_left_alone(guide: Guide) -> None:
    guide.lead("t", east(1), east(4), [])

    assert guide.turn("t-x", OnRoad(east(7), 0.5, 0.0), east(4)) is None
    assert guide.turn("t-x", OnRoad(east(2), 0.5, 0.0), east(4)) is None
    assert (guide.off_way, guide.turned) == (1, 0)


def test_the_present_is_a_cycle_of_lights_and_empty_roads_are_free() -> None:
    old = [[(0, 3, 2.0)]] * 20
    new = [[(0, 1, 30.0)]] * round(PRESENT_S / 10)

    truth = truth_of(*old, *new)

    assert truth.present()[0] == pytest.approx(30.0)
    assert truth.present()[1] == pytest.approx(float(town().free_kmh[1]))


def test_the_late_truth_is_of_vehicles_not_of_instants_and_forgets() -> None:
    one_slow_of_four = [(0, 1, 0.0), (1, 3, 40.0)]
    truth = truth_of(one_slow_of_four, [(0, 3, 8.0)], [(0, 9, 50.0)])
    older = math.exp(-10.0 / FADE_S)

    assert truth.late()[0] == pytest.approx(3 * 8.0 / (3 + older))
    assert truth.late()[1] == pytest.approx(40.0)
    many = truth_of([(0, 1, 8.0)], *[[]] * round(WINDOW_S / 10))
    assert many.late()[0] == pytest.approx(float(town().free_kmh[0]))


def test_typical_speeds_are_of_evenings_that_are_not_reported_and_are_played_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "network.json").write_text("{}")
    played: list[int] = []

    class Quick:
        told: ClassVar = {"keys": ["1:1:2", "2:2:3"]}

        def __init__(self, *words: object) -> None:
            played.append(int(str(words[2])))

        def __enter__(self) -> "Quick":
            return self

        def __exit__(self, *_: object) -> None: ...

        def step(self, *_: object) -> None: ...

        def truth(self) -> tuple[np.ndarray, np.ndarray, int]:
            seconds = np.array([[60.0, 0.0], [30.0, 0.0]])
            return seconds, seconds * 5.0, 60

    monkeypatch.setattr(usual, "Evening", Quick)
    course = Course(1, 1, 2)

    kmh = usual.usual_kmh(tmp_path, tmp_path, course, 60.0)
    again = usual.usual_kmh(tmp_path, tmp_path, course, 60.0)

    assert kmh == again == {"1:1:2": pytest.approx(18.0)}
    assert played == list(usual.SEEDS)
    assert not set(usual.SEEDS) & set(SEEDS)
