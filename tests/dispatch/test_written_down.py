"""Claims about what was done while there was only paper, and is written down afterwards."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.dispatch.incident_world import Room
from tests.scopes import EVERYTHING
from warroom.dispatch import api
from warroom.dispatch.contracts import Stamp
from warroom.dispatch.errors import NotHandedOnError, RunTimesError, UnitNotThereError
from warroom.incidents import api as incidents
from warroom.incidents.contracts import Incident, Place, State
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

MINUTES = {
    Stamp.DISPATCHED: 2, Stamp.EN_ROUTE: 4, Stamp.ON_SCENE: 12, Stamp.CLEARED: 50,
}  # fmt: skip
HEARD_AGO = timedelta(hours=3)


async def heard_on_paper(room: Room, ago: timedelta = HEARD_AGO) -> Incident:
    """An incident that was heard of some hours ago, handed on now."""
    incident_id, scope, now = new_id(), room.dispatcher, room.now
    at = {"lat": 0.0, "lon": 119.405, "name": "Jl. Panjang"}
    items: list[tuple[str, Any, datetime]] = [("place", at, now), ("type", "fire_house", now)]
    place = Place(0.0, 119.405, "Jl. Panjang", "", "73.71.01.1001", "Baraya")
    saving = incidents.Saving(new_id(), 1, now, items, place, heard_at=now - ago)
    async with room.world.db.transaction(scope) as tx:
        await incidents.save_draft(room.intake, scope, tx, incident_id, saving, now)
        return await incidents.hand_on(
            room.intake, scope, tx, incident_id, incidents.Said(new_id()), now
        )


def run(incident: Incident, unit_id: UUID, minutes: dict[Stamp, int] | None = None) -> api.Run:
    times = (minutes or MINUTES).items()
    at = {stamp: incident.opened_at + timedelta(minutes=after) for stamp, after in times}
    return api.Run(new_id(), unit_id, at, "engine")


async def write(
    room: Room, incident: Incident, *runs: api.Run, scope: Scope | None = None
) -> list[UUID]:
    scope = scope or room.dispatcher
    async with room.world.db.transaction(scope) as tx:
        return await api.write_down(scope, tx, incident.id, runs, room.now)


async def assignments(room: Room) -> list[dict[str, Any]]:
    return await room.world.rows(
        "select s.*, t.state as task_state, t.closed_at from dispatch_assignment s"
        " join dispatch_task t on t.id = s.task_id order by s.dispatched_at, s.unit_id"
    )


async def test_a_run_on_paper_has_its_own_times_and_is_marked(room: Room) -> None:
    incident = await heard_on_paper(room)

    (made,) = await write(room, incident, run(incident, room.engines[0]))
    (kept,) = await assignments(room)
    log = await room.world.rows(
        "select kind, happened_at, received_at, detail from dispatch_event"
        " where assignment_id = %s order by happened_at", made,
    )  # fmt: skip
    drafted = await room.world.rows(
        "select happened_at, is_backdated from incident_event where kind = 'drafted'"
    )
    after = await room.agree(incident)

    opened = incident.opened_at
    assert opened == room.now - HEARD_AGO
    assert [(row["happened_at"], row["is_backdated"]) for row in drafted] == [(opened, True)]
    assert {stamp: opened + timedelta(minutes=at) for stamp, at in MINUTES.items()} == {
        Stamp(row["kind"]): row["happened_at"] for row in log
    }
    assert all(row["received_at"] == room.now and row["detail"]["on_paper"] for row in log)
    assert (kept["state"], kept["on_scene_at"]) == ("cleared", opened + timedelta(minutes=12))
    assert kept["ended_at"] == kept["closed_at"] == opened + timedelta(minutes=50)
    assert kept["accepted_at"] is None
    assert after.state is State.CLEARED


async def test_a_unit_that_is_out_by_now_keeps_its_task_and_gets_its_paper_too(room: Room) -> None:
    incident, now_burning = await heard_on_paper(room), await room.incident()
    await room.send(now_burning, api.Wanted(room.engines[0], "engine"))

    await write(room, incident, run(incident, room.engines[0]))
    kept = await assignments(room)

    assert [(row["unit_id"], row["state"]) for row in kept] == [
        (room.engines[0], "cleared"),
        (room.engines[0], "dispatched"),
    ]


async def test_several_units_of_one_agency_are_one_task_that_ends_with_the_last(room: Room) -> None:
    incident = await heard_on_paper(room)
    longer = MINUTES | {Stamp.CLEARED: 90}
    runs = [run(incident, room.engines[0]), run(incident, room.engines[1], longer)]

    await write(room, incident, *runs)
    again = await write(room, incident, *runs)
    kept = await assignments(room)

    assert again == []
    assert len(kept) == 2
    assert {row["task_id"] for row in kept} == {kept[0]["task_id"]}
    assert {row["closed_at"] for row in kept} == {incident.opened_at + timedelta(minutes=90)}


@pytest.mark.parametrize(
    "wrong",
    [
        {Stamp.DISPATCHED: 5, Stamp.EN_ROUTE: 4, Stamp.CLEARED: 50},
        {Stamp.DISPATCHED: -5, Stamp.CLEARED: 50},
        {Stamp.DISPATCHED: 2, Stamp.CLEARED: 60 * 4},
        {Stamp.DISPATCHED: 2, Stamp.ON_SCENE: 9},
        {Stamp.EN_ROUTE: 2, Stamp.CLEARED: 9},
        {Stamp.DISPATCHED: 2, Stamp.CLEARED: 9, Stamp.DURESS: 5},
    ],
)
async def test_impossible_times_are_refused_and_nothing_is_kept(
    room: Room, wrong: dict[Stamp, int]
) -> None:
    incident = await heard_on_paper(room)

    with pytest.raises(RunTimesError):
        await write(
            room, incident, run(incident, room.tanker), run(incident, room.engines[0], wrong)
        )

    assert await assignments(room) == []


async def test_paper_is_entered_by_who_may_send_that_unit_for_what_was_handed_on(
    room: Room,
) -> None:
    incident = await heard_on_paper(room)
    draft = await room.incident(sent=False)

    with pytest.raises(UnitNotThereError):
        await write(room, incident, run(incident, room.ambulance), scope=room.fire_desk)
    with pytest.raises(NotHandedOnError):
        await write(room, draft, run(draft, room.engines[0]))
    async with room.world.db.transaction(EVERYTHING) as tx:
        told = await incidents.get_incident(EVERYTHING, tx, draft.id)

    assert told.state is State.DRAFT


async def test_a_time_to_come_opens_nothing_in_the_future(room: Room) -> None:
    incident = await heard_on_paper(room, ago=-timedelta(hours=1))

    assert incident.opened_at == room.now
