"""Work in the background: once at a time, again after a failure, and never lost."""

import asyncio
from typing import Any

import psycopg

from tests.scopes import EVERYTHING
from warroom.kernel import jobs
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.jobs import Job, Worker
from warroom.kernel.postgres import Connections
from warroom.kernel.services import Services


def worker(db: Database, clock: FixedClock) -> Worker:
    return Worker(db, EVERYTHING, clock, Services({}))


async def test_a_recurring_job_runs_once_in_its_period(db: Database, clock: FixedClock) -> None:
    runs: list[str] = []

    async def count(_: Worker) -> None:
        runs.append("run")

    job = Job("count", 3600, count)
    both = [await jobs.run_due(worker(db, clock), job, holder) for holder in ("one", "two")]

    assert both == [True, False]
    assert runs == ["run"]


async def test_a_queued_job_is_done_and_gone(db: Database, clock: FixedClock) -> None:
    seen: list[Any] = []

    async def see(_: Worker, body: Any) -> None:
        seen.append(body)

    async with db.transaction(EVERYTHING) as tx:
        await jobs.enqueue(tx, "see", {"n": 1})
    done = [await jobs.take_one(worker(db, clock), {"see": see}) for _ in range(2)]

    assert done == [True, False]
    assert seen == [{"n": 1}]


async def test_a_failing_job_waits_for_another_try(
    db: Database, clock: FixedClock, connections: Connections
) -> None:
    async def fail(_: Worker, __: Any) -> None:
        raise RuntimeError

    async with db.transaction(EVERYTHING) as tx:
        await jobs.enqueue(tx, "fail", None)
    first = await jobs.take_one(worker(db, clock), {"fail": fail})
    second = await jobs.take_one(worker(db, clock), {"fail": fail})
    with psycopg.connect(connections.superuser) as connection:
        row = connection.execute("select tries, due_at > now() from job").fetchone()

    assert (first, second) == (True, False)
    assert row == (1, True)


async def test_a_job_that_fails_for_good_stays_to_be_seen(
    db: Database, clock: FixedClock, connections: Connections
) -> None:
    async def fail(_: Worker, __: Any) -> None:
        raise RuntimeError

    async with db.transaction(EVERYTHING) as tx:
        await jobs.enqueue(tx, "fail", None)
        await tx.execute("update job set tries = %s", [jobs.MAX_TRIES - 1])
    await jobs.take_one(worker(db, clock), {"fail": fail})
    with psycopg.connect(connections.superuser) as connection:
        assert connection.execute("select failed_code from job").fetchone() == ("RuntimeError",)


async def test_one_failing_job_harms_no_other(db: Database, clock: FixedClock) -> None:
    ran = asyncio.Event()

    async def fail(_: Worker) -> None:
        raise RuntimeError

    async def work(_: Worker) -> None:
        ran.set()

    task = asyncio.create_task(
        jobs.run_forever(worker(db, clock), [Job("bad", 1, fail), Job("good", 1, work)], "h")
    )
    try:
        await asyncio.wait_for(ran.wait(), 10)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
