"""Holds: footage that retention and the ring must never delete, database or not.

A hold is a row of PostgreSQL, written with its audit entry and told at once; each recorder copies
it into the indexes of its disks, which from then on keep the footage by themselves.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.identity.contracts import Thing, finds, id_of
from warroom.kernel import outbox
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.recording import hold_rules as rules
from warroom.recording.contracts import HOLD, HOLDS, HoldDraft, NewHold, camera_sides
from warroom.recording.errors import ForeignHoldError, HoldNotFoundError
from warroom.recording.playback_index import FootageIndex, Weight
from warroom.recording.playback_service import PENDING_MS, FilmedBy, FindCamera
from warroom.recording.playback_timeline import Span, clip_spans, find_gaps, merge_spans
from warroom.recording.store import holds as store

UNSET: Any = object()
"""Of a change: this stays as it is."""


class HoldService:
    """Use cases of holds.

    Args:
        db: For holds and the audit.
        clock: For the present.
        disks: Folders of this node that are recorded to.
        find_camera: The inventory.
    """

    def __init__(
        self, db: Database, clock: Clock, disks: Iterable[Path], find_camera: FindCamera
    ) -> None:
        self._db = db
        self._clock = clock
        self._index = FootageIndex(list(disks))
        self._find_camera = find_camera

    async def add(self, scope: Scope, draft: HoldDraft) -> list[dict[str, Any]]:
        """Holds the footage of each camera; tells what of it is missing already.

        Raises:
            NotFoundError: A camera does not exist, or its footage is not for this scope to hold.
            InvalidError: The draft cannot be taken (its subclass says why).
        """
        now = self._clock.now()
        draft = rules.check_draft(draft, now)
        async with self._db.transaction(scope) as tx:
            cameras = [
                await self._find_camera(scope, tx, camera_id, HOLD)
                for camera_id in draft.camera_ids
            ]
            wanted = (_ms(draft.start_at), _ms(draft.end_at))
            if any(camera.within(*wanted) != wanted for camera in cameras):
                raise NotFoundError
            rows = [await self._store(scope, tx, camera, draft, now) for camera in cameras]
        return [await self._shown(scope, row, with_missing=True) for row in rows]

    async def keep(self, scope: Scope, hold_id: UUID, draft: HoldDraft) -> bool:
        """Holds one camera's footage under an id of the caller's, or lets that hold reach further.

        The same asked twice is one hold; one that somebody released stays released, and an end is
        never moved back. Tells whether anything changed.

        Raises:
            NotFoundError: The camera does not exist, or its footage is not for this scope to hold.
            InvalidError: The draft cannot be taken (its subclass says why).
        """
        now = self._clock.now()
        draft = rules.check_draft(draft, now)
        async with self._db.transaction(scope) as tx:
            camera = await self._find_camera(scope, tx, draft.camera_ids[0], HOLD)
            row = await store.lock_hold(scope, tx, hold_id)
            if row is None:
                await self._store(scope, tx, camera, draft, now, hold_id)
                return True
            if row["released_at"] is not None or row["end_at"] >= draft.end_at:
                return False
            await store.extend_hold(scope, tx, hold_id, draft.end_at)
            detail = {"to": [_iso(row["end_at"]), _iso(draft.end_at)]}
            await self._tell(scope, tx, "extended", row, draft.reason, detail)
        return True

    async def list_holds(
        self,
        scope: Scope,
        *,
        camera_id: UUID | None = None,
        released: bool = False,
        after: UUID | None = None,
        limit: int = 100,
    ) -> dict[str, Any]:
        """A page of holds in view, newest first: `{items, next}`.

        Args:
            scope: Who asks.
            camera_id: Only of this camera.
            released: Also those that are over.
            after: `next` of the page before.
            limit: Holds a page.
        """
        async with self._db.transaction(scope) as tx:
            rows = await store.list_holds(
                scope,
                tx,
                camera_id=camera_id,
                released=released,
                after=after,
                limit=limit + 1,
            )
        seen = [row for row in rows[:limit] if _may_know(scope, row)]
        return {
            "items": [await self._shown(scope, row) for row in seen],
            "next": rows[limit - 1]["id"] if len(rows) > limit else None,
        }

    async def show(self, scope: Scope, hold_id: UUID) -> dict[str, Any]:
        """One hold in view, over or not, and which parts of its footage are missing.

        Raises:
            HoldNotFoundError: No such hold, or not for this scope.
        """
        async with self._db.transaction(scope) as tx:
            row = await store.lock_hold(scope, tx, hold_id)
        if row is None or not _may_know(scope, row):
            raise HoldNotFoundError
        return await self._shown(scope, row, with_missing=True)

    async def change(
        self,
        scope: Scope,
        hold_id: UUID,
        reason: str,
        *,
        until_at: datetime | None = UNSET,
        case_number: str = UNSET,
    ) -> dict[str, Any]:
        """Gives a hold in force another end, or another case number.

        Raises:
            HoldNotFoundError: No such hold in force, or not for this scope.
            ForeignHoldError: Another agency set it.
            InvalidError: The change cannot be taken (its subclass says why).
        """
        async with self._db.transaction(scope) as tx:
            row = await self._lock(scope, tx, hold_id)
            reason = rules.check_reason(reason)
            until = row["until_at"] if until_at is UNSET else until_at
            if until_at is not UNSET:
                rules.check_until(until_at, self._clock.now())
            case = row["case_number"] if case_number is UNSET else rules.check_case(case_number)
            await store.change_hold(scope, tx, hold_id, until, case)
            detail = {
                "until": [_iso(row["until_at"]), _iso(until)],
                "case_number": [row["case_number"], case],
            }
            await self._tell(scope, tx, "changed", row, reason, detail)
            row |= {"until_at": until, "case_number": case}
        return await self._shown(scope, row, with_missing=True)

    async def release(self, scope: Scope, hold_id: UUID, reason: str) -> None:
        """Ends a hold: retention has its footage again, unless another hold keeps it.

        Raises:
            HoldNotFoundError: No such hold in force, or not for this scope.
            ForeignHoldError: Another agency set it.
            NoReasonError: No reason is given.
        """
        async with self._db.transaction(scope) as tx:
            row = await self._lock(scope, tx, hold_id)
            reason = rules.check_reason(reason)
            await store.release_hold(scope, tx, hold_id, self._clock.now(), reason)
            await self._tell(scope, tx, "released", row, reason, {})

    async def expire(self, scope: Scope) -> int:
        """Ends the holds whose time is over; tells how many. The scope must be the system's."""
        async with self._db.transaction(scope) as tx:
            rows = await store.lock_ending(scope, tx, self._clock.now())
            for row in rows:
                await store.release_hold(scope, tx, row["id"], row["until_at"], None)
                await self._tell(scope, tx, "expired", row, None, {})
        return len(rows)

    async def adopt(self, scope: Scope, reason: str) -> tuple[int, int]:
        """Makes holds that only this node's disks know (an older database) known again.

        Returns:
            How many were adopted, and how many are of cameras that are not known either.

        Raises:
            NoReasonError: No reason is given.
        """
        reason = rules.check_reason(reason)
        held = {h.hold_id: h for h in await asyncio.to_thread(self._index.list_all_holds)}
        adopted = unknown = 0
        async with self._db.transaction(scope) as tx:
            known = await store.known_holds(scope, tx, [UUID(key) for key in held])
            for key, hold in held.items():
                if UUID(key) in known:
                    continue
                try:
                    camera = await self._find_camera(scope, tx, UUID(hold.camera_id), HOLD)
                except NotFoundError:
                    unknown += 1
                    continue
                draft = HoldDraft(
                    (camera.camera_id,), _instant(hold.start_ms), _instant(hold.end_ms), reason
                )
                await self._store(scope, tx, camera, draft, self._clock.now(), UUID(key))
                adopted += 1
        return adopted, unknown

    async def _store(
        self,
        scope: Scope,
        tx: Transaction,
        camera: FilmedBy,
        draft: HoldDraft,
        now: datetime,
        hold_id: UUID | None = None,
    ) -> dict[str, Any]:
        hold = NewHold(
            id=hold_id or new_id(),
            camera_id=camera.camera_id,
            agency_id=camera.agency_id,
            place=camera.place,
            start_at=draft.start_at,
            end_at=draft.end_at,
            reason=draft.reason,
            case_number=draft.case_number,
            until_at=draft.until_at,
            created_at=now,
        )
        await store.insert_hold(scope, tx, hold)
        row = await store.lock_hold(scope, tx, hold.id)
        assert row is not None  # noqa: S101 - whoever may hold the camera's footage sees its holds
        detail = {
            "from": _iso(hold.start_at),
            "to": _iso(hold.end_at),
            "until": _iso(hold.until_at),
            "case_number": hold.case_number,
        }
        await self._tell(scope, tx, "set", row, hold.reason, detail)
        return row

    async def _lock(self, scope: Scope, tx: Transaction, hold_id: UUID) -> dict[str, Any]:
        row = await store.lock_hold(scope, tx, hold_id)
        if row is None or row["released_at"] is not None or not _may_know(scope, row):
            raise HoldNotFoundError
        if not rules.may_end(scope, row["held_by_agency"]):
            raise ForeignHoldError(agency=row["held_by_label"])
        return row

    async def _tell(
        self,
        scope: Scope,
        tx: Transaction,
        change: str,
        row: dict[str, Any],
        reason: str | None,
        detail: dict[str, Any],
    ) -> None:
        """Wakes the recorders and the pages, and writes the audit entry."""
        await outbox.publish(
            tx,
            HOLDS,
            {"change": change, "id": row["id"], "camera_id": row["camera_id"]},
            **camera_sides(row),
            now=self._clock.now(),
        )
        await audit.record(
            scope,
            tx,
            action=HOLD if change == "set" else f"recording:hold_{change}",
            object_kind="camera",
            object_id=row["camera_id"],
            agency_id=row["owner_id"],
            object_label=row["camera_name"],
            place=row["camera_place"],
            detail={"hold": str(row["id"]), **detail},
            reason=reason,
            at=self._clock.now(),
            sides=camera_sides(row),
        )

    async def _shown(
        self, scope: Scope, row: dict[str, Any], *, with_missing: bool = False
    ) -> dict[str, Any]:
        """A hold as JSON has it, with what its footage weighs on this node's disks."""
        now = self._clock.now()
        start_ms, end_ms = _ms(row["start_at"]), _ms(row["end_at"])
        known_ms = min(end_ms, _ms(now) - PENDING_MS)
        camera_id = str(row["camera_id"])
        weight: Weight = await asyncio.to_thread(
            self._index.weigh, camera_id, "main", start_ms, end_ms, known_ms
        )
        shown = {
            "id": row["id"],
            "camera": {
                "id": row["camera_id"],
                "number": row["camera_number"],
                "name": row["camera_name"],
            },
            "from": row["start_at"],
            "to": row["end_at"],
            "reason": row["reason"],
            "case_number": row["case_number"],
            "until_at": row["until_at"],
            "state": rules.state_of(row["released_at"], row["released_by"], row["until_at"], now),
            "created_at": row["created_at"],
            "created_by": row["created_by_label"],
            "held_by": row["held_by_label"],
            "released_at": row["released_at"],
            "released_by": row["released_by_label"],
            "release_reason": row["release_reason"],
            "bytes": weight.size_bytes,
            "missing_s": max(0, known_ms - start_ms - weight.covered_ms) / 1000,
            "may_release": row["released_at"] is None
            and rules.may_end(scope, row["held_by_agency"]),
        }
        if with_missing:
            gaps = await asyncio.to_thread(self._missing, camera_id, start_ms, known_ms)
            shown["missing"] = [
                {
                    "start": _instant(gap.start_ms),
                    "end": _instant(gap.end_ms),
                    "cause": gap.cause,
                }
                for gap in gaps
            ]
        return shown

    def _missing(self, camera_id: str, start_ms: int, end_ms: int) -> list[Span]:
        """The parts of a range that no disk of this node has, with their causes."""
        if end_ms <= start_ms:
            return []
        index = self._index
        spans = [
            Span(start, end) for start, end in index.list_spans(camera_id, "main", start_ms, end_ms)
        ]
        now_ms = _ms(self._clock.now())
        gaps = find_gaps(
            clip_spans(merge_spans(spans, 500), start_ms, end_ms),
            index.list_gaps(camera_id, "main", start_ms, end_ms, now_ms),
            [],
            start_ms=start_ms,
            end_ms=end_ms,
            first_ms=index.bounds(camera_id, "main", start_ms).first_ms,
            pending_ms=now_ms - PENDING_MS,
        )
        # A second is what rounding and the camera's own frame rate may leave between two files.
        return [gap for gap in gaps if gap.end_ms - gap.start_ms >= 1000]


def _may_know(scope: Scope, row: dict[str, Any]) -> bool:
    """Whether a hold touches footage that the scope's right is limited to, if it is limited."""
    windows = scope.footage_of(HOLD, **camera_sides(row))
    return windows is None or any(
        (first is None or first < row["end_at"]) and (last is None or row["start_at"] < last)
        for first, last in windows
    )


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds")


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@finds("hold")
async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The camera of the hold in view with this id, by which rights on the hold are judged."""
    hold_id = id_of(asked)
    row = await store.find_hold(scope, tx, hold_id) if hold_id else None
    if row is None:
        return None
    sides = camera_sides(row)
    label = f"{row['camera_number']} {row['camera_name']}: {row['reason']}"
    return Thing(
        *("hold", row["camera_id"], label, sides["agency_id"], sides["place"]),
        tags=tuple(sides["tags"]),
        class_=sides["class_"],
    )
