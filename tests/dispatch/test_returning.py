"""Claims about units that are held up on their way, and about those on their way home."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from tests.dispatch.incident_world import Room
from tests.dispatch.test_duress_free import crew_of, status
from tests.dispatch.test_minimums import cover, minimum, settle, stationed
from tests.scopes import AT, EVERYTHING
from warroom.dispatch import api
from warroom.dispatch.contracts import UNITS, Stamp
from warroom.dispatch.following import limits_of, tell_late
from warroom.dispatch.kpi_store import list_unit_stamps
from warroom.dispatch.returning import note_home
from warroom.dispatch.routes import StampBody
from warroom.incidents.contracts import Incident
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope


async def sent_out(room: Room, *stamps: Stamp) -> tuple[Incident, UUID]:
    """The first engine on an incident, as far as these."""
    incident = await room.incident()
    await room.send(incident, api.Wanted(room.engines[0], "engine"))
    (row,) = await room.world.rows(
        "select id from dispatch_assignment where unit_id = %s", room.engines[0]
    )
    await room.stamp(row["id"], *stamps)
    return incident, row["id"]


async def press(room: Room, who: Scope, assignment: UUID, *stamps: Stamp, **more: Any) -> list[str]:
    verdicts = []
    for one in stamps:
        room.world.clock.advance(5)
        (answer,) = await room.world.press(who, assignment, room.world.stamp(one, **more))
        verdicts.append(answer.verdict.value if answer.verdict else str(answer.refused))
    return verdicts


async def duty(room: Room, crew: Scope) -> dict[str, Any]:
    return await room.world.duty(crew)


CLEARED = (Stamp.ACCEPTED, Stamp.EN_ROUTE, Stamp.ON_SCENE, Stamp.CLEARED)


async def test_a_crew_that_is_held_up_says_why_and_the_desk_sees_it_until_it_goes_on(
    room: Room,
) -> None:
    incident, assignment = await sent_out(room, Stamp.ACCEPTED, Stamp.EN_ROUTE)
    crew = await crew_of(room)

    told = await press(room, crew, assignment, Stamp.DELAYED, held="train", reason="Pettarani")
    ((part,), meanwhile) = (await room.parts(incident), await status(room))
    late = [await overdue(room), await overdue(room)]
    gone = await press(room, crew, assignment, Stamp.EN_ROUTE)
    (after,) = await room.parts(incident)

    (sent,), (later,) = part["assignments"], after["assignments"]
    assert (told, gone) == (["taken"], ["taken"])
    assert (part["state"], meanwhile["state"], sent["state"]) == ("delayed",) * 3
    assert sent["held"] == {"why": "train", "reason": "Pettarani"}
    assert sent["due"]["what"] == "held"
    assert late == [1, 0]
    assert (after["state"], later["held"]) == ("en_route", None)
    assert later["en_route_at"] == sent["en_route_at"]


async def overdue(room: Room) -> int:
    room.world.clock.advance(1)
    async with room.world.db.transaction(EVERYTHING) as tx:
        return await tell_late(EVERYTHING, tx, limits_of(room.world.settings), room.now)


async def test_turnout_and_travel_are_counted_as_if_nothing_had_held_it_up(room: Room) -> None:
    incident, assignment = await sent_out(room, Stamp.ACCEPTED, Stamp.EN_ROUTE)
    before = await figures(room, incident)
    crew = await crew_of(room)
    await press(room, crew, assignment, Stamp.DELAYED, held="jam")
    await press(room, crew, assignment, Stamp.EN_ROUTE, Stamp.ON_SCENE, Stamp.CLEARED)
    ended = await figures(room, incident)
    await press(room, crew, assignment, Stamp.RETURNING, Stamp.IN_QUARTERS)

    home = await figures(room, incident)

    assert ended.en_route_at == before.en_route_at
    assert ended.on_scene_at is not None
    assert ended.ended_at == home.ended_at
    assert home.returning_at is not None
    assert home.in_quarters_at is not None
    assert home.state == "cleared"


async def figures(room: Room, incident: Incident) -> Any:
    async with room.world.db.transaction(EVERYTHING) as tx:
        (one,) = await list_unit_stamps(EVERYTHING, tx, [incident.id])
    return one


async def test_on_the_way_home_it_is_free_and_said_to_be_away_until_it_is_at_its_post(
    room: Room,
) -> None:
    incident, assignment = await sent_out(room, *CLEARED)
    crew = await crew_of(room)
    free = await status(room)
    await press(room, crew, assignment, Stamp.RETURNING)
    away, shown = await status(room), await duty(room, crew)
    found = await room.recommend(incident)
    await press(room, crew, assignment, Stamp.IN_QUARTERS)

    told = await room.world.rows(
        "select body::jsonb->>'status' as s from outbox where topic = %s order by id", UNITS
    )
    assert free["returning_at"] is None
    assert (away["state"], away["returning_at"] is None) == (None, False)
    assert shown["ended"]["assignment"] == str(assignment)
    assert shown["ended"]["returning_at"] is not None
    assert "Damkar 1" in {one.filled_by.unit.name for one in found.slots if one.filled_by}
    assert [row["s"] for row in told][-3:] == ["available", "returning", "available"]
    assert (await status(room))["returning_at"] is None


async def test_sent_again_it_drives_home_no_more_and_what_was_told_comes_late_without_harm(
    room: Room,
) -> None:
    _, first = await sent_out(room, *CLEARED)
    crew = await crew_of(room)
    await press(room, crew, first, Stamp.RETURNING)
    await room.send(await room.incident(), api.Wanted(room.engines[0], "engine"))

    again = await status(room)
    late = await press(room, crew, first, Stamp.IN_QUARTERS)

    assert (again["state"], again["returning_at"]) == ("dispatched", None)
    assert late == ["taken"]
    assert (await status(room))["state"] == "dispatched"


async def test_who_says_that_they_drive_home_closes_no_task_of_others(room: Room) -> None:
    incident = await room.incident()
    both = [api.Wanted(one, "engine") for one in room.engines]
    await room.send(incident, *both)
    rows = await room.world.rows(
        "select s.id, u.name from dispatch_assignment s join unit u on u.id = s.unit_id"
        " order by u.name"
    )
    await room.stamp(rows[0]["id"], *CLEARED)
    async with room.world.db.transaction(room.dispatcher) as tx:
        await api.cancel(room.dispatcher, tx, rows[1]["id"], "salah kirim", room.now)

    await press(room, await crew_of(room), rows[0]["id"], Stamp.RETURNING)

    (part,) = await room.parts(incident)
    assert part["closed_at"] is None


@pytest.mark.parametrize("minutes", [59, 61])
async def test_what_was_said_an_hour_ago_is_not_believed_any_more(room: Room, minutes: int) -> None:
    _, assignment = await sent_out(room, *CLEARED)
    await press(room, await crew_of(room), assignment, Stamp.RETURNING)
    await stationed(room, "Pos Timur", "Pos Barat")
    await minimum(room)

    room.world.clock.advance(minutes * 60)

    (shown,) = await cover(room)
    assert (shown["have"], shown["coming"]) == ((0, 1) if minutes < 60 else (1, 0))


async def test_seen_at_its_own_station_it_is_home_and_the_station_holds_again(room: Room) -> None:
    await stationed(room, "Pos  timur", "Pos Barat")
    await minimum(room)
    _, assignment = await sent_out(room, *CLEARED)
    crew = await crew_of(room)
    await press(room, crew, assignment, Stamp.RETURNING)
    await settle(room)
    (away,) = await cover(room)
    await room.place(room.engines[0], 119.4, ago_s=0)
    far = await home(room)
    await room.place(room.engines[0], 119.409, ago_s=120)
    before_it_left = await home(room)
    room.world.clock.advance(10)
    await room.place(room.engines[0], 119.409, ago_s=0)

    near = [await home(room), await home(room)]

    changed = await settle(room)
    (there,) = await cover(room)
    rows = await room.world.rows(
        "select source from dispatch_event where kind = 'in_quarters' and assignment_id = %s",
        assignment,
    )
    assert (away["is_below"], away["coming"]) == (True, 1)
    assert (far, before_it_left, near) == (0, 0, [1, 0])
    assert (changed, there["is_below"], there["have"]) == (1, False, 1)
    assert [row["source"] for row in rows] == ["auto"]


@pytest.mark.parametrize(
    ("stamp", "more"),
    [("delayed", {}), ("en_route", {"held": "jam"}), ("delayed", {"held": "tired"})],
)
def test_what_holds_a_unit_up_is_said_with_that_and_with_nothing_else(
    stamp: str, more: dict[str, str]
) -> None:
    with pytest.raises(ValidationError):
        StampBody.model_validate({"id": new_id(), "stamp": stamp, "at": AT, **more})


async def home(room: Room) -> int:
    async with room.world.db.transaction(EVERYTHING) as tx:
        return await note_home(EVERYTHING, tx, room.world.settings, room.now)
