"""The inventory as `live` asks it."""

from uuid import UUID

from warroom.cameras import api as cameras
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope
from warroom.live.contracts import CameraFacts, StreamFacts


async def find_camera(scope: Scope, tx: Transaction, camera_id: UUID, action: str) -> CameraFacts:
    """The camera with this id on which the scope allows the action, and its streams.

    Raises:
        NotFoundError: There is none, for this scope.
    """
    found = await cameras.find_cameras(scope, tx, [camera_id], action)
    if not found:
        raise NotFoundError
    camera = found[0]
    streams = await cameras.list_pictures(scope, tx, camera_id, action)
    return CameraFacts(
        camera_id=camera.id,
        agency_id=camera.agency_id,
        place=camera.place,
        tags=camera.tags,
        streams=tuple(StreamFacts(item.role, item.codec, item.width) for item in streams),
        label=camera.name,
    )
