"""Work in the background: jobs that recur, and jobs that wait in a queue.

A recurring job runs on one process of the city at a time (by lease) and is due by the clock of
the database. A queued job is written in the transaction that asks for it, taken with SKIP LOCKED
by any process, and tried again with growing pauses; after the last try it stays, with its error
code, for a person to see.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from warroom.kernel import leases
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import WarRoomError
from warroom.kernel.ids import new_id
from warroom.kernel.log import logger
from warroom.kernel.scope import Scope
from warroom.kernel.services import Services

MAX_TRIES = 8

_ENQUEUE = "insert into job (id, kind, body) values (%(id)s, %(kind)s, %(body)s)"

_TAKE = """
with next as materialized (
    select id from job
    where kind = any(%(kinds)s) and due_at <= clock_timestamp() and failed_code is null
    order by due_at limit 1 for update skip locked
)
update job set tries = tries + 1,
    due_at = clock_timestamp() + make_interval(secs => least(600, 2 ^ (tries + 2)))
from next where job.id = next.id
returning job.id, kind, body, tries
"""

_DONE = "delete from job where id = %(id)s"
_FAILED = "update job set failed_code = %(code)s where id = %(id)s"

_DUE = """
insert into job_run as r (name, ran_at) values (%(name)s, clock_timestamp())
on conflict (name) do update set ran_at = clock_timestamp()
where r.ran_at <= clock_timestamp() - make_interval(secs => %(every_s)s)
returning 1 as due
"""


@dataclass(frozen=True, slots=True)
class Worker:
    """What a job works with.

    Attributes:
        standing: The rights of the process, as they were when it started.
    """

    db: Database
    standing: Scope
    clock: Clock
    services: Services

    @property
    def scope(self) -> Scope:
        """The rights of the process, at this instant."""
        return replace(self.standing, at=self.clock.now())


@dataclass(frozen=True, slots=True)
class Job:
    """A recurring job: its name, its period in seconds, and what it does."""

    name: str
    every_s: float
    run: Callable[[Worker], Awaitable[None]]


async def enqueue(tx: Transaction, kind: str, body: Any) -> None:
    """Asks for one job of `kind`, to be done after this transaction has committed."""
    await tx.execute(
        _ENQUEUE, {"id": new_id(), "kind": kind, "body": msgspec.json.encode(body).decode()}
    )


async def run_due(worker: Worker, job: Job, holder: str) -> bool:
    """Runs a recurring job if it is due and no other process runs it; tells whether it ran."""
    async with worker.db.transaction(worker.scope) as tx:
        lease = await leases.acquire(tx, "job", job.name, holder, max(30.0, job.every_s * 2))
        if lease is None:
            return False
        due = await (
            await tx.execute(_DUE, {"name": job.name, "every_s": job.every_s * 0.9})
        ).fetchone()
    if due is None:
        return False
    await job.run(worker)
    return True


async def take_one(
    worker: Worker, kinds: Mapping[str, Callable[[Worker, Any], Awaitable[None]]]
) -> bool:
    """Does one waiting job, if there is one; tells whether there was.

    A job that fails comes again after a pause, `MAX_TRIES` times in all.
    """
    async with worker.db.transaction(worker.scope) as tx:
        row = await (await tx.execute(_TAKE, {"kinds": list(kinds)})).fetchone()
    if row is None:
        return False
    try:
        await kinds[row["kind"]](worker, msgspec.json.decode(row["body"]))
    except Exception as error:  # noqa: BLE001 - a background loop: log, count, come again
        code = error.code if isinstance(error, WarRoomError) else type(error).__name__
        logger("kernel.jobs").warning("job_failed", kind=row["kind"], tries=row["tries"], code=code)
        if row["tries"] >= MAX_TRIES:
            async with worker.db.transaction(worker.scope) as tx:
                await tx.execute(_FAILED, {"id": row["id"], "code": code})
        return True
    async with worker.db.transaction(worker.scope) as tx:
        await tx.execute(_DONE, {"id": row["id"]})
    return True


async def run_forever(worker: Worker, jobs: list[Job], holder: str) -> None:
    """Runs every recurring job at its period until cancelled; a failing one harms no other."""
    await asyncio.gather(*(_repeat(worker, job, holder) for job in jobs))


async def _repeat(worker: Worker, job: Job, holder: str) -> None:
    while True:
        try:
            await run_due(worker, job, holder)
        except Exception as error:  # noqa: BLE001 - a background loop: log and go on
            code = error.code if isinstance(error, WarRoomError) else type(error).__name__
            logger("kernel.jobs").warning("job_failed", name=job.name, code=code)
        await asyncio.sleep(job.every_s)
