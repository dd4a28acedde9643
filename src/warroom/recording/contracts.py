"""What others may know of recording: assignments, states, footage, and the fan-out's wire format.

The wire format is fixed: `live` and the analysers read it. A frame of it is `u32` length of the
rest, `u8` kind, `u32` channel, then the payload of that kind; all big-endian.
"""

import struct
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec

from warroom.kernel.actions import Action, declare
from warroom.kernel.scope import Sides

type Role = Literal["main", "sub"]
type Digest = bytes
"""SHA-256, 32 bytes."""
type LiveState = Literal["live", "late", "offline"]
type BitrateFault = Literal["over_ceiling", "unusual"]
"""`over_ceiling`: it was cut for sending more than it may; `unusual`: far more than it used to."""

TIMESCALE = 90_000
"""Ticks per second of all video media time."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One stream this node has to take in.

    Attributes:
        camera_id: UUID as text.
        role: `main` is recorded; `sub` is taken in while somebody watches it.
        url: `rtsp://host[:port]/path`, without login.
        username: Login at the camera; empty means none.
        password: Never logged.
        transport: How RTP comes.
        retention_class: Decides how long footage stays.
        enabled: Whether the camera is to be used at all.
        is_recorded: Whether footage is stored.
        agency: Short name of the camera's owner; empty where it is not known.
        ceiling_kbit_s: Most this camera may send for long; None: the city's default.
        from_ms: What begins before is another node's to store (UTC, ms since 1970).
        until_ms: What begins then or later is another node's to store.
    """

    camera_id: str
    role: Role
    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    transport: Literal["tcp", "udp"] = "tcp"
    retention_class: str = "standard"
    enabled: bool = True
    is_recorded: bool = True
    agency: str = ""
    ceiling_kbit_s: int | None = None
    from_ms: int | None = None
    until_ms: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the stream on this node."""
        return (self.camera_id, self.role)


@dataclass(frozen=True, slots=True)
class Hold:
    """Footage that retention must not touch.

    Attributes:
        hold_id: UUID as text.
        camera_id: Whose footage.
        start_ms: First instant (UTC, ms since 1970).
        end_ms: First instant no longer held.
        is_released: Whether somebody ended it. A recorder lets go of a hold on this word alone,
            never because a list does not name it: the list may come from an older database.
    """

    hold_id: str
    camera_id: str
    start_ms: int
    end_ms: int
    is_released: bool = False


HOLD = "recording:hold"
"""Action: keep footage from retention, see who did, let go of it."""

ACTIONS = declare(
    Action("recording:view", "camera", "operate", lends=True, for_programs=True),
    Action("recording:export", "camera", "manage", is_ahead=True, lends=True),
    Action(HOLD, "camera", "manage", for_programs=True),
)

HOLDS = "recording.holds"
"""Topic of the outbox: a hold was set, changed, released, or ended by itself."""


@dataclass(frozen=True, slots=True)
class HoldDraft:
    """A hold as somebody wants it; one is made for each camera, all or none.

    Attributes:
        start_at: First instant to be kept.
        end_at: First instant no longer kept; may lie ahead, then footage is kept as it comes.
        reason: Why, in the person's words.
        case_number: The file it belongs to; empty if there is none yet.
        until_at: When it ends by itself; None is until somebody releases it.
    """

    camera_ids: tuple[UUID, ...]
    start_at: datetime
    end_at: datetime
    reason: str
    case_number: str = ""
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewHold:
    """A hold about to be stored."""

    id: UUID
    camera_id: UUID
    agency_id: UUID
    place: str | None
    start_at: datetime
    end_at: datetime
    reason: str
    case_number: str
    until_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StreamState:
    """How a stream is doing, as reported to the inventory and to watchers.

    Attributes:
        state: `live` (frames come), `late` (none for 2 s), `offline`.
        since_ms: Since when it is so.
        reason: A `Cause`, or None when live.
        last_frame_ms: Capture time of the newest frame.
        fps: Frames per second over the last statistics window.
        kbit_s: Bit rate over the same window.
        clock_offset_ms: Camera's clock minus ours; None until the camera told its clock.
        clock_uncertainty_ms: Half-width of that offset.
        is_recording: Whether footage reaches the disk.
        bitrate: What is wrong with its bit rate; None: nothing.
    """

    camera_id: str
    role: Role
    state: LiveState
    since_ms: int
    reason: str | None = None
    last_frame_ms: int | None = None
    fps: float | None = None
    kbit_s: float | None = None
    clock_offset_ms: float | None = None
    clock_uncertainty_ms: float | None = None
    is_recording: bool = False
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    bitrate: BitrateFault | None = None


@dataclass(frozen=True, slots=True)
class DiskState:
    """How a disk is doing: `ok`, `slow`, `full` or `error`.

    Attributes:
        queued_bytes: What waits to be written.
        held_bytes: Footage that a hold keeps from retention.
        losing: Cameras whose footage does not get onto the disk just now.
        unknown_holds: Holds on the disk that the last list did not name; they are kept.
        is_short: Whether footage had to go lately before its guaranteed days: the disk is too
            small for what was promised.
    """

    path: str
    state: str
    bytes: int
    quota_bytes: int
    oldest_ms: int | None
    queued_bytes: int = 0
    held_bytes: int = 0
    losing: tuple[str, ...] = ()
    unknown_holds: int = 0
    is_short: bool = False


type AlarmKind = Literal[
    "camera_bitrate",
    "camera_not_recorded",
    "disk_error",
    "disk_full",
    "disk_short",
    "disk_slow",
    "hold_ends",
    "holds_fill_disk",
    "holds_unknown",
    "recorder_away",
]
type AlarmLevel = Literal["alarm", "warning"]

ALARM = "recording.alarm"
"""Topic of the outbox: an alarm was raised, changed or cleared."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something of recording that an operator must know at once.

    Attributes:
        subject: What it is about, unique within its kind: a camera's id, `node/disk`, a node.
        since: Since when it is so, as far as is known.
        node: The recorder; empty when none is known.
        disk: `disk 1`; empty unless it is about a disk.
        camera: By what rights on the camera that it is about are judged; None if about none.
        detail: More, as JSON.
    """

    kind: AlarmKind
    subject: str
    level: AlarmLevel
    since: datetime
    node: str = ""
    disk: str = ""
    camera: Sides | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def camera_id(self) -> UUID | None:
        """The camera that it is about; None if it is about none."""
        return None if self.camera is None else self.camera["object_id"]


def camera_sides(row: dict[str, Any]) -> Sides:
    """By what rights on a hold or an alarm are judged: those on its camera, as stored now."""
    return {
        "agency_id": row["owner_id"],
        "place": row["camera_place"],
        "object_id": row["camera_id"],
        "tags": tuple(row["camera_tags"]),
        "class_": row["camera_class"],
    }


@dataclass(frozen=True, slots=True)
class NodeReport:
    """The last word of a recorder."""

    node: str
    reported_at: datetime
    disks: list[dict[str, Any]]


class StreamSource(Protocol):
    """Where assignments come from: PostgreSQL, a file, a test."""

    async def list_assignments(self) -> list[Assignment]:
        """Everything this node has to take in now."""
        ...

    async def list_holds(self) -> list[Hold]:
        """Every hold, those that were released too (`is_released`)."""
        ...

    async def changed(self, timeout_s: float) -> None:
        """Returns when something may have changed, at the latest after `timeout_s`."""
        ...


class StateSink(Protocol):
    """Where states go."""

    async def report_states(self, states: list[StreamState], disks: list[DiskState]) -> None:
        """Takes a batch of changed states and the present disks."""
        ...


@dataclass(frozen=True, slots=True)
class Init:
    """What a decoder must know before the first frame.

    Attributes:
        codec: RFC 6381 string, `avc1.64001e`, `hvc1.1.6.L93.B0`.
        width: Picture width after cropping, in pixels.
        height: Picture height after cropping, in pixels.
        audio: RFC 6381 string of the second track: `mp4a.40.2`, `alaw`, `ulaw`, or None.
        audio_rate_hz: Sample rate, which is also the track's timescale; 0 without audio.
        audio_channels: 1 or 2; 0 without audio.
        header: `ftyp` + `moov`.
    """

    codec: str
    width: int
    height: int
    audio: str | None
    audio_rate_hz: int
    audio_channels: int
    header: bytes = field(repr=False)

    @property
    def mime(self) -> str:
        """MIME type for Media Source Extensions."""
        codecs = self.codec if self.audio is None else f"{self.codec},{self.audio}"
        return f'video/mp4; codecs="{codecs}"'


@dataclass(frozen=True, slots=True)
class GopEntry:
    """Where one GOP lies in its segment.

    Attributes:
        tfdt_90k: Decode time of its first frame in the segment's media time.
        offset: Position of its `moof` in the file.
        length: Bytes of `moof` + `mdat`.
        wall_delta_ms: Capture time of its first frame after the segment's start.
        frames: Video frames.
    """

    tfdt_90k: int
    offset: int
    length: int
    wall_delta_ms: int
    frames: int


GOP_ENTRY = struct.Struct(">QIIIH")


def pack_gops(gops: list[GopEntry]) -> bytes:
    """The GOP table as it lies in the index."""
    pack = GOP_ENTRY.pack
    return b"".join(pack(g.tfdt_90k, g.offset, g.length, g.wall_delta_ms, g.frames) for g in gops)


def unpack_gops(table: bytes) -> list[GopEntry]:
    """The GOP table of a segment."""
    return [GopEntry(*row) for row in GOP_ENTRY.iter_unpack(table)]


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of footage, as the index knows it."""

    segment_id: int
    camera_id: str
    role: Role
    run_id: int
    start_ms: int
    end_ms: int
    media_duration_90k: int
    bytes: int
    frames: int
    path: str
    sha256: Digest
    codec: str
    init_id: int
    gops: list[GopEntry] = field(repr=False)
    clock_offset_ms: float | None
    clock_uncertainty_ms: float | None
    retention_class: str
    is_held: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without footage, and why."""

    camera_id: str
    role: Role
    start_ms: int
    end_ms: int
    cause: str


class Kind(IntEnum):
    """Kinds of messages from the fan-out to a watcher."""

    INIT = 1
    FRAME = 2
    STATE = 3
    ERROR = 4
    STATUS = 5


FLAG_KEY = 1
FLAG_AUDIO = 2

ENVELOPE = struct.Struct(">IBI")
FRAME_HEAD = struct.Struct(">BQiQI")
FRAME_ENVELOPE = struct.Struct(">IBIBQiQI")
MESSAGE_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class Frame:
    """One access unit for a watcher.

    Attributes:
        is_key: Whether decoding may begin here.
        is_audio: Whether it belongs to the audio track.
        dts_90k: Decode time; grows within a channel until the next INIT.
        cts_90k: Presentation time minus decode time.
        wall_ms: Capture time, UTC.
        duration_90k: 0 when not yet known.
        unit: NAL units with 4-byte lengths, or one audio frame.
    """

    is_key: bool
    is_audio: bool
    dts_90k: int
    cts_90k: int
    wall_ms: int
    duration_90k: int
    unit: bytes = field(repr=False)


def pack_message(kind: Kind, channel: int, payload: bytes) -> bytes:
    """One message for the socket."""
    return ENVELOPE.pack(5 + len(payload), kind, channel) + payload


def pack_json(kind: Kind, channel: int, body: dict[str, Any]) -> bytes:
    """One message whose payload is JSON."""
    return pack_message(kind, channel, msgspec.json.encode(body))


def pack_init(channel: int, init: Init) -> bytes:
    """The INIT message of a stream."""
    described = {
        "codec": init.codec,
        "width": init.width,
        "height": init.height,
        "timescale": TIMESCALE,
        "audio": init.audio,
        "audio_rate_hz": init.audio_rate_hz,
        "audio_channels": init.audio_channels,
    }
    head = msgspec.json.encode(described)
    return pack_message(Kind.INIT, channel, len(head).to_bytes(2, "big") + head + init.header)


def unpack_init(payload: bytes) -> Init:
    """Reads the payload of an INIT message."""
    length = int.from_bytes(payload[:2], "big")
    described = msgspec.json.decode(payload[2 : 2 + length])
    return Init(
        codec=described["codec"],
        width=described["width"],
        height=described["height"],
        audio=described["audio"],
        audio_rate_hz=described["audio_rate_hz"],
        audio_channels=described["audio_channels"],
        header=payload[2 + length :],
    )


def unpack_frame(payload: bytes) -> Frame:
    """Reads the payload of a FRAME message."""
    flags, dts, cts, wall, duration = FRAME_HEAD.unpack_from(payload)
    return Frame(
        is_key=bool(flags & FLAG_KEY),
        is_audio=bool(flags & FLAG_AUDIO),
        dts_90k=dts,
        cts_90k=cts,
        wall_ms=wall,
        duration_90k=duration,
        unit=payload[FRAME_HEAD.size :],
    )


class MessageReader:
    """Cuts a byte stream from the fan-out into messages."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, received: bytes) -> list[tuple[int, int, bytes]]:
        """Adds what was received; returns whole messages as (kind, channel, payload).

        Raises:
            ValueError: The stream is not one of these messages.
        """
        rest = self._rest
        rest += received
        messages = []
        position = 0
        while len(rest) - position >= ENVELOPE.size:
            length, kind, channel = ENVELOPE.unpack_from(rest, position)
            if not 5 <= length <= MESSAGE_LIMIT:
                raise ValueError("message length")
            end = position + 4 + length
            if end > len(rest):
                break
            messages.append((kind, channel, bytes(rest[position + ENVELOPE.size : end])))
            position = end
        del rest[:position]
        return messages
