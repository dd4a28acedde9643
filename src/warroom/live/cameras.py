"""The inventory as `live` asks it."""

from uuid import UUID

from warroom.cameras import api as cameras
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.live.contracts import CameraFacts, StreamFacts


async def find_camera(scope: Scope, tx: Transaction, camera_id: UUID, action: str) -> CameraFacts:
    """The camera with this id on which the scope allows the action, and its streams.

    Raises:
        NotFoundError: There is none, for this scope.
    """
    camera = await cameras.get_camera(scope, tx, camera_id, action)
    streams = await cameras.list_known_streams(scope, tx, camera_id, action)
    return CameraFacts(
        camera_id=camera.id,
        agency_id=camera.agency_id,
        place=camera.place,
        tags=camera.tags,
        retention_class=camera.retention_class,
        streams=tuple(StreamFacts(item.role, item.codec, item.width) for item in streams),
        label=camera.name,
    )
