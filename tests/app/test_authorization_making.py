"""What is made names its owner in the body, where no path shows it: each body is tried by another.

The bodies are those of the matrix, so that a new one is tried by itself.
"""

import json
from typing import Any

from tests.app.askers import add_asker
from tests.app.test_authorization_matrix import (
    World,
    _told,
    bodies,
    filled,
    http_routes,
    make_things,
)
from warroom.kernel import actions
from warroom.kernel.http import PUBLIC, Declared
from warroom.kernel.ids import new_id

NAMED = ("agency", "camera", "person")
"""What a body can name: an owner, a thing, somebody."""


def names_a_thing(world: World, route: Declared) -> bool:
    """Whether the route's body names a thing of the first agency."""
    body: Any = bodies(world).get((route.method, route.path))
    return any(world.things[name] in json.dumps(body) for name in NAMED)


JSON = {"content-type": "application/json"}


def with_and_without(world: World, route: Declared) -> tuple[str, str]:
    """The route's body, and the same of things that do not exist."""
    body = json.dumps(bodies(world)[route.method, route.path])
    without = body
    for name in NAMED:
        without = without.replace(world.things[name], str(new_id()))
    return body, without


async def test_nobody_makes_anything_in_another_agency_or_of_its_things(world: World) -> None:
    """Somebody who may do everything in their own agency, and nothing in the first."""
    await make_things(world)
    other = (await world.clients["other"].get("/api/session")).json()["agency"]["id"]
    await add_asker(world, "tetangga", other, [action.word for action in actions.known()])
    tried, wrong = [], {}
    for route in http_routes(world):
        if route.guard == PUBLIC or not names_a_thing(world, route):
            continue
        tried.append(route.path)
        there, not_there = [
            await world.clients["tetangga"].request(
                route.method, filled(route.path, world.things), content=body, headers=JSON
            )
            for body in with_and_without(world, route)
        ]
        if there.status_code not in (403, 404, 422) or _told(there) != _told(not_there):
            wrong[f"{route.method} {route.path}"] = (there.text[:200], not_there.text[:200])

    assert wrong == {}
    assert {
        "/api/applications",
        "/api/cameras",
        "/api/grants",
        "/api/people",
        "/api/recording/holds",
        "/api/roles",
        "/api/seats",
    } <= set(tried)
