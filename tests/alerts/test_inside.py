"""What lies inside an alert: premises, as far as the asker may see them."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.world import ALERT, INFO, Room, make_room
from tests.incidents.world import World, make_world
from warroom.alerts import service
from warroom.alerts.contracts import Alert, Area
from warroom.incidents import api as incidents
from warroom.incidents.contracts import Place
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.scope import Scope

IN, OUT = (-5.05, 119.35), (-5.19, 119.49)
TRIANGLE = ((-5.2, 119.3), (-5.0, 119.3), (-5.0, 119.5), (-5.2, 119.3))
"""Its box holds both places, its outline only the first."""

HERE = replace(ALERT, infos=(replace(INFO, areas=(Area("Makassar", (TRIANGLE,)),)),))


@pytest.fixture
def people(db: Database, clock: FixedClock, loop_runner: asyncio.Runner) -> World:
    return loop_runner.run(make_world(db, clock))


@pytest.fixture
def room(db: Database, clock: FixedClock, tmp_path: Path) -> Room:
    return make_room(db, clock, tmp_path / "no-city")


async def keep(
    people: World, name: str, at: tuple[float, float] = IN, kind: Any = "market", **more: Any
) -> None:
    async with people.db.transaction(people.fire) as tx:
        draft = incidents.PremiseDraft(kind, name, Place(*at), **more)
        await incidents.add_premise(people.fire, tx, draft, people.clock.now())


async def premises(room: Room, alert: Alert, scope: Scope) -> Any:
    outcome = await room.take(alert)
    assert outcome.alert_id is not None
    async with room.db.transaction(scope) as tx:
        return (await service.show_alert(scope, tx, outcome.alert_id))["premises"]


async def test_what_is_dangerous_inside_comes_first_and_all_is_counted(
    people: World, room: Room
) -> None:
    await keep(people, "Apotek")
    await keep(people, "Zat kimia", dangers=("chemical",))
    await keep(people, "Pasar", hazards="Tabung di lapak")
    await keep(people, "Di luar", OUT, dangers=("gas",))
    await keep(people, "Hidran", kind="hydrant")

    found = await premises(room, HERE, people.fire)

    assert (3, 2) == (found["count"], found["dangerous"])
    assert ["Pasar", "Zat kimia", "Apotek"] == [one.name for one in found["items"]]


async def test_premises_that_the_asker_may_not_see_are_neither_named_nor_counted(
    people: World, room: Room
) -> None:
    await keep(people, "Pasar")

    assert {"count": 0, "dangerous": 0, "items": []} == await premises(room, HERE, people.police)


async def test_one_that_was_taken_away_is_no_longer_inside(people: World, room: Room) -> None:
    await keep(people, "Pasar")
    async with people.db.transaction(people.fire) as tx:
        (one,) = await incidents.list_premises_in(people.fire, tx, (119.3, -5.2, 119.5, -5.0))
        await incidents.remove_premise(people.fire, tx, one.id, people.clock.now())

    assert 0 == (await premises(room, HERE, people.fire))["count"]


async def test_what_nobody_can_count_is_unknown_and_not_none(people: World, room: Room) -> None:
    bare = replace(ALERT, infos=(replace(INFO, areas=(Area("Di laut"),)),))
    only_alerts = replace(people.fire, rules=(), _memory={})

    assert None is await premises(room, bare, people.fire)
    assert None is await premises(room, HERE, only_alerts)


async def test_of_very_many_the_first_are_named_and_all_are_counted(
    people: World, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PREMISES_MOST", 2)
    for number in range(3):
        await keep(people, f"Sekolah {number}", kind="school")

    found = await premises(room, HERE, people.fire)

    assert (3, ["Sekolah 0", "Sekolah 1"]) == (
        found["count"],
        [one.name for one in found["items"]],
    )
