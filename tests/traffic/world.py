"""A town with two agencies, the state of its roads, and routes that follow it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.scopes import EVERYTHING, scope_of
from warroom.identity import api as identity
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.realtime import Hub
from warroom.kernel.scope import Rule, Scope
from warroom.roads.api import RoadGraph, Roads, save_graph
from warroom.traffic import api
from warroom.traffic.api import Draft, Traffic, TrafficSettings
from warroom.traffic.routes import TOPICS

ZONE = ZoneInfo("Asia/Makassar")


@dataclass
class World:
    """The town.

    Attributes:
        officer, other: People of Dishub and of the fire brigade with all words of traffic.
    """

    db: Database
    clock: FixedClock
    graph: RoadGraph
    traffic: Traffic
    dishub: UUID
    officer: Scope
    other: Scope

    def again(self) -> Traffic:
        """The same as a new process has it."""
        return open_for(self.db, self.clock, self.traffic.roads, "second")

    def draft(self, *edges: int, minutes: float = 60, **more: Any) -> Draft:
        ends_at = self.clock.now() + timedelta(minutes=minutes)
        line = [(119.4, 0.0), (119.401, 0.0)]
        return Draft(line=line, edges=edges, starts_at=None, ends_at=ends_at, **more)

    async def close(self, *edges: int, scope: Scope | None = None, **more: Any) -> UUID:
        scope = scope or self.officer
        draft = self.draft(*edges, **{"reason": "banjir", **more})
        async with self.db.transaction(scope) as tx:
            return await api.close_roads(
                scope, tx, self.graph, draft, self.traffic.settings, self.clock.now()
            )

    async def report(self, *edges: int, scope: Scope | None = None, **more: Any) -> UUID:
        scope = scope or self.officer
        draft = self.draft(*edges, **{"level": "jam", **more})
        async with self.db.transaction(scope) as tx:
            return await api.report_roads(
                scope, tx, self.graph, draft, self.traffic.settings, self.clock.now()
            )

    async def rows(self, query: str, *values: Any) -> list[Any]:
        async with self.db.transaction(EVERYTHING) as tx:
            return await (await tx.execute(query, values)).fetchall()  # type: ignore[call-overload, no-any-return]

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        """The outbox is read, and handed to the traffic, as in a process."""
        hub = Hub(TOPICS, self.db, EVERYTHING, self.clock)
        hub.handlers.extend(self.traffic.subscribe())
        running = asyncio.ensure_future(hub.run())
        try:
            yield hub
        finally:
            running.cancel()


def open_for(db: Database, clock: FixedClock, roads: Roads, holder: str) -> Traffic:
    return api.open_traffic(db, clock, EVERYTHING, roads, ZONE, TrafficSettings(), holder)


def person(agency: UUID, *actions: str, places: frozenset[str] | None = None) -> Scope:
    rule = Rule(frozenset(actions), agencies=frozenset({agency}), places=places)
    return scope_of(rule, agency_id=agency, person_id=None)


async def make_world(db: Database, clock: FixedClock, folder: Path, graph: RoadGraph) -> World:
    async with db.transaction(EVERYTHING) as tx:
        dishub, fire = [
            await identity.create_agency(EVERYTHING, tx, identity.NewAgency(kind, name, short))
            for kind, name, short in (
                ("dishub", "Dinas Perhubungan", "Dishub"),
                ("fire", "Pemadam", "Damkar"),
            )
        ]
    save_graph(graph, folder / "roads.npz")
    roads = Roads(folder)
    return World(
        db=db,
        clock=clock,
        graph=roads.graph,
        traffic=open_for(db, clock, roads, "first"),
        dishub=dishub,
        officer=person(dishub, "traffic:*"),
        other=person(fire, "traffic:*"),
    )


__all__ = ["EVERYTHING", "ZONE", "World", "make_world", "new_id", "open_for", "person"]
