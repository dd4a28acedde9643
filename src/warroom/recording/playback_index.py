"""The footage of all disks of this node, as playback sees it: read-only, whatever happens there.

Each disk's index is opened per question, in a worker thread. A disk that is away costs its own
footage only.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from warroom.kernel.log import logger
from warroom.recording.contracts import Gap, GopEntry, Hold, Init, Role, Segment
from warroom.recording.errors import Cause, DiskAwayError
from warroom.recording.index_reader import IndexReader
from warroom.recording.open_segments import OpenSegments

SEGMENTS_MAX = 100_000

AWAY_AFTER_MS = 10_000
"""A recorder notes every second that it is there; a disk that is slow may delay that."""

_log = logger("recording")


@dataclass(frozen=True, slots=True)
class Footage:
    """One segment on one disk."""

    disk: Path
    segment: Segment

    @property
    def key(self) -> tuple[Path, int]:
        """What identifies it on this node."""
        return (self.disk, self.segment.segment_id)

    @property
    def start_ms(self) -> int:
        """Capture time of its first frame (UTC, ms since 1970)."""
        return self.segment.start_ms

    @property
    def end_ms(self) -> int:
        """End of its last frame."""
        return self.segment.end_ms

    @property
    def gops(self) -> list[GopEntry]:
        """Its GOPs by time."""
        return self.segment.gops

    @property
    def file(self) -> Path:
        """The file; never outside the disk, whatever the index says."""
        path = self.disk / self.segment.path
        if not path.is_relative_to(self.disk) or ".." in path.parts:
            return self.disk / "outside"
        return path


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a camera's footage reaches; None where there is none.

    Attributes:
        next_ms: Where footage goes on at or after the instant that was asked for.
    """

    first_ms: int | None
    last_ms: int | None
    next_ms: int | None


@dataclass(frozen=True, slots=True)
class DiskUse:
    """How full a disk is with footage, held or not; None for a disk that is away."""

    disk: Path
    size_bytes: int | None
    oldest_ms: int | None
    held_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Weight:
    """What footage of a range weighs, and how much time of it there is."""

    size_bytes: int
    covered_ms: int


class FootageIndex:
    """Questions about footage, over all disks of this node. Every method blocks on the disk.

    Args:
        disks: Folders that are recorded to.
    """

    def __init__(self, disks: list[Path]) -> None:
        self.disks = disks
        self._open = OpenSegments()

    def list_footage(self, camera_id: str, role: str, start_ms: int, end_ms: int) -> list[Footage]:
        """Segments that overlap a range, by their beginning."""
        found = [
            Footage(disk, segment)
            for disk, (segments, last_ms) in self._ask(
                lambda reader: (
                    reader.segments_between(camera_id, role, start_ms, end_ms, SEGMENTS_MAX),
                    reader.last_start(camera_id, role),
                )
            )
            for segment in (*segments, *self._open.list_open(disk, camera_id, role, last_ms))
            if segment.start_ms < end_ms and segment.end_ms > start_ms
        ]
        return sorted(found, key=lambda item: item.start_ms)

    def list_gaps(
        self, camera_id: str, role: str, start_ms: int, end_ms: int, now_ms: int
    ) -> list[Gap]:
        """Gaps that overlap a range: what the recorder wrote down, and that it is away itself.

        While no recorder writes to the disks that know the camera, an open gap reaches to the
        last moment one did, and what follows is the recorder's own.
        """
        gaps: list[Gap] = []
        seen: list[tuple[int, bool]] = []
        for _, (told, last_ms, alive) in self._ask(
            lambda reader: (
                reader.gaps_between(camera_id, role, start_ms, end_ms),
                reader.last_start(camera_id, role),
                reader.last_alive(),
            )
        ):
            gaps += told
            if alive is not None and (told or last_ms):
                seen.append(alive)
        if seen and now_ms - max(seen)[0] > AWAY_AFTER_MS:
            alive_ms, is_stopped = max(seen)
            gaps = [replace(gap, end_ms=min(gap.end_ms, alive_ms)) for gap in gaps]
            cause = Cause.RESTART if is_stopped else Cause.RECORDER_AWAY
            gaps = [gap for gap in gaps if gap.end_ms > max(start_ms, gap.start_ms)]
            if alive_ms < end_ms:
                chosen: Role = "sub" if role == "sub" else "main"
                gaps.append(Gap(camera_id, chosen, alive_ms, end_ms, cause.value))
        return sorted(gaps, key=lambda gap: gap.start_ms)

    def list_held(self, camera_id: str, start_ms: int, end_ms: int) -> list[Hold]:
        """Holds that overlap a range; the same hold lies on every disk that has footage of it."""
        held = {
            hold
            for _, holds in self._ask(lambda reader: reader.holds_of(camera_id))
            for hold in holds
            if hold.end_ms > start_ms and hold.start_ms < end_ms
        }
        return sorted(held, key=lambda hold: (hold.start_ms, hold.hold_id))

    def list_all_holds(self) -> list[Hold]:
        """Every hold that the disks of this node keep footage for, each once."""
        held = {hold for _, holds in self._ask(lambda r: r.all_holds()) for hold in holds}
        return sorted(held, key=lambda hold: hold.hold_id)

    def list_spans(
        self, camera_id: str, role: str, start_ms: int, end_ms: int
    ) -> list[tuple[int, int]]:
        """(start, end) of the segments that overlap a range, by their beginning; no GOP tables."""
        found = [
            (row[0], row[1])
            for _, rows in self._ask(
                lambda reader: reader.spans_between(camera_id, role, start_ms, end_ms)
            )
            for row in rows
        ]
        found += [
            (segment.start_ms, segment.end_ms)
            for segment in self._open_between(camera_id, role, start_ms, end_ms)
        ]
        return sorted(found)

    def weigh(self, camera_id: str, role: str, start_ms: int, end_ms: int, known_ms: int) -> Weight:
        """What a range weighs; its time is counted up to `known_ms`."""
        size = covered = 0
        for _, (more, time_ms) in self._ask(
            lambda reader: reader.weight_between(camera_id, role, start_ms, end_ms, known_ms)
        ):
            size += more
            covered += time_ms
        for segment in self._open_between(camera_id, role, start_ms, end_ms):
            size += segment.bytes
            overlap = min(segment.end_ms, known_ms) - max(segment.start_ms, start_ms)
            covered += max(0, overlap)
        return Weight(size, covered)

    def _open_between(self, camera_id: str, role: str, start_ms: int, end_ms: int) -> list[Segment]:
        """Segments still being written that overlap a range; not looked for in the far past."""
        return [
            segment
            for disk, last_ms in self._ask(lambda reader: reader.last_start(camera_id, role))
            if end_ms > last_ms
            for segment in self._open.list_open(disk, camera_id, role, last_ms)
            if segment.start_ms < end_ms and segment.end_ms > start_ms
        ]

    def bounds(self, camera_id: str, role: str, at_ms: int) -> Bounds:
        """The first and last instant of footage, and where it goes on after `at_ms`."""
        extents = [
            extent
            for _, extent in self._ask(lambda reader: reader.extent(camera_id, role))
            if extent is not None
        ]
        starts = [
            start
            for _, start in self._ask(lambda reader: reader.next_start(camera_id, role, at_ms))
            if start is not None
        ]
        for disk, last_ms in self._ask(lambda reader: reader.last_start(camera_id, role)):
            for segment in self._open.list_open(disk, camera_id, role, last_ms):
                extents.append((segment.start_ms, segment.end_ms))
                starts += [
                    wall_ms
                    for gop in segment.gops
                    if (wall_ms := segment.start_ms + gop.wall_delta_ms) >= at_ms
                ][:1]
        return Bounds(
            min((first for first, _ in extents), default=None),
            max((last for _, last in extents), default=None),
            min(starts, default=None),
        )

    def get_init(self, disk: Path, init_id: int) -> Init:
        """The header of a segment.

        Raises:
            LookupError: It is not in the index, or the disk is away.
        """
        if init_id < 0:
            return self._open.init(init_id)
        for _, init in self._ask(lambda reader: reader.init(init_id), [disk]):
            return init
        raise LookupError(init_id)

    def disk_use(self) -> list[DiskUse]:
        """How full the disks are."""
        used = dict(self._ask(_use))
        return [DiskUse(disk, *used.get(disk, (None, None, 0))) for disk in self.disks]

    def _ask[T](
        self, question: Callable[[IndexReader], T], disks: list[Path] | None = None
    ) -> list[tuple[Path, T]]:
        """The answer of every disk that gives one."""
        answers: list[tuple[Path, T]] = []
        for disk in self.disks if disks is None else disks:
            try:
                with closing(IndexReader(disk)) as reader:
                    answers.append((disk, question(reader)))
            except DiskAwayError:
                _log.warning("recording.disk_away", disk=disk.name)
        return answers


def _use(reader: IndexReader) -> tuple[int | None, int | None, int]:
    uses = reader.uses()
    oldest: list[int] = []
    try:
        for use in uses:
            for held in (0, 1):
                row = reader.db.execute(
                    "select min(start_ms) from segment where held = ? and class = ?",
                    (held, use.retention_class),
                ).fetchone()
                oldest += [value for value in row if value is not None]
    except sqlite3.Error as error:
        raise DiskAwayError(disk=reader.folder.name) from error
    return sum(use.bytes for use in uses), min(oldest, default=None), reader.held_bytes()
