"""The cycle of a `serve` process: what was told, the next state, and who is told of it.

Each process makes the state for itself, from what reaches it and from what people said, which
reaches all. One of them, by lease, tells the browsers and writes down jams and typical speeds.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import numpy as np

from warroom.kernel import leases, outbox
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError, Transaction
from warroom.kernel.errors import WarRoomError
from warroom.kernel.log import logger
from warroom.kernel.outbox import Event
from warroom.kernel.scope import Scope
from warroom.roads.api import NoRoadGraphError, Roads
from warroom.traffic import store
from warroom.traffic.contracts import CLOSURES, EDGES, JAMS, REPORTS, Counts, JamEvent, Observations
from warroom.traffic.errors import NotYetError
from warroom.traffic.estimator import Cycle, Estimator, told_edges
from warroom.traffic.history import Past
from warroom.traffic.settings import TrafficSettings
from warroom.traffic.typical import Slot, packed_keys, slot_of

MOST_TOLD = 10_000
"""More changed edges than these are told by one word: read the whole state."""

HEARTBEAT_S = 30.0
"""Though nothing changed, browsers are told this often that it did not: else they call it old."""

type Follower = Callable[[Cycle], Awaitable[None]]
"""Is given each cycle, as soon as it is made."""


class Traffic:
    """The state of the roads of one process; enters and leaves with it.

    Args:
        db: Where what people say is, and what was learnt.
        clock: The time of the cycles.
        standing: The rights of the process.
        roads: Where the graph comes from.
        zone: The city's, for the slots of the week.
        settings: How often, and from what.
        holder: Name of the process in leases.

    Attributes:
        followers: Given each cycle.
        told: Given what this process itself observes, before it is judged.
        without_roads: Observations that came before there were roads.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        standing: Scope,
        roads: Roads,
        zone: ZoneInfo,
        settings: TrafficSettings,
        holder: str,
    ) -> None:
        self.settings = settings
        self.followers: list[Follower] = []
        self.told: list[Callable[[Observations | Counts], None]] = []
        self.without_roads = 0
        self._db, self._clock, self._standing = db, clock, standing
        self._roads, self._zone, self._holder = roads, zone, holder
        self._estimator: Estimator | None = None
        self._slot: int | None = None
        self._is_stale = True
        self._told_at = 0.0
        self._wake = asyncio.Event()
        self._stepping = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def estimator(self) -> Estimator:
        """State, jams and window of the roads of now.

        Raises:
            NoRoadGraphError: The city pack has no roads.
            NotYetError: The first state is still being made.
        """
        if self._estimator is None or self._estimator.state is None:
            _ = self._roads.graph
            raise NotYetError
        return self._estimator

    @property
    def roads(self) -> Roads:
        """Where the graph comes from."""
        return self._roads

    def known_edges(self, keys: Sequence[str]) -> list[int]:
        """Edges of the roads of now; keys that they do not have are left out.

        Raises:
            NoRoadGraphError: The city pack has no roads.
            NotYetError: The first state is still being made.
        """
        return self.estimator.edges_of(keys)

    def add(self, seen: Observations) -> int:
        """Takes observations of edges of `estimator.graph`; gives how many could be."""
        for hear in self.told:
            hear(seen)
        return self.take_told(seen)

    def count(self, counts: Counts) -> int:
        """Takes counts; gives how many could be."""
        for hear in self.told:
            hear(counts)
        return self.take_told(counts)

    def take_told(self, told: Observations | Counts) -> int:
        """Takes what another process was told; gives how many could be."""
        if self._estimator is None:
            self.without_roads += len(told)
            return 0
        now = self._clock.now().timestamp()
        if isinstance(told, Observations):
            return self._estimator.add(told, now)
        return self._estimator.count(told, now)

    def subscribe(self) -> list[tuple[str, Callable[[Event], Awaitable[None]]]]:
        """What is to be handed on of the outbox."""
        return [(CLOSURES, self._hear), (REPORTS, self._hear)]

    async def _hear(self, _: Event) -> None:
        # Nothing is waited for here: the next events are read meanwhile.
        self._is_stale = True
        self._wake.set()

    async def __aenter__(self) -> Self:
        """Begins the cycles in the background."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends them."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            pause = self.settings.cycle_s
            try:
                await self.step()
                pause = self._pause()
            except NoRoadGraphError:
                self._estimator = None
            except DatabaseAwayError:
                logger("traffic.runner").warning("database_away")
            except Exception as error:  # noqa: BLE001 - a background loop: log, and go on
                code = error.code if isinstance(error, WarRoomError) else type(error).__name__
                logger("traffic.runner").warning("cycle_failed", code=code, exc_info=error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)

    def _pause(self) -> float:
        """Until the next cycle, or until something that was said begins or ends."""
        now = self._clock.now().timestamp()
        change = self._estimator.next_change(now) if self._estimator else None
        until = self.settings.cycle_s if change is None else change - now + 0.01
        return min(self.settings.cycle_s, max(0.05, until))

    async def step(self) -> Cycle:
        """One cycle now: takes in what was said and observed, and tells who follows.

        Raises:
            NoRoadGraphError: The city pack has no roads.
            DatabaseAwayError: The database does not answer; what follows it was told before.
        """
        async with self._stepping:
            estimator = await self._current()
            away = await self._read(estimator)
            now = self._clock.now().timestamp()
            cycle = await asyncio.to_thread(estimator.cycle, now)
            for follower in self.followers:
                await follower(cycle)
            if away is not None:
                raise away
            await self._tell(estimator, cycle)
            return cycle

    async def _current(self) -> Estimator:
        graph = (await asyncio.to_thread(lambda: self._roads.snapper)).graph
        if self._estimator is None or self._estimator.graph is not graph:
            emp = (self.settings.motorcycle_emp, self.settings.heavy_emp)
            made = Estimator(graph, self.settings.least_observed, emp)
            await asyncio.to_thread(made.prepare)
            self._estimator, self._is_stale, self._slot = made, True, None
        return self._estimator

    async def _read(self, estimator: Estimator) -> DatabaseAwayError | None:
        """What people said, and what is typical of now; the roads go on without the database."""
        slot = slot_of(self._clock.now().timestamp(), self._zone)
        if not self._is_stale and slot == self._slot:
            return None
        is_new = self._slot is None
        try:
            async with self._db.transaction(self._scope()) as tx:
                if self._is_stale:
                    self._is_stale = False
                    said = await store.list_active(self._scope(), tx, self._clock.now())
                    estimator.set_said(*said)
                if is_new:
                    jams = await store.list_open_jams(self._scope(), tx)
                    estimator.restore([(jam, estimator.edges_of(keys)) for jam, keys in jams])
                if slot != self._slot:
                    await self._turn(estimator, tx, slot)
        except DatabaseAwayError as error:
            self._is_stale = True
            return error
        return None

    async def _turn(self, estimator: Estimator, tx: Transaction, slot: int) -> None:
        """Keeps and learns the slot that is over, takes what is typical of the one that begins."""
        mean = estimator.learner.take()
        if self._slot is not None and await self._leads(tx):
            keys = await asyncio.to_thread(packed_keys, estimator.graph)
            pack = (estimator.ground.version, keys)
            await self._keep_past(estimator, tx, pack)
            if np.isfinite(mean).any():
                learnt = estimator.typical.learn(mean)
                content = await asyncio.to_thread(learnt.packed)
                now = self._clock.now()
                await store.save_slot(self._scope(), tx, self._slot, pack, content, now)
        found = await store.read_slot(self._scope(), tx, slot)
        typical = Slot.empty(estimator.graph.edges)
        if found is not None:
            version, content, keys = found
            typical = Slot.unpacked(content)
            if version != estimator.ground.version:
                typical = typical.carried(keys, packed_keys(estimator.graph))
        estimator.typical, self._slot = typical, slot

    async def _keep_past(
        self, estimator: Estimator, tx: Transaction, pack: tuple[str, bytes]
    ) -> None:
        if estimator.state is None:
            return
        content = await asyncio.to_thread(Past.of(estimator.state).packed)
        at = datetime.fromtimestamp(estimator.state.at, UTC)
        keep_from = self._clock.now() - timedelta(hours=self.settings.history_hours)
        await store.save_past(self._scope(), tx, at, pack, content, keep_from)

    async def _tell(self, estimator: Estimator, cycle: Cycle) -> None:
        now = datetime.fromtimestamp(cycle.state.at, UTC)
        async with self._db.transaction(self._scope()) as tx:
            if not await self._leads(tx):
                return
            self._told_at = self._told_at or cycle.state.at
            is_due = cycle.state.at - self._told_at >= HEARTBEAT_S
            if len(cycle.changed) or is_due:
                self._told_at = cycle.state.at
                whole = {"pack": cycle.state.version, "at": cycle.state.at, "reset": True}
                body = (
                    told_edges(cycle.state, cycle.changed)
                    if len(cycle.changed) <= MOST_TOLD and not cycle.is_first
                    else whole
                )
                await outbox.publish(tx, EDGES, body, agency_id=None, now=now)
            if cycle.jams:
                events = [
                    (
                        {"change": e.change, "reason": e.reason, "jam": e.jam.as_json()},
                        None, e.jam.place, e.jam.id, (), None,
                    )
                    for e in cycle.jams
                ]  # fmt: skip
                await outbox.publish_many(tx, JAMS, events, now=now)
                rows = [_jam_row(estimator, event) for event in cycle.jams]
                await store.save_jams(self._scope(), tx, rows)

    async def _leads(self, tx: Transaction) -> bool:
        ttl_s = max(30.0, self.settings.cycle_s * 3)
        return await leases.acquire(tx, "traffic", "city", self._holder, ttl_s) is not None

    def _scope(self) -> Scope:
        return replace(self._standing, at=self._clock.now())


def _jam_row(estimator: Estimator, event: JamEvent) -> dict[str, Any]:
    jam = event.jam
    changed_at = datetime.fromtimestamp(jam.changed_at, UTC)
    names = ("id", "place", "length_m", "queue_m", "delay_s", "lat", "lon", "how", "cause")
    return {name: getattr(jam, name) for name in names} | {
        "roads": list(jam.roads),
        "keys": [estimator.graph.key_of(edge) for edge in jam.edges],
        "began_at": datetime.fromtimestamp(jam.began_at, UTC),
        "changed_at": changed_at,
        "ended_at": changed_at if event.change == "cleared" else None,
        "reason": event.reason,
    }
