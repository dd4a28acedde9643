"""What can go wrong with units, each with a stable code and a sentence for people."""

from warroom.kernel.errors import InvalidError, Kind, NotFoundError, UnavailableError, WarRoomError


class UnitNotFoundError(NotFoundError):
    """No such unit, or not for this person: nobody can tell which."""

    code = "units.not_found"


class FenceNotFoundError(NotFoundError):
    """No such fence, or not for this person."""

    code = "units.fence_not_found"


class ChangedMeanwhileError(WarRoomError):
    """Somebody else saved the unit since it was read (`version` it has now)."""

    code = "units.changed_meanwhile"
    kind = Kind.CONFLICT


class TakenError(WarRoomError):
    """Another unit has the callsign (of this agency) or the device (of the city) (`field`)."""

    code = "units.taken"
    kind = Kind.CONFLICT


class FieldError(InvalidError):
    """A field cannot be taken as it is (`field`)."""

    code = "units.field_invalid"


class NoDeviceError(InvalidError):
    """The unit has no device, so there is nothing to make a key for."""

    code = "units.no_device"


class BadFixError(InvalidError):
    """What a device sent cannot be read as a position (`problem`)."""

    code = "units.bad_fix"


class TooOftenError(WarRoomError):
    """A device sends more positions than one vehicle can have (`wait_s`)."""

    code = "units.too_often"
    kind = Kind.LIMITED


class NotTakenError(UnavailableError):
    """The position could not be stored now; the device keeps it and sends it again."""

    code = "units.not_taken"


class UnreadableImportError(InvalidError):
    """The file is no CSV with a heading of name, kind and agency, or too large (`problem`)."""

    code = "units.import_unreadable"


class AmbiguousUnitError(InvalidError):
    """Several units have this callsign (`name`): say which by its id."""

    code = "units.ambiguous"
