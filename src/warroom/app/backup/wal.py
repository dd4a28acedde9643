"""Receives the embedded PostgreSQL's WAL into the folder of backups, as long as the node runs.

With it a restore reaches any moment since the first backup; without it only those at which a
backup was made. The receiver is PostgreSQL's own `pg_receivewal`. A folder that is away costs
nothing but that: WAL is kept for it up to `max_slot_wal_keep_size`, then the series ends and the
next backup begins another.
"""

import asyncio
import os
import signal
import subprocess
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import psycopg

from warroom.app.backup import database
from warroom.app.backup.errors import NoProgramError
from warroom.app.backup.state import State, read_state, write_state
from warroom.app.node import Node
from warroom.kernel.log import logger

LOOK_S = 5.0
AGAIN_S = 30.0

_log = logger("app.backup")


class Sample(NamedTuple):
    """Up to where the database had written at a moment."""

    at: datetime
    place: str


async def keep_wal(node: Node) -> None:
    """Receives WAL where a backup has begun a series, and begins again after each failure.

    Raises:
        CancelledError: It is to end; the receiver is stopped.
    """
    while node.embedded is not None:
        state = await asyncio.to_thread(read_state, node.settings.data)
        if state is None or not state.slot or not (Path(state.folder) / state.wal).is_dir():
            await asyncio.sleep(LOOK_S)
            continue
        try:
            await _receive(node, state)
        except (OSError, NoProgramError, psycopg.Error) as error:
            _log.warning("wal_not_received", problem=type(error).__name__)
        await asyncio.sleep(AGAIN_S)


async def _receive(node: Node, state: State) -> None:
    """Runs the receiver until it ends, or another series is to be received."""
    if node.embedded is None:
        return
    target = Path(state.folder) / state.wal
    receiver = await asyncio.create_subprocess_exec(
        *database.wal_words(node.embedded.binaries, state.slot, target),
        env=database.environment_of(node.connections.superuser),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    ended = asyncio.create_task(receiver.wait())
    sample: Sample | None = None
    try:
        while True:
            done, _ = await asyncio.wait([ended], timeout=LOOK_S)
            if done:
                _log.warning("wal_receiver_ended", code=receiver.returncode)
                return
            now, sample = await asyncio.to_thread(_note_reached, node, state.slot, sample)
            if now is None or now.slot != state.slot:
                return
    finally:
        if receiver.returncode is None:
            os.killpg(receiver.pid, signal.SIGINT)
            await receiver.wait()


def _note_reached(
    node: Node, slot: str, sample: Sample | None
) -> tuple[State | None, Sample | None]:
    """Remembers up to which moment WAL was received.

    The receiver tells its position every few seconds, and a busy database is always ahead of it: so
    it is compared with where the database was at an earlier look, until it is past that.

    Returns:
        What is known now, and the place to compare with at the next look.
    """
    at = node.clock.now()
    with psycopg.connect(node.connections.superuser, autocommit=True) as connection:
        place, has_reached = connection.execute(
            "select pg_current_wal_flush_lsn()::text, coalesce((select r.write_lsn >= %s::pg_lsn"
            " from pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid"
            " where s.slot_name = %s), false)",
            [sample.place if sample else None, slot],
        ).fetchone() or ("0/0", False)
    state = read_state(node.settings.data)
    if sample is None or not has_reached:
        return state, sample or Sample(at, place)
    if state is not None and state.slot == slot:
        state = msgspec.structs.replace(state, reached_at=sample.at)
        write_state(node.settings.data, state)
        write_state(Path(state.folder) / state.wal, state)
    return state, Sample(at, place)
