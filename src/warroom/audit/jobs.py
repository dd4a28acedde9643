"""Recurring work of `audit`: anchor the chains, walk them, and look for hints."""

from warroom.audit import api
from warroom.kernel.jobs import Job, Worker


async def _anchor(worker: Worker) -> None:
    await api.anchor(worker.scope, worker.db, worker.services[api.Anchoring], worker.clock)


async def _walk(worker: Worker) -> None:
    await api.verify_and_seal(worker.scope, worker.db, worker.services[api.Anchoring], worker.clock)


async def _hint(worker: Worker) -> None:
    await api.look_for_hints(worker.scope, worker.db, worker.services[api.Peers])


JOBS = [
    Job("audit.anchor", 60, _anchor),
    Job("audit.hints", 600, _hint),
    Job("audit.walk", 300, _walk),
]
