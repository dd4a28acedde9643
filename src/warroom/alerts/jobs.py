"""Recurring work of `alerts`: forget what is old."""

from datetime import timedelta

from warroom.alerts import api
from warroom.kernel.jobs import Job, Worker


async def _forget(worker: Worker) -> None:
    kept = timedelta(days=worker.services[api.AlertSettings].kept_days)
    async with worker.db.transaction(worker.scope) as tx:
        await api.forget(worker.scope, tx, worker.clock.now() - kept)


JOBS = [Job("alerts.forget", 3_600, _forget)]
