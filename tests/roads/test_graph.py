import dataclasses
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.roads.maps import CROSS, STEP, cross, raw, way
from warroom.roads.bans import place_on
from warroom.roads.contracts import CLASSES, RawNetwork, RoadGraph, TurnRule
from warroom.roads.graph import build_graph, count_length_km, join_points


def edge(graph: RoadGraph, start: int, end: int) -> int:
    found = [
        index
        for index in range(graph.edges)
        if (graph.node_ref[graph.tail[index]], graph.node_ref[graph.head[index]]) == (start, end)
    ]
    assert len(found) == 1
    return found[0]


def turns(graph: RoadGraph, *, banned: bool = False) -> set[tuple[int, int, int]]:
    """Node before, node of the turn, node after."""
    return {
        (
            int(graph.node_ref[graph.tail[before]]),
            int(graph.node_ref[graph.head[before]]),
            int(graph.node_ref[graph.head[after]]),
        )
        for before, after, is_banned in zip(
            graph.turn_from, graph.turn_to, graph.turn_banned, strict=True
        )
        if is_banned == banned
    }


def test_a_road_is_cut_where_roads_meet_and_nowhere_else() -> None:
    graph = build_graph(
        raw(
            {1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (3, 0), 5: (2, 1)},
            [way(1, 1, 2, 3, 4), way(2, 3, 5)],
        )
    )

    assert graph.node_ref.tolist() == [1, 3, 4, 5]
    assert graph.edges == 6
    assert len(graph.points(edge(graph, 1, 3))) == 3
    assert graph.key_of(edge(graph, 3, 1)) == "1:3:1"


def test_lengths_are_metres_on_the_ground() -> None:
    graph = build_graph(cross())

    assert graph.length_m[edge(graph, 1, 2)] == pytest.approx(STEP * 111_195, rel=1e-3)
    assert count_length_km(graph) == pytest.approx(4 * STEP * 111.195, rel=1e-3)


def test_the_other_direction_is_the_twin_and_has_the_points_in_reverse() -> None:
    graph = build_graph(cross())
    there, back = edge(graph, 1, 2), edge(graph, 2, 1)

    assert (graph.twin[there], graph.twin[back]) == (back, there)
    assert graph.points(there).tolist() == graph.points(back)[::-1].tolist()


@pytest.mark.parametrize(("oneway", "against"), [(0, []), (1, [(2, 1)]), (-1, [(1, 2)])])
def test_one_way_roads_lead_against_their_direction_for_some(
    oneway: int, against: list[tuple[int, int]]
) -> None:
    graph = build_graph(raw(CROSS, [way(10, 1, 2, oneway=oneway)]))

    found = [
        (int(graph.node_ref[graph.tail[e]]), int(graph.node_ref[graph.head[e]]))
        for e in np.flatnonzero(graph.contraflow)
    ]
    assert found == against


def test_a_forbidden_turn_is_marked_and_no_other() -> None:
    graph = build_graph(cross(TurnRule(via=2, from_way=10, to_way=20)))

    assert turns(graph, banned=True) == {(1, 2, 5)}


def test_an_only_rule_forbids_every_other_turn_from_there() -> None:
    graph = build_graph(
        cross(TurnRule(via=2, from_way=10, to_way=11, is_only=True), kind="primary")
    )

    assert turns(graph, banned=True) == {(1, 2, 1), (1, 2, 4), (1, 2, 5)}


def test_a_rule_with_nodes_means_one_end_of_a_way_that_passes_through() -> None:
    passing = raw(
        CROSS,
        [way(10, 1, 2, 3), way(20, 5, 2, 4)],
        (TurnRule(via=2, from_way=10, to_way=20, from_node=1, to_node=5),),
    )

    assert turns(build_graph(passing), banned=True) == {(1, 2, 5)}


def test_one_turns_back_at_dead_ends_and_on_main_roads_only() -> None:
    small, main = build_graph(cross()), build_graph(cross(kind="primary"))

    assert (1, 2, 1) not in turns(small)
    assert (2, 1, 2) in turns(small)
    assert (1, 2, 1) in turns(main)


def test_right_is_positive_and_left_negative() -> None:
    graph = build_graph(cross())
    angle = {
        (int(graph.node_ref[graph.tail[a]]), int(graph.node_ref[graph.head[b]])): float(degrees)
        for a, b, degrees in zip(graph.turn_from, graph.turn_to, graph.turn_angle, strict=True)
        if graph.node_ref[graph.head[a]] == 2
    }

    assert angle[1, 3] == pytest.approx(0, abs=0.1)
    assert angle[1, 5] == pytest.approx(90, abs=0.1)
    assert angle[1, 4] == pytest.approx(-90, abs=0.1)


def test_lights_count_for_those_who_come_to_them() -> None:
    graph = build_graph(raw(CROSS, [way(10, 1, 2), way(11, 2, 3)], signals=(2,)))

    assert graph.signal[edge(graph, 1, 2)]
    assert graph.signal[edge(graph, 3, 2)]
    assert not graph.signal[edge(graph, 2, 3)]


def test_what_the_map_does_not_say_is_assumed_by_class_and_said_to_be() -> None:
    graph = build_graph(cross(width_m=2.5, lanes=4, kmh=20.0))
    given, assumed = edge(graph, 1, 2), edge(graph, 2, 4)

    assert (graph.width_m[given], graph.width_known[given]) == (2.5, True)
    assert (graph.lanes[given], graph.free_kmh[given]) == (2, 20)
    residential = next(one for one in CLASSES if one.name == "residential")
    assert not graph.width_known[assumed]
    assert graph.width_m[assumed] == np.float32(residential.width_m)
    assert (graph.lanes[assumed], graph.free_kmh[assumed]) == (1, residential.kmh)


def test_a_limit_above_the_usual_speed_makes_no_road_faster() -> None:
    graph = build_graph(cross(kmh=90.0))

    assert graph.free_kmh[edge(graph, 1, 2)] == 25


def test_the_area_of_an_edge_is_that_of_its_middle() -> None:
    def find(lon: Iterable[float], lat: object) -> list[str]:
        return ["73.71.01" if each < 119.401 else "" for each in lon]

    graph = build_graph(cross(), find)

    assert graph.areas == ("", "73.71.01")
    assert graph.areas[graph.area[edge(graph, 1, 2)]] == "73.71.01"
    assert graph.areas[graph.area[edge(graph, 2, 3)]] == ""


def test_the_line_of_edges_has_no_point_twice() -> None:
    graph = build_graph(cross())

    line = join_points(graph, [edge(graph, 1, 2), edge(graph, 2, 3)])

    assert len(line) == 3
    assert join_points(graph, []).shape == (0, 2)


GRIDS = st.lists(st.lists(st.integers(0, 11), min_size=2, max_size=5), min_size=1, max_size=8).map(
    lambda lines: raw(
        {n + 1: (n % 4, n // 4) for n in range(12)},
        [
            way(ref, *nodes, oneway=ref % 3 - 1)
            for ref, line in enumerate(lines, 1)
            if len(nodes := [a + 1 for a, b in zip(line, [None, *line], strict=False) if a != b])
            > 1
        ]
        or [way(1, 1, 2)],
    )
)


@given(GRIDS)
def test_whatever_the_map_edges_join_and_turns_lead_on(network: RawNetwork) -> None:
    graph = build_graph(network)

    assert np.all(graph.head[graph.turn_from] == graph.tail[graph.turn_to])
    assert np.all(graph.tail[graph.twin] == graph.head)
    assert np.all(graph.twin[graph.twin] == np.arange(graph.edges))
    assert np.all(graph.length_m > 0)
    # One direction at least of every road is open to all.
    assert not np.any(graph.contraflow & graph.contraflow[graph.twin])
    # Every edge leads on: to another, or back where it ends.
    assert set(graph.turn_from.tolist()) == set(range(graph.edges))
    driven = sum(len(one.nodes) - 1 for one in network.ways)
    assert int(np.diff(graph.shape_at.astype(int)).sum() - graph.edges) == 2 * driven


RUNGS = {1: (0, 1), 2: (1, 1), 3: (2, 1), 4: (3, 1), 5: (0, 0), 6: (1, 0), 7: (2, 0), 8: (3, 0)}
"""Two roads of one way, east on top and west below, with links between: a ladder."""


def ladder(*rules: TurnRule) -> RawNetwork:
    return raw(
        RUNGS,
        [
            way(10, 1, 2, oneway=1), way(11, 2, 3, oneway=1), way(12, 3, 4, oneway=1),
            way(20, 8, 7, oneway=1), way(21, 7, 6, oneway=1), way(22, 6, 5, oneway=1),
            way(30, 2, 6), way(31, 3, 7),
        ],
        rules,
    )  # fmt: skip


def chains(graph: RoadGraph) -> set[tuple[int, ...]]:
    """The junctions each forbidden chain passes."""
    return {
        (*(int(graph.node_ref[graph.tail[one]]) for one in chain),
         int(graph.node_ref[graph.head[chain[-1]]]))
        for chain in graph.chains
    }  # fmt: skip


def test_a_rule_over_a_way_forbids_the_chain_and_no_turn_by_itself() -> None:
    graph = build_graph(ladder(TurnRule(0, 10, 22, via_ways=(30,))))

    assert chains(graph) == {(1, 2, 6, 5)}
    assert not graph.turn_banned.any()


def test_an_only_rule_over_a_way_forbids_to_leave_it() -> None:
    graph = build_graph(ladder(TurnRule(0, 10, 31, is_only=True, via_ways=(11,))))

    assert chains(graph) >= {(1, 2, 3, 4)}
    assert (1, 2, 3, 7) not in chains(graph)
    assert (1, 2, 6) in turns(graph, banned=True)
    assert (1, 2, 3) not in turns(graph, banned=True)


def test_a_rule_over_ways_that_other_roads_cross_is_followed_through_them() -> None:
    graph = build_graph(ladder(TurnRule(0, 10, 21, via_ways=(11, 31))))

    assert chains(graph) == {(1, 2, 3, 7, 6)}


@pytest.mark.parametrize(
    "rule",
    [
        TurnRule(0, 10, 22, via_ways=(31,)),  # they do not touch
        TurnRule(0, 10, 12, via_ways=(30,)),  # nothing leads there
        TurnRule(0, 22, 10, via_ways=(30,)),  # against one-way roads
        TurnRule(0, 99, 22, via_ways=(30,)),  # no such road
    ],
)
def test_a_rule_whose_ways_do_not_follow_each_other_is_counted(rule: TurnRule) -> None:
    network = ladder(rule)
    graph = build_graph(network)

    assert not graph.chains
    assert place_on(graph, network.rules).unplaced == 1


def test_one_does_not_turn_back_on_a_main_road_at_once() -> None:
    # Node 6 lies 11 m beyond the crossing, node 3 more than a hundred.
    near = raw(
        {1: (0, 0), 2: (10, 0), 3: (20, 0), 6: (11, 0), 7: (11, 5), 8: (10, -5)},
        [way(1, 1, 2, kind="primary"), way(2, 2, 6, kind="primary"), way(3, 6, 3, kind="primary"),
         way(4, 6, 7), way(5, 8, 2)],
    )  # fmt: skip
    graph = build_graph(dataclasses.replace(near, lon=119.4 + (near.lon - 119.4) / 10))

    assert (2, 6, 2) not in turns(graph)
    assert (3, 6, 3) in turns(graph)
    assert (1, 2, 1) in turns(graph)
