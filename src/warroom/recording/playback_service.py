"""Playback for people: who may, the audit of what they saw, and the work in threads.

A row of the audit is written before the first byte leaves. It covers a *window* of the camera's
footage (ten minutes of it, aligned), so that half an hour watched in hundreds of requests is four
rows, none of which can be lost to a crash.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import msgspec

from warroom.audit import api as audit
from warroom.kernel.byte_cache import ByteCache
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.peers import NodeAwayError
from warroom.kernel.scope import Scope, Sides
from warroom.recording.contracts import Hold
from warroom.recording.errors import BadRangeError, NothingThereError
from warroom.recording.footage_nodes import (
    ElsewherePlan,
    FootageOfNodes,
    Part,
    Tenure,
    choose_part,
    join_parts,
    next_at,
    part_of,
    tenures_of,
)
from warroom.recording.playback import PLAN_MS, Library, Mode, Plan, iso_of_ms
from warroom.recording.playback_index import FootageIndex
from warroom.recording.playback_pictures import PictureError, key_frame_jpeg
from warroom.recording.playback_timeline import (
    ClockNote,
    Span,
    clip_spans,
    find_gaps,
    merge_spans,
)
from warroom.recording.settings import DiskSettings, RecordingSettings

VIEW = "recording:view"
WINDOW_MS = 600_000
PICTURE_WINDOW_MS = 3_600_000
AUDIT_AGAIN_S = 900.0
AUDITED_MAX = 100_000
TIMELINE_MAX_MS = 40 * 86_400_000
PENDING_MS = 20_000
STEP_MS = 2_000
"""A plan that ends so much earlier than it was asked to ended by itself."""

THREADS = 4
BATCH_BYTES = 1 << 20
PICTURES_BYTES = 16 << 20
WIDTH_STEP = 32


@dataclass(frozen=True, slots=True)
class FilmedBy:
    """The camera that footage is of: its owner, where it hangs, and what may be seen of it.

    Attributes:
        windows_ms: The stretches (from, to) that the asker's right is limited to; None is all.
    """

    camera_id: UUID
    agency_id: UUID
    place: str | None
    tags: tuple[str, ...]
    retention_class: str
    label: str
    windows_ms: tuple[tuple[int, int], ...] | None = None

    @property
    def sides(self) -> Sides:
        """By what rights on it are judged."""
        return {
            "agency_id": self.agency_id,
            "place": self.place,
            "object_id": self.camera_id,
            "tags": self.tags,
            "class_": self.retention_class,
        }

    def within(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        """The part of a range that may be seen: the first window that it meets.

        Raises:
            NothingThereError: None of it.
        """
        if self.windows_ms is None:
            return start_ms, end_ms
        for first_ms, last_ms in sorted(self.windows_ms):
            if first_ms < end_ms and start_ms < last_ms:
                return max(first_ms, start_ms), min(last_ms, end_ms)
        raise NothingThereError


type FindCamera = Callable[[Scope, Transaction, UUID, str], Awaitable[FilmedBy]]
"""The camera with this id on which the scope allows the action; raises NotFoundError else."""


type ListRecordedBy = Callable[
    [Transaction, UUID], Awaitable[list[tuple[str, datetime, datetime | None]]]
]
"""Which node recorded a camera from when on, and when it was last seen, by time."""


async def recorded_here(
    tx: Transaction, camera_id: UUID
) -> list[tuple[str, datetime, datetime | None]]:
    """Of a node that knows of no other."""
    del tx, camera_id
    return []


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a camera's time line shows in a range.

    Attributes:
        away: Nodes that recorded it in the range and do not answer; when each was last seen.
    """

    start_ms: int
    end_ms: int
    spans: list[Span]
    gaps: list[Span]
    held: list[Hold]
    clock: list[ClockNote]
    first_ms: int | None
    last_ms: int | None
    away: tuple[tuple[str, datetime | None], ...] = ()


@dataclass(frozen=True, slots=True)
class DiskLine:
    """How full a disk is with footage, for people: `ok`, `empty` or `away`."""

    label: str
    bytes: int
    quota_bytes: int
    oldest_ms: int | None
    state: str
    held_bytes: int = 0
    node: str = ""


class PlaybackService:
    """Footage of the city's nodes for people who may see it.

    Args:
        db: For cameras and the audit.
        clock: For the present.
        settings: The disks.
        data: Folder of this node's data.
        find_camera: The inventory.
        recorded_by: Which nodes recorded a camera.
        nodes: The other nodes.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        settings: RecordingSettings,
        data: Path,
        find_camera: FindCamera,
        recorded_by: ListRecordedBy = recorded_here,
        nodes: FootageOfNodes | None = None,
    ) -> None:
        self._recorded_by = recorded_by
        self._nodes = nodes or FootageOfNodes(None)
        self._db = db
        self._clock = clock
        self._disks = settings.disk_list(data)
        self._find_camera = find_camera
        self._library = Library(FootageIndex([Path(disk.path) for disk in self._disks]))
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="playback")
        self._audited: OrderedDict[tuple[Any, ...], float] = OrderedDict()
        self._pictures = ByteCache[tuple[str, int, int]](PICTURES_BYTES)

    @property
    def library(self) -> Library:
        """The footage itself, without rights."""
        return self._library

    async def timeline(
        self, scope: Scope, camera_id: UUID, start_ms: int, end_ms: int, resolution_ms: int
    ) -> Timeline:
        """Footage and gaps of a camera in a range.

        Args:
            scope: Who asks.
            camera_id: Whose footage.
            start_ms: From (UTC, ms since 1970).
            end_ms: To.
            resolution_ms: Pieces closer than this are shown as one.

        Raises:
            NotFoundError: No such camera for this scope.
            BadRangeError: The range is empty or longer than 40 days.
        """
        _check_range(start_ms, end_ms, TIMELINE_MAX_MS)
        camera, tenures = await self._find(scope, camera_id)
        parts, away = await self._parts(tenures, camera_id, start_ms, end_ms)
        whole = self._line(
            join_parts(parts.values(), tenures, away), start_ms, end_ms, resolution_ms
        )
        seen = {t.node: t.seen_at for t in tenures if t.start_ms < end_ms and t.end_ms > start_ms}
        lost = tuple((node, seen[node]) for node in sorted(away & seen.keys()))
        whole = replace(whole, away=lost)
        return whole if camera.windows_ms is None else _windowed(whole, camera.windows_ms)

    async def plan(
        self,
        scope: Scope,
        camera_id: UUID,
        start_ms: int,
        end_ms: int,
        mode: Mode,
        base_ms: int | None = None,
    ) -> Plan | ElsewherePlan:
        """What will be sent for a range; the look is in the audit when this returns.

        Where several nodes have footage, a plan is of one of them and ends where another's goes on.

        Raises:
            NotFoundError: No such camera for this scope.
            NothingThereError: No footage in the range.
            NodeAwayError: The node that has the footage went away meanwhile.
            BadRangeError: The range is empty.
        """
        _check_range(start_ms, end_ms, None)
        camera, tenures = await self._find(scope, camera_id)
        start_ms, end_ms = camera.within(start_ms, end_ms)
        try:
            plan = await self._plan_of(tenures, camera_id, start_ms, end_ms, mode, base_ms)
        except NothingThereError as error:
            # Where footage goes on is not told to who may not see it there.
            raise (error if camera.windows_ms is None else NothingThereError()) from error
        if camera.windows_ms is not None:
            last_ms = max(last_ms for _, last_ms in camera.windows_ms)
            plan = replace(plan, next_ms=min(plan.next_ms, last_ms))
        await self._record(scope, camera, plan.first_ms, plan.last_ms, WINDOW_MS, mode)
        return plan

    async def _plan_of(
        self,
        tenures: list[Tenure],
        camera_id: UUID,
        start_ms: int,
        end_ms: int,
        mode: Mode,
        base_ms: int | None,
    ) -> Plan | ElsewherePlan:
        others = self._nodes.others_of(tenures)
        if not others:
            return await self._in_thread(
                self._library.plan, str(camera_id), "main", start_ms, end_ms, mode
            )
        end_ms = min(end_ms, start_ms + PLAN_MS)
        parts, _ = await self._parts(tenures, camera_id, start_ms, end_ms)
        choice = choose_part(parts, start_ms, end_ms)
        if choice is None:
            nexts = [part.next_ms for part in parts.values() if part.next_ms is not None]
            raise NothingThereError(next_at=next_at(min(nexts, default=None)))
        plan: Plan | ElsewherePlan
        if choice.node == self._nodes.name:
            plan = await self._in_thread(
                self._library.plan, str(camera_id), "main", start_ms, choice.end_ms, mode
            )
        else:
            body = {"camera": str(camera_id), "start": start_ms, "end": choice.end_ms}
            plan = await self._nodes.plan(choice.node, {**body, "base": base_ms}, mode)
        if choice.next_ms is None or plan.last_ms < choice.end_ms - STEP_MS:
            return plan  # it goes on with this node, or ended early by its own limits
        return replace(plan, next_ms=max(choice.next_ms, plan.first_ms + 1))

    async def stream(
        self, plan: Plan | ElsewherePlan, base_ms: int, mode: Mode
    ) -> AsyncIterator[bytes]:
        """The bytes of a plan, about a megabyte at a time."""
        if isinstance(plan, ElsewherePlan):
            async for piece in plan.read():
                yield piece
            return
        fragments = self._library.read(plan, base_ms, mode)

        def batch() -> bytes:
            parts: list[bytes] = []
            size = 0
            while size < BATCH_BYTES and (part := next(fragments, b"")):
                parts.append(part)
                size += len(part)
            return b"".join(parts)

        while piece := await self._in_thread(batch):
            yield piece

    async def thumbnail(self, scope: Scope, camera_id: UUID, at_ms: int, width: int) -> bytes:
        """JPEG of the key frame at or before an instant.

        Raises:
            NotFoundError: No such camera for this scope.
            NothingThereError: No footage then, or it cannot be decoded.
        """
        camera, tenures = await self._find(scope, camera_id)
        camera.within(at_ms, at_ms + 1)
        width = -(-width // WIDTH_STEP) * WIDTH_STEP
        picture = await self._picture_of(tenures, camera_id, at_ms, width)
        await self._record(scope, camera, at_ms, at_ms + 1, PICTURE_WINDOW_MS, "picture")
        return picture

    async def _picture_of(
        self, tenures: list[Tenure], camera_id: UUID, at_ms: int, width: int
    ) -> bytes:
        try:
            return await self._in_thread(self._picture, str(camera_id), at_ms, width)
        except NothingThereError as error:
            nothing = error
        for node in self._nodes.others_of(tenures):
            try:
                return await self._nodes.picture(node, camera_id, at_ms, width)
            except (NothingThereError, NodeAwayError):
                continue
        raise nothing

    async def disks(self) -> list[DiskLine]:
        """How full the disks are, those of other nodes too; a node that is away has one line."""
        own, others = await asyncio.gather(self.own_disks(), self._nodes.disks())
        found = [replace(line, node=self._nodes.name) for line in own]
        for node, lines in others:
            if lines is None:
                found.append(DiskLine("", 0, 0, None, "away", node=node))
            else:
                found += [replace(msgspec.convert(line, DiskLine), node=node) for line in lines]
        return found

    async def own_disks(self) -> list[DiskLine]:
        """How full the disks of this node are."""
        return [
            msgspec.convert(line, DiskLine)
            for line in await self._in_thread(disk_lines, self._library.index, self._disks)
        ]

    async def __aenter__(self) -> Self:
        """Begins; threads are made when they are needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _find(self, scope: Scope, camera_id: UUID) -> tuple[FilmedBy, list[Tenure]]:
        """The camera, for who may see its footage, and which nodes recorded it."""
        async with self._db.transaction(scope) as tx:
            camera = await self._find_camera(scope, tx, camera_id, VIEW)
            return camera, tenures_of(await self._recorded_by(tx, camera_id))

    async def _parts(
        self, tenures: list[Tenure], camera_id: UUID, start_ms: int, end_ms: int
    ) -> tuple[dict[str, Part], set[str]]:
        """What each node has of a range, and which do not answer."""
        others = self._nodes.others_of(tenures)
        now_ms = _ms(self._clock.now())
        own = self._in_thread(part_of, self._library, str(camera_id), start_ms, end_ms, now_ms)
        if not others:
            return {self._nodes.name: await own}, set()
        mine, (parts, away) = await asyncio.gather(
            own, self._nodes.parts(others, camera_id, start_ms, end_ms)
        )
        return {self._nodes.name: mine, **parts}, away

    def _line(self, part: Part, start_ms: int, end_ms: int, resolution_ms: int) -> Timeline:
        now_ms = _ms(self._clock.now())
        gaps = find_gaps(
            clip_spans(part.spans, start_ms, end_ms),
            part.gaps,
            part.damaged,
            start_ms=start_ms,
            end_ms=min(end_ms, now_ms),
            first_ms=part.first_ms,
            pending_ms=now_ms - PENDING_MS,
        )
        return Timeline(
            start_ms,
            end_ms,
            clip_spans(merge_spans(part.spans, max(500, resolution_ms)), start_ms, end_ms),
            [gap for gap in gaps if gap.end_ms - gap.start_ms >= resolution_ms],
            part.held,
            part.clock,
            part.first_ms,
            part.last_ms,
        )

    def _picture(self, camera_id: str, at_ms: int, width: int) -> bytes:
        piece, stored, init = self._library.fragment_at(camera_id, "main", at_ms)
        key = (camera_id, piece.wall_ms, width)
        picture = self._pictures.get(key)
        if picture is None:
            try:
                picture = key_frame_jpeg(init.header, self._library.key_sample(stored), width)
            except PictureError as error:
                raise NothingThereError from error
            self._pictures.put(key, picture)
        return picture

    async def _record(
        self,
        scope: Scope,
        camera: FilmedBy,
        start_ms: int,
        end_ms: int,
        window_ms: int,
        way: str,
    ) -> None:
        """Writes a row for each window of footage that this session has not looked into lately."""
        now = self._clock.monotonic()
        asker = scope.session_id or scope.person_id
        new: dict[tuple[Any, ...], audit.Asked] = {}
        for window in range(start_ms // window_ms, (end_ms - 1) // window_ms + 1):
            key = (asker, camera.camera_id, "footage" if way in ("all", "keys") else way, window)
            written_at = self._audited.get(key)
            if written_at is not None and now - written_at < AUDIT_AGAIN_S:
                continue
            first_ms, last_ms = window * window_ms, (window + 1) * window_ms
            detail = {
                "way": way,
                "from": iso_of_ms(max(first_ms, start_ms)),
                "to": iso_of_ms(last_ms),
            }
            new[key] = audit.Asked(
                VIEW,
                "camera",
                camera.camera_id,
                camera.agency_id,
                camera.label,
                camera.place,
                detail,
                at=self._clock.now(),
                sides=camera.sides,
            )
        await asyncio.gather(
            *(audit.record_alone(scope, self._db, asked) for asked in new.values())
        )
        for key in new:
            self._audited[key] = now
            self._audited.move_to_end(key)
        while len(self._audited) > AUDITED_MAX:
            self._audited.popitem(last=False)

    async def _in_thread[**P, T](
        self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: work(*args, **kwargs)
        )


def disk_lines(index: FootageIndex, disks: list[DiskSettings]) -> list[dict[str, Any]]:
    """How full the disks of this node are, for people: by number, and not by path."""
    return [
        {
            "label": f"disk {number}",
            "bytes": use.size_bytes or 0,
            "quota_bytes": disk.quota_bytes,
            "oldest_ms": use.oldest_ms,
            "state": "away" if use.size_bytes is None else "ok" if use.size_bytes else "empty",
            "held_bytes": use.held_bytes,
        }
        for number, (disk, use) in enumerate(zip(disks, index.disk_use(), strict=True), 1)
    ]


def _windowed(timeline: Timeline, windows: tuple[tuple[int, int], ...]) -> Timeline:
    """The time line with nothing of what lies outside the windows."""

    def cut[T: (Span, Hold)](items: list[T]) -> list[T]:
        return [
            replace(item, start_ms=max(item.start_ms, first_ms), end_ms=min(item.end_ms, last_ms))
            for first_ms, last_ms in sorted(windows)
            for item in items
            if item.start_ms < last_ms and first_ms < item.end_ms
        ]

    spans = cut(timeline.spans)
    return replace(
        timeline,
        spans=spans,
        gaps=cut(timeline.gaps),
        held=cut(timeline.held),
        clock=[note for note in timeline.clock if note.start_ms < max(t for _, t in windows)],
        first_ms=min((span.start_ms for span in spans), default=None),
        last_ms=max((span.end_ms for span in spans), default=None),
    )


def _check_range(start_ms: int, end_ms: int, longest_ms: int | None) -> None:
    if end_ms <= start_ms or (longest_ms is not None and end_ms - start_ms > longest_ms):
        raise BadRangeError


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
