"""Refusals each with everything else about the question in order: one guard alone says no."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from pydantic import ValidationError
from starlette.requests import HTTPConnection

from tests.dispatch.world import WORDS, World, person
from tests.scopes import EVERYTHING, scope_of
from tests.traffic.world import ZONE
from warroom.app.asgi import Wiring, create_app
from warroom.dispatch import api, crew_store, routes, store
from warroom.dispatch.contracts import Stamp
from warroom.dispatch.errors import NotOnDutyError, TaskNotFoundError, UnitNotThereError
from warroom.dispatch.routes import StampBody
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope
from warroom.traffic import store as traffic_store
from warroom.traffic.api import Traffic
from warroom.units import store as unit_store

OF_CITY = Rule(frozenset({"camera:view"}))
"""Behind a wall that hides nothing, the query alone narrows."""


def behind_no_wall(scope: Scope) -> Scope:
    return scope_of(OF_CITY, *scope.rules, agency_id=scope.agency_id, person_id=scope.person_id)


async def unit_of_police(world: World) -> UUID:
    (patrol,) = await world.rows("select id from unit where name = 'Patroli 1'")
    found: UUID = patrol["id"]
    return found


async def test_who_may_look_at_a_task_is_not_told_that_they_may_send(world: World) -> None:
    task = await world.open()
    viewer = person(world.agency, uuid4(), "dispatch:view", "unit:view")

    assert (await world.show(task, viewer))["can"] == ["dispatch:view"]
    assert (await world.show(task))["can"] == ["dispatch:view", "dispatch:send"]


async def test_an_assignment_of_another_agency_is_as_absent_as_one_that_never_was(
    world: World,
) -> None:
    sent = await world.send(await world.open())
    now, refused = world.clock.now(), 0
    police = behind_no_wall(world.police)
    for scope, assignment in ((police, sent), (world.desk, uuid4())):
        for ask in (
            lambda tx, s=scope, a=assignment: api.task_of(s, tx, a),
            lambda tx, s=scope, a=assignment: api.cancel(s, tx, a, "Salah", now),
            lambda tx, s=scope, a=assignment: api.press(
                s, tx, a, [world.stamp(Stamp.ACCEPTED)], now, now, by_radio=True
            ),
        ):
            with pytest.raises(TaskNotFoundError):
                async with world.db.transaction(scope) as tx:
                    await ask(tx)
            refused += 1

    assert refused == 6


async def test_who_is_no_person_serves_nowhere(world: World) -> None:
    program = replace(world.budi, person_id=None)

    with pytest.raises(UnitNotThereError):
        async with world.db.transaction(program) as tx:
            await api.sign_on(program, tx, world.units[0], world.clock.now())


async def test_a_unit_of_another_agency_is_not_sent_by_who_may_send_both(world: World) -> None:
    task = await world.open()
    patrol = await unit_of_police(world)
    both = scope_of(Rule(frozenset(WORDS)), agency_id=world.agency, person_id=world.desk.person_id)
    offer = api.offer_of(await world.propose(task, both), world.units[0])

    with pytest.raises(UnitNotThereError):
        async with world.db.transaction(both) as tx:
            await api.send_unit(both, tx, task, patrol, offer, world.clock.now())


async def test_a_jam_that_one_agency_had_is_new_to_another(world: World) -> None:
    jam = await world.jam()
    await world.open(jam)
    async with world.db.transaction(EVERYTHING) as tx:
        had = [
            await store.had_task(EVERYTHING, tx, agency, jam.id)
            for agency in (world.agency, world.police.agency_id or uuid4())
        ]

    assert had == [True, False]


async def test_of_a_crew_each_is_asked_for_themselves(world: World) -> None:
    """Sari is of the same agency and serves on no unit."""
    await world.serve(world.budi)
    task = await world.open()
    assignment = await world.send(task)
    told = {}
    for name, scope in (("budi", world.budi), ("sari", world.sari)):
        async with world.db.transaction(scope) as tx:
            shown = await store.show_task_of_crew(scope, tx, task)
            served = await crew_store.list_served(scope, tx, world.units[0])
        told[name] = (shown == b"null", len(served))

    assert told == {"budi": (False, 1), "sari": (True, 0)}
    with pytest.raises(NotOnDutyError):
        await world.press(world.sari, assignment, world.stamp(Stamp.ACCEPTED))


async def test_units_to_serve_on_are_those_of_the_word(world: World) -> None:
    wide = behind_no_wall(world.budi)
    async with world.db.transaction(wide) as tx:
        offered = await crew_store.list_offered(wide, tx, ())
        shown = await crew_store.show_unit(wide, tx, await unit_of_police(world))

    assert b"Dishub 1" in offered
    assert b"Patroli 1" not in offered
    assert shown == b"null"


async def test_units_are_found_of_the_owner_that_was_asked_for(world: World) -> None:
    async with world.db.transaction(EVERYTHING) as tx:
        stationed = await unit_store.list_stationed(
            EVERYTHING, tx, world.agency, ["73.71.01"], "unit:view"
        )
        near = await unit_store.list_whereabouts(
            EVERYTHING, tx, world.agency, "traffic", "unit:view"
        )

    names = {"Dishub 1", "Dishub 2"}
    assert {unit.draft.name for unit in stationed} == names
    assert {one.unit.draft.name for one in near} == names


class Desk:
    """The application's routes, asked as one of its people."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def open(self, who: str, jam: UUID) -> int:
        headers = {"x-as": who, "x-warroom": "1"}
        body: dict[str, Any] = {"jam": str(jam)}
        answer = await self.client.post("/api/dispatch/tasks", json=body, headers=headers)
        return answer.status_code


@pytest.fixture
def desk(world: World, tmp_path: Path, loop_runner: Any) -> Iterator[Desk]:
    own = frozenset({world.agency})
    elsewhere = scope_of(
        Rule(frozenset({"dispatch:*"}), agencies=own),
        Rule(frozenset({"traffic:view"}), places=frozenset({"73.99"})),
        agency_id=world.agency,
        person_id=world.desk.person_id,
    )
    scopes = {"desk": world.desk, "elsewhere": elsewhere}

    async def authenticate(connection: HTTPConnection) -> Scope | None:
        return scopes.get(connection.headers.get("x-as", ""))

    app = create_app(
        Wiring(
            authenticator=authenticate,
            db=world.db,
            clock=world.clock,
            scope=EVERYTHING,
            holder="test",
            pages=tmp_path,
            routers=[routes.router],
            services={Traffic: world.town.traffic, ZoneInfo: ZONE},
        )
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://test")
    yield Desk(client)
    loop_runner.run(client.aclose())


async def test_a_jam_that_one_does_not_see_opens_no_task(world: World, desk: Desk) -> None:
    jam = await world.jam()

    assert await desk.open("elsewhere", jam.id) == 404
    assert await desk.open("desk", uuid4()) == 404
    assert await desk.open("desk", jam.id) == 201


async def test_a_jam_is_found_in_the_areas_in_view(world: World) -> None:
    jam = await world.jam()
    await world.cycle()  # the table of jams is written with the cycle
    elsewhere = scope_of(Rule(frozenset({"traffic:view"}), places=frozenset({"73.99"})))
    found = []
    for scope in (world.desk, elsewhere):
        async with world.db.transaction(scope) as tx:
            found.append(await traffic_store.find_jam(scope, tx, jam.id) is not None)

    assert found == [True, False]


def test_only_who_takes_a_patient_away_says_where_to() -> None:
    said = {"id": new_id(), "at": "2026-11-26T04:00:00Z", "destination": "RS Stella Maris"}

    assert "RS Stella Maris" == StampBody(stamp=Stamp.TRANSPORTING, **said).destination
    with pytest.raises(ValidationError):
        StampBody(stamp=Stamp.ON_SCENE, **said)
