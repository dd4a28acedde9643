"""What a recorder hands on: the open GOP, a finished one, the file it goes to, and to whom."""

from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from warroom.recording.contracts import Assignment, GopEntry, Init
from warroom.recording.errors import Cause
from warroom.recording.fmp4 import about_box


class SegmentFile:
    """One file being written, shared by the loop (which plans it) and the disk's writer.

    `failed` is set by the writer when the file cannot be gone on with; the loop then begins
    another.
    """

    __slots__ = (
        "assignment", "audio_base", "base", "clock", "failed", "init", "number", "run_id",
        "sequence", "size", "start_ms", "written",
    )  # fmt: skip

    def __init__(
        self, assignment: Assignment, run_id: int, start_ms: int, base: int, number: int, init: Init
    ) -> None:
        self.assignment = assignment
        self.run_id = run_id
        self.start_ms = start_ms
        self.base = base
        self.number = number
        self.init = init
        self.sequence = 0
        self.audio_base: int | None = None
        self.clock: tuple[float | None, float | None] = (None, None)
        self.failed: Cause | None = None
        self.written = 0
        self.size = 0

    def header(self) -> bytes:
        """What stands before the first fragment: header and whose footage it is."""
        about = {
            "camera": self.assignment.camera_id,
            "role": self.assignment.role,
            "run": self.run_id,
            "start_ms": self.start_ms,
            "class": self.assignment.retention_class,
            "clock_offset_ms": self.clock[0],
            "clock_uncertainty_ms": self.clock[1],
            "init": {
                "codec": self.init.codec,
                "width": self.init.width,
                "height": self.init.height,
                "audio": self.init.audio,
                "audio_rate_hz": self.init.audio_rate_hz,
                "audio_channels": self.init.audio_channels,
            },
        }
        return self.init.header + about_box(msgspec.json.encode(about))


@dataclass(slots=True)
class GopWrite:
    """A finished GOP on its way to the disk.

    Attributes:
        segment: The file it belongs to.
        head: Boxes before the samples.
        parts: Samples in pieces.
        size: Bytes of head and parts.
        entry: Its row in the GOP table; the offset is filled in by the writer.
        start_ms: Capture time of its first frame.
        end_ms: Capture time of the first frame after it.
        duration_90k: Media time it covers.
    """

    segment: SegmentFile
    head: bytes
    parts: list[bytes] = field(repr=False)
    size: int
    entry: GopEntry
    start_ms: int
    end_ms: int
    duration_90k: int


class Recorder(Protocol):
    """Where footage goes: the queue of a disk. Nothing here blocks."""

    def write(self, gop: GopWrite) -> bool:
        """Takes a GOP; False when the queue is full."""
        ...

    def end(self, segment: SegmentFile, end_ms: int) -> None:
        """The segment is complete."""
        ...

    def last_end_ms(self, camera_id: str, role: str) -> int:
        """Where the footage of a stream ended before this process; 0 when there is none."""
        ...

    def usual_kbit_s(self, camera_id: str) -> float | None:
        """The bit rate of the footage kept of a camera; None while there is too little of it."""
        ...

    def begin_gap(self, camera_id: str, role: str, start_ms: int, cause: Cause) -> None:
        """Footage ends at `start_ms`; or, within a gap, its cause is now another."""
        ...

    def end_gap(self, camera_id: str, role: str, end_ms: int) -> None:
        """Footage goes on at `end_ms`."""
        ...


class Watcher(Protocol):
    """Somebody who wants the frames as they come."""

    def init(self, init: Init) -> None:
        """Decoding begins anew with the next key frame."""
        ...

    def frame(
        self, flags: int, dts: int, cts: int, wall_ms: int, duration: int, unit: bytes
    ) -> None:
        """One access unit."""
        ...


class Gop:
    """The open GOP: lists that grow together, one entry per frame.

    `dts` is filled only where it differs from `stamps` (B-frames).
    """

    __slots__ = ("dts", "is_reordered", "key_pts", "size", "stamps", "units")

    def __init__(self, key_pts: int) -> None:
        self.key_pts = key_pts
        self.stamps: list[int] = []
        self.dts: list[int] = []
        self.units: list[bytes] = []
        self.size = 0
        self.is_reordered = False

    @property
    def top(self) -> int:
        """The latest media time in it."""
        return max(self.stamps[-17:])

    def decode_time(self, number: int) -> int:
        """Decode time of a frame as watchers were given it."""
        return self.dts[number] if number < len(self.dts) else self.stamps[number]


@dataclass(slots=True)
class Counters:
    """What happened on a stream since it was assigned."""

    frames: int = 0
    bytes: int = 0
    gops: int = 0
    segments: int = 0
    runs: int = 0
    gaps: int = 0
    lost_packets: int = 0
    repaired_stamps: int = 0
    clock_jumps: int = 0
    dropped_gops: int = 0
    late_audio: int = 0
