"""What can go wrong with a stream or a disk, each with the word a person is told."""

from enum import StrEnum

from warroom.kernel.errors import (
    InvalidError,
    Kind,
    NotFoundError,
    UnavailableError,
    WarRoomError,
)


class Cause(StrEnum):
    """Why there is no footage, or why a camera is not live; text: `recording.cause.<value>`."""

    CONNECTING = "connecting"
    OFFLINE = "offline"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    AUTH = "auth"
    NOT_FOUND = "not_found"
    NOT_VIDEO = "not_video"
    TRANSPORT = "transport"
    REDIRECT = "redirect"
    PROTOCOL = "protocol"
    TOO_LARGE = "too_large"
    BAD_URL = "bad_url"
    FORBIDDEN_ADDRESS = "forbidden_address"
    UNKNOWN_HOST = "unknown_host"
    CLOSED = "closed"
    OVER_CEILING = "over_ceiling"
    LOSS = "loss"
    NO_FRAMES = "no_frames"
    NO_KEY_FRAME = "no_key_frame"
    CLOCK_JUMP = "clock_jump"
    DISK_FULL = "disk_full"
    DISK_SLOW = "disk_slow"
    DISK_ERROR = "disk_error"
    RESTART = "restart"
    RECORDER_AWAY = "recorder_away"
    DISABLED = "disabled"
    ELSEWHERE = "elsewhere"
    NODE_AWAY = "node_away"


class StreamError(WarRoomError):
    """One camera's stream cannot go on; the camera alone is affected and is tried again.

    Args:
        cause: The word for people and for the gap row.
        detail: What was seen, for the log; holds no password.
    """

    code = "recording.stream"

    def __init__(self, cause: Cause, detail: str = "") -> None:
        super().__init__(cause=cause.value, detail=detail[:200])
        self.cause = cause
        self.detail = detail[:200]

    def __str__(self) -> str:
        """The cause and what was seen."""
        return f"{self.cause.value}: {self.detail}" if self.detail else self.cause.value


class NothingThereError(NotFoundError):
    """Nothing was recorded at that time (`next_at`: where footage goes on)."""

    code = "recording.nothing_there"


class DiskAwayError(UnavailableError):
    """The disk or its index cannot be read now (`disk`)."""

    code = "recording.disk_away"


class BadRangeError(InvalidError):
    """The end of a time range is not after its beginning."""

    code = "recording.bad_range"


class HoldNotFoundError(NotFoundError):
    """No such hold in force, or not for this person."""

    code = "recording.hold_not_found"


class NoReasonError(InvalidError):
    """A hold, its change and its release each need a reason of 1 to 500 characters."""

    code = "recording.no_reason"


class CaseTooLongError(InvalidError):
    """A case number has more than `most` characters."""

    code = "recording.case_too_long"


class HoldTooLongError(InvalidError):
    """A hold covers more than `days` days; several are to be made."""

    code = "recording.hold_too_long"


class HoldAheadError(InvalidError):
    """A hold begins in the future, or ends further ahead than `days` days."""

    code = "recording.hold_ahead"


class HoldOverError(InvalidError):
    """A hold would end by itself in the past."""

    code = "recording.hold_over"


class NoCameraError(InvalidError):
    """A hold names no camera, or more than `most`."""

    code = "recording.hold_cameras"


class ForeignHoldError(WarRoomError):
    """Another agency set this hold (`agency`): only its people change or release it."""

    code = "recording.hold_of_other_agency"
    kind = Kind.FORBIDDEN
