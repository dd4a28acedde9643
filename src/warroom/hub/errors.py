"""What can go wrong in `hub`; the text a person reads is the message `error.<code>`."""

from warroom.kernel.errors import InvalidError, Kind, WarRoomError


class UnknownKindError(InvalidError):
    """A kind of event that does not exist (`kind`)."""

    code = "hub.unknown_kind"


class KindNotAllowedError(InvalidError):
    """The service account may not hear this kind of event on anything (`kind`)."""

    code = "hub.kind_not_allowed"


class ChangedMeanwhileError(WarRoomError):
    """Somebody else changed it since it was read."""

    code = "hub.changed_meanwhile"
    kind = Kind.CONFLICT


class TooManyError(WarRoomError):
    """The agency has as many webhooks as it may (`limit`)."""

    code = "hub.too_many"
    kind = Kind.CONFLICT
