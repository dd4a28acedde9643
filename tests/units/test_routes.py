"""The doors of units and of their devices: who gets in, and what a refusal says."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import HTTPConnection

from tests.units.world import World
from warroom.app.asgi import Wiring, create_app
from warroom.kernel.scope import Scope
from warroom.units import routes
from warroom.units.api import Fleet, Tracker


@pytest.fixture
def client(
    world: World, tmp_path: Path, loop_runner: asyncio.Runner
) -> Iterator[httpx.AsyncClient]:
    scopes = {"fire": world.fire_admin, "viewer": world.fire_viewer, "police": world.police_admin}

    async def authenticate(connection: HTTPConnection) -> Scope | None:
        return scopes.get(connection.headers.get("x-as", ""))

    app = create_app(
        Wiring(
            authenticator=authenticate,
            db=world.db,
            clock=world.clock,
            scope=world.nobody,
            holder="test",
            pages=tmp_path,
            routers=routes.routers,
            services={Fleet: world.fleet, Tracker: world.tracker},
        )
    )
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test"
    )
    loop_runner.run(world.tracker.__aenter__())
    yield client
    loop_runner.run(client.aclose())
    loop_runner.run(world.tracker.__aexit__())


def body(world: World, **more: Any) -> dict[str, Any]:
    return world.values(agency_id=str(world.fire), **more)


async def made(client: httpx.AsyncClient, world: World, **more: Any) -> tuple[str, str]:
    unit = await client.post("/api/units", json=body(world, **more), headers={"x-as": "fire"})
    assert unit.status_code == 201, unit.text
    key = await client.post(f"/api/units/{unit.json()['id']}/key", headers={"x-as": "fire"})
    assert key.status_code == 201, key.text
    return unit.json()["id"], key.json()["key"]


HERE = {"lat": "0.00001", "lon": "119.4025", "speed": "20", "bearing": "90"}


@pytest.mark.parametrize("how", ["query", "form", "bearer", "joined", "json"])
async def test_a_device_is_heard_in_each_form(
    client: httpx.AsyncClient, world: World, how: str
) -> None:
    unit, key = await made(client, world)
    if how == "json":
        location = {"coords": {"latitude": 0.00001, "longitude": 119.4025, "speed": 10}}
        answer = await client.post(
            "/osmand", params={"key": key}, json={"location": location, "device_id": "gps-1"}
        )
    elif how == "form":
        answer = await client.post("/osmand", data={"id": "gps-1", "key": key, **HERE})
    elif how == "bearer":
        answer = await client.get(
            "/osmand",
            params={"id": "gps-1", **HERE},
            headers={"authorization": f"Bearer {key}"},
        )
    elif how == "joined":
        answer = await client.get("/osmand", params={"id": f"gps-1.{key}", **HERE})
    else:
        answer = await client.get("/osmand", params={"id": "gps-1", "key": key, **HERE})

    assert (answer.status_code, answer.json()) == (200, {"taken": ["kept"]})
    shown = await client.get(f"/api/units/{unit}", headers={"x-as": "viewer"})
    assert shown.json()["position"]["road"] == "Jl. Lurus"


async def test_strangers_are_told_nothing_of_devices_or_of_what_was_wrong(
    client: httpx.AsyncClient, world: World
) -> None:
    _, key = await made(client, world)
    await made(client, world, name="Damkar 2", device="gps-2")
    asked = [
        {"id": "gps-1", "key": "x", **HERE},
        {"id": "gps-9", "key": key, **HERE},
        {"id": "gps-2", "key": key, **HERE},
        {"id": "gps-1"},
        {},
    ]

    answers = [await client.get("/osmand", params=one) for one in asked]

    assert [answer.status_code for answer in answers] == [401] * 5
    assert len({answer.text for answer in answers}) == 1


async def test_what_cannot_be_read_is_told_to_the_device(
    client: httpx.AsyncClient, world: World
) -> None:
    _, key = await made(client, world)

    answer = await client.get("/osmand", params={"id": "gps-1", "key": key, "lat": "x"})

    assert (answer.status_code, answer.json()["code"]) == (422, "units.bad_fix")


async def test_another_agency_meets_nothing(client: httpx.AsyncClient, world: World) -> None:
    unit, _ = await made(client, world)
    who = {"x-as": "police"}

    answers = [
        await client.get(f"/api/units/{unit}", headers=who),
        await client.patch(f"/api/units/{unit}", json={"version": 1, "crew": 2}, headers=who),
        await client.post(f"/api/units/{unit}/key", headers=who),
        await client.delete(f"/api/units/{unit}", headers=who),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert (await client.get("/api/units", headers=who)).json()["total"] == 0
    assert (await client.get("/api/units/positions", headers=who)).json() == {"items": []}


async def test_a_viewer_sees_no_device_and_changes_nothing(
    client: httpx.AsyncClient, world: World
) -> None:
    unit, _ = await made(client, world)

    shown = (await client.get(f"/api/units/{unit}", headers={"x-as": "viewer"})).json()
    changed = await client.patch(
        f"/api/units/{unit}", json={"version": 2, "crew": 2}, headers={"x-as": "viewer"}
    )

    assert (shown["device"], shown["key_made_at"], shown["can"]) == (None, None, ["unit:view"])
    assert changed.status_code == 404


async def test_a_change_needs_the_newest_version_and_another_device_another_key(
    client: httpx.AsyncClient, world: World
) -> None:
    unit, key = await made(client, world)
    url, who = f"/api/units/{unit}", {"x-as": "fire"}

    stale = await client.patch(url, json={"version": 1, "crew": 2}, headers=who)
    moved = await client.patch(url, json={"version": 2, "device": "gps-7"}, headers=who)
    await world.tracker._forget(None)  # type: ignore[arg-type]
    answer = await client.get("/osmand", params={"id": "gps-7", "key": key, **HERE})

    assert stale.json()["code"] == "units.changed_meanwhile"
    assert (moved.json()["device"], moved.json()["key_made_at"]) == ("gps-7", None)
    assert answer.status_code == 401


async def test_callsigns_are_unique_in_an_agency_and_devices_in_the_city(
    client: httpx.AsyncClient, world: World
) -> None:
    await made(client, world)

    name = await client.post(
        "/api/units", json=body(world, name="DAMKAR 1", device="gps-2"), headers={"x-as": "fire"}
    )
    device = await client.post(
        "/api/units",
        json=body(world) | {"agency_id": str(world.police), "name": "Damkar 1"},
        headers={"x-as": "police"},
    )

    assert (name.status_code, device.status_code) == (409, 409)


async def test_a_removed_unit_is_gone_and_its_device_a_stranger(
    client: httpx.AsyncClient, world: World
) -> None:
    unit, key = await made(client, world)
    await client.get("/osmand", params={"id": "gps-1", "key": key, **HERE})

    gone = await client.delete(f"/api/units/{unit}", headers={"x-as": "fire"})
    await world.tracker._forget(None)  # type: ignore[arg-type]
    answer = await client.get("/osmand", params={"id": "gps-1", "key": key, **HERE})

    assert (gone.status_code, answer.status_code) == (204, 401)
    assert (await client.get("/api/units", headers={"x-as": "fire"})).json()["total"] == 0
    assert await world.rows("select from unit_position") == []
    # In order of time: entries lie in several chains.
    rows = await world.rows("select action from audit_entry order by recorded_at")
    assert [row["action"] for row in rows if row["action"].startswith("unit:")] == [
        "unit:added",
        "unit:key_made",
        "unit:removed",
    ]


async def test_no_plate_and_no_key_is_in_the_audit(client: httpx.AsyncClient, world: World) -> None:
    unit, key = await made(client, world)
    await client.patch(
        f"/api/units/{unit}", json={"version": 2, "plate": "DD 9 Z"}, headers={"x-as": "fire"}
    )

    kept = str(await world.rows("select to_jsonb(a) from audit_entry a"))

    assert "plate" in kept
    assert not any(secret in kept for secret in ("DD 9 Z", "DD 8001 XX", key))
