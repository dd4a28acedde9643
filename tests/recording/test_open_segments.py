"""The minute that is being written can be played, GOP by GOP, and is counted once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.media_server import make_clip
from tests.recording.footage import BEGIN_MS, CAMERA, Disk
from tests.recording.test_playback import pictures, play
from warroom.recording.fmp4 import about_box
from warroom.recording.index import segment_path
from warroom.recording.playback import Library
from warroom.recording.playback_index import FootageIndex

SECONDS = 4


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path / "video")
    yield made
    made.close()


@pytest.fixture
def library(disk: Disk) -> Library:
    return Library(FootageIndex([disk.folder]))


class OpenFile:
    """A segment that a recorder is writing: the file without a row, grown GOP by GOP."""

    def __init__(self, disk: Disk, start_ms: int) -> None:
        init = make_clip().init
        scratch = Disk(disk.folder.parent / f"scratch-{start_ms}")
        content = scratch.add_segment(start_ms, SECONDS).read_bytes()
        scratch.close()
        self.file = disk.folder / segment_path(CAMERA, "main", start_ms)
        self.file.parent.mkdir(parents=True)
        body = content[len(init.header) :]
        starts = [i - 4 for i in _all(body, b"prft")]
        self.gops = [body[a:b] for a, b in zip(starts, [*starts[1:], len(body)], strict=True)]
        told = {"codec": init.codec, "width": init.width, "height": init.height}
        self.file.write_bytes(
            init.header + about_box(json.dumps({"run": 1, "init": told}).encode())
        )

    def grow(self, content: bytes) -> None:
        with self.file.open("ab") as file:
            file.write(content)


def _all(content: bytes, word: bytes) -> Iterator[int]:
    at = content.find(word)
    while at >= 0:
        yield at
        at = content.find(word, at + 1)


def test_each_whole_gop_can_be_played_at_once(disk: Disk, library: Library) -> None:
    writing = OpenFile(disk, BEGIN_MS)
    seen = []
    for gop in writing.gops[:3]:
        writing.grow(gop)
        seen.append(len(pictures(play(library, BEGIN_MS, BEGIN_MS + 60_000))))

    assert seen == [seen[0], 2 * seen[0], 3 * seen[0]]
    assert library.index.bounds(CAMERA, "main", BEGIN_MS).last_ms == BEGIN_MS + 3000


def test_half_a_gop_is_not_there_yet(disk: Disk, library: Library) -> None:
    writing = OpenFile(disk, BEGIN_MS)
    writing.grow(writing.gops[0])
    for piece in (writing.gops[1][:10], writing.gops[1][10:200]):
        writing.grow(piece)

        (footage,) = library.index.list_footage(CAMERA, "main", BEGIN_MS, BEGIN_MS + 60_000)

        assert len(footage.gops) == 1


def test_a_segment_is_counted_once_when_its_row_is_written(disk: Disk, library: Library) -> None:
    writing = OpenFile(disk, BEGIN_MS)
    for gop in writing.gops:
        writing.grow(gop)
    disk.add_segment(BEGIN_MS, SECONDS)

    found = library.index.list_footage(CAMERA, "main", BEGIN_MS, BEGIN_MS + 60_000)

    assert [item.segment.segment_id > 0 for item in found] == [True]


def test_an_open_segment_goes_on_where_the_closed_one_ended(disk: Disk, library: Library) -> None:
    disk.add_segment(BEGIN_MS, SECONDS)
    writing = OpenFile(disk, BEGIN_MS + SECONDS * 1000)
    writing.grow(writing.gops[0])

    plan = library.plan(CAMERA, "main", BEGIN_MS, BEGIN_MS + 60_000, "all")

    assert len(plan.pieces) == SECONDS + 1
    assert library.index.bounds(CAMERA, "main", BEGIN_MS + 4000).next_ms == BEGIN_MS + 4000


@pytest.mark.parametrize("content", [b"", b"\0" * 4000, b"\xff" * 64])
def test_a_file_of_rubbish_is_no_footage(disk: Disk, library: Library, content: bytes) -> None:
    file = disk.folder / segment_path(CAMERA, "main", BEGIN_MS)
    file.parent.mkdir(parents=True)
    file.write_bytes(content)

    assert library.index.list_footage(CAMERA, "main", BEGIN_MS, BEGIN_MS + 60_000) == []
