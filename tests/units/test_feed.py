"""Who is told where units are, once a second, and that nobody is told twice."""

import asyncio
from typing import Any

import pytest

from tests.kernel.test_realtime import open_tab
from tests.listening import until_listened
from tests.scopes import EVERYTHING
from tests.units.test_ingest import fix
from tests.units.world import World
from warroom.kernel.realtime import Hub
from warroom.units import routes, track_store
from warroom.units.contracts import POSITION
from warroom.units.ingest import CHANNEL


async def test_those_in_scope_hear_where_a_unit_is_and_others_do_not(world: World) -> None:
    unit = await world.add()
    key = await world.key(unit)
    hub = Hub(routes.TOPICS, world.db, world.nobody, world.clock)
    world.tracker.meet(hub)
    async with (
        open_tab(hub, world.fire_viewer) as ours,
        open_tab(hub, world.police_admin) as theirs,
    ):
        for tab in (ours, theirs):
            tab.subscribe(POSITION)
        await asyncio.sleep(0.05)
        async with world.tracker:
            await until_listened(world.db, EVERYTHING, CHANNEL)
            await world.tracker.take("gps-1", key, [fix(world, ago_s=1)])
            await ours.until(lambda: len(ours.bodies()) == 1)
            world.clock.advance(1)
            await world.tracker.take("gps-1", key, [fix(world, lon=119.4026)])
            await ours.until(lambda: len(ours.bodies()) == 2)
            await asyncio.sleep(1.2)

        told = [item for body in ours.bodies() for item in body["items"]]
        assert [(item["id"], item["lon"]) for item in told] == [
            (str(unit), 119.4025), (str(unit), 119.4026),
        ]  # fmt: skip
        assert theirs.bodies() == []


async def test_a_batch_that_was_long_under_way_is_told_though_others_were_meanwhile(
    world: World,
) -> None:
    """What is told is found by when a batch was begun, which is long before it is committed."""
    unit = await world.add()
    key = await world.key(unit)
    hub = Hub(routes.TOPICS, world.db, world.nobody, world.clock)
    world.tracker.meet(hub)
    async with open_tab(hub, world.fire_viewer) as ours:
        ours.subscribe(POSITION)
        await asyncio.sleep(0.05)
        async with world.tracker:
            await until_listened(world.db, EVERYTHING, CHANNEL)
            slow, save = asyncio.Event(), track_store.save_positions

            async def save_slowly(*given: Any) -> None:
                await slow.wait()
                await save(*given)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(track_store, "save_positions", save_slowly)
                taking = asyncio.create_task(world.tracker.take("gps-1", key, [fix(world)]))
                await asyncio.sleep(0.5)
                # A minute later another process tells of a batch of its own.
                world.clock.advance(60)
                async with world.db.transaction(EVERYTHING) as tx:
                    at = world.clock.now().isoformat()
                    await tx.execute("select pg_notify('warroom_units', %s)", (at,))
                await asyncio.sleep(1.3)
                slow.set()
                await taking
            await ours.until(lambda: len(ours.bodies()) == 1)

        assert [item["id"] for body in ours.bodies() for item in body["items"]] == [str(unit)]
