"""Recurring work of `hub`: read on in the outbox, forget old deliveries."""

from datetime import timedelta

from warroom.hub import api
from warroom.kernel.jobs import Job, Worker


async def _collect(worker: Worker) -> None:
    while await api.collect(worker.scope, worker.db):
        pass


async def _tidy(worker: Worker) -> None:
    kept = timedelta(days=worker.services[api.HubSettings].log_days)
    async with worker.db.transaction(worker.scope) as tx:
        await api.tidy(worker.scope, tx, worker.clock.now() - kept)


JOBS = [Job("hub.collect", 2, _collect), Job("hub.tidy", 3_600, _tidy)]
