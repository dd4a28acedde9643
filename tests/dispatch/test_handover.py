"""Claims about handed over shifts: what is open, who read it, and that nothing changes later."""

from typing import Any, cast
from uuid import UUID

import psycopg
import pytest

from tests.dispatch.incident_world import Room
from tests.dispatch.test_replay import make_inventory
from tests.scopes import EVERYTHING, scope_of
from tests.traffic.world import ZONE
from warroom.calls.api import CallDesk
from warroom.dispatch import api, handover
from warroom.dispatch.errors import HandoverNotFoundError, OwnHandoverError
from warroom.dispatch.handover_printing import print_handover
from warroom.identity import api as identity
from warroom.incidents import api as incidents
from warroom.incidents.contracts import Incident, Note
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Rule, Scope

WORDS = frozenset({"call:*", "dispatch:*", "incident:*", "unit:view", "camera:view"})


class Desk:
    """Of calls: one waits, and the edge does not answer."""

    async def queue(self, scope: Scope) -> dict[str, Any]:
        assert scope.allows("call:view", agency_id=scope.agency_id)
        waiting = {"id": str(new_id()), "state": "queued", "offered_at": "2026-11-24T06:00:00Z"}
        return {"items": [waiting], "me": None, "problem": "calls.edge_away"}


async def shift(room: Room, name: str) -> Scope:
    """Who supervises a shift of the fire service's room."""
    async with room.world.db.transaction(EVERYTHING) as tx:
        people = await identity.ensure_people(
            EVERYTHING, tx, [identity.NewPerson(name, name, room.fire)]
        )
    rules = (Rule(WORDS),)
    return scope_of(*rules, agency_id=room.fire, person_id=people[name])


async def write(room: Room, scope: Scope, notes: str = "Genset <b>dua</b> mati") -> UUID:
    places = handover.Places(room.world.db, cast("CallDesk", Desk()), make_inventory(room))
    content = await handover.gather_open(places, scope, room.now)
    handover_id = new_id()
    async with room.world.db.transaction(scope) as tx:
        assert await handover.write(scope, tx, handover_id, notes, content, room.now)
        assert not await handover.write(scope, tx, handover_id, "lain", content, room.now)
    return handover_id


async def shown(room: Room, scope: Scope, handover_id: UUID) -> dict[str, Any]:
    async with room.world.db.transaction(scope) as tx:
        return await handover.show(scope, tx, handover_id)


async def read(room: Room, scope: Scope, handover_id: UUID, *items: str) -> dict[str, Any]:
    async with room.world.db.transaction(scope) as tx:
        return await handover.confirm(scope, tx, handover_id, items, room.now)


async def note(room: Room, incident: Incident) -> None:
    """Something more is written into the log of an incident."""
    room.world.clock.advance(5)
    async with room.world.db.transaction(room.dispatcher) as tx:
        await incidents.join_agency(room.dispatcher, tx, incident.id, room.health, room.now)
        await incidents.add_note(room.dispatcher, tx, incident.id, Note(new_id(), "asap"), room.now)


async def test_a_shift_hands_over_what_is_open(room: Room) -> None:
    incident = await room.incident()
    await room.send(incident, api.Wanted(room.engines[0], "engine"))
    night = await shift(room, "malam")

    told = await shown(room, night, await write(room, night))
    content = told["content"]

    (one,) = content["incidents"]
    assert (one["number"], one["state"], one["log_holds"]) == (incident.number, "pending", True)
    assert [(unit["name"], unit["state"]) for unit in content["units"]] == [
        ("Damkar 1", "dispatched")
    ]
    assert [call["state"] for call in content["calls"]] == ["queued"]
    assert content["outages"]["edge"] == "calls.edge_away"
    assert told["items"] == [f"incident:{incident.id}", "units", "calls", "outages", "notes"]
    assert (told["holds"], told["taken_over"]) == (True, None)


async def test_who_read_all_of_it_has_taken_over_and_not_before(room: Room) -> None:
    await room.incident()
    night, day = await shift(room, "malam"), await shift(room, "pagi")
    made = await write(room, night)
    items = (await shown(room, day, made))["items"]

    part = await read(room, day, made, *items[:-1], "no such item")
    room.world.clock.advance(60)
    whole = await read(room, day, made, *items)
    at = room.now
    room.world.clock.advance(60)
    again = await read(room, day, made, *items)

    assert part["taken_over"] is None
    assert whole["taken_over"] == {"person": "pagi", "at": at}
    assert again["taken_over"] == whole["taken_over"]
    assert len(again["reads"]) == len(items)
    audited = await room.world.rows(
        "select action from audit_entry where action like 'dispatch:handover%%'"
    )
    assert sorted(row["action"] for row in audited) == [
        "dispatch:handover_read", "dispatch:handover_read", "dispatch:handover_written",
    ]  # fmt: skip


async def test_two_who_read_a_half_each_have_not_taken_over(room: Room) -> None:
    night, day, other = [await shift(room, name) for name in ("malam", "pagi", "siang")]
    made = await write(room, night)

    await read(room, day, made, "units", "calls")
    told = await read(room, other, made, "outages", "notes")

    assert told["taken_over"] is None


async def test_nobody_takes_over_from_themselves(room: Room) -> None:
    night = await shift(room, "malam")
    made = await write(room, night)

    with pytest.raises(OwnHandoverError):
        await read(room, night, made, "notes")


async def test_the_hash_of_a_log_holds_while_it_grows(room: Room, connections: Connections) -> None:
    incident = await room.incident()
    night = await shift(room, "malam")
    made = await write(room, night)

    await note(room, incident)
    (one,) = (await shown(room, night, made))["content"]["incidents"]
    with psycopg.connect(connections.owner) as owner:
        owner.execute("update incident_event set reason = 'lain' where kind = 'sent'")
    (changed,) = (await shown(room, night, made))["content"]["incidents"]

    assert one["log_holds"] is True
    assert changed["log_holds"] is False


async def test_what_was_handed_over_can_not_be_changed_by_the_application(room: Room) -> None:
    night = await shift(room, "malam")
    await write(room, night)

    for query in (
        "update dispatch_handover set notes = 'lain'",
        "delete from dispatch_handover",
        "update dispatch_handover_read set at = now()",
    ):
        async with room.world.db.transaction(EVERYTHING) as tx:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await tx.execute(query)


async def test_another_agency_sees_none_and_reads_none(room: Room) -> None:
    made = await write(room, await shift(room, "malam"))
    other = scope_of(
        Rule(WORDS, agencies=frozenset({room.health})), agency_id=room.health, person_id=new_id()
    )

    async with room.world.db.transaction(other) as tx:
        assert await handover.list_all(other, tx) == []
    with pytest.raises(HandoverNotFoundError):
        await shown(room, other, made)
    with pytest.raises(HandoverNotFoundError):
        await read(room, other, made, "notes")
    without = scope_of(Rule(frozenset({"call:view"})), agency_id=room.health)
    async with room.world.db.transaction(without) as tx:
        with pytest.raises(HandoverNotFoundError):
            await handover.write(without, tx, new_id(), "", {"incidents": []}, room.now)


@pytest.mark.parametrize(("language", "word"), [("id", "Serah terima"), ("en", "Handing over")])
async def test_the_paper_holds_the_hashes_and_escapes_what_was_typed(
    room: Room, language: str, word: str
) -> None:
    incident = await room.incident()
    night, day = await shift(room, "malam"), await shift(room, "pagi")
    made = await write(room, night)
    told = await read(room, day, made, f"incident:{incident.id}")

    page = print_handover(api.Frame(language, ZONE, room.now, "Ani, Damkar"), told)

    assert word in page
    assert incident.number is not None
    assert page.count(incident.number) == 2
    for sha256 in (told["sha256"], told["content"]["incidents"][0]["log_sha256"]):
        assert sha256 in page
    assert "Genset &lt;b&gt;dua" in page


async def test_an_incident_is_handed_over_by_the_name_of_its_type(room: Room) -> None:
    await room.incident("fire_house")
    scope = await shift(room, "malam")

    told = await shown(room, scope, await write(room, scope))
    (one,) = told["content"]["incidents"]
    pages = [
        print_handover(api.Frame(language, ZONE, room.now, "Ani, Damkar"), told)
        for language in ("id", "en")
    ]

    assert one["name"]["en"] == "Fire, house or building"
    assert [one["name"]["id"] in pages[0], one["name"]["en"] in pages[1]] == [True, True]
