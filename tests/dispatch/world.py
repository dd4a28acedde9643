"""Dishub with two traffic cars on one long road, the police beside them, and officers of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from tests.scopes import EVERYTHING, scope_of
from tests.traffic.city import PIECES, east, seen
from tests.traffic.test_said import in_two_areas
from tests.traffic.world import ZONE
from tests.traffic.world import World as Town
from tests.traffic.world import make_world as make_town
from warroom.dispatch import api
from warroom.dispatch.contracts import Stamp
from warroom.dispatch.duty import Answer, Press
from warroom.dispatch.settings import DispatchSettings
from warroom.identity import api as identity
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope
from warroom.routing.api import Desk, Routing
from warroom.traffic.contracts import Jam
from warroom.units import api as units
from warroom.units.settings import UnitSettings

WORDS = ("dispatch:*", "unit:view", "traffic:*", "route:view")


@dataclass
class World:
    """The town.

    Attributes:
        desk: Of Dishub, may send; not on any unit.
        budi, sari: Field officers of Dishub.
        police: May send, at the police.
        units: Dishub's: `Dishub 1` in the west, `Dishub 2` in the east.
    """

    town: Town
    db: Database
    clock: FixedClock
    agency: UUID
    desk: Scope
    budi: Scope
    sari: Scope
    police: Scope
    units: tuple[UUID, UUID]
    router: Desk
    settings: DispatchSettings

    async def jam(self, first: int = 4, last: int = 7, kmh: float = 3.0) -> Jam:
        """Cars creep over these pieces, eastward, for two cycles."""
        await self.cycle(first, last, kmh)
        await self.cycle(first, last, kmh)
        (found,) = self.town.traffic.estimator.alarm.jams.values()
        return found

    async def cycle(self, first: int = 1, last: int = PIECES, kmh: float = 50.0) -> None:
        """One cycle in which these pieces are seen at this speed."""
        self.clock.advance(10)
        at = self.clock.now().timestamp()
        await self.town.traffic.step()
        for piece in range(first, last + 1):
            self.town.traffic.add(seen(east(piece), kmh, 20, at))
        await self.town.traffic.step()

    async def open(self, jam: Jam | None = None, scope: Scope | None = None) -> UUID:
        """A task about the jam, or about a place."""
        scope = scope or self.desk
        graph = self.town.graph
        draft = (
            api.draft_of(jam, [graph.key_of(edge) for edge in jam.edges])
            if jam
            else api.TaskDraft(0.0, 119.405, "73.71.01.1001", ("Jl. Panjang",))
        )
        async with self.db.transaction(scope) as tx:
            return (await api.open_task(scope, tx, draft, ZONE, self.clock.now())).id

    async def propose(self, task: UUID, scope: Scope | None = None) -> api.Proposal:
        scope = scope or self.desk
        async with self.db.transaction(scope) as tx:
            gathered = await api.gather(scope, tx, task, self.settings)
        return await api.propose(self.router, gathered, self.settings, self.clock.now())

    async def send(self, task: UUID, unit: int = 0, scope: Scope | None = None) -> UUID:
        scope = scope or self.desk
        unit_id = self.units[unit]
        offer = api.offer_of(await self.propose(task, scope), unit_id)
        async with self.db.transaction(scope) as tx:
            return await api.send_unit(scope, tx, task, unit_id, offer, self.clock.now())

    async def serve(self, who: Scope, unit: int = 0) -> None:
        async with self.db.transaction(who) as tx:
            await api.sign_on(who, tx, self.units[unit], self.clock.now())

    async def press(
        self,
        who: Scope,
        assignment: UUID,
        *presses: Press,
        sent_at: datetime | None = None,
        by_radio: bool = False,
    ) -> list[Answer]:
        now = self.clock.now()
        async with self.db.transaction(who) as tx:
            answers, _, _ = await api.press(
                who, tx, assignment, presses, sent_at or now, now, by_radio=by_radio
            )
        return answers

    def stamp(self, stamp: Stamp, ago_s: float = 0, **more: Any) -> Press:
        return Press(new_id(), stamp, self.clock.now() - timedelta(seconds=ago_s), **more)

    async def show(self, task: UUID, scope: Scope | None = None) -> dict[str, Any]:
        scope = scope or self.desk
        async with self.db.transaction(scope) as tx:
            shown = await api.show_task(scope, tx, task, self.clock.now())
        return msgspec.json.decode(msgspec.json.encode(shown))  # type: ignore[no-any-return]

    async def duty(self, who: Scope) -> dict[str, Any]:
        async with self.db.transaction(who) as tx:
            shown, _ = await api.show_duty(who, tx, self.clock.now())
        return msgspec.json.decode(msgspec.json.encode(shown))  # type: ignore[no-any-return]

    async def rows(self, query: str, *values: Any) -> list[Any]:
        async with self.db.transaction(EVERYTHING) as tx:
            return await (await tx.execute(sql.SQL(query), values)).fetchall()  # type: ignore[arg-type]

    async def kinds(self, task: UUID) -> list[str]:
        """What the log of the task holds, in order."""
        return [event["kind"] for event in (await self.show(task))["events"]]

    async def places(self, *places: tuple[float, float], ago_s: float = 5) -> None:
        """Where the two units were last: latitude and longitude."""
        at = self.clock.now() - timedelta(seconds=ago_s)
        async with self.db.transaction(EVERYTHING) as tx:
            for unit_id, (lat, lon) in zip(self.units, places, strict=False):
                await tx.execute(
                    "insert into unit_position (unit_id, agency_id, at, received_at, lat, lon)"
                    " values (%s, %s, %s, %s, %s, %s) on conflict (unit_id) do update"
                    " set at = excluded.at, lat = excluded.lat, lon = excluded.lon",
                    [unit_id, self.agency, at, at, lat, lon],
                )

    def watch(self, **settings: Any) -> api.Watch:
        """What follows the roads, in this process."""
        return api.make_watch(
            *(self.db, self.clock, EVERYTHING, self.town.traffic),
            *(DispatchSettings(**settings), ZONE, "first"),
        )


def person(agency: UUID, person_id: UUID, *actions: str) -> Scope:
    rule = Rule(frozenset(actions), agencies=frozenset({agency}))
    return scope_of(rule, agency_id=agency, person_id=person_id)


async def make_world(
    db: Database, clock: FixedClock, folder: Path, *, with_ring: bool = False
) -> World:
    town = await make_town(db, clock, folder, in_two_areas(with_ring=with_ring))
    fleet = units.Fleet(UnitSettings(), clock)
    async with db.transaction(EVERYTHING) as tx:
        agencies = await identity.ensure_agencies(
            EVERYTHING, tx, [identity.NewAgency("police", "Polrestabes", "Polrestabes")]
        )
        police = agencies["Polrestabes"]
        people = await _people(tx, town.dishub, police)
        made = [
            await units.add_unit(
                fleet,
                EVERYTHING,
                tx,
                {
                    "name": name,
                    "agency_id": agency,
                    "kind": "dishub",
                    "capabilities": ["traffic", "tow"],
                    "place": "73.71.01",
                },
            )
            for name, agency in (
                ("Dishub 1", town.dishub),
                ("Dishub 2", town.dishub),
                ("Patroli 1", police),
            )
        ]
    world = World(
        town=town,
        db=db,
        clock=clock,
        agency=town.dishub,
        desk=person(town.dishub, people["meja"], *WORDS),
        budi=person(town.dishub, people["budi"], "dispatch:act", "traffic:close", "traffic:view"),
        sari=person(town.dishub, people["sari"], "dispatch:act"),
        police=person(police, people["polisi"], *WORDS),
        units=(made[0], made[1]),
        router=Desk(Routing(town.traffic.roads)),
        settings=DispatchSettings(),
    )
    await world.places((0.0, 119.4005), (0.0, 119.4095))
    return world


async def _people(tx: Transaction, dishub: UUID, police: UUID) -> dict[str, UUID]:
    wanted: Sequence[tuple[str, UUID]] = (
        *(("meja", dishub), ("budi", dishub), ("sari", dishub)),
        ("polisi", police),
    )
    return await identity.ensure_people(
        EVERYTHING,
        tx,
        [identity.NewPerson(login, login.title(), agency) for login, agency in wanted],
    )
