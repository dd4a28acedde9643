"""What others call of `recording`."""

from warroom.recording.errors import NothingThereError
from warroom.recording.playback import Mode
from warroom.recording.playback_pictures import PictureError, key_frame_jpeg
from warroom.recording.playback_service import FilmedBy, PlaybackService

__all__ = [
    "FilmedBy",
    "Mode",
    "NothingThereError",
    "PictureError",
    "PlaybackService",
    "key_frame_jpeg",
]
