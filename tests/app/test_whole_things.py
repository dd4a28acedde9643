"""Nothing about a camera is judged, found, told or written without all that limits rights on it.

`tools.house_lint` refuses calls that name some sides and forget others; here every route is asked,
and every judgement by a word that is done to cameras must have come with the camera's place, id,
tags and class.
"""

from typing import Any

import pytest

from tests.app.askers import system
from tests.app.test_authorization_matrix import World, ask, http_routes, make_things
from warroom.kernel import actions
from warroom.kernel.scope import Scope

COLUMNS = {"agency", "place", "id", "tags", "class_"}


def on_cameras() -> set[str]:
    """The words that are done to cameras."""
    return {action.word for action in actions.known() if action.on == "camera"}


@pytest.fixture
def halves(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """By word: predicates without a column, and judgements of a camera without its class."""
    found: dict[str, set[str]] = {"asked": set()}
    words = on_cameras()
    narrow, matching = Scope.narrow, Scope._matching

    def narrowed(scope: Scope, action: str, **columns: Any) -> Any:
        if action in words:
            found["asked"].add(action)
            missing = {side for side in COLUMNS if columns.get(side) is None}
            if missing:
                found.setdefault(f"narrow {action}", set()).update(missing)
        return narrow(scope, action, **columns)

    def matched(scope: Scope, action: str, *sides: Any) -> Any:
        _, _, object_id, _, class_ = sides
        # Every camera of this world has a class, the least one: none is one that was forgotten.
        if action in words and object_id is not None and class_ is None:
            found.setdefault(f"judged {action}", set()).add(str(object_id))
        return matching(scope, action, *sides)

    monkeypatch.setattr(Scope, "narrow", narrowed)
    monkeypatch.setattr(Scope, "_matching", matched)
    return found


async def test_every_judgement_about_a_camera_is_told_all_its_sides(
    world: World, halves: dict[str, set[str]]
) -> None:
    await make_things(world)
    for route in sorted(http_routes(world), key=lambda route: route.method == "DELETE"):
        if route.path != "/api/session":
            await ask(world, "own", route)

    asked = halves.pop("asked")
    assert halves == {}
    assert {"camera:view", "camera:configure", "live:view", "recording:view"} < asked


async def test_every_event_about_a_camera_is_told_with_its_class(world: World) -> None:
    """What a socket is judged by comes from the event: without a class no denial by it holds."""
    await make_things(world)
    for route in sorted(http_routes(world), key=lambda route: route.method == "DELETE"):
        if route.path != "/api/session":
            await ask(world, "own", route)
    words = on_cameras()
    topics = [topic.name for topic in world.app.state.topics if topic.action in words]

    async with world.db.transaction(system(world)) as tx:
        rows = await (
            await tx.execute(
                "select topic, class is not null as has_class from outbox"
                " where topic = any(%s) and object_id is not null",
                [topics],
            )
        ).fetchall()

    assert {row["topic"] for row in rows if not row["has_class"]} == set()
    assert {row["topic"] for row in rows} >= {"cameras.changed", "recording.holds"}


async def test_every_entry_about_a_camera_or_unit_tells_its_tags_and_class(world: World) -> None:
    """By what an entry keeps it is judged later who may read it."""
    await make_things(world)
    for route in sorted(http_routes(world), key=lambda route: route.method == "DELETE"):
        if route.path != "/api/session":
            await ask(world, "own", route)

    async with world.db.transaction(system(world)) as tx:
        rows = await (
            await tx.execute(
                "select action, object_kind, thing_tags is not null and thing_class is not null"
                " as is_whole from audit_entry"
                " where object_kind in ('camera', 'unit') and object_id is not null"
            )
        ).fetchall()

    assert {(row["object_kind"], row["action"]) for row in rows if not row["is_whole"]} == set()
    assert {row["object_kind"] for row in rows} == {"camera", "unit"}
    assert {row["action"] for row in rows} > {"camera:changed", "recording:hold", "unit:changed"}
