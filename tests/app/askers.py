"""People who ask the application: of an agency, with words of rights, signed in at a browser."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from tests.app.test_authorization_matrix import World, filled, is_about_a_thing
from warroom.app.asgi import declared
from warroom.identity import api as identity
from warroom.kernel.http import Declared
from warroom.kernel.scope import Scope


def system(world: World) -> Scope:
    """Who may do anything: sets up what people could not."""
    return identity.system_scope("test", world.clock, door="cli")


async def add_asker(
    world: World,
    login: str,
    agency_id: str,
    words: Iterable[str] = (),
    roles: dict[str, str] | None = None,
) -> UUID:
    """A new person whose own role holds these words on their agency's things; signed in."""
    scope = system(world)
    held = dict(roles or {})
    async with world.db.transaction(scope) as tx:
        if given := tuple(words):
            role = identity.NewRole(UUID(agency_id), f"Peran {login}", given)
            held[str(await identity.create_role(scope, tx, role))] = "own"
        new = identity.NewPerson(login, "Penanya", UUID(agency_id), roles=held)
        people = await identity.ensure_people(scope, tx, [new])
    world.clients[login] = browser(world)
    link = await world.app.state.services[identity.Doorkeeper].create_link(scope, login)
    answer = await world.clients[login].post("/api/session/link", json={"token": link})
    assert answer.status_code == 200, answer.text
    return people[login]


def browser(world: World) -> httpx.AsyncClient:
    """A browser that nobody has signed in at."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=world.app, raise_app_exceptions=False),
        base_url="http://warroom.test",
        headers={"x-warroom": "1"},
    )


async def give(world: World, **more: Any) -> UUID:
    """A grant, written by who may give anything; forgets what browsers were judged by."""
    scope = system(world)
    async with world.db.transaction(scope) as tx:
        made = await identity.create_grant(scope, tx, identity.NewGrant(**more))
    world.app.state.services[identity.Authenticator].forget()
    return made


def sockets_about_things(world: World) -> list[Declared]:
    """Sockets whose path names a thing."""
    return [r for r in declared(world.app) if r.method == "WEBSOCKET" and is_about_a_thing(r)]


def later(world: World, hours: float) -> datetime:
    """An instant so many hours from now."""
    from datetime import timedelta

    return world.clock.now() + timedelta(hours=hours)


__all__ = ["add_asker", "browser", "filled", "give", "later", "sockets_about_things", "system"]
