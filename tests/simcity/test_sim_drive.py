"""The traffic of the simulated city: flows, vehicles, happenings, and what it sends."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from simcity.__main__ import main as simcity
from simcity.drive.city import City, Position
from simcity.drive.demand import Trees, demand_at
from simcity.drive.fleet import LINES, make_fleet
from simcity.drive.happenings import Happening, happenings_at, hindrance
from simcity.drive.sender import Sender
from simcity.drive.stream import CRAWL_KMH, Diagram, Lights, Stream
from simcity.drive.streets import Streets, read_streets
from simcity.drive.vehicles import Vehicles

MORNING = 1_795_564_800  # 08:00 in Makassar


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("city")
    assert simcity(["city", "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def streets(folder: Path) -> Streets:
    return read_streets(folder)


@pytest.fixture(scope="module")
def driven(folder: Path) -> City:
    city = City(folder, seed=3, start_s=MORNING, happens=False)
    city.run(200)
    return city


def line_of(count: int, *, signal: bool = False) -> Streets:
    """One road of edges of 300 m, one after the other, one way; it ends in itself."""
    points = np.array([[119.4 + 0.0027 * i, -5.1] for i in range(count + 1)])
    lit = np.zeros(count, np.bool_)
    lit[-1] = signal
    return Streets(
        keys=tuple(f"{i + 1}:{i + 1}:{i + 2}" for i in range(count)),
        tail=np.arange(count), head=np.arange(1, count + 1), length_m=np.full(count, 300.0),
        kind=np.full(count, 3), lanes=np.ones(count), kmh=np.full(count, 40.0), signal=lit,
        bearing=np.full(count, 90.0),
        shapes=tuple(points[i : i + 2] for i in range(count)),
        turn_from=np.arange(count - 1), turn_to=np.arange(1, count),
        names=("Jl. Lurus",) * count, node_lonlat=points,
    )  # fmt: skip


def stream_on(streets: Streets, share_of_capacity: float) -> Stream:
    sources = np.zeros(streets.edges)
    sources[0] = Diagram(streets).capacity[0] * share_of_capacity
    return Stream(streets, np.ones(len(streets.turn_from)), sources)


def drive(stream: Stream, seconds: int) -> None:
    green = np.ones(len(stream.held), np.bool_)
    for _ in range(seconds):
        stream.step(1.0, green)


def test_every_edge_of_the_city_leads_on(streets: Streets) -> None:
    assert streets.edges == 14_530
    assert set(streets.turn_from.tolist()) == set(range(streets.edges))
    assert (streets.head[streets.turn_from] == streets.tail[streets.turn_to]).all()


def test_keys_are_those_of_the_road_graph_of_the_product(folder: Path, streets: Streets) -> None:
    script = (
        "import sys, pathlib; from warroom.roads.schematic import read_network;"
        "from warroom.roads.api import build_graph;"
        "g = build_graph(read_network(pathlib.Path(sys.argv[1])), None);"
        "print(*(g.key_of(e) for e in range(g.edges) if not g.contraflow[e]))"
    )
    made = subprocess.run(
        [sys.executable, "-c", script, str(folder / "network.json")],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert set(made.stdout.split()) == set(streets.keys)


def test_a_free_road_is_driven_at_its_speed_and_a_full_one_crawls() -> None:
    diagram = Diagram(line_of(3))

    assert diagram.speed_ms(np.zeros(3)) == pytest.approx(40 / 3.6)
    assert diagram.speed_ms(diagram.most) == pytest.approx(CRAWL_KMH / 3.6)
    held = diagram.most / 2
    flow = held * diagram.speed_ms(held) / diagram.length_m
    assert flow == pytest.approx(diagram.capacity)


@pytest.mark.parametrize("share", [0.2, 0.8])
def test_what_enters_below_capacity_comes_out_and_none_is_lost(share: float) -> None:
    stream = stream_on(line_of(5), share)
    drive(stream, 1800)
    passed, held = stream.passed.copy(), stream.held.copy()
    drive(stream, 600)

    entered = Diagram(line_of(5)).capacity[0] * share * 600
    assert stream.passed[-1] - passed[-1] == pytest.approx(entered, rel=0.02)
    kept = stream.held.sum() - held.sum()
    assert kept + stream.passed[-1] - passed[-1] == pytest.approx(entered, rel=1e-6)


def test_a_bottleneck_fills_the_road_behind_it_and_comes_loose_again() -> None:
    streets = line_of(6)
    stream = stream_on(streets, 0.8)
    left = np.ones(6)
    left[4] = 0.3
    stream.hinder(left, np.full(6, np.inf))
    drive(stream, 900)
    jammed = stream.speed_ms * 3.6

    stream.hinder(np.ones(6), np.full(6, np.inf))
    drive(stream, 3000)

    # The queue stands before the narrow place and grew over more than one edge.
    assert (jammed[2:4] < 0.4 * 40).all()
    assert jammed[5] > 0.8 * 40
    assert (stream.speed_ms * 3.6 > 0.6 * 40).all()


def test_a_closed_road_lets_nobody_through() -> None:
    stream = stream_on(line_of(4), 0.5)
    left = np.ones(4)
    left[2] = 0.0
    stream.hinder(left, np.full(4, np.inf))
    drive(stream, 600)

    assert stream.passed[2] == 0.0
    assert stream.held[1] > 5.0


def test_lights_give_each_road_less_than_half_and_never_both(streets: Streets) -> None:
    lights = Lights(streets, np.random.default_rng(1))
    seen = np.array([lights.green(second).copy() for second in range(90)])
    lit = np.flatnonzero(streets.signal)

    shares = seen[:, lit].mean(axis=0)
    assert (0.4 < shares).all()
    assert (shares < 0.5).all()
    assert seen[:, ~streets.signal].all()
    for node in np.unique(streets.head[lit]):
        arms = lit[streets.head[lit] == node]
        turned = np.abs((streets.bearing[arms] - streets.bearing[arms[0]] + 90) % 180 - 90)
        crossing = arms[turned > 60]
        for arm in crossing:
            assert not (seen[:, arms[0]] & seen[:, arm]).any()


def test_a_vehicle_takes_as_long_as_its_road_and_stops_at_red() -> None:
    streets = line_of(4, signal=True)
    trees = Trees(streets, np.array([3]))
    trees.plan(0, np.full(4, 27.0))
    vehicles = Vehicles(streets, trees, np.array([0, 0]), np.ones(2))
    vehicles.goal[:] = 0
    vehicles.hurries[1] = True
    green = np.ones(4, np.bool_)
    green[1] = False
    for _ in range(120):
        vehicles.step(np.full(4, 10.0), green)

    assert (vehicles.edge.tolist(), vehicles.kmh[0]) == ([1, 3], 0.0)
    assert vehicles.arrived[1]
    assert vehicles.metres[0] == pytest.approx(300.0)


def test_ways_lead_to_their_place_from_everywhere(streets: Streets) -> None:
    trees = Trees(streets, np.array([1234]))
    trees.plan(0, streets.length_m)
    edge = np.arange(streets.edges)
    reach = np.isfinite(trees.away_s[0])
    for _ in range(800):
        edge = trees.onward[0][edge]

    assert reach.mean() > 0.98
    assert (edge[reach] == 1234).all()


def test_the_day_has_a_quiet_night_and_two_peaks() -> None:
    by_hour = [demand_at(hour * 3600.0) for hour in range(24)]

    assert max(by_hour) == by_hour[17] == 1.0
    assert by_hour[7] > by_hour[10] > by_hour[3] == min(by_hour)
    assert demand_at(86_400.0 + 1800.0) == pytest.approx((by_hour[0] + by_hour[1]) / 2)


def test_the_same_seed_gives_the_same_day(folder: Path, driven: City) -> None:
    again = City(folder, seed=3, start_s=MORNING, happens=False)
    again.run(200)

    assert (again.truth_kmh == driven.truth_kmh).all()
    assert (again.vehicles.edge == driven.vehicles.edge).all()
    assert [one.begin_s for one in happenings_at(again.streets, again._busy, 3, MORNING)] != [
        one.begin_s for one in happenings_at(again.streets, again._busy, 4, MORNING)
    ]


@pytest.mark.nightly
def test_rush_hour_is_slower_than_the_night(folder: Path) -> None:
    speeds = {}
    for hour in (3.0, 17.0):
        city = City(folder, seed=3, start_s=MORNING, hour=hour, happens=False)
        city.run(1500)
        speeds[hour] = (city.truth_kmh / city.streets.kmh)[city.streets.is_main]

    assert speeds[3.0].mean() > 0.97
    assert speeds[17.0].mean() < 0.95
    assert (speeds[17.0] < 0.4).sum() > 10 * (speeds[3.0] < 0.4).sum()


@pytest.mark.nightly
def test_a_happening_makes_a_jam_that_goes_away_with_it(folder: Path) -> None:
    city = City(folder, seed=3, start_s=MORNING, happens=False)
    city.run(600)
    busiest = np.where(city.streets.is_main, city.stream.passed, 0.0)
    where = int(np.argmax(busiest))
    free = city.truth_kmh[where] / city.streets.kmh[where]
    one = Happening("breakdown", (where,), 0.0, 1e12)
    city.stream.hinder(*hindrance(city.streets, [one]))
    city.run(600)
    during = city.truth_kmh[where] / city.streets.kmh[where]
    city.stream.hinder(*hindrance(city.streets, []))
    city.run(1200)

    assert free > 0.6
    assert during < 0.4
    assert city.truth_kmh[where] / city.streets.kmh[where] > 0.6


def test_what_happens_is_told_by_seed_and_hour_alone(streets: Streets) -> None:
    busy = np.where(streets.is_main, 1.0, 0.0)
    whole_day = [happenings_at(streets, busy, 5, MORNING + 300.0 * i) for i in range(288)]

    assert whole_day[7] == happenings_at(streets, busy, 5, MORNING + 2100.0)
    kinds = Counter(one.kind for now in whole_day for one in now)
    assert set(kinds) == {"breakdown", "flood", "closure"}
    assert all(streets.is_main[list(one.edges)].all() for now in whole_day for one in now)
    assert any(a != b for a, b in pairwise(whole_day))


def test_receivers_tell_where_their_vehicle_is(driven: City) -> None:
    driven.run(1)
    told = {}
    for _ in range(20):
        told |= {one.device: one for one in driven.positions()}
        driven.run(1)

    devices = {one.device for one in make_fleet_of(driven)}
    assert set(told) == devices
    boats = {device for device in told if "boat" in device}
    assert len(boats) == 4
    for number, member in enumerate(driven.fleet):
        one = told[member.device]
        lon, lat, _ = driven.streets.place(
            int(driven.vehicles.edge[number]), driven.vehicles.share(number)
        )
        # At most twenty seconds on, at no more than 90 km/h.
        assert abs(one.lat - lat) + abs(one.lon - lon) < 0.008
        assert 0 <= one.kmh <= 120


def make_fleet_of(city: City) -> list[object]:
    return [*city.fleet, *city._boats]


def test_lines_serve_their_stops(folder: Path) -> None:
    places = json.loads((folder / "places.geojson").read_text())["features"]
    names = {one["properties"]["name"] for one in places}
    fleet = make_fleet(folder)

    assert all(stop in names for line in LINES.values() for stop in line)
    assert len({one.device for one in fleet}) == len({one.name for one in fleet}) == len(fleet)
    stations = {one.station: one for one in fleet}
    assert "Mako Damkar Jl. Dr. Ratulangi" in stations


def test_cameras_count_what_passes_nearly(driven: City) -> None:
    driven.run(-driven.now_s % 10)
    driven.counts()
    before = driven.stream.passed.copy()
    totals: dict[tuple[int, str], float] = {}
    for _ in range(8):
        driven.run(30)
        for row in driven.counts():
            smp = row["light"] + 0.25 * row["motorcycles"] + 1.3 * row["heavy"]
            key = (row["camera"], row["side"])
            totals[key] = totals.get(key, 0.0) + smp
    passed = driven.stream.passed - before
    truth = {
        (one.number, side): passed[edge] for one in driven.watchers for side, edge in one.sides
    }

    assert len(driven.watchers) > 350
    assert set(totals) == set(truth)
    assert sum(totals.values()) == pytest.approx(0.93 * sum(truth.values()), rel=0.05)
    assert any(abs(totals[key] - truth[key]) > 1 for key in truth)


async def test_what_is_sent_is_a_form_with_the_key_of_the_device() -> None:
    got: list[bytes] = []
    answers = iter([b"503 Service Unavailable", b"200 OK", b"200 OK"])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                got.append(head + await reader.readexactly(length))
                writer.write(b"HTTP/1.1 " + next(answers) + b"\r\nContent-Length: 2\r\n\r\n{}")
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Sender(f"http://127.0.0.1:{port}", {"a": "K"}) as sender:
        sender.tell(Position("a", 1.0, -5.1, 119.4, 18.52, 90.0))
        sender.tell(Position("unknown", 1.0, -5.1, 119.4, 18.52, 90.0))
        sender.tell_counts(1.0, 30.0, [{"camera": 1}])  # no token: nothing is sent
        async with asyncio.timeout(10):
            while sender.answers[200] < 1:
                await asyncio.sleep(0.01)

    # Refused for now, it was sent again.
    assert sender.answers == {503: 1, 200: 1}
    assert got[0] == got[1]
    assert b"POST /osmand HTTP/1.1" in got[0]
    assert b"Authorization: Bearer K" in got[0]
    assert b"id=a&lat=-5.100000&lon=119.400000&timestamp=1&speed=10.00&bearing=90" in got[0]


async def test_too_much_that_waits_is_dropped_the_oldest_first() -> None:
    sender = Sender("http://127.0.0.1:9", {"a": "K"})
    for number in range(45):
        sender.tell(Position("a", float(number), -5.1, 119.4, 0.0, 0.0))

    assert sender.dropped == 5


def test_fast_driving_writes_the_truth(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = tmp_path / "truth.npz"
    words = ["drive", "--city", str(folder), "--minutes", "2", "--warm-up", "0"]
    assert simcity([*words, "--truth", str(truth)]) == 0

    told = json.loads(capsys.readouterr().out)
    with np.load(truth) as content:
        assert content["kmh"].shape == (2, told["edges"])
        assert content["at_s"][1] - content["at_s"][0] == 60
        assert len(content["keys"]) == told["edges"]
    assert told["positions"] > 500
    assert told["cpu_s_per_minute"] > 0


@pytest.mark.parametrize("words", [[], ["--door", "http://x"], ["--minutes", "1", "--door", "x"]])
def test_what_to_do_must_be_said(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert simcity(["drive", "--city", str(folder), *words]) == 2
    assert "--door" in capsys.readouterr().err


def test_the_day_passes_as_fast_as_one_wants_and_vehicles_drive_as_they_do(folder: Path) -> None:
    plain, quick = (City(folder, seed=3, start_s=MORNING, happens=False) for _ in "AB")
    quick.day_speed = 60.0
    began = quick.local_s

    told: list[Position] = []
    for _ in range(60):
        plain.step()
        quick.step()
        told += quick.positions()

    assert quick.local_s - began == 3600
    assert plain.local_s - began == 60
    # What is told is of now, and nobody flies.
    assert {one.at_s for one in told} == {float(at) for at in range(MORNING + 1, MORNING + 61)}
    assert max(one.kmh for one in told) < 130
    # At nine fewer set out than at eight.
    assert demand_at(quick.local_s) < demand_at(plain.local_s)


def test_a_day_that_passes_fast_has_as_many_happenings_as_any(folder: Path) -> None:
    city = City(folder, seed=3, start_s=MORNING)
    city.day_speed = 60.0
    seen: set[tuple[str, tuple[int, ...]]] = set()
    for _ in range(120):
        city.step()
        seen |= {(one.kind, one.edges) for one in city.happening}

    assert len(seen) > 2  # two hours of the day


def test_a_vehicle_that_is_ordered_somewhere_drives_there_and_stays(folder: Path) -> None:
    city = City(folder, start_s=MORNING, background=0, happens=False)
    member = next(one for one in city.fleet if one.sort == "dishub")
    lon, lat, _ = city.streets.place(int(city._places[3]), 0.5)
    number = city.fleet.index(member)

    city.order(member.device, lat, lon)
    began = city.is_there(member.device)
    for _ in range(60):
        city.run(60)
        if city.is_there(member.device):
            break
    edge = int(city.vehicles.edge[number])
    city.run(900)
    stayed = int(city.vehicles.edge[number]) == edge
    city.release(member.device)
    city.run(1200)

    assert not began
    assert city.streets.nearest(lon, lat, city._roads) == edge
    assert stayed
    assert not city.is_there(member.device) or city.vehicles.goal[number] >= 0
