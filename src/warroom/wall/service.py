"""Use cases of walls: authorise, load, judge, save, audit, tell; one transaction each."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.cameras import api as cameras
from warroom.identity.contracts import Thing, finds, id_of
from warroom.kernel import outbox
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.wall import rules, store
from warroom.wall.contracts import (
    CHANGED,
    CONFIGURE,
    OWN_CHANGED,
    SHARE,
    VIEW,
    Layout,
    LayoutDraft,
)
from warroom.wall.errors import (
    LayoutChangedError,
    LayoutLockedError,
    LayoutNotFoundError,
    TooManyLayoutsError,
    UnknownCameraError,
)

MAX_LAYOUTS = 200


async def list_layouts(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """The layouts in view as JSON has them, with the cameras in view alone."""
    layouts = await store.list_layouts(scope, tx)
    named = {camera for layout in layouts for camera in rules.cameras_of(layout.draft.tiles)}
    visible = await _visible(scope, tx, named)
    return [_shown(layout, visible) for layout in layouts]


async def show_layout(scope: Scope, tx: Transaction, layout_id: UUID) -> dict[str, Any]:
    """One layout as JSON has it, with the cameras in view alone.

    Raises:
        LayoutNotFoundError: No such layout, or not for this scope.
    """
    layout = await store.find_layout(scope, tx, layout_id)
    if layout is None:
        raise LayoutNotFoundError
    return _shown(layout, await _visible(scope, tx, rules.cameras_of(layout.draft.tiles)))


async def add_layout(scope: Scope, tx: Transaction, draft: LayoutDraft, now: datetime) -> UUID:
    """Keeps a new layout of the asker; sharing it with their agency needs `wall:share`.

    Raises:
        LayoutNotFoundError: The scope may not keep layouts, or not shared ones.
        TooManyLayoutsError: The person keeps 200 already.
        UnknownCameraError: A tile names a camera that the scope may not see.
    """
    if scope.person_id is None or scope.agency_id is None or not scope.may(VIEW):
        raise LayoutNotFoundError
    draft = rules.check(draft)
    if draft.shared == "agency":
        _require_share(scope, scope.agency_id, None)
    if await store.count_own(scope, tx) >= MAX_LAYOUTS:
        raise TooManyLayoutsError(limit=MAX_LAYOUTS)
    wanted = rules.cameras_of(draft.tiles)
    if await _visible(scope, tx, wanted) != wanted:
        raise UnknownCameraError
    layout_id = new_id()
    await store.insert_layout(scope, tx, layout_id, draft, now)
    layout = Layout(layout_id, scope.agency_id, scope.person_id, draft, None, None, 1)
    await _tell(scope, tx, "added", layout, now)
    return layout_id


async def change_layout(
    scope: Scope,
    tx: Transaction,
    layout_id: UUID,
    version: int,
    changes: dict[str, Any],
    now: datetime,
) -> None:
    """Changes what is given of a layout; cameras that the asker cannot see stay where they are.

    `changes` holds fields of `LayoutDraft`, and `locked`: whether the asker holds it locked.

    Raises:
        LayoutChangedError: `version` is not the newest.
        UnknownCameraError: A tile names a camera that the scope may not see.
    """
    layout = await _lock(scope, tx, layout_id)
    if layout.version != version:
        raise LayoutChangedError(version=layout.version)
    changes = dict(changes)
    locked = changes.pop("locked", None)
    draft = rules.check(replace(layout.draft, **changes))
    if "tiles" in changes:
        wanted = rules.cameras_of(draft.tiles)
        named = wanted | rules.cameras_of(layout.draft.tiles)
        visible = await _visible(scope, tx, named)
        if not wanted <= visible:
            raise UnknownCameraError
        tiles = rules.with_hidden_kept(layout.draft.tiles, draft.tiles, visible)
        draft = replace(draft, tiles=tiles)
    if "agency" in (draft.shared, layout.draft.shared):
        _require_share(scope, layout.agency_id, layout.id)
    if draft.shared == "person" and layout.draft.shared == "agency" and scope.person_id:
        layout = replace(layout, person_id=scope.person_id)
    holder = layout.locked_by if locked is None else scope.person_id if locked else None
    changed = replace(layout, draft=draft, locked_by=holder)
    await store.update_layout(scope, tx, changed, now)
    was_shared = layout.draft.shared == "agency"
    await _tell(scope, tx, "changed", changed, now, was_shared=was_shared)


async def remove_layout(scope: Scope, tx: Transaction, layout_id: UUID, now: datetime) -> None:
    """Deletes a layout; a shared one needs `wall:share`."""
    layout = await _lock(scope, tx, layout_id)
    if layout.draft.shared == "agency":
        _require_share(scope, layout.agency_id, layout.id)
    await store.delete_layout(scope, tx, layout_id)
    await _tell(scope, tx, "removed", layout, now)


async def _lock(scope: Scope, tx: Transaction, layout_id: UUID) -> Layout:
    """The layout, kept from others until the transaction ends.

    Raises:
        LayoutNotFoundError: No such layout, or not for this scope.
        LayoutLockedError: Somebody else holds it locked.
    """
    layout = await store.find_layout(scope, tx, layout_id, for_change=True)
    if layout is None:
        raise LayoutNotFoundError
    if layout.locked_by not in (None, scope.person_id) and not _may(
        scope, CONFIGURE, layout.agency_id, layout.id
    ):
        raise LayoutLockedError(name=layout.locked_by_name or "?")
    return layout


def _require_share(scope: Scope, agency_id: UUID, layout_id: UUID | None) -> None:
    if not _may(scope, SHARE, agency_id, layout_id):
        raise LayoutNotFoundError


def _may(scope: Scope, action: str, agency_id: UUID, layout_id: UUID | None) -> bool:
    return scope.allows(action, agency_id=agency_id, object_id=layout_id)


async def _visible(scope: Scope, tx: Transaction, ids: set[UUID]) -> set[UUID]:
    return {camera.id for camera in await cameras.find_cameras(scope, tx, ids)} if ids else set()


async def _tell(
    scope: Scope,
    tx: Transaction,
    change: str,
    layout: Layout,
    now: datetime,
    *,
    was_shared: bool = False,
) -> None:
    # Of a layout that is not shared only its owner may hear, in their other windows.
    is_known = was_shared or layout.draft.shared == "agency"
    await outbox.publish(
        tx,
        CHANGED if is_known else OWN_CHANGED,
        {"id": layout.id, "change": change},
        agency_id=layout.agency_id,
        object_id=layout.id if is_known else layout.person_id,
        now=now,
    )
    await audit.record(
        scope,
        tx,
        action=f"wall:{change}",
        object_kind="wall_layout",
        object_id=layout.id,
        object_label=layout.draft.name,
        agency_id=layout.agency_id,
        detail={"shared": layout.draft.shared, "locked": layout.locked_by is not None},
    )


def _shown(layout: Layout, visible: set[UUID]) -> dict[str, Any]:
    draft = layout.draft
    lock = {"id": layout.locked_by, "name": layout.locked_by_name or ""}
    return {
        "id": layout.id,
        "name": draft.name,
        "shared": draft.shared,
        "agency_id": layout.agency_id,
        "cols": draft.cols,
        "rows": draft.rows,
        "dwell_s": draft.dwell_s,
        "tiles": rules.narrowed(draft.tiles, visible),
        "locked_by": lock if layout.locked_by else None,
        "version": layout.version,
    }


@finds("wall")
async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The shared layout in view with this name or id; a private one is its owner's by no right."""
    layout_id, name = id_of(asked), asked.casefold()
    found = [
        layout
        for layout in await store.list_layouts(scope, tx)
        if layout.draft.shared == "agency"
        and (layout.id == layout_id or layout.draft.name.casefold() == name)
    ]
    if len(found) != 1:
        return None
    (layout,) = found
    return Thing("wall", layout.id, layout.draft.name, layout.agency_id)
