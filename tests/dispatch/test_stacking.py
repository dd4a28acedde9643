"""Claims about what waits for a unit: stacked by a person, active by itself, preempted and back."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from tests.dispatch.incident_world import Room
from tests.scopes import EVERYTHING
from warroom.dispatch import api
from warroom.dispatch.contracts import Stamp
from warroom.dispatch.errors import StackedNotFoundError, UnitNotThereError
from warroom.dispatch.following import agree
from warroom.dispatch.rules import in_order
from warroom.incidents import api as incidents
from warroom.incidents.contracts import Incident
from warroom.incidents.errors import IncidentNotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope


async def stack(room: Room, incident: Incident, *unit_ids: UUID, scope: Scope | None = None) -> Any:
    scope = scope or room.dispatcher
    wanted = [api.Wanted(one, "engine") for one in unit_ids]
    async with room.world.db.transaction(scope) as tx:
        return await api.stack_units(scope, tx, incident.id, wanted, room.now)


async def waiting(room: Room, unit_id: UUID) -> list[str]:
    rows = await room.world.rows(
        "select t.number from dispatch_stacked w join dispatch_task t on t.id = w.task_id"
        " where w.unit_id = %s order by w.position",
        unit_id,
    )
    return [row["number"] for row in rows]


async def active(room: Room, unit_id: UUID) -> str | None:
    rows = await room.world.rows(
        "select t.number from dispatch_assignment s join dispatch_task t on t.id = s.task_id"
        " where s.unit_id = %s and s.ended_at is null",
        unit_id,
    )
    return rows[0]["number"] if rows else None


async def three(room: Room) -> tuple[UUID, list[Incident]]:
    """The first engine is on the first of three incidents; the others wait for it."""
    found = [await room.incident(lon=119.401 + at / 500) for at in range(3)]
    (sent,) = await room.send(found[0], api.Wanted(room.engines[0], "engine"))
    for one in found[1:]:
        await stack(room, one, room.engines[0])
    return sent.assignment_id, found


def test_an_order_keeps_what_came_meanwhile_and_passes_over_what_is_gone() -> None:
    a, b, c, gone = (UUID(int=n) for n in range(4))

    assert in_order([a, b, c], [c, gone, c, a]) == [c, a, b]
    assert in_order([], [gone]) == []


async def test_what_waits_becomes_active_by_itself_in_its_order_when_the_unit_is_clear(
    room: Room,
) -> None:
    first, incidents_ = await three(room)
    before = (await active(room, room.engines[0]), await waiting(room, room.engines[0]))

    await room.stamp(first, Stamp.ACCEPTED, Stamp.EN_ROUTE, Stamp.ON_SCENE, Stamp.CLEARED)
    (part,) = await room.parts(incidents_[1])
    log = await room.world.rows(
        "select kind, source, detail->>'stacked' as by from dispatch_event"
        " where task_id = %s order by received_at, id",
        part["id"],
    )

    assert before == (
        f"{incidents_[0].number}/1",
        [f"{one.number}/1" for one in incidents_[1:]],
    )
    assert await active(room, room.engines[0]) == f"{incidents_[1].number}/1"
    assert await waiting(room, room.engines[0]) == [f"{incidents_[2].number}/1"]
    assert part["assignments"][0]["role"] == "engine"
    assert [(row["kind"], row["source"], row["by"]) for row in log] == [
        ("opened", "operator", None),
        ("stacked", "operator", None),
        ("dispatched", "auto", "true"),
    ]


async def test_the_board_and_the_phone_read_what_waits(room: Room) -> None:
    _, (_, second, third) = await three(room)
    (part,) = await room.parts(third)
    async with room.world.db.transaction(room.dispatcher) as tx:
        shown = await api.show_stack(room.dispatcher, tx, room.engines[0])
        statuses = await api.list_statuses(room.dispatcher, tx)

    (one,) = part["stacked"]
    assert (one["unit"]["name"], one["turn"]) == ("Damkar 1", 2)
    assert one["behind"].endswith("/1")
    assert second.number is not None
    assert second.number.encode() in shown
    assert b'"stacked" : 2' in statuses


@pytest.mark.parametrize("how", ["cancelled", "closed", "declined", "handed_over", "ended"])
async def test_however_an_assignment_ends_the_next_becomes_active(room: Room, how: str) -> None:
    first, (one, second, _) = await three(room)
    (part,) = await room.parts(one)
    scope, now = room.dispatcher, room.now

    if how == "declined":
        await room.stamp(first, Stamp.DECLINED, reason="ban bocor")
    elif how == "ended":
        async with room.world.db.transaction(scope) as tx:
            await incidents.end(
                room.intake, scope, tx, one.id, "handled", incidents.Said(new_id()), now
            )
        async with room.world.db.transaction(EVERYTHING) as tx:
            await agree(EVERYTHING, tx, one.id, now)
    else:
        async with room.world.db.transaction(scope) as tx:
            if how == "cancelled":
                await api.cancel(scope, tx, first, "salah", now)
            elif how == "closed":
                await api.close_task(scope, tx, UUID(part["id"]), "solved", "", now)
            else:
                offer = api.offer_by(await room.recommend(one), room.engines[1])
                await api.hand_over(scope, tx, first, room.engines[1], "dekat", offer, now)

    assert await active(room, room.engines[0]) == f"{second.number}/1"


async def test_a_unit_without_a_crew_goes_nowhere_and_what_waits_stays(room: Room) -> None:
    first, _ = await three(room)
    await room.world.rows(
        "update dispatch_crew set signed_off_at = %s where unit_id = %s returning id",
        room.now, room.engines[0],
    )  # fmt: skip

    await room.stamp(first, Stamp.DECLINED, reason="ban bocor")

    assert await active(room, room.engines[0]) is None
    assert len(await waiting(room, room.engines[0])) == 2


async def test_the_order_is_changed_and_one_is_taken_out(room: Room) -> None:
    first, (_, second, third) = await three(room)
    rows = await room.world.rows("select id from dispatch_stacked order by position")
    scope = room.dispatcher

    async with room.world.db.transaction(scope) as tx:
        await api.reorder(scope, tx, room.engines[0], [rows[1]["id"]], room.now)
    turned = await waiting(room, room.engines[0])
    async with room.world.db.transaction(scope) as tx:
        await api.unstack(scope, tx, rows[1]["id"], room.now)
    await room.stamp(first, Stamp.DECLINED, reason="ban bocor")

    assert turned == [f"{third.number}/1", f"{second.number}/1"]
    assert await active(room, room.engines[0]) == f"{second.number}/1"


async def test_a_preempted_unit_comes_back_first_where_that_was_wanted(room: Room) -> None:
    _, (one, second, _) = await three(room)
    urgent = await room.incident("medical_cardiac")

    wanted = api.Wanted(room.engines[0], "engine", preempts="henti jantung", then_back=True)
    (sent,) = await room.send(urgent, wanted)
    now_on, then = await active(room, room.engines[0]), await waiting(room, room.engines[0])
    await room.stamp(sent.assignment_id, Stamp.DECLINED, reason="ban bocor")

    assert now_on is not None
    assert now_on.startswith(str(urgent.number))
    assert then[0] == f"{one.number}/1"
    assert then[1] == f"{second.number}/1"
    assert await active(room, room.engines[0]) == f"{one.number}/1"


async def test_two_desks_that_take_the_same_unit_keep_none_of_the_others_back(room: Room) -> None:
    await room.send(await room.incident(), api.Wanted(room.engines[0], "engine"))
    urgent = [await room.incident(), await room.incident()]
    others = (room.engines[1], room.ambulance)

    found = await asyncio.gather(
        *(
            room.send(one, api.Wanted(room.engines[0], preempts="gawat"), api.Wanted(other))
            for one, other in zip(urgent, others, strict=True)
        )
    )

    taken = sorted(str(outcomes[0].refused) for outcomes in found)
    assert taken in (["None", "None"], ["None", "busy"])
    assert [None, None] == [outcomes[1].refused for outcomes in found]
    assert await active(room, room.engines[0]) is not None


async def test_only_busy_units_wait_and_each_thing_once(room: Room) -> None:
    _, (one, second, _) = await three(room)

    outcomes = await stack(
        room, second, room.engines[0], room.engines[1], new_id(),
    )  # fmt: skip
    again = await stack(room, one, room.engines[0])

    assert [outcome.refused for outcome in (*outcomes, *again)] == [
        "already", "free", "not_there", "already",
    ]  # fmt: skip


async def test_what_waited_for_a_closed_task_waits_no_more(room: Room) -> None:
    _, (_, second, third) = await three(room)
    (part,) = await room.parts(second)

    async with room.world.db.transaction(room.dispatcher) as tx:
        await api.close_task(room.dispatcher, tx, UUID(part["id"]), "solved", "", room.now)

    assert await waiting(room, room.engines[0]) == [f"{third.number}/1"]


async def test_who_waits_for_an_incident_is_sent_at_once_and_waits_no_more(room: Room) -> None:
    _, (_, second, third) = await three(room)

    await room.send(second, api.Wanted(room.engines[0], "engine", preempts="lebih gawat"))

    assert await active(room, room.engines[0]) == f"{second.number}/1"
    assert await waiting(room, room.engines[0]) == [f"{third.number}/1"]


async def test_another_agency_neither_stacks_nor_changes_what_waits(room: Room) -> None:
    _, (_, second, _) = await three(room)
    (row, *_) = await room.world.rows("select id from dispatch_stacked order by position")
    other = room.world.desk

    with pytest.raises(IncidentNotFoundError):
        await stack(room, second, room.engines[0], scope=other)
    async with room.world.db.transaction(other) as tx:
        with pytest.raises(StackedNotFoundError):
            await api.unstack(other, tx, row["id"], room.now)
        with pytest.raises(UnitNotThereError):
            await api.reorder(other, tx, room.engines[0], [row["id"]], room.now)
        with pytest.raises(UnitNotThereError):
            await api.show_stack(other, tx, room.engines[0])
