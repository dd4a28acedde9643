"""Claims about any request at all: no route answers it with an error of ours (500 and above).

What is sent is made from the application's own description by schemathesis, and by hand what is
known to break programs. Each is sent by people of two agencies with API tokens, over the whole
application and a real database.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from tests.app.test_authorization_matrix import (
    GLOBAL,
    World,
    bodies,
    http_routes,
    make_things,
    parameters_of,
)

BAD_PARTS = ("%00", "%F0%28", "9" * 30, "-1", "01890000-0000-7000-8000-00000000dead", "a" * 300)
"""In the place of each parameter of a path."""

UNKNOWN = "01890000-0000-7000-8000-00000000dead"
JSON = {"content-type": "application/json"}
SENDERS = ("own", "other")


@pytest.fixture
def senders(world: World, loop_runner: asyncio.Runner) -> Iterator[list[httpx.AsyncClient]]:
    """People of two agencies, each by an API token of their own."""
    loop_runner.run(make_things(world))
    clients = []
    for name in SENDERS:
        made = loop_runner.run(world.clients[name].post("/api/tokens", json={"name": "any"}))
        clients.append(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=world.app, raise_app_exceptions=False),
                base_url="http://warroom.test",
                headers={"authorization": f"Bearer {made.json()['token']}"},
            )
        )
    yield clients
    for client in clients:
        answer = loop_runner.run(client.get("/api/cameras"))
        assert 200 == answer.status_code, "a sender was shut out, and tried nothing after it"
        loop_runner.run(client.aclose())


def operations(world: World) -> list[Any]:
    """Every operation as the application describes it, in the same order each time."""
    document = json.loads(json.dumps(world.app.openapi()))
    schema = schemathesis.openapi.from_dict(document)
    found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    assert len(found) > 300
    return sorted(found, key=lambda one: (one.path, one.method))


def one_of_each(world: World, senders: list[httpx.AsyncClient], runner: Any, examples: int) -> Any:
    """Sends requests made from the description; gives what was answered with 500 and above."""
    broken: dict[str, str] = {}

    async def send(number: int, case: Any) -> None:
        request = case.as_transport_kwargs(base_url="http://warroom.test")
        request.pop("cookies", None)
        client = senders[number % len(senders)]
        headers = {k: v for k, v in request.pop("headers").items() if k.lower() != "authorization"}
        url = request.pop("url")
        kept = {k: v for k, v in request.items() if k in ("method", "params", "json", "data")}
        if isinstance(kept.get("data"), bytes | str):
            kept["content"] = kept.pop("data")
        try:
            built = client.build_request(url=url, headers=headers, **kept)
        except (UnicodeEncodeError, httpx.InvalidURL, TypeError, ValueError):
            return  # no client can send it
        answer = await client.send(built)
        if answer.status_code >= 500 and answer.status_code != 503:
            what = f"{case.operation.method.upper()} {case.operation.path}"
            broken[what] = f"{built.url} {built.content[:200]!r} -> {answer.text[:150]}"

    for operation in operations(world):
        count = 0

        @settings(
            max_examples=examples,
            phases=[Phase.generate],
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        def run(case: Any) -> None:
            nonlocal count
            count += 1
            runner.run(send(count, case))

        run()
    return broken


def test_no_request_of_the_description_breaks_a_route(
    world: World, senders: list[httpx.AsyncClient], loop_runner: asyncio.Runner
) -> None:
    assert {} == one_of_each(world, senders, loop_runner, 1)


@pytest.mark.nightly
def test_no_request_of_the_description_breaks_a_route_at_night(
    world: World, senders: list[httpx.AsyncClient], loop_runner: asyncio.Runner
) -> None:
    assert {} == one_of_each(world, senders, loop_runner, 30)


def with_every_id(body: Any, value: str) -> Any:
    """The body with another id wherever it holds one."""
    if isinstance(body, dict):
        return {k: with_every_id(v, value) for k, v in body.items()}
    if isinstance(body, list):
        return [with_every_id(one, value) for one in body]
    is_id = isinstance(body, str) and len(body) == 36 and body.count("-") == 4
    return value if is_id else body


def elsewhere(path: str, name: str = "", value: str = "") -> str:
    """A route's path about things that nobody has, and this value for one parameter."""
    path = path.replace(":path", "")
    for other in parameters_of(path):
        filler = value if other == name else GLOBAL.get(other, UNKNOWN)
        path = path.replace(f"{{{other}}}", filler)
    return path


def attempts(world: World) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, address and content of what is known to break programs, for every route."""
    for path in ("/%00", "/a%00b", "/%F0%28", "/assets/%00.js", "/" + "a" * 5000, "/api/%00"):
        yield "GET", path, {}
    for route in http_routes(world):
        for name in parameters_of(route.path):
            for bad in BAD_PARTS:
                yield route.method, elsewhere(route.path, name, bad), {"json": {}}
        body = bodies(world).get((route.method, route.path))
        if body is not None:
            path = elsewhere(route.path)
            yield route.method, path, {"json": with_every_id(body, UNKNOWN)}
            for content in (b"\xff\xfe{", b"[" * 10_000):
                yield route.method, path, {"content": content, "headers": JSON}


async def test_no_path_and_no_unknown_id_breaks_a_route(
    world: World, senders: list[httpx.AsyncClient]
) -> None:
    broken: dict[str, str] = {}
    for number, (method, url, more) in enumerate(attempts(world)):
        answer = await senders[number % len(senders)].request(method, url, **more)
        if answer.status_code >= 500 and answer.status_code != 503:
            broken[f"{method} {url[:100]}"] = answer.text[:150]

    assert {} == broken, ascii(broken)[:2000]
