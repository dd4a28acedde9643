"""What the doors of `wall`, and other domains, call."""

from warroom.wall.contracts import LayoutDraft, Tile
from warroom.wall.service import (
    add_layout,
    change_layout,
    list_layouts,
    remove_layout,
    show_layout,
)
from warroom.wall.store import forget_person

__all__ = [
    "LayoutDraft",
    "Tile",
    "add_layout",
    "change_layout",
    "forget_person",
    "list_layouts",
    "remove_layout",
    "show_layout",
]
