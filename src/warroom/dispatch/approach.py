"""Units on their way, and the roads before them: told of when a way becomes worse.

The roads call, nobody asks: each cycle of `traffic` gives the speeds of all edges, and only a way
that has become slower or is closed somewhere leads to a look at where its unit is; besides it is
asked once a minute whether another has become clearly quicker. The desk and the crew are told once:
why, the way that the unit goes, and the better one, which is the unit's way from then on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import numpy as np
from psycopg import sql

from warroom.dispatch import crew_store, store
from warroom.dispatch.ahead import Ahead, Way, ahead_of, is_worse, other_part, rest_of, seconds_of
from warroom.dispatch.contracts import TASKS, VIEW, WAY_BETTER, WAY_WORSE, Event, columns_of
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
from warroom.roads.contracts import Floats
from warroom.routing.api import Desk, is_worth_turning, slowest_road, state_of
from warroom.routing.contracts import Conditions, Route
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

BETTER_EVERY = timedelta(minutes=1)
"""So often it is asked whether another way has become quicker."""


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
    """The way of a unit as it is followed; of one road graph.

    Attributes:
        line: As it was chosen, longitude and latitude.
        looked_at: When it was last asked whether another is quicker.
    """

    way: Way
    graph: RoadGraph
    to: tuple[float, float]
    line: Floats
    looked_at: datetime


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
        now = self._clock.now()
        worse = {
            one
            for one, kept in self._kept.items()
            if now - kept.looked_at >= BETTER_EVERY or self._looks_worse(kept, graph, state)
        }
        if not (worse or self._is_stale):
            return
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
        return kept.graph is graph and self._is_worse(_ahead(kept.way, 0, graph, state))

    def _is_worse(self, ahead: Ahead) -> bool:
        return is_worse(ahead, self._settings.worse_share, self._settings.worse_s)

    def _kind_of(self, ahead: Ahead, best_s: float) -> str | None:
        """What there is to tell of the rest of a way, beside the best one from there."""
        if self._is_worse(ahead):
            return WAY_WORSE
        gains = ahead.now_s - best_s >= self._settings.worse_s
        return WAY_BETTER if gains and is_worth_turning(ahead.now_s, best_s) else None

    async def _look(
        self, scope: Scope, one: Going, graph: RoadGraph, state: State, now: datetime
    ) -> None:
        try:
            (best, *_), conditions = await self._desk.routes(one.profile, one.at, one.to)
            near = [on.edge for on in await asyncio.to_thread(self._near, one.at)]
        except (NotFoundError, OffRoadError, UnavailableError):
            # Off the roads for a moment, or shut in: the way that was known stays.
            return
        kept = self._kept.get(one.id)
        begin = None if kept is None or self._is_new(one, graph) else rest_of(kept.way, near)
        seconds = seconds_of(best.edges, graph.length_m, state.kmh)
        kind, detail = None, {}
        if kept is not None and begin is not None:
            ahead = _ahead(kept.way, begin, graph, state)
            kind = self._kind_of(ahead, float(seconds.sum()))
            if kind is None:
                # What is slow lies behind it: the rest is followed as it was.
                kept.way = Way(kept.way.edges[begin:], kept.way.seconds[begin:])
                kept.looked_at = now
                return
            detail = way_detail(kind, ahead, kept.line, best, graph, conditions)
        self._kept[one.id] = _Kept(Way(best.edges, seconds), graph, one.to, best.geometry, now)
        async with self._db.transaction(scope) as tx:
            if kept is None and one.eta_s is None:
                await tx.execute(_PROMISE, {"id": one.id, "eta_s": best.duration_s})
            if kind is not None:
                await self._tell(scope, tx, one, kind, detail, now)

    def _near(self, at: tuple[float, float]) -> list[Any]:
        return list(self._roads.roads.snapper.near(*at))

    async def _tell(
        self,
        scope: Scope,
        tx: Transaction,
        one: Going,
        kind: str,
        detail: dict[str, Any],
        now: datetime,
    ) -> None:
        event_id = uuid5(one.id, f"{kind} {now}")
        event = Event(event_id, kind, now, now, None, "auto", None, "", detail)
        await store.insert_events(scope, tx, one.task_id, one.id, [event])
        task = await store.find_task(scope, tx, one.task_id)
        if task is None:
            return
        await tell_task(tx, task, kind, now)
        crews = await crew_store.list_people(scope, tx, [one.unit_id])
        await tell_people(tx, crews.get(one.unit_id, []), kind, now)


def _ahead(way: Way, begin: int, graph: RoadGraph, state: State) -> Ahead:
    now_s = seconds_of(way.edges, graph.length_m, state.kmh)
    closed = (state.how[np.asarray(way.edges)] == How.CLOSED).tolist()
    return ahead_of(way, begin, now_s, closed)


def way_detail(
    kind: str,
    ahead: Ahead,
    before: Floats,
    best: Route,
    graph: RoadGraph,
    conditions: Conditions | None,
) -> dict[str, Any]:
    """What the log keeps: why, and both ways.

    `road`, `state` and `since` are of what holds the unit up; `via` is the road of the better way
    that it is mostly about, None where no other way is quicker.
    """
    road, state, since = "", None, None
    if kind == WAY_WORSE:
        slow = slowest_road(graph, ahead.edges, ahead.lost_s)
        road = graph.name_of(ahead.closed[0]) if ahead.closed else slow.road
        state, since = state_of(ahead.closed or slow.edges, conditions)
        state = "closed" if ahead.closed else state
    other = other_part(ahead.edges, best.edges)
    metres = [float(graph.length_m[edge]) for edge in other]
    return {
        "was_s": round(ahead.was_s),
        "now_s": None if ahead.closed else round(ahead.now_s),
        "closed": bool(ahead.closed),
        "road": road,
        "state": state,
        "since": None if since is None else datetime.fromtimestamp(since, UTC).isoformat(),
        "better_s": round(best.duration_s),
        "via": slowest_road(graph, other, metres).road if other else None,
        "lines": {"before": _rounded(before), "better": _rounded(best.geometry)},
    }


def _rounded(line: Floats) -> list[list[float]]:
    """To a metre."""
    return [[round(lon, 5), round(lat, 5)] for lon, lat in line.tolist()]


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
