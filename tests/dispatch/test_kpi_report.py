"""Claims about the report of 112 over stored calls, incidents and units, and who sees which."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.dispatch.incident_world import WORDS, Room
from tests.scopes import EVERYTHING, scope_of
from warroom.dispatch import api
from warroom.dispatch.contracts import Stamp
from warroom.dispatch.errors import PeriodError
from warroom.incidents import api as incidents
from warroom.incidents.contracts import Incident
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope

from tests.traffic.world import ZONE  # isort: skip


async def add_call(
    room: Room, offered_ago_s: float, answered_after_s: float | None, **more: Any
) -> UUID:
    """A call as the journal stores it."""
    call_id, offered = new_id(), room.now - timedelta(seconds=offered_ago_s)
    answered = None if answered_after_s is None else offered + timedelta(seconds=answered_after_s)
    async with room.world.db.transaction(EVERYTHING) as tx:
        await tx.execute(
            "insert into call (id, agency_id, node, direction, state, class, offered_at,"
            " answered_at, ended_at, channel)"
            " values (%s, %s, 'n1', %s, 'closed', %s, %s, %s, %s, %s)",
            [
                *(call_id, more.get("agency", room.fire), more.get("direction", "in")),
                *(more.get("class_"), offered, answered, offered + timedelta(seconds=60)),
                more.get("channel", "phone"),
            ],
        )
    return call_id


async def join(room: Room, incident: Incident, call_id: UUID) -> None:
    async with room.world.db.transaction(room.dispatcher) as tx:
        await incidents.join_call(room.dispatcher, tx, incident.id, call_id, room.now)


async def report(room: Room, scope: Scope | None = None) -> dict[str, Any]:
    scope, day = scope or everything(room), room.now.astimezone(ZONE).date()
    async with room.world.db.transaction(scope) as tx:
        return await api.report_kpi(scope, tx, day, day, ZONE, room.now)


def everything(room: Room) -> Scope:
    return scope_of(Rule(WORDS | {"call:view"}), agency_id=room.fire)


def timed(told: dict[str, Any], key: str) -> Any:
    return next(one for one in told["timings"] if one["key"] == key)


async def test_a_call_its_incident_and_its_engine_are_one_row_of_each_figure(room: Room) -> None:
    call_id = await add_call(room, 40, 10)
    incident = await room.incident()
    await join(room, incident, call_id)
    (sent,) = await room.send(incident, api.Wanted(room.engines[0], "engine"))
    await room.stamp(sent.assignment_id, Stamp.ACCEPTED, Stamp.EN_ROUTE, Stamp.ON_SCENE)

    told = await report(room)

    assert (1, 1, 1) == (told["calls"], told["incidents"], told["units"])
    assert timed(told, "answer")["p90_s"] == 10
    assert timed(told, "processing")["p90_s"] == 30
    assert timed(told, "turnout_fire")["p90_s"] == 2
    assert timed(told, "travel_first_engine")["p90_s"] == 1
    assert timed(told, "response")["p90_s"] == 43
    assert timed(told, "response")["clocks"] == {"call": 1}


async def test_who_sees_no_calls_is_told_so_and_the_clock_starts_with_the_opening(
    room: Room,
) -> None:
    incident = await room.incident()
    await join(room, incident, await add_call(room, 40, 10))
    await room.send(incident, api.Wanted(room.engines[0], "engine"))

    told = await report(room, room.dispatcher)

    assert told["seen"] == {"calls": False, "incidents": True}
    assert (told["calls"], timed(told, "answer")["n"]) == (0, 0)
    assert timed(told, "processing")["clocks"] == {"opening": 1}


async def test_units_of_another_agency_are_in_nobody_elses_figures(room: Room) -> None:
    incident = await room.incident()
    await room.send(
        incident, api.Wanted(room.engines[0], "engine"), api.Wanted(room.ambulance, "ambulance")
    )
    own = scope_of(Rule(WORDS, agencies=frozenset({room.fire})), agency_id=room.fire)

    assert (2, 1) == ((await report(room))["units"], (await report(room, own))["units"])


async def test_calls_of_another_agency_tests_reports_in_writing_and_our_own_calls_are_not_counted(
    room: Room,
) -> None:
    await add_call(room, 40, 10)
    await add_call(room, 40, 10, class_="test")
    await add_call(room, 40, 10, direction="out")
    await add_call(room, 40, 10, channel="web")
    await add_call(room, 40, 10, agency=room.health)
    own = Rule(WORDS | {"call:view"}, agencies=frozenset({room.fire}))

    assert (await report(room, scope_of(own, agency_id=room.fire)))["calls"] == 1


async def test_a_call_about_a_merged_incident_starts_the_clock_of_the_one_that_stays(
    room: Room,
) -> None:
    stays, goes = await room.incident(), await room.incident()
    await join(room, goes, await add_call(room, 300, 10))
    async with room.world.db.transaction(room.dispatcher) as tx:
        said = incidents.Said(new_id())
        await incidents.merge(room.intake, room.dispatcher, tx, goes.id, stays.id, said, room.now)

    told = await report(room)

    assert told["incidents"] == 1
    assert timed(told, "response")["clocks"] == {"call": 1}


@pytest.mark.parametrize("days", [-1, 366])
async def test_a_time_that_ends_before_it_begins_or_lasts_too_long_is_refused(
    room: Room, days: int
) -> None:
    day = room.now.date()
    async with room.world.db.transaction(EVERYTHING) as tx:
        with pytest.raises(PeriodError):
            await api.report_kpi(EVERYTHING, tx, day, day + timedelta(days=days), ZONE, room.now)
