"""Disks: what survives a crash, what makes room, what a bad disk may cost."""

import contextlib
import errno
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from simcity.rtsp.server import RtspServer
from simcity.rtsp.testclip import make_clip
from tests.recording.node import WALL, decode, running, segments_of, settings, wait_until
from warroom.recording.contracts import Assignment, GopEntry, Hold, Init
from warroom.recording.disk import Disk
from warroom.recording.index import Index, NewSegment, segment_path
from warroom.recording.index_reader import IndexReader
from warroom.recording.recovery import recover
from warroom.recording.settings import DiskSettings

INIT = Init("avc1.64001e", 320, 180, None, 0, 0, b"header")
MINUTE_MS = 60_000
BEGIN_MS = 1_795_500_000_000


def new_segment(
    camera: str, start_ms: int, size: int = 1000, retention_class: str = "standard"
) -> NewSegment:
    return NewSegment(
        camera_id=camera,
        role="main",
        run_id=1,
        start_ms=start_ms,
        end_ms=start_ms + MINUTE_MS,
        media_duration_90k=60 * 90_000,
        size_bytes=size,
        frames=900,
        path=segment_path(camera, "main", start_ms),
        sha256=bytes(32),
        init=INIT,
        gops=[GopEntry(0, 100, 200, 0, 30)],
        clock_offset_ms=12.5,
        clock_uncertainty_ms=3.0,
        retention_class=retention_class,
    )


def footage_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.mp4"))


def put_file(folder: Path, segment: NewSegment) -> Path:
    path = folder / segment.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def add(index: Index, *segments: NewSegment) -> None:
    with index.transaction():
        for segment in segments:
            index.add_segment(segment)


def disk_at(folder: Path, wall: Any = WALL, quota: int = 1 << 40, **changes: Any) -> Disk:
    return Disk(DiskSettings(str(folder), quota), settings(**changes), wall)


def test_a_path_names_camera_role_and_hour() -> None:
    assert segment_path("c", "main", BEGIN_MS) == "c/main/2026/11/24/06/1795500000000.mp4"
    assert segment_path("c", "sub", 951_782_400_000) == "c/sub/2000/02/29/00/951782400000.mp4"


def test_kill_9_loses_at_most_the_open_gop_of_each_camera(tmp_path: Path) -> None:
    clip = make_clip(fps=15, gop=15, frames=60)
    numbers = range(1, 9)
    with RtspServer.of(clip, 8) as server:
        urls = tmp_path / "urls"
        urls.write_text("\n".join(server.url(number) for number in numbers))
        command = [sys.executable, "-m", "warroom.recording.commands", "--urls-file", str(urls)]
        command += ["--out", str(tmp_path / "video"), "--socket", str(tmp_path / "s")]
        recorder = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": "src"},
        )  # fmt: skip
        try:
            wait_until(lambda: len(list((tmp_path / "video").rglob("*.mp4"))) == 8, 30)
            # Long enough for steady GOPs to be read in batches, and ends between two key frames.
            time.sleep(6.5)
        finally:
            killed_ms = WALL() * 1000
            os.kill(recorder.pid, signal.SIGKILL)
            recorder.wait()

    index = Index(tmp_path / "video")
    found = recover(index)
    index.close()

    # Nearly all: where a camera's minute ends just then, its segment has a row already.
    assert found.segments
    assert found.garbage == 0
    folders = [path.name for path in (tmp_path / "video").iterdir() if path.is_dir()]
    assert len(folders) == 8
    for camera in folders:
        segment = segments_of(tmp_path / "video", camera)[-1]
        file = tmp_path / "video" / segment.path
        # The open GOP is younger than a second; half a one more is for a busy machine.
        assert killed_ms - segment.end_ms < 1500
        assert segment.frames == decode(file)
        assert segment.bytes == file.stat().st_size


def test_a_torn_tail_is_cut_off_and_what_is_whole_becomes_a_row(tmp_path: Path) -> None:
    clip = make_clip(fps=15, gop=15, frames=60)
    with RtspServer.of(clip) as server, running(tmp_path, segment_s=60.0) as node:
        node.assign(Assignment("c1", "main", server.url(1), retention_class="long"))
        node.record(4)
        # However slow the machine, two of the clip's four groups are on the disk: one stays.
        wait_until(lambda: footage_bytes(node.folder) > len(clip.annexb()) * 5 // 8)
    before = node.segments()[-1]
    path = node.folder / before.path
    index = Index(node.folder)
    index.db.execute("delete from segment where id = ?", (before.segment_id,))
    os.truncate(path, before.gops[-1].offset + before.gops[-1].length - 7)

    found = recover(index)
    index.close()

    after = node.segments()[-1]
    assert found.segments == 1
    assert found.cut_bytes > 0
    assert after.gops == before.gops[:-1]
    assert (after.start_ms, after.run_id) == (before.start_ms, before.run_id)
    assert after.retention_class == "long"
    assert after.codec == before.codec
    assert abs(after.end_ms - (before.start_ms + before.gops[-1].wall_delta_ms)) <= 5
    assert decode(path) == after.frames


def test_a_file_without_a_whole_gop_is_garbage_and_is_removed(tmp_path: Path) -> None:
    index = Index(tmp_path)
    path = put_file(tmp_path, new_segment("c1", BEGIN_MS))

    found = recover(index)

    assert (0, 1) == (found.segments, found.garbage)
    assert not path.exists()
    assert index.db.execute("select count(*) from garbage").fetchone() == (0,)
    index.close()


def test_garbage_left_by_a_crash_is_removed_at_the_start(tmp_path: Path) -> None:
    index = Index(tmp_path)
    doomed = new_segment("c1", BEGIN_MS)
    path = put_file(tmp_path, doomed)
    with index.transaction():
        index.add_garbage([doomed.path])

    recover(index)

    assert not path.exists()
    assert not (tmp_path / "c1").exists()
    index.close()


def test_only_files_newer_than_the_last_row_are_looked_at(tmp_path: Path) -> None:
    index = Index(tmp_path)
    add(index, new_segment("c1", BEGIN_MS + 10 * MINUTE_MS))
    old = put_file(tmp_path, new_segment("c1", BEGIN_MS))

    found = recover(index)

    assert (0, 0) == (found.segments, found.garbage)
    assert old.exists()
    index.close()


def test_a_restart_opens_a_gap_behind_the_last_footage(tmp_path: Path) -> None:
    index = Index(tmp_path)
    add(index, new_segment("c1", BEGIN_MS), new_segment("c1", BEGIN_MS + MINUTE_MS))
    recover(index)
    index.close()

    with contextlib.closing(IndexReader(tmp_path)) as reader:
        [gap] = reader.gaps_between("c1", "main", 0, BEGIN_MS + 5 * MINUTE_MS)

    assert (BEGIN_MS + 2 * MINUTE_MS, BEGIN_MS + 5 * MINUTE_MS) == (gap.start_ms, gap.end_ms)
    assert gap.cause == "restart"


@pytest.mark.nightly
def test_start_up_with_100_000_segments_looks_at_each_camera_once(tmp_path: Path) -> None:
    index = Index(tmp_path)
    cameras = [f"camera-{number}" for number in range(468)]
    with index.transaction():
        for minute in range(214):
            for camera in cameras:
                index.add_segment(new_segment(camera, BEGIN_MS + minute * MINUTE_MS))
    for camera in cameras:
        put_file(tmp_path, new_segment(camera, BEGIN_MS + 213 * MINUTE_MS))
    index.close()
    disk = disk_at(tmp_path)

    disk.start()
    assert disk.is_ready.wait(30)
    disk.stop()

    assert disk.last_end_ms("camera-7", "main") == BEGIN_MS + 214 * MINUTE_MS
    assert disk.recovered is not None
    assert disk.recovered.segments == 0


def test_the_oldest_footage_makes_room_and_held_footage_stays(tmp_path: Path) -> None:
    index = Index(tmp_path)
    segments = [new_segment("c1", BEGIN_MS + n * MINUTE_MS, 1000) for n in range(10)]
    paths = [put_file(tmp_path, segment) for segment in segments]
    add(index, *segments)
    index.set_holds([Hold("h1", "c1", BEGIN_MS + 30_000, BEGIN_MS + 45_000)])
    index.close()
    disk = disk_at(tmp_path, lambda: BEGIN_MS / 1000 + 3600, quota=4000)

    disk.start()
    wait_until(lambda: disk.state().bytes <= 4000 and disk.removed_segments)
    disk.stop()

    kept = [path.exists() for path in paths]
    assert kept == [True] + [False] * 6 + [True] * 3
    assert [True, False, False, False] == [s.is_held for s in segments_of(tmp_path)]


def test_holds_that_ended_give_the_footage_back_to_retention(tmp_path: Path) -> None:
    index = Index(tmp_path)
    add(index, *(new_segment("c1", BEGIN_MS + n * MINUTE_MS) for n in range(4)))
    one = Hold("h1", "c1", BEGIN_MS, BEGIN_MS + 2 * MINUTE_MS)
    other = Hold("h2", "c1", BEGIN_MS + MINUTE_MS, BEGIN_MS + 3 * MINUTE_MS)

    index.set_holds([one, other])
    both = [segment.is_held for segment in segments_of(tmp_path)]
    index.set_holds([replace(one, is_released=True), other])
    rest = [segment.is_held for segment in segments_of(tmp_path)]
    add(index, new_segment("c2", BEGIN_MS))
    index.close()

    assert both == [True, True, True, False]
    assert rest == [False, True, True, False]


def test_a_hold_that_a_list_does_not_name_stays_and_is_counted(tmp_path: Path) -> None:
    """The list may come from a database that was put back to an older day."""
    index = Index(tmp_path)
    add(index, new_segment("c1", BEGIN_MS), new_segment("c2", BEGIN_MS))
    one = Hold("h1", "c1", BEGIN_MS, BEGIN_MS + MINUTE_MS)
    other = Hold("h2", "c2", BEGIN_MS, BEGIN_MS + MINUTE_MS)
    index.set_holds([one])

    unknown = [index.set_holds([other]), index.set_holds([replace(one, is_released=True), other])]

    assert unknown == [1, 0]
    assert [s.is_held for c in ("c1", "c2") for s in segments_of(tmp_path, c)] == [False, True]
    index.close()


def test_a_held_segment_is_not_doomed_even_when_asked_for(tmp_path: Path) -> None:
    index = Index(tmp_path)
    add(index, new_segment("c1", BEGIN_MS))
    [doomed] = index.oldest_of(index.camera_uses()[0])
    index.set_holds([Hold("h", "c1", BEGIN_MS, BEGIN_MS + 1)])

    with index.transaction():
        removed = index.doom([doomed], "age", 0)

    assert removed == []
    assert len(segments_of(tmp_path)) == 1
    index.close()


def test_a_class_is_kept_for_its_days_and_within_its_bytes(tmp_path: Path) -> None:
    index = Index(tmp_path)
    now_ms = BEGIN_MS + 3 * 86_400_000
    add(
        index,
        new_segment("old", BEGIN_MS, 10, "short"),
        new_segment("new", now_ms - MINUTE_MS, 10, "short"),
        new_segment("first", BEGIN_MS, 10, "small"),
        new_segment("second", BEGIN_MS + MINUTE_MS, 10, "small"),
        new_segment("other", BEGIN_MS, 10, "standard"),
    )
    index.close()
    changes = {"keep_days": {"short": 1.0}, "keep_bytes": {"small": 15}}
    disk = disk_at(tmp_path, lambda: now_ms / 1000, **changes)

    disk.start()
    wait_until(lambda: disk.removed_segments == 2)
    disk.stop()

    kept = [
        name for name in ("old", "new", "first", "second", "other") if segments_of(tmp_path, name)
    ]
    assert kept == ["new", "second", "other"]


def test_usage_always_equals_the_sum_of_the_rows(tmp_path: Path) -> None:
    index = Index(tmp_path)
    add(index, *(new_segment("c1", BEGIN_MS + n * MINUTE_MS, 100 + n) for n in range(5)))
    with index.transaction():
        index.doom(islice(index.oldest_of(index.camera_uses()[0]), 2), "ring", 0)

    summed = index.db.execute("select sum(bytes), count(*) from segment").fetchone()

    assert summed == index.summary()[:2]
    index.close()


def test_the_same_start_twice_makes_the_second_file_garbage(tmp_path: Path) -> None:
    index = Index(tmp_path)
    add(index, new_segment("c1", BEGIN_MS), new_segment("c1", BEGIN_MS))

    assert len(segments_of(tmp_path)) == 1
    assert index.db.execute("select count(*) from garbage").fetchone() == (1,)
    index.close()


def test_a_transaction_that_fails_changes_nothing(tmp_path: Path) -> None:
    index = Index(tmp_path)

    with pytest.raises(sqlite3.Error), index.transaction():  # noqa: PT012
        index.add_segment(new_segment("c1", BEGIN_MS))
        index.db.execute("insert into no_such_table values (1)")

    assert segments_of(tmp_path) == []
    assert index.summary() == (0, 0, None)
    index.close()


class Trouble:
    """An `os.write` that can be told to fail or to hang."""

    def __init__(self) -> None:
        self.error: int | None = None
        self.may_write = threading.Event()
        self.may_write.set()

    def __call__(self, handle: int, content: bytes) -> int:
        self.may_write.wait(20)
        if self.error is not None:
            os.write(handle, content[: len(content) // 2])
            raise OSError(self.error, "told to")
        return os.write(handle, content)


@pytest.mark.parametrize(
    ("error", "cause", "state"),
    [(errno.ENOSPC, "disk_full", "full"), (errno.EIO, "disk_error", "error")],
)
def test_a_disk_that_fails_leaves_a_gap_and_is_tried_again(
    tmp_path: Path, error: int, cause: str, state: str
) -> None:
    clip = make_clip(fps=15, gop=15, frames=60)
    trouble = Trouble()
    with RtspServer.of(clip) as server, running(tmp_path, write=trouble) as node:
        node.assign(Assignment("c1", "main", server.url(1)))
        node.record(2.5)
        trouble.error = error
        wait_until(lambda: node.disks[0].state().state == state)
        time.sleep(1.5)
        assert node.is_live()
        trouble.error = None
        time.sleep(3.5)

    gap = next(gap for gap in node.gaps() if gap.cause == cause)
    segments = node.segments()
    assert any(segment.end_ms == gap.start_ms for segment in segments)
    assert any(segment.start_ms == gap.end_ms for segment in segments)
    for segment in segments:
        assert segment.frames == decode(node.folder / segment.path)
    assert {s.path for s in segments} == {
        str(file.relative_to(node.folder)) for file in node.folder.rglob("*.mp4")
    }


def test_a_disk_that_hangs_stops_neither_ingest_nor_the_other_disk(tmp_path: Path) -> None:
    clip = make_clip(fps=15, gop=15, frames=60)
    trouble = Trouble()
    limits = settings(queue_bytes=60_000)
    disks = [
        Disk(DiskSettings(str(tmp_path / "a")), limits, WALL, write=trouble),
        Disk(DiskSettings(str(tmp_path / "b")), limits, WALL),
    ]
    with RtspServer.of(clip, 8) as server, running(tmp_path, disks=disks) as node:
        node.assign(*(Assignment(f"c{n}", "main", server.url(n)) for n in range(1, 9)))
        wait_until(lambda: node.is_live(*(f"c{n}" for n in range(1, 9))))
        time.sleep(2)
        trouble.may_write.clear()
        wait_until(lambda: disks[0].lost_gops > 2, 20)
        hung_at = WALL() * 1000
        time.sleep(2.5)
        assert node.is_live(*(f"c{n}" for n in range(1, 9)))
        assert disks[0].state().state == "slow"
        assert disks[0].queued_bytes <= 60_000
        trouble.may_write.set()
        time.sleep(2)

    on_b = [n for n in range(1, 9) if segments_of(tmp_path / "b", f"c{n}")]
    on_a = [n for n in range(1, 9) if segments_of(tmp_path / "a", f"c{n}")]
    assert sorted(on_a + on_b) == list(range(1, 9))
    assert on_b
    for number in on_b:
        assert segments_of(tmp_path / "b", f"c{number}")[-1].end_ms > hung_at + 1500
    with contextlib.closing(IndexReader(tmp_path / "a")) as reader:
        causes = {g.cause for n in on_a for g in reader.gaps_between(f"c{n}", "main", 0, 1 << 52)}
    assert "disk_slow" in causes


def test_a_reader_finds_what_was_recorded(tmp_path: Path) -> None:
    index = Index(tmp_path)
    add(index, *(new_segment("c1", BEGIN_MS + n * MINUTE_MS) for n in (0, 1, 5)))
    index.begin_gap("c1", "main", BEGIN_MS + 2 * MINUTE_MS, "offline")
    index.begin_gap("c1", "main", BEGIN_MS + 2 * MINUTE_MS, "auth")
    index.end_gap("c1", "main", BEGIN_MS + 5 * MINUTE_MS)

    with contextlib.closing(IndexReader(tmp_path)) as reader:
        at = reader.segment_at("c1", "main", BEGIN_MS + MINUTE_MS + 1)
        nothing = reader.segment_at("c1", "main", BEGIN_MS + 3 * MINUTE_MS)
        after = reader.next_start("c1", "main", BEGIN_MS + 3 * MINUTE_MS)
        gaps = reader.gaps_between("c1", "main", BEGIN_MS, BEGIN_MS + 10 * MINUTE_MS)
        extent = reader.extent("c1", "main")
        nobody = reader.extent("c9", "main")
        spans = reader.spans_between("c1", "main", BEGIN_MS, BEGIN_MS + MINUTE_MS)

    assert at is not None
    assert at.start_ms == BEGIN_MS + MINUTE_MS
    assert at.gops == [GopEntry(0, 100, 200, 0, 30)]
    assert nothing is None
    assert after == BEGIN_MS + 5 * MINUTE_MS
    assert [("auth", BEGIN_MS + 5 * MINUTE_MS)] == [(gap.cause, gap.end_ms) for gap in gaps]
    assert extent == (BEGIN_MS, BEGIN_MS + 6 * MINUTE_MS)
    assert nobody is None
    assert [(BEGIN_MS, BEGIN_MS + MINUTE_MS, 0, 12.5, 3.0)] == spans
    index.close()
