"""Whatever carries an action word can be asked about: why may, or may not, this person do it."""

from typing import Any
from uuid import UUID

from tests.app.askers import system
from tests.app.test_authorization_matrix import World, make_things
from warroom.identity.contracts import known_finders
from warroom.kernel import actions
from warroom.kernel.ids import new_id

OF_AN_AGENCY = {
    "alert": "what warns is of no agency",
    "audit": "entries are read by the agency",
    "city": "the map is everybody's who may see it",
    "grant": "of the agency that it is about",
    "privacy": "records, cases and breaches are the agency's",
    "provider": "of the city, or of the agencies it lets in",
    "role": "of the agency that made it",
    "route": "the way over the roads is nobody's",
    "sign_in": "what signing in asks for is the city's",
    "system": "the machine",
    "token": "of the person or program that it belongs to",
}
"""Kinds of which no single thing is asked about: the agency is."""

IN_EXPLAIN = {"agency", "person"}
"""Kinds that identity finds itself."""


def test_every_kind_that_carries_a_word_is_found_or_is_an_agencys() -> None:
    kinds = {action.on for action in actions.known()}

    assert kinds - known_finders().by_kind.keys() - IN_EXPLAIN == OF_AN_AGENCY.keys()


THINGS = {
    "camera": ("camera:view", "camera"),
    "unit": ("unit:view", "unit"),
    "hold": ("recording:hold", "hold"),
    "task": ("dispatch:send", "task"),
    "incident": ("incident:work", "incident"),
    "call": ("call:take", "call"),
    "closure": ("traffic:close", "closure"),
    "report": ("traffic:report", "report"),
    "layout": ("wall:view", "wall"),
    "webhook": ("webhook:view", "webhook"),
    "application": ("application:view", "application"),
    "seat": ("seat:configure", "seat"),
    "request": ("access:view", "request"),
    "person": ("person:view", "person"),
    "agency": ("agency:view", "agency"),
}


async def ask(world: World, who: str, thing: str, word: str, person: str) -> Any:
    answer = await world.clients[who].get(
        "/api/why", params={"person": person, "action": word, "thing": thing}
    )
    return answer.status_code, answer.json()


async def _me(world: World, who: str) -> str:
    me: str = (await world.clients[who].get("/api/session")).json()["person"]["id"]
    return me


async def test_each_kind_is_explained_to_its_agency_and_is_not_there_for_another(
    world: World,
) -> None:
    await make_things(world)
    own, other = await _me(world, "own"), await _me(world, "other")
    told, hidden = {}, []
    for thing, (word, _) in THINGS.items():
        status, answer = await ask(world, "own", world.things[thing], word, own)
        assert status == 200, (thing, answer)
        told[thing] = (word, answer["thing"]["kind"])
        assert answer["allowed"], (thing, answer)
        hidden.append(await ask(world, "other", world.things[thing], word, other))
        hidden.append(await ask(world, "other", str(new_id()), word, other))

    assert told == THINGS
    assert {status for status, _ in hidden} == {404}
    assert len({str(answer) for _, answer in hidden}) == 1


async def test_a_hold_is_judged_by_its_camera(world: World) -> None:
    await make_things(world)
    own = await _me(world, "own")

    _, told = await ask(world, "own", world.things["hold"], "recording:hold", own)

    assert told["thing"]["id"] == world.things["camera"]
    assert told["thing"]["class"] is not None


async def test_a_jam_is_judged_as_the_roads_are(world: World) -> None:
    jam, now = UUID(int=91), world.clock.now()
    async with world.db.transaction(system(world)) as tx:
        await tx.execute(
            "insert into traffic_jam (id, keys, place, roads, lat, lon, length_m, queue_m,"
            " delay_s, how, began_at, changed_at)"
            " values (%s, '{}', '73.71.04', '{Jalan Penghibur}', -5.1, 119.4, 100, 50, 60,"
            " 'measured', %s, %s)",
            [jam, now, now],
        )
    own = await _me(world, "own")

    status, told = await ask(world, "own", str(jam), "traffic:view", own)

    assert (status, told["thing"]["kind"], told["allowed"]) == (200, "jam", True), told
    assert told["thing"]["agency"] is None
