"""The index of a disk: one SQLite file beside the footage, which travels with the disk.

Invariant (after Moonfire NVR, design/schema.md): every file under the disk's folder is a row of
`segment`, a row of `garbage`, or newer than the camera's last row. A file becomes a row after its
`fsync`; it ceases by becoming garbage first, then by `unlink` and `fsync` of its folder, then the
garbage row goes. So a crash at any point leaks nothing, and start-up looks only at files newer
than the last row of each camera.

The recorder of the disk writes; everybody else reads (`index_reader`).
"""

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from warroom.recording.contracts import GopEntry, Hold, Init, pack_gops
from warroom.recording.rules import ClassUse
from warroom.recording.shares import CameraTerms, CameraUse, Doomed

INDEX_NAME = "index.db"
SCHEMA_VERSION = 4
MAX_SEGMENT_MS = 3_600_000
"""No segment is longer; bounds the search for one that began before an instant."""

_SCHEMA = """
create table init(
    id integer primary key, digest blob not null unique, codec text not null,
    width integer not null, height integer not null, audio text, audio_rate_hz integer not null,
    audio_channels integer not null, bytes blob not null
);
create table segment(
    id integer primary key, camera_id text not null, role text not null, run_id integer not null,
    start_ms integer not null, end_ms integer not null, media_duration_90k integer not null,
    bytes integer not null, frames integer not null, path text not null, sha256 blob not null,
    codec text not null, init_id integer not null references init(id), gops blob not null,
    clock_offset_ms real, clock_uncertainty_ms real, class text not null,
    held integer not null default 0
);
create unique index segment_by_time on segment(camera_id, role, start_ms);
create index segment_by_age on segment(held, class, start_ms, bytes);
create table usage(class text primary key, bytes integer not null, segments integer not null);
create table gap(
    id integer primary key, camera_id text not null, role text not null, start_ms integer not null,
    end_ms integer, cause text not null
);
create index gap_by_time on gap(camera_id, role, start_ms);
create unique index gap_open on gap(camera_id, role) where end_ms is null;
create table garbage(path text primary key);
create table hold(
    id text primary key, camera_id text not null, start_ms integer not null, end_ms integer not null
);
create index hold_by_camera on hold(camera_id);
"""

_ALIVE = """
create table alive(
    id integer primary key check (id = 1), at_ms integer not null, is_stopped integer not null
);
"""

_REMOVAL = """
create table if not exists removal(
    day integer not null, rule text not null, class text not null, camera_id text not null,
    segments integer not null, bytes integer not null, start_ms integer not null,
    end_ms integer not null, began_ms integer not null, ended_ms integer not null,
    primary key (day, rule, class, camera_id)
) without rowid;
"""
"""What retention removed, summed by day of UTC (days since 1970): proof, for the record of it."""

_SHARES = """
create table if not exists camera_use(
    camera_id text not null, class text not null, bytes integer not null,
    covered_ms integer not null, primary key (camera_id, class)
) without rowid;
insert or ignore into camera_use
    select camera_id, class, sum(bytes), sum(end_ms - start_ms) from segment group by 1, 2;
create table if not exists camera_terms(
    camera_id text primary key, agency text not null, ceiling_kbit_s integer
) without rowid;
"""
"""What each camera has here, and what it was promised; see `shares`."""

REMOVALS_KEPT_DAYS = 400

_PAGE = 16

OWN_CAUSES = ("restart", "recorder_away")
"""Causes of gaps that are the recorder's own: it was stopped, or was not there."""

COLUMNS = (
    "id, camera_id, role, run_id, start_ms, end_ms, media_duration_90k, bytes, frames, path,"
    " sha256, codec, init_id, gops, clock_offset_ms, clock_uncertainty_ms, class, held"
)


@dataclass(frozen=True, slots=True)
class NewSegment:
    """A segment about to become a row."""

    camera_id: str
    role: str
    run_id: int
    start_ms: int
    end_ms: int
    media_duration_90k: int
    size_bytes: int
    frames: int
    path: str
    sha256: bytes
    init: Init
    gops: list[GopEntry]
    clock_offset_ms: float | None
    clock_uncertainty_ms: float | None
    retention_class: str


def segment_path(camera_id: str, role: str, start_ms: int) -> str:
    """Where a segment lies, relative to its disk: `<camera>/<role>/yyyy/mm/dd/HH/<start>.mp4`."""
    days, in_day = divmod(start_ms, 86_400_000)
    year, month, day = _civil(days)
    hour = in_day // 3_600_000
    return f"{camera_id}/{role}/{year:04d}/{month:02d}/{day:02d}/{hour:02d}/{start_ms}.mp4"


def _civil(days: int) -> tuple[int, int, int]:
    """Days since 1970 as year, month, day (H. Hinnant, "chrono-compatible date algorithms")."""
    days += 719_468
    era, of_era = divmod(days, 146_097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    day = of_year - (153 * shifted + 2) // 5 + 1
    return year_of_era + era * 400 + (month <= 2), month, day


class Index:
    """The writing side; used by one thread of one process.

    Args:
        folder: The disk's folder; it and the index are made if they are not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(PermissionError):  # of somebody who lets us write there
            folder.chmod(0o700)
        self.db = sqlite3.connect(
            folder / INDEX_NAME, isolation_level=None, check_same_thread=False, timeout=10.0
        )
        try:
            self.db.execute("pragma journal_mode = wal")
            self.db.execute("pragma synchronous = normal")
            self.db.execute("pragma wal_autocheckpoint = 2000")
            version = self.db.execute("pragma user_version").fetchone()[0]
            if version < SCHEMA_VERSION:
                schema = (_SCHEMA if version == 0 else "") + (_ALIVE if version < 2 else "")
                schema += _REMOVAL + _SHARES
                self.db.executescript(
                    f"begin;{schema}pragma user_version = {SCHEMA_VERSION};commit;"
                )
        except sqlite3.Error:
            self.db.close()
            raise
        self._inits: dict[bytes, int] = {}
        self.began_ms = 0

    def close(self) -> None:
        """Closes the file."""
        self.db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside becomes visible together, or not at all."""
        self.db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._inits.clear()
            self.db.execute("rollback")
            raise
        self.db.execute("commit")

    def init_id(self, init: Init) -> int:
        """The row of a header; the same header has one row."""
        known = self._inits.get(init.header)
        if known is not None:
            return known
        if len(self._inits) > 4096:
            self._inits.clear()
        digest = _digest(init.header)
        self.db.execute(
            "insert or ignore into init(digest, codec, width, height, audio, audio_rate_hz,"
            " audio_channels, bytes) values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                digest, init.codec, init.width, init.height, init.audio, init.audio_rate_hz,
                init.audio_channels, init.header,
            ),
        )  # fmt: skip
        row = self.db.execute("select id from init where digest = ?", (digest,)).fetchone()
        self._inits[init.header] = row[0]
        return int(row[0])

    def add_segment(self, new: NewSegment) -> None:
        """Makes a file a row; within a `transaction`.

        A second file with the same camera and start (the clock was set back) becomes garbage.
        """
        if self.db.execute(
            "select 1 from segment where camera_id = ? and role = ? and start_ms = ?",
            (new.camera_id, new.role, new.start_ms),
        ).fetchone():
            self.add_garbage([new.path])
            return
        is_held = self.db.execute(
            "select exists (select 1 from hold"
            " where camera_id = ? and start_ms < ? and end_ms > ?)",
            (new.camera_id, new.end_ms, new.start_ms),
        ).fetchone()[0]
        self.db.execute(
            f"insert into segment({COLUMNS.removeprefix('id, ')})"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                new.camera_id, new.role, new.run_id, new.start_ms, new.end_ms,
                new.media_duration_90k, new.size_bytes, new.frames, new.path, new.sha256,
                new.init.codec, self.init_id(new.init), pack_gops(new.gops),
                new.clock_offset_ms, new.clock_uncertainty_ms, new.retention_class, is_held,
            ),
        )  # fmt: skip
        self._use(new.retention_class, new.size_bytes, 1)
        self._use_of_camera(
            new.camera_id, new.retention_class, new.size_bytes, new.end_ms - new.start_ms
        )

    def _use_of_camera(
        self, camera_id: str, retention_class: str, size: int, covered_ms: int
    ) -> None:
        self.db.execute(
            "insert into camera_use values (?, ?, ?, ?) on conflict do update"
            " set bytes = bytes + excluded.bytes, covered_ms = covered_ms + excluded.covered_ms",
            (camera_id, retention_class, size, covered_ms),
        )

    def camera_uses(self) -> list[CameraUse]:
        """What each camera has here."""
        rows = self.db.execute(
            "select camera_id, class, bytes, covered_ms from camera_use where bytes > 0"
        )
        return [CameraUse(*row) for row in rows]

    def drop_empty_uses(self) -> None:
        """Forgets cameras that have nothing here any more."""
        self.db.execute("delete from camera_use where bytes <= 0")
        self.db.execute(
            "delete from camera_terms where camera_id not in (select camera_id from camera_use)"
        )

    def set_terms(self, terms: Mapping[str, CameraTerms]) -> None:
        """Takes over what cameras were promised; a camera that is not named keeps its promise."""
        with self.transaction():
            self.db.executemany(
                "insert or replace into camera_terms values (?, ?, ?)",
                ((key, one.agency, one.ceiling_kbit_s) for key, one in terms.items()),
            )

    def terms(self) -> dict[str, CameraTerms]:
        """What cameras were promised, also those that are recorded here no longer."""
        rows = self.db.execute("select camera_id, agency, ceiling_kbit_s from camera_terms")
        return {row[0]: CameraTerms(row[1], row[2]) for row in rows}

    def oldest_of(self, use: CameraUse) -> Iterator[Doomed]:
        """A camera's segments of one class that are not held, the oldest first; read in pages."""
        after_ms = -1
        while True:
            rows = [
                row
                for role in ("main", "sub")
                for row in self.db.execute(
                    "select id, camera_id, start_ms, bytes from segment where camera_id = ?"
                    " and role = ? and start_ms > ? and class = ? and held = 0"
                    " order by start_ms limit ?",
                    (use.camera_id, role, after_ms, use.retention_class, _PAGE),
                )
            ]
            page = sorted((Doomed(*row) for row in rows), key=lambda one: one.start_ms)[:_PAGE]
            yield from page
            if len(page) < _PAGE:
                return
            after_ms = page[-1].start_ms

    def _use(self, retention_class: str, size: int, segments: int) -> None:
        self.db.execute(
            "insert into usage values (?, ?, ?) on conflict (class) do update"
            " set bytes = bytes + excluded.bytes, segments = segments + excluded.segments",
            (retention_class, size, segments),
        )

    def add_garbage(self, paths: Iterable[str]) -> None:
        """Notes files that are to be removed; within a `transaction`."""
        self.db.executemany("insert or ignore into garbage values (?)", ((p,) for p in paths))

    def begin_gap(self, camera_id: str, role: str, start_ms: int, cause: str) -> None:
        """Opens a gap, or gives the open one another cause.

        What the recorder caused itself ends when it began to run: the rest is another gap.
        """
        row = self.db.execute(
            "select id, start_ms, cause from gap"
            " where camera_id = ? and role = ? and end_ms is null",
            (camera_id, role),
        ).fetchone()
        is_ours = row is not None and row[2] in OWN_CAUSES and cause not in OWN_CAUSES
        if is_ours and row[1] < self.began_ms:
            self.db.execute("update gap set end_ms = ? where id = ?", (self.began_ms, row[0]))
            start_ms, row = self.began_ms, None
        if row is None:
            self.db.execute(
                "insert into gap(camera_id, role, start_ms, cause) values (?, ?, ?, ?)",
                (camera_id, role, start_ms, cause),
            )
        else:
            self.db.execute("update gap set cause = ? where id = ?", (cause, row[0]))

    def beat(self, now_ms: int, *, is_stopped: bool = False) -> None:
        """Notes that the recorder is there: what happens later, nobody saw."""
        self.db.execute(
            "insert into alive values (1, ?, ?) on conflict (id) do update"
            " set at_ms = excluded.at_ms, is_stopped = excluded.is_stopped",
            (now_ms, is_stopped),
        )

    def begin(self, now_ms: int) -> None:
        """Closes the books of the run before this one; within a `transaction`.

        A gap that was open holds its cause up to the last moment that run saw anything. From
        there, and from the end of footage where no gap was open, the cause is the recorder:
        `restart` after a stop in order, `recorder_away` after a crash.
        """
        self.began_ms = now_ms
        row = self.db.execute("select at_ms, is_stopped from alive").fetchone()
        cause = "restart" if row is None or row[1] else "recorder_away"
        if row is not None:
            self._split_gaps(row[0], cause)
        for (camera_id, role), end_ms in self.last_ends().items():
            self.db.execute(
                "insert or ignore into gap(camera_id, role, start_ms, cause) values (?, ?, ?, ?)",
                (camera_id, role, end_ms, cause),
            )
        self.beat(now_ms)

    def _split_gaps(self, alive_ms: int, cause: str) -> None:
        rows = self.db.execute(
            "select id, camera_id, role, start_ms from gap"
            f" where end_ms is null and cause not in {OWN_CAUSES}"
        ).fetchall()
        for id_, camera_id, role, start_ms in rows:
            if start_ms >= alive_ms:
                self.db.execute("update gap set cause = ? where id = ?", (cause, id_))
                continue
            self.db.execute("update gap set end_ms = ? where id = ?", (alive_ms, id_))
            self.db.execute(
                "insert into gap(camera_id, role, start_ms, cause) values (?, ?, ?, ?)",
                (camera_id, role, alive_ms, cause),
            )

    def end_gap(self, camera_id: str, role: str, end_ms: int) -> None:
        """Closes the open gap; one without length vanishes."""
        where = "where camera_id = ? and role = ? and end_ms is null"
        self.db.execute(f"delete from gap {where} and start_ms >= ?", (camera_id, role, end_ms))
        self.db.execute(f"update gap set end_ms = ? {where}", (end_ms, camera_id, role))

    def last_ends(self) -> dict[tuple[str, str], int]:
        """Where the footage of each stream ends.

        One look into the index per stream (a loose scan), however many segments there are.
        """
        rows = self.db.execute(
            """
            with recursive stream(camera_id, role) as (
                select * from (select camera_id, role from segment order by 1, 2 limit 1)
                union all
                select s.camera_id, s.role from stream, segment s where s.id = (
                    select id from segment x
                    where (x.camera_id, x.role) > (stream.camera_id, stream.role)
                    order by x.camera_id, x.role limit 1
                )
            )
            select camera_id, role, (
                select end_ms from segment s
                where s.camera_id = stream.camera_id and s.role = stream.role
                order by start_ms desc limit 1
            ) from stream
            """
        )
        return {(row[0], row[1]): row[2] for row in rows}

    def last_start(self, camera_id: str, role: str) -> int:
        """The start of a stream's last row; 0 when it has none."""
        row = self.db.execute(
            "select max(start_ms) from segment where camera_id = ? and role = ?", (camera_id, role)
        ).fetchone()
        return row[0] or 0

    def uses(self) -> list[ClassUse]:
        """Bytes of each retention class."""
        rows = self.db.execute("select class, bytes from usage order by class")
        return [ClassUse(row[0], row[1]) for row in rows]

    def expired(self, retention_class: str, before_ms: int, limit: int) -> list[Doomed]:
        """Segments of a class that ended their time; held ones are not among them."""
        rows = self.db.execute(
            "select id, camera_id, start_ms, bytes from segment"
            " where held = 0 and class = ? and start_ms < ? order by start_ms limit ?",
            (retention_class, before_ms, limit),
        )
        return [Doomed(*row) for row in rows]

    def doom(self, segments: Iterable[Doomed], rule: str, now_ms: int) -> list[str]:
        """Turns rows into garbage; within a `transaction`. Held ones stay.

        Args:
            segments: What is to go.
            rule: Why: `age`, `ring` (the disk was full), `class_bytes`, or `share` (its camera or
                agency took more than its share).
            now_ms: The present; under its day it is summed.

        Returns:
            The files to remove.
        """
        paths = []
        for doomed in segments:
            row = self.db.execute(
                "delete from segment where id = ? and held = 0"
                " returning path, class, bytes, camera_id, start_ms, end_ms",
                (doomed.segment_id,),
            ).fetchone()
            if row is not None:
                paths.append(row[0])
                self._use(row[1], -row[2], -1)
                self._use_of_camera(row[3], row[1], -row[2], row[4] - row[5])
                self._prove(rule, now_ms, row[1:])
        self.add_garbage(paths)
        return paths

    def _prove(self, rule: str, now_ms: int, gone: tuple[str, int, str, int, int]) -> None:
        retention_class, size, camera_id, start_ms, end_ms = gone
        self.db.execute(
            "insert into removal values (?, ?, ?, ?, 1, ?, ?, ?, ?, ?)"
            " on conflict do update set segments = segments + 1, bytes = bytes + excluded.bytes,"
            " start_ms = min(start_ms, excluded.start_ms), end_ms = max(end_ms, excluded.end_ms),"
            " ended_ms = max(ended_ms, excluded.ended_ms)",
            (
                now_ms // 86_400_000, rule, retention_class, camera_id, size, start_ms, end_ms,
                now_ms, now_ms,
            ),
        )  # fmt: skip

    def drop_old_removals(self, now_ms: int) -> None:
        """Forgets sums that were told long ago."""
        self.db.execute(
            "delete from removal where day < ?", (now_ms // 86_400_000 - REMOVALS_KEPT_DAYS,)
        )

    def drop_old_gaps(self, before_ms: int) -> None:
        """Forgets gaps that ended before all footage."""
        self.db.execute("delete from gap where end_ms < ?", (before_ms,))

    def empty_garbage(self) -> int:
        """Removes the files that are garbage, then their rows; returns how many."""
        paths = [row[0] for row in self.db.execute("select path from garbage")]
        if not paths:
            return 0
        folders = set()
        for path in paths:
            file = self.folder / path
            file.unlink(missing_ok=True)
            folders.add(file.parent)
        for folder in sorted(folders, key=lambda item: len(item.parts), reverse=True):
            _sync_or_prune(folder, self.folder)
        with self.transaction():
            self.db.executemany("delete from garbage where path = ?", ((path,) for path in paths))
        return len(paths)

    def set_holds(self, holds: Iterable[Hold]) -> int:
        """Takes over the holds: what is held now, and what was let go of.

        A hold of this disk that is not named at all stays. The list may come from a database that
        was put back to an older day, or from one that never knew this disk.

        Returns:
            How many holds of this disk were not named.
        """
        named = {hold.hold_id: hold for hold in holds}
        rows = self.db.execute("select id, camera_id, start_ms, end_ms from hold")
        present = {row[0]: Hold(*row) for row in rows}
        unknown = {key: hold for key, hold in present.items() if key not in named}
        wanted = {key: hold for key, hold in named.items() if not hold.is_released} | unknown
        if wanted == present:
            return len(unknown)
        with self.transaction():
            gone = [hold for key, hold in present.items() if wanted.get(key) != hold]
            self.db.executemany("delete from hold where id = ?", ((h.hold_id,) for h in gone))
            self.db.executemany(
                "insert or replace into hold values (?, ?, ?, ?)",
                ((h.hold_id, h.camera_id, h.start_ms, h.end_ms) for h in wanted.values()),
            )
            for hold in [*gone, *wanted.values()]:
                self.db.execute(
                    "update segment set held = exists (select 1 from hold h"
                    " where h.camera_id = segment.camera_id and h.start_ms < segment.end_ms"
                    " and h.end_ms > segment.start_ms)"
                    " where camera_id = ? and role in ('main', 'sub')"
                    " and start_ms > ? and start_ms < ? and end_ms > ?",
                    (
                        hold.camera_id,
                        hold.start_ms - MAX_SEGMENT_MS,
                        hold.end_ms,
                        hold.start_ms,
                    ),
                )
        return len(unknown)

    def held_bytes(self) -> dict[str, int]:
        """Bytes of footage that holds keep, by retention class."""
        rows = self.db.execute(
            "select class, sum(bytes) from segment where held = 1 group by class"
        )
        return dict(rows.fetchall())

    def summary(self) -> tuple[int, int, int | None]:
        """Bytes, segments, and the oldest instant (None when empty)."""
        size, segments = self.db.execute(
            "select coalesce(sum(bytes), 0), coalesce(sum(segments), 0) from usage"
        ).fetchone()
        oldest = [
            row[0]
            for use in self.uses()
            for held in (0, 1)
            if (
                row := self.db.execute(
                    "select min(start_ms) from segment where held = ? and class = ?",
                    (held, use.retention_class),
                ).fetchone()
            )[0]
            is not None
        ]
        return size, segments, min(oldest, default=None)


def _digest(header: bytes) -> bytes:
    return hashlib.sha256(header).digest()


def _sync_or_prune(folder: Path, root: Path) -> None:
    """Makes the removals of a folder last; folders left empty go too."""
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            break
        folder = folder.parent
    try:
        sync_folder(folder)
    except FileNotFoundError:
        return


def sync_folder(folder: Path) -> None:
    """Makes what was created or removed in a folder outlast a loss of power."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
