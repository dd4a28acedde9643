"""Claims about links for callers: what they tell, to whom, how long, and who was informed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.dispatch.incident_world import Room
from tests.scopes import EVERYTHING, scope_of
from warroom.dispatch import api
from warroom.dispatch.contracts import Stamp
from warroom.incidents import api as incidents
from warroom.incidents import follow_page
from warroom.incidents.contracts import Incident
from warroom.incidents.errors import IncidentNotFoundError
from warroom.incidents.follow import Doorstep, News
from warroom.kernel.clock import FixedClock
from warroom.kernel.ids import new_id

STRANGER = replace(scope_of(), person_id=None, agency_id=None)
ZONE = ZoneInfo("Asia/Makassar")


async def link_to(room: Room, incident: Incident, days: int = 7) -> str:
    async with room.world.db.transaction(room.dispatcher) as tx:
        made = await incidents.make_link(room.dispatcher, tx, incident.id, days, room.now)
    path: str = made["path"]
    return path.removeprefix("/kabar/")


async def news(room: Room, token: str) -> News:
    async with room.world.db.transaction(STRANGER) as tx:
        return await incidents.show_news(STRANGER, tx, token, room.now)


async def say(room: Room, token: str, score: int, words: str = "") -> bool:
    async with room.world.db.transaction(STRANGER) as tx:
        return await incidents.keep_answer(STRANGER, tx, token, score, words, room.now)


async def see(room: Room, token: str) -> None:
    async with room.world.db.transaction(STRANGER) as tx:
        await incidents.mark_seen(STRANGER, tx, token, room.now)


async def links(room: Room, incident: Incident, scope: Any = EVERYTHING) -> list[dict[str, Any]]:
    async with room.world.db.transaction(scope) as tx:
        return await incidents.list_links(scope, tx, incident.id)


async def informed(room: Room, incident: Incident) -> Any:
    async with room.world.db.transaction(EVERYTHING) as tx:
        stamps = await incidents.find_stamps(EVERYTHING, tx, incident.id)
    assert stamps is not None
    return stamps.informed_at


async def end(room: Room, incident: Incident, outcome: Any = "handled") -> None:
    async with room.world.db.transaction(room.dispatcher) as tx:
        said = incidents.Said(new_id(), reason="selesai")
        await incidents.end(room.intake, room.dispatcher, tx, incident.id, outcome, said, room.now)


async def test_a_caller_follows_their_incident_step_by_step(room: Room) -> None:
    incident = await room.incident(caller_name="Ibu Hasnah", callback_number="08114220000")
    token = await link_to(room, incident)
    at_first = await news(room, token)
    (sent,) = await room.send(incident, api.Wanted(room.engines[0], "engine"))
    await room.stamp(sent.assignment_id, Stamp.ACCEPTED, Stamp.EN_ROUTE, Stamp.ON_SCENE)
    await room.agree(incident)
    there = await news(room, token)
    await end(room, incident)
    over = await news(room, token)

    assert [step for step, _ in at_first.steps] == ["received"]
    assert [step for step, _ in there.steps] == ["received", "on_way", "arrived"]
    assert there.ending is None
    assert [step for step, _ in over.steps] == ["received", "on_way", "arrived", "ended"]
    assert (over.ending, over.number) == ("done", incident.number)
    times = [at for _, at in over.steps]
    assert sorted(times) == times


@pytest.mark.parametrize(
    ("outcome", "ending"),
    [("handed_over", "elsewhere"), ("cancelled", "without"), ("unfounded", "without")],
)
async def test_how_it_ended_is_said_as_it_was(room: Room, outcome: str, ending: str) -> None:
    incident = await room.incident()
    token = await link_to(room, incident)

    await end(room, incident, outcome)

    assert (await news(room, token)).ending == ending


async def test_a_link_to_what_was_merged_tells_of_what_it_became(room: Room) -> None:
    first, second = await room.incident(), await room.incident()
    token = await link_to(room, second)
    async with room.world.db.transaction(room.dispatcher) as tx:
        said = incidents.Said(new_id())
        await incidents.merge(room.intake, room.dispatcher, tx, second.id, first.id, said, room.now)
    await end(room, first)
    await see(room, token)

    told = await news(room, token)

    assert (told.ending, told.number) == ("done", second.number)
    assert (await links(room, second))[0]["seen_end_at"] == room.now


@pytest.mark.parametrize("how", ["guessed", "expired", "revoked", "cut"])
async def test_a_link_that_does_not_hold_tells_nothing_and_takes_nothing(
    room: Room, how: str
) -> None:
    incident = await room.incident()
    token = await link_to(room, incident)
    if how == "expired":
        room.world.clock.advance(timedelta(days=7).total_seconds())
    if how == "revoked":
        async with room.world.db.transaction(room.dispatcher) as tx:
            assert await incidents.revoke_links(room.dispatcher, tx, incident.id, room.now) == 1
    asked = {"guessed": "x" * 32, "cut": token[:-1]}.get(how, token)

    with pytest.raises(IncidentNotFoundError):
        await news(room, asked)
    assert not await say(room, asked, 5)
    await see(room, asked)
    (kept,) = await links(room, incident)
    assert (kept["answers"], kept["seen_at"]) == ([], None)


async def test_a_stranger_sees_no_link_and_no_answer_by_other_ways(room: Room) -> None:
    incident = await room.incident()
    token = await link_to(room, incident)
    await say(room, token, 2, "lama")
    async with room.world.db.transaction(STRANGER) as tx:
        for table in ("incident_follow", "incident_feedback", "incident"):
            assert await (await tx.execute(f"select * from {table}")).fetchall() == []  # type: ignore[arg-type]
    assert await links(room, incident, STRANGER) == []


async def test_the_token_is_kept_nowhere(room: Room) -> None:
    token = await link_to(room, await room.incident())

    for table in ("incident_follow", "audit_entry", "outbox", "incident_event"):
        rows = await room.world.rows(f"select t::text as text from {table} t")
        assert not any(token in row["text"] for row in rows)


async def test_what_they_say_is_kept_three_times_at_most(room: Room) -> None:
    incident = await room.incident()
    token = await link_to(room, incident)
    await end(room, incident)

    kept = [await say(room, token, one, " cepat \0 sekali ") for one in (5, 4, 3, 2)]
    (link,) = await links(room, incident)

    assert kept == [True, True, True, False]
    assert [one["score"] for one in link["answers"]] == [5, 4, 3]
    assert link["answers"][0]["words"] == "cepat sekali"
    assert not (await news(room, token)).may_answer


async def test_who_saw_the_end_was_informed_then_and_not_before(room: Room) -> None:
    incident = await room.incident()
    token = await link_to(room, incident)
    await see(room, token)
    room.world.clock.advance(60)
    await end(room, incident)
    await news(room, token)
    before = await informed(room, incident)
    room.world.clock.advance(60)
    await see(room, token)
    seen = room.now
    room.world.clock.advance(60)
    await see(room, token)

    assert before is None, "that it was made, or fetched, informs nobody"
    assert await informed(room, incident) == seen


async def test_making_and_revoking_need_work_on_the_incident_and_are_in_the_audit(
    room: Room,
) -> None:
    incident = await room.incident()
    await link_to(room, incident)
    watcher = scope_of(
        *(replace(rule, actions=frozenset({"incident:view"})) for rule in room.dispatcher.rules),
        agency_id=room.fire,
    )
    async with room.world.db.transaction(watcher) as tx:
        for call in (
            incidents.make_link(watcher, tx, incident.id, 7, room.now),
            incidents.revoke_links(watcher, tx, incident.id, room.now),
        ):
            with pytest.raises(IncidentNotFoundError):
                await call
    assert len(await links(room, incident, watcher)) == 1
    async with room.world.db.transaction(room.dispatcher) as tx:
        await incidents.revoke_links(room.dispatcher, tx, incident.id, room.now)
    rows = await room.world.rows(
        "select action from audit_entry where action like 'incident:link%%' order by seq"
    )
    assert [row["action"] for row in rows] == ["incident:link_made", "incident:link_revoked"]


@pytest.mark.parametrize("language", ["id", "en"])
async def test_the_page_tells_no_name_and_no_number_of_who_called(
    room: Room, language: str
) -> None:
    incident = await room.incident(
        caller_name="Ibu Hasnah", callback_number="08114220000", notes="lantai dua"
    )
    token = await link_to(room, incident)
    await end(room, incident)

    page = follow_page.show(language, ZONE, token, await news(room, token))

    for secret in ("Hasnah", "0811", "lantai dua", "Panjang", "Baraya", "Damkar", "<script"):
        assert secret not in page
    assert incident.number is not None
    assert incident.number in page
    assert f"/kabar/{token}?bahasa={language}" in page
    assert "WITA" in page


async def test_an_address_that_knocks_too_often_waits_for_the_next_minute(
    clock: FixedClock,
) -> None:
    door = Doorstep(clock, 3)

    assert [door.lets_in("10.0.0.1") for _ in range(4)] == [True, True, True, False]
    assert door.lets_in("10.0.0.2")
    clock.advance(60)
    assert door.lets_in("10.0.0.1")
