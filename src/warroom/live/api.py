"""What others call of `live`."""

from pathlib import Path

from warroom.kernel.clock import Clock
from warroom.kernel.db import Database
from warroom.live.contracts import VIEW, Asked, Snapshot
from warroom.live.hub import Hub
from warroom.live.rules import choose_role
from warroom.live.service import FindCamera, LiveService
from warroom.live.settings import LiveSettings
from warroom.live.viewers import Viewer, ViewerClosedError


def make_service(
    db: Database, clock: Clock, media_socket: Path, settings: LiveSettings, find_camera: FindCamera
) -> LiveService:
    """Live view of one process; enter it (`async with`) to connect to the recorder.

    Args:
        db: For cameras and the audit.
        clock: For times.
        media_socket: Fan-out socket of this node's recorder.
        settings: Limits.
    """
    return LiveService(db, clock, Hub(media_socket, settings, clock), settings, find_camera)


__all__ = [
    "VIEW",
    "Asked",
    "LiveService",
    "LiveSettings",
    "Snapshot",
    "Viewer",
    "ViewerClosedError",
    "choose_role",
    "make_service",
]
