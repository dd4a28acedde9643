"""Sessions and tokens: who is taken for whom, for how long, and from which pages."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from tests.identity.conftest import PASSWORD, City, Clients, signed_in
from warroom.identity import api
from warroom.identity.settings import IdentitySettings
from warroom.kernel.db import Database
from warroom.kernel.scope import _Judgement


async def test_nobody_is_anybody_without_a_session(browser: Clients) -> None:
    client = browser()
    client.cookies.set("warroom_session", "wrs_" + "x" * 43)

    assert (await client.get("/api/session")).status_code == 401
    assert (await browser().get("/api/session")).status_code == 401


async def test_a_session_ends_after_its_hours_even_in_use(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        statuses = []
        for _ in range(13):
            city.clock.advance(3600)
            statuses.append((await client.get("/api/session")).status_code)

    assert statuses == [200] * 11 + [401] * 2


async def test_a_session_ends_when_nobody_uses_it(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        city.clock.advance(2 * 3600 + 1)

        assert (await client.get("/api/session")).status_code == 401


async def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(
    browser: Clients,
) -> None:
    async with signed_in(browser, "polisi") as client:
        thief = browser()
        thief.cookies.set("warroom_session", client.cookies["warroom_session"])
        assert (await thief.get("/api/session")).status_code == 200

        assert (await client.delete("/api/session")).status_code == 204

        assert (await thief.get("/api/session")).status_code == 401


async def test_the_secret_of_a_session_is_not_in_the_database(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi"), city.db.transaction(city.system) as tx:
        with pytest.raises(Exception, match="permission denied"):
            await tx.execute("select token_hash from session")


CHANGING = [
    ({"x-warroom": ""}, 403),
    ({"x-warroom": "1", "origin": "http://evil.test"}, 403),
    ({"x-warroom": "1", "origin": "null"}, 403),
    ({"x-warroom": "1", "sec-fetch-site": "cross-site"}, 403),
    ({"x-warroom": "1", "sec-fetch-site": "same-site"}, 403),
    ({"x-warroom": "1", "origin": "http://warroom.test"}, 200),
    ({"x-warroom": "1", "sec-fetch-site": "same-origin"}, 200),
    ({"x-warroom": "1"}, 200),
]


@pytest.mark.parametrize(("headers", "status"), CHANGING)
async def test_a_foreign_page_cannot_change_anything_with_somebodys_cookie(
    browser: Clients, headers: dict[str, str], status: int
) -> None:
    async with signed_in(browser, "polisi") as client:
        answer = await client.patch("/api/session", json={"language": "en"}, headers=headers)

    assert answer.status_code == status


async def test_a_foreign_page_cannot_sign_somebody_in(browser: Clients) -> None:
    answer = await browser().post(
        "/api/session",
        json={"login": "polisi", "password": PASSWORD},
        headers={"origin": "http://evil.test"},
    )

    assert answer.status_code == 403


async def test_reading_needs_no_header(browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        answer = await client.get("/api/session", headers={"x-warroom": ""})

    assert answer.status_code == 200


async def test_a_change_of_rights_bites_at_the_next_request(city: City, browser: Clients) -> None:
    async with signed_in(browser, "regu") as client, signed_in(browser, "kapten") as captain:
        before = (await client.get("/api/session")).json()["actions"]
        url = f"/api/people/{city.people['regu']}"
        version = (await captain.get(url)).json()["version"]
        answer = await captain.patch(url, json={"version": version, "roles": []})

        after = await client.get("/api/session")

    assert answer.status_code == 200, answer.text
    assert "live:view" in before
    assert after.json()["actions"] == []


async def test_a_person_who_is_stopped_is_out_at_once(city: City, browser: Clients) -> None:
    async with signed_in(browser, "regu") as client, signed_in(browser, "kapten") as captain:
        await client.get("/api/session")
        url = f"/api/people/{city.people['regu']}"
        answer = await captain.patch(url, json={"version": 1, "is_active": False})

        status = (await client.get("/api/session")).status_code

    assert answer.status_code == 200, answer.text
    assert status == 401


async def test_another_process_notices_within_its_remembered_time(city: City) -> None:
    """Two authenticators are two processes: what one changes, the other learns by the version."""
    opened = await city.doorkeeper.sign_in("polisi", PASSWORD, None, "")
    other = api.Authenticator(city.db, city.clock, IdentitySettings(remember_s=1.0))
    request = connection_with(opened.token)
    assert await other(request) is not None
    await city.doorkeeper.sign_out(opened.scope)

    remembered = await other(request)
    city.clock.advance(1.0)

    assert remembered is not None
    assert await other(request) is None


async def test_a_change_of_rights_wakes_every_process_without_waiting(city: City) -> None:
    """Neither process asks again by itself here: the database has to tell them."""
    other = api.Authenticator(city.db, city.clock, IdentitySettings(remember_s=1e9))
    opened = await city.doorkeeper.sign_in("polisi", PASSWORD, None, "")
    request = connection_with(opened.token)
    before = await other(request)
    listens, told = asyncio.Event(), asyncio.Event()

    async def recheck() -> None:
        told.set()

    async def listen(*_: object) -> AsyncIterator[None]:
        async for _ in Database.listen(city.db, "warroom_rights", poll_s=1e6):
            yield
            listens.set()  # the version of before is read; what comes now is new

    city.db.listen = listen  # type: ignore[method-assign, assignment]
    watch = asyncio.create_task(other.watch([recheck]))
    try:
        await asyncio.wait_for(listens.wait(), 10)
        grant = api.NewGrant(
            ("recording:export",),
            "uji",
            person_id=city.people["polisi"],
            agencies=(city.agencies["Damkar"],),
        )
        async with city.db.transaction(city.system) as tx:
            await api.create_grant(city.system, tx, grant)
        await asyncio.wait_for(told.wait(), 10)
    finally:
        watch.cancel()
    after = await other(request)

    assert before is not None
    assert not before.may("recording:export")
    assert after is not None
    assert after.may("recording:export")


async def test_a_remembered_scope_costs_no_query(city: City) -> None:
    opened = await city.doorkeeper.sign_in("polisi", PASSWORD, None, "")
    authenticator = api.Authenticator(city.db, city.clock, IdentitySettings(remember_s=1.0))
    request = connection_with(opened.token)
    first = await authenticator(request)
    await city.db.close()

    second = await authenticator(request)

    assert first == second


def worked_out() -> int:
    gc.collect()
    return sum(isinstance(one, _Judgement) for one in gc.get_objects())


async def test_what_was_worked_out_for_those_who_ask_no_more_is_let_go_of(city: City) -> None:
    authenticator = api.Authenticator(city.db, city.clock, IdentitySettings())
    tokens = [(await city.doorkeeper.sign_in("polisi", PASSWORD, None, "")).token for _ in range(6)]
    before = worked_out()
    for token in tokens:
        scope = await authenticator(connection_with(token))
        assert scope is not None
        assert scope.may("camera:view")
    del scope
    after = worked_out()

    city.clock.advance(120)
    scope = await authenticator(connection_with(tokens[0]))

    assert scope is not None
    assert scope.may("camera:view")
    assert 6 == after - before
    assert 1 == worked_out() - before


async def test_the_time_of_a_remembered_scope_is_the_time_of_the_request(city: City) -> None:
    request = connection_with((await city.doorkeeper.sign_in("polisi", PASSWORD, None, "")).token)
    first = await city.authenticator(request)
    city.clock.advance(20)

    second = await city.authenticator(request)

    assert first is not None
    assert second is not None
    assert (second.at - first.at).total_seconds() == 20


async def test_a_grant_that_ends_while_it_is_remembered_ends_all_the_same(city: City) -> None:
    fire = city.agencies["Damkar"]
    async with city.db.transaction(city.system) as tx:
        from datetime import timedelta

        await api.create_grant(
            city.system,
            tx,
            api.NewGrant(
                ("live:view",),
                "uji",
                person_id=city.people["polisi"],
                agencies=(fire,),
                ends_at=city.clock.now() + timedelta(seconds=10),
            ),
        )
    opened = await city.doorkeeper.sign_in("polisi", PASSWORD, None, "")
    request = connection_with(opened.token)
    before = await city.authenticator(request)
    assert before is not None
    could = before.allows("live:view", agency_id=fire)
    city.clock.advance(10)

    after = await city.authenticator(request)

    assert after is not None
    assert (could, after.allows("live:view", agency_id=fire)) == (True, False)


async def test_a_socket_that_only_stays_open_does_not_keep_its_session_alive(
    city: City,
) -> None:
    opened = await city.doorkeeper.sign_in("polisi", PASSWORD, None, "")
    socket = connection_with(opened.token, kind="websocket")
    answers = []
    for _ in range(5):
        city.clock.advance(1800)
        answers.append(await city.authenticator(socket) is not None)

    assert answers == [True, True, True, False, False]


async def test_a_socket_from_a_foreign_page_is_refused(city: City) -> None:
    opened = await city.doorkeeper.sign_in("polisi", PASSWORD, None, "")
    socket = connection_with(opened.token, kind="websocket", origin="http://evil.test")

    with pytest.raises(Exception, match=r"identity\.foreign_origin"):
        await city.authenticator(socket)


def connection_with(token: str, kind: str = "http", origin: str = "") -> "object":
    from starlette.requests import HTTPConnection

    headers = [(b"cookie", f"warroom_session={token}".encode()), (b"host", b"warroom.test")]
    if origin:
        headers.append((b"origin", origin.encode()))
    scope = {
        "type": kind,
        "method": "GET",
        "path": "/",
        "headers": headers,
        "client": ("10.0.0.1", 1),
    }
    return HTTPConnection(scope)
