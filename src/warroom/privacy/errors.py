"""What can go wrong in `privacy`; the text a person reads is the message `error.<code>`."""

from warroom.kernel.errors import InvalidError, Kind, WarRoomError


class WrongStateError(WarRoomError):
    """This cannot be done any more, or not yet (`state` it has now)."""

    code = "privacy.wrong_state"
    kind = Kind.CONFLICT


class ChangedMeanwhileError(WarRoomError):
    """Somebody else changed it since it was read."""

    code = "privacy.changed_meanwhile"
    kind = Kind.CONFLICT


class IncompleteError(InvalidError):
    """Something is missing or contradicts itself (`field`)."""

    code = "privacy.incomplete"


class CannotError(WarRoomError):
    """The store (`source`) cannot do this by itself: it is to be refused by the law's exception."""

    code = "privacy.cannot"
    kind = Kind.CONFLICT
