"""The doors of the inventory: who gets in, and what a refusal says."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.requests import HTTPConnection

from tests.cameras.world import EVERYTHING, World
from tests.scopes import scope_of
from warroom.app.asgi import Wiring, create_app
from warroom.cameras import api, routes
from warroom.cameras.settings import CameraSettings
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer
from warroom.kernel.settings import NodeSettings
from warroom.places import routes as place_routes
from warroom.places.api import Atlas

HEADERS = {"x-warroom": "1", "accept-language": "en"}


@pytest.fixture
def client(
    world: World, tmp_path: Path, loop_runner: asyncio.Runner
) -> Iterator[httpx.AsyncClient]:
    settings = CameraSettings(allow_loopback=True, probe_timeout_s=1.0)
    scopes = {
        "police": world.police_admin,
        "viewer": world.police_viewer,
        "dishub": world.dishub_admin,
        "agencyless": world.agencyless,
        "auditor": scope_of(*world.police_admin.rules, person_id=new_id()),
    }

    async def authenticate(connection: HTTPConnection) -> Scope | None:
        return scopes.get(connection.headers.get("x-as", ""))

    app = create_app(
        Wiring(
            authenticator=authenticate,
            db=world.db,
            clock=world.clock,
            scope=world.system,
            holder="test",
            pages=tmp_path,
            routers=[routes.router, place_routes.router],
            services={
                NodeSettings: NodeSettings(data_dir=str(tmp_path)),
                Sealer: world.inventory.sealer,
                Atlas: world.inventory.atlas,
                CameraSettings: settings,
                api.Prober: api.open_prober(settings, world.clock),
            },
        )
    )
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://test",
        headers=HEADERS,
    )
    yield client
    loop_runner.run(client.aclose())


def body(world: World, number: int = 1, **more: Any) -> dict[str, Any]:
    return {**world.camera(number), "agency_id": str(world.police), **more}


PROBE = {"url": "rtsp://127.0.0.1:9/x"}


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("GET", "", None),
        ("GET", "/summary", None),
        ("GET", "/nearby?lat=-5&lon=119", None),
        ("GET", "/{id}", None),
        ("GET", "/by-number/1", None),
        ("GET", "/{id}/access", None),
        ("POST", "", {"name": "x"}),
        ("PATCH", "/{id}", {"version": 1, "name": "x"}),
        ("DELETE", "/{id}", None),
        ("POST", "/probe", PROBE),
        ("POST", "/import", {"type": "FeatureCollection", "features": []}),
    ],
)
async def test_strangers_get_401_and_people_without_agency_404(
    client: httpx.AsyncClient, world: World, method: str, path: str, content: Any
) -> None:
    camera_id = await world.add(1)
    url = "/api/cameras" + path.replace("{id}", str(camera_id))

    stranger = await client.request(method, url, json=content)
    nobody = await client.request(method, url, json=content, headers={"x-as": "agencyless"})

    assert stranger.status_code == 401
    assert nobody.status_code == 404
    assert (await world.shown(EVERYTHING, camera_id))["version"] == 1


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("GET", "/{id}", None),
        ("GET", "/by-number/1", None),
        ("GET", "/{id}/access", None),
        ("PATCH", "/{id}", {"version": 1, "name": "x"}),
        ("DELETE", "/{id}", None),
    ],
)
async def test_another_agencys_camera_is_as_absent_as_one_that_never_was(
    client: httpx.AsyncClient, world: World, method: str, path: str, content: Any
) -> None:
    camera_id = await world.add(1)
    answers = []
    for id_, number in ((camera_id, 1), (new_id(), 77)):
        url = "/api/cameras" + path.replace("{id}", str(id_)).replace("/1", f"/{number}")
        answers.append(await client.request(method, url, json=content, headers={"x-as": "dishub"}))

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert (await world.listed(EVERYTHING))["total"] == 1


async def test_a_camera_is_added_shown_changed_and_removed(
    client: httpx.AsyncClient, world: World
) -> None:
    police = {"x-as": "police"}
    stream = {"role": "main", "url": "rtsp://op:Rahasia@10.0.0.1/main"}
    added = await client.post(
        "/api/cameras", json=body(world, 3, streams=[stream], place="Tiang 14"), headers=police
    )
    url = f"/api/cameras/{added.json()['id']}"

    changed = await client.patch(
        url, json={"version": 1, "name": "Baru", "height_m": 6.5}, headers=police
    )
    emptied = await client.patch(url, json={"version": 2, "height_m": None}, headers=police)
    late = await client.patch(url, json={"version": 1, "name": "Lama"}, headers=police)
    seen = await client.get(url, headers={"x-as": "viewer"})
    removed = await client.delete(url + "?reason=diganti", headers=police)
    gone = await client.get(url, headers=police)

    assert added.status_code == 201
    assert (added.json()["place"], added.json()["version"]) == ("Tiang 14", 1)
    assert "Rahasia" not in added.text
    assert (changed.json()["name"], changed.json()["height_m"]) == ("Baru", 6.5)
    assert "height_m" not in emptied.json()
    assert (late.status_code, late.json()["code"]) == (409, "cameras.changed_meanwhile")
    assert (seen.json()["name"], seen.json()["streams"]) == ("Baru", None)
    assert (removed.status_code, gone.status_code) == (204, 404)


async def test_a_camera_tells_what_the_asker_may_do_with_it_and_no_more(world: World) -> None:
    camera_id = await world.add(1)
    admin, viewer = [
        (await world.shown(scope, camera_id))["can"]
        for scope in (world.police_admin, world.police_viewer)
    ]

    assert "camera:view" in viewer
    assert "camera:configure" in admin
    assert "camera:configure" not in viewer


async def test_a_viewer_may_look_and_not_touch(client: httpx.AsyncClient, world: World) -> None:
    camera_id = await world.add(1)
    viewer = {"x-as": "viewer"}

    listed = await client.get("/api/cameras?limit=1000", headers=viewer)
    changed = await client.patch(
        f"/api/cameras/{camera_id}", json={"version": 1, "name": "x"}, headers=viewer
    )
    access = await client.get(f"/api/cameras/{camera_id}/access", headers=viewer)

    assert [item["id"] for item in listed.json()["items"]] == [str(camera_id)]
    assert (changed.status_code, access.status_code) == (404, 404)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"range_m": 3001}, "cameras.out_of_range"),
        ({"lat": 5.2}, "cameras.outside_city"),
        ({"name": " "}, "cameras.field_missing"),
        ({"agency_id": str(UUID(int=5))}, "cameras.unknown_agency"),
        ({"streams": [{"role": "main", "url": "http://x/"}]}, "cameras.scheme"),
        (
            {"streams": [{"role": "main", "url": "rtsp://169.254.1.1/"}]},
            "cameras.forbidden_address",
        ),
        ({"streams": [{"role": "sub", "url": "rtsp://10.0.0.1/"}]}, "cameras.field_missing"),
        ({"colour": "red"}, "invalid"),
        ({"streams": [{"role": "main", "url": "x" * 1300, "password": "Rahasia"}]}, "invalid"),
    ],
)
async def test_bad_input_is_a_clear_sentence_without_a_secret(
    client: httpx.AsyncClient, world: World, more: dict[str, Any], code: str
) -> None:
    answer = await client.post("/api/cameras", json=body(world, **more), headers={"x-as": "police"})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    assert problem["detail"]
    assert "{" not in problem["detail"]
    assert "Rahasia" not in answer.text
    assert (await world.listed(EVERYTHING))["total"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=99999999999999",
        "cursor=-1",
        "limit=0",
        "limit=5000",
        "state=happy",
        "agency=1",
        "q=" + "x" * 201,
    ],
)
async def test_a_question_that_cannot_be_read_is_refused(
    client: httpx.AsyncClient, world: World, query: str
) -> None:
    answer = await client.get(f"/api/cameras?{query}", headers={"x-as": "viewer"})

    assert answer.status_code == 422


async def test_odd_questions_find_nothing_and_break_nothing(
    client: httpx.AsyncClient, world: World
) -> None:
    await world.add(1)
    viewer = {"x-as": "viewer"}
    for query in ("q=%00", "q='; drop table camera --", "kecamatan=%00%00", "q=\\"):
        answer = await client.get(f"/api/cameras?{query}", headers=viewer)
        assert answer.status_code == 200
    for number in ("0", "-5", "99999999999999999999"):
        answer = await client.get(f"/api/cameras/by-number/{number}", headers=viewer)
        assert answer.status_code == 404


async def test_an_import_tells_row_field_and_sentence(
    client: httpx.AsyncClient, world: World
) -> None:
    content = (
        "number,name,lat,lon,owner,url\n1,A,-5.15,119.42,Polrestabes,\n2,B,99,119,Polrestabes,\n"
    )
    content += "3,C,-5.15,119.42,Polrestabes,ftp://op:Rahasia@x/\n"

    tried = await client.post(
        "/api/cameras/import?dry_run=1",
        content=content,
        headers={"x-as": "police", "content-type": "text/csv"},
    )
    done = await client.post(
        "/api/cameras/import",
        content=content,
        headers={"x-as": "police", "content-type": "text/csv"},
    )

    report = done.json()
    assert tried.json()["dry_run"] is True
    assert (report["added"], report["changed"], report["unchanged"]) == (1, 0, 0)
    assert report["rejected"] == [
        {
            "row": 3,
            "field": "lat",
            "code": "cameras.out_of_range",
            "message": "The field latitude must be between -90.0 and 90.0.",
            "value": "99.0",
        },
        {
            "row": 4,
            "field": "url",
            "code": "cameras.scheme",
            "message": "Only rtsp:// addresses are taken, not ftp://.",
            "value": None,
        },
    ]
    assert (await world.listed(EVERYTHING))["total"] == 1


async def test_a_body_without_end_is_cut_off(client: httpx.AsyncClient, world: World) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b"x" * (1 << 20)

    answer = await client.post("/api/cameras/import", content=endless(), headers={"x-as": "police"})

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("rtsp://127.0.0.1:9/x", "cameras.unreachable"),
        ("rtsp://169.254.169.254/x", "cameras.forbidden_address"),
        ("https://10.0.0.1/", "cameras.scheme"),
        ("rtsps://10.0.0.1/", "cameras.rtsps"),
        ("rtsp://tidak.ada/", "cameras.unknown_host"),
    ],
)
async def test_a_probe_names_the_cause_and_leaves_its_trace(
    client: httpx.AsyncClient, world: World, url: str, code: str
) -> None:
    answer = await client.post(
        "/api/cameras/probe",
        json={"url": url, "username": "op", "password": "Rahasia"},
        headers={"x-as": "police"},
    )

    told = answer.json()
    assert (answer.status_code, told["ok"], told["code"]) == (200, False, code)
    assert told["message"]
    assert "{" not in told["message"]
    traces = await world.rows("select detail from audit_entry where action = 'camera:probed'")
    assert len(traces) == 1
    assert "Rahasia" not in repr(traces) + answer.text


async def test_who_runs_a_camera_reads_who_looked_at_it(
    client: httpx.AsyncClient, world: World
) -> None:
    camera_id = await world.add(1)

    answer = await client.get(f"/api/cameras/{camera_id}/access", headers={"x-as": "auditor"})

    assert answer.status_code == 200
    assert answer.json() == {"items": []}


async def test_every_error_has_a_sentence_in_both_languages() -> None:
    from warroom.cameras import errors
    from warroom.kernel.errors import WarRoomError
    from warroom.kernel.i18n import catalogue

    codes = {
        kind.code
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, WarRoomError)
        and kind.code.startswith("cameras.")
    }
    for language in ("id", "en"):
        assert not {f"error.{code}" for code in codes} - set(catalogue(language))
