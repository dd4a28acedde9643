"""What is made names its owner in the body, where no path shows it: each body is tried by another.

The bodies are those of the matrix, so that a new one is tried by itself.
"""

import json
from typing import Any
from uuid import UUID

from tests.app.askers import add_asker, give
from tests.app.test_authorization_matrix import (
    World,
    _told,
    ask,
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


async def test_who_may_do_all_there_but_what_the_word_says_makes_nothing_there(
    world: World,
) -> None:
    """Every other word was lent to them on the first agency, so that they see all it has."""
    await make_things(world)
    other = (await world.clients["other"].get("/api/session")).json()["agency"]["id"]
    every = [action.word for action in actions.known()]
    wrong = {}
    routes = [r for r in http_routes(world) if ":" in r.guard and names_a_thing(world, r)]
    for number, word in enumerate(sorted({route.guard for route in routes})):
        asker = f"hampir.{number}"
        person = await add_asker(world, asker, other, every)
        lent = tuple(one for one in every if one != word)
        agencies = (UUID(world.things["agency"]),)
        await give(world, actions=lent, reason="uji", person_id=person, agencies=agencies)
        for route in routes:
            if route.guard == word:
                answer = await ask(world, asker, route)
                if answer.status_code not in (403, 404, 422):
                    wrong[f"{route.method} {route.path}"] = (answer.status_code, answer.text[:200])

    assert len(routes) >= 7
    assert wrong == {}
