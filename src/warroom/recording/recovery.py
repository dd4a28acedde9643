"""After a crash: files newer than their stream's last row become rows, up to the last whole GOP.

Nothing else is looked at, so a restart costs the same with an hour or a year of footage.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from warroom.recording.contracts import GopEntry, Init
from warroom.recording.fmp4 import ABOUT, PRFT_BYTES, VIDEO_TRACK, ms_of_ntp, read_moof
from warroom.recording.index import Index, NewSegment, segment_path

_HEADER_LIMIT = 1 << 20
_FRAGMENT_LIMIT = 80 << 20
_GOP_HEAD_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Recovered:
    """What start-up found: rows made, files thrown away, bytes cut off torn tails."""

    segments: int
    garbage: int
    cut_bytes: int


def newer_files(folder: Path, camera_id: str, role: str, after_ms: int) -> list[Path]:
    """The files of a stream that start after `after_ms`, in order; looks only where they can be."""
    found: list[Path] = []
    after = _hour_words(after_ms)

    def walk(place: Path, depth: int, on_edge: bool) -> None:  # noqa: FBT001
        for name in sorted(_names(place)):
            if on_edge and name < after[depth]:
                continue
            inner = place / name
            if depth < 3:
                walk(inner, depth + 1, on_edge and name == after[depth])
                continue
            for file in sorted(_names(inner)):
                stem = file.removesuffix(".mp4")
                if stem.isdigit() and int(stem) > after_ms:
                    found.append(inner / file)

    walk(folder / camera_id / role, 0, on_edge=True)
    return sorted(found, key=lambda path: int(path.stem))


def _names(place: Path) -> list[str]:
    try:
        return [path.name for path in place.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _hour_words(at_ms: int) -> list[str]:
    return segment_path("c", "r", at_ms).split("/")[2:6]


def recover(index: Index, now_ms: int = 0) -> Recovered:
    """Brings the index in step with the files; call it before anything is written.

    Also empties the garbage, and tells the time the recorder itself was away from the time that
    cameras were (`Index.begin`).

    Args:
        index: Of the disk.
        now_ms: When this run of the recorder begins (UTC, ms since 1970).
    """
    index.empty_garbage()
    segments = garbage = cut = 0
    for camera_id in sorted(_names(index.folder)):
        for role in ("main", "sub"):
            if not (index.folder / camera_id / role).is_dir():
                continue
            last = index.last_start(camera_id, role)
            files = newer_files(index.folder, camera_id, role, last)
            if not files:
                continue
            with index.transaction():
                for file in files:
                    new, torn = read_segment(index.folder, file, camera_id, role)
                    cut += torn
                    if new is None:
                        index.add_garbage([str(file.relative_to(index.folder))])
                        garbage += 1
                        continue
                    index.add_segment(new)
                    segments += 1
    index.empty_garbage()
    with index.transaction():
        index.begin(now_ms)
    return Recovered(segments, garbage, cut)


def read_segment(
    folder: Path, file: Path, camera_id: str, role: str
) -> tuple[NewSegment | None, int]:
    """Reads a file as the index would have it, and cuts off what is behind its last whole GOP.

    Returns:
        The row (None when there is not one whole GOP in it) and the bytes cut off.
    """
    content = file.read_bytes()
    header = read_header(content)
    if header is None:
        return None, 0
    init, about, position = header
    gops: list[GopEntry] = []
    duration = 0
    start_ms = int(file.stem)
    last_ms = start_ms
    while (found := read_fragment(content, position, start_ms)) is not None:
        entry, ticks, position = found
        gops.append(entry)
        duration = entry.tfdt_90k + ticks
        last_ms = start_ms + entry.wall_delta_ms + round(ticks / 90)
    torn = len(content) - position
    if not gops:
        return None, torn
    if torn:
        with file.open("r+b") as handle:
            handle.truncate(position)
            os.fsync(handle.fileno())
    new = NewSegment(
        camera_id=camera_id,
        role=role,
        run_id=int(about.get("run", start_ms)),
        start_ms=start_ms,
        end_ms=max(last_ms, start_ms + 1),
        media_duration_90k=duration,
        size_bytes=position,
        frames=sum(gop.frames for gop in gops),
        path=str(file.relative_to(folder)),
        sha256=hashlib.sha256(content[:position]).digest(),
        init=init,
        gops=gops,
        clock_offset_ms=about.get("clock_offset_ms"),
        clock_uncertainty_ms=about.get("clock_uncertainty_ms"),
        retention_class=str(about.get("class", "standard")),
    )
    return new, torn


def _box(content: bytes, position: int) -> tuple[bytes, int] | None:
    """Letters and end of the box at a position, when it is whole."""
    if position + 8 > len(content):
        return None
    length = int.from_bytes(content[position : position + 4])
    if not 8 <= length <= _FRAGMENT_LIMIT or position + length > len(content):
        return None
    return content[position + 4 : position + 8], position + length


def read_header(content: bytes) -> tuple[Init, dict[str, Any], int] | None:
    """What stands before the first GOP: the header, what the recorder noted, and where it ends."""
    position = 0
    ends = []
    for kind in (b"ftyp", b"moov", b"uuid"):
        found = _box(content, position)
        if found is None or found[0] != kind or found[1] > _HEADER_LIMIT:
            return None
        ends.append(found[1])
        position = found[1]
    if content[ends[1] + 8 : ends[1] + 24] != ABOUT:
        return None
    try:
        about = msgspec.json.decode(content[ends[1] + 24 : ends[2]])
    except msgspec.DecodeError:
        return None
    if not isinstance(about, dict) or not isinstance(about.get("init"), dict):
        return None
    told = about["init"]
    init = Init(
        codec=str(told.get("codec", "")),
        width=int(told.get("width", 0)),
        height=int(told.get("height", 0)),
        audio=told.get("audio"),
        audio_rate_hz=int(told.get("audio_rate_hz", 0)),
        audio_channels=int(told.get("audio_channels", 0)),
        header=content[: ends[1]],
    )
    return init, about, ends[2]


def read_fragment(content: bytes, position: int, start_ms: int) -> tuple[GopEntry, int, int] | None:
    """The GOP at a position, its ticks and its end; None when it is not whole."""
    found = read_gop_head(content[position : position + _GOP_HEAD_LIMIT], position, start_ms)
    return None if found is None or found[2] > len(content) else found


def read_gop_head(head: bytes, position: int, start_ms: int) -> tuple[GopEntry, int, int] | None:
    """The GOP whose first boxes are `head`, its ticks and where it ends.

    Args:
        head: What stands at `position`; the frames themselves need not be in it.
        position: Where in the file that is.
        start_ms: Start of the segment (UTC, ms since 1970).

    Returns:
        None when the boxes are not those of a GOP, or not whole.
    """
    prft = _box(head, 0)
    if prft is None or prft[0] != b"prft" or prft[1] != PRFT_BYTES:
        return None
    moof = _box(head, prft[1])
    if moof is None or moof[0] != b"moof" or head[moof[1] + 4 : moof[1] + 8] != b"mdat":
        return None
    length = int.from_bytes(head[moof[1] : moof[1] + 4])
    if not 8 <= length <= _FRAGMENT_LIMIT:
        return None
    try:
        run = next(r for r in read_moof(head[prft[1] : moof[1]]) if r.track == VIDEO_TRACK)
    except (ValueError, StopIteration):
        return None
    wall_ms = ms_of_ntp(int.from_bytes(head[16:24]))
    entry = GopEntry(
        tfdt_90k=run.tfdt,
        offset=position + prft[1],
        length=moof[1] + length - prft[1],
        wall_delta_ms=max(0, wall_ms - start_ms),
        frames=len(run.samples),
    )
    return entry, run.duration, position + moof[1] + length
