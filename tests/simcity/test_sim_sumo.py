"""Evenings of SUMO: roads, demand and incidents without it; with it (extra `sim`), the truth."""

import importlib.util
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from simcity.__main__ import main as simcity
from simcity.drive.streets import KINDS, Streets, read_streets
from simcity.sumo import demand
from simcity.sumo.cut import CENTRE, cut_city
from simcity.sumo.incidents import plan_incidents
from simcity.sumo.net import build_net, for_cars
from simcity.sumo.world import Plan, World, read_truth
from warroom.kernel.settings import NodeSettings
from warroom.roads.api import open_roads

needs_sumo = pytest.mark.skipif(
    importlib.util.find_spec("libsumo") is None or importlib.util.find_spec("sumo") is None,
    reason="the extra `sim` is not installed (WARROOM_SIM=1 ./warroom test installs it)",
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def centre(cache: Path) -> Path:
    city = cache / "whole"
    assert simcity(["city", "--out", str(city)]) == 0
    return cut_city(city, cache, CENTRE)


@pytest.fixture(scope="module")
def streets(centre: Path) -> Streets:
    return for_cars(read_streets(centre))


def test_edges_have_the_keys_by_which_the_product_knows_them(
    centre: Path, streets: Streets
) -> None:
    graph = open_roads(NodeSettings(city_dir=str(centre))).graph
    known = {graph.key_of(edge): edge for edge in range(graph.edges)}

    assert set(streets.keys) <= known.keys()
    edges = [known[key] for key in streets.keys]
    # What the product takes for free flow on the largest roads is a tenth below the limit.
    assert graph.free_kmh[edges] == pytest.approx(streets.kmh, rel=0.12)
    assert graph.length_m[edges] == pytest.approx(np.maximum(streets.length_m, 0), rel=0.02, abs=20)


def test_what_was_cut_is_taken_again(centre: Path, cache: Path) -> None:
    before = (centre / "network.json").stat().st_mtime_ns

    assert cut_city(cache / "whole", cache, CENTRE) == centre
    assert before == (centre / "network.json").stat().st_mtime_ns


def test_cars_reach_every_road_from_every_other_and_drive_in_no_alley(streets: Streets) -> None:
    onward: dict[int, list[int]] = {}
    for start, end in zip(streets.turn_from.tolist(), streets.turn_to.tolist(), strict=True):
        onward.setdefault(start, []).append(end)
    backward: dict[int, list[int]] = {}
    for start, ends in onward.items():
        for end in ends:
            backward.setdefault(end, []).append(start)

    assert KINDS.index("lorong") not in streets.kind
    for turns in (onward, backward):
        reached, waiting = {0}, [0]
        while waiting:
            new = set(turns.get(waiting.pop(), ())) - reached
            reached |= new
            waiting.extend(new)
        assert len(reached) == streets.edges


def test_trips_drive_over_allowed_turns_and_are_the_same_for_a_seed(
    streets: Streets, centre: Path, tmp_path: Path
) -> None:
    routes = demand.build_routes(streets, centre, tmp_path / "a", 5, 60)
    again = demand.build_routes(streets, centre, tmp_path / "b", 5, 60)
    other = demand.build_routes(streets, centre, tmp_path / "a", 6, 60)
    edge_at = {key: edge for edge, key in enumerate(streets.keys)}
    turns = set(zip(streets.turn_from.tolist(), streets.turn_to.tolist(), strict=True))
    ways = [line.split('edges="')[1].split('"')[0].split() for line in
            routes.read_text().splitlines() if "edges=" in line]  # fmt: skip

    assert routes.read_text() == again.read_text() != other.read_text()
    assert len(ways) > 100
    for way in ways:
        assert turns.issuperset(pairwise(edge_at[key] for key in way))


def test_demand_that_was_made_before_is_not_made_again(
    streets: Streets, centre: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = demand.build_routes(streets, centre, tmp_path, 5, 30)
    monkeypatch.setattr(demand, "_routes", None)

    assert demand.build_routes(streets, centre, tmp_path, 5, 30) == routes


def test_incidents_are_on_main_roads_when_they_are_said_to_be(streets: Streets) -> None:
    flow = np.ones(streets.edges)

    planned = plan_incidents(streets, flow, 3, 600.0, 900.0, 74.0)

    assert planned == plan_incidents(streets, flow, 3, 600.0, 900.0, 74.0)
    assert len(planned) == 10
    for one in planned:
        assert 600.0 <= one.begin_s <= 900.0 < one.end_s
        assert streets.is_main[one.edges[0]]
        assert len({streets.names[edge] for edge in one.edges}) == 1


def test_the_truth_is_vehicle_seconds_and_metres_by_minute_and_edge(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(
        "interval_begin;interval_end;interval_id;edge_id;edge_sampledSeconds;edge_speed\n"
        "0.00;60.00;truth;a;30.00;10.00\n60.00;120.00;truth;b;6.00;2.50\n"
        "60.00;120.00;truth;elsewhere;6.00;2.50\n60.00;120.00;truth;a;0.00;\n"
    )

    seconds, metres = read_truth(path, {"a": 0, "b": 1})

    assert [[30.0, 0.0], [0.0, 6.0]] == seconds.tolist()
    assert [[300.0, 0.0], [0.0, 15.0]] == metres.tolist()


@needs_sumo
def test_the_network_of_sumo_has_the_same_edges(
    streets: Streets, centre: Path, cache: Path
) -> None:
    net = build_net(streets, centre, cache)
    ids = [line.split('id="')[1].split('"')[0] for line in net.read_text().splitlines()
           if "<edge id=" in line]  # fmt: skip

    assert sorted(streets.keys) == sorted(ids)
    before = net.stat().st_mtime_ns
    assert build_net(streets, centre, cache).stat().st_mtime_ns == before


@needs_sumo
def test_an_evening_tells_what_is_seen_and_lets_an_engine_through(
    centre: Path, cache: Path, tmp_path: Path
) -> None:
    world = World(centre, cache, tmp_path, 5, Plan(60, 60, 300, 0.5))
    try:
        way = _straight_on(world.streets, 12)
        assert world.send("engine-0", [world.streets.keys[edge] for edge in way])
        assert not world.send("engine-1", [world.streets.keys[way[0]], world.streets.keys[way[9]]])
        ticks = [world.step() for _ in range(30)]
    finally:
        world.close()
    seconds, metres = world.truth()
    probes = np.array([row for tick in ticks for row in tick.probes])
    counted = sum(row["light"] for tick in ticks for row in tick.counts)

    assert any("engine-0" in tick.departed for tick in ticks)
    assert any("engine-0" in tick.arrived for tick in ticks)
    assert counted > 10
    assert (probes[:, 5] < 0.5).all()
    assert 0 <= probes[:, 3].min()
    # What receivers say adds up to what SUMO says was driven, though each is wrong by itself.
    true_kmh = metres[1:].sum() / seconds[1:].sum() * 3.6
    assert np.mean(probes[:, 3]) == pytest.approx(true_kmh, rel=0.08)


def _straight_on(streets: Streets, count: int) -> list[int]:
    """So many edges that may be driven one after the other, none of them twice."""
    way = [int(np.flatnonzero(streets.is_main)[0])]
    while len(way) < count:
        onward = streets.turn_to[streets.turn_from == way[-1]].tolist()
        way.append(next(edge for edge in onward if edge not in way))
    return way
