"""Work in the background: alarms judged."""

from warroom.cameras.api import Inventory
from warroom.kernel.jobs import Job, Worker
from warroom.recording import api


async def judge_alarms(worker: Worker) -> None:
    """Raises and clears alarms of cameras, disks and recorders."""
    scope = worker.scope
    async with worker.db.transaction(scope) as tx:
        await api.judge_alarms(Inventory.of(worker.services, worker.clock), scope, tx)


JOBS: list[Job] = [Job("recording.alarms", 2.0, judge_alarms)]
