"""A refusal does not tell by its work that the thing is there.

A 404 for a thing of somebody else and a 404 for one that does not exist are the same bytes
(`test_authorization_matrix.py`); here they must also be the same work: the same statements, in the
same order, with other parameters. Statements are compared and not times, so that the test cannot
be slow or lucky; what is not SQL (a file, a recorder) is asked for only behind them.
"""

import json
import re
from typing import Any

import pytest
from psycopg import AsyncCursor, sql

from tests.app.askers import add_asker, give, sockets_about_things
from tests.app.test_authorization_matrix import (
    World,
    _refusal,
    ask,
    bodies,
    filled,
    http_routes,
    is_about_a_thing,
    make_things,
    parameters_of,
)
from warroom.kernel.http import Declared
from warroom.kernel.ids import new_id

NUMBERS = re.compile(r"'[^']*'|\b\d+\b")


class Statements(list[str]):
    """The statements that the application sent, without the values in them."""

    def note(self, query: Any) -> None:
        """Keeps a statement; values that were written into its text are left out."""
        if isinstance(query, sql.Composable):
            query = query.as_string(None)
        text = query.decode() if isinstance(query, bytes) else str(query)
        self.append(NUMBERS.sub("?", " ".join(text.split())))

    def taken(self) -> list[str]:
        """What was noted since this was last asked."""
        noted = list(self)
        self.clear()
        return noted


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    noted = Statements()
    execute, executemany, copy = AsyncCursor.execute, AsyncCursor.executemany, AsyncCursor.copy

    async def executed(self: Any, query: Any, *args: Any, **more: Any) -> Any:
        noted.note(query)
        return await execute(self, query, *args, **more)

    async def executed_many(self: Any, query: Any, rows: Any, **more: Any) -> Any:
        rows = list(rows)
        for _ in rows:
            noted.note(query)
        return await executemany(self, query, rows, **more)

    def copied(self: Any, query: Any, *args: Any, **more: Any) -> Any:
        noted.note(query)
        return copy(self, query, *args, **more)

    monkeypatch.setattr(AsyncCursor, "execute", executed)
    monkeypatch.setattr(AsyncCursor, "executemany", executed_many)
    monkeypatch.setattr(AsyncCursor, "copy", copied)
    return noted


async def works(
    world: World, statements: Statements, asker: str, route: Declared, *, missing: bool
) -> list[str]:
    """What a refusal of this asker takes; whatever the session and the rights cost is in it."""
    statements.clear()
    if route.method == "WEBSOCKET":
        assert (
            await _refusal(world, asker, filled(route.path, world.things, missing=missing)) == 404
        )
    else:
        answer = await ask(world, asker, route, missing=missing)
        assert answer.status_code == 404, f"{route.method} {route.path}: {answer.text}"
    return statements.taken()


async def differing(
    world: World, statements: Statements, asker: str, routes: list[Declared]
) -> dict[str, tuple[list[str], list[str]]]:
    """Routes whose work tells: the statements that only one of the two refusals sends."""
    found = {}
    for route in routes:
        await works(world, statements, asker, route, missing=True)
        there = await works(world, statements, asker, route, missing=False)
        not_there = await works(world, statements, asker, route, missing=True)
        if there != not_there:
            found[f"{route.method} {route.path}"] = (
                [text[:160] for text in there if text not in not_there] or there[len(not_there) :],
                [text[:160] for text in not_there if text not in there] or not_there[len(there) :],
            )
    return found


def routes_about_things(world: World) -> list[Declared]:
    routes = [route for route in http_routes(world) if is_about_a_thing(route)]
    return routes + sockets_about_things(world)


@pytest.mark.parametrize("asker", ["other", "agencyless", "agencyless_with_roles"])
async def test_a_thing_of_another_costs_what_a_thing_that_does_not_exist_costs(
    world: World, statements: Statements, asker: str
) -> None:
    await make_things(world)
    routes = routes_about_things(world)

    assert await differing(world, statements, asker, routes) == {}
    assert len(routes) > 60


@pytest.mark.parametrize(
    "sides",
    [{"objects": None}, {"tags": ("zxq",)}, {"classes": ("standard",)}],
    ids=["object", "tag", "class"],
)
async def test_a_camera_that_is_denied_costs_what_one_that_does_not_exist_costs(
    world: World, statements: Statements, sides: dict[str, Any]
) -> None:
    await make_things(world)
    role = {"admin_lembaga": "own"}
    person = await add_asker(world, "ditolak", world.things["agency"], roles=role)
    sides = {side: values or (world.things["camera"],) for side, values in sides.items()}
    await give(world, person_id=person, actions=("*",), reason="dilarang", deny=True, **sides)
    routes = [
        route
        for route in routes_about_things(world)
        if re.search(r"{(camera_id|number|hold_id)}", route.path.replace(":path", ""))
    ]

    assert await differing(world, statements, "ditolak", routes) == {}
    assert len(routes) > 12


async def test_a_body_that_names_a_thing_of_another_costs_what_one_that_names_nothing_costs(
    world: World, statements: Statements
) -> None:
    await make_things(world)
    found, named = {}, 0
    for (method, path), body in sorted(bodies(world).items()):
        text = json.dumps(body)
        things = [value for value in world.things.values() if len(value) == 36 and value in text]
        if not things or parameters_of(path):
            continue
        named += 1
        nothing = text
        for value in things:
            nothing = nothing.replace(value, str(new_id()))
        await _sent(world, statements, method, path, nothing)
        there = await _sent(world, statements, method, path, text)
        not_there = await _sent(world, statements, method, path, nothing)
        if there != not_there:
            found[f"{method} {path}"] = (there, not_there)

    assert found == {}
    assert named > 5


async def _sent(
    world: World, statements: Statements, method: str, path: str, body: str
) -> tuple[int, list[str]]:
    statements.clear()
    answer = await world.clients["other"].request(
        method, path, content=body, headers={"content-type": "application/json"}
    )
    return answer.status_code, statements.taken()


async def test_the_measure_sees_work_where_there_is_some(
    world: World, statements: Statements
) -> None:
    """Whoever may see a thing has it fetched: else equal lists above would prove nothing."""
    await make_things(world)
    differ = set()
    for route in routes_about_things(world):
        if route.method in {"DELETE", "WEBSOCKET"}:
            continue
        lists = []
        for missing in (True, False):
            statements.clear()
            await ask(world, "own", route, missing=missing)
            lists.append(statements.taken())
        if lists[0] != lists[1]:
            differ.add(route.path)

    assert {"/api/cameras/{camera_id}", "/api/requests/{request_id}"} < differ
    assert len(differ) > 25
