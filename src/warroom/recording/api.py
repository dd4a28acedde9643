"""What others call of `recording`."""

from pathlib import Path

from warroom.kernel.clock import Clock
from warroom.kernel.db import Database
from warroom.kernel.peers import Peers
from warroom.recording.errors import NothingThereError
from warroom.recording.footage_nodes import FootageAnswers, FootageOfNodes
from warroom.recording.gateway import camera_gateway
from warroom.recording.index import INDEX_NAME
from warroom.recording.playback import Library, Mode
from warroom.recording.playback_cameras import find_filmed_by, list_recorded_by
from warroom.recording.playback_index import FootageIndex
from warroom.recording.playback_pictures import PictureError, key_frame_jpeg
from warroom.recording.playback_service import FilmedBy, PlaybackService, disk_lines
from warroom.recording.service.alarms import judge as judge_alarms
from warroom.recording.service.alarms import list_alarms
from warroom.recording.service.holds import UNSET, HoldService
from warroom.recording.settings import RecordingSettings
from warroom.recording.sound import SoundTrack, sound_track


def make_playback(
    db: Database,
    clock: Clock,
    settings: RecordingSettings,
    data: Path,
    peers: Peers | None = None,
) -> PlaybackService:
    """Playback of one `serve` process; enter it (`async with`) so that its threads end with it.

    Args:
        db: For cameras and the audit.
        clock: For the present.
        settings: The disks.
        data: Folder of this node's data.
        peers: The other nodes; None where this is the only one.
    """
    nodes = FootageOfNodes(peers)
    return PlaybackService(db, clock, settings, data, find_filmed_by, list_recorded_by, nodes)


def make_answers(clock: Clock, settings: RecordingSettings, data: Path) -> FootageAnswers:
    """What this node answers others about the footage on its disks.

    Args:
        clock: For the present.
        settings: The disks.
        data: Folder of this node's data.
    """
    disks = settings.disk_list(data)
    library = Library(FootageIndex([Path(disk.path) for disk in disks]))
    return FootageAnswers(library, clock, lambda: disk_lines(library.index, disks))


def make_holds(db: Database, clock: Clock, settings: RecordingSettings, data: Path) -> HoldService:
    """Holds, as routes, jobs and commands use them.

    Args:
        db: For holds and the audit.
        clock: For the present.
        settings: The disks.
        data: Folder of this node's data.
    """
    disks = [Path(disk.path) for disk in settings.disk_list(data)]
    return HoldService(db, clock, disks, find_filmed_by)


__all__ = [
    "INDEX_NAME",
    "UNSET",
    "FilmedBy",
    "FootageAnswers",
    "HoldService",
    "Mode",
    "NothingThereError",
    "PictureError",
    "PlaybackService",
    "RecordingSettings",
    "SoundTrack",
    "camera_gateway",
    "judge_alarms",
    "key_frame_jpeg",
    "list_alarms",
    "make_answers",
    "make_holds",
    "make_playback",
    "sound_track",
]
