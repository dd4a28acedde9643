"""Within reach: what a route there takes, each metre once, what is closed and what unknown."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from simcity.city.write import write_city
from tests.roads.maps import cross, raw, way
from tests.roads.test_graph import GRIDS, edge
from warroom.app.cli import main
from warroom.roads.api import OnRoad, RoadGraph, Roads, build_graph, save_graph
from warroom.roads.contracts import RawNetwork
from warroom.routing.contracts import PROFILES, Reach
from warroom.routing.reach import reach_of
from warroom.routing.router import Router, make_routers
from warroom.routing.service import Routing

MINUTES = (0.2, 0.5, 1.0)


def both(graph: RoadGraph, index: int, fraction: float) -> list[OnRoad]:
    return [OnRoad(index, fraction, 0.0), OnRoad(int(graph.twin[index]), 1 - fraction, 0.0)]


def reached(router: Router, start: list[OnRoad]) -> Reach:
    graph = router.graph
    entered = router.reach(start, MINUTES[-1] * 60)
    known = np.arange(graph.edges) % 4 < 2  # by roads: an edge and its twin stand side by side
    return reach_of(graph, router.profile.name, entered, MINUTES, known, sorted(router.closed))


def drawn(lines: tuple[np.ndarray, ...]) -> shapely.MultiLineString:
    return shapely.MultiLineString([shapely.linestrings(line) for line in lines])


def point(graph: RoadGraph, on: OnRoad) -> shapely.Point:
    line = shapely.linestrings(graph.points(on.edge))
    return shapely.line_interpolate_point(line, on.fraction, normalized=True)


@given(GRIDS, st.sampled_from(sorted(PROFILES)), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_a_road_is_in_the_band_of_the_route_that_leads_there(
    network: RawNetwork, name: str, random: Any
) -> None:
    graph = build_graph(network)
    router = make_routers(graph, [PROFILES[name]])[name]
    start = both(graph, random.randrange(graph.edges), random.random())
    found = reached(router, start)

    lines = [drawn(b.lines + b.assumed) for b in found.bands]
    for _ in range(30):
        place = both(graph, random.randrange(graph.edges), random.random())
        path = router.path(start, place)
        minutes = np.inf if path is None else path.cost_ms / 60_000
        if any(abs(minutes - limit) < 0.002 for limit in (0.0, *MINUTES)):
            continue  # on the border between two, or where one stands
        at = point(graph, place[0])
        if shapely.distance(at, point(graph, start[0])) < 1e-6:
            continue  # a hair behind where one stands looks as if it were there
        near = [band.minutes for band, line in zip(found.bands, lines, strict=True)
                if not line.is_empty and shapely.distance(line, at) < 1e-9]  # fmt: skip
        expected = next((limit for limit in MINUTES if minutes <= limit), None)
        ways = [graph.points(one) for one in range(graph.edges) if one < graph.twin[one]]
        here = [w for w in ways if shapely.distance(shapely.linestrings(w), at) < 1e-9]
        # A line of several points may lie on itself.
        if len(here) == 1 and len(here[0]) == 2:
            assert (min(near) if near else None) == expected
        else:  # roads that cross or lie on each other: the quickest of them
            assert expected is None or min(near) <= expected


@given(GRIDS, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_each_metre_is_told_once_and_as_known_as_it_is(network: RawNetwork, random: Any) -> None:
    graph = build_graph(network)
    router = make_routers(graph, [PROFILES["car"]])["car"]
    found = reached(router, both(graph, random.randrange(graph.edges), random.random()))

    squeeze = np.array([np.cos(np.radians(graph.node_lat.mean())), 1.0]) * 111_195.08
    metres = {"lines": 0.0, "assumed": 0.0}
    for band in found.bands:
        for kind in metres:
            metres[kind] += sum(
                float(np.hypot(*(np.diff(line, axis=0) * squeeze).T).sum())
                for line in getattr(band, kind)
            )
    told, assumed = (sum(getattr(b, n) for b in found.bands) for n in ("length_m", "assumed_m"))
    assert metres["lines"] + metres["assumed"] == pytest.approx(told, rel=0.01, abs=1)
    assert metres["assumed"] == pytest.approx(assumed, rel=0.01, abs=1)
    assert told <= graph.length_m[np.arange(graph.edges) < graph.twin].sum() * 1.001


def fork() -> RoadGraph:
    """From 1 to 2, and from there to 3 and 4; `Jl. Buntu` leads on from 3."""
    return build_graph(
        raw(
            {1: (0, 0), 2: (1, 0), 3: (2, 1), 4: (2, -1), 5: (3, 1)},
            [
                way(1, 1, 2, name="Jl. Awal"), way(2, 2, 3, name="Jl. Utara"),
                way(3, 2, 4, name="Jl. Selatan"), way(4, 3, 5, name="Jl. Buntu"),
            ],
        )
    )  # fmt: skip


def names(graph: RoadGraph, found: Reach) -> set[str]:
    lines = drawn(tuple(line for b in found.bands for line in b.lines + b.assumed))
    return {
        graph.name_of(one)
        for one in range(graph.edges)
        if shapely.distance(lines, point(graph, OnRoad(one, 0.5, 0.0))) < 1e-9
    }


def test_behind_a_closure_nothing_is_reached_and_its_road_is_named() -> None:
    graph = fork()
    router = make_routers(graph, [PROFILES["car"]])["car"]
    start = both(graph, edge(graph, 1, 2), 0.5)
    assert names(graph, reached(router, start)) == {
        "Jl. Awal", "Jl. Utara", "Jl. Selatan", "Jl. Buntu",
    }  # fmt: skip

    router.close([edge(graph, 2, 3), edge(graph, 3, 2)])
    found = reached(router, start)

    assert names(graph, found) == {"Jl. Awal", "Jl. Selatan"}
    assert found.closed == ("Jl. Utara",)


def test_a_closure_nobody_gets_to_in_time_is_not_named() -> None:
    graph = fork()
    router = make_routers(graph, [PROFILES["car"]])["car"]
    router.close([edge(graph, 3, 5)])

    entered = router.reach(both(graph, edge(graph, 1, 2), 0.5), 10.0)
    found = reach_of(graph, "car", entered, (10 / 60,), np.ones(graph.edges, np.bool_), [
        edge(graph, 3, 5)])  # fmt: skip

    assert found.closed == ()


def test_a_jam_makes_the_reach_smaller_on_that_road_alone() -> None:
    graph = fork()
    router = make_routers(graph, [PROFILES["car"]])["car"]
    start = both(graph, edge(graph, 1, 2), 0.5)
    before = sum(b.length_m for b in reached(router, start).bands)

    router.change([edge(graph, 2, 3)], [2.0])
    found = reached(router, start)

    assert sum(b.length_m for b in found.bands) < before
    assert "Jl. Selatan" in names(graph, found)
    assert "Jl. Buntu" not in names(graph, found)


@pytest.fixture(scope="module")
def makassar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("makassar")
    write_city(folder)
    return folder


def test_an_engine_reaches_more_road_the_longer_it_drives(
    makassar: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["route", "reach", "--city", str(makassar), "--from", "-5.1355,119.4075"]

    assert main([*base, "--profile", "fire", "--minutes", "8,3", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert [band["minutes"] for band in told["bands"]] == [3, 8]
    assert 1_000 < told["bands"][0]["length_m"] < told["bands"][1]["length_m"]
    # On free roads nothing is known of any road.
    assert all(b["assumed_m"] == b["length_m"] and not b["known"]["coordinates"]
               for b in told["bands"])  # fmt: skip


@pytest.mark.parametrize("given_minutes", ["", "three", "0", "-1", "3,16", "nan", "inf"])
def test_minutes_that_are_none_are_refused_in_words(
    makassar: Path, given_minutes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["route", "reach", "--city", str(makassar), "--from", "-5.1355,119.4075"]

    assert main([*base, "--minutes", given_minutes]) == 1

    assert "15" in capsys.readouterr().err


def test_what_is_known_of_the_roads_is_told_apart(tmp_path: Path) -> None:
    graph = fork()
    save_graph(graph, tmp_path / "roads.npz")
    routing = Routing(Roads(tmp_path))
    known = np.zeros(graph.edges, np.bool_)
    known[[edge(graph, 2, 3), edge(graph, 3, 2)]] = True

    entered = routing.entered("car", (0.0, 119.4005), 300.0)
    (band,) = reach_of(graph, "car", entered, [5.0], known, []).bands

    assert band.length_m - band.assumed_m == pytest.approx(
        graph.length_m[edge(graph, 2, 3)], rel=0.001
    )
    assert len(band.lines) == 1


def test_what_rounding_leaves_of_a_dead_end_is_no_line() -> None:
    graph = build_graph(cross())
    router = make_routers(graph, [PROFILES["car"]])["car"]
    entered = router.reach(both(graph, 0, 0.5), 3600)
    last_s = float(np.max((entered.at_s + entered.over_s)[np.isfinite(entered.at_s)]))
    limits = (last_s / 60 * (1 - 1e-15), last_s / 30)

    found = reach_of(graph, "car", entered, limits, np.ones(graph.edges, np.bool_), [])

    lines = [shapely.linestrings(line) for band in found.bands for line in band.lines]
    assert lines
    assert [] == [line.wkt for line in lines if shapely.length(line) < 1e-9]
