"""What can go wrong in `incidents`; the text a person reads is the message `error.<code>`."""

from warroom.kernel.errors import InvalidError, Kind, NotFoundError, WarRoomError


class IncidentNotFoundError(NotFoundError):
    """No such incident, or not for this person."""

    code = "incidents.not_found"


class NoAgencyError(InvalidError):
    """Somebody without an agency takes in nothing."""

    code = "incidents.no_agency"


class FieldUnknownError(InvalidError):
    """The form has no such field, or the value is none of it (`field`)."""

    code = "incidents.field"


class NoTypeError(InvalidError):
    """There is no such type of event (`type`)."""

    code = "incidents.no_type"


class EndedError(WarRoomError):
    """The incident has ended (`number`, `state`)."""

    code = "incidents.ended"
    kind = Kind.CONFLICT


class NotSentError(WarRoomError):
    """The draft was not handed on yet."""

    code = "incidents.not_sent"
    kind = Kind.CONFLICT


class NotEndedError(WarRoomError):
    """The incident is open (`number`)."""

    code = "incidents.not_ended"
    kind = Kind.CONFLICT


class NoPlaceError(WarRoomError):
    """The incident has no place yet."""

    code = "incidents.no_place"
    kind = Kind.CONFLICT


class SameIncidentError(WarRoomError):
    """The two are one incident already (`number`)."""

    code = "incidents.same"
    kind = Kind.CONFLICT


class NotMergedError(WarRoomError):
    """The incident is not merged into another."""

    code = "incidents.not_merged"
    kind = Kind.CONFLICT


class CallNotJoinedError(WarRoomError):
    """The call is not joined to this incident, or was parted from it already."""

    code = "incidents.call_not_joined"
    kind = Kind.CONFLICT


class ReasonMissingError(InvalidError):
    """This is done for a reason that people can read."""

    code = "incidents.reason_missing"


class AgencyUnknownError(InvalidError):
    """No such agency takes part in incidents."""

    code = "incidents.no_agency_there"


class BadAmlError(InvalidError):
    """The text is no AML message, or was cut off (`problem`)."""

    code = "incidents.bad_aml"


class BadCardError(InvalidError):
    """The card cannot be used (`problem`)."""

    code = "incidents.bad_card"


class CardChangedError(WarRoomError):
    """Somebody else wrote a newer version of the card (`version`)."""

    code = "incidents.card_changed"
    kind = Kind.CONFLICT


class PremiseChangedError(WarRoomError):
    """Somebody else changed it meanwhile (`version`)."""

    code = "incidents.premise_changed"
    kind = Kind.CONFLICT


class BadPremiseFileError(InvalidError):
    """The file is no list of premises, or one with more than `rows` rows (`problem`: a code)."""

    code = "incidents.bad_premise_file"


class BadEidoError(InvalidError):
    """What another centre sent is no EIDO that can be read (`problem` names what lacks)."""

    code = "incidents.bad_eido"


class BadPhotoError(InvalidError):
    """It is no JPEG, or one with a side longer than can be shown (`most` dots)."""

    code = "incidents.bad_photo"


class PhotosFullError(WarRoomError):
    """The incident has as many photos as it may have (`most`)."""

    code = "incidents.photos_full"
    kind = Kind.CONFLICT


class NeighbourUnknownError(InvalidError):
    """No neighbour of this name is set up (`name`)."""

    code = "incidents.no_neighbour"


class HandingOverError(WarRoomError):
    """The incident is on its way to another centre already (`number`)."""

    code = "incidents.handing_over"
    kind = Kind.CONFLICT


class NoDomainError(WarRoomError):
    """The city has no domain name (`[city] domain`): no id that leaves it would be its own."""

    code = "incidents.no_domain"
    kind = Kind.CONFLICT
