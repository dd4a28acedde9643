"""The 112 room of the city, the fire brigade and the police, and somebody of each."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from psycopg import sql

from tests.scopes import EVERYTHING, scope_of
from warroom.identity import api as identity
from warroom.incidents import api
from warroom.incidents.contracts import Incident, Note, Place
from warroom.incidents.intake import Intake, Leads
from warroom.incidents.settings import IncidentSettings
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope
from warroom.kernel.settings import Configuration

KANDEA = (-5.1246, 119.4189)
ALL = ("incident:view", "incident:work", "incident:take", "incident:supervise")


@dataclass
class Form:
    """One open form in one tab: counts its savings."""

    writer: UUID = field(default_factory=new_id)
    revision: int = 0


@dataclass
class World:
    """The people.

    Attributes:
        taker, second: Of the 112 room.
        fire: Dispatcher of the fire brigade.
        police: Of the police.
        stranger: Of a health centre, with the same words as the fire brigade's.
    """

    db: Database
    clock: FixedClock
    intake: Intake
    agencies: dict[str, UUID]
    taker: Scope
    second: Scope
    fire: Scope
    police: Scope
    stranger: Scope
    names: api.Names
    folder: Path = Path("/nonexistent")

    @property
    def system(self) -> Scope:
        return replace(EVERYTHING, at=self.clock.now())

    async def type_in(
        self,
        incident: UUID,
        fields: dict[str, Any],
        *,
        scope: Scope | None = None,
        form: Form | None = None,
        ago_s: float = 0,
    ) -> Incident:
        """Saves what was typed into a form."""
        scope, form = scope or self.taker, form or Form()
        form.revision += 1
        now = self.clock.now()
        at = datetime.fromtimestamp(now.timestamp() - ago_s, UTC)
        told = fields.get("place")
        place = (
            Place(told["lat"], told["lon"], told.get("name", ""), "", "73.71.05.1002", "Baraya")
            if told
            else None
        )
        items = [(name, value, at) for name, value in fields.items()]
        saving = api.Saving(form.writer, form.revision, now, items, place)
        async with self.db.transaction(scope) as tx:
            return await api.save_draft(self.intake, scope, tx, incident, saving, now)

    async def draft(self, scope: Scope | None = None, **fields: Any) -> UUID:
        incident = new_id()
        await self.type_in(incident, fields or {"place_text": "lr 5 kandea"}, scope=scope)
        return incident

    async def sent(
        self, kind: str = "fire_house", at: tuple[float, float] = KANDEA, **more: Any
    ) -> UUID:
        """An incident that was handed on."""
        place = {"lat": at[0], "lon": at[1], "name": "Lorong 5 Kandea"}
        incident = await self.draft(place=place, type=kind, **more)
        await self.send(incident)
        return incident

    async def send(self, incident: UUID, said: api.Said | None = None) -> Incident:
        said = said or api.Said(new_id())
        async with self.db.transaction(self.taker) as tx:
            now = self.clock.now()
            return await api.hand_on(self.intake, self.taker, tx, incident, said, now)

    async def end(
        self, incident: UUID, outcome: Any, scope: Scope | None = None, **said: Any
    ) -> Incident:
        scope = scope or self.taker
        told = api.Said(**{"event_id": new_id()} | said)
        async with self.db.transaction(scope) as tx:
            now = self.clock.now()
            return await api.end(self.intake, scope, tx, incident, outcome, told, now)

    async def merge(
        self, incident: UUID, into: UUID, scope: Scope | None = None, said: api.Said | None = None
    ) -> Incident:
        scope, said = scope or self.taker, said or api.Said(new_id())
        async with self.db.transaction(scope) as tx:
            now = self.clock.now()
            return await api.merge(self.intake, scope, tx, incident, into, said, now)

    async def split(self, incident: UUID) -> Incident:
        async with self.db.transaction(self.taker) as tx:
            said = api.Said(new_id())
            return await api.split(self.taker, tx, incident, said, self.clock.now())

    async def note(
        self, incident: UUID, text: str, scope: Scope | None = None, **more: Any
    ) -> UUID:
        scope, note = scope or self.taker, Note(new_id(), text, **more)
        async with self.db.transaction(scope) as tx:
            await api.add_note(scope, tx, incident, note, self.clock.now())
        return note.id

    async def show(self, incident: UUID, scope: Scope | None = None) -> dict[str, Any]:
        scope = scope or self.taker
        async with self.db.transaction(scope) as tx:
            looks = api.Looks()
            shown = await api.show_incident(looks, scope, tx, incident, self.clock.now())
        return msgspec.json.decode(msgspec.json.encode(shown))  # type: ignore[no-any-return]

    async def listed(self, scope: Scope, **more: Any) -> list[dict[str, Any]]:
        wanted: dict[str, Any] = {"since": self.clock.now(), "after": None, "limit": 100} | more
        async with self.db.transaction(scope) as tx:
            return msgspec.json.decode(  # type: ignore[no-any-return]
                await api.list_incidents(scope, tx, **wanted)
            )

    async def similar(
        self, at: tuple[float, float], kind: str | None = None, but: UUID | None = None
    ) -> list[dict[str, Any]]:
        asked = api.Asked(but or new_id(), Place(*at), self.clock.now(), kind)
        async with self.db.transaction(self.taker) as tx:
            return await api.list_similar(self.intake, self.taker, tx, asked, "id")

    async def rows(self, query: str, *values: Any) -> list[Any]:
        async with self.db.transaction(EVERYTHING) as tx:
            return await (await tx.execute(sql.SQL(query), values)).fetchall()  # type: ignore[arg-type]

    async def kinds(self, incident: UUID) -> list[str]:
        """What the log of the incident holds, in order."""
        return [event["kind"] for event in (await self.show(incident))["events"]]


def person(agency: UUID, person_id: UUID, *actions: str) -> Scope:
    rule = Rule(frozenset(actions), agencies=frozenset({agency}))
    return scope_of(rule, agency_id=agency, person_id=person_id)


async def make_world(db: Database, clock: FixedClock) -> World:
    kinds = (("city", "Diskominfo"), ("fire", "Damkar"), ("police", "Polrestabes"),
             ("puskesmas", "PKM Dahlia"))  # fmt: skip
    async with db.transaction(EVERYTHING) as tx:
        agencies = await identity.ensure_agencies(
            EVERYTHING, tx, [identity.NewAgency(kind, short, short) for kind, short in kinds]
        )
        homes = (("ani", "Diskominfo"), ("budi", "Diskominfo"), ("tawang", "Damkar"),
                 ("yusran", "Polrestabes"), ("latif", "PKM Dahlia"))  # fmt: skip
        people = await identity.ensure_people(
            EVERYTHING,
            tx,
            [identity.NewPerson(login, login.title(), agencies[home]) for login, home in homes],
        )
    settings = Configuration({}, {}).section(IncidentSettings)
    leads = Leads(db, clock, EVERYTHING, settings.leads)
    room = agencies["Diskominfo"]
    view = ("incident:view", "incident:work", "incident:premises")
    return World(
        db=db,
        clock=clock,
        intake=Intake(settings, ZoneInfo("Asia/Makassar"), leads, "112.makassar.example"),
        agencies=agencies,
        taker=person(room, people["ani"], *ALL),
        second=person(room, people["budi"], *ALL),
        fire=person(agencies["Damkar"], people["tawang"], *view),
        police=person(agencies["Polrestabes"], people["yusran"], *view),
        stranger=person(agencies["PKM Dahlia"], people["latif"], *ALL),
        names=api.Names(db, EVERYTHING),
    )
