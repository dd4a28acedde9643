"""What units did while there was only paper: written down afterwards, whole, and marked as that.

A run that is over is entered with all its times at once. Nobody is alarmed by it, and the unit may
be on something else by now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from warroom.dispatch import incident_store, service, store
from warroom.dispatch.contracts import SEND, Assignment, Event, Stamp
from warroom.dispatch.errors import NotHandedOnError, RunTimesError, UnitNotThereError
from warroom.dispatch.sending import task_for
from warroom.dispatch.telling import record
from warroom.incidents import api as incidents
from warroom.incidents.contracts import PROGRESS, WORK
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.units import api as units

STEPS = (
    *(Stamp.DISPATCHED, Stamp.ACCEPTED, Stamp.EN_ROUTE, Stamp.ON_SCENE),
    *(Stamp.TRANSPORTING, Stamp.AT_FACILITY, Stamp.CLEARED),
)
"""What a sheet of paper has a time for, in this order."""


@dataclass(frozen=True, slots=True)
class Run:
    """One unit's way to an incident and back.

    Attributes:
        id: Made by the form: the same run sent twice is one.
        at: Times of `STEPS`; the first and the last of them are there.
    """

    id: UUID
    unit_id: UUID
    at: Mapping[Stamp, datetime]
    role: str = ""


def is_possible(run: Run, opened_at: datetime, now: datetime) -> bool:
    """Whether its times follow one another, from the incident's opening until now."""
    times = [run.at[stamp] for stamp in STEPS if stamp in run.at]
    if not {Stamp.DISPATCHED, Stamp.CLEARED} <= set(run.at) <= set(STEPS):
        return False
    return times == sorted(times) and opened_at <= times[0] and times[-1] <= now


async def write_down(
    scope: Scope, tx: Transaction, incident_id: UUID, runs: Sequence[Run], now: datetime
) -> list[UUID]:
    """Enters runs that are over; gives those that are new. All of them, or none.

    Raises:
        IncidentNotFoundError: No such incident, or the asker may not work on it.
        NotHandedOnError: It is a draft, or has ended.
        UnitNotThereError: No such unit, or not for this scope.
        RunTimesError: A run's times are not in order, before the incident, or in the future.
    """
    incident = await incidents.get_incident(scope, tx, incident_id, WORK, lock=True)
    if incident.state not in PROGRESS:
        raise NotHandedOnError(number=incident.number or "-", state=incident.state.value)
    tasks = {
        task.agency_id: task
        for task in await incident_store.list_tasks(scope, tx, [incident_id], SEND, lock=True)
        if task.state != "closed"
    }
    new: list[tuple[UUID, Run, str]] = []
    for run in runs:
        try:
            unit = await units.get_unit(scope, tx, run.unit_id, SEND)
        except units.UnitNotFoundError as error:
            raise UnitNotThereError from error
        if not is_possible(run, incident.opened_at, now):
            raise RunTimesError(unit=unit.draft.name)
        # By who enters it: nobody meets, or changes, what somebody else entered under an id.
        made = uuid5(run.id, f"{incident_id} {scope.person_id}")
        if await store.find_sent(scope, tx, made, SEND) is None:
            task = await task_for(scope, tx, incident, tasks, unit.draft.agency_id, now)
            await store.insert_written(scope, tx, _assignment(made, task.id, run), now)
            new.append((made, run, unit.draft.name))
    # The last to leave closes the task, at that time.
    for made, run, name in sorted(new, key=lambda one: one[1].at[Stamp.CLEARED], reverse=True):
        found = await store.find_sent(scope, tx, made, SEND)
        assert found is not None  # noqa: S101 - it was just written, of a task of this scope
        sent, task = found
        events = [_event(scope, made, stamp, run, now) for stamp in STEPS if stamp in run.at]
        _, task, _ = await service.take_stamps(scope, tx, sent, task, events, now)
        detail = {"unit": name, "incident": incident.number}
        await record(scope, tx, task, "written_down", detail)
    return [made for made, _, _ in new]


def _assignment(made: UUID, task_id: UUID, run: Run) -> Assignment:
    begun, ended = run.at[Stamp.DISPATCHED], run.at[Stamp.CLEARED]
    return Assignment(
        made, task_id, run.unit_id, Stamp.CLEARED, ended, begun, ended_at=ended, role=run.role
    )


def _event(scope: Scope, made: UUID, stamp: Stamp, run: Run, now: datetime) -> Event:
    return Event(
        uuid5(made, stamp.value), stamp.value, run.at[stamp], now, None, "operator",
        scope.person_id, "", {"on_paper": True},
    )  # fmt: skip
