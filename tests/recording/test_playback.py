"""Footage of a range as one stream: whole, on one time line, and damage costs itself alone."""

import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.live.media_server import FPS, make_clip
from tests.recording.footage import BEGIN_MS, CAMERA, Disk
from warroom.recording.errors import NothingThereError
from warroom.recording.playback import Library, Mode
from warroom.recording.playback_index import FootageIndex

DAY_MS = 86_400_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path / "video")
    yield made
    made.close()


@pytest.fixture
def library(disk: Disk) -> Library:
    return Library(FootageIndex([disk.folder]))


def play(
    library: Library, start_ms: int, end_ms: int, *, base_ms: int = BEGIN_MS, mode: Mode = "all"
) -> bytes:
    return b"".join(
        library.read(library.plan(CAMERA, "main", start_ms, end_ms, mode), base_ms, mode)
    )


def times(data: bytes) -> list[float]:
    with av.open(io.BytesIO(data)) as box:
        return [
            float(packet.pts * packet.time_base) for packet in box.demux(video=0) if packet.size
        ]


def pictures(data: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(data)) as box:
        return list(box.decode(video=0))


def test_range_over_three_segments_is_one_stream_without_a_hole(
    disk: Disk, library: Library
) -> None:
    for number in range(3):
        disk.add_segment(BEGIN_MS + number * 4000, tfdt=number * 360_000 + 77)

    found = times(play(library, BEGIN_MS + 2000, BEGIN_MS + 10_000))

    assert len(found) == 8 * FPS
    assert found[0] == pytest.approx(2.0)
    assert max(b - a for a, b in pairwise(found)) == pytest.approx(1 / FPS)


def test_stream_starts_at_the_key_frame_at_or_before(disk: Disk, library: Library) -> None:
    disk.add_segment(BEGIN_MS)

    plan = library.plan(CAMERA, "main", BEGIN_MS + 1700, BEGIN_MS + 1800, "all")

    assert plan.first_ms == BEGIN_MS + 1000
    assert len(plan.pieces) == 1


def test_answers_asked_one_after_the_other_abut(disk: Disk, library: Library) -> None:
    for number in range(3):
        disk.add_segment(BEGIN_MS + number * 4000)
    seen: list[float] = []
    at_ms = BEGIN_MS
    while at_ms < BEGIN_MS + 12_000:
        plan = library.plan(CAMERA, "main", at_ms, at_ms + 2500, "all")
        seen += times(b"".join(library.read(plan, BEGIN_MS, "all")))
        assert plan.next_ms > at_ms
        at_ms = plan.next_ms

    assert seen == pytest.approx([i / FPS for i in range(12 * FPS)], abs=0.002)


def test_nothing_there_tells_where_footage_goes_on(disk: Disk, library: Library) -> None:
    disk.add_segment(BEGIN_MS + 60_000)

    with pytest.raises(NothingThereError) as caught:
        library.plan(CAMERA, "main", BEGIN_MS, BEGIN_MS + 10_000, "all")

    assert caught.value.params == {"next_at": "2026-11-24T06:01:00.000Z"}


def test_gap_inside_a_range_stays_a_gap_in_media_time(disk: Disk, library: Library) -> None:
    disk.add_segment(BEGIN_MS)
    disk.add_segment(BEGIN_MS + 10_000)

    found = times(play(library, BEGIN_MS, BEGIN_MS + 14_000))

    assert len(found) == 8 * FPS
    assert found[4 * FPS] - found[4 * FPS - 1] == pytest.approx(6 + 1 / FPS)


@pytest.mark.parametrize("harm", ["missing", "torn", "changed", "link"])
def test_damaged_segment_costs_only_itself(disk: Disk, library: Library, harm: str) -> None:
    disk.add_segment(BEGIN_MS)
    path = disk.add_segment(BEGIN_MS + 4000)
    disk.add_segment(BEGIN_MS + 8000)
    data = path.read_bytes()
    path.unlink()
    {
        "missing": lambda: None,
        "torn": lambda: path.write_bytes(data[:-100]),
        "changed": lambda: path.write_bytes(data[:-1] + bytes([data[-1] ^ 1])),
        "link": lambda: path.symlink_to("/etc/passwd"),
    }[harm]()

    found = times(play(library, BEGIN_MS, BEGIN_MS + 12_000))

    assert len(found) == 8 * FPS
    footage = library.index.list_footage(CAMERA, "main", BEGIN_MS, BEGIN_MS + 12_000)
    assert [library.is_damaged(item) for item in footage] == [False, True, False]


def test_path_out_of_the_disk_is_not_followed(disk: Disk, library: Library) -> None:
    disk.add_segment(BEGIN_MS)
    secret = disk.folder.parent / "secret.mp4"
    shutil.copy(disk.folder / CAMERA / "main" / f"{BEGIN_MS}.mp4", secret)
    disk.index.execute("update segment set path = '../secret.mp4'")

    with pytest.raises(NothingThereError):
        library.plan(CAMERA, "main", BEGIN_MS, BEGIN_MS + 4000, "all")


def test_keys_mode_sends_one_picture_a_gop_shown_until_the_next(
    disk: Disk, library: Library
) -> None:
    for number in range(2):
        disk.add_segment(BEGIN_MS + number * 4000)

    data = play(library, BEGIN_MS, BEGIN_MS + 8000, mode="keys")

    assert times(data) == pytest.approx([0, 1, 2, 3, 4, 5, 6, 7])
    assert all(picture.key_frame for picture in pictures(data))
    assert len(data) < len(play(library, BEGIN_MS, BEGIN_MS + 8000)) * 0.9


def test_changed_picture_size_brings_its_header(disk: Disk, library: Library) -> None:
    disk.add_segment(BEGIN_MS)
    small = make_clip(320, 192)
    disk.add_segment(BEGIN_MS + 4000, clip=small)

    data = play(library, BEGIN_MS, BEGIN_MS + 8000)

    same_codec = small.init.codec == make_clip().init.codec
    assert data.count(b"ftyp") == (2 if same_codec else 1)


def test_other_codec_ends_the_answer(disk: Disk, library: Library) -> None:
    disk.add_segment(BEGIN_MS)
    clip = make_clip()
    init = type(clip.init)(
        "avc1.640028", 320, 180, None, 0, 0, clip.init.header + b"\0\0\0\x08free"
    )
    disk.add_segment(BEGIN_MS + 4000, clip=type(clip)(init, clip.units))

    plan = library.plan(CAMERA, "main", BEGIN_MS, BEGIN_MS + 8000, "all")

    assert plan.next_ms == BEGIN_MS + 4000
    assert len(plan.pieces) == 4


def test_other_cameras_footage_is_never_in_a_plan(disk: Disk, library: Library) -> None:
    disk.add_segment(BEGIN_MS, camera="01930000-0000-7000-8000-00000000000f")

    with pytest.raises(NothingThereError):
        library.plan(CAMERA, "main", BEGIN_MS, BEGIN_MS + 4000, "all")


def test_disk_that_is_away_costs_its_own_footage_only(disk: Disk, tmp_path: Path) -> None:
    disk.add_segment(BEGIN_MS)
    library = Library(FootageIndex([tmp_path / "unplugged", disk.folder]))

    assert len(times(play(library, BEGIN_MS, BEGIN_MS + 4000))) == 4 * FPS


def test_playback_reads_while_the_recorder_writes(disk: Disk, library: Library) -> None:
    disk.add_segment(BEGIN_MS)
    disk.index.execute("begin immediate")
    disk.index.execute("insert into gap values (1, ?, 'main', 1, 2, 'restart')", (CAMERA,))
    found = times(play(library, BEGIN_MS, BEGIN_MS + 4000))
    disk.index.execute("rollback")

    assert len(found) == 4 * FPS


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
@pytest.mark.parametrize(("mode", "frames"), [("all", 8 * FPS), ("keys", 8)])
def test_ffprobe_finds_nothing_wrong(
    disk: Disk, library: Library, tmp_path: Path, mode: Mode, frames: int
) -> None:
    for number in range(3):
        disk.add_segment(BEGIN_MS + number * 4000, tfdt=number * 360_000)
    path = tmp_path / "out.mp4"
    path.write_bytes(play(library, BEGIN_MS + 2000, BEGIN_MS + 10_000, mode=mode))

    done = subprocess.run(
        [
            "ffprobe", "-v", "warning", "-count_frames", "-select_streams", "v",
            "-show_entries", "stream=nb_read_frames", "-of", "json", str(path),
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stderr == ""
    assert json.loads(done.stdout)["streams"][0]["nb_read_frames"] == str(frames)
