"""One disk: a writer thread that only writes, and a keeper thread for everything that may wait.

The loop puts finished GOPs into a bounded queue and never blocks. The writer appends each with one
`write`. The keeper makes closed files last (`fsync`), puts them into the index in batches, empties
garbage and enforces retention. A disk that is slow, full or broken costs footage of its own
cameras alone: what does not fit is lost with a gap row that says why, and it is tried again with
the next GOP.
"""

import errno
import hashlib
import os
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from warroom.kernel.log import logger
from warroom.recording.contracts import DiskState, GopEntry, Hold
from warroom.recording.errors import Cause
from warroom.recording.footage import GopWrite, SegmentFile
from warroom.recording.index import Index, NewSegment, segment_path, sync_folder
from warroom.recording.recovery import Recovered, recover
from warroom.recording.rules import bytes_to_free, ring_bytes
from warroom.recording.settings import DiskSettings, RecordingSettings
from warroom.recording.shares import CameraTerms, Doomed, Sharing, choose, kbit_s

_BATCH_S = 0.5
_BEAT_S = 1.0
"""How well the moment of a crash is known afterwards."""
_RETAIN_EVERY_S = 2.0
_REMOVE_AT_ONCE = 500
_REOPEN_S = 3.0
_PROBLEM_SHOWN_S = 10.0
_BROKEN_SHOWN_S = 3600.0
"""So long it is told that guaranteed footage had to go: an hour of calm ends the alarm."""
_QUEUE_SHARE = 4
"""One camera may fill a quarter of the queue: what it sends too much must not be others' loss."""
_USUAL_AFTER_MS = 600_000
"""With less footage than this a camera has no usual bit rate yet."""
_LOOK = "look"
"""A change that changes nothing: the keeper is to look after the disk now."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

_log = logger("recording.disk")

type Write = Callable[[int, bytes], int]


class _OpenFile:
    """A segment's file while it is written; belongs to the writer thread."""

    __slots__ = ("digest", "duration", "end_ms", "frames", "gops", "handle", "path", "size")

    def __init__(self, handle: int, path: str) -> None:
        self.handle = handle
        self.path = path
        self.size = 0
        self.frames = 0
        self.duration = 0
        self.end_ms = 0
        self.digest = hashlib.sha256()
        self.gops: list[GopEntry] = []


class Disk:
    """The recorder of one disk (implements `footage.Recorder`).

    Args:
        settings: Which folder, how much.
        recording: Retention and limits.
        wall: Seconds since 1970.
        write: `os.write`, or a slower or failing one in tests.
    """

    def __init__(
        self,
        settings: DiskSettings,
        recording: RecordingSettings,
        wall: Callable[[], float],
        *,
        write: Write = os.write,
    ) -> None:
        self.settings = settings
        self.folder = Path(settings.path)
        self.recovered: Recovered | None = None
        self.is_ready = threading.Event()
        self.is_open = False
        self._recording = recording
        self._wall = wall
        self._write = write
        self._planned: list[tuple[Any, ...]] = []
        self._queue: queue.SimpleQueue[list[tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._kept: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._put_bytes = 0
        self._done_bytes = 0
        self._written_bytes = 0
        self._files: dict[SegmentFile, _OpenFile] = {}
        self._lost: set[tuple[str, str]] = set()
        self._last_ends: dict[tuple[str, str], int] = {}
        self._problem: tuple[str, float] | None = None
        self._summary: tuple[int, int, int | None] = (0, 0, None)
        self._holds: tuple[Hold, ...] | None = None
        self._applied_holds: tuple[Hold, ...] | None = None
        self._terms: dict[str, CameraTerms] | None = None
        self._applied_terms: dict[str, CameraTerms] | None = None
        self._sharing = Sharing(
            fair_factor=recording.fair_factor,
            fair_kbit_s=recording.fair_kbit_s,
            guaranteed_days=recording.guaranteed_days,
            agency_shares=recording.agency_shares,
        )
        self._usual: dict[str, float] = {}
        self._broken_until = 0.0
        self._waiting: dict[tuple[str, str], int] = {}
        self._waited: dict[tuple[str, str], int] = {}
        self._unknown_holds = 0
        self._held_bytes = 0
        self._must_free = threading.Event()
        self._is_stopping = False
        self._growth: deque[tuple[float, int]] = deque(maxlen=16)
        self.lost_gops = 0
        self.removed_segments = 0
        name = self.folder.name
        self._writer = threading.Thread(target=self._write_all, name=f"write-{name}", daemon=True)
        self._keeper = threading.Thread(target=self._keep_all, name=f"keep-{name}", daemon=True)

    def start(self) -> None:
        """Opens the index, recovers in the background; `is_ready` tells when it was tried."""
        self._keeper.start()
        self._writer.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Writes what is queued, indexes it and ends both threads."""
        self._is_stopping = True
        self.flush()
        self._queue.put(None)
        self._writer.join(timeout_s)
        self._kept.put(None)
        self._keeper.join(timeout_s)

    # -- called by the loop

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait to be written."""
        return self._put_bytes - self._done_bytes

    def last_end_ms(self, camera_id: str, role: str) -> int:
        """Where a stream's footage on this disk ended when the recorder started."""
        return self._last_ends.get((camera_id, role), 0)

    def write(self, gop: GopWrite) -> bool:
        """Takes a GOP into the queue; False when there is no room, or none for this camera."""
        most, key = self._recording.queue_bytes, gop.segment.assignment.key
        put = self._waiting.get(key, 0)
        waiting = put - self._waited.get(key, 0)
        is_full = not self.is_open or self.queued_bytes + gop.size > most
        if is_full or (waiting and waiting + gop.size > most // _QUEUE_SHARE):
            self.lost_gops += 1
            if is_full:
                self._problem = ("slow" if self.is_open else "error", self._wall())
            return False
        self._put_bytes += gop.size
        self._waiting[key] = put + gop.size
        self._planned.append((self._do_gop, gop))
        return True

    def end(self, segment: SegmentFile, end_ms: int) -> None:
        """The segment is complete; it ends at `end_ms`."""
        self._planned.append((self._do_end, segment, end_ms))

    def begin_gap(self, camera_id: str, role: str, start_ms: int, cause: Cause) -> None:
        """Footage ends; see `footage.Recorder`."""
        self._planned.append((self._forward, "begin_gap", camera_id, role, start_ms, cause.value))

    def end_gap(self, camera_id: str, role: str, end_ms: int) -> None:
        """Footage goes on; see `footage.Recorder`."""
        self._planned.append((self._forward, "end_gap", camera_id, role, end_ms))

    def flush(self) -> None:
        """Wakes the writer for what a turn of the loop planned: one waking for all of it."""
        if self._planned:
            planned, self._planned = self._planned, []
            self._queue.put(planned)

    def set_holds(self, holds: list[Hold]) -> None:
        """Footage that must stay, at once and from now on."""
        self._holds = tuple(holds)
        self._kept.put((_LOOK,))

    def set_terms(self, terms: dict[str, CameraTerms]) -> None:
        """What the cameras recorded here were promised, from now on."""
        if terms != self._terms:
            self._terms = terms
            self._kept.put((_LOOK,))

    def usual_kbit_s(self, camera_id: str) -> float | None:
        """The bit rate of a camera's footage that is kept here; None while there is too little."""
        return self._usual.get(camera_id)

    def state(self) -> DiskState:
        """How the disk is doing now."""
        size, _, oldest = self._summary
        problem = "ok"
        if not self.is_open:
            problem = "error"
        elif self._problem is not None and self._wall() - self._problem[1] < _PROBLEM_SHOWN_S:
            problem = self._problem[0]
        return DiskState(
            str(self.folder),
            problem,
            size,
            self.settings.quota_bytes,
            oldest,
            self.queued_bytes,
            self._held_bytes,
            tuple(sorted({camera_id for camera_id, _ in tuple(self._lost)})),
            self._unknown_holds,
            self._wall() < self._broken_until,
        )

    # -- the writer

    def _write_all(self) -> None:
        while (jobs := self._queue.get()) is not None:
            for job, *arguments in jobs:
                try:
                    job(*arguments)
                except Exception:  # noqa: BLE001 - the background loop of a disk
                    # A job must not end the thread: the disk's other cameras go on.
                    _log.exception("disk_job_failed", disk=self.folder.name)
        for segment in list(self._files):
            self._do_end(segment, 0)

    def _forward(self, *change: object) -> None:
        self._kept.put(change)

    def _do_gop(self, gop: GopWrite) -> None:
        segment = gop.segment
        try:
            if segment.failed is not None:
                self._lose(gop, segment.failed)
                return
            self._append(gop)
        except OSError as error:
            cause = Cause.DISK_FULL if error.errno in _FULL else Cause.DISK_ERROR
            segment.failed = cause
            self._problem = ("full" if cause is Cause.DISK_FULL else "error", self._wall())
            if cause is Cause.DISK_FULL:
                self._must_free.set()
            _log.warning("gop_not_written", disk=self.folder.name, errno=error.errno)
            self._lose(gop, cause)
            self._do_end(segment, 0)
        finally:
            self._done_bytes += gop.size
            key = segment.assignment.key
            self._waited[key] = self._waited.get(key, 0) + gop.size

    def _append(self, gop: GopWrite) -> None:
        segment = gop.segment
        file = self._files.get(segment)
        header = b""
        if file is None:
            file = self._create(segment)
            header = segment.header()
        content = b"".join((header, gop.head, *gop.parts))
        try:
            done = self._write(file.handle, content)
            while done < len(content):
                done += self._write(file.handle, content[done:])
        except OSError:
            os.ftruncate(file.handle, file.size)
            os.lseek(file.handle, file.size, os.SEEK_SET)
            raise
        file.digest.update(content)
        entry = gop.entry
        offset = file.size + len(header) + 32
        file.gops.append(
            GopEntry(entry.tfdt_90k, offset, entry.length, entry.wall_delta_ms, entry.frames)
        )
        file.size += len(content)
        file.frames += entry.frames
        file.duration = entry.tfdt_90k + gop.duration_90k
        file.end_ms = gop.end_ms
        self._written_bytes += len(content)
        stream = segment.assignment.key
        if stream in self._lost:
            self._lost.discard(stream)
            self._kept.put(("end_gap", *stream, gop.start_ms))

    def _create(self, segment: SegmentFile) -> _OpenFile:
        path = segment_path(segment.assignment.camera_id, segment.assignment.role, segment.start_ms)
        full = self.folder / path
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            handle = os.open(full, flags, 0o600)
        except FileNotFoundError:
            full.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(full, flags, 0o600)
        file = _OpenFile(handle, path)
        self._files[segment] = file
        return file

    def _lose(self, gop: GopWrite, cause: Cause) -> None:
        self.lost_gops += 1
        stream = gop.segment.assignment.key
        if stream not in self._lost:
            self._lost.add(stream)
            self._kept.put(("begin_gap", *stream, gop.start_ms, cause.value))

    def _do_end(self, segment: SegmentFile, end_ms: int) -> None:
        file = self._files.pop(segment, None)
        if file is None:
            return
        if not file.gops:
            os.close(file.handle)
            (self.folder / file.path).unlink(missing_ok=True)
            return
        last = max(file.end_ms, segment.start_ms + 1)
        if segment.failed is None and end_ms and abs(end_ms - last) <= 1:
            last = end_ms
        assignment = segment.assignment
        new = NewSegment(
            camera_id=assignment.camera_id,
            role=assignment.role,
            run_id=segment.run_id,
            start_ms=segment.start_ms,
            end_ms=last,
            media_duration_90k=file.duration,
            size_bytes=file.size,
            frames=file.frames,
            path=file.path,
            sha256=file.digest.digest(),
            init=segment.init,
            gops=file.gops,
            clock_offset_ms=segment.clock[0],
            clock_uncertainty_ms=segment.clock[1],
            retention_class=assignment.retention_class,
        )
        self._kept.put(("add", new, file.handle))

    # -- the keeper

    def _keep_all(self) -> None:
        index = self._open()
        batch: list[tuple[Any, ...]] = []
        due_s = beat_s = 0.0
        is_last = False
        while index is not None and not (is_last and not batch):
            if not is_last:
                is_last = self._collect(batch)
            try:
                if batch:
                    self._commit(index, batch)
                    batch.clear()
                if abs(self._wall() - beat_s) >= _BEAT_S:
                    beat_s = self._wall()
                    index.beat(self._now_ms())
                is_told = (
                    self._holds is not self._applied_holds or self._terms is not self._applied_terms
                )
                if self._wall() >= due_s or self._must_free.is_set() or is_told:
                    due_s = self._wall() + _RETAIN_EVERY_S
                    self._look_after(index)
            except (sqlite3.Error, OSError) as error:
                self._problem = ("error", self._wall())
                _log.warning("index_not_written", disk=self.folder.name, error=str(error))
                self._must_free.wait(0.5)
                if is_last:
                    index.close()
                    return
        if index is not None:
            self._end_in_order(index)
            index.close()

    def _end_in_order(self, index: Index) -> None:
        try:
            index.beat(self._now_ms(), is_stopped=True)
        except sqlite3.Error as error:
            # Then the next run takes this one for a crash, which errs against us.
            _log.warning("stop_not_written", disk=self.folder.name, error=str(error))

    def _now_ms(self) -> int:
        return round(self._wall() * 1000)

    def _open(self) -> Index | None:
        while True:
            try:
                index = Index(self.folder)
                self.recovered = recover(index, self._now_ms())
                self._last_ends = index.last_ends()
                index.drop_empty_uses()
                self._sharing = replace(self._sharing, terms=index.terms())
                self._summary = index.summary()
                self.is_open = True
                self.is_ready.set()
                _log.info(
                    "disk_open",
                    disk=self.folder.name,
                    segments=self._summary[1],
                    recovered=self.recovered.segments,
                    cut_bytes=self.recovered.cut_bytes,
                )
            except (sqlite3.Error, OSError) as error:
                _log.warning("disk_not_opened", disk=self.folder.name, error=str(error))
                self.is_ready.set()
                if self._is_stopping:
                    return None
                self._must_free.wait(_REOPEN_S)
            else:
                return index

    def _collect(self, batch: list[tuple[Any, ...]]) -> bool:
        """Waits for changes, then for those that follow soon; True when it is the end."""
        until_s = self._wall() + _BATCH_S
        while (left_s := until_s - self._wall()) > 0:
            try:
                change = self._kept.get(timeout=min(left_s, _BATCH_S))
            except queue.Empty:
                return False
            if change is None:
                return True
            if change[0] is _LOOK:
                return False
            batch.append(change)
            if self._must_free.is_set():
                return False
        return False

    def _commit(self, index: Index, batch: list[tuple[Any, ...]]) -> None:
        folders = set()
        for number, change in enumerate(batch):
            if change[0] != "add":
                continue
            new, handle = change[1], change[2]
            if handle >= 0:
                batch[number] = ("add", new, -1)
                self._settle(handle)
            folders.add((self.folder / new.path).parent)
        for folder in folders:
            sync_folder(folder)
        with index.transaction():
            for change in batch:
                if change[0] == "add":
                    index.add_segment(change[1])
                else:
                    getattr(index, change[0])(*change[1:])

    def _settle(self, handle: int) -> None:
        """Makes a closed file last.

        An error is told; the row is made all the same, and its SHA-256 shows later whether the
        bytes are good.
        """
        try:
            os.fsync(handle)
        except OSError as error:
            self._problem = ("error", self._wall())
            _log.error("fsync_failed", disk=self.folder.name, errno=error.errno)
        finally:
            os.close(handle)

    def _look_after(self, index: Index) -> None:
        """Holds, retention, garbage, figures."""
        self._must_free.clear()
        holds = self._holds
        if holds is not None and holds is not self._applied_holds:
            self._unknown_holds = index.set_holds(holds)
            self._applied_holds = holds
        terms = self._terms
        if terms is not None and terms is not self._applied_terms:
            index.set_terms(terms)
            self._sharing = replace(self._sharing, terms=index.terms())
            self._applied_terms = terms
        self._retain(index)
        index.empty_garbage()
        index.drop_old_removals(self._now_ms())
        self._usual = self._usual_rates(index)
        self._summary = index.summary()

    @staticmethod
    def _usual_rates(index: Index) -> dict[str, float]:
        sizes: dict[str, tuple[int, int]] = {}
        for use in index.camera_uses():
            size, covered_ms = sizes.get(use.camera_id, (0, 0))
            sizes[use.camera_id] = (size + use.bytes, covered_ms + use.covered_ms)
        return {
            camera_id: kbit_s(*total)
            for camera_id, total in sizes.items()
            if total[1] >= _USUAL_AFTER_MS
        }

    def _retain(self, index: Index) -> None:
        now_ms = round(self._wall() * 1000)
        for name, days in self._recording.keep_days.items():
            before_ms = now_ms - round(days * 86_400_000)
            while expired := index.expired(name, before_ms, _REMOVE_AT_ONCE):
                self._remove(index, expired, "age")
        self._growth.append((self._wall(), self._written_bytes))
        span_s = self._growth[-1][0] - self._growth[0][0]
        grown = self._growth[-1][1] - self._growth[0][1]
        open_bytes = sum(file.size for file in list(self._files.values()))
        slack = open_bytes + (round(grown / span_s * 2 * _RETAIN_EVERY_S) if span_s > 0 else 0)
        file_system = os.statvfs(self.folder)
        free = file_system.f_bavail * file_system.f_frsize
        held = index.held_bytes()
        self._held_bytes = sum(held.values())
        quota = ring_bytes(self._held_bytes, self.settings.quota_bytes)
        wanted = bytes_to_free(
            index.uses(),
            quota_bytes=quota,
            slack_bytes=min(slack, (quota - self._held_bytes) // 2),
            free_bytes=free,
            reserve_bytes=self._recording.reserve_bytes,
            keep_bytes=self._recording.keep_bytes,
            held_bytes=held,
        )
        for retention_class, size in wanted.items():
            left = self._free(index, retention_class, size)
            if left > 0 and free < self._recording.reserve_bytes:
                # Nothing that may go is left: soon nothing more can be written.
                self._problem = ("full", self._wall())

    def _free(self, index: Index, retention_class: str | None, size: int) -> int:
        """Removes footage until `size` bytes are free, holds excepted; see `shares`.

        Returns:
            What could not be freed.
        """
        choices = choose(
            index.camera_uses(),
            size,
            now_ms=self._now_ms(),
            capacity=self.settings.quota_bytes,
            sharing=self._sharing,
            fetch=index.oldest_of,
            retention_class=retention_class,
        )
        while chosen := list(islice(choices, _REMOVE_AT_ONCE)):
            size -= sum(choice.doomed.bytes for choice in chosen)
            if any(choice.is_guaranteed and not choice.is_greedy for choice in chosen):
                self._broken_until = self._wall() + _BROKEN_SHOWN_S
            rule = "class_bytes" if retention_class else "ring"
            for name, some in (("share", True), (rule, False)):
                doomed = [choice.doomed for choice in chosen if choice.is_greedy is some]
                if doomed:
                    self._remove(index, doomed, name)
        return size

    def _remove(self, index: Index, doomed: list[Doomed], rule: str) -> None:
        with index.transaction():
            removed = index.doom(doomed, rule, self._now_ms())
        self.removed_segments += len(removed)
        index.empty_garbage()
