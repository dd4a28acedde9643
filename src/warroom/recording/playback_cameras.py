"""The inventory as playback asks it: a camera that was removed still has its old footage."""

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
    return FilmedBy(camera.id, camera.agency_id, camera.place, camera.name)
