"""Recurring work of `dispatch`: forget what is too old."""

from warroom.dispatch import api
from warroom.kernel.jobs import Job, Worker


async def _forget(worker: Worker) -> None:
    settings = worker.services[api.DispatchSettings]
    async with worker.db.transaction(worker.scope) as tx:
        await api.forget_old(worker.scope, tx, settings, worker.clock.now())


JOBS = [Job("dispatch.forget", 3_600, _forget)]
