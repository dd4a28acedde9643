"""Recurring work of `incidents`: hand on what is due, end what is idle, forget what is old."""

from datetime import timedelta

from warroom.incidents import api
from warroom.kernel.jobs import Job, Worker
from warroom.recording.api import HoldService

_TOLD_WITHIN = timedelta(minutes=5)
"""Longer than the job ever pauses: a place is taken up once, however often it is read."""


async def _hand_on(worker: Worker) -> None:
    intake = worker.services[api.Intake]
    async with worker.db.transaction(worker.scope) as tx:
        await api.hand_on_due(intake, worker.scope, tx, worker.clock.now())


async def _forget(worker: Worker) -> None:
    intake, settings = worker.services[api.Intake], worker.services[api.IncidentSettings]
    async with worker.db.transaction(worker.scope) as tx:
        await api.end_idle(intake, worker.scope, tx, worker.clock.now())
        await api.forget_old(worker.scope, tx, settings, worker.clock.now())
    async with worker.db.transaction(worker.scope) as tx:
        await api.sweep(worker.services[api.PhotoFiles], worker.scope, tx, worker.clock.now())


async def _hold(worker: Worker) -> None:
    services = worker.services
    keeper = api.Keeper(api.Inventory.of(services, worker.clock), services[HoldService], worker.db)
    await api.hold_footage(keeper, worker.scope, worker.clock.now())


async def _locate(worker: Worker) -> None:
    now = worker.clock.now()
    async with worker.db.transaction(worker.scope) as tx:
        await api.take_places(worker.scope, tx, now - _TOLD_WITHIN, now)


JOBS = [
    Job("incidents.locate", 5, _locate),
    Job("incidents.hold", 15, _hold),
    Job("incidents.hand_on", 15, _hand_on),
    Job("incidents.forget", 3_600, _forget),
]
