"""Recurring work of `access`: tell that something is over. Rights end without it, by the clock."""

from warroom.access import api
from warroom.kernel.jobs import Job, Worker


async def _close(worker: Worker) -> None:
    async with worker.db.transaction(worker.scope) as tx:
        await api.close_requests(worker.scope, tx)


async def _tell(worker: Worker) -> None:
    async with worker.db.transaction(worker.scope) as tx:
        await api.tell_overdue(worker.scope, tx, worker.services[api.AccessSettings])


async def _review(worker: Worker) -> None:
    settings = worker.services[api.AccessSettings]
    async with worker.db.transaction(worker.scope) as tx:
        await api.tend_reviews(worker.scope, tx, settings)
        await api.open_due_reviews(worker.scope, tx, settings)


JOBS = [
    Job("access.close", 60, _close),
    Job("access.emergencies", 60, _tell),
    Job("access.reviews", 300, _review),
]
