"""Units on their way, and the roads before them: told of when a way becomes worse.

The roads call, nobody asks: each cycle of `traffic` gives the speeds of all edges, and only a way
that has become slower or is closed somewhere leads to a look at where its unit is. The desk and the
crew are told once, with what the better way would take; that one is the unit's way from then on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import numpy as np
from psycopg import sql

from warroom.dispatch import crew_store, store
from warroom.dispatch.ahead import Way, Worse, judge, rest_of, seconds_of
from warroom.dispatch.contracts import TASKS, VIEW, WAY_WORSE, Event, columns_of
from warroom.dispatch.proposing import profile_of
from warroom.dispatch.settings import DispatchSettings
from warroom.dispatch.telling import tell_people, tell_task
from warroom.kernel import leases, outbox
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError, UnavailableError
from warroom.kernel.loops import Loop
from warroom.kernel.scope import Scope
from warroom.roads.api import OffRoadError, RoadGraph
from warroom.routing.api import Desk
from warroom.routing.contracts import Route
from warroom.traffic.api import Cycle, How, State, Traffic

_GOING = sql.SQL(
    """
select s.id, s.task_id, s.unit_id, s.eta_s, t.lat, t.lon, t.priority, u.kind, u.width_m,
    p.lat as at_lat, p.lon as at_lon, p.at
from dispatch_assignment s join dispatch_task t on t.id = s.task_id join unit u on u.id = s.unit_id
join unit_position p on p.unit_id = s.unit_id
where s.ended_at is null and s.state in ('dispatched', 'accepted', 'en_route')
    and t.kind <> 'move_up' and p.at >= %(since)s and {visible}
"""
)

_PROMISE = """
update dispatch_assignment set eta_s = %(eta_s)s where id = %(id)s and eta_s is null
"""


class Going(NamedTuple):
    """A unit on its way, and where it was last."""

    id: UUID
    task_id: UUID
    unit_id: UUID
    eta_s: float | None
    to: tuple[float, float]
    at: tuple[float, float]
    profile: str


@dataclass(slots=True)
class _Kept:
    """The way of a unit as it is followed; of one road graph."""

    way: Way
    graph: RoadGraph
    to: tuple[float, float]


class Approach(Loop):
    """Follows the ways of a process; enters and leaves with it.

    Args:
        db: Where units on their way are.
        clock: The time of the process.
        standing: The rights of the process.
        roads: The state of the roads.
        desk: Finds ways at the speeds of now.
        settings: How much worse is told.
        holder: Name of the process in leases.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        standing: Scope,
        roads: Traffic,
        desk: Desk,
        settings: DispatchSettings,
        holder: str,
    ) -> None:
        self._db, self._clock, self._standing = db, clock, standing
        self._roads, self._desk, self._settings, self._holder = roads, desk, settings, holder
        self._kept: dict[UUID, _Kept] = {}
        self._is_stale = True
        self._state: State | None = None
        super().__init__("dispatch.approach", self.step, failed=self._has_failed)
        self.wake()

    def subscribe(self) -> list[tuple[str, Callable[[outbox.Event], Awaitable[None]]]]:
        """What is to be handed on of the outbox."""
        return [(TASKS, self._hear)]

    async def _hear(self, _: outbox.Event) -> None:
        self._is_stale = True
        self.wake()

    async def follow(self, cycle: Cycle) -> None:
        """Takes a cycle of the roads; nothing is waited for."""
        self._state = cycle.state
        if self._kept:
            self.wake()

    def _has_failed(self) -> None:
        self._is_stale = True

    async def step(self) -> None:
        """Looks at the ways that became worse, and takes new ones up.

        Raises:
            DatabaseAwayError: The database does not answer.
        """
        try:
            graph, state = self._roads.estimator.graph, self._state or self._roads.estimator.state
        except UnavailableError:  # no roads, or their first state is still being made
            return
        if state is None:
            return
        worse = {one for one, kept in self._kept.items() if self._looks_worse(kept, graph, state)}
        if not (worse or self._is_stale):
            return
        now = self._clock.now()
        scope = replace(self._standing, at=now)
        async with self._db.transaction(scope) as tx:
            if await leases.acquire(tx, "dispatch", "approach", self._holder, 60.0) is None:
                return
            self._is_stale = False
            going = await list_going(scope, tx, now, self._settings.silent_after_s)
        self._kept = {one.id: kept for one in going if (kept := self._kept.get(one.id))}
        for one in going:
            if one.id in worse or self._is_new(one, graph):
                await self._look(scope, one, graph, state, now)

    def _is_new(self, one: Going, graph: RoadGraph) -> bool:
        kept = self._kept.get(one.id)
        return kept is None or kept.graph is not graph or kept.to != one.to

    def _looks_worse(self, kept: _Kept, graph: RoadGraph, state: State) -> bool:
        """Over the whole way: where the unit is on it, is asked only then."""
        return kept.graph is graph and self._judge(kept.way, 0, graph, state) is not None

    def _judge(self, way: Way, begin: int, graph: RoadGraph, state: State) -> Worse | None:
        now_s = seconds_of(way.edges, graph.length_m, state.kmh)
        closed = (state.how[np.asarray(way.edges)] == How.CLOSED).tolist()
        share, least_s = self._settings.worse_share, self._settings.worse_s
        return judge(way, begin, now_s, closed, share, least_s)

    async def _look(
        self, scope: Scope, one: Going, graph: RoadGraph, state: State, now: datetime
    ) -> None:
        try:
            (best, *_), _ = await self._desk.routes(one.profile, one.at, one.to)
            near = [on.edge for on in await asyncio.to_thread(self._near, one.at)]
        except (NotFoundError, OffRoadError, UnavailableError):
            # Off the roads for a moment, or shut in: the way that was known stays.
            return
        kept = self._kept.get(one.id)
        begin = None if kept is None or self._is_new(one, graph) else rest_of(kept.way, near)
        worse = None
        if kept is not None and begin is not None:
            worse = self._judge(kept.way, begin, graph, state)
            if worse is None:
                # What is slow lies behind it: the rest is followed as it was.
                kept.way = Way(kept.way.edges[begin:], kept.way.seconds[begin:])
                return
        seconds = seconds_of(best.edges, graph.length_m, state.kmh)
        self._kept[one.id] = _Kept(Way(best.edges, seconds), graph, one.to)
        async with self._db.transaction(scope) as tx:
            if kept is None and one.eta_s is None:
                await tx.execute(_PROMISE, {"id": one.id, "eta_s": best.duration_s})
            if worse is not None:
                await self._tell(scope, tx, one, worse, best, graph, now)

    def _near(self, at: tuple[float, float]) -> list[Any]:
        return list(self._roads.roads.snapper.near(*at))

    async def _tell(
        self,
        scope: Scope,
        tx: Transaction,
        one: Going,
        worse: Worse,
        best: Route,
        graph: RoadGraph,
        now: datetime,
    ) -> None:
        at = worse.closed[0] if worse.closed else worse.slower
        detail = {
            "was_s": round(worse.was_s),
            "now_s": None if worse.closed else round(worse.now_s),
            "closed": bool(worse.closed),
            "road": graph.name_of(at),
            "better_s": round(best.duration_s),
        }
        event = Event(
            uuid5(one.id, f"{WAY_WORSE} {now}"), WAY_WORSE, now, now, None, "auto", None, "", detail
        )
        await store.insert_events(scope, tx, one.task_id, one.id, [event])
        task = await store.find_task(scope, tx, one.task_id)
        if task is None:
            return
        await tell_task(tx, task, WAY_WORSE, now)
        crews = await crew_store.list_people(scope, tx, [one.unit_id])
        await tell_people(tx, crews.get(one.unit_id, []), WAY_WORSE, now)


async def list_going(
    scope: Scope, tx: Transaction, now: datetime, silent_after_s: float
) -> list[Going]:
    """Units on their way whose position says something about now."""
    visible, parameters = scope.narrow(VIEW, **columns_of("t"))
    since = datetime.fromtimestamp(now.timestamp() - silent_after_s, now.tzinfo)
    rows = await tx.execute(_GOING.format(visible=visible), parameters | {"since": since})
    return [
        Going(
            *(row["id"], row["task_id"], row["unit_id"], row["eta_s"]),
            *((row["lat"], row["lon"]), (row["at_lat"], row["at_lon"])),
            profile_of(row["kind"], row["priority"], row["width_m"]),
        )
        for row in await rows.fetchall()
    ]
