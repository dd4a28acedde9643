"""Claims about what nobody should send: each route answers it with a reason, never with 500."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.app.test_authorization_matrix import (  # noqa: F401
    QUERIES,
    World,
    bodies,
    filled,
    http_routes,
    make_things,
    walls,
    world,
)

pytestmark = pytest.mark.nightly

DOMAINS = ("/api/calls", "/api/incidents", "/api/dispatch", "/api/alerts", "/api/units")
TEXTS = ("a\0b", "\ud800", "\u202eabc\u200f", "x" * 20_000, "")
NUMBERS = (1e308, -1e308, 1e-320, 2**63, -1, 0)
TIMES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1970-01-01T00:00:00Z")


def leaves(body: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value of a body, with the way to it."""
    if isinstance(body, dict | list):
        items = body.items() if isinstance(body, dict) else enumerate(body)
        for name, value in items:
            yield from leaves(value, (*way, name))
    else:
        yield way, body


def with_leaf(body: Any, way: tuple[Any, ...], value: Any) -> Any:
    """The body with another value there."""
    changed = copy.deepcopy(body)
    at = changed
    for name in way[:-1]:
        at = at[name]
    at[way[-1]] = value
    return changed


def worse(value: Any) -> tuple[Any, ...]:
    """What is sent in the place of a value."""
    if isinstance(value, bool) or value is None:
        return ()
    if isinstance(value, int | float):
        return NUMBERS
    is_time = isinstance(value, str) and value[4:5] == "-" and "T" in value
    return (*TIMES, *TEXTS) if is_time else TEXTS


@pytest.mark.parametrize("begins", DOMAINS)
async def test_no_body_breaks_a_route(world: World, begins: str) -> None:  # noqa: F811
    await make_things(world)
    wrong = {}
    for route in http_routes(world):
        body = bodies(world).get((route.method, route.path))
        if body is None or not route.path.startswith(begins):
            continue
        for way, value in leaves(body):
            for other in worse(value):
                content = json.dumps(with_leaf(body, way, other), allow_nan=True)
                answer = await world.own.request(
                    route.method,
                    filled(route.path, world.things),
                    content=content,
                    headers={"content-type": "application/json"},
                    params=QUERIES.get(route.path),
                )
                if answer.status_code == 500:
                    told = f"{route.method} {route.path} {'.'.join(map(str, way))}"
                    wrong[f"{told}={ascii(other)[:40]}"] = answer.text[:200]

    assert wrong == {}


@pytest.mark.parametrize("begins", DOMAINS)
async def test_no_query_breaks_a_route(world: World, begins: str) -> None:  # noqa: F811
    await make_things(world)
    wrong = {}
    for route in http_routes(world):
        if route.method != "GET" or not route.path.startswith(begins):
            continue
        asked: dict[str, str] = QUERIES.get(route.path, {})
        for name, value in {**asked, "after": "x", "before": "x", "number": "1", "q": "x"}.items():
            for other in ("a\0b", "\u202e", "1e308", "NaN", "-1", "9" * 40, *TIMES, ""):
                answer = await world.own.get(
                    filled(route.path, world.things), params={**asked, name: other}
                )
                if answer.status_code == 500:
                    wrong[f"{route.path} {name}={ascii(other)[:40]} ({value})"] = answer.text[:100]

    assert wrong == {}
