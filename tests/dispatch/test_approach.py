"""Claims about units on their way: told once that it has become worse, with the better one."""

from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pytest

from tests.dispatch.incident_world import Room
from tests.dispatch.world import person
from tests.scopes import EVERYTHING
from warroom.dispatch import api
from warroom.dispatch.approach import Approach
from warroom.dispatch.contracts import MINE, TASKS, WAY_WORSE, Stamp
from warroom.dispatch.settings import DispatchSettings
from warroom.kernel.scope import Scope
from warroom.routing.contracts import Conditions
from warroom.traffic.api import How


class Drive:
    """Engine 1 in the west is sent to the east end of the long road."""

    def __init__(self, room: Room) -> None:
        self.room = room
        settings = DispatchSettings(worse_s=30.0)
        traffic = room.world.town.traffic
        self.approach = Approach(
            *(room.world.db, room.world.clock, EVERYTHING, traffic, room.world.router),
            *(settings, "first"),
        )
        traffic.followers.append(self.approach.follow)
        traffic.followers.append(self.lead)
        self.assignment: UUID

    async def lead(self, cycle: Any) -> None:
        """Routes follow the roads, as in a process."""
        now, graph = cycle.state, self.room.world.town.traffic.estimator.graph
        closed = now.how == How.CLOSED
        known = now.how != How.FREE_FLOW
        await self.room.world.router.take(
            graph, Conditions(now.kmh, closed, np.zeros_like(closed), now.since, known)
        )

    async def begin(self) -> None:
        await self.room.world.cycle(1, 10, 50.0)
        incident = await self.room.incident(lon=119.409)
        await self.room.place(self.room.engines[0], 119.4005)
        (sent,) = await self.room.send(incident, api.Wanted(self.room.engines[0], "engine"))
        self.assignment = sent.assignment_id
        await self.approach.step()

    async def slow(self, first: int = 4, last: int = 8, kmh: float = 3.0) -> None:
        # As often as the speeds need to settle.
        for _ in range(12):
            await self.room.world.cycle(first, last, kmh)
        await self.room.place(self.room.engines[0], 119.4005)
        await self.approach.step()

    async def told(self) -> list[dict[str, Any]]:
        rows = await self.room.world.rows(
            "select detail, source, assignment_id from dispatch_event where kind = %s", WAY_WORSE
        )
        assert all(row["assignment_id"] == self.assignment for row in rows)
        return [row["detail"] for row in rows]


async def test_a_way_that_becomes_slower_is_told_once_to_desk_and_crew(room: Room) -> None:
    drive = Drive(room)
    await drive.begin()
    before = await drive.told()

    await drive.slow()
    await drive.approach._hear(None)  # type: ignore[arg-type]
    await drive.approach.step()
    told = await drive.told()
    topics = await room.world.rows(
        "select topic from outbox where body::jsonb->>'change' = %s", WAY_WORSE
    )

    assert before == []
    (one,) = told
    assert one["now_s"] > one["was_s"] + 30
    assert one["better_s"] > 0
    assert (one["closed"], one["road"]) == (False, "Jl. Panjang")
    assert sorted(row["topic"] for row in topics) == sorted([TASKS, MINE])


async def test_a_slow_road_behind_the_unit_is_told_to_nobody(room: Room) -> None:
    drive = Drive(room)
    await drive.begin()
    await room.place(room.engines[0], 119.4085)

    for _ in range(3):
        await room.world.cycle(2, 6, 3.0)
    await room.place(room.engines[0], 119.4085)
    await drive.approach.step()

    assert await drive.told() == []


async def test_who_arrived_is_told_nothing_of_the_way(room: Room) -> None:
    drive = Drive(room)
    await drive.begin()
    await room.stamp(drive.assignment, Stamp.ON_SCENE)

    await drive.slow()

    assert await drive.told() == []


async def test_roads_that_did_not_change_ask_the_database_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = Drive(room)
    await drive.begin()
    await room.world.cycle(1, 10, 50.0)
    asked: list[object] = []

    class Counted:
        """A database that counts who asks."""

        def transaction(self, scope: Scope) -> Any:
            asked.append(scope)
            return room.world.db.transaction(scope)

    monkeypatch.setattr(drive.approach, "_db", Counted())

    await drive.approach.step()

    assert asked == []


async def test_what_was_stacked_gets_its_promise_from_where_the_unit_is_then(room: Room) -> None:
    drive = Drive(room)
    await drive.begin()
    second = await room.incident(lon=119.405)
    async with room.world.db.transaction(room.dispatcher) as tx:
        await api.stack_units(
            room.dispatcher, tx, second.id, [api.Wanted(room.engines[0], "engine")], room.now
        )
    await room.stamp(drive.assignment, Stamp.DECLINED, reason="salah jalan")
    await room.place(room.engines[0], 119.4005)
    await drive.approach._hear(None)  # type: ignore[arg-type]

    await drive.approach.step()
    (part,) = await room.parts(second)

    assert part["assignments"][0]["eta_s"] > 0


async def test_the_phone_reads_what_became_of_its_way(room: Room) -> None:
    drive = Drive(room)
    await drive.begin()
    await drive.slow()
    (row,) = await room.world.rows(
        "select person_id from dispatch_crew where unit_id = %s", room.engines[0]
    )
    crew = person(room.fire, row["person_id"], "dispatch:act")

    async with room.world.db.transaction(crew) as tx:
        shown, _ = await api.show_duty(crew, tx, room.now)
    told = msgspec.json.decode(msgspec.json.encode(shown))

    assert told["way"]["better_s"] > 0
    assert told["way"]["at"]
