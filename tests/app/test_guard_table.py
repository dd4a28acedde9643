"""`warroom routes --json` prints the table that the authorization matrix walks, and all of it."""

import json
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.app.askers import system
from tests.app.test_authorization_matrix import World, _flat, is_about_a_thing, make_things
from warroom.app.asgi import declared, guard_table
from warroom.app.cli import main
from warroom.kernel import actions
from warroom.kernel.http import PUBLIC, SIGNED_IN
from warroom.kernel.limits import Cost
from warroom.kernel.realtime import Hub


@pytest.fixture
def printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="wrc-", dir="/tmp") as name:
        monkeypatch.setenv("WARROOM_DATA_DIR", name)
        assert main(["routes", "--json"]) == 0
        yield json.loads(capsys.readouterr().out)


def test_the_command_prints_what_the_matrix_walks(world: World, printed: dict[str, Any]) -> None:
    walked = {(route.method, route.path, route.guard) for route in declared(world.app)}
    about_things = {route.path for route in declared(world.app) if is_about_a_thing(route)}

    shown = {(one["method"], one["path"], one["guard"]) for one in printed["routes"]}
    media = {one["path"] for one in printed["routes"] if one["media"]}

    assert printed == json.loads(json.dumps(guard_table(world.app)))
    assert shown == walked
    assert media <= about_things
    assert {path.rpartition("/")[2] for path in media} >= {
        *("mse", "sound", "whep", "snapshot.jpg", "media", "thumbnail.jpg")
    }


def test_every_route_that_makes_a_file_or_keeps_a_challenge_is_limited(world: World) -> None:
    routes = declared(world.app)
    papers = {one.name for one in routes if one.name.startswith(("print_", "export_"))}
    by_cost = {cost: {one.name for one in routes if one.cost is cost} for cost in Cost}

    assert papers <= by_cost[Cost.EXPORT]
    assert {"report", "search_case"} == by_cost[Cost.EXPORT] - papers
    assert by_cost[Cost.CHALLENGE] == {
        *("challenge_seat", "ask_passkey", "ask_new_passkey", "ask_proof", "begin_totp", "depart")
    }


def test_only_what_answers_callers_goes_on_without_the_database(world: World) -> None:
    """Behind such a route no wall of the database stands: a new one is for somebody to judge."""
    calls = {
        *("GET queue", "GET agents", "GET board", "POST leg", "DELETE leg", "PUT ready"),
        *(
            f"POST {{call_id}}/{deed}"
            for deed in (
                *("answer", "hold", "resume", "hang-up", "keys", "transfer", "conference"),
                *("leave", "drop", "close", "call-back"),
            )
        ),
        "GET {call_id}/replay",
    }

    alone = {
        f"{route.method} {route.path.removeprefix('/api/calls/')}"
        for route in declared(world.app)
        if route.stands_alone
    }

    assert alone == calls | {"WEBSOCKET /ws"}


async def test_every_topic_that_is_published_is_in_the_table(world: World) -> None:
    """Also one that a domain forgot to declare: it stands in the outbox all the same."""
    await make_things(world)
    async with world.db.transaction(system(world)) as tx:
        rows = await (await tx.execute("select distinct topic from outbox")).fetchall()
    hub: Hub = world.app.state.services[Hub]

    topics = guard_table(world.app)["topics"]
    heard = {topic["name"] for topic in topics}
    published = {row["topic"] for row in rows}

    assert heard == set(hub.topics)
    assert {topic["action"] for topic in topics} <= {one.word for one in actions.known()}
    assert len(published) >= 5
    assert published - {topic for topic, _ in hub.handlers} <= heard


def test_every_entry_names_a_guard_that_somebody_declared(
    world: World, printed: dict[str, Any]
) -> None:
    words = {one.word for one in actions.known()} | {PUBLIC, SIGNED_IN}

    assert {one["guard"] for one in printed["routes"]} <= words
    assert len(_flat(world.app)) == len(printed["routes"])
