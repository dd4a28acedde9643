"""From the jam to the cleared task, on a real database."""

import asyncio
from datetime import timedelta

import msgspec
import psycopg
import pytest

from tests.dispatch.world import World
from tests.scopes import scope_of
from warroom.dispatch import api
from warroom.dispatch.contracts import Stamp, Verdict
from warroom.dispatch.errors import (
    BusyError,
    ClosedError,
    NoAgencyError,
    NotOnDutyError,
    OffMapError,
    OnTaskError,
    OpenAlreadyError,
    OverError,
    ReasonMissingError,
    TaskNotFoundError,
    UnitNotThereError,
)
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Rule


async def test_the_whole_loop_keeps_every_stamp(world: World) -> None:
    await world.serve(world.budi)
    task = await world.open(await world.jam())
    assignment = await world.send(task)
    for stamp, more in (
        (Stamp.ACCEPTED, {}),
        (Stamp.EN_ROUTE, {}),
        (Stamp.ON_SCENE, {}),
        (Stamp.ACTED, {"did": "manual_control"}),
        (Stamp.ACTED, {"did": "tow"}),
        (Stamp.CLEARED, {"outcome": "solved"}),
    ):
        world.clock.advance(60)
        (answer,) = await world.press(world.budi, assignment, world.stamp(stamp, **more))
        assert Verdict.TAKEN is answer.verdict

    shown = await world.show(task)
    assert ("closed", "solved") == (shown["state"], shown["outcome"])
    assert ["opened", "dispatched", "accepted", "en_route", "on_scene", "acted", "acted"] == [
        event["kind"] for event in shown["events"]
    ][:7]
    assert {"cleared", "closed"} == {event["kind"] for event in shown["events"][7:]}
    (sent,) = shown["assignments"]
    times = [sent[f"{step}_at"] for step in ("dispatched", "accepted", "en_route", "on_scene")]
    assert sorted(times) == times
    assert None not in times
    assert sent["ended_at"] == shown["closed_at"]
    assert shown["number"].startswith("LL-2026-0000")


async def test_tasks_to_which_nobody_was_sent_come_first_and_closed_ones_last(
    world: World,
) -> None:
    closed, sent, waits = [await world.open() for _ in range(3)]
    await world.send(sent)
    now = world.clock.now()
    async with world.db.transaction(world.desk) as tx:
        await api.close_task(world.desk, tx, closed, "not_found", "", now)
        listed = msgspec.json.decode(await api.list_tasks(world.desk, tx, now))

    assert [str(waits), str(sent), str(closed)] == [one["id"] for one in listed]


async def test_a_jam_has_one_open_task_of_an_agency(world: World) -> None:
    jam = await world.jam()
    await world.open(jam)

    with pytest.raises(OpenAlreadyError):
        await world.open(jam)
    await world.open(jam, world.police)


async def test_two_who_open_at_once_open_one(world: World) -> None:
    jam = await world.jam()

    told = await asyncio.gather(*(world.open(jam) for _ in range(4)), return_exceptions=True)

    assert 3 == len([one for one in told if isinstance(one, OpenAlreadyError)])
    assert 1 == len(await world.rows("select from dispatch_task"))


async def test_who_has_no_agency_or_no_right_there_opens_nothing(world: World) -> None:
    everywhere = scope_of(Rule(frozenset({"*"})))
    elsewhere = scope_of(
        Rule(frozenset({"dispatch:send"}), places=frozenset({"73.71.09"})),
        agency_id=world.agency,
    )

    with pytest.raises(NoAgencyError):
        await world.open(scope=everywhere)
    with pytest.raises(OffMapError):
        await world.open(scope=elsewhere)


async def test_the_quickest_unit_is_proposed_with_why_and_why_not(world: World) -> None:
    task = await world.open(await world.jam())
    await world.serve(world.budi)

    alone = await world.propose(task)
    await world.serve(world.sari, 1)
    both = await world.propose(task)

    assert ["Dishub 1"] == [one.unit.name for one in alone.items]
    assert [("Dishub 2", "no_crew")] == [(one.unit.name, one.why) for one in alone.excluded]
    assert 2 == len(both.items)
    assert sorted(one.seconds for one in both.items) == [one.seconds for one in both.items]
    assert both.items[0].route is not None


async def test_a_unit_in_the_sea_is_left_out_and_the_others_are_still_timed(world: World) -> None:
    await world.serve(world.budi)
    await world.serve(world.sari, 1)
    await world.places((0.0, 119.4005), (-3.0, 118.0))
    task = await world.open(await world.jam())

    told = await world.propose(task)

    assert ["Dishub 1"] == [one.unit.name for one in told.items]
    assert [("Dishub 2", "off_road")] == [(one.unit.name, one.why) for one in told.excluded]


async def test_what_was_proposed_is_kept_with_what_was_chosen(world: World) -> None:
    await world.serve(world.budi)
    task = await world.open(await world.jam())
    await world.send(task, 1)

    detail = (await world.show(task))["events"][1]["detail"]
    assert ("Dishub 2", None, "no_crew") == (detail["unit"], detail["rank"], detail["although"])
    assert {"no_crew": 1} == detail["left_out"]


async def test_a_unit_is_on_one_task_at_a_time(world: World) -> None:
    first, second = await world.open(), await world.open()
    await world.send(first)

    with pytest.raises(BusyError):
        await world.send(second)
    (out,) = [one for one in (await world.propose(second)).excluded if one.why == "busy"]
    assert out.detail == (await world.show(first))["number"]


async def test_units_of_another_agency_are_not_there(world: World) -> None:
    task = await world.open(scope=world.police)

    with pytest.raises(UnitNotThereError):
        await world.send(task, scope=world.police)
    with pytest.raises(TaskNotFoundError):
        await world.send(task)


async def test_a_declined_task_goes_on_to_the_next_unit(world: World) -> None:
    await world.serve(world.budi)
    await world.serve(world.sari, 1)
    task = await world.open()
    assignment = await world.send(task)

    refused = await world.press(world.budi, assignment, world.stamp(Stamp.DECLINED))
    taken = await world.press(
        world.budi, assignment, world.stamp(Stamp.DECLINED, reason="ban bocor")
    )

    assert "dispatch.reason_missing" == refused[0].refused
    assert Verdict.TAKEN is taken[0].verdict
    told = await world.propose(task)
    assert ["Dishub 2"] == [one.unit.name for one in told.items]
    assert [("Dishub 1", "declined")] == [(one.unit.name, one.why) for one in told.excluded]
    assert "open" == (await world.show(task))["state"]


async def test_a_task_is_handed_over_with_a_reason(world: World) -> None:
    await world.serve(world.budi)
    await world.serve(world.sari, 1)
    task = await world.open()
    first = await world.send(task)
    offer = api.offer_of(await world.propose(task), world.units[1])
    now = world.clock.now()

    async with world.db.transaction(world.desk) as tx:
        with pytest.raises(ReasonMissingError):
            await api.hand_over(world.desk, tx, first, world.units[1], " ", offer, now)
    async with world.db.transaction(world.desk) as tx:
        await api.hand_over(world.desk, tx, first, world.units[1], "lebih dekat", offer, now)

    shown = await world.show(task)
    assert ["handed_over", "dispatched"] == [one["state"] for one in shown["assignments"]]
    assert "Dishub 1" == shown["events"][-1]["detail"]["instead_of"]
    assert (await world.duty(world.budi))["assignment"] is None
    assert (await world.duty(world.sari))["task"]["id"] == str(task)


async def test_a_cancelled_unit_is_free_and_the_task_open(world: World) -> None:
    await world.serve(world.budi)
    task = await world.open()
    assignment = await world.send(task)
    now = world.clock.now()

    async with world.db.transaction(world.desk) as tx:
        await api.cancel(world.desk, tx, assignment, "salah tempat", now)
    async with world.db.transaction(world.desk) as tx:
        with pytest.raises(OverError):
            await api.cancel(world.desk, tx, assignment, "salah tempat", now)

    assert "open" == (await world.show(task))["state"]
    duty = await world.duty(world.budi)
    assert duty["assignment"] is None
    assert ("cancelled", "salah tempat") == (duty["ended"]["state"], duty["ended"]["reason"])
    assert (await world.show(task))["number"] == duty["ended"]["number"]


async def test_a_closed_task_takes_its_units_back_and_none_is_sent_any_more(world: World) -> None:
    task = await world.open()
    await world.send(task)
    now = world.clock.now()
    async with world.db.transaction(world.desk) as tx:
        with pytest.raises(ReasonMissingError):
            await api.close_task(world.desk, tx, task, "cancelled", "", now)
    for _ in range(2):
        async with world.db.transaction(world.desk) as tx:
            await api.close_task(world.desk, tx, task, "cancelled", "salah lapor", now)

    shown = await world.show(task)
    assert ("closed", "cancelled") == (shown["state"], shown["assignments"][0]["state"])
    assert 1 == (await world.kinds(task)).count("closed")
    with pytest.raises(ClosedError):
        await world.send(task, 1)


async def test_the_same_press_is_one_row_however_often_it_comes(world: World) -> None:
    await world.serve(world.budi)
    assignment = await world.send(await world.open())
    press = world.stamp(Stamp.ACCEPTED)

    answers = [await world.press(world.budi, assignment, press, press) for _ in range(3)]

    assert {Verdict.TAKEN} == {one.verdict for told in answers for one in told}
    assert 1 == len(await world.rows("select from dispatch_event where kind = 'accepted'"))
    audit = await world.rows("select from audit_entry where action = 'dispatch:stamped'")
    assert 1 == len(audit)


async def test_presses_kept_through_a_gap_come_in_any_order(world: World) -> None:
    await world.serve(world.budi)
    task = await world.open()
    assignment = await world.send(task)
    world.clock.advance(1200)
    accepted, under_way, there = (
        world.stamp(stamp, ago_s)
        for stamp, ago_s in ((Stamp.ACCEPTED, 1000), (Stamp.EN_ROUTE, 900), (Stamp.ON_SCENE, 300))
    )

    await world.press(world.budi, assignment, there)
    await world.press(world.budi, assignment, under_way, accepted)

    (sent,) = (await world.show(task))["assignments"]
    assert "on_scene" == sent["state"]
    assert sent["accepted_at"] < sent["en_route_at"] < sent["on_scene_at"]
    (row,) = await world.rows("select * from dispatch_event where kind = 'on_scene'")
    assert timedelta(seconds=300) == row["received_at"] - row["happened_at"]


async def test_a_phone_whose_clock_is_an_hour_ahead_tells_the_right_time(world: World) -> None:
    await world.serve(world.budi)
    task = await world.open()
    assignment = await world.send(task)
    world.clock.advance(600)
    ahead = timedelta(hours=1)
    pressed = world.clock.now() - timedelta(seconds=120) + ahead

    await world.press(
        world.budi,
        assignment,
        api.Press(new_id(), Stamp.ACCEPTED, pressed),
        sent_at=world.clock.now() + ahead,
    )

    (row,) = await world.rows("select * from dispatch_event where kind = 'accepted'")
    assert pressed - ahead == row["happened_at"]
    assert pressed == row["device_at"]


async def test_what_comes_after_the_desk_cancelled_is_kept_and_said_to_be_over(
    world: World,
) -> None:
    await world.serve(world.budi)
    assignment = await world.send(await world.open())
    world.clock.advance(60)
    async with world.db.transaction(world.desk) as tx:
        await api.cancel(world.desk, tx, assignment, "selesai", world.clock.now())
    world.clock.advance(60)

    early = world.stamp(Stamp.ACCEPTED, 90)
    late = world.stamp(Stamp.EN_ROUTE, 10)
    answers = await world.press(world.budi, assignment, late, early)

    assert [Verdict.OVER, Verdict.TAKEN] == [one.verdict for one in answers]
    assert 1 == len(await world.rows("select from dispatch_event where kind = 'en_route'"))


async def test_only_who_served_then_speaks_for_the_unit(world: World) -> None:
    assignment = await world.send(await world.open())

    with pytest.raises(NotOnDutyError):
        await world.press(world.budi, assignment, world.stamp(Stamp.ACCEPTED))
    with pytest.raises(TaskNotFoundError):
        await world.press(world.police, assignment, world.stamp(Stamp.ACCEPTED))
    world.clock.advance(600)
    await world.serve(world.budi)
    (before,) = await world.press(world.budi, assignment, world.stamp(Stamp.ACCEPTED, 300))
    (now,) = await world.press(world.budi, assignment, world.stamp(Stamp.ACCEPTED))

    assert "dispatch.not_on_duty" == before.refused
    assert Verdict.TAKEN is now.verdict


async def test_a_call_for_help_is_heard_whatever_the_clock_of_the_phone_says(world: World) -> None:
    assignment = await world.send(await world.open())
    world.clock.advance(600)
    await world.serve(world.budi)

    (heard,) = await world.press(world.budi, assignment, world.stamp(Stamp.DURESS, 3_600))

    assert (Verdict.TAKEN, None) == (heard.verdict, heard.refused)


async def test_the_desk_notes_what_a_crew_says_over_the_radio(world: World) -> None:
    task = await world.open()
    assignment = await world.send(task)

    await world.press(world.desk, assignment, world.stamp(Stamp.ON_SCENE), by_radio=True)

    (event,) = [e for e in (await world.show(task))["events"] if e["kind"] == "on_scene"]
    assert ("operator", "Meja") == (event["source"], event["person"])
    with pytest.raises(TaskNotFoundError):
        await world.press(world.budi, assignment, world.stamp(Stamp.ACCEPTED), by_radio=True)


async def test_a_closure_is_noted_only_if_it_is_one(world: World) -> None:
    await world.town.traffic.step()
    await world.serve(world.budi)
    assignment = await world.send(await world.open())
    await world.press(world.budi, assignment, world.stamp(Stamp.ON_SCENE))
    closure = await world.town.close(2)

    (none, real) = await world.press(
        world.budi,
        assignment,
        world.stamp(Stamp.ACTED, did="closure", closure_id=new_id()),
        world.stamp(Stamp.ACTED, did="closure", closure_id=closure),
    )

    assert "dispatch.no_closure" == none.refused
    assert Verdict.TAKEN is real.verdict


async def test_who_signs_on_elsewhere_signs_off_here(world: World) -> None:
    await world.serve(world.budi)
    await world.serve(world.budi)
    await world.serve(world.budi, 1)

    rows = await world.rows("select * from dispatch_crew order by signed_on_at, id")
    assert list(world.units) == [row["unit_id"] for row in rows]
    assert [True, False] == [row["signed_off_at"] is not None for row in rows]
    audit = await world.rows("select action from audit_entry where action like 'dispatch:sign%%'")
    assert ["dispatch:signed_off"] + ["dispatch:signed_on"] * 2 == sorted(
        row["action"] for row in audit
    )


async def test_the_last_of_a_crew_stays_while_their_unit_is_on_a_task(world: World) -> None:
    await world.serve(world.budi)
    await world.send(await world.open())

    async with world.db.transaction(world.budi) as tx:
        with pytest.raises(OnTaskError):
            await api.sign_off(world.budi, tx, world.clock.now())
    await world.serve(world.sari)
    async with world.db.transaction(world.budi) as tx:
        await api.sign_off(world.budi, tx, world.clock.now())

    assert (await world.duty(world.budi))["unit"] is None
    assert ["Sari"] == (await world.duty(world.sari))["unit"]["crew"]


async def test_nobody_serves_on_a_unit_of_another_agency(world: World) -> None:
    (patrol,) = await world.rows("select id from unit where name = 'Patroli 1'")

    async with world.db.transaction(world.budi) as tx:
        with pytest.raises(UnitNotThereError):
            await api.sign_on(world.budi, tx, patrol["id"], world.clock.now())


async def test_status_of_units_is_told_to_who_sees_them_and_to_the_crew(world: World) -> None:
    await world.serve(world.budi)
    await world.send(await world.open())

    async with world.db.transaction(world.desk) as tx:
        seen = msgspec.json.decode(await api.list_statuses(world.desk, tx))
    async with world.db.transaction(world.police) as tx:
        hidden = msgspec.json.decode(await api.list_statuses(world.police, tx))
    bodies = [
        (msgspec.json.decode(row["body"])["status"], row["agency_id"])
        for row in await world.rows(
            "select body, agency_id from outbox where topic = 'dispatch.units' order by id"
        )
    ]
    mine = await world.rows("select object_id from outbox where topic = 'dispatch.mine'")

    assert [(str(world.units[0]), "dispatched", 1)] == [
        (one["unit"], one["state"], one["crew"]) for one in seen
    ]
    assert [] == hidden
    assert [("available", world.agency), ("dispatched", world.agency)] == bodies
    assert {world.budi.person_id} == {row["object_id"] for row in mine}


async def test_another_agency_reads_nothing_of_a_task(world: World) -> None:
    task = await world.open()
    await world.send(task)

    async with world.db.transaction(world.police) as tx:
        assert b"[]" == await api.list_tasks(world.police, tx, world.clock.now())
        for table in ("task", "assignment", "event", "measure", "crew"):
            rows = await (await tx.execute(f"select from dispatch_{table}")).fetchall()  # type: ignore[arg-type]
            assert [] == rows, table
    with pytest.raises(TaskNotFoundError):
        await world.show(task, world.police)


@pytest.mark.parametrize(
    "statement",
    [
        "update dispatch_event set kind = 'x'",
        "delete from dispatch_event",
        "update dispatch_measure set length_m = 0",
        "delete from dispatch_task",
        "delete from dispatch_crew",
        "select last from dispatch_number",
    ],
)
def test_the_application_cannot_change_what_was_told(
    connections: Connections, statement: str
) -> None:
    with (
        psycopg.connect(connections.app) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


async def test_what_is_too_old_is_forgotten_and_proven(world: World) -> None:
    task, other = await world.open(), await world.open()
    now = world.clock.now()
    async with world.db.transaction(world.desk) as tx:
        await api.close_task(world.desk, tx, task, "not_found", "", now)
    world.clock.advance(2_000 * 86_400)
    everything = scope_of(Rule(frozenset({"*"})))
    # The database's own clock is asked as well: what is young by it stays.
    async with world.db.transaction(everything) as tx:
        await tx.execute("update dispatch_task set closed_at = '2001-01-01' where id = %s", [task])
        gone = await api.forget_old(everything, tx, world.settings, world.clock.now())

    assert 1 == gone
    assert [other] == [row["id"] for row in await world.rows("select id from dispatch_task")]
    (proof,) = await world.rows("select * from privacy_deletion where class = 'dispatch'")
    assert ("dispatch_task", 1) == (proof["store"], proof["count"])
