"""Closures and reports: who may, what is kept, what is refused in words, what is told."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.traffic.city import east, town
from tests.traffic.world import World, make_world, new_id, person
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.scope import Scope
from warroom.roads.api import RoadGraph
from warroom.traffic import api
from warroom.traffic.errors import (
    OutOfAreaError,
    ReasonMissingError,
    SaidNotFoundError,
    TimesError,
)


def in_two_areas(*, with_ring: bool = False) -> RoadGraph:
    """The town; pieces 1 to 5 of its long road lie in one kelurahan, the others in another."""
    graph = town(with_ring=with_ring)
    area = graph.area.copy()
    area[:] = 2
    area[[edge for piece in range(1, 6) for edge in (east(piece), graph.twin[east(piece)])]] = 1
    return replace(graph, area=area, areas=("", "73.71.01.1001", "73.71.02.1001"))


@pytest.fixture
def world(db: Database, clock: FixedClock, tmp_path: Path, loop_runner: asyncio.Runner) -> World:
    return loop_runner.run(make_world(db, clock, tmp_path, in_two_areas()))


async def listed(world: World, scope: Scope, kind: Any = "closure", **more: Any) -> list[Any]:
    async with world.db.transaction(scope) as tx:
        now = world.clock.now()
        found = await api.list_said(scope, tx, kind, now, **{"with_ended": False, **more})
    return msgspec.json.decode(found)  # type: ignore[no-any-return]


async def end(world: World, scope: Scope, closure: UUID) -> None:
    async with world.db.transaction(scope) as tx:
        await api.open_roads_again(scope, tx, closure, world.clock.now())


async def test_a_closure_is_kept_with_roads_and_reason_and_is_its_agencys(world: World) -> None:
    closure = await world.close(east(2), east(3))

    (mine,) = await listed(world, world.officer)
    assert str(closure) == mine["id"]
    assert (["Jl. Panjang"], "banjir", "Dishub", 2, True) == (
        mine["roads"], mine["reason"], mine["agency"], mine["edges"], mine["holds"],
    )  # fmt: skip
    assert "73.71.01.1001" == mine["place"]
    assert [] == await listed(world, world.other)


async def test_closing_and_opening_are_audited_and_told(world: World) -> None:
    closure = await world.close(east(2))
    await end(world, world.officer, closure)
    await end(world, world.officer, closure)

    audited = await world.rows("select action from audit_entry where action like 'traffic%%'")
    told = await world.rows("select topic, body, agency_id, place from outbox order by id")
    assert ["traffic:closed", "traffic:opened"] == sorted(row["action"] for row in audited)
    assert ["closed", "opened"] == [msgspec.json.decode(row["body"])["change"] for row in told]
    assert {("traffic.closures", world.dishub, "73.71.01.1001")} == {
        (row["topic"], row["agency_id"], row["place"]) for row in told
    }


async def test_another_agency_cannot_open_it_and_does_not_learn_of_it(world: World) -> None:
    closure = await world.close(east(2))

    for scope, which in ((world.other, closure), (world.officer, new_id())):
        with pytest.raises(SaidNotFoundError):
            await end(world, scope, which)
    assert 1 == len(await listed(world, world.officer))


async def test_a_closure_is_no_report_and_cannot_be_taken_back_as_one(world: World) -> None:
    closure = await world.close(east(2))

    with pytest.raises(SaidNotFoundError):
        async with world.db.transaction(world.officer) as tx:
            await api.withdraw_report(world.officer, tx, closure, world.clock.now())


async def test_who_may_only_see_or_report_closes_nothing(world: World) -> None:
    for words in (("traffic:view",), ("traffic:view", "traffic:report")):
        with pytest.raises(SaidNotFoundError):
            await world.close(east(2), scope=person(world.dishub, *words))


async def test_nobody_closes_roads_outside_of_their_area(world: World) -> None:
    local = person(world.dishub, "traffic:*", places=frozenset({"73.71.01"}))
    await world.close(east(2), scope=local)

    with pytest.raises(OutOfAreaError) as refused:
        await world.close(east(5), east(6), scope=local)
    assert {"roads": "Jl. Panjang"} == refused.value.params


async def test_somebody_without_an_agency_reports_nothing(world: World) -> None:
    with pytest.raises(SaidNotFoundError):
        await world.report(east(2), scope=replace(world.officer, agency_id=None))


@pytest.mark.parametrize("minutes", [0, -5, 60 * 24 * 400])
async def test_times_that_cannot_be_are_refused(world: World, minutes: float) -> None:
    with pytest.raises(TimesError):
        await world.close(east(2), minutes=minutes)


async def test_a_closure_needs_a_reason(world: World) -> None:
    with pytest.raises(ReasonMissingError):
        await world.close(east(2), reason=" \0 ")


async def test_a_report_holds_half_an_hour_if_not_said_and_twelve_at_most(world: World) -> None:
    with pytest.raises(TimesError):
        await world.report(east(2), minutes=60 * 13)
    draft = replace(world.draft(east(2), level="slow"), ends_at=None)
    async with world.db.transaction(world.officer) as tx:
        await api.report_roads(
            world.officer, tx, world.graph, draft, world.traffic.settings, world.clock.now()
        )

    (row,) = await world.rows("select ends_at from traffic_said")
    assert world.clock.now() + timedelta(minutes=30) == row["ends_at"]


async def test_what_is_over_is_listed_only_when_asked_for(world: World) -> None:
    await world.report(east(2), minutes=5)
    world.clock.advance(600)

    assert [] == await listed(world, world.officer, "report")
    (over,) = await listed(world, world.officer, "report", with_ended=True)
    assert over["holds"] is False
