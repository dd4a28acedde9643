"""Whose fault a gap is: the camera's up to the last moment seen, then the recorder's own."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest

from simcity.rtsp.server import RtspServer
from simcity.rtsp.testclip import make_clip
from tests.recording.node import WALL, segments_of, wait_until
from tests.recording.test_disk import BEGIN_MS, add, disk_at, new_segment
from warroom.recording.contracts import Gap
from warroom.recording.errors import DiskAwayError
from warroom.recording.index import Index
from warroom.recording.index_reader import IndexReader
from warroom.recording.playback_index import FootageIndex
from warroom.recording.recovery import recover

END_MS = BEGIN_MS + 60_000
"""End of the only segment."""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """A disk with a minute of footage, whose recorder was last seen 100 s behind it."""
    made = Index(tmp_path)
    add(made, new_segment("c1", BEGIN_MS))
    made.beat(END_MS + 100_000)
    yield made
    made.close()


def told(folder: Path) -> list[tuple[float, float | None, str]]:
    """Gaps as seconds behind the end of the footage; None is open."""
    with contextlib.closing(sqlite3.connect(folder / "index.db")) as db:
        rows = db.execute("select start_ms, end_ms, cause from gap order by start_ms").fetchall()
    return [
        ((start - END_MS) / 1000, None if end is None else (end - END_MS) / 1000, cause)
        for start, end, cause in rows
    ]


def test_after_a_crash_a_gap_that_was_open_holds_its_cause_up_to_the_last_moment_seen(
    index: Index, tmp_path: Path
) -> None:
    index.begin_gap("c1", "main", END_MS, "unreachable")

    recover(index, END_MS + 500_000)

    assert told(tmp_path) == [(0, 100, "unreachable"), (100, None, "recorder_away")]


def test_after_a_crash_the_gap_of_a_camera_that_was_recorded_is_all_our_own(
    index: Index, tmp_path: Path
) -> None:
    recover(index, END_MS + 500_000)
    index.end_gap("c1", "main", END_MS + 503_000)

    assert told(tmp_path) == [(0, 503, "recorder_away")]


def test_a_camera_that_is_still_away_after_the_restart_has_its_own_gap_from_there(
    index: Index, tmp_path: Path
) -> None:
    index.begin_gap("c1", "main", END_MS, "unreachable")
    recover(index, END_MS + 500_000)

    index.begin_gap("c1", "main", END_MS, "unreachable")
    index.begin_gap("c1", "main", END_MS, "auth")
    index.end_gap("c1", "main", END_MS + 600_000)

    assert told(tmp_path) == [
        (0, 100, "unreachable"),
        (100, 500, "recorder_away"),
        (500, 600, "auth"),
    ]


def test_a_stop_in_order_is_told_from_a_crash(index: Index, tmp_path: Path) -> None:
    index.begin_gap("c1", "main", END_MS, "auth")
    index.beat(END_MS + 120_000, is_stopped=True)

    recover(index, END_MS + 500_000)

    assert told(tmp_path) == [(0, 120, "auth"), (120, None, "restart")]


def test_two_crashes_in_a_row_are_one_gap_of_our_own(index: Index, tmp_path: Path) -> None:
    recover(index, END_MS + 200_000)
    recover(index, END_MS + 300_000)
    index.end_gap("c1", "main", END_MS + 310_000)

    assert told(tmp_path) == [(0, 310, "recorder_away")]


def test_a_gap_that_began_when_nobody_saw_anything_more_is_our_own(
    index: Index, tmp_path: Path
) -> None:
    """The clock was set back: the last moment seen lies before the gap."""
    index.begin_gap("c1", "main", END_MS + 150_000, "auth")

    recover(index, END_MS + 500_000)

    assert told(tmp_path) == [(150, None, "recorder_away")]


def test_a_disk_of_the_version_before_is_taken_over_and_its_causes_stay(tmp_path: Path) -> None:
    index = Index(tmp_path)
    add(index, new_segment("c1", BEGIN_MS), new_segment("c2", BEGIN_MS))
    index.begin_gap("c1", "main", END_MS, "auth")
    index.db.executescript("drop table alive; pragma user_version = 1;")
    with contextlib.closing(IndexReader(tmp_path)) as reader:
        before = reader.last_alive()
    index.close()

    index = Index(tmp_path)
    recover(index, END_MS + 500_000)
    index.close()

    assert before is None
    assert told(tmp_path) == [(0, None, "auth"), (0, None, "restart")]


def seen(folder: Path, end_s: float, now_s: float) -> list[tuple[float, float, str]]:
    gaps = FootageIndex([folder]).list_gaps(
        "c1", "main", BEGIN_MS, END_MS + round(end_s * 1000), END_MS + round(now_s * 1000)
    )
    return [((g.start_ms - END_MS) / 1000, (g.end_ms - END_MS) / 1000, g.cause) for g in gaps]


def test_while_the_recorder_is_dead_playback_says_so(index: Index, tmp_path: Path) -> None:
    nothing_open = seen(tmp_path, 400, 400)
    index.begin_gap("c1", "main", END_MS + 50_000, "auth")

    assert nothing_open == [(100, 400, "recorder_away")]
    assert seen(tmp_path, 400, 400) == [(50, 100, "auth"), (100, 400, "recorder_away")]
    assert seen(tmp_path, 90, 400) == [(50, 90, "auth")]
    assert seen(tmp_path, 105, 105) == [(50, 105, "auth")]


def test_a_disk_that_lies_idle_since_its_cameras_moved_says_nothing_of_them(
    index: Index, tmp_path: Path
) -> None:
    other = Index(tmp_path / "other")
    add(other, new_segment("c1", BEGIN_MS + 120_000))
    other.begin_gap("c1", "main", END_MS + 120_000, "auth")
    other.beat(END_MS + 400_000)
    other.close()

    gaps = FootageIndex([tmp_path, tmp_path / "other"]).list_gaps(
        "c1", "main", BEGIN_MS, END_MS + 400_000, END_MS + 400_000
    )

    assert [gap.cause for gap in gaps] == ["auth"]


def test_a_recorder_notes_that_it_is_there_and_that_it_stopped(tmp_path: Path) -> None:
    now = [1000.0]
    disk = disk_at(tmp_path, lambda: now[0])

    def alive() -> tuple[int, bool] | None:
        with contextlib.suppress(DiskAwayError), contextlib.closing(IndexReader(tmp_path)) as r:
            return r.last_alive()
        return None

    disk.start()
    wait_until(lambda: alive() == (1_000_000, False))
    now[0] = 1010.0
    wait_until(lambda: alive() == (1_010_000, False))
    disk.stop()

    assert alive() == (1_010_000, True)


def test_a_recorder_that_is_really_killed_takes_the_blame_for_its_own_time(
    tmp_path: Path,
) -> None:
    clip = make_clip(fps=15, gop=15, frames=60)
    folder = tmp_path / "video"
    urls = tmp_path / "urls"

    def start() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "warroom.recording.commands", "--urls-file", str(urls)]
        command += ["--out", str(folder), "--socket", str(tmp_path / "s")]
        return subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": "src"},
        )  # fmt: skip

    def gaps(camera: str) -> list[Gap]:
        with contextlib.suppress(DiskAwayError), contextlib.closing(IndexReader(folder)) as reader:
            return reader.gaps_between(camera, "main", 0, 1 << 52)
        return []

    def is_filmed(camera: str, files: int) -> bool:
        return len(list((folder / camera).rglob("*.mp4"))) == files

    with RtspServer.of(clip) as there:
        gone = RtspServer.of(clip)
        gone.__enter__()
        urls.write_text(f"{there.url(1)}\n{gone.url(1)}")
        live, lost = (str(uuid5(NAMESPACE_URL, url)) for url in urls.read_text().split())
        recorder = start()
        try:
            wait_until(lambda: is_filmed(live, 1) and is_filmed(lost, 1), 30)
            gone.__exit__(None, None, None)
            wait_until(lambda: [gap.cause for gap in gaps(lost)] == ["refused"], 15)
        finally:
            killed_ms = WALL() * 1000
            os.kill(recorder.pid, signal.SIGKILL)
            recorder.wait()
        time.sleep(1.5)
        restarted_ms = WALL() * 1000
        recorder = start()
        try:
            wait_until(lambda: is_filmed(live, 2), 30)
            wait_until(lambda: len(gaps(lost)) == 3, 15)
        finally:
            recorder.send_signal(signal.SIGTERM)
            recorder.wait()

    refused, away, again = gaps(lost)
    assert [refused.cause, away.cause, again.cause] == ["refused", "recorder_away", "refused"]
    # The moment of the crash is known to the second.
    assert killed_ms - 1700 < refused.end_ms <= killed_ms + 1
    assert away.start_ms == refused.end_ms
    assert away.end_ms >= restarted_ms
    assert again.start_ms == away.end_ms
    [own, *_] = gaps(live)
    before, after = segments_of(folder, live)[:2]
    assert own.cause == "recorder_away"
    assert (own.start_ms, own.end_ms) == (before.end_ms, after.start_ms)
