"""What can go wrong with the inventory, each with a stable code and a sentence for people."""

from warroom.kernel.errors import InvalidError, Kind, NotFoundError, TooLargeError, WarRoomError


class CameraNotFoundError(NotFoundError):
    """No such camera, or not for this person: nobody can tell which."""

    code = "cameras.not_found"


class NumberTakenError(WarRoomError):
    """Another camera of the city has this number (`number`)."""

    code = "cameras.number_taken"
    kind = Kind.CONFLICT


class ChangedMeanwhileError(WarRoomError):
    """Somebody else saved the camera since it was read (`version` it has now)."""

    code = "cameras.changed_meanwhile"
    kind = Kind.CONFLICT


class FieldError(InvalidError):
    """A field cannot be taken as it is (`field`); the code of the subclass says why."""

    code = "cameras.field_invalid"


class FieldMissingError(FieldError):
    """A field that every camera needs is empty (`field`)."""

    code = "cameras.field_missing"


class OutOfRangeError(FieldError):
    """A number lies outside of what makes sense (`field`, `low`, `high`)."""

    code = "cameras.out_of_range"


class TooLongError(FieldError):
    """A text is longer than its field (`field`, `limit`)."""

    code = "cameras.too_long"


class OutsideCityError(FieldError):
    """The position is nowhere near the city (`field`)."""

    code = "cameras.outside_city"


class UnknownAgencyError(FieldError):
    """No agency of this name, or not one this person may add cameras for (`field`)."""

    code = "cameras.unknown_agency"


class AmbiguousAgencyError(FieldError):
    """Several agencies go by this name (`field`)."""

    code = "cameras.ambiguous_agency"


class UrlInvalidError(FieldError):
    """The address of a stream cannot be read; it is never repeated, for it may hold a password."""

    code = "cameras.url_invalid"


class SchemeError(UrlInvalidError):
    """The address is not one of an RTSP stream (`scheme`)."""

    code = "cameras.scheme"


class RtspsError(UrlInvalidError):
    """The address asks for RTSP over TLS, which is not supported yet."""

    code = "cameras.rtsps"


class ForbiddenAddressError(UrlInvalidError):
    """The address leads to where no camera is: this machine, link-local, metadata, multicast."""

    code = "cameras.forbidden_address"


class CredentialsNeededError(FieldError):
    """The stream moved to another host, so its stored login is not sent there: enter it again."""

    code = "cameras.credentials_needed"


class ImportTooLargeError(TooLargeError):
    """The file has more bytes (`limit_bytes`) or rows (`limit_rows`) than an import takes."""

    code = "cameras.import_too_large"


class ImportUnreadableError(InvalidError):
    """The file is neither CSV with a heading nor GeoJSON (`problem`: a code)."""

    code = "cameras.import_unreadable"


class ProbeError(WarRoomError):
    """A stream cannot be taken in; the code of the subclass says why."""

    code = "cameras.probe_failed"
    kind = Kind.INVALID


class UnreachableError(ProbeError):
    """Nobody answers at that address and port."""

    code = "cameras.unreachable"


class UnknownHostError(ProbeError):
    """The host name does not lead anywhere."""

    code = "cameras.unknown_host"


class ProbeTimeoutError(ProbeError):
    """It took too long (`limit_s`)."""

    code = "cameras.timeout"


class WrongPasswordError(ProbeError):
    """The camera refused the login, or wants one."""

    code = "cameras.wrong_password"


class NotRtspError(ProbeError):
    """Something answers there, and it does not speak RTSP (or says too much)."""

    code = "cameras.not_rtsp"


class RedirectedError(ProbeError):
    """The camera points to another address; that is not followed."""

    code = "cameras.redirected"


class NoSuchStreamError(ProbeError):
    """The camera answers but knows no stream of this path."""

    code = "cameras.no_such_stream"


class CameraRefusedError(ProbeError):
    """The camera answered with an error of its own (`status`)."""

    code = "cameras.refused"


class NotVideoError(ProbeError):
    """The stream carries no H.264 or H.265 picture."""

    code = "cameras.not_video"


class ControlElsewhereError(FieldError):
    """Movement is to be asked for at another host than the main stream's, whose login it uses."""

    code = "cameras.control_elsewhere"


class TurningError(WarRoomError):
    """A camera was asked to move and did not; the code of the subclass says why."""

    code = "cameras.ptz_failed"
    kind = Kind.UNAVAILABLE


class NotTurningError(TurningError):
    """This camera does not turn, or nobody has said where its movement is asked for."""

    code = "cameras.ptz_none"
    kind = Kind.CONFLICT


class TurningAwayError(TurningError):
    """Its service for movement does not answer, or not in words that can be read."""

    code = "cameras.ptz_away"


class TurningTimeoutError(TurningError):
    """It did not answer in time (`limit_s`)."""

    code = "cameras.ptz_timeout"


class TurningLoginError(TurningError):
    """It refuses the login of its main stream."""

    code = "cameras.ptz_login"


class TurningRefusedError(TurningError):
    """It says that it cannot do this, or not now."""

    code = "cameras.ptz_refused"


class HeldError(WarRoomError):
    """Somebody else has the camera in hand (`name`, `seconds` until it is free at the latest)."""

    code = "cameras.ptz_held"
    kind = Kind.CONFLICT


class RankTooLowError(HeldError):
    """It can be taken over only by somebody of a higher rank (`name`, `seconds`)."""

    code = "cameras.ptz_rank"


class ReasonNeededError(InvalidError):
    """Taking a camera out of somebody's hands needs a reason."""

    code = "cameras.ptz_reason"
