"""Settings of the recorder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from warroom.kernel.settings import section, setting

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class DiskSettings:
    """One folder that is recorded to, as a rule one physical disk.

    Attributes:
        path: The folder.
        quota_bytes: Video kept at most; the oldest footage makes room (a ring).
    """

    path: str
    quota_bytes: int = 100 * GIB


@section
class RecordingSettings:
    """How cameras are taken in, where footage lies and how long it stays."""

    SECTION: ClassVar[str] = "recording"

    disks: list[DiskSettings] = setting(
        [], "Folders recorded to, each with its quota; empty means <data_dir>/video alone."
    )
    quota_bytes: int = setting(100 * GIB, "Quota of <data_dir>/video when no disks are named.")
    keep_days: dict[str, float] = setting(
        {"standard": 30.0}, "Days footage of a retention class is kept; others: until the ring."
    )
    keep_bytes: dict[str, int] = setting(
        {}, "Bytes a retention class may fill on each disk, beneath the disk's quota."
    )
    reserve_bytes: int = setting(
        GIB // 4, "Free space of the file system below which the oldest footage is removed."
    )
    guaranteed_days: dict[str, float] = setting(
        {}, "Days footage of a retention class stays before any other camera's writing takes it."
    )
    agency_shares: dict[str, float] = setting(
        {}, "Per cent of each disk that an agency (short name) may fill when the disk is full."
    )
    fair_factor: float = setting(
        2.0, "A camera may write so many times what the middle one writes; its own time pays more."
    )
    fair_kbit_s: float = setting(
        2000.0, "Up to this bit rate a camera never counts as writing too much (kbit/s)."
    )
    ceiling_kbit_s: int = setting(
        24_000, "Most a camera may send for long, unless it has a ceiling of its own; 0: no end."
    )
    ceiling_burst_s: float = setting(
        10.0, "Seconds' worth of its ceiling that a camera may send on top at once."
    )
    segment_bytes: int = setting(
        32 << 20, "A segment that has grown to so many bytes is cut before its time."
    )
    segment_s: float = setting(60.0, "Length of a segment; cut at the next key frame.")
    queue_bytes: int = setting(
        128 << 20, "GOPs waiting for one disk; what comes on top is lost, with a gap."
    )
    allow_loopback: bool = setting(False, "Whether a camera may be on this machine (demo, tests).")
    allow_cidrs: list[str] = setting(
        [], "Only these networks may hold cameras; empty means every one not forbidden."
    )
    connects_per_s: float = setting(300.0, "New camera connections begun per second at most.")
    connecting_at_once: int = setting(128, "Cameras in hand-shake at the same time at most.")
    connect_s: float = setting(4.0, "Time a TCP connection to a camera may take.")
    handshake_s: float = setting(8.0, "Time a camera has from connection to PLAY.")
    late_s: float = setting(2.0, "Without a frame for this long a camera is late.")
    offline_s: float = setting(15.0, "Without a frame for this long a camera is offline.")
    tick_ms: float = setting(
        8.0, "Pause between two looks at the sockets: fewer, larger reads for a little latency."
    )
    pace_s: float = setting(
        0.5,
        "An unwatched camera's bytes are taken in so many seconds at a time between key frames.",
    )
    sub_linger_s: float = setting(10.0, "How long an unwatched sub-stream is still taken in.")

    def disk_list(self, data: Path) -> list[DiskSettings]:
        """The disks, with the default one when none is named."""
        if self.disks:
            return list(self.disks)
        return [DiskSettings(str(data / "video"), self.quota_bytes)]


def recording_settings(values: dict[str, Any] | None = None) -> RecordingSettings:
    """Settings with some values changed, for benches and tests."""
    return RecordingSettings(**(values or {}))
