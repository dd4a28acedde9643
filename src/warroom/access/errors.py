"""What `access` can tell a person."""

from warroom.kernel.errors import ForbiddenError, InvalidError, Kind, TooLargeError, WarRoomError


class WrongStateError(WarRoomError):
    """This cannot be done any more, or not yet (`status` it has now)."""

    code = "access.wrong_state"
    kind = Kind.CONFLICT


class ChangedMeanwhileError(WarRoomError):
    """Somebody else changed it since it was read."""

    code = "access.changed_meanwhile"
    kind = Kind.CONFLICT


class OwnRequestError(ForbiddenError):
    """Nobody decides about what they, or their own agency, asked for."""

    code = "access.own_request"


class SignedAlreadyError(WarRoomError):
    """This person has approved it already: the second signature is somebody else's."""

    code = "access.signed_already"
    kind = Kind.CONFLICT


class SameRoleError(WarRoomError):
    """Somebody has approved in this `role`: the second signature is of another one."""

    code = "access.same_role"
    kind = Kind.CONFLICT


class OwnerMissingError(WarRoomError):
    """Neither signature would be of the agency that owns the things."""

    code = "access.owner_missing"
    kind = Kind.CONFLICT


class NotApproverError(ForbiddenError):
    """The person does not hold this `role`, or it is none in which one approves."""

    code = "access.not_approver"


class OwnReviewError(ForbiddenError):
    """Nobody reviews what they took themselves, or for their own agency from another."""

    code = "access.own_review"


class DeniedError(ForbiddenError):
    """What is asked was taken away from the person; an emergency does not open it."""

    code = "access.denied"


class NoThingsError(InvalidError):
    """No camera and no vehicle fits what was named."""

    code = "access.no_things"


class LastAdminError(WarRoomError):
    """Without this right nobody could change people there any more."""

    code = "access.last_admin"
    kind = Kind.CONFLICT


class NothingLeftError(InvalidError):
    """No camera, action or time would be left of what is lent."""

    code = "access.nothing_left"


class IncompleteError(InvalidError):
    """A request lacks something or contradicts itself (`field`)."""

    code = "access.incomplete"


class BadFileError(InvalidError):
    """An attachment is no PDF, JPEG or PNG."""

    code = "access.bad_file"


class FileTooLargeError(TooLargeError):
    """An attachment is larger than `limit_mb`."""

    code = "access.file_too_large"


class TooManyFilesError(WarRoomError):
    """A request has as many attachments as it may (`limit`)."""

    code = "access.too_many_files"
    kind = Kind.CONFLICT
