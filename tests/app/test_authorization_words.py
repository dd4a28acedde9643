"""Each route's action word, asked for alone: in scope, with every other word, and without this one.

The stores narrow by the same word, so that a route whose guard is gone would still say 404 to a
question it understands. What the guard adds is that nothing of the question is read before: an
identifier or a body that nobody can read is told of like everything else.
"""

import re
from collections import defaultdict
from typing import Any

import pytest

from tests.app.askers import add_asker
from tests.app.test_authorization_matrix import (
    RAW,
    World,
    _flat,
    _refusal,
    ask,
    filled,
    make_things,
    parameters_of,
)
from warroom.app import wiring
from warroom.app.asgi import declared
from warroom.kernel import actions
from warroom.kernel.http import Declared

DOMAINS = sorted(
    {route.domain for router in wiring.ROUTERS for route in router.declared if ":" in route.guard}
)


def by_word(world: World, domain: str) -> dict[str, list[Declared]]:
    """Routes of a domain by the word that guards them."""
    found = defaultdict(list)
    for route in declared(world.app):
        if ":" in route.guard and route.domain == domain:
            found[route.guard].append(route)
    return found


@pytest.mark.parametrize("domain", DOMAINS)
async def test_who_lacks_the_word_of_a_route_is_told_nothing_by_it(
    world: World, domain: str
) -> None:
    await make_things(world)
    every = [action.word for action in actions.known()]
    wrong: dict[str, Any] = {}
    for number, (word, routes) in enumerate(by_word(world, domain).items()):
        asker = f"tanpa.{number}"
        others = [one for one in every if one != word]
        await add_asker(world, asker, world.things["agency"], others)
        for route in routes:
            for told in (
                await told_of(world, asker, route),
                await told_garbled(world, asker, route),
            ):
                if told != (404, "not_found"):
                    wrong[f"{route.method} {route.path}"] = told

    assert wrong == {}


async def test_who_has_the_word_is_told_what_is_wrong_with_the_question(world: World) -> None:
    """Else silence about an unreadable question would prove nothing above."""
    await make_things(world)
    await add_asker(
        world, "semua", world.things["agency"], [action.word for action in actions.known()]
    )
    silent = set()
    routes = [route for route in declared(world.app) if ":" in route.guard]
    for route in routes:
        told = await told_garbled(world, "semua", route)
        if told == (404, "not_found"):
            silent.add(f"{route.method} {route.path}")

    assert {route.domain for route in routes} == set(DOMAINS)
    assert silent <= _TAKES_ANY_WORD


_TAKES_ANY_WORD = {
    "GET /api/places/layers/{layer}.geojson",
    "PATCH /api/roles/{role_name}",
    "DELETE /api/roles/{role_name}",
    "PATCH /api/roles/{role}/sign-in",
}
"""Named by a word and no id: every word can be read."""


async def told_of(world: World, asker: str, route: Declared) -> tuple[int | None, str]:
    if route.method == "WEBSOCKET":
        return await _refusal(world, asker, filled(route.path, world.things)), "not_found"
    answer = await ask(world, asker, route)
    return answer.status_code, _code(answer)


async def told_garbled(world: World, asker: str, route: Declared) -> tuple[int | None, str]:
    """The same question with nothing in it that can be read."""
    path = route.path
    for name in parameters_of(path):
        path = re.sub(rf"{{{name}(?::\w+)?}}", "~", path)
    if route.method == "WEBSOCKET":
        return await _refusal(world, asker, path), "not_found"
    more: dict[str, Any] = {"params": dict.fromkeys(queries_of(world, route), "~")}
    if (route.method, route.path) not in RAW and route.method != "GET":
        more["json"] = []
    answer = await world.clients[asker].request(route.method, path, **more)
    return answer.status_code, _code(answer)


def queries_of(world: World, route: Declared) -> list[str]:
    """What the route takes behind the question mark."""
    return [
        parameter.alias
        for one in _flat(world.app)
        if one.path == route.path and route.method in one.methods
        for parameter in one.dependant.query_params
    ]


def _code(answer: Any) -> str:
    is_json = "json" in answer.headers.get("content-type", "")
    return str(answer.json().get("code", "")) if is_json and answer.status_code >= 400 else ""
