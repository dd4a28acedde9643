"""What the roads do to tasks: jams open them, grow, end and come back; and what is measured.

Each cycle of `traffic` looks in memory whether there is anything to do, and asks the database only
then. Several processes may do it at once: whatever is written here is written once.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

from warroom.dispatch import service, store
from warroom.dispatch.contracts import (
    AFTER,
    TASKS,
    Assignment,
    Event,
    Measure,
    Moment,
    Stamp,
    Task,
)
from warroom.dispatch.errors import OpenAlreadyError
from warroom.dispatch.impact import LATE
from warroom.dispatch.rules import ends_alone
from warroom.dispatch.settings import DispatchSettings
from warroom.dispatch.telling import record, tell_task, tell_units
from warroom.identity import api as identity
from warroom.kernel import leases, outbox
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import UnavailableError
from warroom.kernel.log import logger
from warroom.kernel.loops import Loop
from warroom.kernel.scope import Scope
from warroom.traffic.api import Cycle, Estimator, Jam, Traffic, measure

WATCHED = timedelta(minutes=max(AFTER.values())) + 2 * LATE
"""A task is watched for so long after it was closed."""

_ENDED_MOST = 2_000


class _Roads(NamedTuple):
    """The state of the roads at one step."""

    estimator: Estimator
    jams: Mapping[UUID, Jam]
    now: datetime

    def jam_of(self, task: Task) -> Jam | None:
        """The jam that the task is about, if it is there."""
        return self.jams.get(task.jam_id) if task.jam_id else None

    def keys_of(self, jam: Jam) -> list[str]:
        """The edges of a jam by their lasting names."""
        return [self.estimator.graph.key_of(edge) for edge in jam.edges]

    def overlapping(self, task: Task) -> Jam | None:
        """The jam that has most of the metres of a task's roads."""
        length_m = self.estimator.graph.length_m
        edges = set(self.estimator.edges_of(task.keys))
        shared = [
            (sum(float(length_m[edge]) for edge in edges.intersection(jam.edges)), jam)
            for jam in self.jams.values()
        ]
        metres, found = max(shared, key=lambda one: one[0], default=(0.0, None))
        return found if metres > 0 else None


class Watch(Loop):
    """Follows the roads for the tasks of a process; enters and leaves with it.

    Args:
        db: Where tasks are.
        clock: The time of the process.
        standing: The rights of the process.
        state: The roads.
        settings: For whom jams open tasks, and which.
        zone: The city's, for the year of a number.
        holder: Name of the process in leases.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        standing: Scope,
        state: Traffic,
        settings: DispatchSettings,
        zone: tzinfo,
        holder: str,
    ) -> None:
        self._db, self._clock, self._standing, self._state = db, clock, standing, state
        self._settings, self._zone, self._holder = settings, zone, holder
        super().__init__("dispatch.watch", self.step, failed=self._has_failed)
        self._is_stale = True
        self._ended: dict[UUID, str] = {}
        self._tasks: list[Task] = []
        self._sent: dict[UUID, list[Assignment]] = {}
        self._measured: dict[UUID, set[Moment]] = {}
        self._had: set[tuple[UUID, UUID]] = set()
        self._agencies: dict[str, UUID] = {}

    def subscribe(self) -> list[tuple[str, Callable[[outbox.Event], Awaitable[None]]]]:
        """What is to be handed on of the outbox."""
        return [(TASKS, self._hear)]

    async def _hear(self, _: outbox.Event) -> None:
        self._is_stale = True
        self.wake()

    async def follow(self, cycle: Cycle) -> None:
        """Takes a cycle of the roads; nothing is waited for."""
        for event in cycle.jams:
            if event.change == "cleared":
                self._ended[event.jam.id] = event.reason
        while len(self._ended) > _ENDED_MOST:
            del self._ended[next(iter(self._ended))]
        self.wake()

    def _has_failed(self) -> None:
        self._is_stale = True

    async def step(self) -> None:
        """Does what is due now.

        Raises:
            DatabaseAwayError: The database does not answer.
        """
        try:
            estimator = self._state.estimator
        except UnavailableError:  # no roads, or their first state is still being made
            return
        now = self._clock.now()
        roads = _Roads(estimator, estimator.alarm.jams, now)
        if not (self._is_stale or self._has_work(roads)):
            return
        scope = replace(self._standing, at=now)
        async with self._db.transaction(scope) as tx:
            held = await leases.acquire(tx, "dispatch", "watch", self._holder, 60.0)
            if held is None:
                return
            self._is_stale = False
            await self._read(scope, tx, now)
            for task in list(self._tasks):
                await self._follow_jam(scope, tx, task, roads)
            for task in list(self._tasks):
                await self._close_alone(scope, tx, task, now)
            await self._open_new(scope, tx, roads)
            for task in list(self._tasks):
                await self._measure_due(scope, tx, task, roads)

    def _has_work(self, roads: _Roads) -> bool:
        gone = any(
            task.closed_at is None and task.jam_ended is None and task.jam_id not in roads.jams
            for task in self._tasks
        )
        back = any(
            task.closed_at is None
            and task.jam_ended is not None
            and roads.overlapping(task) is not None
            for task in self._tasks
        )
        return (
            gone
            or back
            or any(self._ends_alone(task, roads.now) for task in self._tasks)
            or bool(self._wanted(roads))
            or any(self._due(task, roads.now) for task in self._tasks)
        )

    async def _read(self, scope: Scope, tx: Transaction, now: datetime) -> None:
        self._tasks = await store.list_watched(scope, tx, now - WATCHED)
        ids = [task.id for task in self._tasks]
        self._sent = {task_id: [] for task_id in ids}
        for one in await store.list_assignments(scope, tx, ids):
            self._sent[one.task_id].append(one)
        measured = await store.list_measures(scope, tx, ids)
        self._measured = {
            task_id: {one.moment for one in measures} for task_id, measures in measured.items()
        }
        self._had |= {(task.agency_id, task.jam_id) for task in self._tasks if task.jam_id}
        for short in self._settings.open_for:
            if short not in self._agencies:
                found = await identity.find_agency_id(scope, tx, short)
                if found is None:
                    logger("dispatch.watch").warning("no_such_agency", short=short)
                    continue
                self._agencies[short] = found

    def _wanted(self, roads: _Roads) -> list[tuple[UUID, Jam]]:
        """Jams that should have a task by now, and for whom."""
        least_s = self._settings.open_after_min * 60
        long = [
            jam
            for jam in roads.jams.values()
            if roads.now.timestamp() - jam.began_at >= least_s
            and jam.queue_m >= self._settings.open_from_m
        ]
        return [
            (agency_id, jam)
            for agency_id in self._agencies.values()
            for jam in long
            if (agency_id, jam.id) not in self._had
        ]

    async def _open_new(self, scope: Scope, tx: Transaction, roads: _Roads) -> None:
        for agency_id, jam in self._wanted(roads):
            self._had.add((agency_id, jam.id))
            # What somebody closed is not opened again by the jam that they saw.
            if await store.had_task(scope, tx, agency_id, jam.id):
                continue
            draft = service.draft_of(jam, roads.keys_of(jam), agency_id=agency_id)
            try:
                task = await service.open_task(scope, tx, draft, self._zone, roads.now)
            except OpenAlreadyError:
                continue
            self._tasks.append(task)
            self._sent[task.id], self._measured[task.id] = [], set()

    async def _follow_jam(self, scope: Scope, tx: Transaction, task: Task, roads: _Roads) -> None:
        if task.closed_at is not None or (task.jam_ended is None and task.jam_id in roads.jams):
            return
        # Merged into another, or here again: the place is the same.
        other = roads.overlapping(task)
        if other is not None:
            await self._attach(scope, tx, task, other, roads.now)
        elif task.jam_ended is None and task.jam_id is not None:
            reason = self._ended.get(task.jam_id, "unknown")
            await self._let_end(scope, tx, task, reason, roads.now)

    async def _attach(
        self, scope: Scope, tx: Transaction, task: Task, jam: Jam, now: datetime
    ) -> None:
        taken = await store.find_open_of_jam(scope, tx, task.agency_id, jam.id)
        if taken is not None and taken != task.number:
            if task.jam_ended is None:
                await self._let_end(scope, tx, task, "merged", now)
            return
        change = "jam_merged" if task.jam_ended is None else "jam_back"
        task = self._put(replace(task, jam_id=jam.id, jam_ended=None, jam_ended_at=None))
        self._had.add((task.agency_id, jam.id))
        await store.update_jam(scope, tx, task, now)
        await self._note(scope, tx, task, change, {"jam": jam.id}, now)

    async def _let_end(
        self, scope: Scope, tx: Transaction, task: Task, reason: str, now: datetime
    ) -> None:
        task = self._put(replace(task, jam_ended=reason, jam_ended_at=now))
        await store.update_jam(scope, tx, task, now)
        await self._note(scope, tx, task, "jam_ended", {"reason": reason}, now)

    def _ends_alone(self, task: Task, now: datetime) -> str | None:
        if self._sent.get(task.id):
            return None
        return ends_alone(task, now, timedelta(minutes=self._settings.unseen_min))

    async def _close_alone(self, scope: Scope, tx: Transaction, task: Task, now: datetime) -> None:
        outcome = self._ends_alone(task, now)
        if outcome is None:
            return
        # Somebody may be sending, or closing it, at this moment: whoever locks it first decides.
        held = await store.find_task(scope, tx, task.id, lock=True)
        if held is None or held.closed_at or await store.list_assignments(scope, tx, [task.id]):
            self._is_stale = True
            return
        end = service.Ending(outcome, "auto")
        closed = await service.finish(scope, tx, held, end, now)
        await record(scope, tx, closed, "closed", {"outcome": outcome, "source": "auto"})
        self._put(closed)

    async def _note(
        self,
        scope: Scope,
        tx: Transaction,
        task: Task,
        kind: str,
        detail: dict[str, object],
        now: datetime,
    ) -> None:
        event_id = uuid5(NAMESPACE_OID, f"{task.id} {kind} {task.jam_id}")
        event = Event(event_id, kind, now, now, None, "auto", None, "", detail)
        await store.insert_events(scope, tx, task.id, None, [event])
        await tell_task(tx, task, kind, now)
        sides = {
            sent.assignment.unit_id: sent.unit_sides
            for sent in await store.list_sent(scope, tx, task.id)
            if sent.assignment.ended_at is None
        }
        if sides:
            await tell_units(scope, tx, sides, kind, now)

    def _put(self, task: Task) -> Task:
        self._tasks = [task if one.id == task.id else one for one in self._tasks]
        return task

    def _due(self, task: Task, now: datetime) -> list[tuple[Moment, datetime]]:
        """Moments of a task that have come and were not measured."""
        done = self._measured.get(task.id, set())
        moments = moments_of(task, self._sent.get(task.id, []))
        return [(one, at) for one, at in moments if at <= now and one not in done]

    async def _measure_due(self, scope: Scope, tx: Transaction, task: Task, roads: _Roads) -> None:
        due = self._due(task, roads.now)
        if not due:
            return
        if any(moment in ("sent", "arrived") for moment, _ in due):
            task = await self._widen(scope, tx, task, roads)
        for moment, at in due:
            await store.insert_measure(scope, tx, task.id, _look(task, roads, moment, at))
            self._measured.setdefault(task.id, set()).add(moment)
        await tell_task(tx, task, "measured", roads.now)

    async def _widen(self, scope: Scope, tx: Transaction, task: Task, roads: _Roads) -> Task:
        """A jam grows until somebody is there: what it reached by then is what is compared."""
        jam = roads.jam_of(task)
        if jam is None:
            return task
        keys = tuple(dict.fromkeys((*task.keys, *roads.keys_of(jam))))
        task = self._put(replace(task, keys=keys))
        await store.update_jam(scope, tx, task, roads.now)
        return task


def _look(task: Task, roads: _Roads, moment: Moment, due_at: datetime) -> Measure:
    estimator = roads.estimator
    if roads.now - due_at > LATE or estimator.state is None:
        return Measure(moment, due_at)
    edges = estimator.edges_of(task.keys)
    seen = measure(estimator.graph, estimator.state, roads.jams.values(), edges)
    jam = roads.jam_of(task)
    return Measure(
        moment,
        due_at,
        datetime.fromtimestamp(seen.at, UTC),
        seen.length_m,
        seen.jam_factor,
        seen.delay_s,
        seen.known_share,
        seen.closed_share,
        jam.trend if jam else None,
    )


def moments_of(task: Task, sent: Iterable[Assignment]) -> list[tuple[Moment, datetime]]:
    """When the roads of a task are to be looked at; what never came is missing.

    Without a unit there is nothing to compare: only the opening is kept.
    """
    units = list(sent)
    moments: list[tuple[Moment, datetime]] = [("opened", task.opened_at)]
    if not units:
        return moments
    moments.append(("sent", min(one.dispatched_at for one in units)))
    arrived = [one.on_scene_at for one in units if one.on_scene_at is not None]
    if arrived:
        moments.append(("arrived", min(arrived)))
    if task.closed_at is not None and any(one.state is Stamp.CLEARED for one in units):
        moments.append(("cleared", task.closed_at))
        moments += [
            (moment, task.closed_at + timedelta(minutes=minutes))
            for moment, minutes in AFTER.items()
        ]
    return moments
