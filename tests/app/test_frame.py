"""The frame around every route: guards, errors in the asker's language, limits, headers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import BaseModel
from starlette.requests import HTTPConnection
from starlette.responses import Response

from tests.scopes import scope_of
from warroom.app.asgi import Wiring, create_app, declared
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.errors import Kind, WarRoomError
from warroom.kernel.http import PUBLIC, SIGNED_IN, Ctx, Router, json_response
from warroom.kernel.scope import Rule, Scope
from warroom.kernel.settings import NodeSettings


class TooSoonError(WarRoomError):
    """An error of a domain."""

    code = "unavailable"
    kind = Kind.LIMITED


class Thing(BaseModel, extra="forbid"):
    name: str


def things() -> Router:
    router = Router("things")

    @router.get("/open", action=PUBLIC)
    async def open_thing(ctx: Ctx) -> Response:
        return json_response({"signed_in": ctx.scope.person_id is not None})

    @router.get("/mine", action=SIGNED_IN)
    async def mine(ctx: Ctx) -> Response:
        return json_response({"language": ctx.language})

    @router.get("/seen", action="thing:view")
    async def seen(ctx: Ctx) -> Response:
        return json_response([1, 2])

    @router.post("", action="thing:view")
    async def add(ctx: Ctx, thing: Thing) -> Response:
        return json_response({"name": thing.name}, 201)

    @router.get("/soon", action=PUBLIC)
    async def soon(ctx: Ctx) -> Response:
        raise TooSoonError(wait_s=4)

    @router.get("/broken", action=PUBLIC)
    async def broken(ctx: Ctx) -> Response:
        raise RuntimeError("the secret inside")

    return router


SCOPES = {
    "viewer": scope_of(Rule(frozenset({"thing:view"}))),
    "nobody": scope_of(),
}


async def authenticate(connection: HTTPConnection) -> Scope | None:
    return SCOPES.get(connection.headers.get("x-as", ""))


@pytest.fixture
def client(
    clock: FixedClock, loop_runner: asyncio.Runner, tmp_path: Path
) -> Iterator[httpx.AsyncClient]:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>War Room</title>")
    (tmp_path / "assets" / "a.js").write_text("1")
    (tmp_path / "worker.js").write_text("1")
    (tmp_path / "manifest.webmanifest").write_text("{}")
    app = create_app(
        Wiring(
            authenticator=authenticate,
            db=Database("host=/nonexistent user=x dbname=x", wait_s=0.1),
            clock=clock,
            scope=scope_of(Rule(frozenset({"*"}))),
            holder="test",
            pages=tmp_path,
            routers=[things()],
            services={NodeSettings: NodeSettings(data_dir=str(tmp_path))},
        )
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://test")
    yield client
    loop_runner.run(client.aclose())


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        ("/api/things/open", "", 200),
        ("/api/things/mine", "", 401),
        ("/api/things/mine", "nobody", 200),
        ("/api/things/seen", "", 401),
        ("/api/things/seen", "nobody", 404),
        ("/api/things/seen", "viewer", 200),
        ("/api/things/none", "viewer", 404),
        ("/ws", "viewer", 404),
    ],
)
async def test_each_guard_lets_in_whom_it_names(
    client: httpx.AsyncClient, path: str, who: str, status: int
) -> None:
    answer = await client.get(path, headers={"x-as": who})

    assert answer.status_code == status


async def test_a_stranger_is_refused_before_the_body_is_judged(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/things", json={"no": "name"})

    assert answer.status_code in (401, 422)
    assert "name" not in answer.json()["detail"]


async def test_an_error_is_told_in_the_askers_language(client: httpx.AsyncClient) -> None:
    details = {
        language: (
            await client.get("/api/things/mine", headers={"accept-language": language})
        ).json()["detail"]
        for language in ("id-ID,id;q=0.9", "en")
    }

    assert details == {
        "id-ID,id;q=0.9": "Silakan masuk dulu.",
        "en": "Please sign in first.",
    }


async def test_a_problem_has_its_stable_code_and_type(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/things/soon")

    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["code"] == "unavailable"


async def test_nothing_internal_leaks(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/things/broken")

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert len(answer.json()["params"]["reference"]) == 12


async def test_unreadable_input_names_its_fields_and_not_their_values(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/api/things", json={"nane": "hush"}, headers={"x-as": "viewer"})

    assert answer.status_code == 422
    assert {item["field"] for item in answer.json()["params"]["fields"]} == {"name", "nane"}
    assert "hush" not in answer.text


async def test_a_body_beyond_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/things", content=b"x" * (2 << 20), headers={"x-as": "viewer"})

    assert answer.status_code == 413


async def test_every_page_address_gets_the_page_and_keeps_the_browser_strict(
    client: httpx.AsyncClient,
) -> None:
    page, asset = await client.get("/kamera/214"), await client.get("/assets/a.js")

    assert "War Room" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-cache"
    assert "immutable" in asset.headers["cache-control"]


async def test_what_the_phone_installs_is_asked_anew_and_may_reach_all_of_its_pages(
    client: httpx.AsyncClient,
) -> None:
    worker = await client.get("/worker.js")
    manifest = await client.get("/manifest.webmanifest")

    for answer, kind in ((worker, "text/javascript"), (manifest, "application/manifest+json")):
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["cache-control"] == "no-cache"
        assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/..%2f..%2fetc/passwd", "/assets/%2e%2e/%2e%2e/x", "//etc/passwd"]
)
async def test_no_path_leads_out_of_the_pages(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert "root:" not in answer.text


async def test_metrics_are_for_this_machine(client: httpx.AsyncClient) -> None:
    here = await client.get("http://127.0.0.1:8112/metrics")
    proxied = [
        await client.get("http://127.0.0.1:8112/metrics", headers={name: value})
        for name, value in (
            ("x-forwarded-for", "10.0.0.1"),
            ("forwarded", "for=10.0.0.1"),
            ("via", "1.1 proxy"),
            ("host", "warroom.test"),
        )
    ]

    assert here.status_code == 200
    assert "warroom_http_requests_total" in here.text
    assert [404] * 4 == [answer.status_code for answer in proxied]


async def test_health_names_what_is_lacking(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "degraded",
        "lacks": ["database", "media", "webrtc", "calls"],
    }


def test_a_route_without_an_action_word_cannot_be_written() -> None:
    router = Router("things")

    with pytest.raises(TypeError):
        router.get("/x", action="view")(lambda: None)


def test_the_declared_routes_are_all_there(clock: FixedClock, tmp_path: Path) -> None:
    app = create_app(
        Wiring(
            authenticator=authenticate,
            db=Database("host=/nonexistent user=x dbname=x"),
            clock=clock,
            scope=scope_of(),
            holder="test",
            pages=tmp_path,
            routers=[things()],
        )
    )

    assert {route.path for route in declared(app)} >= {"/api/things/seen", "/ws", "/healthz"}
