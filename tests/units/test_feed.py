"""Who is told where units are, once a second, and that nobody is told twice."""

import asyncio

from tests.kernel.test_realtime import open_tab
from tests.units.test_ingest import fix
from tests.units.world import World
from warroom.kernel.realtime import Hub
from warroom.units import routes
from warroom.units.contracts import POSITION


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
            await asyncio.sleep(0.2)
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
