"""The fleet of the demo: put in place with its keys, and let in by the door of real vehicles."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from simcity.__main__ import main as simcity
from warroom.app import demo_traffic, wiring
from warroom.app.asgi import create_app
from warroom.app.node import Node
from warroom.identity import api as identity
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.postgres import Connections
from warroom.kernel.settings import Configuration, NodeSettings
from warroom.units import api as units


@dataclass
class Demo:
    node: Node
    db: Database
    app: Starlette
    keys: Path

    async def seed(self) -> dict[str, Any]:
        await demo_traffic.seed_fleet(self.node, self.keys)
        known: dict[str, Any] = json.loads(self.keys.read_text())
        return known

    async def count(self, query: str) -> int:
        scope = identity.system_scope("test", self.node.clock)
        async with self.db.transaction(scope) as tx:
            row = await (await tx.execute(query)).fetchone()  # type: ignore[call-overload]
        return int(row["count"])


@pytest.fixture
def demo(
    connections: Connections,
    db: Database,
    clock: FixedClock,
    tmp_path: Path,
    loop_runner: asyncio.Runner,
) -> Demo:
    configuration = Configuration({}, {"WARROOM_DATA_DIR": str(tmp_path / "data")})
    settings = configuration.section(NodeSettings)
    node = Node(configuration, settings, clock, None, connections)
    assert simcity(["city", "--out", str(settings.city)]) == 0
    keys = settings.data / "keys" / "fleet.json"
    keys.parent.mkdir(parents=True, exist_ok=True)

    async def sample() -> None:
        scope = identity.system_scope("demo", clock, door="cli")
        async with db.transaction(scope) as tx:
            await identity.ensure_sample(scope, tx)

    loop_runner.run(sample())
    return Demo(node, db, create_app(wiring.wire(node, db)), keys)


async def test_the_fleet_is_there_once_with_a_key_for_each_and_for_its_owner_alone(
    demo: Demo,
) -> None:
    first = await demo.seed()
    second = await demo.seed()

    assert first == second
    assert len(first["devices"]) == 202
    assert demo.keys.stat().st_mode & 0o777 == 0o600
    assert await demo.count("select count(*) from unit where simulated") == 202
    made = "select count(*) from audit_entry where action = 'unit:key_made'"
    assert await demo.count(made) == 202


async def test_a_vehicle_that_is_new_gets_a_key_and_the_others_keep_theirs(demo: Demo) -> None:
    first = await demo.seed()
    fewer = {**first, "csv": "of an older fleet"}
    gone = fewer["devices"].pop("sim-engine-01")
    demo.keys.write_text(json.dumps(fewer))

    second = await demo.seed()

    assert second["devices"].keys() == {*fewer["devices"], "sim-engine-01"}
    assert second["devices"]["sim-engine-01"] != gone
    assert all(second["devices"][device] == key for device, key in fewer["devices"].items())
    assert second["token"] == first["token"]


async def test_the_doors_let_the_simulation_in_by_what_it_was_given_alone(demo: Demo) -> None:
    known = await demo.seed()
    transport = httpx.ASGITransport(app=demo.app, raise_app_exceptions=False)
    form = {"id": "sim-engine-01", "lat": "-5.1357", "lon": "119.4125", "speed": "0"}

    def bearer(secret: str) -> dict[str, str]:
        return {"authorization": f"Bearer {secret}"}

    async with (
        httpx.AsyncClient(transport=transport, base_url="http://warroom.test") as client,
        demo.app.state.services[units.Tracker],
    ):
        own = bearer(known["devices"]["sim-engine-01"])
        let_in = await client.post("/osmand", data=form, headers=own)
        other = bearer(known["devices"]["sim-tanker-01"])
        refused = await client.post("/osmand", data=form, headers=other)
        counted = await client.post(
            "/api/traffic/counts", content=b"{}", headers=bearer(known["token"])
        )
        stranger = await client.post("/api/traffic/counts", content=b"{}")
        elsewhere = await client.get("/api/units", headers=bearer(known["token"]))
        beds = await client.post(
            "/api/dispatch/facilities/import",
            content=b"nama,lat,lon,igd\nRS Satu,-5.14,119.42,2\n",
            headers=bearer(known["beds"]),
        )

    assert (let_in.status_code, let_in.json()) == (200, {"taken": ["kept"]})
    assert refused.status_code == stranger.status_code == 401
    # Let in, and told that this is no list of counts.
    assert (counted.status_code, counted.json()["code"]) == (422, "traffic.bad_counts")
    assert (beds.status_code, beds.json()["added"]) == (200, 1)
    told = (
        "select count(*) from dispatch_bed where source = 'program' and person_id is null"
        " and program = 'Simulasi tempat tidur rumah sakit'"
    )
    assert await demo.count(told) == 1
    assert elsewhere.status_code == 404
