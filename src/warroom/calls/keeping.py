"""How long recordings of calls stay: by age, and longer while somebody holds them."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.calls import desk_store, hold_store
from warroom.calls.contracts import HOLD
from warroom.calls.errors import ForeignCallHoldError, NoCallError, NoRecordingError
from warroom.kernel import deletions
from warroom.kernel.db import Database, Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.log import logger
from warroom.kernel.scope import Scope

AT_ONCE = 100

_log = logger("calls.keeping")


@dataclass(frozen=True, slots=True)
class CallHold:
    """Why a recording is kept.

    Attributes:
        until_at: When it ends by itself; None until somebody lets go.
        id: Of a hold that is one however often it is asked for.
    """

    reason: str
    case_number: str = ""
    until_at: datetime | None = None
    id: UUID = field(default_factory=new_id)


async def hold(scope: Scope, tx: Transaction, call_id: UUID, why: CallHold, now: datetime) -> bool:
    """Keeps the recording of a call; False where this hold is there already, released or not.

    Raises:
        NoCallError: There is no such call, or not for them.
        NoRecordingError: It was deleted.
    """
    call = await hold_store.lock_call(scope, tx, call_id)
    if call is None:
        raise NoCallError
    if call["recording_gone_at"] is not None:
        raise NoRecordingError(node="-")
    values = {
        "id": why.id,
        "call_id": call_id,
        "agency_id": scope.agency_id if scope.person_id else None,
        "reason": why.reason,
        "case_number": why.case_number,
        "until_at": why.until_at,
        "now": now,
        "person_id": scope.person_id,
    }
    if not await hold_store.insert_hold(scope, tx, values):
        return False
    await _tell(scope, tx, HOLD, call_id, call["agency_id"], why.reason, why.id)
    return True


async def hold_many(
    scope: Scope, tx: Transaction, wanted: dict[UUID, UUID], reason: str, now: datetime
) -> int:
    """Keeps the recordings of calls for the system; how many holds are new.

    Args:
        scope: The system's.
        tx: The transaction.
        wanted: Call -> id of its hold, which is one however often it is asked for.
        reason: Why.
        now: The instant.
    """
    new = await hold_store.insert_many(scope, tx, wanted, reason, now)
    for row in new:
        await _tell(scope, tx, HOLD, row["call_id"], row["agency_id"], reason, row["id"])
    return len(new)


async def list_holds(scope: Scope, tx: Transaction, call_id: UUID, now: datetime) -> bytes:
    """Who keeps the recording of a call, and who kept it, as a JSON list.

    Raises:
        NoCallError: There is no such call, or not for them.
    """
    if await desk_store.find_call(scope, tx, call_id, HOLD) is None:
        raise NoCallError
    return await hold_store.list_holds(scope, tx, call_id, now)


async def release(
    scope: Scope, tx: Transaction, call_id: UUID, hold_id: UUID, reason: str, now: datetime
) -> None:
    """Lets go of a recording.

    Raises:
        NoCallError: There is no such hold, or not for them.
        ForeignCallHoldError: Another agency holds it.
    """
    found = await hold_store.lock_hold(scope, tx, call_id, hold_id)
    if found is None or found["released_at"] is not None:
        raise NoCallError
    if found["held_by_agency"] not in {None, scope.agency_id}:
        raise ForeignCallHoldError
    await hold_store.release_hold(scope, tx, hold_id, reason, now)
    await _tell(scope, tx, "call:hold_released", call_id, found["agency_id"], reason, hold_id)


async def _tell(
    scope: Scope,
    tx: Transaction,
    deed: str,
    call_id: UUID,
    agency_id: UUID,
    reason: str,
    hold_id: UUID,
) -> None:
    await audit.record(
        scope,
        tx,
        action=deed,
        object_kind="call",
        object_id=call_id,
        agency_id=agency_id,
        detail={"hold": str(hold_id)},
        reason=reason,
    )


@dataclass(frozen=True, slots=True)
class RecordingKeeper:
    """Deletes the recordings of one node that nobody holds any more.

    Attributes:
        folder: Where the edge keeps them.
        days: How long they stay.
    """

    db: Database
    folder: Path
    node: str
    days: float

    async def forget(self, scope: Scope, now: datetime) -> int:
        """Deletes what is due; how many recordings went.

        A file goes before its row says so: what dies in between finds no file the next time, and
        says then what is true. One that cannot be deleted is tried again the next time, and keeps
        none behind it.
        """
        total, stuck = 0, list[UUID]()
        while found := await self._some(scope, now, stuck):
            gone, left = found
            total += gone
            stuck += left
        return total

    async def _some(
        self, scope: Scope, now: datetime, stuck: list[UUID]
    ) -> tuple[int, list[UUID]] | None:
        """How many of the next went, and those that could not; None where there is no next."""
        before = now - timedelta(days=self.days)
        values = {"node": self.node, "before": before, "now": now, "most": AT_ONCE, "stuck": stuck}
        async with self.db.transaction(scope) as tx:
            due = await hold_store.lock_due(scope, tx, values)
            if not due:
                return None
            sizes = await asyncio.to_thread(self._delete, [row["recording_path"] for row in due])
            gone = [(row, size) for row, size in zip(due, sizes, strict=True) if size is not None]
            await hold_store.set_gone(scope, tx, [row["id"] for row, _ in gone], now)
            for deletion in _sums(gone, now):
                await deletions.note(scope, tx, deletion)
        done = {row["id"] for row, _ in gone}
        return len(gone), [row["id"] for row in due if row["id"] not in done]

    def _delete(self, paths: list[str]) -> list[int | None]:
        """Bytes that went with each; None where a file cannot be deleted."""
        return [self._delete_one(self.folder / path) for path in paths]

    def _delete_one(self, path: Path) -> int | None:
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        except OSError as error:
            _log.error("calls.recording_not_deleted", call=path.stem, problem=error.strerror)
            return None
        return size


def _sums(gone: list[tuple[dict[str, Any], int]], now: datetime) -> list[deletions.Deletion]:
    """What went, by agency."""
    by_agency = defaultdict(list)
    for row, size in gone:
        by_agency[row["agency_id"]].append((row["offered_at"], size))
    return [
        deletions.Deletion(
            *("call", "call_recording", "age", len(items), now, now),
            first_at=min(at for at, _ in items),
            last_at=max(at for at, _ in items),
            bytes=sum(size for _, size in items),
            agency_id=agency_id,
        )
        for agency_id, items in by_agency.items()
    ]
