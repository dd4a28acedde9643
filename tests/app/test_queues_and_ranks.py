"""Those who stand, told to the state of the roads: queues are seen, ranks and stops are not."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from simcity.__main__ import main as simcity
from simcity.drive.city import City
from simcity.sumo.cut import CENTRE, cut_city
from simcity.sumo.world import Plan, World
from warroom.app.bench.guides import Truth
from warroom.app.bench.traffic import BEGIN
from warroom.kernel.settings import NodeSettings
from warroom.roads.api import RoadGraph, open_roads
from warroom.traffic import api as traffic
from warroom.traffic.standing import STANDS_KMH, Standing
from warroom.units import api as units

WARM_UP_S, SECONDS, CYCLE_S = 600, 900, 10


class Glance(NamedTuple):
    """Ten seconds of positions on roads, and the true speeds after them."""

    at: float
    seen: traffic.Observations
    truth_kmh: np.ndarray


class Day(NamedTuple):
    graph: RoadGraph
    glances: list[Glance]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """A quarter of an hour of the demo's evening peak, in which nothing goes wrong."""
    folder = tmp_path_factory.mktemp("city")
    assert simcity(["city", "--out", str(folder)]) == 0
    graph = open_roads(NodeSettings(city_dir=str(folder))).graph
    city = City(folder, seed=1, start_s=BEGIN, hour=17.0, happens=False)
    city.run(WARM_UP_S)
    return Day(graph, list(_glances(city, graph)))


def _glances(city: City, graph: RoadGraph) -> Iterator[Glance]:
    matcher = units.Matcher(units.RoadIndex(graph))
    edge_of = {graph.key_of(edge): edge for edge in range(graph.edges)}
    places = np.array([edge_of[key] for key in city.streets.keys])
    slots: dict[str, int] = {}
    roads = {member.device for member in city.fleet}
    for _ in range(SECONDS // CYCLE_S):
        rows = []
        for _ in range(CYCLE_S):
            city.step()
            told = [one for one in city.positions() if one.device in roads]
            rows += _matched(matcher, slots, told)
        truth = graph.free_kmh.astype(np.float64)
        truth[places] = city.truth_kmh
        edge, kmh, at, slot = np.array(rows, np.float64).reshape(-1, 4).T
        count = len(rows)
        yield Glance(
            float(city.now_s),
            traffic.Observations(
                edge.astype(np.int64),
                kmh.astype(np.float32),
                np.ones(count, np.float32),
                at,
                np.full(count, traffic.Source.GPS, np.uint8),
                slot.astype(np.int64),
            ),
            truth,
        )


def _matched(matcher: units.Matcher, slots: dict[str, int], told: list) -> list[tuple[float, ...]]:
    if not told:
        return []
    slot = np.array([slots.setdefault(one.device, len(slots)) for one in told])
    at_s, lat, lon, kmh, bearing = np.array(
        [(one.at_s, one.lat, one.lon, one.kmh, one.bearing) for one in told]
    ).T
    found = matcher.match(units.Fixes(slot, at_s, lat, lon, kmh, bearing, np.full(len(told), 5.0)))
    good = (found.edge >= 0) & found.is_sure
    return list(
        zip(
            found.edge[good].tolist(), kmh[good].tolist(), at_s[good].tolist(),
            slot[good].tolist(), strict=True,
        )
    )  # fmt: skip


def false_jams(day: Day, *, with_standing: bool) -> int:
    """Jams told though no edge of them was below half of free flow."""
    estimator = traffic.Estimator(day.graph)
    wrong = 0
    for glance in day.glances:
        seen = glance.seen
        if not with_standing:
            drives = seen.kmh >= units.DRIVING_KMH
            names = traffic.Observations.__slots__
            seen = traffic.Observations(*(getattr(seen, name)[drives] for name in names))
        estimator.add(seen, glance.at)
        for event in estimator.cycle(glance.at).jams:
            edges = list(event.jam.edges)
            slow = glance.truth_kmh[edges] < 0.5 * day.graph.free_kmh[edges]
            wrong += event.change == "raised" and not slow.any()
    return wrong


def test_taxis_at_ranks_and_buses_at_stops_make_no_jam(day: Day) -> None:
    standing = sum(int((one.seen.kmh < units.DRIVING_KMH).sum()) for one in day.glances)

    assert standing > 1000
    assert false_jams(day, with_standing=True) <= false_jams(day, with_standing=False)


@pytest.mark.skipif(
    importlib.util.find_spec("libsumo") is None,
    reason="the extra `sim` is not installed (WARROOM_SIM=1 ./warroom test installs it)",
)
def test_of_an_evening_of_sumo_many_who_queue_are_seen_and_hardly_any_who_park(
    tmp_path: Path,
) -> None:
    assert simcity(["city", "--out", str(tmp_path / "city")]) == 0
    centre = cut_city(tmp_path / "city", tmp_path, CENTRE)
    world = World(centre, tmp_path, tmp_path, 104, Plan(300, 300, 1500, 0.3))
    standing = Standing(world.streets.kmh.astype(np.float32))
    queued, parked = [], []
    truth = Truth(np.arange(world.streets.edges), world.streets.kmh.astype(np.float64), 10.0)
    try:
        for tick in range(150):
            rows, now = world.step(), BEGIN + 10.0 * tick
            table = np.array(rows.probes).reshape(-1, 7)
            edge, kmh = table[:, 6].astype(np.int64), table[:, 3]
            good = standing.judge(_positions(edge, kmh, now, table[:, 0].astype(np.int64)))
            is_parked = np.arange(len(table)) >= len(table) - len(world._parked)
            truth.take(rows.speeds)
            jammed = np.flatnonzero(truth.late() < 0.3 * world.streets.kmh)
            stands = kmh < STANDS_KMH
            parked += good[stands & is_parked].tolist()
            queued += good[stands & ~is_parked & np.isin(edge, jammed)].tolist()
    finally:
        world.close()

    assert min(len(queued), len(parked)) > 500
    assert np.mean(queued) > 0.3
    assert np.mean(parked) < 0.02


def _positions(
    edge: np.ndarray, kmh: np.ndarray, at: float, who: np.ndarray
) -> traffic.Observations:
    count = len(edge)
    return traffic.Observations(
        edge,
        kmh.astype(np.float32),
        np.ones(count, np.float32),
        np.full(count, at),
        np.full(count, traffic.Source.GPS, np.uint8),
        who,
    )
