"""Counts of cameras: which road each counts on, who may tell them, and what becomes of them."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.scopes import EVERYTHING, scope_of
from tests.traffic.city import east, town
from tests.traffic.world import World, make_world, new_id
from warroom.cameras.contracts import CONFIGURE
from warroom.cameras.errors import CameraNotFoundError
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.scope import Rule, Scope
from warroom.roads.api import Snapper
from warroom.traffic import api
from warroom.traffic.contracts import COUNT, How
from warroom.traffic.errors import BadCountsError, NoSuchEdgesError
from warroom.traffic.looking import Look, look
from warroom.traffic.sights import Sights

BEFORE = 119.4025 - 0.0003
"""Longitude of a camera 33 m west of the middle of the third piece, on the road."""


@dataclass
class Watch:
    world: World
    sights: Sights
    program: Scope
    other: Scope

    async def take(self, *items: dict[str, Any], scope: Scope | None = None, **more: Any) -> Any:
        body = {"at_s": self.world.clock.now().timestamp(), "seconds": 30.0, "items": items, **more}
        return await self.sights.take(scope or self.program, json.dumps(body).encode())

    async def set(self, camera: UUID, scope: Scope, **keys: list[str]) -> None:
        async with self.world.db.transaction(scope) as tx:
            await api.set_sight(
                scope, tx, camera, self.world.traffic.known_edges, keys, self.world.clock.now()
            )
        await self.sights._forget(None)  # type: ignore[arg-type]


def of(agency: UUID, *words: str) -> Scope:
    rule = Rule(frozenset(words), agencies=frozenset({agency}))
    return scope_of(rule, agency_id=agency, person_id=None)


async def add_camera(world: World, number: int, bearing: float | None) -> UUID:
    camera_id, now = new_id(), world.clock.now()
    async with world.db.transaction(EVERYTHING) as tx:
        await tx.execute(
            "insert into camera (id, agency_id, number, name, lat, lon, bearing_deg, range_m,"
            " created_at, changed_at) values (%s, %s, %s, 'K', 0.0, %s, %s, 100, %s, %s)",
            [camera_id, world.dishub, number, BEFORE, bearing, now, now],
        )
    return camera_id


@pytest.fixture
def watch(db: Database, clock: FixedClock, tmp_path: Path, loop_runner: asyncio.Runner) -> Watch:
    async def make() -> Watch:
        world = await make_world(db, clock, tmp_path, town())
        await world.traffic.step()
        sights = Sights(db, clock, EVERYTHING, world.traffic)
        other = world.other.agency_id
        assert other is not None
        return Watch(world, sights, of(world.dishub, COUNT, CONFIGURE), of(other, COUNT, CONFIGURE))

    return loop_runner.run(make())


def west(piece: int) -> int:
    return int(town().twin[east(piece)])


@pytest.mark.parametrize(
    ("bearing", "away", "toward"),
    [(90.0, east(3), west(3)), (270.0, west(2), east(2)), (60.0, east(3), west(3))],
)
def test_a_camera_counts_on_the_road_that_it_looks_along(
    bearing: float, away: int, toward: int
) -> None:
    found = look(Snapper(town()), Look(0.0, BEFORE if bearing < 180 else 119.4021, bearing, 100.0))

    assert found == {"away": [away], "toward": [toward]}


def test_a_main_road_is_taken_before_a_small_one_and_none_far_away() -> None:
    snapper = Snapper(town())
    # Jl. Samping leaves to the north at 119.405; the camera on it looks back at the main road.
    found = look(snapper, Look(0.0006, 119.405, 180.0, 100.0))
    short = look(snapper, Look(0.0006, 119.405, 180.0, 30.0))
    away = look(snapper, Look(0.0050, 119.405, 0.0, 100.0))

    assert {edge for side in found.values() for edge in side} <= {
        *(east(piece) for piece in (5, 6)), *(west(piece) for piece in (5, 6)),
    }  # fmt: skip
    names = {town().name_of(edge) for side in short.values() for edge in side}
    assert names == {"Jl. Samping"}
    assert away == {}


async def test_counts_and_speeds_of_a_camera_make_the_state_of_its_road(watch: Watch) -> None:
    await add_camera(watch.world, 7, 90.0)
    told = await watch.take(
        {"camera": 7, "side": "away", "light": 10, "motorcycles": 20, "heavy": 0, "kmh": 9.0},
        {"camera": 7, "side": "toward", "light": 2, "kmh": 40.0},
    )
    await watch.world.traffic.step()
    state = watch.world.traffic.estimator.state

    assert told == {"taken": 2, "refused": {}}
    assert state is not None
    assert state.how[east(3)] == How.MEASURED
    assert state.kmh[east(3)] == pytest.approx(9.0, abs=0.1)
    assert state.flow[east(3)] == pytest.approx((10 + 0.25 * 20) * 120, rel=0.01)
    assert state.kmh[west(3)] == pytest.approx(40.0, abs=0.1)


async def test_a_count_of_nobody_is_a_count_and_no_speed(watch: Watch) -> None:
    await add_camera(watch.world, 7, 90.0)
    await watch.take({"camera": 7, "side": "away", "kmh": 3.0})
    await watch.world.traffic.step()
    state = watch.world.traffic.estimator.state

    assert state is not None
    assert state.flow[east(3)] == 0.0
    assert state.how[east(3)] != How.MEASURED


async def test_a_program_tells_of_its_own_agencys_cameras_alone(watch: Watch) -> None:
    camera_id = await add_camera(watch.world, 7, 90.0)
    row = {"camera": 7, "side": "away", "light": 10, "kmh": 9.0}

    assert await watch.take(row, scope=watch.other) == {"taken": 0, "refused": {"camera": 1}}
    assert await watch.take({**row, "camera": 8}) == {"taken": 0, "refused": {"camera": 1}}
    assert await watch.take({**row, "camera": str(camera_id)}) == {"taken": 1, "refused": {}}


async def test_what_cannot_be_is_refused_by_reason_and_harms_nothing_else(watch: Watch) -> None:
    await add_camera(watch.world, 7, 90.0)
    await add_camera(watch.world, 8, None)
    good = {"camera": 7, "side": "away", "light": 1, "kmh": 30.0}
    told = await watch.take(
        good, {**good, "camera": 8}, {**good, "light": -1}, {**good, "light": 10_001}
    )
    old = await watch.take(good, at_s=watch.world.clock.now().timestamp() - 3600)

    assert told == {"taken": 1, "refused": {"side": 1, "count": 2}}
    assert old == {"taken": 0, "refused": {"at": 1}}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{", b'{"items":' + b"[" * 60_000,
        b'{"at_s":1,"seconds":30,"items":[{"camera":1,"side":"up"}]}',
        b'{"at_s":1,"seconds":0,"items":[]}', b'{"at_s":1,"seconds":1e9,"items":[]}',
        json.dumps({"at_s": 1, "seconds": 30, "items": [{"camera": 1, "side": "away"}] * 5001})
        .encode(),
    ],
)  # fmt: skip
async def test_what_is_no_list_of_counts_is_refused(watch: Watch, content: bytes) -> None:
    with pytest.raises(BadCountsError):
        await watch.sights.take(watch.program, content)


async def test_what_people_set_is_kept_until_they_let_it_go(watch: Watch) -> None:
    camera_id = await add_camera(watch.world, 7, 90.0)
    graph = town()
    await watch.set(camera_id, watch.program, away=[graph.key_of(east(9))])
    set_ = (await watch.sights.table())[7]
    told = api.tell_sight(graph, set_)
    async with watch.world.db.transaction(watch.program) as tx:
        await api.clear_sight(watch.program, tx, camera_id, watch.world.clock.now())
    await watch.sights._forget(None)  # type: ignore[arg-type]
    after = (await watch.sights.table())[7]

    assert (set_.how, set_.edges) == ("set", {"away": [east(9)], "toward": []})
    assert told["away"][0]["road"] == "Jl. Panjang"
    assert (after.how, after.edges["away"]) == ("map", [east(3)])
    actions = await watch.world.rows(
        "select action from audit_entry where object_kind = 'camera' order by at, action"
    )
    assert {row["action"] for row in actions} == {"traffic:sight_set", "traffic:sight_cleared"}


async def test_edges_that_there_are_none_of_and_cameras_of_others_are_refused(
    watch: Watch,
) -> None:
    camera_id = await add_camera(watch.world, 7, 90.0)

    with pytest.raises(NoSuchEdgesError):
        await watch.set(camera_id, watch.program, away=["1:2:3"])
    with pytest.raises(CameraNotFoundError):
        await watch.set(camera_id, watch.other, away=[town().key_of(east(9))])


async def test_one_sees_the_sights_of_cameras_in_view(watch: Watch) -> None:
    await add_camera(watch.world, 7, 90.0)
    await add_camera(watch.world, 9, None)
    table = await watch.sights.table()
    viewer = of(watch.world.dishub, "camera:view")

    seen = api.sights_in_view(table, viewer)
    assert [(one.camera.number, one.how) for one in seen] == [(7, "map"), (9, "unknown")]
    assert api.sights_in_view(table, of(new_id(), "camera:view")) == []
