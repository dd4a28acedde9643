"""Holds and alarms are judged by every side of their camera: owner, place, id, tags and class.

Each way in is tried with a denial by one side, and with a right lent by that side alone.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.cameras.world import World
from tests.scopes import scope_of
from warroom.kernel import outbox
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Rule, Scope
from warroom.recording import api
from warroom.recording.contracts import ALARM, HOLD, HOLDS, HoldDraft
from warroom.recording.settings import DiskSettings, RecordingSettings

VIEW = "recording:view"
WORDS = frozenset({HOLD, VIEW})
SIDES = {
    "class": ("classes", "bukti"),
    "tag": ("tags", "lobi"),
    "place": ("places", "73.71.02"),
    "object": ("objects", None),
}


@dataclass
class Held:
    """Two cameras of one agency, each with a hold that ends soon, and an alarm that says so."""

    world: World
    service: api.HoldService
    special: UUID
    plain: UUID
    holds: dict[UUID, UUID]

    def rule(self, side: str, **more: Any) -> Rule:
        """A rule that speaks of the special camera alone, by one side of it."""
        name, value = SIDES[side]
        sides: dict[str, Any] = {name: frozenset({value or self.special})}
        return Rule(WORDS, **sides, **more)

    async def told(self, scope: Scope) -> dict[str, set[UUID]]:
        """Of which cameras each way in tells."""
        page = await self.service.list_holds(scope)
        async with self.world.db.transaction(scope) as tx:
            alarms = await api.list_alarms(scope, tx, 0)
        cameras = {alarm["camera_id"] for alarm in alarms["items"]}
        assert sum(count["count"] for count in alarms["open"]) == len(cameras)
        return {
            "hold list": {item["camera"]["id"] for item in page["items"]},
            "hold pages": {camera for camera in self.holds if await self._is_shown(scope, camera)},
            "hold changes": {c for c in self.holds if await self._is_changed(scope, c)},
            "alarm list": cameras,
            "hold events": await self._heard(scope, HOLDS, HOLD),
            "alarm events": await self._heard(scope, ALARM, VIEW),
        }

    async def _is_shown(self, scope: Scope, camera: UUID) -> bool:
        try:
            shown = await self.service.show(scope, self.holds[camera])
        except NotFoundError:
            return False
        return bool(shown["camera"]["id"] == camera)

    async def _is_changed(self, scope: Scope, camera: UUID) -> bool:
        try:
            await self.service.change(scope, self.holds[camera], "berkas", case_number="LP/2")
        except NotFoundError:
            return False
        return True

    async def _heard(self, scope: Scope, topic: str, word: str) -> set[UUID]:
        """Of which cameras the events are that a socket of this scope is let hear."""
        async with self.world.db.transaction(self.world.system) as tx:
            events = await outbox.read(tx, outbox.Position(0, 0))
        of_topic = [event for event in events if event.topic == topic]
        assert {event.object_id for event in of_topic} == set(self.holds)
        heard = {event.object_id for event in of_topic if scope.allows(word, **event.sides)}
        return {camera for camera in heard if camera is not None}


@pytest.fixture
def held(world: World, tmp_path: Path, loop_runner: asyncio.Runner) -> Held:
    return loop_runner.run(_held(world, tmp_path))


async def _held(world: World, tmp_path: Path) -> Held:
    values = RecordingSettings(disks=[DiskSettings(str(tmp_path / "video"), 1 << 30)])
    service = api.make_holds(world.db, world.clock, values, tmp_path)
    special = await world.add(
        1, tags=("lobi",), retention_class="bukti", kecamatan="73.71.02", kelurahan=None
    )
    plain = await world.add(2, tags=("jalan",), kecamatan="73.71.01", kelurahan=None)
    now = world.clock.now()
    made = await service.add(
        world.system,
        HoldDraft(
            (special, plain),
            now - timedelta(hours=1),
            now - timedelta(minutes=30),
            "Tabrak lari",
            until_at=now + timedelta(hours=2),
        ),
    )
    async with world.db.transaction(world.system) as tx:
        await api.judge_alarms(world.inventory, world.system, tx)
    holds = {hold["camera"]["id"]: hold["id"] for hold in made}
    return Held(world, service, special, plain, holds)


@pytest.mark.parametrize("side", SIDES)
async def test_what_is_denied_by_one_side_of_the_camera_is_denied_everywhere(
    held: Held, side: str
) -> None:
    own = Rule(WORDS, agencies=frozenset({held.world.police}))
    both = {held.special, held.plain}

    free = await held.told(scope_of(own, agency_id=held.world.police))
    denied = await held.told(scope_of(own, held.rule(side, deny=True), agency_id=held.world.police))

    assert free == dict.fromkeys(free, both)
    assert denied == {way: {held.plain} for way in free}


@pytest.mark.parametrize("side", SIDES)
async def test_what_is_lent_by_one_side_of_the_camera_is_lent_everywhere(
    held: Held, side: str
) -> None:
    lent = await held.told(scope_of(held.rule(side), agency_id=held.world.police))

    assert lent == {way: {held.special} for way in lent}


async def test_a_hold_by_a_right_lent_by_class_says_what_for(held: Held) -> None:
    lent = scope_of(held.rule("class", purpose="Perkara 12"), agency_id=held.world.dishub)
    now = held.world.clock.now()
    draft = HoldDraft((held.special,), now - timedelta(hours=1), now, "Perkara")

    await held.service.add(lent, draft)

    rows = await held.world.rows("select purpose from audit_entry where reason = 'Perkara'")
    assert [row["purpose"] for row in rows] == ["Perkara 12"]


async def test_what_a_camera_is_now_decides_and_not_what_it_was(held: Held) -> None:
    """Its owner, class and place may change; what is held and wrong of it goes with it."""
    new_owner = scope_of(
        Rule(WORDS, agencies=frozenset({held.world.dishub})), agency_id=held.world.dishub
    )
    by_class = scope_of(held.rule("class"), agency_id=held.world.dishub)
    own = scope_of(
        Rule(WORDS, agencies=frozenset({held.world.police})), agency_id=held.world.police
    )
    more = {"agency_id": held.world.dishub, "retention_class": "standard"}
    await held.world.change(held.world.system, held.special, 1, **more)
    rows = ("hold list", "hold pages", "alarm list")

    told = {name: await held.told(s) for name, s in [("new", new_owner), ("class", by_class)]}
    before = await held.told(own)

    assert [told["new"][row] for row in rows] == [{held.special}] * 3
    assert [told["class"][row] for row in rows] == [set()] * 3
    assert [before[row] for row in rows] == [{held.plain}] * 3
