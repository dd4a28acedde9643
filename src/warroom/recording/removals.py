"""What retention removed, told from the indexes of this node's disks: proof of deletion."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from warroom.cameras import api as cameras
from warroom.kernel import deletions
from warroom.kernel.db import Database
from warroom.kernel.scope import Scope
from warroom.recording.errors import DiskAwayError
from warroom.recording.index_reader import IndexReader


async def report_removals(db: Database, scope: Scope, node: str, disks: Sequence[Path]) -> int:
    """Tells the city what has been removed on each disk since it was last told.

    The index keeps the sums, so what happened while the database was away is told later. A disk
    that cannot be read now is told of the next time. Gives how many sums were told.
    """
    told = 0
    for number, folder in enumerate(disks, 1):
        store = f"{node} disk {number}"
        async with db.transaction(scope) as tx:
            last = await deletions.last_noted(scope, tx, store)
        since_ms = round(last.timestamp() * 1000) if last else 0
        rows = await asyncio.to_thread(_read, folder, since_ms)
        if not rows:
            continue
        async with db.transaction(scope) as tx:
            wanted = {UUID(row[2]) for row in rows}
            found = await cameras.find_cameras(scope, tx, wanted, including_removed=True)
            owners = {one.id: one.agency_id for one in found}
            for row in rows:
                deletion = _deletion(store, row, owners)
                await deletions.note_total(scope, tx, deletion)
        told += len(rows)
    return told


def _read(folder: Path, since_ms: int) -> list[Any]:
    try:
        reader = IndexReader(folder)
    except DiskAwayError:
        return []
    try:
        return list(reader.removals(since_ms))
    except DiskAwayError:
        return []
    finally:
        reader.close()


def _deletion(store: str, row: Any, owners: dict[Any, UUID]) -> deletions.Deletion:
    rule, class_, camera, segments, size, start_ms, end_ms, began_ms, ended_ms = row
    camera_id = UUID(camera)
    return deletions.Deletion(
        store,
        f"footage.{class_}",
        rule,
        segments,
        _instant(began_ms),
        _instant(ended_ms),
        _instant(start_ms),
        _instant(end_ms),
        size,
        owners.get(camera_id),
        camera_id,
    )


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
