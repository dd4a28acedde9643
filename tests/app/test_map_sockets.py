"""From a device's position and an officer's click to the map of a tab: the server, over sockets.

The whole `serve` process on a loopback port, a browser's cookie, and the one WebSocket of a tab.
How long it takes is measured by hand (`docs/benchmarks.md`); here is that nothing is asked for
twice: what is waited for is told.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import websockets

from tests.traffic.test_routes import EAST, SHORT, WEST, two_ways
from warroom.app import wiring
from warroom.app.asgi import create_app
from warroom.app.connections import WebSettings
from warroom.app.node import Node
from warroom.app.web_server import WebServer, listen
from warroom.identity import api as identity
from warroom.kernel.clock import SystemClock
from warroom.kernel.db import Database
from warroom.kernel.postgres import Connections
from warroom.kernel.settings import Configuration, NodeSettings
from warroom.roads.api import save_graph
from warroom.units import api as units

WAIT_S = 30.0


class Tab:
    """A signed-in tab: HTTP with its cookie, and its socket."""

    def __init__(self, http: httpx.AsyncClient, wire: websockets.ClientConnection) -> None:
        self.http, self.wire = http, wire

    async def hear(self, topic: str, **wanted: Any) -> dict[str, Any]:
        """The body of the next event of the topic that holds what is wanted."""
        async with asyncio.timeout(WAIT_S):
            while True:
                message = json.loads(await self.wire.recv())
                body: dict[str, Any] = message.get("body", {})
                is_wanted = all(value in body.get(key, ()) for key, value in wanted.items())
                if message["type"] == "event" and message["topic"] == topic and is_wanted:
                    return body

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.http.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        content: dict[str, Any] = answer.json()
        return content

    async def roads_on_the_way(self) -> set[str]:
        found = await self.post("/api/routing/routes", {"from": WEST, "to": EAST})
        return {step["road"] for step in found["routes"][0]["steps"]}


@asynccontextmanager
async def running(connections: Connections, db: Database, folder: Path) -> AsyncIterator[Tab]:
    """The server with a town of two ways, and a tab of a traffic officer that listens."""
    city = folder / "city"
    city.mkdir()
    save_graph(two_ways(), city / "roads.npz")
    pages = folder / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text("<title>War Room</title>")
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    environment = {
        "WARROOM_DATA_DIR": str(folder / "data"),
        "WARROOM_STATIC_DIR": str(pages),
        "WARROOM_CITY_DIR": str(city),
        "WARROOM_PORT": str(port),
        "WARROOM_DEMO": "1",
    }
    configuration, clock = Configuration({}, environment), SystemClock()
    node = Node(configuration, configuration.section(NodeSettings), clock, None, connections)
    app = create_app(wiring.wire(node, db))
    server = WebServer(app, listener, WebSettings())
    serving = asyncio.create_task(server.run_until_stopped())
    address = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(
            base_url=address, headers={"x-warroom": "1"}, timeout=WAIT_S
        ) as http:
            await _answers(http)
            await _sign_in(app, db, http)
            cookie = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
            headers = {"cookie": cookie, "origin": address}
            url = f"ws://127.0.0.1:{port}/ws"
            async with websockets.connect(url, additional_headers=headers) as wire:
                hello = json.loads(await wire.recv())
                topics = ["traffic.edges", "units.position"]
                asked = {"op": "subscribe", "topics": topics, "after": hello["id"]}
                await wire.send(json.dumps(asked))
                yield Tab(http, wire)
    finally:
        server.stop()
        await asyncio.wait_for(serving, WAIT_S)


async def _answers(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                if (await http.get("/healthz")).status_code:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


async def _sign_in(app: Any, db: Database, http: httpx.AsyncClient) -> None:
    scope = identity.system_scope("test", SystemClock(), door="cli")
    async with db.transaction(scope) as tx:
        new = identity.NewAgency("dishub", "Dinas Perhubungan", "Dishub")
        agency = await identity.create_agency(scope, tx, new)
        person = identity.NewPerson("lalin", "Nur", agency, roles={"petugas_lalin": "own"})
        await identity.ensure_people(scope, tx, [person])
    token = await app.state.services[identity.Doorkeeper].create_link(scope, "lalin")
    answer = await http.post("/api/session/link", json={"token": token})
    assert answer.status_code == 200, answer.text


async def _unit(app_db: Database) -> str:
    """A vehicle of the agency, and the key of its device."""
    scope = identity.system_scope("test", SystemClock(), door="cli")
    fleet = units.Fleet(units.UnitSettings(), SystemClock())
    async with app_db.transaction(scope) as tx:
        row = await (await tx.execute("select id from agency where short = 'Dishub'")).fetchone()
        assert row is not None
        values = {"name": "DH-01", "agency_id": row["id"], "kind": "dishub", "device": "gps-1"}
        unit_id = await units.add_unit(fleet, scope, tx, values)
        return await units.make_key(fleet, scope, tx, unit_id)


async def test_what_a_device_sends_is_told_to_the_tab(
    connections: Connections, db: Database, tmp_path: Path
) -> None:
    async with running(connections, db, tmp_path) as tab:
        key = await _unit(db)
        sent = {"id": "gps-1", "key": key, "lat": "0.0005", "lon": "119.4015", "speed": "10"}
        answer = await tab.http.get("/osmand", params=sent)
        body = await tab.hear("units.position")

    assert ["kept"] == answer.json()["taken"]
    assert [(0.0005, 119.4015)] == [(one["lat"], one["lon"]) for one in body["items"]]


async def test_a_road_that_is_closed_by_a_click_is_white_on_the_map_and_on_no_route(
    connections: Connections, db: Database, tmp_path: Path
) -> None:
    async with running(connections, db, tmp_path) as tab:
        before = await tab.roads_on_the_way()
        made = await tab.post("/api/traffic/closures", {"line": SHORT[:2], "reason": "Banjir"})
        closed = await tab.hear("traffic.edges", colour="7")
        after = await tab.roads_on_the_way()
        gone = await tab.http.delete(f"/api/traffic/closures/{made['id']}")
        opened = await tab.hear("traffic.edges", edges=made["edges"][0])
        again = await tab.roads_on_the_way()

    assert "Jl. Pendek" in before
    assert made["edges"] == [
        edge for edge, sign in zip(closed["edges"], closed["colour"], strict=True) if sign == "7"
    ]
    assert "Jl. Pendek" not in after
    assert "Jl. Jauh" in after
    assert 204 == gone.status_code
    assert "7" not in opened["colour"]
    assert "Jl. Pendek" in again
