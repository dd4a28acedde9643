"""What the parts of `live` hand each other: cameras, views, pictures.

Frames and descriptions are those of `recording.contracts`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NewType
from uuid import UUID

from warroom.kernel.actions import Action, declare
from warroom.kernel.scope import Sides

Role = Literal["main", "sub"]
"""Which stream of a camera: the full one, or the small one."""

Asked = Literal["auto", "main", "sub"]
"""What a viewer may ask for; `auto` takes the best stream their browser can play."""

Way = Literal["mse", "webrtc", "snapshot", "sound"]
"""How the picture, or the sound beside it, reaches a viewer."""

ViewId = NewType("ViewId", UUID)
"""One act of looking; it is the id of the audit entry that began it."""

VIEW = "live:view"

ACTIONS = declare(Action(VIEW, "camera", "view", lends=True, for_programs=True))
"""Action word of looking, and of the entry that begins it."""

END = "live:end"
"""Action word of the entry that ends it."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """One stream of a camera, as far as choosing one needs it."""

    role: Role
    codec: str | None
    width: int | None = None


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """A camera as `live` needs it: who owns it, where it is, what it sends."""

    camera_id: UUID
    agency_id: UUID
    place: str | None
    tags: tuple[str, ...]
    retention_class: str
    streams: tuple[StreamFacts, ...]
    label: str = ""

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

    def roles(self) -> frozenset[str]:
        """The streams it has."""
        return frozenset(stream.role for stream in self.streams)


@dataclass(frozen=True, slots=True)
class View:
    """Somebody looking at a camera.

    Attributes:
        view_id: The audit entry that says so; its end is an entry that names it.
        role: Which stream.
        way: How it reaches them.
        since: From when.
    """

    view_id: ViewId
    camera: CameraFacts
    role: Role
    way: Way
    since: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A picture of a camera, and how old it is.

    Attributes:
        jpeg: The picture.
        at_ms: When the camera took it, ms since 1970 by the city's clock.
    """

    jpeg: bytes
    at_ms: int


@dataclass(frozen=True, slots=True)
class Answered:
    """An offer of a browser that was answered.

    Attributes:
        session: Its name.
        sdp: The answer.
        sound: Type of the sound that can be had beside the picture; None where there is none.
    """

    session: str
    sdp: str
    sound: str | None = None


type Json = dict[str, Any]
