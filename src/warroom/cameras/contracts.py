"""What others may know of a camera; nothing here touches a database or the network."""

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType, Protocol
from uuid import UUID

from warroom.kernel.actions import Action, declare
from warroom.kernel.scope import Columns, Sides

CameraId = NewType("CameraId", UUID)

type Role = Literal["main", "sub"]
type Transport = Literal["tcp", "udp"]
type BitrateFault = Literal["over_ceiling", "unusual"]

ROLES: tuple[Role, ...] = ("main", "sub")

VIEW = "camera:view"
CONFIGURE = "camera:configure"
RECORD = "camera:record"
"""Held by the system alone: reads logins and writes states."""
MOVE = "ptz:move"
OVERRIDE = "ptz:override"
"""To take a turning camera from anybody who does not hold this word as well."""

ACTIONS = declare(
    Action(VIEW, "camera", "view", lends=True, for_programs=True),
    Action(CONFIGURE, "camera", "configure", for_programs=True),
    Action(RECORD, "camera", by_system=True),
    Action(MOVE, "camera", "operate", lends=True, for_programs=True),
    Action(OVERRIDE, "camera", "manage"),
)

CHANGED = "cameras.changed"
STATE = "cameras.state"
PTZ = "cameras.ptz"
"""Topics of the outbox; `routes` declares who may hear them."""


class State(StrEnum):
    """How a camera is doing, as far as the last report tells."""

    LIVE = "live"
    LATE = "late"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Reasons that the inventory itself gives for a state; the recorder has its own words."""

    NEVER_REPORTED = "never_reported"
    NODE_SILENT = "node_silent"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A login, and the part of an address that is as secret as one.

    Attributes:
        username: Empty means none.
        password: Never shown, logged or exported.
        url: The whole address where its path or query holds a password; else None.
    """

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    url: str | None = field(default=None, repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep secret."""
        return not (self.username or self.password or self.url)


@dataclass(frozen=True, slots=True)
class StreamDraft:
    """A stream as somebody wants it.

    Attributes:
        role: `main` is recorded; `sub` is for walls and for browsers that cannot play `main`.
        url: `rtsp://host[:port]/path`, without anything secret: this may be shown.
        transport: How RTP comes.
        credentials: The login; None keeps the one that is stored.
    """

    role: Role
    url: str
    transport: Transport = "tcp"
    credentials: Credentials | None = None


@dataclass(frozen=True, slots=True)
class CameraDraft:
    """A camera as somebody wants it, checked by `rules`.

    Attributes:
        number: What people say; unique among the cameras that exist.
        site: Where it hangs, in words ("simpang", "Jl. Urip Sumoharjo, tiang 14").
        kecamatan: Code and name of the district; None is found from the position.
        lat: Degrees north, WGS 84.
        lon: Degrees east, WGS 84.
        height_m: Above ground.
        bearing_deg: Clockwise from north, 0 <= bearing < 360; of a PTZ camera its home position.
        fov_deg: Horizontal opening angle, 0 < fov <= 360.
        range_m: How far the picture is of use, up to 3,000 m.
        control_url: Where its movement is asked for, on the host of the main stream; the login of
            that stream is used there, and nothing of it is shown.
        pan_span_deg: How many degrees the whole pan range of a PTZ camera covers, whose middle is
            its home position; None where nobody has measured it.
        retention_class: Decides how long footage stays.
        ceiling_kbit_s: Most it may send for long; None: what the city has set for all.
        simulated: Whether the picture is made up; said wherever it is shown.
        enabled: Whether it is to be taken in at all.
    """

    number: int
    name: str
    agency_id: UUID
    lat: float
    lon: float
    site: str = ""
    kecamatan: str | None = None
    kelurahan: str | None = None
    height_m: float | None = None
    bearing_deg: float | None = None
    fov_deg: float | None = None
    range_m: float | None = None
    is_ptz: bool = False
    control_url: str | None = None
    pan_span_deg: float | None = None
    tags: tuple[str, ...] = ()
    retention_class: str = "standard"
    ceiling_kbit_s: int | None = None
    simulated: bool = False
    enabled: bool = True
    notes: str = ""
    streams: tuple[StreamDraft, ...] = ()


@dataclass(frozen=True, slots=True)
class Areas:
    """Which cameras of one owner are meant: those in any of these places, or with these numbers.

    Attributes:
        agency_id: The owner.
        rings: Polygons, each a ring of (longitude, latitude) in degrees WGS 84.
        places: Area codes; a code stands for everything below it.
        numbers: Numbers of cameras.
    """

    agency_id: UUID
    rings: tuple[tuple[tuple[float, float], ...], ...] = ()
    places: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()


def columns_of(table: str) -> Columns:
    """By what rights on a camera are judged: columns of `camera` or `camera_seen`, by its alias."""
    return {
        "agency": f"{table}.agency_id",
        "place": f"{table}.place",
        "id": f"{table}.id",
        "tags": f"{table}.tags",
        "class_": f"{table}.retention_class",
    }


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera as it is stored, without its streams and its state."""

    id: CameraId
    agency_id: UUID
    number: int
    name: str
    place: str | None
    """Area code, the most exact one known; what a `Scope` asks for."""
    tags: tuple[str, ...]
    lat: float
    lon: float
    retention_class: str
    simulated: bool
    enabled: bool
    version: int

    @property
    def sides(self) -> Sides:
        """By what rights on it are judged."""
        return {
            "agency_id": self.agency_id,
            "place": self.place,
            "object_id": self.id,
            "tags": self.tags,
            "class_": self.retention_class,
        }


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """Everything the recorder needs to take one stream in.

    Attributes:
        url: The address to connect to; may hold a secret in its path: never log it.
        place: Area code of the camera.
        agency: Short name of the owner.
        ceiling_kbit_s: See `CameraDraft`.
        from_ms: It is another recorder's up to then (UTC, ms since 1970).
        until_ms: It is another recorder's from then on.
    """

    camera_id: UUID
    role: Role
    url: str = field(repr=False)
    username: str = field(repr=False)
    password: str = field(repr=False)
    transport: Transport
    agency_id: UUID
    place: str | None
    retention_class: str
    enabled: bool
    number: int
    agency: str = ""
    ceiling_kbit_s: int | None = None
    from_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class KnownStream:
    """What everybody who sees a camera may know of its streams.

    Attributes:
        codec: RFC 6381 string; None until somebody has taken the stream in.
    """

    role: Role
    codec: str | None
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class StreamPicture:
    """What a stream turned out to carry.

    Attributes:
        codec: RFC 6381 string, `avc1.64001e`.
        width: Pixels.
        height: Pixels.
    """

    role: Role
    codec: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class StateReport:
    """How a camera is doing, told by the node that takes it in.

    Attributes:
        state: `live`, `late` or `offline`.
        since: Since when it is so.
        reason: A word (`recording.cause.<word>`), or None when live.
        last_frame_at: When the newest frame was captured.
        fps: Frames a second, lately.
        kbit_s: Bit rate, lately.
        clock_offset_ms: The camera's clock minus ours; None while it has not told its clock.
        clock_uncertainty_ms: Half-width of that offset.
        recording: Whether footage reaches a disk.
        node: Name of the node.
        pictures: What the streams carry, where that is known.
        bitrate: `over_ceiling` (cut for sending more than it may), `unusual`, or None.
    """

    camera_id: UUID
    state: Literal["live", "late", "offline"]
    since: datetime
    reason: str | None = None
    last_frame_at: datetime | None = None
    fps: float | None = None
    kbit_s: float | None = None
    clock_offset_ms: float | None = None
    clock_uncertainty_ms: float | None = None
    recording: bool = False
    node: str = ""
    pictures: tuple[StreamPicture, ...] = ()
    bitrate: BitrateFault | None = None


@dataclass(frozen=True, slots=True)
class LoudCamera:
    """A camera whose bit rate is wrong.

    Attributes:
        bitrate: What is wrong with it.
        kbit_s: Its bit rate of late; None while it is cut.
        node: The recorder that told.
        since: When that was first told in a row.
    """

    camera_id: UUID
    number: int
    name: str
    agency_id: UUID
    place: str | None
    tags: tuple[str, ...]
    retention_class: str
    bitrate: BitrateFault
    kbit_s: float | None
    node: str
    since: datetime

    @property
    def sides(self) -> Sides:
        """By what rights on it are judged."""
        return {
            "agency_id": self.agency_id,
            "place": self.place,
            "object_id": self.camera_id,
            "tags": self.tags,
            "class_": self.retention_class,
        }


@dataclass(frozen=True, slots=True)
class UnrecordedCamera:
    """A camera that is to be recorded and is not.

    Attributes:
        state: As people see it; `unknown` when its node has gone silent.
        reason: The state's word, or None when frames come and yet none is stored.
        node: The recorder that spoke of it last; empty if none ever did.
        since: Since when nothing is recorded, as far as is known.
        changed_at: When the camera itself was last changed (it may have been enabled then).
    """

    camera_id: UUID
    number: int
    name: str
    agency_id: UUID
    place: str | None
    tags: tuple[str, ...]
    retention_class: str
    state: str
    reason: str | None
    node: str
    since: datetime
    changed_at: datetime

    @property
    def sides(self) -> Sides:
        """By what rights on it are judged."""
        return {
            "agency_id": self.agency_id,
            "place": self.place,
            "object_id": self.camera_id,
            "tags": self.tags,
            "class_": self.retention_class,
        }


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What a list of cameras is narrowed to; None and empty mean "any"."""

    q: str = ""
    agency_id: UUID | None = None
    state: State | None = None
    kecamatan: str | None = None
    after_number: int | None = None
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Siting:
    """Where a camera stands in the city's order, and how that is known.

    Attributes:
        source: `given` by whoever added the camera, else as `places` found it.
    """

    kecamatan: str | None = None
    kecamatan_name: str | None = None
    kelurahan: str | None = None
    kelurahan_name: str | None = None
    source: Literal["given", "polygon", "nearest_centre"] | None = None

    @property
    def place(self) -> str | None:
        """The most exact area code known; what a `Scope` asks for."""
        return self.kelurahan or self.kecamatan


@dataclass(frozen=True, slots=True)
class StoredCamera:
    """A camera as it is stored, its logins opened: for changing it, never for showing it."""

    id: CameraId
    version: int
    siting: Siting
    draft: CameraDraft


@dataclass(frozen=True, slots=True)
class StateChange:
    """A camera whose state is another than before, with what an event about it needs."""

    camera_id: UUID
    agency_id: UUID
    place: str | None
    tags: tuple[str, ...]
    retention_class: str

    @property
    def sides(self) -> Sides:
        """By what rights on it are judged."""
        return {
            "agency_id": self.agency_id,
            "place": self.place,
            "object_id": self.camera_id,
            "tags": self.tags,
            "class_": self.retention_class,
        }


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field of one row of an import.

    Attributes:
        row: Line of the file, counted from 1 as an editor shows it (CSV), or the feature's place
            counted from 1 (GeoJSON).
        value: What stood there, shortened; None where it might hold a secret.
    """

    row: int
    field: str
    code: str
    value: str | None = None
    params: dict[str, str | int | float] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, row by row."""

    added: int
    changed: int
    unchanged: int
    rejected: tuple[Problem, ...]
    dry_run: bool
    encoding: str
    """How the file was read: `utf-8`, `utf-16`, or `windows-1252` where letters may be guessed."""
    ignored: tuple[str, ...] = ()
    """Headings of columns that mean nothing here."""


@dataclass(frozen=True, slots=True)
class Sited:
    """A camera and where it looks; None is not known."""

    camera: "Camera"
    bearing_deg: float | None
    fov_deg: float | None
    range_m: float | None


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What a stream answered to a first question.

    Attributes:
        codec: RFC 6381 string where the stream told enough, else `h264` or `h265`.
        width: Pixels; None where the stream did not tell.
        height: Pixels.
        fps: Frames a second as announced.
        audio: Name of the audio encoding, or None.
        took_ms: From connecting to the answer.
    """

    codec: str
    width: int | None
    height: int | None
    fps: float | None
    audio: str | None
    took_ms: int


@dataclass(frozen=True, slots=True)
class Control:
    """Where and how the movement of one camera is asked for; not for showing.

    Attributes:
        url: Without a login.
        login: That of the main stream, which is on the same host.
        bearing_deg: Of the home position; None is not known.
        fov_deg: Horizontal opening angle; None is not known.
        pan_span_deg: See `CameraDraft`.
        bearings: Where presets look, as people have said, by token.
    """

    camera: Camera
    url: str = field(repr=False)
    login: Credentials = field(repr=False)
    bearing_deg: float | None = None
    fov_deg: float | None = None
    pan_span_deg: float | None = None
    bearings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Velocity:
    """How fast to move: each from -1 to 1 of what the camera can; right, up and in are positive."""

    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0

    @property
    def is_rest(self) -> bool:
        """Whether it asks for no movement at all."""
        return not (self.pan or self.tilt or self.zoom)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a camera's node offers of movement to a position.

    Attributes:
        by: `absolute`, `relative` (to where it looks now), or None: velocities and presets alone.
        pan_low: End of the pan range, in the units of the node.
        pan_high: Other end.
        in_degrees: Whether those units are degrees (ONVIF: spherical position space).
    """

    by: Literal["absolute", "relative"] | None = None
    pan_low: float = -1.0
    pan_high: float = 1.0
    in_degrees: bool = False


@dataclass(frozen=True, slots=True)
class Preset:
    """A position that the camera itself keeps; `pan` in the units of its node, where it tells."""

    token: str
    name: str
    pan: float | None = None


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a camera looks now, in the units of its node; None is what it did not tell."""

    pan: float | None = None
    tilt: float | None = None
    zoom: float | None = None
    is_moving: bool | None = None


class Turning(Protocol):
    """A camera that can be turned: what a plug-in of `vendors` is asked for.

    Whatever goes wrong is raised as a `TurningError`. The caller waits for each word.
    """

    async def reach(self) -> Reach:
        """What its node offers."""

    async def move(self, velocity: Velocity, seconds: float) -> None:
        """Moves until told otherwise, and by itself not longer than `seconds`."""

    async def stop(self) -> None:
        """Stands still."""

    async def turn(self, pan: float) -> None:
        """Turns to a pan position, in the units of the node, by what `reach` offers."""

    async def presets(self) -> list[Preset]:
        """The positions it keeps."""

    async def go_to(self, token: str) -> None:
        """Goes to a position it keeps."""

    async def pose(self) -> Pose:
        """Where it looks now."""

    async def close(self) -> None:
        """Lets go of the connection."""


@dataclass(frozen=True, slots=True)
class Grip:
    """Who has a turning camera in hand.

    Attributes:
        person_id: Who.
        rank: 1 by the right to move, 2 for an incident, 3 by the right to take over.
        taken_at: Since when.
        seen_at: When they last moved it, or said that they are still there.
        reserved_until: Kept for them until then, whether or not they move it.
        incident_id: What for.
        waiter_id: The first who was refused and has waited since.
        waiting_since: Since when that person waits.
        told_at: When their moving was last written into the audit.
    """

    person_id: UUID
    rank: int
    taken_at: datetime
    seen_at: datetime
    reserved_until: datetime | None = None
    incident_id: UUID | None = None
    waiter_id: UUID | None = None
    waiting_since: datetime | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Aim:
    """How a camera comes to look at a place.

    Attributes:
        by: `turn` to a pan position, `preset`, or None: it cannot be known.
        pan: In the units of the node.
        preset: Which of its positions.
        off_deg: By how much its middle misses the place then; None where it is exact.
        is_seen: Whether the place lies within the picture then; None is not known.
        why: Word of the reason why it cannot, where `by` is None.
    """

    by: Literal["turn", "preset"] | None
    pan: float | None = None
    preset: Preset | None = None
    off_deg: float | None = None
    is_seen: bool | None = None
    why: str | None = None
