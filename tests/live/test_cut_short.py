"""A look that is cut short, wherever it is cut, is written down from its begin to its end."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from starlette.websockets import WebSocket

from tests.live.serving import CAMERA, CAMERAS, House, house, person
from tests.live.test_routes import receive, viewer, warm_stream
from warroom.audit import api as audit
from warroom.kernel.db import Database
from warroom.kernel.errors import WarRoomError
from warroom.kernel.scope import Scope
from warroom.live import routes
from warroom.live.viewers import Viewer


async def ended(at: House) -> list[dict[str, Any]]:
    """The ends that were written, once each begin has one."""
    async with asyncio.timeout(10):
        while True:
            begun, over = await at.audited("live:view"), await at.audited("live:end")
            if begun and len(over) == len(begun):
                return over
            await asyncio.sleep(0.02)


async def test_a_socket_that_is_cancelled_in_the_middle_of_a_look_leaves_a_whole_entry(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving: list[asyncio.Task[Any] | None] = []
    show = routes._show

    async def shown(socket: WebSocket, one: Viewer) -> None:
        serving.append(asyncio.current_task())
        await show(socket, one)

    monkeypatch.setattr(routes, "_show", shown)
    async with house(db, main=warm_stream()) as at, viewer(at) as ear:
        await receive(ear, 4)
        (task,) = serving
        assert task is not None
        task.cancel()
        (end,) = await ended(at)
        (begun,) = await at.audited("live:view")

    assert end["detail"]["way"] == "mse"
    assert end["detail"]["seconds"] >= 0
    assert begun["object_id"] == end["object_id"] == str(CAMERA)


@pytest.mark.parametrize("steps", range(12))
async def test_whoever_is_cancelled_while_a_look_begins_or_goes_on_leaves_a_whole_entry(
    db: Database, steps: int
) -> None:
    """Cut after ever more turns of the loop: before the entry, while it is written, and after."""
    async with house(db) as at:
        scope = person(CAMERAS[CAMERA].agency_id, "live:view")
        task = asyncio.create_task(_look(at, scope))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        begun_after = await _settled(at)

    assert begun_after in ((0, 0), (1, 1))


@pytest.mark.parametrize("cuts", [1, 2, 3])
async def test_whoever_is_cancelled_again_while_the_end_is_written_leaves_a_whole_entry(
    db: Database, monkeypatch: pytest.MonkeyPatch, cuts: int
) -> None:
    writing, go_on = asyncio.Event(), asyncio.Event()
    record_alone = audit.record_alone

    async def slowly(scope: Scope, database: Database, asked: audit.Asked) -> Any:
        if asked.action == "live:end":
            writing.set()
            await go_on.wait()
        return await record_alone(scope, database, asked)

    async with house(db) as at:
        monkeypatch.setattr(audit, "record_alone", slowly)
        task = asyncio.create_task(_look(at, person(CAMERAS[CAMERA].agency_id, "live:view")))
        async with asyncio.timeout(10):
            while not await at.audited("live:view"):
                await asyncio.sleep(0.01)
        task.cancel()
        await writing.wait()
        for _ in range(cuts):
            task.cancel()
            await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        over = await ended(at)

    assert len(over) == 1


async def _look(at: House, scope: Scope) -> None:
    """Looks until cut, as the socket does."""

    async def still() -> Scope | None:
        return scope

    def end(error: WarRoomError) -> None:
        raise error

    view = None
    try:
        view = await at.live.open(
            replace(scope), CAMERAS[CAMERA], "main", "mse", still=still, end=end
        )
        await asyncio.Event().wait()
    finally:
        if view is not None:
            await at.live.close(view)


async def _settled(at: House) -> tuple[int, int]:
    """How many looks were begun and ended, once nothing is being written any more."""
    async with asyncio.timeout(10):
        while at.live._ending:
            await asyncio.sleep(0.01)
    # One that was cut before it began to write writes nothing later either.
    await asyncio.sleep(0.05)
    return len(await at.audited("live:view")), len(await at.audited("live:end"))
