"""Work in the background: alarms judged, holds ended whose time is over."""

from warroom.cameras.api import Inventory
from warroom.kernel.jobs import Job, Worker
from warroom.recording import api


async def judge_alarms(worker: Worker) -> None:
    """Raises and clears alarms of cameras, disks and recorders."""
    scope = worker.scope
    async with worker.db.transaction(scope) as tx:
        await api.judge_alarms(Inventory.of(worker.services, worker.clock), scope, tx)


async def expire_holds(worker: Worker) -> None:
    """Ends the holds whose time is over."""
    await worker.services[api.HoldService].expire(worker.scope)


JOBS: list[Job] = [
    Job("recording.alarms", 2.0, judge_alarms),
    Job("recording.expire_holds", 15.0, expire_holds),
]
