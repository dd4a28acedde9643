"""The index of a disk for everybody but its recorder: read-only, never waiting for the writer."""

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from warroom.recording.contracts import Gap, GopEntry, Hold, Init, Segment, unpack_gops
from warroom.recording.errors import DiskAwayError
from warroom.recording.index import COLUMNS, INDEX_NAME, MAX_SEGMENT_MS
from warroom.recording.rules import ClassUse


def _segment(row: tuple[object, ...]) -> Segment:
    values = list(row)
    values[13] = unpack_gops(values[13])  # type: ignore[arg-type]
    values[17] = bool(values[17])
    return Segment(*values)  # type: ignore[arg-type]


class IndexReader:
    """The reading side: any process may have one; it never writes and never waits for the writer.

    Args:
        folder: The disk's folder.

    Raises:
        DiskAwayError: There is no index that can be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.db = sqlite3.connect(
                f"{(folder / INDEX_NAME).absolute().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=2.0,
            )
        except sqlite3.Error as error:
            raise DiskAwayError(disk=folder.name) from error
        try:
            self.db.execute("select 1 from segment limit 1").fetchone()
        except sqlite3.Error as error:
            self.db.close()
            raise DiskAwayError(disk=folder.name) from error

    def close(self) -> None:
        """Closes the file."""
        self.db.close()

    def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        try:
            return self.db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise DiskAwayError(disk=self.folder.name) from error

    def segments_between(
        self, camera_id: str, role: str, start_ms: int, end_ms: int, limit: int = 10_000
    ) -> list[Segment]:
        """Segments with footage in [start_ms, end_ms), in order."""
        rows = self._rows(
            f"select {COLUMNS} from segment where camera_id = ? and role = ?"
            " and start_ms > ? and start_ms < ? and end_ms > ? order by start_ms limit ?",
            (camera_id, role, start_ms - MAX_SEGMENT_MS, end_ms, start_ms, limit),
        )
        return [_segment(row) for row in rows]

    def removals(self, since_ms: int) -> list[tuple[object, ...]]:
        """Sums of what retention removed that have grown since then.

        Rows of (rule, class, camera, segments, bytes, start, end, began, ended), one a day.
        """
        return self._rows(
            "select rule, class, camera_id, segments, bytes, start_ms, end_ms, began_ms, ended_ms"
            " from removal where ended_ms >= ? order by day",
            (since_ms,),
        )

    def spans_between(
        self, camera_id: str, role: str, start_ms: int, end_ms: int
    ) -> list[tuple[int, int, int, float | None, float | None]]:
        """(start, end, held, clock offset, uncertainty) of segments, without their GOP tables."""
        return self._rows(  # type: ignore[return-value]
            "select start_ms, end_ms, held, clock_offset_ms, clock_uncertainty_ms from segment"
            " where camera_id = ? and role = ? and start_ms > ? and start_ms < ? and end_ms > ?"
            " order by start_ms",
            (camera_id, role, start_ms - MAX_SEGMENT_MS, end_ms, start_ms),
        )

    def segment_at(self, camera_id: str, role: str, at_ms: int) -> Segment | None:
        """The segment that holds an instant, or None."""
        found = self.segments_between(camera_id, role, at_ms, at_ms + 1, 1)
        return found[0] if found else None

    def last_start(self, camera_id: str, role: str) -> int:
        """The start of a stream's last row; 0 when it has none."""
        rows = self._rows(
            "select max(start_ms) from segment where camera_id = ? and role = ?", (camera_id, role)
        )
        return rows[0][0] or 0  # type: ignore[return-value]

    def next_start(self, camera_id: str, role: str, after_ms: int) -> int | None:
        """Where footage begins next, at or after an instant."""
        rows = self._rows(
            "select min(start_ms) from segment where camera_id = ? and role = ? and start_ms >= ?",
            (camera_id, role, after_ms),
        )
        return rows[0][0]  # type: ignore[return-value]

    def gaps_between(self, camera_id: str, role: str, start_ms: int, end_ms: int) -> list[Gap]:
        """Gaps that touch [start_ms, end_ms); one still open ends at `end_ms`."""
        rows = self._rows(
            "select camera_id, role, start_ms, coalesce(end_ms, max(start_ms, ?)), cause from gap"
            " where camera_id = ? and role = ? and start_ms < ?"
            " and (end_ms is null or end_ms > ?) order by start_ms",
            (end_ms, camera_id, role, end_ms, start_ms),
        )
        return [Gap(*row) for row in rows]  # type: ignore[arg-type]

    def holds_of(self, camera_id: str) -> list[Hold]:
        """Holds on a camera's footage."""
        rows = self._rows(
            "select id, camera_id, start_ms, end_ms from hold where camera_id = ?", (camera_id,)
        )
        return [Hold(*row) for row in rows]  # type: ignore[arg-type]

    def last_alive(self) -> tuple[int, bool] | None:
        """When the recorder was last seen here, and whether it stopped in order then.

        None for a disk of a version that did not note it.
        """
        if not self._rows("select 1 from sqlite_master where name = 'alive'", ()):
            return None
        rows = self._rows("select at_ms, is_stopped from alive", ())
        return (rows[0][0], bool(rows[0][1])) if rows else None  # type: ignore[return-value]

    def all_holds(self) -> list[Hold]:
        """Every hold that this disk keeps footage for."""
        rows = self._rows("select id, camera_id, start_ms, end_ms from hold order by id", ())
        return [Hold(*row) for row in rows]  # type: ignore[arg-type]

    def held_bytes(self) -> int:
        """Bytes of footage that holds keep."""
        rows = self._rows("select coalesce(sum(bytes), 0) from segment where held = 1", ())
        return rows[0][0]  # type: ignore[return-value]

    def weight_between(
        self, camera_id: str, role: str, start_ms: int, end_ms: int, known_ms: int
    ) -> tuple[int, int]:
        """Bytes of the segments that touch [start_ms, end_ms), and the time they cover.

        The time is counted within [start_ms, known_ms).
        """
        rows = self._rows(
            "select coalesce(sum(bytes), 0),"
            " coalesce(sum(max(0, min(end_ms, ?) - max(start_ms, ?))), 0) from segment"
            " where camera_id = ? and role = ? and start_ms > ? and start_ms < ? and end_ms > ?",
            (known_ms, start_ms, camera_id, role, start_ms - MAX_SEGMENT_MS, end_ms, start_ms),
        )
        return rows[0]  # type: ignore[return-value]

    def extent(self, camera_id: str, role: str) -> tuple[int, int] | None:
        """First and last instant of a stream's footage; None when there is none."""
        rows = self._rows(
            "select (select min(start_ms) from segment where camera_id = ?1 and role = ?2),"
            " (select end_ms from segment where camera_id = ?1 and role = ?2"
            " order by start_ms desc limit 1)",
            (camera_id, role),
        )
        first, last = rows[0]
        return None if first is None else (first, last)  # type: ignore[return-value]

    def init(self, init_id: int) -> Init:
        """The header of segments with that `init_id`.

        Raises:
            DiskAwayError: The row is missing.
        """
        rows = self._rows(
            "select codec, width, height, audio, audio_rate_hz, audio_channels, bytes from init"
            " where id = ?",
            (init_id,),
        )
        if not rows:
            raise DiskAwayError(disk=self.folder.name)
        return Init(*rows[0])  # type: ignore[arg-type]

    def uses(self) -> list[ClassUse]:
        """Bytes of each retention class."""
        return [ClassUse(*row) for row in self._rows("select class, bytes from usage", ())]  # type: ignore[arg-type]

    def read_gops(self, segment: Segment, gops: Iterable[GopEntry]) -> list[bytes]:
        """The fragments (`moof` + `mdat`) of some GOPs of a segment.

        Raises:
            DiskAwayError: The file is gone (retention was faster) or cannot be read.
        """
        try:
            handle = os.open(self.folder / segment.path, os.O_RDONLY)
        except OSError as error:
            raise DiskAwayError(disk=self.folder.name) from error
        try:
            return [os.pread(handle, gop.length, gop.offset) for gop in gops]
        except OSError as error:
            raise DiskAwayError(disk=self.folder.name) from error
        finally:
            os.close(handle)
