"""Claims about units on their way: told once that it has become worse, with the better one."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.dispatch.incident_world import Room
from tests.dispatch.world import person
from tests.scopes import EVERYTHING
from warroom.dispatch import api
from warroom.dispatch.approach import Approach
from warroom.dispatch.contracts import MINE, TASKS, WAY_BETTER, WAY_WORSE, Stamp
from warroom.dispatch.settings import DispatchSettings
from warroom.kernel.scope import Scope
from warroom.routing.contracts import Conditions
from warroom.traffic.api import Colour, How


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
        known, jammed = now.how != How.FREE_FLOW, now.colour == Colour.JAM
        await self.room.world.router.take(
            graph, Conditions(now.kmh, closed, jammed, now.since, known)
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

    async def told(self, kind: str = WAY_WORSE) -> list[dict[str, Any]]:
        rows = await self.room.world.rows(
            "select detail, source, assignment_id from dispatch_event where kind = %s", kind
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
    assert (one["closed"], one["road"], one["state"]) == (False, "Jl. Panjang", "jam")
    assert one["via"] is None  # there is no other way
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


async def test_a_jam_is_told_with_its_road_and_with_both_ways(ring_room: Room) -> None:
    drive = Drive(ring_room)
    await drive.begin()

    await drive.slow()
    (one,) = await drive.told()

    assert (one["road"], one["state"], one["via"]) == ("Jl. Panjang", "jam", "Jl. Lingkar")
    assert one["since"] is not None
    assert one["better_s"] < one["now_s"]
    before, better = one["lines"]["before"], one["lines"]["better"]
    assert (before[0], before[-1]) == (better[0], better[-1])
    # One keeps to the long road, on the equator; the other goes round it, to the north.
    assert max(lat for _, lat in before) == 0.0
    assert max(lat for _, lat in better) == 0.001


async def test_a_way_that_became_clearly_quicker_is_told_though_nothing_became_worse(
    ring_room: Room,
) -> None:
    drive = Drive(ring_room)
    drive.approach = Approach(
        *(ring_room.world.db, ring_room.world.clock, EVERYTHING, ring_room.world.town.traffic),
        *(ring_room.world.router, DispatchSettings(worse_s=20.0), "first"),
    )
    ring_room.world.town.traffic.followers[:] = [drive.lead, drive.approach.follow]
    for _ in range(12):
        await ring_room.world.cycle(4, 8, 3.0)
    await drive.begin()
    before = await drive.told(WAY_BETTER)

    for _ in range(30):
        await ring_room.world.cycle(1, 10, 50.0)
    await ring_room.place(ring_room.engines[0], 119.4005)
    await drive.approach.step()
    (one,) = await drive.told(WAY_BETTER)

    assert before == []
    assert await drive.told() == []
    assert (one["road"], one["via"], one["closed"]) == ("", "Jl. Panjang", False)
    assert one["better_s"] < one["now_s"]


async def test_lists_leave_both_ways_out_and_the_incident_shows_them(ring_room: Room) -> None:
    drive = Drive(ring_room)
    await drive.begin()
    await drive.slow()
    room, scope = ring_room, ring_room.dispatcher

    (incident,) = await room.world.rows("select incident_id from dispatch_task")
    async with room.world.db.transaction(scope) as tx:
        listed = msgspec.json.decode(await api.list_tasks(scope, tx, room.now))
        parts = await api.list_tasks_of(scope, tx, incident["incident_id"], room.world.settings)
    (short,), (whole,) = (part[0]["assignments"] for part in (listed, parts))

    assert (short["way"]["kind"], short["way"]["road"]) == (WAY_WORSE, "Jl. Panjang")
    assert "lines" not in short["way"]
    assert len(whole["way"]["lines"]["better"]) > 2
