"""What is typed is shared as it is typed and kept, whoever types what when."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.incidents.world import KANDEA, Form, World
from tests.scopes import scope_of
from warroom.incidents import api
from warroom.incidents.contracts import State
from warroom.incidents.errors import (
    EndedError,
    FieldUnknownError,
    IncidentNotFoundError,
    NoAgencyError,
    NotSentError,
    NoTypeError,
)
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule

PLACE = {"lat": KANDEA[0], "lon": KANDEA[1], "name": "Lorong 5 Kandea"}


async def test_the_first_letter_makes_a_draft_that_the_room_sees(world: World) -> None:
    incident = await world.draft(place_text="l")

    seen = await world.show(incident, world.second)

    assert ("draft", None, "l") == (
        seen["state"], seen["number"], seen["fields"]["place_text"]["value"],
    )  # fmt: skip
    assert ["place", "event"] == seen["missing"]
    assert ["drafted"] == await world.kinds(incident)


async def test_two_people_fill_in_one_form_at_once(world: World) -> None:
    incident = await world.draft(place_text="lr 5")

    await asyncio.gather(
        world.type_in(incident, {"notes": "ibu dan dua anak"}),
        world.type_in(incident, {"caller_name": "Ibu Hasnah"}, scope=world.second),
        world.type_in(incident, {"type": "fire_dense"}, scope=world.second),
    )

    fields = (await world.show(incident))["fields"]
    assert {
        "place_text": "lr 5",
        "notes": "ibu dan dua anak",
        "caller_name": "Ibu Hasnah",
        "type": "fire_dense",
    } == {name: one["value"] for name, one in fields.items()}


async def test_text_that_another_wrote_over_is_in_the_log(world: World) -> None:
    incident = await world.draft(notes="asap hitam")
    world.clock.advance(1)

    await world.type_in(incident, {"notes": "ada ledakan"}, scope=world.second)

    (replaced,) = [
        one for one in (await world.show(incident))["events"] if one["kind"] == "replaced"
    ]
    assert ("notes", "asap hitam") == (replaced["detail"]["field"], replaced["detail"]["value"])


async def test_a_saving_that_is_sent_again_changes_nothing(world: World) -> None:
    incident, form = new_id(), Form()
    first = await world.type_in(incident, {"notes": "asap"}, form=form)
    form.revision -= 1

    again = await world.type_in(incident, {"notes": "asap"}, form=form)

    assert first.revision == again.revision


async def test_what_was_typed_before_and_comes_late_is_not_shown(world: World) -> None:
    incident = await world.draft(notes="baru")

    await world.type_in(incident, {"notes": "lama"}, scope=world.second, ago_s=60)

    assert "baru" == (await world.show(incident))["fields"]["notes"]["value"]
    assert "replaced" in await world.kinds(incident)


async def test_a_type_brings_its_priority_and_the_agency_that_would_lead(world: World) -> None:
    incident = await world.draft(type="flood")

    with pytest.raises(IncidentNotFoundError):
        await world.show(incident, world.police)
    answered = await world.type_in(incident, {"answer.depth": "above"})
    changed = await world.type_in(incident, {"type": "crime"})

    assert (1, 1) == (answered.priority, changed.priority)
    assert "draft" == (await world.show(incident, world.police))["state"]
    with pytest.raises(IncidentNotFoundError):
        await world.show(incident, world.fire)


async def test_a_priority_that_a_person_chose_stays(world: World) -> None:
    incident = await world.draft(type="fire_house", priority=4)

    answered = await world.type_in(incident, {"answer.inside": "yes"})
    emptied = await world.type_in(incident, {"type": None})

    assert 4 == answered.priority == emptied.priority


async def test_a_place_and_an_event_are_enough_to_hand_on(world: World) -> None:
    incident = await world.draft(place=PLACE, type="fire_dense", notes="lantai dua")

    sent = await world.send(incident)

    shown = await world.show(incident)
    assert (State.PENDING, "112-2026-000001", ()) == (sent.state, sent.number, sent.missing)
    assert ("Damkar", 1, "73.71.05.1002") == (
        shown["lead"]["short"], shown["priority"], shown["place"],
    )  # fmt: skip
    assert ["lantai dua"] == [note["text"] for note in shown["notes"]]
    assert shown["fields"]["notes"]["value"] is None
    assert {"Damkar", "Diskominfo"} == {one["short"] for one in shown["agencies"]}
    assert 1 == shown["card_version"]


async def test_what_is_there_goes_on_even_if_it_is_not_whole(world: World) -> None:
    incident = await world.draft(event_text="orang teriak")

    sent = await world.send(incident)
    filled = await world.type_in(incident, {"place": PLACE})

    assert (("place",), State.PENDING, 3) == (sent.missing, sent.state, sent.priority)
    assert () == filled.missing


async def test_handing_on_twice_is_handing_on_once(world: World) -> None:
    incident, said = await world.draft(place=PLACE, type="flood"), api.Said(new_id())

    first = await world.send(incident, said)
    again = await world.send(incident, said)
    other = await world.send(incident)

    assert first.number == again.number == other.number
    assert 1 == (await world.kinds(incident)).count("sent")


async def test_what_the_caller_says_after_it_was_handed_on_becomes_a_note_as_well(
    world: World,
) -> None:
    incident, form = await world.draft(place=PLACE, type="flood", notes="setinggi lutut"), Form()
    await world.send(incident)
    world.clock.advance(20)

    await world.type_in(incident, {"notes": "anak di atap"}, form=form)
    await world.send(incident)

    assert ["setinggi lutut", "anak di atap"] == [
        note["text"] for note in (await world.show(incident))["notes"]
    ]


async def test_a_change_after_handing_on_is_in_the_log_with_what_it_was(world: World) -> None:
    incident = await world.sent("fire_house")
    world.clock.advance(5)

    await world.type_in(incident, {"type": "fire_dense", "event_text": "api besar"})

    (changed,) = [one for one in (await world.show(incident))["events"] if one["kind"] == "changed"]
    assert {"field": "type", "from": "fire_house", "to": "fire_dense"} == changed["detail"]


async def test_nobody_types_into_the_draft_of_another_room(world: World) -> None:
    incident = await world.draft(notes="rahasia")

    with pytest.raises(IncidentNotFoundError):
        await world.type_in(incident, {"notes": "x"}, scope=world.stranger)
    with pytest.raises(IncidentNotFoundError):
        await world.type_in(new_id(), {"notes": "x"}, scope=world.fire)
    nobody = scope_of(Rule(frozenset({"incident:take"})))
    with pytest.raises(NoAgencyError):
        await world.type_in(new_id(), {"notes": "x"}, scope=nobody)


async def test_who_takes_in_for_one_area_alone_begins_no_draft_that_lies_nowhere(
    world: World,
) -> None:
    room = world.agencies["Diskominfo"]
    rule = Rule(
        frozenset({"incident:take"}), agencies=frozenset({room}), places=frozenset({"73.71.05"})
    )
    local = scope_of(rule, agency_id=room, person_id=world.taker.person_id)

    with pytest.raises(IncidentNotFoundError):
        await world.type_in(new_id(), {"notes": "x"}, scope=local)


async def test_what_has_ended_is_not_typed_into(world: World) -> None:
    incident = await world.draft(notes="halo")
    await world.end(incident, "prank")

    with pytest.raises(EndedError):
        await world.type_in(incident, {"notes": "x"})
    with pytest.raises(EndedError):
        await world.send(incident)


async def test_a_call_that_is_no_emergency_is_closed_by_one_key(world: World) -> None:
    incident = await world.draft(notes="tanya jadwal")

    ended = await world.end(incident, "information")

    assert (State.CLOSED, "information", "112-2026-000001") == (
        ended.state, ended.disposition, ended.number,
    )  # fmt: skip
    assert ["tanya jadwal"] == [note["text"] for note in (await world.show(incident))["notes"]]


async def test_a_draft_cannot_have_been_handled(world: World) -> None:
    with pytest.raises(NotSentError):
        await world.end(await world.draft(), "handled")


async def test_fields_and_types_that_there_are_not_are_refused_and_nothing_is_kept(
    world: World,
) -> None:
    incident = new_id()

    with pytest.raises(FieldUnknownError):
        await world.type_in(incident, {"colour": "red"})
    with pytest.raises(NoTypeError):
        await world.type_in(incident, {"type": "dragon"})
    assert [] == await world.rows("select id from incident")


async def test_what_others_hear_of_typing_holds_nothing_personal(world: World) -> None:
    incident = new_id()
    await world.type_in(
        incident,
        {"place_text": "kandea", "notes": "Hasnah", "callback_number": "0811422"},
    )

    rows = await world.rows("select topic, body from outbox order by id")

    bodies = " ".join(row["body"] for row in rows)
    assert ["incidents.drafts", "incidents.changed"] == [row["topic"] for row in rows]
    assert "kandea" in bodies
    assert "Hasnah" not in bodies
    assert "0811422" not in bodies
    assert '"more":["callback_number","notes"]' in bodies


async def test_a_draft_that_nobody_touches_is_ended_and_one_that_is_touched_is_not(
    world: World,
) -> None:
    left, used = await world.draft(), await world.draft()
    world.clock.advance(11 * 3600)
    await world.type_in(used, {"notes": "masih"})
    world.clock.advance(2 * 3600)
    system = world.system

    async with world.db.transaction(system) as tx:
        assert 1 == await api.end_idle(world.intake, system, tx, world.clock.now())

    assert ("cancelled", "draft") == (
        (await world.show(left))["state"], (await world.show(used))["state"],
    )  # fmt: skip


async def test_what_is_scheduled_goes_on_when_it_is_due(world: World) -> None:
    incident, system = await world.draft(place=PLACE, type="tree"), world.system
    due = world.clock.now() + timedelta(hours=1)
    async with world.db.transaction(world.taker) as tx:
        kept = await api.schedule(
            world.intake, world.taker, tx, incident, due, api.Said(new_id()), world.clock.now()
        )
    async with world.db.transaction(system) as tx:
        assert 0 == await api.hand_on_due(world.intake, system, tx, world.clock.now())
    world.clock.advance(3601)

    async with world.db.transaction(system) as tx:
        assert 1 == await api.hand_on_due(world.intake, system, tx, world.clock.now())

    assert State.SCHEDULED is kept.state
    assert "pending" == (await world.show(incident))["state"]


@pytest.mark.parametrize(
    ("steps", "event"),
    [
        ([{"type": "flood"}], "Banjir, genangan"),
        ([{"event_text": "air naik"}], "air naik"),
        ([{"event_text": "air naik"}, {"type": "flood", "event_text": ""}], "Banjir, genangan"),
        ([{"type": "flood", "event_text": "air naik"}, {"event_text": ""}], "Banjir, genangan"),
        ([{"type": "flood"}, {"notes": "dua orang"}], "Banjir, genangan"),
        ([{"type": "flood"}, {"type": None}], ""),
    ],
)
async def test_what_happened_is_in_the_callers_words_or_as_the_card_is_called(
    world: World, steps: list[dict[str, Any]], event: str
) -> None:
    incident, form = new_id(), Form()
    for fields in steps:
        told = await world.type_in(incident, fields, form=form)

    assert event == told.event
