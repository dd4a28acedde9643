"""Recurring work of `audit`: anchor the chains, and walk them."""

from warroom.audit import api
from warroom.kernel.jobs import Job, Worker


async def _anchor(worker: Worker) -> None:
    await api.anchor(worker.scope, worker.db, worker.services[api.Anchoring], worker.clock)


async def _walk(worker: Worker) -> None:
    await api.verify_and_seal(worker.scope, worker.db, worker.services[api.Anchoring], worker.clock)


JOBS = [
    Job("audit.anchor", 60, _anchor),
    Job("audit.walk", 300, _walk),
]
