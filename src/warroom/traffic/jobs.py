"""Recurring work of `traffic`: forget jams that ended long ago."""

from warroom.kernel.jobs import Job, Worker
from warroom.traffic import api


async def _forget_jams(worker: Worker) -> None:
    settings = worker.services[api.TrafficSettings]
    async with worker.db.transaction(worker.scope) as tx:
        await api.forget_jams(worker.scope, tx, settings, worker.clock.now())


JOBS = [Job("traffic.forget_jams", 3_600, _forget_jams)]
