"""Decisions about layouts. Pure."""

from collections.abc import Iterable, Set
from dataclasses import replace
from uuid import UUID

from warroom.wall.contracts import MONITORS, LayoutDraft, Tile
from warroom.wall.errors import LayoutInvalidError

MIN_DWELL_S, MAX_DWELL_S = 5, 3600
MAX_SIDE = 4
MAX_IN_TURN = 64
MAX_NAME = 80


def check(draft: LayoutDraft) -> LayoutDraft:
    """The layout, tidied: its name without blanks at the ends, its tiles by position.

    Raises:
        LayoutInvalidError: It cannot be kept (`field`).
    """
    name = " ".join(draft.name.split())
    if not (0 < len(name) <= MAX_NAME and name.isprintable()):
        raise LayoutInvalidError(field="name")
    if not (1 <= draft.cols <= MAX_SIDE and 1 <= draft.rows <= MAX_SIDE):
        raise LayoutInvalidError(field="cols")
    if not MIN_DWELL_S <= draft.dwell_s <= MAX_DWELL_S:
        raise LayoutInvalidError(field="dwell_s")
    positions = [tile.position for tile in draft.tiles]
    if len(set(positions)) != len(positions) or any(
        not 1 <= position <= MONITORS for position in positions
    ):
        raise LayoutInvalidError(field="tiles")
    if any(len(tile.cameras) > MAX_IN_TURN for tile in draft.tiles):
        raise LayoutInvalidError(field="tiles")
    tiles = tuple(
        Tile(tile.position, tuple(dict.fromkeys(tile.cameras)))
        for tile in sorted(draft.tiles, key=lambda tile: tile.position)
    )
    return replace(draft, name=name, tiles=tiles)


def cameras_of(tiles: Iterable[Tile]) -> set[UUID]:
    """Every camera that some tile names."""
    return {camera for tile in tiles for camera in tile.cameras}


def narrowed(tiles: Iterable[Tile], visible: Set[UUID]) -> tuple[Tile, ...]:
    """The tiles with the visible cameras alone; the positions stay, so nothing hints at others."""
    return tuple(
        Tile(tile.position, tuple(camera for camera in tile.cameras if camera in visible))
        for tile in tiles
    )


def with_hidden_kept(
    stored: Iterable[Tile], sent: Iterable[Tile], visible: Set[UUID]
) -> tuple[Tile, ...]:
    """The tiles that were sent, and on each monitor the stored cameras their sender cannot see.

    Whoever rearranges what they see must not take away what others see.
    """
    hidden = {
        tile.position: tuple(camera for camera in tile.cameras if camera not in visible)
        for tile in stored
    }
    kept = {tile.position: tile.cameras + hidden.pop(tile.position, ()) for tile in sent}
    kept |= {position: cameras for position, cameras in hidden.items() if cameras}
    return tuple(Tile(position, kept[position]) for position in sorted(kept))
