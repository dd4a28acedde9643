"""Recurring work of `identity`: forget what has long been over."""

from warroom.identity import api
from warroom.kernel.jobs import Job, Worker


async def _tidy(worker: Worker) -> None:
    scope = api.system_scope("identity.tidy", worker.clock)
    async with worker.db.transaction(scope) as tx:
        await api.tidy(scope, tx)


JOBS = [Job("identity.tidy", 3600, _tidy)]
