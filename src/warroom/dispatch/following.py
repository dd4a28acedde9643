"""What incidents do to tasks, and tasks to incidents.

Whenever something befalls one of them, the two are brought to agree: an agency that takes part and
has units has a task; tasks lie where the incident lies; the incident stands where its units stand;
what was merged takes its units along; what has ended keeps none. It is done again from what is
stored, so that late, twice or after a restart it comes to the same.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from warroom.dispatch import incident_store, stacking, store
from warroom.dispatch.contracts import TASKS, Assignment, Event, Outcome, Task
from warroom.dispatch.progress import Late, Limits, late_ones, steps_of
from warroom.dispatch.returning import note_home
from warroom.dispatch.sending import ROUTINE, note_of, open_for
from warroom.dispatch.settings import DispatchSettings
from warroom.dispatch.telling import tell_task
from warroom.incidents import api as incidents
from warroom.incidents.contracts import CHANGED, ENDS, PROGRESS, Incident, State
from warroom.kernel import leases, outbox
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError, Transaction
from warroom.kernel.log import logger
from warroom.kernel.loops import Loop
from warroom.kernel.scope import Scope

EVERY_S = 5.0
"""So often it is looked whether a crew is overdue."""


class Following(Loop):
    """Keeps tasks and incidents of a process in agreement; enters and leaves with it.

    Args:
        db: Where both are.
        clock: The time of the process.
        standing: The rights of the process.
        settings: By when crews are to have told their next step.
        holder: Name of the process in leases.
    """

    def __init__(
        self, db: Database, clock: Clock, standing: Scope, settings: DispatchSettings, holder: str
    ) -> None:
        self._db, self._clock, self._standing, self._holder = db, clock, standing, holder
        self._limits, self._settings = limits_of(settings), settings
        self._due: set[UUID] = set()
        self._is_all_due = True
        super().__init__("dispatch.following", self.step, failed=self._forget, every_s=EVERY_S)

    def subscribe(self) -> list[tuple[str, Callable[[outbox.Event], Awaitable[None]]]]:
        """What is to be handed on of the outbox."""
        return [(CHANGED, self._hear_incident), (TASKS, self._hear_task)]

    async def _hear_incident(self, event: outbox.Event) -> None:
        self._note(event, "id")

    async def _hear_task(self, event: outbox.Event) -> None:
        self._note(event, "incident")

    def _note(self, event: outbox.Event, name: str) -> None:
        incident_id = msgspec.json.decode(event.body).get(name)
        if incident_id is not None:
            self._due.add(UUID(incident_id))
            self.wake()

    def _forget(self) -> None:
        self._is_all_due = True

    async def step(self) -> None:
        """Brings to agreement what changed since; tells of crews overdue, and of those at home.

        Raises:
            DatabaseAwayError: The database does not answer.
        """
        now = self._clock.now()
        scope = replace(self._standing, at=now)
        async with self._db.transaction(scope) as tx:
            if await leases.acquire(tx, "dispatch", "following", self._holder, 60.0) is None:
                return
            if self._is_all_due:
                working = await incidents.list_working(scope, tx)
                self._due |= {*working, *await incident_store.list_incidents(scope, tx)}
                self._is_all_due = False
            await tell_late(scope, tx, self._limits, now)
            await note_home(scope, tx, self._settings, now)
        failing: set[UUID] = set()
        while self._due:
            incident_id = self._due.pop()
            try:
                async with self._db.transaction(scope) as tx:
                    self._due |= await agree(scope, tx, incident_id, now) - failing
            except DatabaseAwayError:
                raise
            except Exception as error:  # noqa: BLE001 - one bad incident must not keep back others
                failing.add(incident_id)
                name = type(error).__name__
                logger("dispatch.following").warning("incident_failed", code=name, exc_info=error)
        # Tried again with the next step.
        self._due = failing


def limits_of(settings: DispatchSettings) -> Limits:
    """By when crews are to have told their next step."""
    return Limits(settings.answer_s, settings.turnout_s, settings.travel_factor, settings.check_min)


async def agree(scope: Scope, tx: Transaction, incident_id: UUID, now: datetime) -> set[UUID]:
    """Brings one incident and its tasks to agree; gives incidents that must be looked at for it.

    The scope must be the system's.
    """
    try:
        incident = await incidents.get_incident(scope, tx, incident_id, lock=True)
    except incidents.IncidentNotFoundError:
        return set()
    tasks = await incident_store.list_tasks(scope, tx, [incident_id], lock=True)
    going = [task for task in tasks if task.state != "closed"]
    if incident.merged_into is not None:
        for task in going:
            await _move(scope, tx, replace(task, incident_id=incident.merged_into), "merged", now)
        return {incident.merged_into} if going else set()
    if incident.state in ENDS:
        for task in going:
            outcome: Outcome = "solved" if incident.state is State.CLOSED else "cancelled"
            reason = f"{incident.number or ''} {incident.state}".strip()
            await stacking.close_task(scope, tx, task.id, outcome, reason, now)
        return set()
    if incident.state not in PROGRESS or incident.lat is None:
        return set()
    for agency_id in await _without_task(scope, tx, incident, tasks):
        await open_for(scope, tx, incident, agency_id, now)
    for task in going:
        await _align(scope, tx, task, incident, now)
    await _progress(scope, tx, incident, now)
    return set()


async def _without_task(
    scope: Scope, tx: Transaction, incident: Incident, tasks: list[Task]
) -> list[UUID]:
    """Agencies that take part, have units, and never had a task of it."""
    have = {task.agency_id for task in tasks}
    missing = [one for one in incident.agencies if one not in have]
    if not missing:
        return []
    able = await incident_store.list_dispatching(scope, tx)
    return [one for one in missing if one in able]


async def _align(
    scope: Scope, tx: Transaction, task: Task, incident: Incident, now: datetime
) -> None:
    """The task lies where the incident lies, and is as urgent."""
    assert incident.lat is not None  # noqa: S101 - asked before
    assert incident.lon is not None  # noqa: S101 - they come together
    wanted = replace(
        task,
        lat=incident.lat,
        lon=incident.lon,
        place=incident.place,
        priority=incident.priority or ROUTINE,
    )
    if wanted != task:
        await _move(scope, tx, wanted, "moved", now)
    await incident_store.save_note(scope, tx, task.id, note_of(incident))


async def _move(scope: Scope, tx: Transaction, task: Task, why: str, now: datetime) -> None:
    await store.update_task(scope, tx, task, now)
    detail = {"lat": task.lat, "lon": task.lon, "priority": task.priority}
    event = Event(uuid5(task.id, f"{why} {now}"), why, now, now, None, "auto", None, "", detail)
    await store.insert_events(scope, tx, task.id, None, [event])
    await tell_task(tx, task, why, now)


async def _progress(scope: Scope, tx: Transaction, incident: Incident, now: datetime) -> None:
    steps = steps_of(await incident_store.list_told(scope, tx, incident.id))
    made = [(uuid5(one_id, state.value), state, at) for one_id, state, at in steps]
    end = steps[-1][1] if steps else State.PENDING
    if not made and incident.state is State.PENDING:
        return
    if made:
        incident = await incidents.progress(scope, tx, incident.id, made, now)
    # A stamp that came late can change what those after it come to: the last word is where the
    # units stand now.
    if incident.state in PROGRESS and incident.state is not end:
        step = (uuid5(incident.id, f"{end} {now}"), end, now)
        await incidents.progress(scope, tx, incident.id, [step], now)


async def tell_late(scope: Scope, tx: Transaction, limits: Limits, now: datetime) -> int:
    """Writes down, once each, which crews have not told their next step in time; tells how many."""
    told = 0
    for one, what, due_at in late_ones(await incident_store.list_going(scope, tx), limits, now):
        row = _late(one, what, due_at, now)
        if await store.insert_events(scope, tx, one.task_id, one.id, [row]):
            task = await store.find_task(scope, tx, one.task_id)
            if task is not None:
                await tell_task(tx, task, "overdue", now)
                told += 1
    return told


def _late(sent: Assignment, what: Late, due_at: datetime, now: datetime) -> Event:
    # Of one step once: whoever stays at a place is asked again after each word.
    event_id = uuid5(sent.id, f"overdue {what} {sent.since.isoformat()}")
    detail = {"what": what, "due_at": due_at.isoformat()}
    return Event(event_id, "overdue", now, now, None, "auto", None, "", detail)
