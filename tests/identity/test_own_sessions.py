"""Open sessions: seen by their owner and by those with the right, ended at once."""

import json

import pytest
from fastapi import FastAPI

from tests.app.asgi_socket import open_socket
from tests.identity.conftest import City, Clients, signed_in
from tests.listening import until_listened
from warroom.identity import api
from warroom.kernel.realtime import Hub


async def test_one_sees_ones_own_open_sessions_with_device_and_address(
    city: City, browser: Clients
) -> None:
    await city.doorkeeper.sign_in("polisi", "kuda laut naik becak", "10.0.0.7", "Firefox/145")
    async with signed_in(browser, "kapten"), signed_in(browser, "polisi") as client:
        found = (await client.get("/api/sessions")).json()

    assert found["total"] == 2
    assert {(one["address"], one["is_this"]) for one in found["items"]} == {
        ("10.0.0.7", False),
        ("127.0.0.1", True),
    }
    assert {one["method"] for one in found["items"]} == {"password"}
    assert "Firefox/145" in {one["agent"] for one in found["items"]}


async def test_sessions_that_are_over_are_not_listed(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as gone:
        await gone.delete("/api/session")
    async with signed_in(browser, "polisi"):
        city.clock.advance(3 * 3600)  # beyond the idle time
    async with signed_in(browser, "polisi") as client:
        found = (await client.get("/api/sessions")).json()

    assert [one["is_this"] for one in found["items"]] == [True]


async def test_ending_all_others_leaves_this_one(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as one, signed_in(browser, "polisi") as two:
        answer = await one.delete("/api/sessions")

        assert answer.status_code == 204
        assert (await one.get("/api/session")).status_code == 200
        assert (await two.get("/api/session")).status_code == 401


async def test_an_administrator_ends_the_sessions_of_their_people_and_of_nobody_else(
    city: City, browser: Clients
) -> None:
    police, captain = city.people["polisi"], city.people["kapten"]
    async with (
        signed_in(browser, "kepala") as chief,
        signed_in(browser, "polisi") as officer,
        signed_in(browser, "kapten") as other,
    ):
        (seen,) = (await chief.get(f"/api/people/{police}/sessions")).json()["items"]
        foreign = (await other.get("/api/sessions")).json()["items"][0]["id"]
        refused = [
            await chief.get(f"/api/people/{captain}/sessions"),
            await chief.delete(f"/api/people/{captain}/sessions"),
            await chief.delete(f"/api/sessions/{foreign}"),
            await officer.get(f"/api/people/{police}/sessions"),
        ]
        ended = await chief.delete(f"/api/sessions/{seen['id']}")
        gone = await officer.get("/api/session")
        still = await other.get("/api/session")

    assert [answer.status_code for answer in refused] == [404] * 4
    assert (ended.status_code, gone.status_code, still.status_code) == (204, 401, 200)


async def test_an_ended_session_is_written_down(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as chief, signed_in(browser, "polisi"):
        await chief.delete(f"/api/people/{city.people['polisi']}/sessions")

    async with city.db.transaction(city.system) as tx:
        rows = await tx.execute(
            "select audit_name(person_id) as person, audit_name(object_id::uuid) as thing,"
            " person_label, object_label from audit_entry where action = 'session:revoked'"
        )
        assert await rows.fetchall() == [
            {"person": "Kepala", "thing": "Polisi", "person_label": None, "object_label": None}
        ]


async def test_the_sockets_of_an_ended_session_are_closed_at_once(
    city: City, app: FastAPI, browser: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the notice of the change; the ping, which would find it too, is an hour away."""
    import asyncio

    monkeypatch.setattr("warroom.kernel.realtime.PING_S", 3600.0)
    hub = app.state.services[Hub]
    watching = asyncio.create_task(city.authenticator.watch([hub.recheck]))
    async with signed_in(browser, "polisi") as one, signed_in(browser, "polisi") as two:
        cookie = f"{api.COOKIE}={two.cookies[api.COOKIE]}"
        async with open_socket(app, "/ws", cookie) as socket:
            assert json.loads(await socket.receive_text())["type"] == "hello"
            await until_listened(city.db, city.system, "warroom_rights")
            await one.delete("/api/sessions")
            closed = await socket.refused_after_opening()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

    assert closed == 401
