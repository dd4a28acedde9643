"""What an entry of the audit costs, beside the floor: a plain insert of the same row."""

import asyncio
import contextlib
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg

from warroom.app.node import Node, open_node, start_database
from warroom.audit import api as audit
from warroom.identity.api import system_scope
from warroom.kernel.clock import SystemClock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.scope import Scope
from warroom.kernel.settings import Configuration

PROCESSES = 2
"""Web servers that the writers are spread over."""

DEEDS = (1, 4, 16)
"""Looks that each writer begins at once, where they stand alone and share commits."""

CONNECTIONS = 16
FILL = 10_000
IN_ONE_TRANSACTION = 20_000
EDGE = 2_000
LOOKS = 200

_FLOOR = """
create table bench_floor (like audit_entry including all);
alter table bench_floor alter seq add generated always as identity;
grant select, insert on bench_floor to warroom_app;
"""

_PLAIN = """
insert into bench_floor (chain, previous, id, at, recorded_at, person_label, agency_id,
    owner_agency_id, action, object_kind, object_id, object_label, place, reason, door, address,
    detail, hash)
values (1, %(hash)s, gen_random_uuid(), %(at)s, clock_timestamp(), 'Sri Wahyuni', %(id)s, %(id)s,
    'live:view', 'camera', %(id)s, 'Losari 1', '73.71.04.1006', 'Kecelakaan', 'web', '10.0.0.1',
    '{"way":"mse"}', %(hash)s)
"""

THING = UUID(int=100)
ASKED = audit.Asked(
    "live:view", "camera", THING, THING, "Losari 1", "73.71.04.1006", {"way": "mse"}, "Kecelakaan"
)


@dataclass(frozen=True)
class Load:
    """What each writer does until the time is over: `entries` of a kind in each transaction."""

    kind: str
    entries: int
    writers: int
    seconds: float


def bench_audit(
    writers: int = 16, seconds: float = 5.0, verify_rows: int = 1_000_000
) -> dict[str, Any]:
    """Appends by `writers` at once, durable (fsync, synchronous_commit), and walks the chains.

    Returns:
        `rows_s`, `rows_s_per_core` (by CPU of writers and database together) with one entry a
        transaction; the same under `together` (by how many looks are begun at once: each is an
        entry that stands alone and shares its commit), `ten` (ten entries a transaction, one call
        each), `hundred` (one call for a hundred) and `floor` (plain insert of the same row, one a
        transaction); `long`: cost of the first and the last entries of one long transaction;
        `heads`: CPU of noting the newest heads on the disk, a look where all 16 chains grew;
        `chain_intact`; `verify_rows`, `verify_s`.
    """
    with _node() as node:
        with psycopg.connect(node.connections.owner) as connection:
            connection.execute(_FLOOR)
        floor = _run(node, Load("plain", 1, writers, seconds))
        one = _run(node, Load("record", 1, writers, seconds))
        together = {
            str(writers * deeds): _run(node, Load("alone", 1, writers * deeds, seconds))
            for deeds in DEEDS
        }
        ten = _run(node, Load("record", 10, writers, seconds))
        hundred = _run(node, Load("record_all", 100, writers, seconds))
        heads = asyncio.run(_heads(node))
        walked = asyncio.run(_walk(node, verify_rows))
    return {
        "writers": writers,
        **one,
        "floor": floor,
        "ratio_cpu": round(one["us_per_row"] / floor["us_per_row"], 2),
        "together": together,
        "ten": ten,
        "hundred": hundred,
        "heads": heads,
        **walked,
    }


async def _heads(node: Node) -> dict[str, float]:
    """CPU-milliseconds of a look at the heads with nothing new, and of one that writes them all."""
    db = Database(node.connections.app)
    await db.open()
    scope = system_scope("bench", node.clock)
    file = audit.open_anchoring(node.settings.data, audit.AuditSettings()).heads
    watch = audit.HeadWatch(db, scope, file)
    await watch.look()
    began = time.process_time()
    for _ in range(LOOKS):
        await watch.look()
    idle = time.process_time() - began
    began = time.process_time()
    for number in range(LOOKS):
        file.note([audit.Head(chain, 1 << 40 | number, bytes(32)) for chain in range(16)])
    written = time.process_time() - began
    file.path.unlink()
    await db.close()
    return {
        "look_cpu_ms": round(idle / LOOKS * 1000, 3),
        "note_cpu_ms": round(written / LOOKS * 1000, 3),
    }


@contextmanager
def _node() -> Iterator[Node]:
    folder = Path(tempfile.mkdtemp(prefix="warroom-bench-"))
    folder.chmod(0o755)
    node = open_node(Configuration.read({**os.environ, "WARROOM_DATA_DIR": str(folder)}))
    try:
        start_database(node)
        yield node
    finally:
        if node.embedded is not None:
            node.embedded.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _run(node: Node, load: Load) -> dict[str, Any]:
    share = Load(load.kind, load.entries, max(1, load.writers // PROCESSES), load.seconds)
    with ProcessPoolExecutor(
        PROCESSES, mp_context=multiprocessing.get_context("spawn")
    ) as processes:
        # The first round loads the code and warms the database up.
        warm = Load(load.kind, load.entries, share.writers, 0.5)
        list(processes.map(_write_for, [node.connections.app] * PROCESSES, [warm] * PROCESSES))
        before = _database_cpu_s(node)
        done = list(
            processes.map(_write_for, [node.connections.app] * PROCESSES, [share] * PROCESSES)
        )
        database_s = _database_cpu_s(node) - before
    rows = sum(count for count, _, _ in done)
    writers_s = sum(cpu for _, cpu, _ in done)
    took_s = max(took for _, _, took in done)
    return {
        "rows_s": round(rows / took_s),
        "rows_s_per_core": round(rows / (database_s + writers_s)),
        "us_per_row": round((database_s + writers_s) / rows * 1e6, 1),
        "us_per_row_database": round(database_s / rows * 1e6, 1),
    }


def _write_for(dsn: str, load: Load) -> tuple[int, float, float]:
    """Rows written, CPU-seconds and seconds of one process of writers."""
    return asyncio.run(_write(dsn, load))


async def _write(dsn: str, load: Load) -> tuple[int, float, float]:
    connections = min(load.writers, CONNECTIONS)
    db = Database(dsn, min_size=connections, max_size=connections, wait_s=60)
    scope = system_scope("bench", SystemClock())
    await db.open()
    began, cpu = time.monotonic(), time.process_time()
    try:
        counts = await asyncio.gather(
            *(_writer(db, scope, load, began + load.seconds) for _ in range(load.writers))
        )
    finally:
        await db.close()
    return sum(counts), time.process_time() - cpu, time.monotonic() - began


async def _writer(db: Database, scope: Scope, load: Load, until: float) -> int:
    rows = 0
    while time.monotonic() < until:
        if load.kind == "alone":
            await audit.record_alone(scope, db, ASKED)
            rows += 1
            continue
        async with db.transaction(scope) as tx:
            if load.kind == "record_all":
                await audit.record_all(scope, tx, [ASKED] * load.entries)
            for _ in range(load.entries if load.kind == "record" else 0):
                await _record(scope, tx)
            for _ in range(load.entries if load.kind == "plain" else 0):
                await tx.execute(_PLAIN, {"hash": bytes(32), "id": THING, "at": scope.at})
        rows += load.entries
    return rows


async def _record(scope: Scope, tx: Transaction) -> None:
    await audit.record(
        scope, tx, action=ASKED.action, object_kind=ASKED.object_kind, object_id=ASKED.object_id,
        agency_id=ASKED.agency_id, object_label=ASKED.object_label, place=ASKED.place,
        detail=ASKED.detail, reason=ASKED.reason,
    )  # fmt: skip


async def _walk(node: Node, rows: int) -> dict[str, Any]:
    clock = SystemClock()
    scope = system_scope("bench", clock)
    db = Database(node.connections.app)
    await db.open()
    try:
        first, last = await _long_transaction(db, scope)
        file = audit.open_anchoring(node.settings.data, audit.AuditSettings())
        there = (await audit.verify(scope, db, file, clock)).rows
        for begin in range(there, rows, FILL):
            async with db.transaction(scope) as tx:
                await audit.record_all(scope, tx, [ASKED] * min(FILL, rows - begin))
        began, cpu = time.monotonic(), time.process_time()
        outcome = await audit.verify(scope, db, file, clock)
        return {
            "long": {
                "entries": IN_ONE_TRANSACTION,
                "first_us_per_row": round(first / EDGE * 1e6, 1),
                "last_us_per_row": round(last / EDGE * 1e6, 1),
            },
            "chain_intact": outcome.is_intact,
            "verify_rows": outcome.rows,
            "verify_s": round(time.monotonic() - began, 2),
            "verify_cpu_s": round(time.process_time() - cpu, 2),
        }
    finally:
        await db.close()


async def _long_transaction(db: Database, scope: Scope) -> tuple[float, float]:
    """Seconds of the first and of the last `EDGE` entries of one long transaction."""
    marks: list[float] = []
    async with db.transaction(scope) as tx:
        for number in range(IN_ONE_TRANSACTION + 1):
            if number in {0, EDGE, IN_ONE_TRANSACTION - EDGE, IN_ONE_TRANSACTION}:
                marks.append(time.monotonic())
            await _record(scope, tx)
    return marks[1] - marks[0], marks[3] - marks[2]


def _database_cpu_s(node: Node) -> float:
    """CPU-seconds that the whole database server used, its ended processes as well."""
    with psycopg.connect(node.connections.app) as connection:
        row = connection.execute("select pg_backend_pid()").fetchone()
        assert row is not None  # noqa: S101 - a select gives a row
        server = psutil.Process(row[0]).parent()
        assert server is not None  # noqa: S101 - each backend is a child of the server
        own = server.cpu_times()
        parts = [own.user, own.system, own.children_user, own.children_system]
        for child in server.children():
            # One that ends just now is counted among the server's ended children.
            with contextlib.suppress(psutil.NoSuchProcess):
                times = child.cpu_times()
                parts += [times.user, times.system]
    return float(sum(parts))
