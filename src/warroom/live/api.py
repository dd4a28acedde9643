"""What others call of `live`."""

from pathlib import Path
from uuid import UUID

from warroom.kernel.clock import Clock
from warroom.kernel.db import Database
from warroom.live.cameras import find_camera
from warroom.live.channels import Channel
from warroom.live.contracts import VIEW, Asked, Role, Snapshot, Way
from warroom.live.hub import Hub
from warroom.live.rules import choose_role
from warroom.live.service import FindCamera, LiveService
from warroom.live.settings import LiveSettings
from warroom.live.viewers import Viewer, ViewerClosedError
from warroom.live.webrtc.client import WebRtcClient


def make_service(
    db: Database,
    clock: Clock,
    media_socket: Path,
    webrtc_socket: Path,
    settings: LiveSettings,
    find: FindCamera = find_camera,
    elsewhere_socket: Path | None = None,
) -> LiveService:
    """Live view of one process; enter it (`async with`) to connect to the recorder.

    Args:
        db: For cameras and the audit.
        clock: For times.
        media_socket: Fan-out socket of this node's recorder.
        webrtc_socket: Control socket of this node's WebRTC process.
        settings: Limits.
        find: The inventory.
        elsewhere_socket: Fan-out of the city's other nodes; None where this is the only one.
    """

    def make(number: int, camera_id: UUID, role: Role) -> Channel:
        return Channel(number, camera_id, role, settings.gop_bytes, settings.crowd)

    hub = Hub(media_socket, settings, clock, make, elsewhere_socket)
    return LiveService(db, clock, hub, WebRtcClient(webrtc_socket), settings, find)


__all__ = [
    "VIEW",
    "Asked",
    "LiveService",
    "LiveSettings",
    "Snapshot",
    "Viewer",
    "ViewerClosedError",
    "Way",
    "choose_role",
    "make_service",
]
