"""Recurring work of `calls`: forget what is too old."""

from datetime import timedelta

from warroom.calls import store
from warroom.calls.keeping import RecordingKeeper
from warroom.calls.settings import CallSettings
from warroom.kernel import deletions
from warroom.kernel.jobs import Job, Worker


async def _forget(worker: Worker) -> None:
    settings, now, scope = worker.services[CallSettings], worker.clock.now(), worker.scope
    before = now - timedelta(days=settings.record_days)
    async with worker.db.transaction(scope) as tx:
        for agency_id, count in await store.forget_calls(scope, tx, before):
            gone = deletions.Deletion(
                "call", "call_record", "age", count, now, now, last_at=before, agency_id=agency_id
            )
            await deletions.note(scope, tx, gone)


async def _forget_recordings(worker: Worker) -> None:
    await worker.services[RecordingKeeper].forget(worker.scope, worker.clock.now())


JOBS = [
    Job("calls.forget_recordings", 3_600, _forget_recordings),
    Job("calls.forget", 3_600, _forget),
]
