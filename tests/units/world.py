"""Two agencies with vehicles on a small grid of roads, for tests of units."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from tests.cameras.world import EVERYTHING
from tests.roads.maps import raw, way
from tests.scopes import scope_of
from warroom.identity import api as identity
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope
from warroom.kernel.settings import NodeSettings
from warroom.roads.api import RoadGraph, build_graph, open_roads, save_graph
from warroom.units import api
from warroom.units.contracts import ListFilter
from warroom.units.ingest import Tracker
from warroom.units.settings import UnitSettings


def straight(areas: bool = True) -> RoadGraph:
    """One road of ten pieces from west to east on the equator, at 119.4 and on; two kecamatan."""
    nodes = {ref: (ref - 1, 0) for ref in range(1, 12)}
    ways = [way(10 + ref, ref, ref + 1, kind="primary", name="Jl. Lurus") for ref in range(1, 11)]

    def find(lon: Any, lat: Any) -> list[str]:
        return ["73.71.01.1001" if one < 119.405 else "73.71.02.1001" for one in lon]

    return build_graph(raw(nodes, ways), find if areas else None)


@dataclass
class World:
    db: Database
    clock: FixedClock
    fleet: api.Fleet
    tracker: Tracker
    fire: UUID
    police: UUID
    fire_admin: Scope
    fire_viewer: Scope
    police_admin: Scope
    nobody: Scope

    def values(self, **more: Any) -> dict[str, Any]:
        return {
            "name": "Damkar 1",
            "agency_id": self.fire,
            "kind": "engine",
            "plate": "DD 8001 XX",
            "place": "73.71.01",
            "device": "gps-1",
            **more,
        }

    async def add(self, **more: Any) -> UUID:
        async with self.db.transaction(EVERYTHING) as tx:
            return await api.add_unit(self.fleet, EVERYTHING, tx, self.values(**more))

    async def key(self, unit_id: UUID) -> str:
        async with self.db.transaction(EVERYTHING) as tx:
            return await api.make_key(self.fleet, EVERYTHING, tx, unit_id)

    async def listed(self, scope: Scope, **filters: Any) -> dict[str, Any]:
        async with self.db.transaction(scope) as tx:
            page = await api.list_units(self.fleet, scope, tx, ListFilter(**filters))
        return msgspec.json.decode(page)

    async def shown(self, scope: Scope, unit_id: UUID) -> dict[str, Any]:
        async with self.db.transaction(scope) as tx:
            return msgspec.json.decode(await api.show_unit(self.fleet, scope, tx, unit_id))

    async def rows(self, query: str) -> list[Any]:
        async with self.db.transaction(EVERYTHING) as tx:
            return await (await tx.execute(query)).fetchall()


def save_city(folder: Path, graph: RoadGraph) -> NodeSettings:
    (folder / "city").mkdir(parents=True, exist_ok=True)
    save_graph(graph, folder / "city" / "roads.npz")
    return NodeSettings(data_dir=str(folder))


async def make_world(db: Database, clock: FixedClock, folder: Path) -> World:
    async with db.transaction(EVERYTHING) as tx:
        fire, police = [
            await identity.create_agency(EVERYTHING, tx, identity.NewAgency(kind, name, name))
            for kind, name in (("fire", "Damkar"), ("police", "Polrestabes"))
        ]

    def person(agency: UUID, *words: str) -> Scope:
        rule = Rule(frozenset(words), agencies=frozenset({agency}))
        return scope_of(rule, agency_id=agency, person_id=new_id())

    settings = UnitSettings(batch_ms=1)
    tracker = api.make_tracker(
        db, clock, EVERYTHING, settings, open_roads(save_city(folder, straight()))
    )
    return World(
        db=db,
        clock=clock,
        fleet=api.Fleet(settings, clock),
        tracker=tracker,
        fire=fire,
        police=police,
        fire_admin=person(fire, "unit:*"),
        fire_viewer=person(fire, "unit:view"),
        police_admin=person(police, "unit:*"),
        nobody=scope_of(person_id=new_id()),
    )
