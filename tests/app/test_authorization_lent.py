"""Rights by grant, over every route about a thing: lent, lent once, denied, and handed on in part.

One simple table says what is expected: of the one camera that was lent, whoever it was lent to is
let through exactly by routes guarded by a lent word; of everything else, and of all of it once it
has ended, they are told as of things that do not exist. Somebody of the own agency from whom the
camera was taken is told so of it alone.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest

from tests.app.asgi_socket import Refused, Socket, open_socket
from tests.app.askers import add_asker, give, later, system
from tests.app.test_authorization_matrix import (
    BASIS,
    QUERIES,
    REQUEST,
    World,
    _cookie,
    _told,
    ask,
    camera_body,
    filled,
    is_about_a_thing,
    make_things,
    parameters_of,
)
from warroom.app.asgi import declared
from warroom.identity import api as identity
from warroom.kernel import actions
from warroom.kernel.http import SIGNED_IN, Declared
from warroom.kernel.realtime import Hub

LENT = ("camera:view", "live:view", "recording:view")
HOURS = 24
CLASS = "bukti"
PLACE = "73.71.04"

type Way = Callable[[World, UUID], Awaitable[Any]]


async def by_object(world: World, taker: UUID) -> None:
    await give(world, **terms(world, taker), objects=(UUID(world.things["camera"]),))


async def by_class(world: World, taker: UUID) -> None:
    await give(world, **terms(world, taker), classes=(CLASS,))


async def by_place(world: World, taker: UUID) -> None:
    await give(world, **terms(world, taker), places=(PLACE,))


async def by_tag(world: World, taker: UUID) -> None:
    await give(world, **terms(world, taker), tags=("dipinjam",))


async def by_agency(world: World, taker: UUID) -> None:
    """To everybody of the other agency, in place of one person."""
    del taker
    other = terms(world, None) | {"to_agency_id": UUID(world.things["other"])}
    await give(world, **other, objects=(UUID(world.things["camera"]),))


async def by_request(world: World, taker: UUID) -> None:
    """A letter, and two who sign it in different roles."""
    body = REQUEST | {
        "basis_id": BASIS,
        "owners": [world.things["agency"]],
        "cameras": [int(world.things["camera_number"])],
        "people": [str(taker)],
        "actions": list(LENT),
        "starts_at": world.clock.now().isoformat(),
        "ends_at": later(world, HOURS).isoformat(),
    }
    made = await world.clients["peminjam"].post("/api/requests", json=body)
    assert made.status_code == 201, made.text
    url = f"/api/requests/{made.json()['id']}"
    sent = await world.clients["peminjam"].post(f"{url}/send")
    assert sent.status_code == 200, sent.text
    for role in ("kepala_lembaga", "petugas_pdp"):
        await add_asker(world, role, world.things["agency"], roles={role: "own"})
        part = f"{url}/parts/{world.things['agency']}/approve"
        signed = await world.clients[role].post(part, json={"role": role})
        assert signed.status_code == 200, signed.text


WAYS: tuple[Way, ...] = (by_object, by_class, by_place, by_tag, by_agency, by_request)


def terms(world: World, taker: UUID | None) -> dict[str, Any]:
    return {
        "actions": LENT,
        "reason": "pinjam",
        "person_id": taker,
        "agencies": (UUID(world.things["agency"]),),
        "ends_at": later(world, HOURS),
    }


async def lend(world: World, way: Way) -> None:
    """A camera lent to somebody of another agency, who holds every word on their own things."""
    await make_things(world)
    await set_up_camera(world)
    other = (await world.clients["other"].get("/api/session")).json()["agency"]["id"]
    world.things["other"] = other
    every = [action.word for action in actions.known()]
    taker = await add_asker(world, "peminjam", other, every)
    await way(world, taker)


async def set_up_camera(world: World) -> None:
    """What a grant can speak of: a class, a place and a tag; a second camera has none of them."""
    scope = system(world)
    async with world.db.transaction(scope) as tx:
        await tx.execute(
            "update camera set retention_class = %s, kecamatan = %s, kelurahan = %s,"
            " tags = '{dipinjam}' where id = %s",
            [CLASS, PLACE, f"{PLACE}.1002", world.things["camera"]],
        )
    second = camera_body(world.things["agency"]) | {"name": "Kamera lain", "tags": []}
    answer = await world.own.post("/api/cameras", json=second)
    assert answer.status_code == 201, answer.text
    world.things["second"] = answer.json()["id"]


def expected(route: Declared, words: tuple[str, ...]) -> bool:
    """The table: whether somebody who holds these words on one camera is let through."""
    return route.guard in words and set(parameters_of(route.path)) <= {"camera_id", "number"}


async def let_through(world: World, asker: str, route: Declared) -> bool:
    """Whether the answer is any other than the one about a thing that does not exist."""
    if route.method == "WEBSOCKET":
        return await _refused(world, asker, filled(route.path, world.things)) != 404
    there = await ask(world, asker, route)
    assert there.status_code != 401, there.text
    return _told(there) != _told(await ask(world, asker, route, missing=True))


async def _refused(world: World, asker: str, path: str) -> int | None:
    """By which status the handshake was refused; None if it was not."""
    try:
        async with open_socket(world.app, path, _cookie(world, asker)):
            return None
    except Refused as refused:
        return refused.status


def routes_about_things(world: World) -> list[Declared]:
    """Every one; those that remove come last, what belongs to a thing before the thing itself."""
    found = [route for route in declared(world.app) if is_about_a_thing(route)]
    return sorted(
        found,
        key=lambda route: (route.method == "DELETE", -route.path.count("/")),
    )


async def table_of(world: World, asker: str) -> dict[str, bool]:
    return {
        f"{route.method} {route.path}": await let_through(world, asker, route)
        for route in routes_about_things(world)
        # Somebody's own address book of sign-ins: about the asker, whatever is named in it.
        if (route.method, route.path) not in _OF_THE_ASKER
    }


_OF_THE_ASKER = {("PATCH", "/api/account/passkeys/{passkey_id}")}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_what_was_lent_is_there_by_the_lent_words_alone_and_ends_by_the_clock(
    world: World, way: Way
) -> None:
    await lend(world, way)
    table = {
        f"{route.method} {route.path}": expected(route, LENT)
        for route in routes_about_things(world)
        if (route.method, route.path) not in _OF_THE_ASKER
    }

    during, seen = await table_of(world, "peminjam"), await bulk(world, "peminjam")
    await end(world, "peminjam")
    after, left = await table_of(world, "peminjam"), await bulk(world, "peminjam")

    assert sum(table.values()) >= 9
    assert during == table
    assert after == dict.fromkeys(table, False)
    assert seen == {
        "list": [world.things["camera"]],
        "nearby": [world.things["camera"]],
        "total": 1,
    }
    assert left == {"list": [], "nearby": [], "total": 0}


async def end(world: World, *askers: str) -> None:
    """Lets the time pass, and the askers sign in again: their sessions have ended as well."""
    world.clock.advance(HOURS * 3600)
    doorkeeper = world.app.state.services[identity.Doorkeeper]
    for asker in askers:
        link = await doorkeeper.create_link(system(world), asker)
        answer = await world.clients[asker].post("/api/session/link", json={"token": link})
        assert answer.status_code == 200, answer.text


async def bulk(world: World, asker: str) -> dict[str, Any]:
    """What lists and counts tell of cameras."""
    client = world.clients[asker]
    page = (await client.get("/api/cameras")).json()
    near = (await client.get("/api/cameras/nearby", params=QUERIES["/api/cameras/nearby"])).json()
    summary = (await client.get("/api/cameras/summary")).json()
    return {
        "list": [item["id"] for item in page["items"]],
        "nearby": [item["id"] for item in near["items"]],
        "total": summary["total"],
    }


async def test_what_was_denied_is_gone_for_one_of_the_own_agency_and_nothing_else_is(
    world: World,
) -> None:
    await make_things(world)
    await set_up_camera(world)
    every = [action.word for action in actions.known()]
    person = await add_asker(world, "ditolak", world.things["agency"], every)
    camera = UUID(world.things["camera"])
    await give(
        world, actions=("*",), reason="perkara", person_id=person, objects=(camera,), deny=True
    )

    gone = [
        f"{route.method} {route.path}"
        for route in routes_about_things(world)
        if {"camera_id", "number", "hold_id"} & set(parameters_of(route.path))
        and await let_through(world, "ditolak", route)
    ]
    seen = await bulk(world, "ditolak")
    world.things["camera"] = world.things["second"]
    second = {
        f"{route.method} {route.path}": await let_through(world, "ditolak", route)
        for route in routes_about_things(world)
        if parameters_of(route.path) == ["camera_id"]
    }

    assert gone == []
    assert seen == {
        "list": [world.things["second"]],
        "nearby": [world.things["second"]],
        "total": 1,
    }
    assert second == dict.fromkeys(second, True)
    assert len(second) >= 9


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_events_of_what_was_lent_are_heard_as_long_as_it_is(world: World, way: Way) -> None:
    await lend(world, way)
    asked = camera_body(world.things["other"]) | {"name": "Kamera sendiri", "tags": []}
    made = await world.clients["peminjam"].post("/api/cameras", json=asked)
    world.things["theirs"] = made.json()["id"]
    hub: Hub = world.app.state.services[Hub]
    await hub._catch_up()  # from here on; by hand, so that nothing is waited for

    during = await _heard(world, hub, "peminjam")
    await end(world, "peminjam", "own")
    after = await _heard(world, hub, "peminjam")

    assert during == {world.things["camera"], world.things["theirs"]}
    assert after == {world.things["theirs"]}


async def _heard(world: World, hub: Hub, asker: str) -> set[str]:
    """The cameras that are told of when two of the first agency and then the asker's own change."""
    told: set[str] = set()
    async with AsyncExitStack() as stack:
        socket = await _listen(world, stack, asker)
        for thing, owner in (("camera", "own"), ("second", "own"), ("theirs", asker)):
            await _rename(world, thing, owner)
        await hub._catch_up()
        while world.things["theirs"] not in told:
            message = json.loads(await socket.receive_text())
            if message["type"] == "event":
                told.add(_camera_of(message["body"]))
    return told


async def _listen(world: World, stack: AsyncExitStack, asker: str) -> Socket:
    socket = await stack.enter_async_context(open_socket(world.app, "/ws", _cookie(world, asker)))
    await socket.receive_text()
    await socket.send_text(json.dumps({"op": "subscribe", "topics": ["cameras.changed"]}))
    while not socket.to_app.empty():
        await asyncio.sleep(0)
    return socket


async def _rename(world: World, thing: str, owner: str) -> None:
    client, url = world.clients[owner], f"/api/cameras/{world.things[thing]}"
    camera = (await client.get(url)).json()
    change = {"version": camera["version"], "name": f"{camera['name']} lagi"}
    answer = await client.patch(url, json=change)
    assert answer.status_code == 200, answer.text


def _camera_of(body: dict[str, Any]) -> str:
    return str(body.get("id") or body["camera"]["id"])


HANDED = ("camera:view", "live:view", "agency:view")
"""What the delegated administrator holds of things, beside the words by which rights are given."""
GIVERS = (
    *("application:configure", "application:view", "grant:configure"),
    *("person:configure", "person:view"),
)


async def test_an_administrator_of_a_part_of_the_rights_hands_on_that_part_alone(
    world: World,
) -> None:
    """Every word there is, by each way in which a right can be given."""
    await make_things(world)
    held = {*HANDED, *GIVERS, "role:configure"}
    await add_asker(world, "wakil", world.things["agency"], held)
    agency, person = world.things["agency"], world.things["person"]
    given: dict[str, set[str]] = {}
    for action in actions.known():
        word = action.word
        grant = {"person_id": person, "actions": [word], "agencies": [agency], "reason": "tugas"}
        role = {"agency_id": agency, "label": f"Peran {word}", "actions": [word]}
        program = {"name": f"Program {word}", "agency_id": agency, "actions": [word]}
        for url, body in (
            ("/api/grants", grant),
            ("/api/roles", role),
            ("/api/applications", program),
        ):
            answer = await world.clients["wakil"].post(url, json=body)
            assert answer.status_code in (201, 403, 422), f"{url} {word}: {answer.text}"
            if answer.status_code == 201:
                given.setdefault(url, set()).add(word)

    assert given == {
        "/api/grants": held,
        "/api/roles": held,
        "/api/applications": {"agency:view", "camera:view", "live:view"},
    }


@pytest.mark.parametrize(
    "wider",
    [
        {"agencies": None},
        {"agencies": ["other"]},
        {"agencies": ["agency", "other"]},
        {"actions": ["camera:*"]},
        {"actions": ["*"]},
    ],
    ids=str,
)
async def test_nothing_wider_than_what_is_held_is_handed_on(
    world: World, wider: dict[str, Any]
) -> None:
    await make_things(world)
    await add_asker(world, "wakil", world.things["agency"], {*HANDED, *GIVERS})
    world.things["other"] = (await world.clients["other"].get("/api/session")).json()["agency"][
        "id"
    ]
    body = {
        "person_id": world.things["person"],
        "actions": ["camera:view"],
        "agencies": ["agency"],
        "reason": "tugas",
    }

    narrow = await _give(world, body)
    wide = await _give(world, body | wider)

    assert (narrow, wide) == (201, 403)


async def _give(world: World, body: dict[str, Any]) -> int:
    named = body["agencies"] and [world.things[one] for one in body["agencies"]]
    answer = await world.clients["wakil"].post("/api/grants", json=body | {"agencies": named})
    return answer.status_code


async def test_what_was_taken_from_the_giver_or_lent_to_them_is_not_handed_on(
    world: World,
) -> None:
    await make_things(world)
    wakil = await add_asker(world, "wakil", world.things["agency"], {*HANDED, *GIVERS})
    agency = UUID(world.things["agency"])
    camera = UUID(world.things["camera"])
    await give(
        world, actions=("live:view",), reason="-", person_id=wakil, objects=(camera,), deny=True
    )
    scope = system(world)
    async with world.db.transaction(scope) as tx:
        lent = identity.NewGrant(
            ("recording:view",), "-", agencies=(agency,), ends_at=later(world, 1), purpose="pinjam"
        )
        await identity.lend(scope, tx, lent, agency, people=[wakil])
    world.app.state.services[identity.Authenticator].forget()
    body = {"person_id": world.things["person"], "agencies": ["agency"], "reason": "tugas"}

    codes = {
        word: await _give(world, body | {"actions": [word]})
        for word in ("camera:view", "live:view", "recording:view")
    }

    assert codes == {"camera:view": 201, "live:view": 403, "recording:view": 403}


def test_the_table_speaks_of_signed_in_routes_as_of_no_word() -> None:
    assert not expected(
        Declared("x", "GET", "/api/cameras/{camera_id}/access", SIGNED_IN, "x"), LENT
    )
