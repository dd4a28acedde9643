"""What can go wrong in `dispatch`; the text a person reads is the message `error.<code>`."""

from warroom.kernel.errors import InvalidError, Kind, NotFoundError, WarRoomError


class TaskNotFoundError(NotFoundError):
    """No such task or assignment, or not for this person."""

    code = "dispatch.not_found"


class JamNotFoundError(NotFoundError):
    """There is no such jam now."""

    code = "dispatch.no_jam"


class OpenAlreadyError(WarRoomError):
    """There is an open task for this jam (`number`)."""

    code = "dispatch.open_already"
    kind = Kind.CONFLICT


class ClosedError(WarRoomError):
    """The task is closed: nobody can be sent to it (`number`)."""

    code = "dispatch.closed"
    kind = Kind.CONFLICT


class BusyError(WarRoomError):
    """The unit is on a task (`unit`)."""

    code = "dispatch.busy"
    kind = Kind.CONFLICT


class UnitNotThereError(NotFoundError):
    """No such unit, or this person may not send it or serve on it."""

    code = "dispatch.no_unit"


class FacilityNotFoundError(NotFoundError):
    """No such hospital, or not for this person."""

    code = "dispatch.no_facility"


class FacilityThereError(WarRoomError):
    """The agency has a hospital of this name (`name`)."""

    code = "dispatch.facility_there"
    kind = Kind.CONFLICT


class BadCountError(InvalidError):
    """More beds are free than there are, or they were counted in the future."""

    code = "dispatch.bad_count"


class BadBedFileError(InvalidError):
    """It is neither CSV with a column of names nor GeoJSON, or too large (`rows`)."""

    code = "dispatch.bad_bed_file"


class OverError(WarRoomError):
    """The assignment has ended; it cannot be taken back or handed over."""

    code = "dispatch.over"
    kind = Kind.CONFLICT


class ReasonMissingError(InvalidError):
    """This is done for a reason that people can read."""

    code = "dispatch.reason_missing"


class NotOnDutyError(WarRoomError):
    """The person does not serve on this unit, and did not at that time (`unit`)."""

    code = "dispatch.not_on_duty"
    kind = Kind.CONFLICT


class OnTaskError(WarRoomError):
    """Who is on a task does not sign off: it would be nobody's (`number`)."""

    code = "dispatch.on_task"
    kind = Kind.CONFLICT


class OffMapError(InvalidError):
    """The place lies where the person may not open a task."""

    code = "dispatch.out_of_area"


class NoAgencyError(InvalidError):
    """Somebody without an agency opens no task."""

    code = "dispatch.no_agency"


class BadRunCardError(InvalidError):
    """A run card cannot be used (`problem` names the part)."""

    code = "dispatch.bad_run_card"


class RunCardChangedError(WarRoomError):
    """Somebody else wrote a version of the card meanwhile (`version`)."""

    code = "dispatch.run_card_changed"
    kind = Kind.CONFLICT


class NoPlaceError(WarRoomError):
    """Units are found for a place: the incident (`number`) has none yet."""

    code = "dispatch.no_place"
    kind = Kind.CONFLICT


class NotHandedOnError(WarRoomError):
    """Units are sent to what was handed on and has not ended (`number`, `state`)."""

    code = "dispatch.not_handed_on"
    kind = Kind.CONFLICT


class RunTimesError(InvalidError):
    """Times of a run do not follow one another from the incident's opening until now (`unit`)."""

    code = "dispatch.run_times"


class PeriodError(InvalidError):
    """A report is of a time that begins before it ends, and is not too long (`days`)."""

    code = "dispatch.bad_period"


class MinimumNotFoundError(NotFoundError):
    """No such minimum, or not for this person."""

    code = "dispatch.no_minimum"


class MinimumChangedError(WarRoomError):
    """Somebody else changed it meanwhile, or the station has one for this kind already."""

    code = "dispatch.minimum_changed"
    kind = Kind.CONFLICT


class OtherSortError(InvalidError):
    """A unit of another kind, or of another agency, does not stand in there (`unit`)."""

    code = "dispatch.other_sort"


class StackedNotFoundError(NotFoundError):
    """No such thing waits for a unit any more, or not for this person."""

    code = "dispatch.not_stacked"


class HandoverNotFoundError(NotFoundError):
    """No such handing over of a shift, or not for this person."""

    code = "dispatch.no_handover"


class OwnHandoverError(WarRoomError):
    """Nobody takes a shift over from themselves."""

    code = "dispatch.own_handover"
    kind = Kind.CONFLICT
