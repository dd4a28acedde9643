"""Credentials are kinds: no kind opens a door where another is shown, at any route."""

import itertools
from typing import Any

import httpx
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.app.asgi_socket import Refused, open_socket
from tests.app.askers import add_asker, browser, system
from tests.app.test_authorization_matrix import World, filled, http_routes
from warroom.app.asgi import declared
from warroom.identity import api as identity
from warroom.identity.credentials import SeatPass
from warroom.identity.service import steps
from warroom.identity.service.scopes import stranger_scope
from warroom.kernel.http import PUBLIC
from warroom.units.rules import make_key

# What lets somebody in, gives rights for good, or breaks the glass. A route that is taken from this
# list is open to scripts: say so in a decision.
CLOSED_TO_TOKENS = {
    ("DELETE", "/api/session"),
    ("POST", "/api/people/{person_id}/password"),
    ("POST", "/api/people/{person_id}/password/compromised"),
    ("POST", "/api/people/{person_id}/erase"),
    ("DELETE", "/api/people/{person_id}/factors"),
    ("DELETE", "/api/people/{person_id}/sessions"),
    ("PUT", "/api/people/{person_id}/seats-only"),
    ("POST", "/api/people/{person_id}/links"),
    ("DELETE", "/api/people/{person_id}/links/{link_id}"),
    ("DELETE", "/api/sso/links/{link_id}"),
    ("PATCH", "/api/roles/{role}/sign-in"),
    ("POST", "/api/account/totp"),
    ("PUT", "/api/account/totp"),
    ("DELETE", "/api/account/totp"),
    ("POST", "/api/account/recovery"),
    ("POST", "/api/account/passkeys/options"),
    ("POST", "/api/account/passkeys"),
    ("PATCH", "/api/account/passkeys/{passkey_id}"),
    ("DELETE", "/api/account/passkeys/{passkey_id}"),
    ("POST", "/api/account/proof"),
    ("POST", "/api/account/proof/options"),
    ("POST", "/api/account/proof/passkey"),
    ("DELETE", "/api/sessions"),
    ("DELETE", "/api/sessions/{session_id}"),
    ("POST", "/api/seats"),
    ("POST", "/api/seats/{seat_id}/code"),
    ("POST", "/api/tokens"),
    ("POST", "/api/tokens/{token_id}/rotate"),
    ("POST", "/api/applications"),
    ("PATCH", "/api/applications/{application_id}"),
    ("POST", "/api/applications/{application_id}/tokens"),
    ("POST", "/api/providers"),
    ("PATCH", "/api/providers/{provider_id}"),
    ("POST", "/api/emergencies"),
    ("POST", "/api/emergencies/{emergency_id}/review"),
    ("POST", "/api/requests/{request_id}/parts/{owner_id}/approve"),
    ("POST", "/api/reviews/{review_id}/decide"),
    ("POST", "/api/webhooks"),
    ("PATCH", "/api/webhooks/{webhook_id}"),
    ("POST", "/api/webhooks/{webhook_id}/rotate"),
}


async def kinds(world: World) -> dict[str, str]:
    """A secret of each kind, in force, of somebody who may do all that there is."""
    scope = system(world)
    async with world.db.transaction(scope) as tx:
        city = identity.NewAgency("city", "Dinas Kota", "Dinkota")
        (agency_id,) = (await identity.ensure_agencies(scope, tx, [city])).values()
    chief_id = await add_asker(world, "chief", str(agency_id), roles={"admin_sistem": "city"})
    chief = world.clients["chief"]
    made = await chief.post("/api/tokens", json={"name": "skrip"})
    assert made.status_code == 201, made.text
    link = await world.app.state.services[identity.Doorkeeper].create_link(scope, "chief")
    stranger = stranger_scope(world.clock.now(), None)
    async with world.db.transaction(stranger) as tx:
        ticket = await steps.begin(stranger, tx, "second", 5, person_id=chief_id)
        shown = await steps.begin(stranger, tx, "seat_pass", 5, kind=SeatPass)
    return {
        "session": chief.cookies["warroom_session"],
        "token": made.json()["token"],
        "link": link,
        "ticket": ticket.token,
        "pass": shown.token,
        "device": make_key(),
    }


def shown_in(place: str, secret: str) -> dict[str, str]:
    """Headers that show a secret in a place."""
    if place == "bearer":
        return {"authorization": f"Bearer {secret}"}
    name = {"cookie": "warroom_session", "seat": "warroom_seat"}[place]
    return {"cookie": f"{name}={secret}", "x-warroom": "1"}


WRONG = [
    (place, kind)
    for place, right in (("cookie", "session"), ("bearer", "token"), ("seat", "none"))
    for kind in ("session", "token", "link", "ticket", "pass", "device")
    if kind != right and (place != "seat" or kind in ("session", "token"))
]


async def test_no_kind_stands_for_another_at_any_route(world: World) -> None:
    secrets = await kinds(world)
    outsider, opened = browser(world), {}
    outsider.headers.pop("x-warroom")
    routes = [route for route in http_routes(world) if route.guard != PUBLIC]
    for route, (place, kind) in itertools.product(routes, WRONG):
        answer = await outsider.request(
            route.method,
            filled(route.path, {}, missing=True),
            headers=shown_in(place, secrets[kind]),
        )
        if answer.status_code != 401:
            opened[f"{kind} in {place}: {route.method} {route.path}"] = answer.status_code
    await outsider.aclose()

    assert len(routes) > 200
    assert {} == opened


async def test_no_kind_stands_for_another_at_any_socket(world: World) -> None:
    secrets = await kinds(world)
    refused = {}
    sockets = [route for route in declared(world.app) if route.method == "WEBSOCKET"]
    wrong = [kind for place, kind in WRONG if place == "cookie"]
    for route, kind in itertools.product(sockets, wrong):
        path = filled(route.path, {}, missing=True)
        with pytest.raises(Refused) as refusal:
            async with open_socket(world.app, path, f"warroom_session={secrets[kind]}"):
                pass
        refused[f"{kind}: {route.path}"] = refusal.value.status

    assert {401} == set(refused.values())


async def test_each_kind_is_let_in_at_its_own_place(world: World) -> None:
    """Else the refusals above would prove nothing."""
    secrets = await kinds(world)
    async with browser(world) as client:
        session = await client.get("/api/session", headers=shown_in("cookie", secrets["session"]))
        token = await client.get("/api/session", headers=shown_in("bearer", secrets["token"]))
        link = await client.post("/api/session/link", json={"token": secrets["link"]})

    assert [200, 200, 200] == [answer.status_code for answer in (session, token, link)]


async def test_a_token_reaches_no_deed_of_a_person(world: World) -> None:
    secrets = await kinds(world)
    marked = [route for route in http_routes(world) if route.session_only]
    told = {}
    async with browser(world) as client:
        for route in marked:
            answer = await client.request(
                route.method,
                filled(route.path, {}, missing=True),
                headers=shown_in("bearer", secrets["token"]),
            )
            told[(route.method, route.path)] = answer.json()["code"]

    assert set() == CLOSED_TO_TOKENS ^ set(told)
    assert {"needs_session"} == set(told.values())


async def test_a_link_or_a_ticket_of_another_kind_opens_nothing(world: World) -> None:
    secrets = await kinds(world)
    async with browser(world) as client:
        links = [
            await client.post("/api/session/link", json={"token": secrets[kind]})
            for kind in ("session", "token", "ticket", "pass", "device")
        ]
        tickets = [
            await client.post(
                "/api/session/second",
                json={"ticket": secrets[kind], "way": "totp", "code": "000000"},
            )
            for kind in ("session", "token", "link", "pass", "device")
        ]

    assert {"identity.wrong_link"} == {answer.json()["code"] for answer in links}
    assert {"identity.step_over"} == {answer.json()["code"] for answer in tickets}


async def test_a_token_rotates_no_token_and_none_is_rotated_without_proof(world: World) -> None:
    secrets = await kinds(world)
    chief = world.clients["chief"]
    (token,) = (await chief.get("/api/tokens")).json()["items"]
    body = {"days": 366}
    renewed = await _by_token(world, secrets["token"], f"/api/tokens/{token['id']}/rotate", body)
    async with world.db.transaction(system(world)) as tx:
        assert await tx.execute("update session set method = 'password'")

    world.clock.advance(16 * 60)
    unproven = await chief.post(f"/api/tokens/{token['id']}/rotate", json=body)

    assert (403, "needs_session") == (renewed.status_code, renewed.json()["code"])
    assert (403, "identity.prove_it") == (unproven.status_code, unproven.json()["code"])


@pytest.mark.parametrize(
    "deed",
    [
        "insert into person_password (person_id, hash, changed_at) select id, 'x', now()"
        " from person limit 1",
        "insert into sign_in_link (id, token_hash, person_id, expires_at)"
        " select id, 'x', id, now() from person limit 1",
        "insert into totp_factor (person_id, secret, last_step, created_at)"
        " select id, 'x', 1, now() from person limit 1",
    ],
)
async def test_the_database_refuses_a_token_what_a_route_forgot_to(world: World, deed: str) -> None:
    scope = await _scope_of_token(world, (await kinds(world))["token"])
    with pytest.raises(InsufficientPrivilege, match="closed to tokens"):
        async with world.db.transaction(scope) as tx:
            await tx.execute(deed)


async def _scope_of_token(world: World, token: str) -> Any:
    from starlette.requests import HTTPConnection

    header = (b"authorization", f"Bearer {token}".encode())
    told = {"type": "http", "method": "GET", "path": "/", "headers": [header], "client": None}
    scope = await world.app.state.authenticator(HTTPConnection(told))
    assert scope is not None
    assert "api" == scope.door
    return scope


async def _by_token(world: World, token: str, path: str, body: dict[str, object]) -> httpx.Response:
    async with browser(world) as client:
        return await client.post(path, json=body, headers=shown_in("bearer", token))
