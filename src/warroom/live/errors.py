"""What a viewer can be told, each with a stable code."""

from warroom.kernel.errors import InvalidError, Kind, UnavailableError, WarRoomError


class NoPictureError(UnavailableError):
    """The camera sends nothing now, so there is no picture to show."""

    code = "live.no_picture"


class CodecNotPlayableError(WarRoomError):
    """The stream is H.265, which browsers do not play, and the camera has no H.264 sub-stream."""

    code = "live.codec_not_playable"
    kind = Kind.CONFLICT


class NoSoundError(WarRoomError):
    """The camera sends a picture and no sound."""

    code = "live.no_sound"
    kind = Kind.CONFLICT


class MediaAwayError(UnavailableError):
    """The recorder of this node does not answer."""

    code = "live.media_away"


class NotAllowedAnyMoreError(WarRoomError):
    """The right to look ended while somebody looked."""

    code = "live.not_allowed_any_more"
    kind = Kind.NOT_FOUND


class WebRtcAwayError(UnavailableError):
    """The WebRTC process does not answer; MSE still works."""

    code = "live.webrtc_away"


class OfferError(InvalidError):
    """The WebRTC offer cannot be answered: no H.264 video in it, or not an offer at all."""

    code = "live.offer"


class TooManyViewersError(WarRoomError):
    """This node serves as many viewers as it is set to (`limit`)."""

    code = "live.too_many_viewers"
    kind = Kind.LIMITED
