"""What can go wrong in `alerts`; the text a person reads is the message `error.<code>`."""

from warroom.kernel.errors import InvalidError, Kind, NotFoundError, WarRoomError


class BadAlertError(InvalidError):
    """A document that is no alert of CAP 1.2 (`problem`, `detail`)."""

    code = "alerts.bad_alert"


class AlertNotFoundError(NotFoundError):
    """No such alert or draft, or not for this person."""

    code = "alerts.not_found"


class NoAgencyError(InvalidError):
    """Somebody without an agency writes no alert."""

    code = "alerts.no_agency"


class NoDomainError(WarRoomError):
    """The city has no domain name, without which no identifier is its own."""

    code = "alerts.no_domain"
    kind = Kind.CONFLICT


class NotReadyError(InvalidError):
    """The draft lacks what an alert must have (`fields`)."""

    code = "alerts.not_ready"


class OwnDraftError(WarRoomError):
    """Who wrote an alert does not release it."""

    code = "alerts.own_draft"
    kind = Kind.CONFLICT


class ChangedMeanwhileError(WarRoomError):
    """Somebody else changed the draft since it was read."""

    code = "alerts.changed_meanwhile"
    kind = Kind.CONFLICT


class NotOpenError(WarRoomError):
    """The draft was issued or dropped, or is not where this can be done (`state`)."""

    code = "alerts.not_open"
    kind = Kind.CONFLICT


class NotInForceError(WarRoomError):
    """The alert has ended; there is nothing to update or to cancel."""

    code = "alerts.not_in_force"
    kind = Kind.CONFLICT


class TooOftenError(WarRoomError):
    """Too many requests of one address."""

    code = "alerts.too_often"
    kind = Kind.LIMITED
