"""Claims about units of an incident: recommended, sent at once, followed, and taken along."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.dispatch.incident_world import Room
from tests.dispatch.world import person
from tests.scopes import EVERYTHING
from warroom.dispatch import api
from warroom.dispatch.contracts import Stamp
from warroom.dispatch.errors import NoPlaceError, NotHandedOnError, TaskNotFoundError
from warroom.dispatch.following import Following, agree, limits_of, tell_late
from warroom.dispatch.kpi_store import list_unit_stamps
from warroom.dispatch.replay import timeline
from warroom.incidents import api as incidents
from warroom.incidents.contracts import Incident, Note, Place, State
from warroom.incidents.errors import IncidentNotFoundError
from warroom.kernel.ids import new_id


def filled(found: api.Recommendation) -> list[tuple[str, str | None]]:
    return [
        (slot.need.role, slot.filled_by.unit.name if slot.filled_by else None)
        for slot in found.slots
    ]


async def test_a_house_fire_asks_for_its_card_and_says_what_is_missing(room: Room) -> None:
    found = await room.recommend(await room.incident(lon=119.401))

    assert found.gathered.card is not None
    assert found.gathered.card.code == "house"
    assert filled(found) == [
        ("engine", "Damkar 1"), ("engine", "Damkar 2"), ("tanker", "Tangki 1"),
        ("ambulance", "Ambulans 1"), ("patrol", None),
    ]  # fmt: skip
    assert found.slots[-1].missing == {"none_such": 1}
    assert found.late is None


async def test_who_may_send_for_one_agency_alone_is_told_who_sends_the_rest(room: Room) -> None:
    incident = await room.incident()

    found = await room.recommend(incident, scope=room.fire_desk)

    ambulance = next(slot for slot in found.slots if slot.need.role == "ambulance")
    assert (ambulance.filled_by, ambulance.missing) == (None, {"not_yours": 1})
    assert found.gathered.lead_agencies["health"] == room.health


async def test_many_agencies_are_sent_by_one_act_and_take_part_from_then_on(room: Room) -> None:
    incident = await room.incident()

    outcomes = await room.send(
        incident,
        api.Wanted(room.engines[0], "engine"),
        api.Wanted(room.ambulance, "ambulance"),
    )
    after = await room.get(incident)
    parts = await room.parts(incident)

    assert [one.refused for one in outcomes] == [None, None]
    assert room.health in after.agencies
    assert [part["agency"]["short"] for part in parts] == ["Damkar", "Dinkes"]
    assert [part["number"] for part in parts] == [f"{incident.number}/1", f"{incident.number}/2"]
    assert [unit["role"] for part in parts for unit in part["assignments"]] == [
        "engine",
        "ambulance",
    ]
    assert all(unit["eta_s"] is not None for part in parts for unit in part["assignments"])


async def test_one_unit_that_cannot_go_keeps_none_of_the_others_back(room: Room) -> None:
    first, second = await room.incident(), await room.incident(lon=119.407)
    await room.send(first, api.Wanted(room.engines[0], "engine"))

    outcomes = await room.send(
        second,
        api.Wanted(room.engines[0], "engine"),
        api.Wanted(new_id(), "engine"),
        api.Wanted(room.engines[1], "engine"),
    )

    assert [one.refused for one in outcomes] == ["busy", "not_there", None]
    assert outcomes[0].detail == {"number": f"{first.number}/1"}


async def test_a_unit_is_preempted_for_a_reason_that_its_first_task_keeps(room: Room) -> None:
    first, second = await room.incident(), await room.incident("medical_cardiac")
    await room.send(first, api.Wanted(room.ambulance, "ambulance"))

    outcomes = await room.send(
        second, api.Wanted(room.ambulance, "ambulance", preempts="henti jantung")
    )
    (left,) = await room.parts(first)
    log = await room.world.rows(
        "select reason from dispatch_event where kind = 'cancelled' and task_id = %s", left["id"]
    )

    assert outcomes[0].refused is None
    assert left["assignments"][0]["state"] == "cancelled"
    assert log == [{"reason": f"{second.number}: henti jantung"}]


async def test_a_second_alarm_names_only_what_is_not_there_yet(room: Room) -> None:
    incident = await room.incident()
    await room.send(
        incident, api.Wanted(room.engines[0], "engine"), api.Wanted(room.engines[1], "engine")
    )

    found = await room.recommend(incident, level=2)
    await room.send(incident, api.Wanted(room.tanker, "tanker"), level=2)

    assert [slot.sent for slot in found.slots[:2]] == list(room.engines)
    assert found.slots[2].filled_by is not None
    assert (await room.recommend(incident)).gathered.sent_level == 2


async def test_the_incident_stands_where_its_units_stand(room: Room) -> None:
    incident = await room.incident()
    (sent,) = await room.send(incident, api.Wanted(room.engines[0], "engine"))
    assert sent.assignment_id is not None
    states = [(await room.agree(incident)).state]

    for stamp in (Stamp.ACCEPTED, Stamp.EN_ROUTE, Stamp.ON_SCENE):
        await room.stamp(sent.assignment_id, stamp)
        states.append((await room.agree(incident)).state)
    await room.stamp(sent.assignment_id, Stamp.ACTED, did="under_control")
    states.append((await room.agree(incident)).state)
    await room.stamp(sent.assignment_id, Stamp.CLEARED)
    states.append((await room.agree(incident)).state)

    assert states == [
        State.DISPATCHED, State.ACKNOWLEDGED, State.EN_ROUTE, State.ON_SCENE,
        State.UNDER_CONTROL, State.CLEARED,
    ]  # fmt: skip


async def test_a_stamp_that_comes_late_does_not_take_the_incident_back(room: Room) -> None:
    incident = await room.incident()
    (sent,) = await room.send(incident, api.Wanted(room.engines[0], "engine"))
    assert sent.assignment_id is not None
    room.world.clock.advance(60)
    await room.stamp(sent.assignment_id, Stamp.ON_SCENE)
    await room.agree(incident)

    await room.stamp(sent.assignment_id, Stamp.ACCEPTED, ago_s=30)

    assert (await room.agree(incident)).state is State.ON_SCENE


async def test_an_agency_that_joins_gets_a_task_once_if_it_has_units(room: Room) -> None:
    incident = await room.incident()
    async with room.world.db.transaction(room.dispatcher) as tx:
        for agency in (room.health, room.world.town.dishub):
            await incidents.join_agency(room.dispatcher, tx, incident.id, agency, room.now)

    await room.agree(incident)
    await room.agree(incident)

    shorts = [part["agency"]["short"] for part in await room.parts(incident, EVERYTHING)]
    assert sorted(shorts) == ["Damkar", "Dinkes", "Dishub"]


async def test_a_merged_incident_takes_its_units_along(room: Room) -> None:
    one, other = await room.incident(), await room.incident(lon=119.4052)
    await room.send(one, api.Wanted(room.engines[0], "engine"))
    async with room.world.db.transaction(room.dispatcher) as tx:
        said = incidents.Said(new_id())
        await incidents.merge(room.intake, room.dispatcher, tx, one.id, other.id, said, room.now)

    await room.agree(one)

    units = [
        unit["unit"]["name"] for part in await room.parts(other) for unit in part["assignments"]
    ]
    assert units == ["Damkar 1"]
    assert (await room.get(other)).state is State.DISPATCHED


async def test_an_incident_that_ended_keeps_no_unit(room: Room) -> None:
    incident = await room.incident()
    await room.send(incident, api.Wanted(room.engines[0], "engine"))
    async with room.world.db.transaction(room.dispatcher) as tx:
        said = incidents.Said(new_id(), reason="Laporan palsu")
        await incidents.end(
            room.intake, room.dispatcher, tx, incident.id, "unfounded", said, room.now
        )

    await room.agree(incident)

    (part,) = await room.parts(incident)
    assert (part["state"], part["outcome"]) == ("closed", "cancelled")
    assert part["assignments"][0]["state"] == "cancelled"


async def test_tasks_move_with_the_incident(room: Room) -> None:
    incident = await room.incident()
    await room.agree(incident)
    (before,) = await room.parts(incident)

    await move(room, incident, 119.408)
    await room.agree(incident)

    (after,) = await room.parts(incident)
    assert (before["lon"], after["lon"]) == (119.405, 119.408)


async def move(room: Room, incident: Incident, lon: float) -> None:
    at = {"lat": 0.0, "lon": lon, "name": "Jl. Panjang"}
    saving = incidents.Saving(
        new_id(), 2, room.now, [("place", at, room.now)], Place(0.0, lon, "Jl. Panjang")
    )
    async with room.world.db.transaction(room.dispatcher) as tx:
        await incidents.save_draft(room.intake, room.dispatcher, tx, incident.id, saving, room.now)


async def test_a_crew_that_does_not_answer_is_told_of_once(room: Room) -> None:
    incident = await room.incident()
    await room.send(incident, api.Wanted(room.engines[0], "engine"))
    limits = limits_of(room.world.settings)

    async def look() -> int:
        async with room.world.db.transaction(EVERYTHING) as tx:
            return await tell_late(EVERYTHING, tx, limits, room.now)

    early = await look()
    room.world.clock.advance(61)
    told = [await look(), await look()]
    (part,) = await room.parts(incident)

    assert (early, told) == (0, [1, 0])
    assert part["assignments"][0]["due"]["what"] == "answer"


async def test_a_draft_and_one_without_a_place_get_no_units(room: Room) -> None:
    draft = await room.incident(sent=False)
    with pytest.raises(NotHandedOnError):
        await room.send(draft, api.Wanted(room.engines[0], "engine"))

    nowhere = await room.incident(place=None)
    with pytest.raises(NoPlaceError):
        await room.recommend(nowhere)


async def test_who_takes_no_part_sees_neither_units_nor_parts(room: Room) -> None:
    incident = await room.incident()
    with pytest.raises(IncidentNotFoundError):
        await room.parts(incident, room.world.police)
    with pytest.raises(IncidentNotFoundError):
        await room.recommend(incident, scope=room.world.police)


async def test_the_process_brings_them_to_agree_by_itself(room: Room) -> None:
    incident = await room.incident()
    following = Following(room.world.db, room.world.clock, EVERYTHING, room.world.settings, "first")

    await following.step()

    assert [part["state"] for part in await room.parts(incident)] == ["open"]


async def test_an_incident_that_fails_keeps_no_other_back_and_is_tried_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [await room.incident(lon=119.402 + n / 1000) for n in range(3)]
    bad = made[1].id

    async def agreed(scope: Any, tx: Any, incident_id: Any, now: Any) -> set[Any]:
        if incident_id == bad:
            raise ValueError
        return await agree(scope, tx, incident_id, now)

    following = Following(room.world.db, room.world.clock, EVERYTHING, room.world.settings, "first")
    with monkeypatch.context() as patch:
        patch.setattr("warroom.dispatch.following.agree", agreed)
        await following.step()
    during = [len(await room.parts(one)) for one in made]
    await following.step()

    assert during == [1, 0, 1]
    assert [len(await room.parts(one)) for one in made] == [1, 1, 1]


async def test_a_run_card_of_the_city_goes_before_that_of_the_product(room: Room) -> None:
    content: dict[str, Any] = {
        "code": "house", "version": 1, "name": {"id": "Rumah", "en": "House"},
        "types": ["fire_house"],
        "needs": [{"role": "tanker", "lead": "fire", "kinds": ["tanker"]}],
    }  # fmt: skip
    city = replace(EVERYTHING, person_id=room.dispatcher.person_id)
    async with room.world.db.transaction(city) as tx:
        card = await api.write_card(city, tx, content, room.now)

    found = await room.recommend(await room.incident())

    assert card.version == 2
    assert filled(found) == [("tanker", "Tangki 1")]


async def test_who_takes_over_is_sent_as_what_the_first_was_and_is_promised_anew(
    room: Room,
) -> None:
    incident = await room.incident()
    (sent,) = await room.send(incident, api.Wanted(room.engines[0], "engine"))
    assert sent.assignment_id is not None

    offer = api.offer_by(await room.recommend(incident), room.engines[1])
    async with room.world.db.transaction(room.dispatcher) as tx:
        await api.hand_over(
            room.dispatcher, tx, sent.assignment_id, room.engines[1], "ban pecah", offer, room.now
        )
    (part,) = await room.parts(incident)
    first, second = part["assignments"]
    found = await room.recommend(incident)

    assert (first["state"], second["role"]) == ("handed_over", "engine")
    assert second["eta_s"] is not None
    assert [slot.sent for slot in found.slots[:2]] == [room.engines[1], None]


async def test_a_unit_that_is_taken_from_elsewhere_is_promised_like_any_other(room: Room) -> None:
    first, second = await room.incident(), await room.incident("medical_cardiac")
    await room.send(first, api.Wanted(room.ambulance, "ambulance"))

    slot = api.recommendation_json(await room.recommend(second), lambda *_: None)["slots"][0]
    await room.send(second, api.Wanted(room.ambulance, "ambulance", preempts="henti jantung"))
    (part,) = await room.parts(second)

    assert slot["missing"] == [{"why": "busy", "count": 1}]
    assert (slot["named"]["name"], slot["named"]["task"]) == ("Ambulans 1", f"{first.number}/1")
    assert slot["named"]["arrives_s"] > 0
    assert part["assignments"][0]["eta_s"] == round(slot["named"]["arrives_s"])


async def crew_of(room: Room, unit_id: Any) -> Any:
    """Who serves on a unit, with what a phone may do."""
    (row,) = await room.world.rows(
        "select k.person_id, k.agency_id from dispatch_crew k where k.unit_id = %s", unit_id
    )
    return person(row["agency_id"], row["person_id"], "dispatch:act")


async def press(room: Room, who: Any, assignment: Any, stamp: Stamp, **more: Any) -> None:
    await room.world.press(who, assignment, room.world.stamp(stamp, **more))


async def test_where_a_patient_is_taken_stands_beside_the_step_and_in_the_story(
    room: Room,
) -> None:
    incident = await room.incident("medical_cardiac")
    (sent,) = await room.send(incident, api.Wanted(room.ambulance, "ambulance"))
    crew = await crew_of(room, room.ambulance)
    for stamp in (Stamp.ACCEPTED, Stamp.EN_ROUTE, Stamp.ON_SCENE):
        room.world.clock.advance(1)
        await press(room, crew, sent.assignment_id, stamp)
    for place in ("RS  Stella Maris ", "RSUD Haji"):
        room.world.clock.advance(1)
        await press(room, crew, sent.assignment_id, Stamp.TRANSPORTING, destination=place)

    (part,) = await room.parts(incident)
    async with room.world.db.transaction(EVERYTHING) as tx:
        (unit,) = await list_unit_stamps(EVERYTHING, tx, [incident.id])
    moments = timeline({"events": [], "notes": []}, [], [unit])

    # The last word counts, as it is with a hospital that turns them away.
    assert part["assignments"][0]["destination"] == "RSUD Haji"
    assert [one.text for one in moments if one.kind == "transporting"] == ["RSUD Haji"]


async def test_a_crew_in_danger_stays_an_alarm_until_a_person_answers(room: Room) -> None:
    incident = await room.incident()
    (sent,) = await room.send(incident, api.Wanted(room.engines[0], "engine"))
    crew = await crew_of(room, room.engines[0])

    async def alarms(scope: Any) -> Any:
        async with room.world.db.transaction(scope) as tx:
            return msgspec.json.decode(await api.list_duress(scope, tx))

    await press(room, crew, sent.assignment_id, Stamp.DURESS)
    (open_one,) = await alarms(room.fire_desk)
    state_before = (await room.parts(incident))[0]["assignments"][0]["state"]
    async with room.world.db.transaction(room.dispatcher) as tx:
        await api.answer_duress(room.dispatcher, tx, sent.assignment_id, room.now)
        await api.answer_duress(room.dispatcher, tx, sent.assignment_id, room.now)
    duty = await room.world.duty(crew)
    answered = await room.world.rows(
        "select from dispatch_event where kind = 'duress_answered' and assignment_id = %s",
        sent.assignment_id,
    )

    assert (open_one["unit"]["name"], open_one["incident"]) == ("Damkar 1", str(incident.id))
    assert state_before == "dispatched"
    assert await alarms(room.dispatcher) == []
    assert duty["duress"]["answered_at"] is not None
    assert len(answered) == 1

    room.world.clock.advance(1)
    await press(room, crew, sent.assignment_id, Stamp.DURESS)
    assert len(await alarms(room.dispatcher)) == 1


async def test_who_may_not_send_answers_no_crew_in_danger(room: Room) -> None:
    incident = await room.incident("medical_cardiac")
    (sent,) = await room.send(incident, api.Wanted(room.ambulance, "ambulance"))
    await press(room, await crew_of(room, room.ambulance), sent.assignment_id, Stamp.DURESS)

    async with room.world.db.transaction(room.fire_desk) as tx:
        with pytest.raises(TaskNotFoundError):
            await api.answer_duress(room.fire_desk, tx, sent.assignment_id, room.now)


async def test_a_crew_in_danger_is_heard_also_after_its_task_ended(room: Room) -> None:
    incident = await room.incident()
    (sent,) = await room.send(incident, api.Wanted(room.engines[0], "engine"))
    crew = await crew_of(room, room.engines[0])
    async with room.world.db.transaction(room.dispatcher) as tx:
        await api.cancel(room.dispatcher, tx, sent.assignment_id, "salah alamat", room.now)

    await press(room, crew, sent.assignment_id, Stamp.DURESS)

    async with room.world.db.transaction(room.dispatcher) as tx:
        assert len(msgspec.json.decode(await api.list_duress(room.dispatcher, tx))) == 1


async def test_a_crew_is_told_of_its_incident_and_of_nobody_who_called(room: Room) -> None:
    incident = await room.incident(
        caller_name="Ibu Hasnah", callback_number="08114220000", **{"answer.inside": "yes"}
    )
    async with room.world.db.transaction(room.dispatcher) as tx:
        now = room.now
        for text, visibility in (("dua anak di lantai dua", "all"), ("tersangka", "police")):
            note = Note(new_id(), text, visibility)  # type: ignore[arg-type]
            await incidents.add_note(room.dispatcher, tx, incident.id, note, now)
        caution = incidents.Caution(new_id(), "Tangga rapuh", 1, 100.0, now + timedelta(hours=4))
        await incidents.warn(room.dispatcher, tx, incident.id, caution, now)
    await room.send(incident, api.Wanted(room.engines[0], "engine"))
    await room.send(incident, api.Wanted(room.ambulance, "ambulance"))
    crew = await crew_of(room, room.engines[0])

    async with room.world.db.transaction(crew) as tx:
        _, task = await api.show_duty(crew, tx, room.now)
    assert task is not None
    told = await api.Briefs(room.world.db, EVERYTHING).tell(incident.id, room.now)
    text = msgspec.json.encode(told).decode()

    assert task.incident_id == incident.id
    assert [note["text"] for note in told["notes"]] == ["dua anak di lantai dua"]
    assert [one["text"] for one in told["cautions"]] == ["Tangga rapuh"]
    assert [one["name"] for one in told["units"]] == ["Damkar 1", "Ambulans 1"]
    assert "Hasnah" not in text
    assert "0811" not in text


async def test_a_crew_that_is_on_nothing_is_told_of_no_incident(room: Room) -> None:
    incident = await room.incident()
    (sent,) = await room.send(incident, api.Wanted(room.engines[0], "engine"))
    crew = await crew_of(room, room.engines[0])
    async with room.world.db.transaction(room.dispatcher) as tx:
        await api.cancel(room.dispatcher, tx, sent.assignment_id, "salah alamat", room.now)

    async with room.world.db.transaction(crew) as tx:
        shown, task = await api.show_duty(crew, tx, room.now)

    assert (shown["incident"], task) == (None, None)
