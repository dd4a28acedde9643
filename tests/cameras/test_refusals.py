"""The inventory asked by itself: what stands behind the guards of its routes."""

from uuid import uuid4

import pytest

from tests.cameras.test_probe import prober
from tests.cameras.world import EVERYTHING, World
from tests.scopes import scope_of
from warroom.cameras import api
from warroom.cameras.contracts import Areas
from warroom.kernel.errors import NotFoundError


async def test_nobody_has_an_address_probed_who_adds_no_cameras() -> None:
    """Not even told that the address is none."""
    with pytest.raises(NotFoundError):
        await api.probe(prober(), scope_of(), "ftp://nirgendwo")


async def test_who_adds_no_cameras_is_not_told_what_is_wrong_with_one(world: World) -> None:
    streams = [api.StreamChange("main", "ftp://nirgendwo")]
    async with world.db.transaction(world.police_viewer) as tx:
        with pytest.raises(NotFoundError):
            await api.add_camera(
                world.inventory, world.police_viewer, tx, world.camera(lat=99.0), streams
            )


async def test_a_camera_that_exists_is_not_told_from_one_that_does_not(world: World) -> None:
    camera_id = await world.add()
    told = set()
    for which in (camera_id, uuid4()):
        with pytest.raises(NotFoundError) as refused:
            await world.change(world.police_viewer, which, 1, name="Baru")
        told.add((type(refused.value), refused.value.code))

    assert told == {(NotFoundError, "not_found")}  # and nothing was locked for them


async def test_a_service_that_records_nothing_gets_no_logins(world: World) -> None:
    await world.add()
    nobody = scope_of()
    async with world.db.transaction(EVERYTHING) as tx:
        with pytest.raises(NotFoundError):
            await api.list_streams(world.inventory, nobody, tx)
        assert await api.list_streams(world.inventory, world.system, tx)


async def test_what_is_counted_or_drawn_of_one_owner_is_theirs(world: World) -> None:
    """Whoever sees all cameras asks for those of one agency."""
    await world.add(1)
    await world.add(2, agency_id=world.dishub)
    areas = Areas(world.dishub, numbers=(1, 2), places=("73.71",))
    async with world.db.transaction(EVERYTHING) as tx:
        meant = await api.find_in_areas(EVERYTHING, tx, areas)
        counted = await api.count_by_class(EVERYTHING, tx, world.dishub)

    assert [camera.number for camera in meant] == [2]
    assert sum(one["count"] for one in counted) == 1
