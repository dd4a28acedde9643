"""Work in the background: a state that nobody renews is not believed for ever."""

from warroom.cameras.api import Inventory, forget_free, silence
from warroom.kernel.jobs import Job, Worker


async def silence_states(worker: Worker) -> None:
    """Marks as unknown the cameras whose node has gone silent, and tells the pages."""
    inventory = Inventory.of(worker.services, worker.clock)
    async with worker.db.transaction(worker.scope) as tx:
        await silence(inventory, worker.scope, tx)


async def free_cameras(worker: Worker) -> None:
    """Forgets who had turning cameras that nobody has in hand any more, and tells the pages."""
    inventory = Inventory.of(worker.services, worker.clock)
    async with worker.db.transaction(worker.scope) as tx:
        await forget_free(inventory, worker.scope, tx)


JOBS: list[Job] = [
    Job("cameras.silence", 5.0, silence_states),
    Job("cameras.free", 5.0, free_cameras),
]
