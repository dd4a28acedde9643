"""The inventory as playback asks it: a camera that was removed still has its old footage."""

from datetime import datetime
from uuid import UUID

from warroom.cameras import api as cameras
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.recording.playback_service import FilmedBy


async def find_filmed_by(scope: Scope, tx: Transaction, camera_id: UUID, action: str) -> FilmedBy:
    """The camera with this id on which the scope allows the action.

    Raises:
        NotFoundError: There is none, for this scope.
    """
    camera = await cameras.get_camera(scope, tx, camera_id, action, including_removed=True)
    spans = scope.footage_of(action, **camera.sides)
    return FilmedBy(
        camera.id,
        camera.agency_id,
        camera.place,
        camera.tags,
        camera.retention_class,
        camera.name,
        windows_of(spans),
    )


async def list_recorded_by(
    tx: Transaction, camera_id: UUID
) -> list[tuple[str, datetime, datetime | None]]:
    """Which node recorded the camera from when on, and when it was last seen, by time."""
    return await cameras.list_recorded_by(tx, camera_id)


_END_MS = 2**53
"""Behind every instant that is asked for."""


def windows_of(
    spans: tuple[tuple[datetime | None, datetime | None], ...] | None,
) -> tuple[tuple[int, int], ...] | None:
    """Stretches of footage that may be seen, as the recorder counts: ms since 1970."""
    if spans is None:
        return None
    return tuple((_ms(first, 0), _ms(last, _END_MS)) for first, last in spans)


def _ms(at: datetime | None, otherwise: int) -> int:
    return otherwise if at is None else round(at.timestamp() * 1000)
