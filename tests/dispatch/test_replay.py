"""Claims about what is kept of an incident: one clock, rights on each part, a paper, its hash."""

import json
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cameras.world import write_pack
from tests.dispatch.incident_world import WORDS, Room
from tests.dispatch.test_kpi import T0, at, call, unit
from tests.dispatch.test_kpi_report import add_call, everything, join, report
from tests.scopes import EVERYTHING, scope_of
from tests.traffic.world import ZONE
from warroom.cameras.api import Inventory
from warroom.cameras.settings import CameraSettings
from warroom.dispatch import api
from warroom.dispatch.contracts import Stamp
from warroom.dispatch.replay import digest, seconds_of, span_of, timeline
from warroom.incidents import api as incidents
from warroom.incidents.contracts import Incident, Note
from warroom.incidents.errors import IncidentNotFoundError, NotEndedError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope
from warroom.kernel.secrets import Sealer
from warroom.places.api import Atlas

OFFSETS = st.lists(st.integers(0, 60), max_size=12)


def row(seconds: int, **more: Any) -> dict[str, Any]:
    when = at(seconds)
    assert when is not None
    told = {"happened_at": when.isoformat(), "person": None, "is_backdated": False}
    return told | {"kind": "sent", "reason": "", "detail": {}} | more


@given(OFFSETS, OFFSETS, st.randoms())
def test_the_order_of_what_is_told_does_not_depend_on_the_order_in_which_it_is_read(
    logged: list[int], called: list[int], random: Any
) -> None:
    rows = [row(one) for one in logged]
    calls = [call(number, one) for number, one in enumerate(called)]
    first = timeline({"events": rows, "notes": []}, calls, [])
    random.shuffle(rows)
    random.shuffle(calls)

    again = timeline({"events": rows, "notes": []}, calls, [])

    assert [(one.at, one.sort) for one in first] == [(one.at, one.sort) for one in again]
    assert sorted(one.at for one in first) == [one.at for one in first]
    assert len(first) == len(rows) + len(calls)


def test_a_call_stands_before_what_follows_of_it_at_the_same_moment() -> None:
    found = timeline({"events": [row(0)], "notes": []}, [call(1, 0)], [unit()])

    assert [one.sort for one in found] == ["call", "log", "unit"]


def test_the_span_reaches_from_the_first_to_the_last_and_holds_the_opening() -> None:
    moments = timeline({"events": [row(9)], "notes": []}, [], [])

    assert span_of(moments, T0) == (T0, at(9))
    assert span_of([], T0) == (T0, T0)


def test_a_stamp_that_lacks_leaves_its_time_unknown() -> None:
    found = seconds_of(unit(en_route=30, ended=90))

    assert found == {"turnout_s": 30, "travel_s": None, "on_scene_s": None}


@given(st.dictionaries(st.text(max_size=5), st.integers()))
def test_the_hash_is_of_the_content_and_not_of_its_order(content: dict[str, int]) -> None:
    turned = dict(reversed(content.items()))

    assert digest(content) == digest(turned)
    assert digest(content) != digest({**content, "another": 1, "more": 2})


def make_inventory(room: Room) -> Inventory:
    """Of a city without cameras."""
    folder = Path(mkdtemp())
    return Inventory(
        Sealer(b"k" * 32), Atlas(write_pack(folder)), CameraSettings(), room.world.clock
    )


async def replayed(room: Room, incident: Incident, scope: Scope) -> dict[str, Any]:
    async with room.world.db.transaction(scope) as tx:
        return await api.replay(make_inventory(room), scope, tx, incident.id, ZONE, room.now)


async def after(room: Room, incident: Incident, scope: Scope, language: str = "id") -> str:
    frame = api.Frame(language, ZONE, room.now, "Ani, Damkar")
    async with room.world.db.transaction(scope) as tx:
        return await api.after_action(frame, scope, tx, incident.id)


async def fire(room: Room) -> Incident:
    """A call, its incident, an engine that arrived, and a note for the police alone."""
    call_id = await add_call(room, 40, 10)
    incident = await room.incident()
    await join(room, incident, call_id)
    (sent,) = await room.send(incident, api.Wanted(room.engines[0], "engine"))
    assert sent.assignment_id is not None
    await room.stamp(sent.assignment_id, Stamp.ACCEPTED, Stamp.EN_ROUTE, Stamp.ON_SCENE)
    async with room.world.db.transaction(room.dispatcher) as tx:
        for text, visibility in (("<b>asap</b>", "all"), ("rahasia", "police")):
            note = Note(new_id(), text, visibility)  # type: ignore[arg-type]
            await incidents.add_note(room.dispatcher, tx, incident.id, note, room.now)
    return incident


async def actions(room: Room) -> set[str]:
    rows = await room.world.rows("select distinct action from audit_entry")
    return {one["action"] for one in rows}


async def test_the_replay_holds_call_log_unit_and_note_with_one_hash(room: Room) -> None:
    incident = await fire(room)
    scope = scope_of(Rule(WORDS | {"call:view", "unit:track"}), agency_id=room.fire)

    told = await replayed(room, incident, scope)
    again = await replayed(room, incident, scope)

    assert {"call", "log", "unit", "note"} == {one.sort for one in told["moments"]}
    assert told["from"] <= told["moments"][0].at <= told["moments"][-1].at <= told["to"]
    assert [(one["name"], one["is_seen"]) for one in told["tracks"]] == [("Damkar 1", True)]
    assert told["figures"]["timings"][0]["n"] == 1
    assert told["sha256"] == again["sha256"]
    assert [one["state"] for one in told["states"]][:2] == ["draft", "pending"]
    assert {"incident:replayed", "unit:track"} <= await actions(room)


async def test_the_replay_of_one_that_goes_on_reaches_to_now_and_of_one_that_ended_to_its_last_word(
    room: Room,
) -> None:
    incident = await room.incident()
    room.world.clock.advance(300)
    open_told = await replayed(room, incident, EVERYTHING)
    until = room.now
    async with room.world.db.transaction(EVERYTHING) as tx:
        said = incidents.Said(new_id())
        await incidents.end(room.intake, EVERYTHING, tx, incident.id, "handled", said, room.now)
    room.world.clock.advance(300)

    ended = await replayed(room, incident, EVERYTHING)

    assert (False, until) == (open_told["is_over"], open_told["to"])
    assert (True, until) == (ended["is_over"], ended["to"])
    assert ["draft", "pending", "closed"] == [one["state"] for one in ended["states"]]


async def test_a_track_that_is_not_the_askers_is_named_and_not_shown(room: Room) -> None:
    told = await replayed(room, await fire(room), room.dispatcher)

    assert [(one["is_seen"], one["items"]) for one in told["tracks"]] == [(False, [])]
    assert (told["calls"], told["calls_unseen"]) == ([], 1)


async def test_an_incident_of_others_has_no_replay_and_no_paper(room: Room) -> None:
    incident = await fire(room)
    stranger = scope_of(Rule(WORDS, agencies=frozenset({room.world.agency})))

    with pytest.raises(IncidentNotFoundError):
        await replayed(room, incident, stranger)
    with pytest.raises(IncidentNotFoundError):
        await after(room, incident, stranger)


async def test_a_citizen_is_told_once_what_became_of_it_when_it_has_ended(room: Room) -> None:
    incident = await room.incident(callback_number="0811444")
    said = incidents.Said(new_id(), reason="lewat telepon")
    async with room.world.db.transaction(EVERYTHING) as tx:
        with pytest.raises(NotEndedError):
            await incidents.inform(EVERYTHING, tx, incident.id, said, room.now)
        await incidents.end(
            room.intake, EVERYTHING, tx, incident.id, "handled", incidents.Said(new_id()), room.now
        )
    for _ in range(2):
        async with room.world.db.transaction(EVERYTHING) as tx:
            await incidents.inform(EVERYTHING, tx, incident.id, said, room.now)

    rows = await room.world.rows("select id from incident_event where kind = 'informed'")
    follow_up = next(one for one in (await report(room))["shares"] if one.key == "follow_up")
    assert len(rows) == 1
    assert (follow_up.part, follow_up.whole, follow_up.is_met) == (1, 1, True)


async def test_the_paper_tells_all_of_it_escaped_and_the_audit_keeps_its_hash(room: Room) -> None:
    incident = await fire(room)

    page = await after(room, incident, everything(room))
    english = await after(room, incident, everything(room), "en")

    assert "&lt;b&gt;asap&lt;/b&gt;" in page
    assert "<b>asap" not in page
    assert str(incident.number) in page
    assert "After-action report" in english
    entries = await room.world.rows(
        "select detail from audit_entry where action = 'incident:exported'"
    )
    assert len(entries) == 2
    assert all(json.loads(one["detail"])["sha256"] in page for one in entries)


async def test_a_note_for_the_police_is_in_the_paper_of_the_police_alone(room: Room) -> None:
    incident = await fire(room)
    health = scope_of(Rule(WORDS | {"call:view"}), agency_id=room.health)

    assert "rahasia" not in await after(room, incident, health)
    assert "rahasia" in await after(room, incident, EVERYTHING)
