"""Work in the background: deadlines that passed, and days of deletion that are over."""

from warroom.kernel.jobs import Job, Worker
from warroom.privacy import api


async def _tell(worker: Worker) -> None:
    async with worker.db.transaction(worker.scope) as tx:
        await api.tell_overdue(worker.scope, tx)


async def _seal(worker: Worker) -> None:
    async with worker.db.transaction(worker.scope) as tx:
        await api.seal_deletions(worker.scope, tx)


JOBS = [Job("privacy.overdue", 60, _tell), Job("privacy.seal_deletions", 600, _seal)]
