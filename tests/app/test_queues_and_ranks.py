"""Those who stand, told to the state of the roads: the demo's taxis and buses make no jam of it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

from simcity.__main__ import main as simcity
from simcity.drive.city import City
from warroom.app.bench.traffic import BEGIN
from warroom.kernel.settings import NodeSettings
from warroom.roads.api import RoadGraph, open_roads
from warroom.traffic import api as traffic
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
