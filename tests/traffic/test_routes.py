"""The doors of traffic, and of the routes that follow it, over one application."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest
from starlette.requests import HTTPConnection

from tests.listening import until_begun
from tests.roads.maps import raw, way
from tests.scopes import scope_of
from tests.traffic.world import EVERYTHING, ZONE, World, make_world, new_id
from warroom.app.asgi import Wiring, create_app
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.scope import Rule, Scope
from warroom.roads.api import RoadGraph, build_graph
from warroom.routing import routes as routing_routes
from warroom.routing.api import Conditions, Desk, Routing
from warroom.traffic import routes
from warroom.traffic.api import Colour, Cycle, Drawing, How, Traffic

WEST, EAST = [0.0, 119.3995], [0.0, 119.4125]
SHORT = [[119.4, 0.0], [119.406, 0.001], [119.412, 0.0]]
"""Along Jl. Pendek."""


def two_ways() -> RoadGraph:
    """From west to east by Jl. Pendek, or round by Jl. Jauh."""
    return build_graph(
        raw(
            {1: (0, 0), 2: (6, 1), 3: (6, -4), 4: (12, 0), 8: (-1, 0), 9: (13, 0)},
            [
                way(1, 8, 1, name="Jl. Awal"),
                way(2, 1, 2, name="Jl. Pendek"), way(3, 2, 4, name="Jl. Pendek"),
                way(4, 1, 3, name="Jl. Jauh"), way(5, 3, 4, name="Jl. Jauh"),
                way(6, 4, 9, name="Jl. Akhir"),
            ],
        ),
        lambda lon, _: ["73.71.01.1001"] * len(lon),
    )  # fmt: skip


@pytest.fixture
def world(db: Database, clock: FixedClock, tmp_path: Path, loop_runner: asyncio.Runner) -> World:
    return loop_runner.run(make_world(db, clock, tmp_path, two_ways()))


class Town:
    """The application, asked as one of its people."""

    def __init__(self, world: World, client: httpx.AsyncClient, desk: Desk) -> None:
        self.world, self.client, self.desk = world, client, desk

    async def ask(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"x-as": who, "x-warroom": "1"} | more.pop("headers", {})
        return await self.client.request(method, f"/api/{path}", headers=headers, **more)

    async def get(self, path: str, **more: Any) -> Any:
        answer = await self.ask("officer", "GET", path, **more)
        assert 200 == answer.status_code, answer.text
        return answer.json()

    async def post(self, path: str, body: dict[str, Any], who: str = "officer") -> Any:
        answer = await self.ask(who, "POST", path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def step(self) -> None:
        """A cycle, with what was said until now: nothing reads the outbox here."""
        for topic, hear in self.world.traffic.subscribe():
            assert topic.startswith("traffic.")
            await hear(None)  # type: ignore[arg-type]
        await self.world.traffic.step()

    async def route(self, language: str = "id", **more: Any) -> dict[str, Any]:
        body = {"from": WEST, "to": EAST, **more}
        answer = await self.ask(
            "officer", "POST", "routing/routes", json=body, headers={"accept-language": language}
        )
        assert 200 == answer.status_code, answer.text
        return answer.json()  # type: ignore[no-any-return]


@pytest.fixture
def town(world: World, tmp_path: Path, loop_runner: asyncio.Runner) -> Iterator[Town]:
    scopes = {
        "officer": world.officer.__class__(
            person_id=None,
            agency_id=world.dishub,
            rules=(Rule(frozenset({"traffic:*", "route:*"}), agencies=frozenset({world.dishub})),),
            at=world.officer.at,
            door="test",
        ),
        "other": world.other,
        "elsewhere": scope_of(Rule(frozenset({"traffic:view"}), places=frozenset({"73.71.02"}))),
        "nobody": scope_of(),
    }

    async def authenticate(connection: HTTPConnection) -> Scope | None:
        return scopes.get(connection.headers.get("x-as", ""))

    desk = Desk(Routing(world.traffic.roads))

    async def follow(cycle: Cycle) -> None:
        now = cycle.state
        conditions = Conditions(
            now.kmh, now.how == How.CLOSED, now.colour == Colour.JAM, now.since,
            now.how != How.FREE_FLOW,
        )  # fmt: skip
        await desk.take(world.traffic.estimator.graph, conditions)

    world.traffic.followers.append(follow)
    app = create_app(
        Wiring(
            authenticator=authenticate,
            db=world.db,
            clock=world.clock,
            scope=EVERYTHING,
            holder="test",
            pages=tmp_path,
            routers=[routes.router, routing_routes.router],
            topics=tuple(routes.TOPICS),
            services={
                Traffic: world.traffic, Drawing: Drawing(), Desk: desk, ZoneInfo: ZONE,
            },
        )
    )  # fmt: skip
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test"
    )
    yield Town(world, client, desk)
    loop_runner.run(client.aclose())
    loop_runner.run(desk.__aexit__(None, None, None))


def closure(town: Town, **more: Any) -> dict[str, Any]:
    ends_at = (town.world.clock.now() + timedelta(hours=1)).isoformat()
    return {"line": SHORT[:2], "reason": "Banjir", "ends_at": ends_at} | more


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", "traffic/jams", 200),
        ("GET", "traffic/edges.geojson", 200),
        ("GET", "traffic/state", 200),
        ("GET", "traffic/typical", 200),
        ("GET", "traffic/history", 200),
        ("GET", "traffic/edges/0", 200),
        ("GET", "traffic/closures", 200),
        ("GET", "traffic/reports", 200),
        ("POST", "traffic/closures", 422),
        ("POST", "traffic/reports", 422),
        ("POST", "routing/routes", 422),
        ("POST", "routing/reach", 422),
    ],
)
async def test_strangers_sign_in_and_who_has_no_right_finds_nothing(
    town: Town, method: str, path: str, right: int
) -> None:
    await town.step()
    statuses = [
        (await town.ask(who, method, path, json={})).status_code
        for who in ("", "nobody", "officer")
    ]

    assert [401, 404, right] == statuses


async def test_before_the_first_state_the_answer_says_to_wait(town: Town) -> None:
    answer = await town.ask("officer", "GET", "traffic/state")

    assert (503, "traffic.not_yet") == (answer.status_code, answer.json()["code"])


async def test_the_whole_state_is_one_sign_an_edge(town: Town) -> None:
    await town.post("traffic/closures", closure(town))
    await town.step()

    state = await town.get("traffic/state")

    assert state["edges"] == len(state["colour"]) == len(state["how"])
    assert {"u", "c"} == set(state["how"])
    assert state["how"].count("c") == state["counted"]["closed"] == 2
    assert 10.0 == state["cycle_s"]


async def test_one_edge_tells_what_is_known_and_null_where_nothing_is(town: Town) -> None:
    await town.step()
    other = await town.get("traffic/edges/0")
    made = await town.post("traffic/reports", {"line": SHORT[:2], "level": "jam"})
    await town.step()

    told = await town.get(f"traffic/edges/{made['edges'][0]}")

    assert ("reported", "jam", "F", "Jl. Pendek") == (
        told["how"], told["colour"], told["level"], told["road"],
    )  # fmt: skip
    assert told["jam"] is not None
    assert 8.0 == told["jam_factor"]
    assert ("free_flow", "unknown", None, None, None) == (
        other["how"], other["colour"], other["kmh"], other["level"], other["jam"],
    )  # fmt: skip


async def test_an_edge_that_does_not_exist_is_not_found(town: Town) -> None:
    await town.step()
    answer = await town.ask("officer", "GET", "traffic/edges/99999")

    assert (404, "traffic.no_edge") == (answer.status_code, answer.json()["code"])


async def test_the_layer_is_sent_once_and_known_by_the_pack(town: Town) -> None:
    first = await town.ask("officer", "GET", "traffic/edges.geojson")
    tag = first.headers["etag"]
    again = await town.ask(
        "officer", "GET", "traffic/edges.geojson", headers={"if-none-match": tag}
    )

    features = first.json()["features"]
    assert 304 == again.status_code
    assert tag.startswith(f'"{first.json()["pack"]}-')
    assert set(range(town.world.graph.edges)) == {feature["id"] for feature in features}
    assert {14} == {feature["properties"]["z"] for feature in features}
    assert {1} == {feature["properties"]["t"] for feature in features}


async def test_what_was_is_told_by_the_numbers_of_now(town: Town) -> None:
    await town.step()
    nothing = await town.get("traffic/history")
    refused = await town.ask(
        "officer", "GET", "traffic/history/state", params={"at": "2026-01-01T00:00:00Z"}
    )
    await town.post("traffic/closures", closure(town))
    await town.step()
    town.world.clock.advance(300)
    await town.step()
    (kept,) = (await town.get("traffic/history"))["items"]
    past = await town.get("traffic/history/state", params={"at": kept})
    now = await town.get("traffic/state")

    assert ([], 48) == (nothing["items"], nothing["kept_hours"])
    assert (404, "traffic.no_history") == (refused.status_code, refused.json()["code"])
    assert past["at"] == datetime.fromisoformat(kept).timestamp()
    assert "7" in past["colour"]
    assert (now["pack"], now["colour"], now["how"]) == (past["pack"], past["colour"], past["how"])


async def test_what_was_not_learnt_is_not_typical(town: Town) -> None:
    await town.step()
    typical = await town.get("traffic/typical")

    assert 0 == typical["learnt"]
    assert {"0"} == set(typical["colour"])
    assert {"u"} == set(typical["how"])


async def test_a_line_is_told_as_the_roads_that_it_means(town: Town) -> None:
    found = await town.post("traffic/along", {"line": SHORT[:2]})
    one_way = await town.post("traffic/along", {"line": SHORT[:2], "both_ways": False})

    assert ["Jl. Pendek"] == found["roads"]
    assert 2 == len(found["edges"])
    assert 1 == len(one_way["edges"])
    assert one_way["length_m"] == pytest.approx(found["length_m"] / 2, abs=0.2)


async def test_jams_are_listed_in_ones_areas_with_those_that_ended(town: Town) -> None:
    made = await town.post("traffic/reports", {"line": SHORT[:2], "level": "jam", "cause": "flood"})
    await town.step()
    jams = await town.get("traffic/jams")
    await town.ask("officer", "DELETE", f"traffic/reports/{made['id']}")
    town.world.clock.advance(700)
    await town.step()
    after = await town.get("traffic/jams", params={"ended_hours": 2})

    assert {"flood"} == {jam["cause"] for jam in jams["items"]}
    assert [] == jams["ended"]
    assert [] == after["items"]
    assert {jam["id"] for jam in jams["items"]} == {jam["id"] for jam in after["ended"]}


async def test_jams_of_other_areas_are_not_told(town: Town) -> None:
    made = await town.post("traffic/reports", {"line": SHORT[:2], "level": "jam", "cause": "flood"})
    await town.step()
    now = [len((await town.get("traffic/jams", headers={"x-as": who}))["items"])
           for who in ("officer", "elsewhere")]  # fmt: skip
    await town.ask("officer", "DELETE", f"traffic/reports/{made['id']}")
    town.world.clock.advance(700)
    await town.step()
    ended = [
        len(
            (await town.get("traffic/jams", headers={"x-as": who}, params={"ended_hours": 2}))[
                "ended"
            ]
        )
        for who in ("officer", "elsewhere")
    ]

    assert [2, 0] == now, "one in each direction"
    assert [2, 0] == ended


async def test_a_road_is_closed_and_opened_by_those_whose_it_is(town: Town) -> None:
    made = await town.post("traffic/closures", closure(town))
    path = f"traffic/closures/{made['id']}"

    assert 404 == (await town.ask("other", "DELETE", path)).status_code
    assert 404 == (await town.ask("officer", "DELETE", f"traffic/closures/{new_id()}")).status_code
    assert [] == (await town.ask("other", "GET", "traffic/closures")).json()["items"]
    assert 1 == len((await town.get("traffic/closures"))["items"])
    assert 204 == (await town.ask("officer", "DELETE", path)).status_code
    assert [] == (await town.get("traffic/closures"))["items"]
    assert 1 == len((await town.get("traffic/closures", params={"ended": True}))["items"])


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"line": [[119.4, 0.5]]}, "traffic.no_road_on_line"),
        ({"reason": "  "}, "traffic.reason_missing"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "traffic.times"),
        ({"line": []}, "invalid"),
        ({"line": [[400, 0]]}, "invalid"),
        ({"ends_at": "2026-11-24T09:00:00"}, "invalid"),
    ],
)
async def test_what_cannot_be_is_refused_in_words(
    town: Town, more: dict[str, Any], code: str
) -> None:
    answer = await town.ask("officer", "POST", "traffic/closures", json=closure(town, **more))

    assert (422, code) == (answer.status_code, answer.json()["code"])


async def test_a_route_tells_its_steps_in_the_language_of_the_person(town: Town) -> None:
    told = {language: await town.route(language) for language in ("id", "en")}

    texts = {lang: [s["text"] for s in one["routes"][0]["steps"]] for lang, one in told.items()}
    assert texts["id"] != texts["en"]
    assert any("Jl. Pendek" in text for text in texts["id"])
    assert told["id"]["live"] is False
    assert told["id"]["routes"][0]["detour"] is None


def roads(answer: dict[str, Any]) -> set[str]:
    return {step["road"] for step in answer["routes"][0]["steps"]}


async def test_a_jam_that_is_reported_is_driven_round_and_told_since_when(town: Town) -> None:
    await town.step()
    before = await town.route()
    await town.post("traffic/reports", {"line": SHORT, "level": "standing"})
    await town.step()
    after, english = await town.route(), await town.route("en")

    assert "Jl. Pendek" in roads(before)
    assert "Jl. Jauh" in roads(after)
    detour = after["routes"][0]["detour"]
    assert ("jam", "Jl. Pendek") == (detour["state"], detour["road"])
    # 06:00 UTC is 14:00 in Makassar.
    assert detour["text"].endswith("menit lebih lama lewat Jl. Pendek: macet sejak 14.00")
    assert "jammed since 14.00" in english["routes"][0]["detour"]["text"]
    assert after["live"] is True


async def test_a_closed_road_is_driven_round_until_it_is_open_again(town: Town) -> None:
    made = await town.post("traffic/closures", closure(town))
    await town.step()
    closed = await town.route()
    await town.ask("officer", "DELETE", f"traffic/closures/{made['id']}")
    await town.step()
    opened = await town.route()

    assert ("Jl. Jauh" in roads(closed), "Jl. Pendek" in roads(opened)) == (True, True)
    assert "Jl. Pendek ditutup sejak 14.00" == closed["routes"][0]["detour"]["text"]
    assert closed["routes"][0]["detour"]["lost_s"] is None


async def test_a_report_reaches_the_routes_within_a_second(town: Town) -> None:
    """Over the outbox and its wake-up, as in a process whose cycles are ten seconds apart."""
    clock = asyncio.get_running_loop()
    with town.world.hub() as hub:
        async with town.world.traffic:
            while town.desk._conditions is None:
                await asyncio.sleep(0.02)
            await town.route()
            await until_begun(hub)
            began = clock.time()
            await town.post("traffic/reports", {"line": SHORT, "level": "standing"})
            while "Jl. Jauh" not in roads(await town.route()):
                assert clock.time() - began < 5
                await asyncio.sleep(0.01)
            took_s = clock.time() - began

    # What is promised is one second; half a cycle proves that no cycle was waited for.
    assert took_s < 5


async def test_alternatives_and_other_vehicles_can_be_asked_for(town: Town) -> None:
    answer = await town.route(profile="fire", alternatives=1)
    unknown = await town.ask(
        "officer", "POST", "routing/routes",
        json={"from": WEST, "to": EAST, "profile": "balloon"},
    )  # fmt: skip

    assert {"fire"} == {route["profile"] for route in answer["routes"]}
    assert "routing.unknown_profile" == unknown.json()["code"]


async def test_a_standing_queue_is_not_a_closed_road(town: Town) -> None:
    graph = town.world.graph
    nothing = np.zeros(graph.edges, np.bool_)
    still = np.zeros(graph.edges, np.float32)
    await town.desk.take(graph, Conditions(still, nothing, nothing, np.zeros(graph.edges), nothing))

    assert (await town.route())["routes"][0]["duration_s"] > 1000


async def test_conditions_of_other_roads_are_left_out(town: Town) -> None:
    other = two_ways()
    everything = np.ones(other.edges, np.bool_)
    await town.desk.take(
        other, Conditions(other.free_kmh, everything, everything, np.zeros(other.edges), everything)
    )

    assert (await town.route())["live"] is False


async def test_a_matrix_is_of_the_conditions_of_now(town: Town) -> None:
    times = await town.desk.matrix("car", [tuple(WEST)], [tuple(EAST)])

    (route,) = (await town.route())["routes"]
    assert route["duration_s"] == pytest.approx(float(times[0, 0]), rel=0.01)


async def reach(town: Town, **more: Any) -> dict[str, Any]:
    body = {"from": WEST, "minutes": [1, 5], **more}
    found: dict[str, Any] = await town.post("routing/reach", body)
    return found


async def test_within_reach_ends_at_a_closed_road_and_names_it(town: Town) -> None:
    await town.step()
    before = await reach(town)
    await town.post("traffic/closures", closure(town))
    await town.step()
    after = await reach(town)

    assert [1, 5] == [band["minutes"] for band in before["bands"]]
    assert before["closed"] == []
    assert after["closed"] == ["Jl. Pendek"]
    assert sum(b["length_m"] for b in after["bands"]) < sum(b["length_m"] for b in before["bands"])
    assert after["live"] is True


async def test_within_reach_what_is_known_is_told_apart_from_what_is_assumed(town: Town) -> None:
    offline = await reach(town)
    await town.step()
    unseen = await reach(town)
    await town.post("traffic/reports", {"line": SHORT, "level": "slow"})
    await town.step()
    told = await reach(town, profile="fire", minutes=[10])

    assert (offline["live"], unseen["live"]) == (False, True)
    assert all(b["assumed_m"] == b["length_m"] > 0 for b in offline["bands"] + unseen["bands"])
    (band,) = told["bands"]
    assert band["assumed_m"] < band["length_m"]
    assert len(band["known"]["coordinates"]) > 0


@pytest.mark.parametrize(
    "more", [{"minutes": [0]}, {"minutes": [16]}, {"minutes": []}, {"from": 1}]
)
async def test_a_reach_that_cannot_be_is_refused(town: Town, more: dict[str, Any]) -> None:
    body = {"from": WEST, "minutes": [5], **more}

    answer = await town.ask("officer", "POST", "routing/reach", json=body)

    assert 422 == answer.status_code


async def test_the_reach_of_a_place_without_roads_is_refused_in_words(town: Town) -> None:
    answer = await town.ask("officer", "POST", "routing/reach", json={"from": [5.0, 119.4]})

    assert (404, "roads.off_road") == (answer.status_code, answer.json()["code"])
