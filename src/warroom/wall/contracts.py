"""What the parts of `wall` hand each other."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import msgspec

from warroom.kernel.actions import Action, declare

VIEW = "wall:view"
SHARE = "wall:share"
CONFIGURE = "wall:configure"
"""Held by administrators (`wall:*`): they may take a lock away."""

ACTIONS = declare(
    Action(VIEW, "wall", "view"),
    Action(SHARE, "wall", "operate"),
    Action(CONFIGURE, "wall", "configure"),
)

CHANGED = "walls.changed"
"""Topic: a layout that the agency shares was added, changed or removed."""

OWN_CHANGED = "walls.own_changed"
"""Topic: the same of a layout that nobody but its owner knows; told to that person alone."""

MONITORS = 16

type Shared = Literal["person", "agency"]


class Tile(msgspec.Struct, frozen=True):
    """What one monitor shows: cameras, in turn if there are several."""

    position: int
    cameras: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class LayoutDraft:
    """A layout as somebody wants it."""

    name: str
    shared: Shared
    cols: int
    rows: int
    dwell_s: int
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout as it is stored, whole: narrow its tiles before anybody sees them.

    Attributes:
        person_id: Who made it; its only owner while it is not shared.
        locked_by: Who holds the lock, and what they are called where that may be known.
    """

    id: UUID
    agency_id: UUID
    person_id: UUID
    draft: LayoutDraft
    locked_by: UUID | None
    locked_by_name: str | None
    version: int
