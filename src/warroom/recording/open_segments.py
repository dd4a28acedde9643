"""Footage that is still being written: the last minute, for those who ask what just happened.

A segment becomes a row of the index when it is closed. Until then it is a file newer than the last
row of its stream, and every whole GOP in it can be played. Only the heads of its boxes are read,
and only those that came since the last look.
"""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warroom.recording.contracts import GopEntry, Init, Role, Segment
from warroom.recording.recovery import newer_files, read_gop_head, read_header

REMEMBERED = 4_000
_HEAD_BYTES = 64 << 10


@dataclass(eq=False)
class _Open:
    """What is known of one file so far."""

    number: int
    init: Init
    about: dict[str, Any]
    position: int
    gops: list[GopEntry] = field(default_factory=list)
    duration_90k: int = 0
    end_ms: int = 0


class OpenSegments:
    """The files of all disks that are newer than their stream's last row. Thread-safe."""

    def __init__(self) -> None:
        self._files: OrderedDict[Path, _Open] = OrderedDict()
        self._inits: OrderedDict[int, Init] = OrderedDict()
        self._lock = threading.Lock()
        self._numbers = 0

    def list_open(self, disk: Path, camera_id: str, role: str, after_ms: int) -> list[Segment]:
        """Segments of a stream behind its last row (`after_ms`), with the GOPs that are whole.

        Their `segment_id` and `init_id` are negative, and there is no digest to check yet.
        """
        found = []
        for file in newer_files(disk, camera_id, role, after_ms):
            with self._lock:
                known = self._look(file)
                if known is not None and known.gops:
                    found.append(_segment(disk, file, camera_id, role, known))
        return found

    def init(self, init_id: int) -> Init:
        """The header of an open segment.

        Raises:
            LookupError: It was forgotten.
        """
        with self._lock:
            return self._inits[init_id]

    def _look(self, file: Path) -> _Open | None:
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            known = self._files.get(file) or self._begin(file, descriptor)
            if known is not None:
                _read_on(known, descriptor, int(file.stem))
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return known

    def _begin(self, file: Path, descriptor: int) -> _Open | None:
        header = read_header(os.pread(descriptor, _HEAD_BYTES, 0))
        if header is None:
            return None
        init, about, position = header
        self._numbers += 1
        known = _Open(-self._numbers, init, about, position)
        self._files[file] = known
        self._inits[known.number] = init
        for memory in (self._files, self._inits):
            while len(memory) > REMEMBERED:
                memory.popitem(last=False)
        return known


def _read_on(known: _Open, descriptor: int, start_ms: int) -> None:
    size = os.fstat(descriptor).st_size
    while known.position < size:
        head = os.pread(descriptor, _HEAD_BYTES, known.position)
        found = read_gop_head(head, known.position, start_ms)
        if found is None or found[2] > size:
            return
        entry, ticks, known.position = found
        known.gops.append(entry)
        known.duration_90k = entry.tfdt_90k + ticks
        known.end_ms = start_ms + entry.wall_delta_ms + round(ticks / 90)


def _segment(disk: Path, file: Path, camera_id: str, role: str, known: _Open) -> Segment:
    start_ms = int(file.stem)
    chosen: Role = "sub" if role == "sub" else "main"
    return Segment(
        segment_id=known.number,
        camera_id=camera_id,
        role=chosen,
        run_id=int(known.about.get("run", start_ms)),
        start_ms=start_ms,
        end_ms=max(known.end_ms, start_ms + 1),
        media_duration_90k=known.duration_90k,
        bytes=known.position,
        frames=sum(gop.frames for gop in known.gops),
        path=str(file.relative_to(disk)),
        sha256=b"",
        codec=known.init.codec,
        init_id=known.number,
        gops=list(known.gops),
        clock_offset_ms=known.about.get("clock_offset_ms"),
        clock_uncertainty_ms=known.about.get("clock_uncertainty_ms"),
        retention_class=str(known.about.get("class", "standard")),
        is_held=False,
    )
