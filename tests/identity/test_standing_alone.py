"""Who is still known while the database is away, and where: what stands alone goes on for them."""

import asyncio
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response

from tests.identity.conftest import City, Clients, signed_in
from warroom.app.asgi import Wiring, create_app
from warroom.identity import api
from warroom.identity import routes as identity_routes
from warroom.kernel.http import SIGNED_IN, Ctx, Router, json_response


@pytest.fixture
def app(city: City, services: dict[type, object], tmp_path: Path) -> FastAPI:
    router = Router("standing")

    @router.get("/alone", action=SIGNED_IN, stands_alone=True)
    async def alone(ctx: Ctx) -> Response:
        return json_response({"who": ctx.scope.label, "address": ctx.scope.address})

    @router.post("/alone", action="camera:view", stands_alone=True)
    async def do_alone(ctx: Ctx) -> Response:
        return json_response({"who": ctx.scope.label})

    @router.get("/leaning", action=SIGNED_IN)
    async def leaning(ctx: Ctx) -> Response:
        return json_response({"who": ctx.scope.label})

    return create_app(
        Wiring(
            authenticator=city.authenticator,
            db=city.db,
            clock=city.clock,
            scope=city.system,
            holder="test",
            pages=tmp_path,
            routers=[*identity_routes.routers, router],
            services=services,
        )
    )


async def alone(client: httpx.AsyncClient) -> int:
    return (await client.get("/api/standing/alone")).status_code


async def test_who_was_known_goes_on_where_a_route_stands_alone(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client, signed_in(browser, "magang") as poor:
        assert [await alone(one) for one in (client, poor)] == [200, 200]
        city.db.is_away = True
        told = await client.get("/api/standing/alone")

        # The words of the rights still hold: what somebody may not, they may not now either.
        done = await client.post("/api/standing/alone")
        refused = await poor.post("/api/standing/alone")
        # The database is in truth there, so a route that leans on it answers as always.
        assert (await client.get("/api/standing/leaning")).status_code == 200

    assert (told.json()["who"], done.status_code, refused.status_code) == ("Polisi", 200, 404)


async def test_a_stranger_and_one_signed_out_are_told_to_wait(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        thief = browser()
        thief.cookies.set("warroom_session", client.cookies["warroom_session"])
        assert await alone(client) == 200
        await client.delete("/api/session")
        city.db.is_away = True

        said = await thief.get("/api/standing/alone")
        nobody = await browser().get("/api/standing/alone")

    assert [one.status_code for one in (said, nobody)] == [503, 503]
    assert said.json()["code"] == "kernel.database_away"


async def test_rights_that_changed_before_it_went_forget_whom_they_were_not_read_for(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client, signed_in(browser, "admin") as admin:
        assert [await alone(one) for one in (client, admin)] == [200, 200]
        async with city.db.transaction(city.system) as tx:
            # As another process would: this one is not told to forget.
            new = api.NewPerson("baru", "Baru", None, roles={"view": "own"})
            await api.ensure_people(city.system, tx, [new])
        assert await alone(admin) == 200
        city.db.is_away = True

        assert [await alone(one) for one in (client, admin)] == [503, 200]


async def test_a_session_ends_at_its_end_and_when_nobody_uses_it(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client, signed_in(browser, "operator") as idle:
        assert [await alone(one) for one in (client, idle)] == [200, 200]
        city.db.is_away = True
        used = []
        for _ in range(12):
            city.clock.advance(3600)
            used.append(await alone(client))

        assert used == [200] * 11 + [503]
        assert await alone(idle) == 503


async def test_tokens_and_pages_of_other_sites_are_not_recalled(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        assert await alone(client) == 200
        city.db.is_away = True
        token = await client.get(
            "/api/standing/alone", headers={"authorization": "Bearer wr_" + "x" * 43}
        )
        foreign = await client.post("/api/standing/alone", headers={"origin": "http://evil.test"})

    assert (token.status_code, foreign.status_code) == (503, 403)


async def test_a_database_that_neither_answers_nor_breaks_is_away_soon(
    city: City, browser: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warroom.kernel.db.SOON_S", 0.05)
    frozen = asyncio.Event()

    async def never(*_: object) -> int:
        await frozen.wait()
        return 0

    async with signed_in(browser, "polisi") as client:
        assert await alone(client) == 200
        monkeypatch.setattr(city.authenticator, "_current_version", never)

        assert await alone(client) == 200
        assert city.db.is_away
        frozen.set()
