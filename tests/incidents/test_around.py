"""What is known around a place: cautions that hold, what stands there, what happened before."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.incidents.world import KANDEA, World
from tests.scopes import EVERYTHING, scope_of
from warroom.incidents import api
from warroom.incidents.around import Caution
from warroom.incidents.contracts import Place
from warroom.incidents.errors import EndedError, IncidentNotFoundError, NoAgencyError, NoPlaceError
from warroom.incidents.premise_rules import PremiseDraft
from warroom.incidents.privacy import find_callers
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope
from warroom.privacy.contracts import Subject


def north(metres: float) -> Place:
    return Place(KANDEA[0] + metres / 111_195, KANDEA[1], area="73.71.05")


async def look(
    world: World, at: Place, scope: Scope | None = None, but: UUID | None = None
) -> dict[str, Any]:
    scope = scope or world.taker
    async with world.db.transaction(scope) as tx:
        found = await api.look_around(scope, tx, at, but or new_id(), world.clock.now())
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(found))
    return told


async def warn(world: World, incident: UUID, scope: Scope | None = None, **more: Any) -> UUID:
    scope = scope or world.fire
    ends_at = world.clock.now() + timedelta(hours=1)
    values = {"id": new_id(), "text": "Tabung gas", "severity": 1, "radius_m": 100.0} | more
    caution = Caution(ends_at=ends_at, **values)
    async with world.db.transaction(scope) as tx:
        await api.warn(scope, tx, incident, caution, world.clock.now())
    return caution.id


async def add(world: World, at: Place, scope: Scope | None = None, **more: Any) -> UUID:
    scope = scope or world.fire
    draft = PremiseDraft(**{"kind": "hydrant", "name": "Hidran 7", "place": at} | more)
    async with world.db.transaction(scope) as tx:
        return await api.add_premise(scope, tx, draft, world.clock.now())


async def test_a_caution_holds_within_its_circle_for_its_time(world: World) -> None:
    incident = await world.sent("fire_dense")
    await warn(world, incident)

    inside, outside = await look(world, north(90)), await look(world, north(110))
    world.clock.advance(3601)
    later = await look(world, north(90))

    (told,) = inside["cautions"]
    assert ("Tabung gas", 1, 90) == (told["text"], told["severity"], told["distance_m"])
    assert [] == outside["cautions"] == later["cautions"]
    assert "warned" in await world.kinds(incident)


async def test_the_gravest_caution_comes_first_and_one_that_was_taken_down_is_gone(
    world: World,
) -> None:
    incident = await world.sent("fire_dense")
    mild = await warn(world, incident, severity=3)
    grave = await warn(world, incident, severity=1)
    both = (await look(world, north(0)))["cautions"]
    async with world.db.transaction(world.fire) as tx:
        await api.unwarn(world.fire, tx, incident, mild, world.clock.now())

    assert [str(grave), str(mild)] == [one["id"] for one in both]
    assert [str(grave)] == [one["id"] for one in (await look(world, north(0)))["cautions"]]
    async with world.db.transaction(world.fire) as tx:
        with pytest.raises(IncidentNotFoundError):
            await api.unwarn(world.fire, tx, incident, mild, world.clock.now())


async def test_a_caution_is_read_by_who_takes_part_and_pinned_once(world: World) -> None:
    incident, same = await world.sent("fire_dense"), new_id()
    await warn(world, incident, id=same)
    await warn(world, incident, id=same)

    assert 1 == len((await look(world, north(0), world.fire))["cautions"])
    assert [] == (await look(world, north(0), world.police))["cautions"]
    assert 1 == (await world.kinds(incident)).count("warned")


async def test_a_caution_needs_an_open_incident_with_a_place(world: World) -> None:
    nowhere, over = await world.draft(), await world.sent("fire_dense")
    await world.end(over, "handled")

    with pytest.raises(NoPlaceError):
        await warn(world, nowhere, world.taker)
    with pytest.raises(EndedError):
        await warn(world, over)
    with pytest.raises(IncidentNotFoundError):
        await warn(world, over, world.police)


async def test_a_camera_is_turned_to_an_open_incident_with_a_place_in_view(world: World) -> None:
    incident, nowhere = await world.sent("fire_dense"), await world.draft()

    async with world.db.transaction(world.fire) as tx:
        place, deed = await api.place_to_look_at(world.fire, tx, incident)
    assert KANDEA == pytest.approx(place)
    assert {"incident": str(incident), "number": deed["number"]} == deed
    for scope, asked, expected in (
        (world.taker, nowhere, NoPlaceError),
        (world.stranger, incident, IncidentNotFoundError),
    ):
        with pytest.raises(expected):
            async with world.db.transaction(scope) as tx:
                await api.place_to_look_at(scope, tx, asked)
    await world.end(incident, "handled")
    with pytest.raises(EndedError):
        async with world.db.transaction(world.fire) as tx:
            await api.place_to_look_at(world.fire, tx, incident)


async def test_what_stands_near_is_told_by_distance_to_its_agency(world: World) -> None:
    far, close = await add(world, north(150)), await add(world, north(20), hazards="Amonia")
    await add(world, north(250))

    found = (await look(world, north(0), world.fire))["premises"]

    assert [(str(close), 20, "Amonia"), (str(far), 150, "")] == [
        (one["id"], one["distance_m"], one["hazards"]) for one in found
    ]
    assert [] == (await look(world, north(0), world.police))["premises"]


async def test_what_was_taken_away_is_gone_with_its_contacts(world: World) -> None:
    premise = await add(world, north(0), contacts="Pak Ali 0811 422")
    async with world.db.transaction(world.police) as tx:
        with pytest.raises(IncidentNotFoundError):
            await api.remove_premise(world.police, tx, premise, world.clock.now())
    async with world.db.transaction(world.fire) as tx:
        await api.remove_premise(world.fire, tx, premise, world.clock.now())

    assert [] == (await look(world, north(0), world.fire))["premises"]
    assert [""] == [row["contacts"] for row in await world.rows("select contacts from premise")]


async def test_who_works_in_one_area_notes_nothing_in_another(world: World) -> None:
    fire = world.agencies["Damkar"]
    rule = Rule(
        frozenset({"incident:premises"}), agencies=frozenset({fire}), places=frozenset({"73.71.05"})
    )
    local = scope_of(rule, agency_id=fire, person_id=world.fire.person_id)
    elsewhere = Place(*KANDEA, area="73.71.01")

    await add(world, north(0), local)
    with pytest.raises(IncidentNotFoundError):
        await add(world, elsewhere, local)


async def test_a_premise_belongs_to_an_agency(world: World) -> None:
    with pytest.raises(NoAgencyError):
        await add(world, north(0), EVERYTHING)


@pytest.mark.parametrize("subject", [Subject("phone", "+62811422"), Subject("name", "Pak ALI")])
async def test_a_contact_who_asks_is_found_within_the_scope(world: World, subject: Subject) -> None:
    await add(world, north(0), contacts="Pak Ali 0811-422")
    await add(world, north(0), contacts="Bu Ani 0899")
    async with world.db.transaction(world.fire) as tx:
        found = await find_callers(world.fire, tx, subject)
    async with world.db.transaction(world.police) as tx:
        other = await find_callers(world.police, tx, subject)

    assert [("premise", 1)] == [(one.what, one.count) for one in found]
    assert [] == other


async def test_what_happened_there_in_a_year_is_counted(world: World) -> None:
    first = await world.sent("fire_dense")
    await world.end(first, "handled")
    second, third = await world.sent("flood"), await world.sent("flood")
    await world.merge(third, second)

    assert 2 == (await look(world, north(10)))["before"]
    assert 1 == (await look(world, north(10), but=second))["before"]
    assert 0 == (await look(world, north(90)))["before"]
    world.clock.advance(366 * 86_400)
    assert 0 == (await look(world, north(10)))["before"]
