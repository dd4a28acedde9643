"""The hierarchy against Dijkstra, on real and on random roads, for every vehicle."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.roads.maps import CROSS, cross, raw, way
from tests.roads.test_graph import GRIDS, edge
from warroom.roads.api import OnRoad, RoadGraph, build_graph, read_extract
from warroom.roads.contracts import RawNetwork, TurnRule
from warroom.routing.contracts import NEVER, PROFILES
from warroom.routing.costs import edge_times, turn_times, word_of_turn
from warroom.routing.engines import Dijkstra
from warroom.routing.router import Router, make_routers


def routers(graph: RoadGraph, name: str) -> tuple[Router, Router]:
    """The router of a profile, and one that asks the oracle."""
    profile = PROFILES[name]
    oracle = make_routers(graph, [profile], make_engine=Dijkstra)
    return make_routers(graph, [profile])[name], oracle[name]


def at(graph: RoadGraph, start: int, end: int, fraction: float = 0.5) -> OnRoad:
    return OnRoad(edge(graph, start, end), fraction, 0.0)


def both(graph: RoadGraph, index: int, fraction: float) -> list[OnRoad]:
    return [OnRoad(index, fraction, 0.0), OnRoad(int(graph.twin[index]), 1 - fraction, 0.0)]


def nodes(graph: RoadGraph, router: Router, *ends: OnRoad) -> list[int]:
    """The junctions a way passes."""
    path = router.path([ends[0]], [ends[1]])
    assert path is not None
    return [int(graph.node_ref[graph.head[one]]) for one in path.edges[:-1]]


@given(GRIDS, st.sampled_from(sorted(PROFILES)), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_on_any_roads_both_engines_find_the_same_cost(
    network: RawNetwork, name: str, random: Any
) -> None:
    graph = build_graph(network)
    ours, oracle = routers(graph, name)
    places = [both(graph, random.randrange(graph.edges), random.random()) for _ in range(4)]

    costs = ours.matrix(places, places)
    for row, start in enumerate(places):
        for column, end in enumerate(places):
            found, truth = ours.path(start, end), oracle.path(start, end)
            assert (found and found.cost_ms) == (truth and truth.cost_ms)
            assert costs[row, column] == (NEVER if found is None else found.cost_ms)
            if found is not None:
                assert ours.cost(found) == found.cost_ms
                joins = zip(found.edges, found.edges[1:], strict=False)
                assert all(graph.head[a] == graph.tail[b] for a, b in joins)
                assert ours.usable[found.edges].all()


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_in_a_real_city_both_engines_find_the_same_cost(test_data: Path, name: str) -> None:
    graph = build_graph(read_extract(test_data / "city/munchen.osm.pbf"))
    ours, oracle = routers(graph, name)
    random = np.random.default_rng(5)
    found = 0
    for start, end in random.integers(0, graph.edges, (60, 2)):
        pair = both(graph, int(start), 0.3), both(graph, int(end), 0.6)
        path, truth = ours.path(*pair), oracle.path(*pair)
        assert (path and path.cost_ms) == (truth and truth.cost_ms)
        found += path is not None
    assert found > 20


def test_a_forbidden_turn_is_not_taken_by_a_car_but_by_an_engine() -> None:
    # From the west one may not turn south; round the block one can.
    ring = raw(
        {**CROSS, 6: (0, 0)},
        [way(10, 1, 2), way(11, 2, 3), way(20, 5, 2), way(21, 2, 4), way(30, 1, 6), way(31, 6, 5)],
        (TurnRule(via=2, from_way=10, to_way=20),),
    )
    graph = build_graph(ring)
    start, end = at(graph, 1, 2), at(graph, 2, 5)

    car, fire = (make_routers(graph, [PROFILES[name]])[name] for name in ("car", "fire"))

    assert nodes(graph, car, start, end) != [2]
    assert nodes(graph, fire, start, end) == [2]


def test_an_engine_is_not_led_through_an_alley() -> None:
    block = raw(
        {1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (3, 0), 5: (1, 3), 6: (2, 3)},
        [
            way(1, 1, 2), way(2, 2, 3, kind="alley", width_m=2.4), way(3, 3, 4),
            way(4, 2, 5), way(5, 5, 6), way(6, 6, 3),
        ],
    )  # fmt: skip
    graph = build_graph(block)
    start, end = at(graph, 1, 2), at(graph, 3, 4)

    for name, expected in (("car", [2, 3]), ("ambulance", [2, 3]), ("fire", [2, 5, 6, 3])):
        router = make_routers(graph, [PROFILES[name]])[name]
        assert nodes(graph, router, start, end) == expected, name


def test_only_police_drive_against_a_one_way_road_and_slower() -> None:
    graph = build_graph(raw(CROSS, [way(10, 1, 2), way(11, 2, 3, oneway=-1), way(21, 2, 4)]))
    start, end = at(graph, 1, 2), OnRoad(edge(graph, 2, 3), 0.5, 0.0)

    for name in ("car", "fire", "ambulance"):
        assert make_routers(graph, [PROFILES[name]])[name].path([start], [end]) is None
    police = make_routers(graph, [PROFILES["police"]])["police"]
    with_it = police.path([at(graph, 3, 2)], [at(graph, 2, 1)])
    against = police.path([at(graph, 1, 2)], [end])
    assert with_it is not None
    assert against is not None
    assert against.cost_ms > with_it.cost_ms


def test_along_one_road_the_way_is_direct_and_back_it_turns() -> None:
    graph = build_graph(cross())
    router, _ = routers(graph, "car")
    one = edge(graph, 1, 2)

    ahead = router.path([OnRoad(one, 0.2, 0)], [OnRoad(one, 0.7, 0)])
    behind = router.path([OnRoad(one, 0.7, 0)], [OnRoad(one, 0.2, 0)])

    assert ahead is not None
    assert ahead.edges == [one]
    assert ahead.cost_ms == pytest.approx(int(router.edge_ms[one]) * 0.5, abs=1)
    assert behind is not None
    assert len(behind.edges) > 2


def two_ways() -> RoadGraph:
    """From 1 to 4 by 2 (short) or by 3 (longer)."""
    return build_graph(
        raw(
            {1: (0, 0), 2: (2, 1), 3: (2, -2), 4: (4, 0), 8: (-1, 0), 9: (5, 0)},
            [way(1, 8, 1), way(2, 1, 2), way(3, 2, 4), way(4, 1, 3), way(5, 3, 4), way(6, 4, 9)],
        )
    )


def test_a_closure_is_avoided_at_once_and_forgotten_when_it_ends() -> None:
    graph = two_ways()
    router, _ = routers(graph, "car")
    start, end = at(graph, 8, 1), at(graph, 4, 9)
    assert nodes(graph, router, start, end) == [1, 2, 4]

    router.close([edge(graph, 2, 4)])
    assert nodes(graph, router, start, end) == [1, 3, 4]
    router.update(graph.free_kmh)
    assert nodes(graph, router, start, end) == [1, 3, 4]

    router.open([edge(graph, 2, 4)])
    assert nodes(graph, router, start, end) == [1, 2, 4]


def test_a_jam_is_avoided_when_the_way_round_is_quicker() -> None:
    graph = two_ways()
    router, _ = routers(graph, "car")
    start, end = at(graph, 8, 1), at(graph, 4, 9)

    router.change([edge(graph, 2, 4)], [3.0])
    assert nodes(graph, router, start, end) == [1, 3, 4]
    router.change([edge(graph, 2, 4)], [24.0])
    assert nodes(graph, router, start, end) == [1, 2, 4]


def test_a_change_of_a_closed_road_does_not_open_it() -> None:
    graph = two_ways()
    router, _ = routers(graph, "car")
    router.close([edge(graph, 2, 4)])

    router.change([edge(graph, 2, 4)], [60.0])

    assert nodes(graph, router, at(graph, 8, 1), at(graph, 4, 9)) == [1, 3, 4]


def test_closed_on_all_sides_there_is_no_way() -> None:
    graph = two_ways()
    router, _ = routers(graph, "car")

    router.close([edge(graph, 2, 4), edge(graph, 3, 4)])

    assert router.path([at(graph, 8, 1)], [at(graph, 4, 9)]) is None
    assert router.matrix([[at(graph, 8, 1)]], [[at(graph, 4, 9)]]).tolist() == [[NEVER]]


def test_another_way_is_offered_and_leaves_no_trace() -> None:
    graph = two_ways()
    router, _ = routers(graph, "car")
    start, end = [at(graph, 8, 1)], [at(graph, 4, 9)]
    before = router.path(start, end)

    offered = router.alternatives(start, end)

    assert before is not None
    assert [len(path.edges) for path in offered] == [4, 4]
    assert offered[0] == before
    assert set(offered[1].edges) != set(before.edges)
    assert offered[1].cost_ms == router.cost(offered[1]) > before.cost_ms
    assert router.path(start, end) == before


def test_profiles_that_may_use_the_same_roads_share_their_order() -> None:
    made = make_routers(two_ways(), list(PROFILES.values()))

    assert made["car"].topology is made["fire"].topology
    assert made["police"].topology is not made["car"].topology


@pytest.mark.parametrize("kmh", [0.0, -5.0, float("nan")])
def test_a_speed_of_nothing_is_a_closed_road(kmh: float) -> None:
    graph = build_graph(cross())
    speeds = np.full(graph.edges, kmh, np.float32)

    assert (edge_times(graph, PROFILES["car"], speeds) == NEVER).all()


def test_turns_cost_what_they_hold_up() -> None:
    graph = build_graph(cross(kind="primary"))
    costs = turn_times(graph, PROFILES["car"], np.zeros(0, np.uint32))
    of = {
        (int(graph.node_ref[graph.tail[a]]), int(graph.node_ref[graph.head[b]])): int(cost)
        for a, b, cost in zip(graph.turn_from, graph.turn_to, costs, strict=False)
        if graph.node_ref[graph.head[a]] == 2
    }

    assert of[1, 3] == 0  # straight on
    assert of[1, 3] < of[1, 4] < of[1, 5] < of[1, 1]  # left, right over the traffic, back
    assert costs[len(graph.turn_from)] == 0


@pytest.mark.parametrize(
    ("angle", "word"),
    [
        (0, "straight"), (-15, "straight"), (30, "slight_right"), (-30, "slight_left"),
        (90, "right"), (-90, "left"), (150, "sharp_right"), (-150, "sharp_left"), (179, "around"),
    ],
)  # fmt: skip
def test_turns_have_names(angle: float, word: str) -> None:
    assert word_of_turn(angle, is_back=False) == word
    assert word_of_turn(angle, is_back=True) == "around"
