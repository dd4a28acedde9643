"""Routes for people: on the demo's city, from positions, with steps and reasons."""

import json
from pathlib import Path

import numpy as np
import pytest

from simcity.city.write import write_city
from tests.roads.maps import raw, way
from tests.roads.test_graph import edge
from warroom.app.cli import main
from warroom.kernel.i18n import text
from warroom.roads.api import Roads, build_graph, save_graph
from warroom.roads.errors import NoRoadGraphError, OffRoadError
from warroom.routing.contracts import PROFILES
from warroom.routing.directions import is_worth_turning, sentence_of
from warroom.routing.errors import NoRouteError, UnknownProfileError
from warroom.routing.service import Routing

BALAI_KOTA, PANAKKUKANG = (-5.1355, 119.4075), (-5.1480, 119.4320)


@pytest.fixture(scope="module")
def makassar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("makassar")
    write_city(folder)
    return folder


@pytest.fixture
def two_ways(tmp_path: Path) -> Routing:
    """From west to east by Jl. Pendek, or round by Jl. Jauh."""
    graph = build_graph(
        raw(
            {1: (0, 0), 2: (6, 1), 3: (6, -4), 4: (12, 0), 8: (-1, 0), 9: (13, 0)},
            [
                way(1, 8, 1, name="Jl. Awal"),
                way(2, 1, 2, name="Jl. Pendek"), way(3, 2, 4, name="Jl. Pendek"),
                way(4, 1, 3, name="Jl. Jauh"), way(5, 3, 4, name="Jl. Jauh"),
                way(6, 4, 9, name="Jl. Akhir"),
            ],
        )
    )  # fmt: skip
    save_graph(graph, tmp_path / "roads.npz")
    return Routing(Roads(tmp_path))


WEST, EAST = (0.0, 119.3995), (0.0, 119.4125)


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_vehicle_finds_its_way_through_the_demo_city(makassar: Path, profile: str) -> None:
    route = Routing(Roads(makassar)).route(profile, BALAI_KOTA, PANAKKUKANG)

    assert 2_500 < route.distance_m < 6_000
    assert 3 < route.distance_m / route.duration_s < 25
    assert route.geometry[0] == pytest.approx(BALAI_KOTA[::-1], abs=0.003)
    assert route.geometry[-1] == pytest.approx(PANAKKUKANG[::-1], abs=0.003)
    assert (route.steps[0].turn, route.steps[-1].turn) == ("depart", "arrive")
    assert sum(step.distance_m for step in route.steps) == pytest.approx(route.distance_m, abs=1)
    assert sum(step.duration_s for step in route.steps) == pytest.approx(route.duration_s, abs=1)


def test_the_whole_demo_city_can_be_reached_by_car(makassar: Path) -> None:
    routing = Routing(Roads(makassar))
    car = routing.router("car")
    start = routing.snap("car", BALAI_KOTA)

    reached = np.isfinite(car.reach(start, 3 * 3600.0).at_s)

    assert reached[car.usable].mean() > 0.99


def test_steps_name_the_roads_and_where_to_turn(two_ways: Routing) -> None:
    route = two_ways.route("car", WEST, EAST)

    said = [
        sentence_of(step, lambda key, **given: text("id", key, **given)) for step in route.steps
    ]
    assert said == [
        "Mulai di Jl. Awal",
        "Lurus ke Jl. Pendek",
        "Lurus ke Jl. Akhir",
        "Sampai di Jl. Akhir",
    ]
    assert [step.turn for step in two_ways.route("car", WEST, (-0.002, 119.4029)).steps][1] in (
        "right",
        "slight_right",
    )


def test_a_route_tells_why_it_leaves_the_usual_way(two_ways: Routing) -> None:
    usual = two_ways.route("car", WEST, EAST)
    speeds = two_ways.graph.free_kmh.copy()
    jammed = edge(two_ways.graph, 2, 4)
    speeds[jammed] = 3.0
    two_ways.update(speeds)

    route = two_ways.route("car", WEST, EAST)

    assert usual.detour is None
    assert route.detour is not None
    assert route.detour.road == "Jl. Pendek"
    assert route.detour.longer_m == pytest.approx(route.distance_m - usual.distance_m, abs=1)
    free = two_ways.router("car").graph.length_m[jammed] * 3.6
    slow = free / 3.0 - free / 25.0
    assert route.detour.lost_s == pytest.approx(slow - (route.duration_s - usual.duration_s), abs=2)


def test_a_jam_that_is_still_quicker_is_driven_through_and_costs_what_it_costs(
    two_ways: Routing,
) -> None:
    speeds = two_ways.graph.free_kmh * 0.9
    two_ways.update(speeds)

    route = two_ways.route("car", WEST, EAST)

    assert route.detour is None
    assert route.duration_s == pytest.approx(route.free_flow_s / 0.9, rel=0.01)


def test_a_closure_holds_for_every_vehicle_until_it_ends(two_ways: Routing) -> None:
    closed = edge(two_ways.graph, 2, 4)
    two_ways.close([closed])
    assert all(closed not in two_ways.route(p, WEST, EAST).edges for p in PROFILES)

    two_ways.open([closed])
    assert all(closed in two_ways.route(p, WEST, EAST).edges for p in PROFILES)


def test_alternatives_are_told_like_routes(two_ways: Routing) -> None:
    speeds = two_ways.graph.free_kmh.copy()
    speeds[edge(two_ways.graph, 2, 4)] = 15.0
    two_ways.update(speeds)

    offered = two_ways.alternatives("car", WEST, EAST)

    assert len(offered) == 2
    assert offered[0].duration_s < offered[1].duration_s
    assert {step.road for step in offered[0].steps} != {step.road for step in offered[1].steps}


def test_times_from_many_to_one_are_those_of_the_routes(two_ways: Routing) -> None:
    times = two_ways.matrix("fire", [WEST, (0.0, 119.4125), WEST], [EAST])

    assert (
        times[0, 0] == times[2, 0] == pytest.approx(two_ways.route("fire", WEST, EAST).duration_s)
    )
    assert times[1, 0] == 0


def test_a_start_in_the_sea_has_no_time_and_keeps_none_from_theirs(two_ways: Routing) -> None:
    times = two_ways.matrix("fire", [WEST, (3.0, 119.4), (float("nan"), 119.4), WEST], [EAST])

    assert [False, True, True, False] == np.isnan(times[:, 0]).tolist()
    assert times[0, 0] == times[3, 0] == two_ways.matrix("fire", [WEST], [EAST])[0, 0]


def test_an_end_in_the_sea_is_said(two_ways: Routing) -> None:
    with pytest.raises(OffRoadError):
        two_ways.matrix("fire", [WEST], [(3.0, 119.4)])


def test_an_end_in_the_sea_may_be_let_pass(two_ways: Routing) -> None:
    sea = (3.0, 119.4)

    times = two_ways.matrix("fire", [WEST, sea], [EAST, sea], any_end=True)

    assert times[0, 0] == two_ways.matrix("fire", [WEST], [EAST])[0, 0]
    assert np.isnan(times).tolist() == [[False, True], [True, True]]


def test_where_every_way_is_closed_there_is_neither_a_route_nor_another(two_ways: Routing) -> None:
    two_ways.close([edge(two_ways.graph, 1, 2), edge(two_ways.graph, 1, 3)])

    for ask in (two_ways.route, two_ways.alternatives):
        with pytest.raises(NoRouteError):
            ask("car", WEST, EAST)


def test_where_there_is_no_road_no_vehicle_or_no_way_it_is_said(
    two_ways: Routing, tmp_path: Path
) -> None:
    with pytest.raises(OffRoadError):
        two_ways.route("car", (3.0, 119.4), EAST)
    with pytest.raises(UnknownProfileError):
        two_ways.route("tank", WEST, EAST)
    two_ways.close([edge(two_ways.graph, 4, 9), edge(two_ways.graph, 9, 4)])
    with pytest.raises((NoRouteError, OffRoadError)):
        two_ways.route("car", WEST, (0.0, 119.41299))
    with pytest.raises(NoRoadGraphError):
        Routing(Roads(tmp_path / "nothing")).prepare()


def test_a_new_pack_is_taken_over(two_ways: Routing, tmp_path: Path) -> None:
    before = two_ways.graph
    save_graph(build_graph(raw({1: (0, 0), 2: (3, 0)}, [way(1, 1, 2)])), tmp_path / "roads.npz")

    assert two_ways.graph is not before
    assert two_ways.route("car", (0.0, 119.4), (0.0, 119.402)).distance_m > 100


@pytest.mark.parametrize(
    ("current_s", "other_s", "worth"), [(600, 590, False), (600, 520, True), (100, 75, False)]
)
def test_somebody_under_way_is_only_told_of_what_is_worth_it(
    current_s: float, other_s: float, worth: bool
) -> None:
    assert is_worth_turning(current_s, other_s) == worth


def test_the_command_tells_a_route(makassar: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = [",".join(map(str, at)) for at in (BALAI_KOTA, PANAKKUKANG)]

    code = main(
        [
            "route",
            "--city",
            str(makassar),
            "--from",
            place[0],
            "--to",
            place[1],
            "--profile",
            "fire",
            "--json",
        ]
    )

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert set(told) >= {"distance_m", "duration_s", "geometry"}
    assert told["geometry"]["type"] == "LineString"


@pytest.mark.parametrize("given", ["here", "1", "1,2,3", "95,119", "nan,119"])
def test_the_command_refuses_what_is_no_position(
    makassar: Path, given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["route", "--city", str(makassar), "--from", given, "--to", "-5.1,119.4"])

    assert code == 1
    assert given in capsys.readouterr().err


def test_what_is_near_is_known_and_what_is_closed_is_not_driven(two_ways: Routing) -> None:
    starts = [WEST, (3.0, 119.4), EAST]
    first = two_ways.matrix("fire", starts, [EAST])
    two_ways.close([edge(two_ways.graph, 2, 4)])

    closed = two_ways.matrix("fire", starts, [EAST])
    two_ways.open([edge(two_ways.graph, 2, 4)])

    assert closed[0, 0] > first[0, 0]
    np.testing.assert_array_equal(first, two_ways.matrix("fire", starts, [EAST]))


def test_a_route_names_the_road_that_holds_it_up_and_what_the_usual_way_takes(
    two_ways: Routing,
) -> None:
    free = two_ways.route("car", WEST, EAST)
    two_ways.update(two_ways.graph.free_kmh / 6)

    jammed = two_ways.route("car", WEST, EAST)

    assert free.slow is None
    assert jammed.slow is not None
    assert jammed.slow.road in {"Jl. Awal", "Jl. Pendek", "Jl. Akhir"}
    assert jammed.slow.lost_s > 30
    assert jammed.usual_s == pytest.approx(free.duration_s)


def test_what_free_roads_would_save_is_counted_by_the_usual_way_not_by_the_one_round_it(
    two_ways: Routing,
) -> None:
    usual = two_ways.route("car", WEST, EAST)
    two_ways.close([edge(two_ways.graph, 2, 4)])

    route = two_ways.route("car", WEST, EAST)

    assert route.free_flow_s > usual.duration_s
    assert route.usual_s == pytest.approx(usual.duration_s)
