"""The town with fire, health and police, and incidents to send them to."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.dispatch.world import World, person
from tests.scopes import EVERYTHING, scope_of
from tests.traffic.world import ZONE
from warroom.dispatch import api
from warroom.dispatch.contracts import Stamp
from warroom.dispatch.following import agree
from warroom.identity import api as identity
from warroom.incidents import api as incidents
from warroom.incidents.contracts import Incident, Place
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope
from warroom.kernel.settings import Configuration
from warroom.units import api as units
from warroom.units.settings import UnitSettings

WORDS = frozenset({"dispatch:*", "incident:*", "unit:view", "traffic:*", "route:view"})


@dataclass
class Room:
    """The control room of 112.

    Attributes:
        dispatcher: Of the fire service, may send every unit of the city.
        fire_desk: May send those of the fire service alone.
        engines: `Damkar 1` in the west, `Damkar 2` in the east.
    """

    world: World
    intake: incidents.Intake
    fire: UUID
    health: UUID
    dispatcher: Scope
    fire_desk: Scope
    engines: tuple[UUID, UUID]
    tanker: UUID
    ambulance: UUID

    @property
    def now(self) -> Any:
        return self.world.clock.now()

    async def incident(
        self, type_code: str = "fire_house", lon: float = 119.405, *, sent: bool = True, **more: Any
    ) -> Incident:
        """An incident on the long road, handed on."""
        incident_id, scope, now = new_id(), self.dispatcher, self.now
        at = {"lat": 0.0, "lon": lon, "name": "Jl. Panjang"}
        items = [
            (name, value, now) for name, value in {"place": at, "type": type_code, **more}.items()
        ]
        place = Place(0.0, lon, "Jl. Panjang", "", "73.71.01.1001", "Baraya")
        saving = incidents.Saving(new_id(), 1, now, items, place)
        async with self.world.db.transaction(scope) as tx:
            made = await incidents.save_draft(self.intake, scope, tx, incident_id, saving, now)
            if not sent:
                return made
            said = incidents.Said(new_id())
            return await incidents.hand_on(self.intake, scope, tx, incident_id, said, now)

    async def recommend(
        self, incident: Incident, level: int | None = None, scope: Scope | None = None
    ) -> api.Recommendation:
        scope = scope or self.dispatcher
        async with self.world.db.transaction(scope) as tx:
            gathered = await api.gather_for(
                self.intake, scope, tx, incident.id, level, self.world.settings, self.now
            )
        return await api.recommend_for(self.world.router, gathered, self.world.settings, self.now)

    async def send(
        self, incident: Incident, *wanted: api.Wanted, level: int = 1, scope: Scope | None = None
    ) -> Any:
        scope = scope or self.dispatcher
        found = await self.recommend(incident, level, scope)
        async with self.world.db.transaction(scope) as tx:
            return await api.send_to_incident(scope, tx, incident.id, wanted, found, self.now)

    async def agree(self, incident: Incident) -> Incident:
        """Both are brought to agree, as the process does."""
        async with self.world.db.transaction(EVERYTHING) as tx:
            more = await agree(EVERYTHING, tx, incident.id, self.now)
        for other in more:
            async with self.world.db.transaction(EVERYTHING) as tx:
                await agree(EVERYTHING, tx, other, self.now)
        return await self.get(incident)

    async def get(self, incident: Incident) -> Incident:
        async with self.world.db.transaction(EVERYTHING) as tx:
            return await incidents.get_incident(EVERYTHING, tx, incident.id)

    async def parts(self, incident: Incident, scope: Scope | None = None) -> list[dict[str, Any]]:
        scope = scope or self.dispatcher
        async with self.world.db.transaction(scope) as tx:
            return await api.list_tasks_of(scope, tx, incident.id, self.world.settings)

    async def serve(self, *unit_ids: UUID) -> None:
        """Somebody serves on each unit."""
        async with self.world.db.transaction(EVERYTHING) as tx:
            for unit_id in unit_ids:
                agency = await _owner(tx, unit_id)
                name = f"awak{str(unit_id)[-6:]}"
                (person_id,) = (
                    await identity.ensure_people(
                        EVERYTHING, tx, [identity.NewPerson(name, name, agency)]
                    )
                ).values()
                scope = person(agency, person_id, "dispatch:act")
                await api.sign_on(scope, tx, unit_id, self.now)

    async def stamp(self, assignment: UUID, *stamps: Stamp, **more: Any) -> None:
        """What the crew said over the radio, a second apart."""
        for stamp in stamps:
            self.world.clock.advance(1)
            press = self.world.stamp(stamp, **more)
            await self.world.press(EVERYTHING, assignment, press, by_radio=True)

    async def place(self, unit_id: UUID, lon: float, ago_s: float = 5) -> None:
        """Where a unit was last, on the long road."""
        at = self.now - timedelta(seconds=ago_s)
        async with self.world.db.transaction(EVERYTHING) as tx:
            await tx.execute(
                "insert into unit_position (unit_id, agency_id, at, received_at, lat, lon)"
                " values (%s, %s, %s, %s, 0, %s) on conflict (unit_id) do update"
                " set at = excluded.at, lon = excluded.lon",
                [unit_id, await _owner(tx, unit_id), at, at, lon],
            )


async def _owner(tx: Transaction, unit_id: UUID) -> UUID:
    row = await (await tx.execute("select agency_id from unit where id = %s", [unit_id])).fetchone()
    assert row is not None
    agency: UUID = row["agency_id"]
    return agency


async def make_room(world: World) -> Room:
    """Two engines, a tanker and an ambulance, each with a crew, and who sends them."""
    db, clock = world.db, world.clock
    fleet = units.Fleet(UnitSettings(), clock)
    async with db.transaction(EVERYTHING) as tx:
        agencies = await identity.ensure_agencies(
            EVERYTHING,
            tx,
            [
                identity.NewAgency("fire", "Damkar", "Damkar"),
                identity.NewAgency("skpd", "Dinkes", "Dinkes"),
            ],
        )
        fire, health = agencies["Damkar"], agencies["Dinkes"]
        made = [
            await units.add_unit(fleet, EVERYTHING, tx, {
                "name": name, "agency_id": agency, "kind": kind, "place": "73.71.01",
                "capabilities": list(can), "crew": 4, "width_m": width,
            })
            for name, agency, kind, can, width in (
                ("Damkar 1", fire, "engine", ("pump", "rescue"), 2.5),
                ("Damkar 2", fire, "engine", ("pump",), 2.5),
                ("Tangki 1", fire, "tanker", ("water",), 2.5),
                ("Ambulans 1", health, "ambulance", ("als",), 2.0),
            )
        ]  # fmt: skip
        people = await identity.ensure_people(
            EVERYTHING,
            tx,
            [identity.NewPerson(one, one, fire) for one in ("pengendali", "meja.damkar")],
        )
    everywhere = Rule(WORDS)
    settings = Configuration({}, {}).section(incidents.IncidentSettings)
    room = Room(
        world=world,
        intake=incidents.Intake(
            settings, ZONE, incidents.Leads(db, clock, EVERYTHING, settings.leads)
        ),
        fire=fire,
        health=health,
        dispatcher=scope_of(everywhere, agency_id=fire, person_id=people["pengendali"]),
        fire_desk=scope_of(
            Rule(WORDS, agencies=frozenset({fire})),
            Rule(frozenset({"dispatch:view", "unit:view"})),
            agency_id=fire,
            person_id=people["meja.damkar"],
        ),
        engines=(made[0], made[1]),
        tanker=made[2],
        ambulance=made[3],
    )
    for unit_id, lon in zip(made, (119.4005, 119.4095, 119.402, 119.403), strict=True):
        await room.place(unit_id, lon)
    await room.serve(*made)
    return room
