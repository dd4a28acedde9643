"""Work in the background: days of tracks are made ahead, and dropped when they are too old."""

from warroom.kernel.jobs import Job, Worker
from warroom.units.api import Fleet, trim


async def trim_tracks(worker: Worker) -> None:
    """Makes tomorrow's partition, drops the days beyond the retention."""
    async with worker.db.transaction(worker.scope) as tx:
        await trim(worker.services[Fleet], worker.scope, tx)


JOBS: list[Job] = [Job("units.trim_tracks", 3600.0, trim_tracks)]
