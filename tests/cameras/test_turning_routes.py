"""The doors of turning cameras: what they answer when it goes well, and when it does not."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from starlette.requests import HTTPConnection

from simcity.onvif.door import OnvifDoor
from tests.cameras.test_turning import CAMERA, LOGIN, UNITS, add, mover
from tests.cameras.world import World
from warroom.app.asgi import Wiring, create_app
from warroom.cameras import api, routes
from warroom.cameras.contracts import MOVE, OVERRIDE
from warroom.cameras.settings import CameraSettings
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer
from warroom.kernel.settings import NodeSettings
from warroom.places.api import Atlas


@pytest.fixture
def door() -> Iterator[OnvifDoor]:
    with OnvifDoor([CAMERA, UNITS], login=LOGIN, only_units=frozenset([UNITS])) as serving:
        yield serving


@pytest.fixture
def here(world: World) -> World:
    allowing = replace(world.inventory.settings, allow_loopback=True, ptz_timeout_s=2.0)
    return replace(world, inventory=replace(world.inventory, settings=allowing))


@pytest.fixture
def client(here: World, tmp_path: Path, loop_runner: asyncio.Runner) -> Iterator[httpx.AsyncClient]:
    speaking = api.Turner(here.inventory.settings)
    scopes = {
        "ani": mover(here, "Ani"),
        "boss": mover(here, "Citra", MOVE, OVERRIDE, "camera:configure"),
        "viewer": here.police_viewer,
        "stranger": mover(replace(here, police=here.dishub), "Orang lain"),
    }

    async def authenticate(connection: HTTPConnection) -> Scope | None:
        return scopes.get(connection.headers.get("x-as", ""))

    app = create_app(
        Wiring(
            authenticator=authenticate,
            db=here.db,
            clock=here.clock,
            scope=here.system,
            holder="test",
            pages=tmp_path,
            routers=routes.routers,
            services={
                NodeSettings: NodeSettings(data_dir=str(tmp_path)),
                Sealer: here.inventory.sealer,
                Atlas: here.inventory.atlas,
                CameraSettings: here.inventory.settings,
                api.Turner: speaking,
            },
        )
    )
    made = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://test",
        headers={"x-warroom": "1", "accept-language": "en"},
    )
    yield made
    loop_runner.run(speaking.close())
    loop_runner.run(made.aclose())


async def asked(
    client: httpx.AsyncClient,
    method: str,
    camera: UUID,
    path: str = "",
    who: str = "ani",
    **more: object,
) -> httpx.Response:
    address = f"/api/cameras/{camera}/ptz{path}"
    return await client.request(method, address, headers={"x-as": who}, json=more or None)


async def test_a_camera_is_looked_at_moved_and_let_go(
    client: httpx.AsyncClient, here: World, door: OnvifDoor
) -> None:
    camera = await add(here, door)

    look = (await asked(client, "GET", camera, "/camera")).json()
    moved = await asked(client, "POST", camera, "/move", pan=1)
    grip = (await asked(client, "GET", camera)).json()
    sent = await asked(client, "POST", camera, "/preset", token="2")
    freed = await asked(client, "DELETE", camera, "/hold")

    assert (True, True, 90.0) == (look["ok"], look["is_measured"], look["bearing_deg"])
    assert [204, 204, 204] == [one.status_code for one in (moved, sent, freed)]
    assert ("Ani", True) == (grip["held"]["name"], grip["held"]["is_mine"])
    assert (await asked(client, "GET", camera)).json()["held"] is None
    assert "turn" == door.heads[CAMERA].told[1]


async def test_somebody_else_is_told_who_has_it_and_takes_it_over_with_a_reason(
    client: httpx.AsyncClient, here: World, door: OnvifDoor
) -> None:
    camera = await add(here, door)
    await asked(client, "POST", camera, "/hold", reserve=True)

    refused = await asked(client, "POST", camera, "/move", who="boss", pan=1)
    unsaid = await asked(client, "POST", camera, "/hold", who="boss", take_over=True)
    taken = await asked(
        client, "POST", camera, "/hold", who="boss", take_over=True, reason="Kebakaran"
    )
    outranked = await asked(client, "POST", camera, "/move", pan=1)

    assert (409, "cameras.ptz_held") == (refused.status_code, refused.json()["code"])
    assert "Ani has the camera in hand" in refused.json()["detail"]
    assert "cameras.ptz_reason" == unsaid.json()["code"]
    assert taken.json()["held"]["is_mine"]
    assert (409, "cameras.ptz_rank") == (outranked.status_code, outranked.json()["code"])
    assert [] == door.heads[CAMERA].told


async def test_a_place_is_turned_to_or_why_not_is_told(
    client: httpx.AsyncClient, here: World, door: OnvifDoor
) -> None:
    measured, unmeasured = await add(here, door), await add(here, door, UNITS)
    place = {"lat": -5.16, "lon": 119.421}

    turned = (await asked(client, "POST", measured, "/aim", **place)).json()
    not_yet = (await asked(client, "POST", unmeasured, "/aim", **place)).json()
    said = await asked(client, "PUT", unmeasured, "/presets/3/bearing", who="boss", bearing_deg=170)
    now = (await asked(client, "POST", unmeasured, "/aim", **place)).json()

    assert ("turn", True) == (turned["by"], turned["is_seen"])
    assert (None, "not_measured") == (not_yet["by"], not_yet["why"])
    assert 204 == said.status_code
    assert ("preset", "Belakang", 10, True) == (
        now["by"],
        now["preset"],
        now["off_deg"],
        now["is_seen"],
    )


async def test_a_camera_that_is_away_is_an_answer_to_a_look_and_a_refusal_to_a_movement(
    client: httpx.AsyncClient, here: World, door: OnvifDoor
) -> None:
    camera = await add(here, door)
    await here.change(here.police_admin, camera, 1, control_url="http://127.0.0.1:9/onvif")

    look = (await asked(client, "GET", camera, "/camera")).json()
    moved = await asked(client, "POST", camera, "/move", pan=1)

    assert (False, "cameras.ptz_away") == (look["ok"], look["code"])
    assert "does not answer" in look["message"]
    assert (503, "cameras.ptz_away") == (moved.status_code, moved.json()["code"])
    assert "127.0.0.1:9" not in moved.text + str(look)


@pytest.mark.parametrize(("who", "status"), [("", 401), ("stranger", 404), ("viewer", 404)])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", {}),
        ("GET", "/camera", {}),
        ("POST", "/hold", {"reserve": True}),
        ("DELETE", "/hold", {}),
        ("POST", "/move", {"pan": 1}),
        ("POST", "/preset", {"token": "1"}),
        ("POST", "/aim", {"lat": -5.1, "lon": 119.4}),
    ],
)
async def test_nobody_else_gets_through(
    client: httpx.AsyncClient,
    here: World,
    door: OnvifDoor,
    who: str,
    status: int,
    method: str,
    path: str,
    body: dict[str, object],
) -> None:
    camera = await add(here, door)

    answer = await asked(client, method, camera, path, who=who, **body)

    assert status == answer.status_code
    assert [] == door.heads[CAMERA].told


@pytest.mark.parametrize("body", [{"pan": 2}, {"tilt": float("1e9")}, {"speed": 1}])
async def test_a_speed_is_within_what_a_camera_can(
    client: httpx.AsyncClient, here: World, door: OnvifDoor, body: dict[str, object]
) -> None:
    camera = await add(here, door)

    assert 422 == (await asked(client, "POST", camera, "/move", **body)).status_code
