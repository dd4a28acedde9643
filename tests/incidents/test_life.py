"""Who sees an incident, what is written of it, and how it ends; on a real database."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from tests.incidents.world import KANDEA, World
from tests.scopes import EVERYTHING, scope_of
from warroom.calls import api as calls
from warroom.calls import store as call_store
from warroom.calls.desk_store import JOURNAL
from warroom.calls.other_ways import Written
from warroom.incidents import api, store
from warroom.incidents.cards import DECK
from warroom.incidents.contracts import Location, State
from warroom.incidents.errors import (
    AgencyUnknownError,
    BadCardError,
    CallNotJoinedError,
    CardChangedError,
    EndedError,
    IncidentNotFoundError,
    NotEndedError,
    NotMergedError,
    NoTypeError,
    ReasonMissingError,
    SameIncidentError,
)
from warroom.incidents.privacy import find_callers
from warroom.incidents.service import find_thing
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Rule, Scope
from warroom.places.api import Atlas
from warroom.privacy.contracts import Subject

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def test_a_correction_names_a_row_of_its_own_log(world: World) -> None:
    incident, other = await world.sent(), await world.sent("flood")
    row = UUID((await world.show(other))["events"][0]["id"])
    said = api.Said(new_id(), reason="salah")
    async with world.db.transaction(world.taker) as tx:
        with pytest.raises(IncidentNotFoundError):
            await api.correct(world.taker, tx, incident, row, None, said, world.clock.now())


async def test_nothing_befell_an_incident_before_it_was_heard_of(world: World) -> None:
    incident = await world.draft()
    await world.send(incident, api.Said(new_id(), at=LONG_AGO))
    await world.end(incident, "handled", at=LONG_AGO)

    shown = await world.show(incident)

    assert shown["opened_at"] == shown["pending_at"] == shown["ended_at"]


async def test_one_that_ended_long_ago_is_found_by_its_number(world: World) -> None:
    incident = await world.sent("fire_house")
    await world.end(incident, "handled")
    world.clock.advance(90 * 86_400)

    assert [] == await world.listed(world.taker)
    for number in ("112-2026-000001", "000001", "1"):
        found = await world.listed(world.taker, number=number)
        assert [str(incident)] == [one["id"] for one in found]
    assert [] == await world.listed(world.taker, number="2")
    assert [] == await world.listed(world.police, number="112-2026-000001")


async def test_an_incident_is_seen_by_who_leads_and_who_took_it_and_nobody_else(
    world: World,
) -> None:
    incident = await world.sent("fire_house")

    assert ["fire_house"] == [one["type"] for one in await world.listed(world.fire)]
    assert ["fire_house"] == [one["type"] for one in await world.listed(world.taker)]
    assert [] == await world.listed(world.police)
    assert [] == await world.listed(world.stranger)
    with pytest.raises(IncidentNotFoundError):
        await world.show(incident, world.police)


async def test_each_is_told_what_they_may_do_with_it(world: World) -> None:
    incident = await world.sent("fire_house")

    assert ["incident:view", "incident:work"] == (await world.show(incident, world.fire))["can"]
    assert [
        *("incident:view", "incident:work", "incident:take", "incident:supervise"),
    ] == (await world.show(incident))["can"]


async def test_an_agency_that_joins_sees_it_from_then_on(world: World) -> None:
    incident = await world.sent("fire_house")
    police = world.agencies["Polrestabes"]

    async with world.db.transaction(world.fire) as tx:
        now = world.clock.now()
        assert await api.join_agency(world.fire, tx, incident, police, now)
        assert not await api.join_agency(world.fire, tx, incident, police, now)

    assert "Damkar" == (await world.show(incident, world.police))["lead"]["short"]
    async with world.db.transaction(world.fire) as tx:
        with pytest.raises(AgencyUnknownError):
            await api.join_agency(world.fire, tx, incident, new_id(), world.clock.now())


async def test_what_a_rule_takes_away_is_taken_through_every_agency(world: World) -> None:
    incident = await world.sent("fire_house")
    deny = Rule(frozenset({"incident:view"}), objects=frozenset({incident}), deny=True)
    barred = scope_of(
        *world.taker.rules, deny, agency_id=world.taker.agency_id, person_id=world.taker.person_id
    )

    assert [] == await world.listed(barred)
    with pytest.raises(IncidentNotFoundError):
        await world.show(incident, barred)


async def test_notes_are_read_by_whom_they_are_for(world: World) -> None:
    incident = await world.sent("crime")
    await world.note(incident, "untuk semua", world.taker)
    await world.note(incident, "untuk ruang 112", world.taker, visibility="agency")
    await world.note(incident, "untuk polisi", world.taker, visibility="police")
    async with world.db.transaction(world.taker) as tx:
        await api.join_agency(
            world.taker, tx, incident, world.agencies["Damkar"], world.clock.now()
        )

    async def read(scope: Any) -> list[str]:
        return [
            note["text"].removeprefix("untuk ")
            for note in (await world.show(incident, scope))["notes"]
        ]

    # The author's agency reads what its people wrote.
    assert ["semua", "ruang 112", "polisi"] == await read(world.second)
    assert ["semua", "polisi"] == await read(world.police)
    assert ["semua"] == await read(world.fire)


async def test_notes_of_the_police_stay_theirs_before_the_widest_right(world: World) -> None:
    incident = await world.sent("crime")
    await world.note(incident, "tersangka", world.police, visibility="police")
    mayor = scope_of(Rule(frozenset({"*"})), agency_id=world.agencies["Diskominfo"])

    assert [] == (await world.show(incident, mayor))["notes"]
    assert [] == await _all_notes(world, mayor)
    assert 1 == len(await _all_notes(world, EVERYTHING))


async def _all_notes(world: World, scope: Any) -> list[Any]:
    async with world.db.transaction(scope) as tx:
        return await (await tx.execute("select text from incident_note")).fetchall()


async def test_a_note_from_paper_is_marked_and_stands_where_it_was(world: World) -> None:
    incident = await world.sent()
    before = world.clock.now() - timedelta(minutes=30)
    await world.note(incident, "sekarang")
    wrong = await world.note(incident, "dari kertas", happened_at=before)
    await world.note(incident, "bukan, begini", corrects=wrong)

    notes = (await world.show(incident))["notes"]

    assert ["dari kertas", "sekarang", "bukan, begini"] == [note["text"] for note in notes]
    assert [True, False, False] == [note["is_backdated"] for note in notes]
    assert str(wrong) == notes[-1]["corrects"]


async def test_the_log_and_the_notes_cannot_be_changed(
    world: World, connections: Connections
) -> None:
    await world.sent(notes="x")
    tables = ("incident_event", "incident_note", "incident_location", "incident_call")
    deeds = [f"update {table} set incident_id = incident_id" for table in tables]
    deeds += [f"delete from {table}" for table in (*tables, "incident", "incident_card")]
    deeds += ["update incident_card set version = 1", "truncate incident cascade"]
    for deed in deeds:
        with (
            psycopg.connect(connections.app) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(deed.encode())


async def test_a_machine_says_where_it_is_and_a_person_chooses(world: World) -> None:
    incident, atlas = await world.draft(), Atlas(world.folder)
    aml = Location(new_id(), "aml", -5.13, 119.42, world.clock.now(), 18.0, 0.9)
    async with world.db.transaction(world.taker) as tx:
        now = world.clock.now()
        assert await api.add_location(world.taker, tx, incident, aml, now)
        assert not await api.add_location(world.taker, tx, incident, aml, now)
    unchosen = await world.show(incident)
    async with world.db.transaction(world.taker) as tx:
        await api.choose_location(world.taker, tx, incident, aml.id, atlas, world.clock.now())

    chosen = await world.show(incident)

    assert (None, 18.0) == (unchosen["lat"], unchosen["locations"][0]["radius_m"])
    assert (-5.13, "aml") == (chosen["lat"], chosen["fields"]["place"]["value"]["source"])
    assert ["event"] == chosen["missing"]
    async with world.db.transaction(world.taker) as tx:
        with pytest.raises(IncidentNotFoundError):
            await api.choose_location(world.taker, tx, incident, new_id(), atlas, world.clock.now())


async def call_from(world: World, channel: str, reference: str, lat: float) -> UUID:
    """A call that came by a form, a chat or a button, with a place."""
    rule = Rule(frozenset({"call:*"}), agencies=frozenset({world.agencies["Diskominfo"]}))
    door = scope_of(rule, agency_id=world.agencies["Diskominfo"])
    written = Written(channel, reference, lat=lat, lon=119.42, radius_m=30.0)
    async with world.db.transaction(door) as tx:
        return await calls.take_written(door, tx, written, 17, world.clock.now())


@pytest.mark.parametrize("channel", ["web", "whatsapp", "panic"])
async def test_a_place_that_came_with_a_call_bears_the_word_of_its_way(
    world: World, channel: str
) -> None:
    call, incident = await call_from(world, channel, "a", -5.13), await world.draft()
    async with world.db.transaction(world.system) as tx:
        await api.join_call(world.system, tx, incident, call, world.clock.now())
        assert 0 == await api.take_places(world.system, tx, LONG_AGO, world.clock.now())

    (told,) = (await world.show(incident))["locations"]

    assert (channel, 30.0, str(call)) == (told["source"], told["radius_m"], told["call"])


async def test_what_a_caller_tells_after_the_call_was_joined_is_offered_and_chosen_by_nobody(
    world: World,
) -> None:
    place = {"lat": -5.1, "lon": 119.4, "name": "Pasar Terong"}
    incident = await world.draft(place=place)
    world.clock.advance(60)
    call = await call_from(world, "web", "a", -5.13)
    async with world.db.transaction(world.system) as tx:
        await api.join_call(world.system, tx, incident, call, world.clock.now())
    world.clock.advance(60)
    async with world.db.transaction(world.system) as tx:
        values = {"journal": JOURNAL, "seq": 9_999, "id": call, "of": "app", "lat": -5.14,
                  "lon": 119.43, "radius_m": 8.0, "confidence": None, "method": "web",
                  "reference": "", "kind": "location", "at": world.clock.now(), "actor_id": None,
                  "source": "caller", "body": "{}"}  # fmt: skip
        await call_store.add_event(world.system, tx, values)
        await call_store.add_location(world.system, tx, values)
        taken = [await api.take_places(world.system, tx, LONG_AGO, world.clock.now())
                 for _ in range(2)]  # fmt: skip

    shown = await world.show(incident)

    assert [1, 0] == taken
    assert [("web", -5.14), ("web", -5.13), ("operator", -5.1)] == [
        (one["source"], one["lat"]) for one in shown["locations"]
    ]
    assert (-5.1, "Pasar Terong") == (shown["lat"], shown["address"])


@pytest.mark.parametrize("outcome", ["cancelled", "unfounded", "handed_over"])
async def test_an_end_that_is_no_closing_needs_a_reason(world: World, outcome: str) -> None:
    incident = await world.sent()

    with pytest.raises(ReasonMissingError):
        await world.end(incident, outcome, reason="  ")
    ended = await world.end(incident, outcome, reason="Salah sambung")

    assert outcome == ended.state.value
    assert [] == await world.listed(world.taker, is_open=True)
    assert [outcome] == [one["state"] for one in await world.listed(world.taker, is_open=False)]


async def test_ending_twice_is_ending_once_and_the_first_word_stands(world: World) -> None:
    incident = await world.sent()
    await world.end(incident, "handled")
    world.clock.advance(5)

    again = await world.end(incident, "prank")

    assert "handled" == again.disposition


async def test_the_lead_closes_what_the_room_took_in_and_a_stranger_does_not(world: World) -> None:
    incident = await world.sent()

    with pytest.raises(IncidentNotFoundError):
        await world.end(incident, "handled", world.stranger)
    assert State.CLOSED is (await world.end(incident, "handled", world.fire)).state


async def test_an_end_on_paper_is_told_with_its_time(world: World) -> None:
    incident = await world.sent()
    world.clock.advance(3600)
    at = world.clock.now() - timedelta(minutes=20)

    ended = await world.end(incident, "handled", at=at)

    assert at == ended.ended_at
    assert (await world.show(incident))["events"][-1]["is_backdated"]


async def test_what_has_ended_is_opened_again_by_a_supervisor_with_a_reason(world: World) -> None:
    incident = await world.sent()
    with pytest.raises(NotEndedError):
        await _reopen(world, world.taker, incident, "Api lagi")
    await world.end(incident, "handled")
    with pytest.raises(IncidentNotFoundError):
        await _reopen(world, world.fire, incident, "Api lagi")
    with pytest.raises(ReasonMissingError):
        await _reopen(world, world.taker, incident, "")

    assert State.PENDING is (await _reopen(world, world.taker, incident, "Api lagi")).state


async def _reopen(world: World, scope: Any, incident: Any, reason: str) -> Any:
    async with world.db.transaction(scope) as tx:
        said = api.Said(new_id(), reason=reason)
        return await api.reopen(scope, tx, incident, said, world.clock.now())


async def test_a_wrong_row_of_the_log_is_taken_back_by_another(world: World) -> None:
    incident = await world.sent()
    await world.end(incident, "handled")
    (row,) = [one for one in (await world.show(incident))["events"] if one["kind"] == "closed"]
    async with world.db.transaction(world.taker) as tx:
        said = api.Said(new_id(), reason="Nomor tertukar")
        corrected = await api.correct(
            world.taker, tx, incident, UUID(row["id"]), None, said, world.clock.now()
        )

    assert State.PENDING is corrected.state
    assert {"closed", "corrected"} <= set(await world.kinds(incident))


async def test_the_state_follows_the_units_as_dispatch_tells_them(world: World) -> None:
    incident, now = await world.sent(), world.clock.now()
    world.clock.advance(600)
    steps = [
        (new_id(), State.ON_SCENE, now + timedelta(minutes=6)),
        (new_id(), State.EN_ROUTE, now + timedelta(minutes=2)),
    ]
    async with world.db.transaction(world.fire) as tx:
        moved = await api.progress(world.fire, tx, incident, steps, world.clock.now())
    async with world.db.transaction(world.fire) as tx:
        again = await api.progress(world.fire, tx, incident, steps, world.clock.now())

    assert State.ON_SCENE is moved.state is again.state


async def test_seven_calls_about_one_fire_become_one_incident(world: World) -> None:
    first = await world.sent("fire_dense", notes="panggilan 1")
    others = [await world.sent("fire_dense", notes=f"panggilan {n}") for n in range(2, 8)]
    calls = [new_id() for _ in range(7)]
    for incident, call in zip([first, *others], calls, strict=True):
        async with world.db.transaction(world.taker) as tx:
            now = world.clock.now()
            assert await api.join_call(world.taker, tx, incident, call, now)
            assert not await api.join_call(world.taker, tx, incident, call, now)

    for incident in others:
        await world.merge(incident, first)

    shown = await world.show(first, world.fire)
    assert {str(call) for call in calls} == set(shown["call_ids"])
    assert {f"panggilan {n}" for n in range(1, 8)} == {note["text"] for note in shown["notes"]}
    assert [first] == await _open_ids(world)
    assert 7 == shown["calls"]
    assert {"REPLACING", "REPLACED"} <= {e["detail"].get("eido") for e in shown["events"]}


async def _open_ids(world: World) -> list[Any]:
    listed = await world.listed(world.taker, is_open=True)
    return [msgspec.convert(one["id"], type(new_id())) for one in listed]


async def test_a_call_that_was_folded_in_wrongly_is_parted_again_with_the_places_it_told(
    world: World,
) -> None:
    incident, call = await world.sent(), new_id()
    wrong = Location(new_id(), "sip", -5.2, 119.5, world.clock.now(), 18.0, call_id=call)
    await _join(world, incident, call)
    async with world.db.transaction(world.taker) as tx:
        await api.add_location(world.taker, tx, incident, wrong, world.clock.now())

    await _part(world, incident, call, reason="Kebakaran lain")

    shown = await world.show(incident)
    assert (0, [], []) == (shown["calls"], shown["call_ids"], shown["joined"])
    assert ["operator"] == [one["source"] for one in shown["locations"]]
    told = [(one["kind"], one["reason"], one["detail"].get("call")) for one in shown["events"]]
    assert [("call_joined", "", str(call)), ("call_parted", "Kebakaran lain", str(call))] == [
        one for one in told if one[0].startswith("call_")
    ]
    async with world.db.transaction(world.system) as tx:
        assert {} == await store.find_of_calls(world.system, tx, {call})
        assert [] == await store.list_calls_of(world.system, tx, incident)
        assert None is await store.find_location(world.system, tx, incident, wrong.id)
        day = timedelta(days=1)
        now = world.clock.now()
        (stamps,) = await api.list_stamps(world.system, tx, now - day, now + day)
    assert () == stamps.call_ids
    with pytest.raises(CallNotJoinedError):
        await _part(world, incident, call)


async def test_a_call_that_was_parted_can_be_joined_again_and_the_log_keeps_all_three(
    world: World,
) -> None:
    incident, call = await world.sent(), new_id()
    for deed in (_join, _part, _join):
        await deed(world, incident, call)
        world.clock.advance(1)

    shown = await world.show(incident)
    assert [str(call)] == shown["call_ids"]
    assert [(str(call), str(incident), "Ani")] == [
        (one["call"], one["incident"], one["person"]) for one in shown["joined"]
    ]
    assert ["call_joined", "call_parted", "call_joined"] == [
        one["kind"] for one in shown["events"] if one["kind"].startswith("call_")
    ]


async def test_of_a_merged_incident_the_call_is_parted_where_it_was_joined(world: World) -> None:
    one, other, call = await world.sent(), await world.sent(), new_id()
    await _join(world, other, call)
    await world.merge(other, one)
    (joined,) = (await world.show(one))["joined"]

    with pytest.raises(CallNotJoinedError):
        await _part(world, one, call)
    await _part(world, UUID(joined["incident"]), call)

    assert 0 == (await world.show(one))["calls"]


async def test_who_takes_no_calls_parts_none(world: World) -> None:
    incident, call = await world.sent(), new_id()
    await _join(world, incident, call)

    for scope in (world.fire, world.stranger):
        with pytest.raises(IncidentNotFoundError):
            await _part(world, incident, call, scope)
    assert 1 == (await world.show(incident))["calls"]


async def _join(world: World, incident: UUID, call: UUID) -> None:
    async with world.db.transaction(world.taker) as tx:
        assert await api.join_call(world.taker, tx, incident, call, world.clock.now())


async def _part(
    world: World, incident: UUID, call: UUID, scope: Scope | None = None, reason: str = ""
) -> None:
    scope, said = scope or world.taker, api.Said(new_id(), reason=reason)
    async with world.db.transaction(scope) as tx:
        await api.part_call(scope, tx, incident, call, said, world.clock.now())


async def test_joining_and_parting_a_call_is_in_the_audit(world: World) -> None:
    incident, call = await world.sent(), new_id()
    await _join(world, incident, call)
    await _part(world, incident, call, reason="Keliru")

    rows = await world.rows(
        "select action, reason, person_id from audit_entry where action like 'incident:call_%%'"
        " order by recorded_at"
    )
    assert [
        ("incident:call_joined", None, world.taker.person_id),
        ("incident:call_parted", "Keliru", world.taker.person_id),
    ] == [(row["action"], row["reason"], row["person_id"]) for row in rows]


async def test_undoing_a_merge_leaves_everything_where_it_was_told(world: World) -> None:
    one, other = await world.sent(notes="satu"), await world.sent(notes="dua")
    await world.merge(other, one)

    split = await world.split(other)

    assert State.PENDING is split.state
    assert ["satu"] == [note["text"] for note in (await world.show(one))["notes"]]
    assert ["dua"] == [note["text"] for note in (await world.show(other))["notes"]]
    assert "split_off" in await world.kinds(one)
    with pytest.raises(NotMergedError):
        await world.split(other)


async def test_merging_into_what_was_merged_goes_into_what_that_is_now(world: World) -> None:
    one, two, three = [await world.sent(notes=str(n)) for n in range(3)]
    await world.merge(two, one)

    into = await world.merge(three, two)

    assert one == into.id
    assert 3 == len((await world.show(one))["notes"])
    with pytest.raises(SameIncidentError):
        await world.merge(one, three)


async def test_who_takes_part_in_one_sees_both_after_a_merge(world: World) -> None:
    fire, crime = await world.sent("fire_house"), await world.sent("crime", notes="pelaku lari")

    await world.merge(crime, fire)

    assert ["pelaku lari"] == [
        note["text"] for note in (await world.show(fire, world.fire))["notes"]
    ]
    assert "fire_house" == (await world.show(fire, world.police))["type"]
    assert "merged" == (await world.show(crime, world.fire))["state"]


async def test_two_people_who_merge_the_same_pair_either_way_round_make_one(world: World) -> None:
    one, other = await world.sent(), await world.sent()

    results = await asyncio.gather(
        world.merge(one, other),
        world.merge(other, one, world.second),
        return_exceptions=True,
    )

    states = {(await world.show(incident))["state"] for incident in (one, other)}
    assert {"pending", "merged"} == states
    assert 1 == sum(isinstance(result, SameIncidentError) for result in results)


async def test_merging_again_is_merging_once_and_what_has_ended_takes_nothing_in(
    world: World,
) -> None:
    one, other, third = [await world.sent() for _ in range(3)]
    await world.merge(other, one)
    await world.merge(other, one)
    await world.end(one, "handled")

    assert 1 == (await world.kinds(other)).count("merged")
    with pytest.raises(EndedError):
        await world.merge(third, one)
    with pytest.raises(SameIncidentError):
        await world.merge(third, third)
    with pytest.raises(IncidentNotFoundError):
        await world.merge(third, one, world.stranger)


async def test_what_another_room_took_in_is_not_merged_away(world: World) -> None:
    own, theirs = await world.sent(), await world.draft(scope=world.stranger)

    with pytest.raises(IncidentNotFoundError):
        await world.merge(theirs, own)
    assert "draft" == (await world.show(theirs, world.stranger))["state"]


async def test_links_are_seen_from_both_ends_and_taken_away_from_both(world: World) -> None:
    flood, crash = await world.sent("flood"), await world.sent("crash")
    async with world.db.transaction(world.taker) as tx:
        await api.link(world.taker, tx, flood, crash, "parent", world.clock.now())
    linked = [(await world.show(one))["links"][0]["kind"] for one in (flood, crash)]
    async with world.db.transaction(world.taker) as tx:
        assert await api.unlink(world.taker, tx, crash, flood, world.clock.now())
        assert not await api.unlink(world.taker, tx, crash, flood, world.clock.now())

    assert ["parent", "child"] == linked
    assert [[], []] == [(await world.show(one))["links"] for one in (flood, crash)]
    async with world.db.transaction(world.taker) as tx:
        with pytest.raises(SameIncidentError):
            await api.link(world.taker, tx, flood, flood, "related", world.clock.now())


async def test_the_same_event_nearby_is_offered_with_the_reason_in_words(world: World) -> None:
    incident = await world.sent("fire_dense")
    world.clock.advance(180)
    near = (KANDEA[0] + 46 / 111_195, KANDEA[1])

    (found,) = await world.similar(near, "fire_house")

    assert str(incident) == found["incident"]["id"]
    assert "46 m, 3 mnt lalu, kejadian serupa" == found["reason"]
    assert [] == await world.similar(near, "crime")
    assert [] == await world.similar(near, "fire_house", but=incident)
    assert 1 == len(await world.similar(near))


async def test_a_call_makes_an_old_incident_one_that_was_heard_of_just_now(world: World) -> None:
    incident = await world.sent("fire_dense")
    world.clock.advance(40 * 60)
    silent = await world.similar(KANDEA, "fire_dense")
    async with world.db.transaction(world.taker) as tx:
        await api.join_call(world.taker, tx, incident, new_id(), world.clock.now())

    assert [] == silent
    assert 1 == len(await world.similar(KANDEA, "fire_dense"))


async def test_what_was_merged_or_is_not_in_view_is_not_offered(world: World) -> None:
    one, other = await world.sent("crime"), await world.sent("crime")
    await world.merge(other, one)

    assert [str(one)] == [found["incident"]["id"] for found in await world.similar(KANDEA, "crime")]


async def test_what_has_ended_takes_nothing_in_and_is_not_offered(world: World) -> None:
    await world.end(await world.sent("crime"), "handled")

    assert [] == await world.similar(KANDEA, "crime")


async def test_pages_of_the_list_follow_one_another_without_a_gap(world: World) -> None:
    made = []
    for _ in range(5):
        made.append(await world.sent())
        world.clock.advance(1)

    seen: list[str] = []
    after = None
    for _ in range(3):
        page = await world.listed(world.taker, limit=2, after=after)
        seen += [one["id"] for one in page]
        after = (
            msgspec.convert(page[-1]["opened_at"], type(world.clock.now())),
            msgspec.convert(page[-1]["id"], type(new_id())),
        )

    assert [str(one) for one in reversed(made)] == seen


async def test_a_look_is_in_the_audit_once_in_five_minutes(world: World) -> None:
    incident, looks = await world.sent(), api.Looks()

    async def look() -> None:
        async with world.db.transaction(world.fire) as tx:
            await api.show_incident(looks, world.fire, tx, incident, world.clock.now())

    await look()
    await look()
    world.clock.advance(301)
    await look()

    rows = await world.rows("select action from audit_entry where action = 'incident:view'")
    assert 2 == len(rows)


async def test_the_audit_and_the_socket_hear_of_every_deed_but_no_text(world: World) -> None:
    incident = await world.sent(notes="Hasnah", callback_number="0811422")
    await world.end(incident, "handled")

    told = await world.rows(
        "select action, detail::text as detail from audit_entry order by recorded_at"
    )
    bodies = await world.rows(
        "select body, agency_id from outbox where topic = 'incidents.changed'"
    )

    assert ["incident:drafted", "incident:sent", "incident:ended"] == [
        row["action"] for row in told if row["action"].startswith("incident:")
    ]
    whole = " ".join(str(row["detail"]) for row in told) + " ".join(r["body"] for r in bodies)
    assert "Hasnah" not in whole
    assert "0811422" not in whole
    assert {world.agencies["Damkar"], world.agencies["Diskominfo"]} == {
        row["agency_id"] for row in bodies
    }


@pytest.mark.parametrize(
    "subject", [Subject("phone", "+62 811-422"), Subject("name", "ibu  HASNAH")]
)
async def test_a_caller_who_asks_is_found_within_the_scope(world: World, subject: Subject) -> None:
    await world.sent(callback_number="0811 422", caller_name="Ibu Hasnah")
    await world.sent(callback_number="0899")

    async with world.db.transaction(world.taker) as tx:
        found = await find_callers(world.taker, tx, subject)
    async with world.db.transaction(world.stranger) as tx:
        other = await find_callers(world.stranger, tx, subject)

    assert [(1, "incidents", "incident")] == [(o.count, o.purpose, o.until) for o in found]
    assert [] == other


async def test_old_incidents_are_forgotten_with_all_that_hangs_on_them(world: World) -> None:
    old, kept = await world.sent(notes="lama"), await world.sent()
    await world.end(old, "handled")
    settings = world.intake.settings
    await world.rows(
        "update incident set ended_at = now() - interval '6 years' where id = %s returning id", old
    )

    async with world.db.transaction(EVERYTHING) as tx:
        from_now = world.clock.now() + timedelta(days=1)
        assert 1 == await api.forget_old(EVERYTHING, tx, settings, from_now)

    assert [kept] == [row["id"] for row in await world.rows("select id from incident")]
    assert [] == await world.rows("select id from incident_note where incident_id = %s", old)


async def test_an_incident_is_found_by_its_number_and_its_id_within_the_scope(world: World) -> None:
    incident = await world.sent()
    async with world.db.transaction(world.taker) as tx:
        by_number = await find_thing(world.taker, tx, "112-2026-000001")
        by_id = await find_thing(world.taker, tx, str(incident))
        assert await find_thing(world.taker, tx, "112-2026-000009") is None
    async with world.db.transaction(world.stranger) as tx:
        assert await find_thing(world.stranger, tx, "112-2026-000001") is None

    assert by_number == by_id
    assert by_id is not None
    assert "fire" == by_id.class_


CARD = {
    "code": "flood",
    "version": 1,
    "family": "weather",
    "priority": 2,
    "apco": "WATER",
    "lead": "works",
    "name": {"id": "Banjir", "en": "Flood"},
}


async def test_a_city_writes_its_own_card_and_the_incident_keeps_which_was_asked(
    world: World,
) -> None:
    before = await world.sent("flood")
    city = replace(EVERYTHING, person_id=world.second.person_id)
    async with world.db.transaction(city) as tx:
        written = await api.write_card(city, tx, CARD, world.clock.now())
    after = await world.sent("flood")
    async with world.db.transaction(world.taker) as tx:
        versions = await api.list_versions(world.taker, tx, "flood")
        (card,) = [
            one for one in await api.list_cards(world.taker, tx)
            if one.code == "flood"
        ]  # fmt: skip

    assert (2, 2) == (written.version, card.version)
    assert [2, 1] == [one["version"] for one in versions]
    assert (1, 2) == (
        (await world.show(before))["card_version"], (await world.show(after))["card_version"],
    )  # fmt: skip


async def test_what_the_city_wrote_stays_in_force_when_a_later_product_brings_its_own(
    world: World,
) -> None:
    city = replace(EVERYTHING, person_id=world.second.person_id)
    (flood,) = [card for card in DECK.brought() if card.code == "flood"]
    newer = msgspec.structs.replace(flood, version=7)
    later = replace(DECK, brought=lambda: (newer,))
    async with world.db.transaction(city) as tx:
        now = world.clock.now()
        await DECK.write(city, tx, CARD, now)
        await later.keep_brought(city, tx, newer, now)
        stays = await later.find(city, tx, "flood")
        written = await later.write(city, tx, CARD | {"version": 2}, now)
        versions = [one["version"] for one in await later.versions(city, tx, "flood")]

    assert stays is not None
    assert (2, 8, [8, 7, 2, 1]) == (stays.version, written.version, versions)


async def test_a_card_is_written_over_the_newest_version_by_who_configures_the_city(
    world: World,
) -> None:
    async def write(scope: Any, card: Any) -> None:
        async with world.db.transaction(scope) as tx:
            await api.write_card(scope, tx, card, world.clock.now())

    city = replace(EVERYTHING, person_id=world.second.person_id)
    await write(city, CARD)
    with pytest.raises(CardChangedError):
        await write(city, CARD)
    for bad in ({"code": "x"}, CARD | {"code": "Banjir!", "version": 0}):
        with pytest.raises(BadCardError):
            await write(city, bad)
    with pytest.raises(NotFoundError):
        await write(EVERYTHING, CARD | {"version": 2})
    local = scope_of(
        Rule(frozenset({"incident:configure"}), agencies=frozenset({world.agencies["Damkar"]})),
        agency_id=world.agencies["Damkar"],
    )
    with pytest.raises(NotFoundError):
        await write(local, CARD | {"version": 2})
    async with world.db.transaction(world.taker) as tx:
        with pytest.raises(NoTypeError):
            await api.list_versions(world.taker, tx, "dragon")


async def test_how_high_a_building_is_comes_from_what_the_caller_answered(world: World) -> None:
    said = {"high": True, "low": False, "unknown": False, "": False}
    made = {
        await world.sent(**({"answer.storeys": word} if word else {})): is_high
        for word, is_high in said.items()
    }

    async with world.db.transaction(world.system) as tx:
        day, now = timedelta(days=1), world.clock.now()
        stamps = await api.list_stamps(world.system, tx, now - day, now + day)

    assert {one.id: one.is_high_rise for one in stamps} == made
